//! Calls whose names, types and layout have been resolved beforehand.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use smallvec::SmallVec;

use super::arg::{Arg, Args};
use super::core::{Bound, Core, Typed, typed_view};
use super::error::{EvalError, EvalErrorKind};
use super::execute::fault;
use super::kernels::Executor;
use super::launch::stays_serial_up_to;
use super::out::{self, Out};
use super::threads::Threads;
use super::view::RawView;
use crate::dtype::{DType, Element};
use crate::ir::Role;
use crate::jit::{Call, Compiled};
use crate::plan::lower::{Class, Layout, Pass, operands};
use crate::plan::program::{Source, Work};
use crate::types::InputType;

/// An expression ready for calls with arguments of certain types, in a fixed order; made by
/// [`Expr::prepare`](crate::Expr::prepare). It holds no borrow of what it was prepared with.
///
/// A call in the layout that it was prepared for (all arrays contiguous and of one shape, besides scalars) goes straight
/// to the kernel. Any other layout works too, at the price of an ordinary call.
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
    line: Option<Line>,
}

/// The kernel for arrays that are all one contiguous line of the same length.
#[derive(Clone)]
struct Line {
    kernel: Arc<dyn Compiled>,
    /// For each source of the kernel, which argument it is, and whether it is a scalar.
    sources: SmallVec<[(usize, bool); 4]>,
    output: DType,
    strides: SmallVec<[isize; 4]>,
    /// Longer lines are shared between threads or go past the cache.
    longest: usize,
}

