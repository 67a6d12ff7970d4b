//! What can go wrong with files.
//!
//! Always holds: an error names the file that it is of, says what was found and what was needed, and, where there is one, a remedy. An
//! error of the expression itself is shown as the expression's.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::eval::EvalError;

/// Why a file could not be read or written, or an expression not evaluated over files.
///
/// Displays as the path, a sentence that says what is wrong with it, and a remedy. Unless its kind is
/// [`Io`](FileErrorKind::Io) from renaming the last of several outputs, no file has been written or changed.
///
/// ```
/// use tilexpr::{FileErrorKind, npy};
/// let error = npy::read("no-such-file.npy").unwrap_err();
/// assert_eq!(error.kind(), FileErrorKind::NotFound);
/// assert_eq!(error.path().unwrap().to_str(), Some("no-such-file.npy"));
/// assert_eq!(error.to_string(), "no-such-file.npy: there is no such file\nhelp: look at the path, which begins at the current folder");
/// ```
#[derive(Clone)]
pub struct FileError(Box<Repr>);

#[derive(Clone)]
struct Repr {
    kind: FileErrorKind,
    path: Option<PathBuf>,
    message: String,
    help: Option<String>,
    io: Option<Arc<io::Error>>,
    eval: Option<EvalError>,
    needed: Option<u64>,
}

/// The kinds of [`FileError`].
///
/// ```
/// use tilexpr::{FileErrorKind, npy};
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("a.npy");
/// std::fs::write(&path, "x,y\n1,2\n")?;
/// assert_eq!(npy::read(&path).unwrap_err().kind(), FileErrorKind::Header);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum FileErrorKind {
    /// There is no file at the path.
    NotFound,
    /// The system refused to open, read, write or rename a file: no permission, a folder, a full disk. [`FileError::io`] says which.
    Io,
    /// The file is no `.npy` file, or its header is not what NumPy writes.
    Header,
    /// The elements are of a type that this library has not: save them as another, or cast them before.
    DType,
    /// The file ends before the last element that its header tells of: it was cut off.
    Short,
    /// The file goes on behind the last element that its header tells of.
    Long,
    /// The file was changed while it was read.
    Changed,
    /// The bytes do not lie as a map needs them: read the file instead.
    Layout,
    /// The limit of memory is too small, or the memory was not to be had.
    Memory,
    /// There are not as many outputs as results that go to files, two are one file, or a path is none that may be replaced.
    Output,
    /// The expression has no meaning for such arguments, or the data no result: [`FileError::eval`] says why.
    Eval,
    /// The expression cannot be computed piece by piece.
    Unsupported,
    /// The progress callback has stopped the run.
    Stopped,
    /// The file is none of its format, or damaged.
    Format,
    /// There is no column of a name, or more than one.
    Column,
    /// A column has nulls: fill them, or drop those rows, before.
    Nulls,
}

impl FileError {
    pub(crate) fn new(kind: FileErrorKind, path: impl Into<Option<PathBuf>>, message: impl Into<String>) -> FileError {
        let (help, io, eval, needed) = Default::default();
        FileError(Box::new(Repr { kind, path: path.into(), message: message.into(), help, io, eval, needed }))
    }

    /// An error of one file.
    pub(crate) fn of(kind: FileErrorKind, path: &Path, message: impl Into<String>) -> FileError {
        FileError::new(kind, path.to_path_buf(), message)
    }

    /// What the system said to an attempt to `act` ("open", "read").
    #[cold]
    pub(crate) fn from_io(path: &Path, act: &str, error: io::Error) -> FileError {
        use io::ErrorKind as Io;
        let (kind, message, help) = match error.kind() {
            Io::NotFound => (
                FileErrorKind::NotFound,
                "there is no such file".to_string(),
                Some("look at the path, which begins at the current folder"),
            ),
            Io::StorageFull | Io::FileTooLarge | Io::QuotaExceeded => (
                FileErrorKind::Io,
                format!("there is no room to {act} it: {error}"),
                Some("free some of the disk, or write to another"),
            ),
            Io::IsADirectory => (FileErrorKind::Io, "this is a folder".to_string(), Some("name a file in it")),
            Io::PermissionDenied => (
                FileErrorKind::Io,
                format!("the system does not let this process {act} it: {error}"),
                Some("look at the permissions of the file and of its folder"),
            ),
            Io::OutOfMemory => (FileErrorKind::Memory, format!("no memory to {act} it: {error}"), None),
            _ => (FileErrorKind::Io, format!("cannot {act} it: {error}"), None),
        };
        let mut found = FileError::of(kind, path, message);
        (found.0.help, found.0.io) = (help.map(String::from), Some(Arc::new(error)));
        found
    }

    /// An expression that cannot be computed piece by piece.
    pub(crate) fn unsupported(error: EvalError) -> FileError {
        let mut found = FileError::from(error);
        found.0.kind = FileErrorKind::Unsupported;
        found
    }

    /// An error of this file.
    #[cfg(feature = "parquet")]
    pub(crate) fn at(mut self, path: &Path) -> FileError {
        self.0.path = Some(path.to_path_buf());
        self
    }

    /// With where in the file.
    #[cfg(feature = "parquet")]
    pub(crate) fn within(mut self, place: &str) -> FileError {
        self.0.message = format!("{}, {place}", self.0.message);
        self
    }

    pub(crate) fn with_help(mut self, help: impl Into<String>) -> FileError {
        self.0.help = Some(help.into());
        self
    }

    /// With the bytes that a limit must allow.
    pub(crate) fn needing(mut self, bytes: u64) -> FileError {
        self.0.needed = Some(bytes);
        self
    }

    /// What kind of error this is.
    pub fn kind(&self) -> FileErrorKind {
        self.0.kind
    }

    /// The file, if it is one file's fault.
    pub fn path(&self) -> Option<&Path> {
        self.0.path.as_deref()
    }

    /// What is wrong, in one sentence.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do about it, if that is known.
    pub fn help(&self) -> Option<&str> {
        self.0.help.as_deref().or_else(|| self.0.eval.as_ref()?.help())
    }

    /// What the system said, if it did.
    pub fn io(&self) -> Option<&io::Error> {
        self.0.io.as_deref()
    }

    /// The bytes of memory that would be enough, where a limit is too small.
    pub fn needed(&self) -> Option<u64> {
        self.0.needed
    }

    /// The error of the expression, if it is one: with the place in the text.
    pub fn eval(&self) -> Option<&EvalError> {
        self.0.eval.as_ref()
    }
}

impl From<EvalError> for FileError {
    /// An error of the expression, or of its arguments.
    fn from(error: EvalError) -> FileError {
        let mut found = FileError::new(FileErrorKind::Eval, None, error.message());
        found.0.eval = Some(error);
        found
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        if let Some(path) = &self.0.path {
            write!(f, "{}: ", path.display())?;
        }
        if let Some(error) = &self.0.eval {
            return error.fmt(f);
        }
        f.write_str(&self.0.message)?;
        match &self.0.help {
            Some(help) => write!(f, "\nhelp: {help}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for FileError {
    /// The kind, and what `Display` shows: `unwrap` prints this.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "FileError({:?}): {self}", self.0.kind)
    }
}

impl Error for FileError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match (&self.0.eval, &self.0.io) {
            (Some(error), _) => Some(error),
            (None, Some(error)) => Some(&**error),
            (None, None) => None,
        }
    }
}
