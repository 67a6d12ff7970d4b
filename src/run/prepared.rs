//! Calls whose names and types have been resolved beforehand.

use std::sync::Arc;

use smallvec::SmallVec;

use super::arg::{Arg, Args};
use super::bind::{Bound, typed_view};
use super::core::{Core, Typed};
use super::error::{EvalError, EvalErrorKind};
use super::out::{Memories, Out};
use super::threads::Threads;
use super::view::Strided;
use crate::dtype::Element;
use crate::syntax::normal;
use crate::types::InputType;

/// An expression ready for calls with arguments of certain types, in a fixed order; made by
/// [`Expr::prepare`](crate::Expr::prepare). It holds no borrow of what it was prepared with.
///
/// A call with contiguous arrays of one shape, besides bare numbers, goes straight to the kernel, which has been compiled.
/// Any other layout works too, at the price of an ordinary call.
///
/// ```
/// use tilexpr::{Arg, Expr, args};
/// let (a, k, mut y) = ([1.0, 2.0, 3.0], 10.0, [0.0; 3]);
/// let scale = Expr::compile("a*k")?.prepare(["a", "k"], args![a, k])?;
/// scale.call([Arg::new(&a), Arg::new(k)], &mut y)?;
/// assert_eq!(y, [10.0, 20.0, 30.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Prepared<const N: usize> {
    core: Arc<Core>,
    typed: Arc<Typed>,
    threads: Threads,
    /// For each name of the expression, which argument it is.
    order: SmallVec<[usize; 4]>,
    /// The types of the arguments; `None` for those that the expression does not use.
    types: [Option<InputType>; N],
}

impl<const N: usize> Prepared<N> {
    pub(crate) fn new(
        core: Arc<Core>,
        threads: Threads,
        names: [&str; N],
        like: &Args,
    ) -> Result<Prepared<N>, EvalError> {
        let mut bound = Bound::new();
        core.bind(like, &[], &mut bound)?;
        let spelt = names.map(normal);
        if let Some(at) = (0..N).find(|&at| spelt[..at].contains(&spelt[at])) {
            return Err(EvalError::new(EvalErrorKind::DuplicateArgument, format!("`{}` is given twice", names[at])));
        }
        let mut order = SmallVec::new();
        for name in core.names() {
            let Some(at) = spelt.iter().position(|n| n == name) else {
                return Err(EvalError::new(
                    EvalErrorKind::MissingArgument,
                    format!("`{name}` has no place in the calls"),
                )
                .with_help(format!("prepare with it: {:?}", core.names())));
            };
            order.push(at);
        }
        core.outputs(&bound)?;
        let typed = core.typed(&bound)?;
        let mut types = [None; N];
        for (&at, (ty, _)) in order.iter().zip(&bound) {
            types[at] = Some(*ty);
        }
        if let Some(line) = typed.line(&core) {
            line.prepare(core.options.executor);
        }
        Ok(Prepared { core, typed, threads, order, types })
    }

    /// Evaluates into `out`.
    ///
    /// # Errors
    /// Where an argument has another type than prepared for; for the rest as [`eval_into`](crate::Expr::eval_into).
    #[inline]
    pub fn call<O: Out + ?Sized>(&self, args: [Arg; N], out: &mut O) -> Result<(), EvalError> {
        let memories = Memories::of(out);
        self.run(|at| typed_view(&args[at]), &memories.views())
    }

    /// Evaluates slices of one type into a slice of that type.
    ///
    /// ```
    /// use tilexpr::{Expr, args};
    /// let (a, b, mut y) = ([1.0, 2.0], [3.0, 4.0], [0.0; 2]);
    /// let hypot = Expr::compile("sqrt(a*a + b*b)")?.prepare(["a", "b"], args![a, b])?;
    /// hypot.call_slices([&b, &[4.0, 3.0]], &mut y)?; // other slices, of any common length
    /// assert_eq!(y, [5.0, 5.0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As for [`call`](Prepared::call).
    #[inline]
    pub fn call_slices<T: Element>(&self, args: [&[T]; N], out: &mut [T]) -> Result<(), EvalError> {
        let lengths = args.map(|a| [a.len()]);
        let strides = [1];
        let view = |at: usize| {
            let pointer = args[at].as_ptr().cast_mut().cast();
            let view = Strided::of_elements(pointer, T::DTYPE, &lengths[at], &strides);
            (InputType::strong(T::DTYPE), view)
        };
        let length = [out.len()];
        let output = Strided::of_elements(out.as_mut_ptr().cast(), T::DTYPE, &length, &strides);
        self.run(view, &[output])
    }

    /// The outputs are borrowed mutably by the callers above, the arguments shared.
    #[inline]
    fn run<'a>(&self, view: impl Fn(usize) -> (InputType, Strided<'a>), outputs: &[Strided]) -> Result<(), EvalError> {
        for (at, expected) in self.types.iter().enumerate() {
            if expected.is_some_and(|e| e != view(at).0) {
                return Err(self.wrong_type(at, view(at).0));
            }
        }
        if let (Some(line), [output]) = (self.typed.line(&self.core), outputs) {
            let by_name = |name: usize| view(self.order[name]).1;
            // SAFETY: the types are those that were prepared for; the output is borrowed mutably, the arguments shared.
            if let Some(done) = unsafe { line.run(by_name, output, self.core.options.executor, &self.threads) } {
                return done.map_err(|faults| self.typed.fault(&self.core, faults));
            }
        }
        let bound: Bound = self.order.iter().map(|&at| view(at)).collect();
        // SAFETY: outputs are borrowed mutably, arguments shared; the types are those of `typed`.
        unsafe { self.core.eval_typed(&self.typed, &bound, outputs, &self.threads, false) }
    }

    #[cold]
    fn wrong_type(&self, at: usize, found: InputType) -> EvalError {
        let show = |ty: InputType| format!("{} {}", if ty.weak { "a bare" } else { "an array of" }, ty.dtype);
        let expected = self.types[at].map(show).unwrap_or_default();
        let message = format!("argument {at} is {}, but the call was prepared for {expected}", show(found));
        EvalError::new(EvalErrorKind::Prepared, message).with_help("prepare another call for these types")
    }
}
