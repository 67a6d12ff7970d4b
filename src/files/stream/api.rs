//! The front door: an expression, its files and other arguments, and where results go.

use std::fmt;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use super::plan::StreamPlan;
use super::run::{Limits, Prepared};
use super::setup::Setup;
use super::work::Progress;
use crate::array::arg::{Arg, Args, IntoArg};
use crate::array::result::FromResult;
use crate::expr::api::Expr;
use crate::files::error::{FileError, FileErrorKind};

/// What is told how far a run has come, and says whether it goes on.
type OnProgress<'a> = Box<dyn FnMut(u64, u64) -> ControlFlow<()> + 'a>;

/// An expression over `.npy` files, which may be larger than memory: made by [`Expr::stream`].
///
/// Files are read in pieces, each piece is computed, and written if it is part of a result as large as the files. Memory is bounded by
/// [`memory_limit`](Stream::memory_limit), whatever the size of the files. The results are those of one call on whole arrays, to the bit.
///
/// ```
/// use tilexpr::{Expr, npy};
/// let folder = tempfile::tempdir()?;
/// let [a, b, c] = ["a.npy", "b.npy", "c.npy"].map(|name| folder.path().join(name));
/// npy::write(&a, &[1.0, 2.0, 3.0])?;
/// npy::write(&b, &[1.0, 4.0, 1.0])?;
/// let e = Expr::compile("sqrt(sum((a - b)**2)), a*k + b")?;
/// let distance: f64 = e.stream().file("a", &a).file("b", &b).arg("k", 10.0).output(&c).run()?;
/// assert_eq!(distance, 8_f64.sqrt());
/// assert_eq!(npy::read(&c)?.into_vec::<f64>()?, [11.0, 24.0, 31.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Results
/// A result that has the elements or the rows of a file (`a + b`, `a - mean(a)`, `sum(a, axis=1)`, `cumsum(a, axis=1)`) goes to a file: there are as many
/// [outputs](Stream::output) as such results, in their order. What reductions and histograms leave (`sum(a)`, `mean(a, axis=0)`, `sqrt(max(a))`, `histogram(a, 100, 0, 1)`) is a value, which
/// [`run`](Stream::run) gives. [`plan`](Stream::plan) says which results are which.
///
/// What depends on a reduction of all (`a - mean(a)`, `var(a)`, `histogram(a, 100, min(a), max(a))`) is computed in several passes over the files.
///
/// Two kinds of texts are refused: scans that go on from row to row of a file (`cumsum(a)`, `cumsum(a, axis=0)`; what reductions leave is scanned in memory), and sums of floats over axis 0 and
/// some that are not the next ones (`axis=(0, 2)`), unless each row has a power of two of elements that go into one.
///
/// An output comes into its place when all of it is on the disk. Before that nothing is changed under that name, so an output may take the place of
/// an input; after an error, or when the run is stopped, no file has been written or changed, and nothing is left behind. (A process that is killed leaves a file
/// named `.tilexpr-*.part` beside the output.)
#[must_use = "nothing is read before `run`"]
pub struct Stream<'a> {
    expr: Expr,
    files: Vec<(String, PathBuf)>,
    args: Vec<(String, Arg<'a>)>,
    outputs: Vec<PathBuf>,
    limits: Limits,
    progress: Option<OnProgress<'a>>,
}

impl Expr {
    /// Evaluates over `.npy` files, which may be larger than memory: see [`Stream`].
    ///
    /// ```
    /// use tilexpr::{Expr, npy};
    /// let path = tempfile::NamedTempFile::new()?.into_temp_path();
    /// npy::write(&path, &[1.0, 2.0, 3.0])?;
    /// let mean: f64 = Expr::compile("mean(a)")?.stream().file("a", &path).run()?;
    /// assert_eq!(mean, 2.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stream<'a>(&self) -> Stream<'a> {
        let (files, args, outputs, limits, progress) = Default::default();
        Stream { expr: self.clone(), files, args, outputs, limits, progress }
    }
}

