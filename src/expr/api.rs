//! The front door: expressions and how they are made.

use std::fmt;
use std::sync::Arc;

use smallvec::SmallVec;

use super::cache;
use super::casting::Casting;
use super::core::{Bound, Core};
use super::layout::Layout;
use super::options::Options;
use super::prepared::{Prepared, PreparedDyn, PreparedUpdate};
use crate::array::arg::AsArgs;
use crate::array::out::{Memories, Out};
use crate::array::result::FromResult;
use crate::array::view::Strided;
use crate::diagnostic::several;
use crate::dtype::DType;
use crate::error::CompileError;
use crate::error::eval::{Detail, EvalError, EvalErrorKind};
use crate::explain::Explain;
use crate::ir::registered::RustFunction;
use crate::jit::tier::Executor;
use crate::math::Accuracy;
use crate::plan::order::Order;
use crate::run::settings::CallOptions;
use crate::run::threads;
use crate::syntax::{Limits, normal};
use crate::types::contract::Relaxed;
use crate::types::registered::Custom;

/// A compiled expression. Cheap to clone; used from many threads at once.
///
/// The text is parsed once; it is typed when first called with arguments of certain types, and its kernels are made when
/// first needed for a layout (contiguous, strided, broadcast). All of that is kept, also for other expressions of
/// the same text.
///
/// ```
/// use ndarray::{Array1, array};
/// use tilexpr::{Expr, args};
/// let e = Expr::compile("a*b + c")?;
/// let (a, b, c) = (array![1.0, 2.0], array![3.0, 4.0], array![0.5, 0.5]);
/// let y: Array1<f64> = e.eval(args![a, b, c])?;
/// assert_eq!(y, array![3.5, 8.5]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Expr {
    pub(crate) core: Arc<Core>,
    pub(crate) options: CallOptions,
}

impl Expr {
    /// Compiles a text with the default options.
    ///
    /// # Errors
    /// Where the text is not an expression, or uses a function that there is not: with the place, and what to write.
    ///
    /// ```
    /// use tilexpr::Expr;
    /// assert!(Expr::compile("a*b + c").is_ok());
    /// println!("{}", Expr::compile("a*b + ").unwrap_err()); // shows the place
    /// ```
    pub fn compile(source: &str) -> Result<Expr, CompileError> {
        Expr::builder().compile(source)
    }

    /// Options for compiling.
    ///
    /// ```
    /// use tilexpr::{Expr, Threads};
    /// let e = Expr::builder().threads(Threads::Serial).compile("a + 1")?;
    /// # Ok::<(), tilexpr::CompileError>(())
    /// ```
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The text.
    ///
    /// ```
    /// assert_eq!(tilexpr::Expr::compile("a + 1")?.source(), "a + 1");
    /// # Ok::<(), tilexpr::CompileError>(())
    /// ```
    pub fn source(&self) -> &str {
        &self.core.source
    }

    /// The names that need an argument, in order of first appearance.
    ///
    /// ```
    /// let e = tilexpr::Expr::compile("t = b*b; sqrt(t - 4*a*c) + pi")?;
    /// assert_eq!(e.names(), ["b", "a", "c"]);
    /// # Ok::<(), tilexpr::CompileError>(())
    /// ```
    pub fn names(&self) -> &[String] {
        self.core.names()
    }

