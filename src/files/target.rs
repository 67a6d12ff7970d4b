//! A file that an array is written to: under a name of its own until all of it is there.
//!
//! Comes in: a path and bytes for anywhere in the file. Goes out: the file under that path, at the end, in one step. Always holds: until then what was
//! under the path stays; where the end is not reached nothing is left, as long as the process lives to remove it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::error::{FileError, FileErrorKind};

/// A file in the making.
pub struct Target {
    file: NamedTempFile,
    /// The path as it was given.
    shown: PathBuf,
    /// The file that is to be there: what a link leads to.
    path: PathBuf,
}

/// Where a file under this path would lie, if one may be put there.
///
/// # Errors
/// Where there is something that is no ordinary file.
pub fn place(path: &Path) -> Result<PathBuf, FileError> {
    let error = |message: &str, help: &str| Err(FileError::of(FileErrorKind::Output, path, message).with_help(help));
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => error("this is a folder", "name a file in it"),
        Ok(metadata) if !metadata.is_file() => {
            error("this is no ordinary file", "results are put in the place of a file: name one that may be replaced")
        }
        Ok(_) => fs::canonicalize(path).map_err(|error| FileError::from_io(path, "write", error)),
        Err(_) => {
            let Some(name) = path.file_name() else { return error("this is no name of a file", "name one") };
            let folder = fs::canonicalize(folder(path)).map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => {
                    let message = "the folder in which it is to be written does not exist";
                    FileError::of(FileErrorKind::NotFound, path, message).with_help("make the folder")
                }
                _ => FileError::from_io(path, "write", error),
            })?;
            Ok(folder.join(name))
        }
    }
}

/// The folder that a path names a file in.
fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

impl Target {
    /// Begins a file.
    pub fn create(path: &Path) -> Result<Target, FileError> {
        let shown = path.to_path_buf();
        let path = place(path)?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(".tilexpr-").suffix(".part");
        // As any other new file: what the process's mask leaves.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder.tempfile_in(folder(&path)).map_err(|error| FileError::from_io(&shown, "write", error))?;
        if let Ok(metadata) = fs::metadata(&path) {
            // Where it cannot have those of the file that it replaces, it has those of a new one.
            let _ = file.as_file().set_permissions(metadata.permissions());
        }
        Ok(Target { file, shown, path })
    }

    /// Writes bytes from this place on.
    pub fn write(&self, from: u64, bytes: &[u8]) -> Result<(), FileError> {
        write_all_at(self.file.as_file(), from, bytes).map_err(|error| self.fail(error))
    }

    /// Waits until all of it is on the disk.
    pub fn flush(&self) -> Result<(), FileError> {
        self.file.as_file().sync_all().map_err(|error| self.fail(error))
    }

    /// Puts it in its place.
    pub fn finish(self) -> Result<(), FileError> {
        let Target { file, shown, path } = self;
        file.persist(path).map(|_| ()).map_err(|error| FileError::from_io(&shown, "write", error.error))
    }

    #[cold]
    fn fail(&self, error: io::Error) -> FileError {
        FileError::from_io(&self.shown, "write", error)
    }
}

#[cfg(unix)]
fn write_all_at(file: &File, from: u64, bytes: &[u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, from)
}

#[cfg(windows)]
fn write_all_at(file: &File, mut from: u64, mut bytes: &[u8]) -> io::Result<()> {
    use std::os::windows::fs::FileExt;
    while !bytes.is_empty() {
        match file.seek_write(bytes, from) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => (bytes, from) = (&bytes[written..], from + written as u64),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