impl<'a> Stream<'a> {
    /// A file that stands for a name in the text. Several names may be of one file.
    pub fn file(mut self, name: impl Into<String>, path: impl Into<PathBuf>) -> Stream<'a> {
        self.files.push((name.into(), path.into()));
        self
    }

    /// An array in memory, or a number, that stands for a name in the text. An array as long as the files goes with them piece by piece; others are
    /// repeated, as in any call.
    pub fn arg(mut self, name: impl Into<String>, value: impl IntoArg<'a>) -> Stream<'a> {
        self.args.push((name.into(), value.into_arg()));
        self
    }

    /// Several of these.
    pub fn args(mut self, args: &Args<'a>) -> Stream<'a> {
        self.args.extend(args.iter().map(|(name, arg)| (name.to_string(), arg.clone())));
        self
    }

    /// Where the next of the results goes that go to files.
    pub fn output(mut self, path: impl Into<PathBuf>) -> Stream<'a> {
        self.outputs.push(path.into());
        self
    }

    /// The bytes of memory that arrays may take: pieces of files, whole files that are repeated, what reductions leave. Default: 256 MiB. (The
    /// memory of the program itself, and the arrays that were passed, do not count.) A limit of the expression's calls
    /// ([`Expr::with_memory_limit`]) holds, too.
    ///
    /// Within it, pieces are as large as is fast, and no larger.
    pub fn memory_limit(mut self, bytes: usize) -> Stream<'a> {
        self.limits.memory = Some(bytes);
        self
    }

    /// The bytes of a piece, of all files together. For tests and measurements: the default is what was found to be fast.
    pub fn piece(mut self, bytes: usize) -> Stream<'a> {
        self.limits.piece = Some(bytes);
        self
    }

    /// Calls back with the bytes that have been read, and those that are to be read in all, at the beginning, at the end, and some twenty times a second between. `Break`
    /// stops the run.
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use tilexpr::{Expr, FileErrorKind, npy};
    /// let path = tempfile::NamedTempFile::new()?.into_temp_path();
    /// npy::write(&path, &[1.0, 2.0, 3.0])?;
    /// let mut last = (0, 0);
    /// let e = Expr::compile("sum(a)")?;
    /// let on = |done, total| {
    ///     last = (done, total);
    ///     ControlFlow::Continue(())
    /// };
    /// let _: f64 = e.stream().file("a", &path).on_progress(on).run()?;
    /// assert_eq!(last, (24, 24));
    /// let stopped = e.stream().file("a", &path).on_progress(|_, _| ControlFlow::Break(())).run::<f64>();
    /// assert_eq!(stopped.unwrap_err().kind(), FileErrorKind::Stopped);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on_progress(mut self, call: impl FnMut(u64, u64) -> ControlFlow<()> + 'a) -> Stream<'a> {
        self.progress = Some(Box::new(call));
        self
    }

    /// What [`run`](Stream::run) would do, by the headers of the files alone. Outputs need not be there yet.
    ///
    /// ```
    /// use tilexpr::{DType, Expr, npy};
    /// let path = tempfile::NamedTempFile::new()?.into_temp_path();
    /// npy::write(&path, &[1.0_f32, 2.0, 3.0])?;
    /// let plan = Expr::compile("mean(a), a - mean(a)")?.stream().file("a", &path).plan()?;
    /// assert_eq!((plan.results[1].dtype, &plan.results[1].shape[..], plan.results[1].to_file), (DType::F32, &[3][..], true));
    /// assert!(!plan.results[0].to_file);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As for [`run`](Stream::run), but for those of outputs and of the data.
    pub fn plan(&self) -> Result<StreamPlan, FileError> {
        let setup = self.setup()?;
        let shaped = setup.shaped()?;
        Ok(Prepared::new(&setup, &shaped, self.limits())?.plan())
    }

    /// Evaluates. Gives the results that do not go to files, in their order: as [`eval`](Expr::eval), or `()` where there are none.
    ///
    /// # Errors
    /// Before anything is written: where a file is missing, is none of the format or of its types, or is shorter or longer than it says; where types
    /// and shapes do not fit the text; where the text cannot be computed in pieces; where the limit of memory is too small (the
    /// message says what is needed); where there are not as many outputs as results that go to files.
    ///
    /// Later: where the expression's token is cancelled, or its deadline or timeout (of the whole run) has passed; where a file cannot be read, or is changed meanwhile; where an output cannot be written (a full disk); where the data
    /// have no result; where the callback stops the run.
    pub fn run<R: FromResult>(mut self) -> Result<R, FileError> {
        let setup = self.setup()?;
        let shaped = setup.shaped()?;
        let prepared = Prepared::new(&setup, &shaped, self.limits())?;
        prepared.check_outputs(&self.outputs)?;
        let (progress, total) = (Progress::default(), prepared.plan().read);
        let mut call = self.progress.take();
        let mut tell = || {
            let done = progress.done.load(Ordering::Relaxed).min(total);
            match call.as_mut().map(|call| call(done, total)) {
                Some(ControlFlow::Break(())) => {
                    Err(FileError::new(FileErrorKind::Stopped, None, "the run was stopped by its progress callback"))
                }
                _ => Ok(()),
            }
        };
        let values = prepared.run(&self.outputs, &progress, &mut tell)?;
        Ok(R::from_results(values)?)
    }

    fn setup(&self) -> Result<Setup<'a>, FileError> {
        Setup::new(&self.expr.with(self.expr.options.of_parts()), &self.files, &self.args)
    }

    /// What was asked for here, and of the expression's calls.
    fn limits(&self) -> Limits {
        let of_calls = self.expr.options.bounds.as_ref().and_then(|bounds| bounds.memory);
        Limits { memory: self.limits.memory.into_iter().chain(of_calls).min(), ..self.limits }
    }
}

impl fmt::Debug for Stream<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let mut all = f.debug_struct("Stream");
        all.field("expr", &self.expr).field("files", &self.files).field("args", &self.args);
        all.field("outputs", &self.outputs).field("limits", &self.limits).finish_non_exhaustive()
    }
}