    /// Evaluates into a new array (or scalar, or several of them: see [`FromResult`]).
    ///
    /// The shape is what the arguments broadcast to, or what reductions leave of it; the type follows NumPy 2's rules.
    ///
    /// # Errors
    /// Where an argument is missing or given twice, where types or shapes do not fit, where there is no memory, where the
    /// data have no result, and where the result is not of the type that was asked for.
    ///
    /// ```
    /// use ndarray::{Array2, array};
    /// use tilexpr::{Expr, args};
    /// let (column, row) = (array![[1.0], [2.0]], array![10.0, 20.0, 30.0]);
    /// let table: Array2<f64> = Expr::compile("column + row")?.eval(args![column, row])?;
    /// assert_eq!(table, array![[11.0, 21.0, 31.0], [12.0, 22.0, 32.0]]);
    /// let total: f64 = Expr::compile("sum(row)")?.eval(args![row])?;
    /// assert_eq!(total, 60.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn eval<'a, R: FromResult>(&self, args: impl AsArgs<'a>) -> Result<R, EvalError> {
        let mut bound = Bound::new();
        self.core.bind(args.borrow(), &[], &mut bound)?;
        R::from_results(self.core.results(&bound, &self.options)?)
    }

    /// Evaluates into arrays of the caller's, which have the type of the results (or one that [`Builder::casting`] lets them be
    /// converted to), and their shape, or one that they broadcast to.
    ///
    /// Allocates nothing once warm on one thread (with up to 8 arrays; a complex one counts as two).
    ///
    /// # Errors
    /// As for [`eval`](Expr::eval), and where the number, shape or type of the outputs is another. Unless the error is of the
    /// kind [`Fault`](EvalErrorKind::Fault), [`Panic`](EvalErrorKind::Panic), [`Cancelled`](EvalErrorKind::Cancelled),
    /// [`Deadline`](EvalErrorKind::Deadline) or [`Memory`](EvalErrorKind::Memory) (of
    /// a temporary, when an earlier result may be there already), outputs are as they were.
    ///
    /// ```
    /// use tilexpr::{Expr, args};
    /// let (a, mut y) = ([1.0, 4.0, 9.0], [0.0; 3]);
    /// Expr::compile("sqrt(a)")?.eval_into(args![a], &mut y)?;
    /// assert_eq!(y, [1.0, 2.0, 3.0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn eval_into<'a, O: Out + ?Sized>(&self, args: impl AsArgs<'a>, out: &mut O) -> Result<(), EvalError> {
        let mut bound = Bound::new();
        self.core.bind(args.borrow(), &[], &mut bound)?;
        let memories = Memories::of(out);
        self.core.put(&bound, &memories, false, &self.options)
    }

    /// Updates arrays in place: `a = f(a, ...)`. The target is also an argument under its name (one that the text does not
    /// read is simply written); the results are as if they had been computed apart and then written.
    ///
    /// Several at once: `update(["u", "v"], &mut (&mut u, &mut v), args)` for an expression with two results.
    ///
    /// # Errors
    /// As for [`eval_into`](Expr::eval_into).
    ///
    /// ```
    /// use ndarray::array;
    /// use tilexpr::{Expr, args};
    /// let mut a = array![1.0, 2.0, 3.0];
    /// Expr::compile("a - mean(a)")?.update("a", &mut a, args![])?;
    /// assert_eq!(a, array![-1.0, 0.0, 1.0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn update<'a, N: Names, O: Out + ?Sized>(
        &self,
        names: N,
        targets: &mut O,
        args: impl AsArgs<'a>,
    ) -> Result<(), EvalError> {
        let memories = Memories::of(targets);
        let outputs = memories.views();
        let names = names.names();
        if names.len() != outputs.len() {
            let count = names.len();
            let names = several(count, "name is", "names are");
            let message = format!("{names} given for {} to update", several(outputs.len(), "array", "arrays"));
            return Err(EvalError::new(EvalErrorKind::Output, message)
                .with_found(Detail::Count(outputs.len()), Detail::Count(count)));
        }
        let named: SmallVec<[(&str, Strided); 2]> = names.into_iter().zip(outputs.iter().copied()).collect();
        let mut bound = Bound::new();
        self.core.bind(args.borrow(), &named, &mut bound)?;
        self.core.put(&bound, &memories, true, &self.options)
    }

    /// The type and shape that [`eval`](Expr::eval) would give, without running anything.
    ///
    /// # Errors
    /// Where types or shapes do not fit; and for an expression with several results (ask for
    /// [`outputs`](Expr::outputs)).
    pub fn output<'a>(&self, args: impl AsArgs<'a>) -> Result<(DType, Vec<usize>), EvalError> {
        let mut all = self.outputs(args)?;
        match (all.pop(), all.len()) {
            (Some(one), 0) => Ok(one),
            (_, more) => {
                let message = format!("the expression has {} results, not 1", more + 1);
                Err(EvalError::new(EvalErrorKind::Result, message)
                    .with_found(Detail::Count(more + 1), Detail::Count(1))
                    .with_help("ask for `outputs`"))
            }
        }
    }

    /// The types and shapes of all results, without running anything.
    ///
    /// ```
    /// use tilexpr::{DType, Expr, args};
    /// let (a, b) = ([1, 2, 3], [0.5_f32; 3]);
    /// let found = Expr::compile("a < 2, sum(b)")?.outputs(args![a, b])?;
    /// assert_eq!(found, [(DType::Bool, vec![3]), (DType::F32, vec![])]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Where types or shapes do not fit.
    pub fn outputs<'a>(&self, args: impl AsArgs<'a>) -> Result<Vec<(DType, Vec<usize>)>, EvalError> {
        let mut bound = Bound::new();
        self.core.bind(args.borrow(), &[], &mut bound)?;
        self.core.outputs(&bound)
    }

    /// The type, shape and strides that each result of [`eval`](Expr::eval) would have, without running anything: what memory to make
    /// for [`eval_into`](Expr::eval_into) so that the results lie as new ones would.
    ///
    /// ```
    /// use ndarray::Array2;
    /// use tilexpr::{DType, Expr, args};
    /// let a = Array2::<f32>::zeros((3, 4));
    /// let found = Expr::compile("a*2, sum(a)")?.layouts(args![a = a.t()])?;
    /// assert_eq!((found[0].dtype, &found[0].shape[..], &found[0].strides[..]), (DType::F32, &[4, 3][..], &[1, 4][..]));
    /// assert!(found[1].shape.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Where types or shapes do not fit.
    pub fn layouts<'a>(&self, args: impl AsArgs<'a>) -> Result<Vec<Layout>, EvalError> {
        let mut bound = Bound::new();
        self.core.bind(args.borrow(), &[], &mut bound)?;
        self.core.layouts(&bound)
    }

    /// Resolves names, types and layout once, for many calls with arguments like these.
    ///
    /// # Errors
    /// Where a name has no place in `names` or `like`, and where types or shapes do not fit.
    ///
    /// ```
    /// use tilexpr::{Arg, Expr, args};
    /// let (a, b, mut y) = ([1.0, 2.0], [3.0, 4.0], [0.0; 2]);
    /// let f = Expr::compile("a*b")?.prepare(["a", "b"], &args![a, b])?;
    /// f.call([Arg::new(&a), Arg::new(&b)], &mut y)?;
    /// f.call_slices([&a, &y.clone()], &mut y)?;
    /// assert_eq!(y, [3.0, 16.0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn prepare<'a, const N: usize>(
        &self,
        names: [&str; N],
        like: impl AsArgs<'a>,
    ) -> Result<Prepared<N>, EvalError> {
        Prepared::new(Arc::clone(&self.core), self.options.clone(), names, like.borrow())
    }

    /// As [`prepare`](Expr::prepare), for calls whose number of arguments is known only at run time.
    ///
    /// ```
    /// use tilexpr::{Arg, Expr, args};
    /// let (a, b, mut y) = ([1.0, 2.0], [3.0, 4.0], [0.0; 2]);
    /// let names = vec!["a", "b"];
    /// let f = Expr::compile("a*b")?.prepare_dyn(&names, args![a, b])?;
    /// f.call(&[Arg::new(&a), Arg::new(&b)], &mut y)?;
    /// assert_eq!(y, [3.0, 8.0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As for [`prepare`](Expr::prepare).
    pub fn prepare_dyn<'a>(&self, names: &[&str], like: impl AsArgs<'a>) -> Result<PreparedDyn, EvalError> {
        PreparedDyn::new(Arc::clone(&self.core), self.options.clone(), names, like.borrow())
    }

    /// As [`update`](Expr::update), resolved once: `targets` are the names of the arrays to update, `names` those of the other
    /// arguments. `like` has an argument for each name that the text uses.
    ///
    /// ```
    /// use tilexpr::{Arg, Expr, args};
    /// let (mut a, k) = ([1.0, 2.0], 3.0);
    /// let step = Expr::compile("a*k + 1")?.prepare_update("a", &["k"], args![a, k])?;
    /// step.call(&mut a, &[Arg::new(k)])?;
    /// step.call(&mut a, &[Arg::new(0.5)])?;
    /// assert_eq!(a, [3.0, 4.5]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As for [`prepare`](Expr::prepare), and where there are not as many targets as results.
    pub fn prepare_update<'a, T: Names>(
        &self,
        targets: T,
        names: &[&str],
        like: impl AsArgs<'a>,
    ) -> Result<PreparedUpdate, EvalError> {
        PreparedUpdate::new(Arc::clone(&self.core), self.options.clone(), &targets.names(), names, like.borrow())
    }

    /// How the expression is computed for arguments like these.
    ///
    /// ```
    /// use tilexpr::{Expr, args};
    /// println!("{}", Expr::compile("a*2")?.explain(args![a = &[1.0, 2.0]])?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Where types or shapes do not fit.
    pub fn explain<'a>(&self, args: impl AsArgs<'a>) -> Result<Explain, EvalError> {
        let mut bound = Bound::new();
        self.core.bind(args.borrow(), &[], &mut bound)?;
        Explain::new(&self.core, &self.options, &bound)
    }
}