impl<const N: usize> Prepared<N> {
    pub(crate) fn new(
        core: Arc<Core>,
        threads: Threads,
        names: [&str; N],
        like: &Args,
    ) -> Result<Prepared<N>, EvalError> {
        let bound = core.bind(like, &[])?;
        if let Some(at) = (0..N).find(|&at| names[..at].contains(&names[at])) {
            return Err(EvalError::new(EvalErrorKind::DuplicateArgument, format!("`{}` is given twice", names[at])));
        }
        let mut order = SmallVec::new();
        for name in core.names() {
            let Some(at) = names.iter().position(|n| n == name) else {
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
        let line = Line::new(&core, &typed, &threads, &bound, &order);
        Ok(Prepared { core, typed, threads, order, types, line })
    }

    /// Evaluates into `out`.
    ///
    /// # Errors
    /// Where an argument has another type than prepared for; for the rest as [`eval_into`](crate::Expr::eval_into).
    #[inline]
    pub fn call<O: Out + ?Sized>(&self, args: [Arg; N], out: &mut O) -> Result<(), EvalError> {
        let views = args.each_ref().map(typed_view);
        let memories = out::memories(out);
        let outputs: SmallVec<[RawView; 2]> = memories.iter().map(|m| m.view()).collect();
        self.run(&views, &outputs)
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
        let length = [out.len()];
        let strides = [1];
        let views: [(InputType, RawView); N] = std::array::from_fn(|at| {
            let pointer = args[at].as_ptr().cast_mut().cast();
            (InputType::strong(T::DTYPE), RawView { pointer, dtype: T::DTYPE, shape: &lengths[at], strides: &strides })
        });
        let output = RawView { pointer: out.as_mut_ptr().cast(), dtype: T::DTYPE, shape: &length, strides: &strides };
        self.run(&views, &[output])
    }

    /// The outputs are borrowed mutably by the callers above, the arguments shared.
    #[inline]
    fn run(&self, views: &[(InputType, RawView); N], outputs: &[RawView]) -> Result<(), EvalError> {
        for (at, (expected, (ty, _))) in self.types.iter().zip(views).enumerate() {
            if expected.is_some_and(|e| e != *ty) {
                return Err(self.wrong_type(at, *ty));
            }
        }
        if let (Some(line), [output]) = (&self.line, outputs)
            && let Some(length) = line.fits(views, output)
        {
            // SAFETY: `fits` has checked that all of them are contiguous and of this length, and the types are those of
            // the kernel; outputs are borrowed mutably, arguments shared.
            return unsafe { line.run(views, output, length) };
        }
        let bound: Bound = self.order.iter().map(|&at| views[at]).collect();
        // SAFETY: outputs are borrowed mutably, arguments shared; the types are those of `typed`.
        unsafe { self.core.eval_typed(&self.typed, &bound, outputs, &self.threads, false) }
    }

    #[cold]
    fn wrong_type(&self, at: usize, found: InputType) -> EvalError {
        let show = |ty: InputType| format!("{}{}", if ty.weak { "a bare " } else { "an array of " }, ty.dtype);
        let expected = self.types[at].map(show).unwrap_or_default();
        let message = format!("argument {at} is {}, but the call was prepared for {expected}", show(found));
        EvalError::new(EvalErrorKind::Prepared, message).with_help("prepare another call for these types")
    }
}

impl Line {
    /// The line kernel, if the expression is a single map and the arguments are lines and scalars.
    fn new(core: &Core, typed: &Typed, threads: &Threads, bound: &Bound, order: &[usize]) -> Option<Line> {
        let program = &typed.program;
        let [stage] = program.stages.as_slice() else { return None };
        let Work::Map(stores) = &stage.work else { return None };
        let &[(node, _)] = stores.as_slice() else { return None };
        let mut sources = SmallVec::new();
        for &(_, source) in &stage.sources {
            let Source::Input(input) = source else { return None };
            let name = program.graph.inputs.get(input as usize)?.name as usize;
            sources.push((*order.get(name)?, bound.get(name)?.1.shape.is_empty()));
        }
        if !program.graph.range_checks.is_empty() || sources.iter().all(|&(_, scalar)| scalar) {
            return None;
        }
        let specs = operands(program, 0, Pass::Map);
        let scalar = |at: usize| sources.get(at).is_some_and(|&(_, scalar)| scalar);
        let classes = (0..specs.len()).map(|at| if scalar(at) { Class::Zero } else { Class::Unit }).collect();
        let layout = Layout { loops: 1, classes };
        let moving = || specs.iter().enumerate().filter(|&(at, _)| !scalar(at)).map(|(_, spec)| spec);
        debug_assert_eq!(specs.last().map(|s| s.role), Some(Role::Out));
        let faults = AtomicU32::new(0);
        let env = typed.env(core, threads, &faults);
        let executor = match env.executor {
            Executor::Auto => Executor::Cranelift,
            chosen => chosen,
        };
        typed.kernels.with(program, 0, Pass::Map, &layout, |slot| {
            let bytes = moving().map(|spec| spec.dtype.size()).sum();
            Some(Line {
                kernel: Arc::clone(slot.runnable(executor, 0)),
                sources: sources.clone(),
                output: program.graph.node(node).dtype,
                strides: moving().map(|spec| spec.dtype.size() as isize).collect(),
                longest: stays_serial_up_to(&env, bytes, slot.weight()),
            })
        })
    }

    /// The common length, if these arguments are lines and scalars as the kernel wants them.
    #[inline]
    fn fits<const N: usize>(&self, views: &[(InputType, RawView); N], output: &RawView) -> Option<usize> {
        let is_line = |view: &RawView| match (view.shape, view.strides) {
            (&[_], &[1]) => true,
            (shape, strides) => {
                let mut step = 1;
                shape.iter().zip(strides).rev().all(|(&n, &stride)| {
                    let next = stride == step || n == 1;
                    step *= n as isize;
                    next
                })
            }
        };
        let length = match *output.shape {
            [n] => n,
            ref shape => shape.iter().product(),
        };
        let fits = output.dtype == self.output
            && length > 0
            && length <= self.longest
            && is_line(output)
            && self.sources.iter().all(|&(at, scalar)| {
                let view = &views[at].1;
                if scalar { view.shape.is_empty() } else { view.shape == output.shape && is_line(view) }
            });
        fits.then_some(length)
    }

    /// # Safety
    /// [`fits`](Line::fits) must have given this length for these arguments, of the prepared types; the output must be
    /// writable and apart from them.
    #[inline]
    unsafe fn run<const N: usize>(
        &self,
        views: &[(InputType, RawView); N],
        output: &RawView,
        length: usize,
    ) -> Result<(), EvalError> {
        let faults = AtomicU32::new(0);
        let mut pointers: SmallVec<[*mut u8; 8]> = self.sources.iter().map(|&(at, _)| views[at].1.pointer).collect();
        pointers.push(output.pointer);
        let call =
            Call { pointers: &pointers, strides: &self.strides, extents: &[length], origin: &[0], faults: &faults };
        // SAFETY: as the caller promises.
        unsafe { self.kernel.run(&call) }
        match faults.load(Ordering::Relaxed) {
            0 => Ok(()),
            faults => Err(fault(faults)),
        }
    }
}