impl fmt::Debug for Expr {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Expr").field("source", &self.core.source).field("options", &self.options).finish()
    }
}

impl std::str::FromStr for Expr {
    type Err = CompileError;

    fn from_str(source: &str) -> Result<Expr, CompileError> {
        Expr::compile(source)
    }
}

/// A name, or several.
///
/// ```
/// use tilexpr::{Expr, args};
/// let (mut u, mut v) = ([1.0, 2.0], [10.0, 20.0]);
/// Expr::compile("u + 1")?.update("u", &mut u, args![])?; // one name
/// Expr::compile("v, u")?.update(["u", "v"], &mut (&mut u, &mut v), args![])?; // two: they change places
/// assert_eq!((u, v), ([10.0, 20.0], [2.0, 3.0]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Names {
    /// The names in order.
    fn names(&self) -> SmallVec<[&str; 2]>;
}

impl Names for &str {
    fn names(&self) -> SmallVec<[&str; 2]> {
        SmallVec::from_slice(&[*self])
    }
}

impl<const N: usize> Names for [&str; N] {
    fn names(&self) -> SmallVec<[&str; 2]> {
        self.iter().copied().collect()
    }
}

/// Options for compiling. None of them changes a result but `accuracy`; `order` changes how it lies in memory.
///
/// ```
/// use tilexpr::{Executor, Expr, Threads, args};
/// let e = Expr::builder().executor(Executor::Interpreter).threads(Threads::Serial).name("e").compile("e*2")?;
/// assert_eq!(e.eval::<i64>(args![e = 21])?, 42);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Builder {
    options: Options,
    /// What calls are asked for.
    pub(super) calls: CallOptions,
}

impl Builder {
    /// Who runs kernels. Default: whoever is the faster.
    pub fn executor(mut self, executor: Executor) -> Builder {
        self.options.executor = executor;
        self
    }

    /// How the axes of new results lie in memory. Default: as in the arguments.
    pub fn order(mut self, order: Order) -> Builder {
        self.options.order = order;
        self
    }

    /// Which conversions a result may take on its way into an array of another type. Default: none.
    pub fn casting(mut self, casting: Casting) -> Builder {
        self.options.casting = casting;
        self
    }

    /// How exact elementary functions are. Default: within 1 ulp.
    pub fn accuracy(mut self, accuracy: Accuracy) -> Builder {
        self.options.accuracy = accuracy;
        self
    }

    /// What may be computed in another way than with the operations as they are written. Default: nothing.
    pub fn relaxed(mut self, relaxed: Relaxed) -> Builder {
        self.options.relaxed = Some(relaxed);
        self
    }

    /// How large a text may be.
    pub fn limits(mut self, limits: Limits) -> Builder {
        self.options.limits = limits;
        self
    }

    /// Declares a name as an argument even if it is that of a constant (`e`, `pi`, `inf`, `nan`). (The name of a function needs no
    /// declaration: before `(` it is the function, elsewhere a variable.)
    pub fn name(mut self, name: impl Into<String>) -> Builder {
        self.options.declared.push(name.into());
        self
    }

    /// Whether `pi`, `e`, `inf` and `nan` are constants. Default: yes. Else they are variables like any other; `np.pi` stays what
    /// it is.
    ///
    /// ```
    /// use tilexpr::{Expr, args};
    /// let plain = Expr::builder().constants(false).compile("e*2")?;
    /// assert_eq!(plain.names(), ["e"]);
    /// assert_eq!(plain.eval::<i64>(args![e = 21])?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn constants(mut self, yes: bool) -> Builder {
        self.options.plain_constants = !yes;
        self
    }

    /// Registers a Rust function under a name.
    ///
    /// The slow way: it is called for one element at a time, through a pointer. Use it for what cannot be written in the
    /// text; a function in the text (`f(x) = x*exp(-x)`) is compiled with the rest.
    ///
    /// Arguments are converted to the types of its parameters where the promotion rules say that this loses nothing, else
    /// the text must cast them. It may be called any number of times, in any order and on any thread, so it should depend
    /// on its arguments alone; the same call twice in a text is one. If it panics, the evaluation ends with an error of the kind
    /// [`Panic`](EvalErrorKind::Panic) (where panics unwind), and outputs hold unspecified values.
    ///
    /// It hides the library's function of that name, and is hidden by a definition of the text. Compiling fails where two functions
    /// have one name, and where it is no name at all. Each pair of name and function is kept for the life of the process, so do not
    /// make up names without end.
    ///
    /// ```
    /// use ndarray::{Array1, array};
    /// use tilexpr::{Expr, args};
    /// fn collatz(n: i64) -> i64 {
    ///     if n % 2 == 0 { n / 2 } else { 3 * n + 1 }
    /// }
    /// let e = Expr::builder()
    ///     .function("collatz", collatz as fn(i64) -> i64)
    ///     .function("mix", (|x, k| x * k as f64) as fn(f64, i32) -> f64)
    ///     .compile("mix(collatz(n), 2)")?;
    /// let y: Array1<f64> = e.eval(args![n = &[1_i64, 2, 3]])?;
    /// assert_eq!(y, array![8.0, 2.0, 20.0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn function(mut self, name: impl Into<String>, function: impl RustFunction) -> Builder {
        let name = name.into();
        self.options.functions.push(Custom::new(normal(&name).into_owned(), function));
        self
    }

    /// Elements of a tile. For tests and measurements.
    pub fn tile(mut self, elements: usize) -> Builder {
        self.options.tuning.tile = Some(elements.max(1));
        self
    }

    /// Elements that are not split between threads. For tests and measurements.
    pub fn grain(mut self, elements: usize) -> Builder {
        self.options.tuning.grain = Some(elements);
        self
    }

    /// Elements below which a pass stays on the calling thread. For tests and measurements.
    pub fn serial_below(mut self, elements: usize) -> Builder {
        self.options.tuning.serial_below = Some(elements);
        self
    }

    /// Bytes touched from which on results are written past the cache. For tests and measurements.
    pub fn stream_from(mut self, bytes: usize) -> Builder {
        self.options.tuning.stream_from = Some(bytes);
        self
    }

    /// Compiles a text.
    ///
    /// # Errors
    /// As for [`Expr::compile`].
    pub fn compile(&self, source: &str) -> Result<Expr, CompileError> {
        threads::settle();
        Ok(Expr { core: cache::get(source, &self.options)?, options: self.calls.clone() })
    }
}
