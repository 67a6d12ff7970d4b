//! Calls whose names and types have been resolved beforehand.

use std::sync::Arc;

use smallvec::SmallVec;

use super::bind::{input_type, target_type};
use super::call::vouch;
use super::core::{Arguments, Bound, Call, Core, Typed};
use super::ended::begin;
use crate::array::arg::{Arg, Args};
use crate::array::out::{Memories, Out};
use crate::array::view::{Strided, ViewMut};
use crate::diagnostic::several;
use crate::dtype::Element;
use crate::error::eval::{Detail, EvalError, EvalErrorKind};
use crate::run::settings::{CallOptions, Settings};
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
pub struct Prepared<const N: usize>(Ready);

/// An expression ready for calls with arguments of certain types, as many as were known when it was prepared; made by
/// [`Expr::prepare_dyn`](crate::Expr::prepare_dyn). For the rest as [`Prepared`].
#[derive(Clone)]
pub struct PreparedDyn(Ready);

/// An update in place ready for calls with arrays and arguments of certain types; made by
/// [`Expr::prepare_update`](crate::Expr::prepare_update).
#[derive(Clone)]
pub struct PreparedUpdate {
    ready: Ready,
    /// How many of the names are those of arrays to update; they stand before the others.
    targets: usize,
}

/// What all forms have in common.
#[derive(Clone)]
struct Ready {
    core: Arc<Core>,
    /// None of a text with indices, of which each piece is typed by itself.
    typed: Option<Arc<Typed>>,
    options: CallOptions,
    /// For each name of the expression, which argument it is.
    order: SmallVec<[usize; 4]>,
    /// The types of the arguments; `None` for those that the expression does not use.
    types: SmallVec<[Option<InputType>; 4]>,
}

impl<const N: usize> Prepared<N> {
    pub(crate) fn new(
        core: Arc<Core>,
        options: CallOptions,
        names: [&str; N],
        like: &Args,
    ) -> Result<Prepared<N>, EvalError> {
        let mut bound = Bound::new();
        core.bind(like, &[], &mut bound)?;
        Ready::new(core, options, &names, &bound).map(Prepared)
    }

    /// Evaluates into `out`.
    ///
    /// # Errors
    /// Where an argument has another type than prepared for; for the rest as [`eval_into`](crate::Expr::eval_into).
    #[inline]
    pub fn call<O: Out + ?Sized>(&self, args: [Arg; N], out: &mut O) -> Result<(), EvalError> {
        self.0.call(&args, out)
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
            Strided::of_elements(pointer, T::DTYPE, &lengths[at], &strides)
        };
        self.0.run(|_| InputType::strong(T::DTYPE), view, &Memories::of(out), false)
    }
}

impl PreparedDyn {
    pub(crate) fn new(
        core: Arc<Core>,
        options: CallOptions,
        names: &[&str],
        like: &Args,
    ) -> Result<PreparedDyn, EvalError> {
        let mut bound = Bound::new();
        core.bind(like, &[], &mut bound)?;
        Ready::new(core, options, names, &bound).map(PreparedDyn)
    }

    /// Evaluates into `out`; the arguments come in the order of the names.
    ///
    /// # Errors
    /// Where there are more or fewer arguments than names, or one has another type than prepared for; for the rest as
    /// [`eval_into`](crate::Expr::eval_into).
    #[inline]
    pub fn call<O: Out + ?Sized>(&self, args: &[Arg], out: &mut O) -> Result<(), EvalError> {
        self.0.check_count(args.len(), 0)?;
        self.0.call(args, out)
    }

    /// Binds arguments and an output, for many calls with these: they are looked at now, and no more at each call.
    ///
    /// ```
    /// use tilexpr::{Arg, DType, Expr, ViewMut, args};
    /// let (a, b, mut y) = ([1.0, 2.0], [3.0, 4.0], [0.0; 2]);
    /// let f = Expr::compile("a*b")?.prepare_dyn(&["a", "b"], args![a, b])?;
    /// // SAFETY: the elements of an array that nothing else uses while the view lives.
    /// let out = unsafe { ViewMut::from_raw(y.as_mut_ptr().cast(), DType::F64, &[2], &[8]) };
    /// let mut bound = f.bind(&[Arg::new(&a), Arg::new(&b)], out)?;
    /// bound.call()?;
    /// bound.call()?;
    /// assert_eq!(y, [3.0, 8.0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Where there are more or fewer arguments than names, or one has another type than prepared for. (What else can be wrong the first
    /// call says.)
    pub fn bind<'a>(&self, args: &[Arg<'a>], out: ViewMut<'a>) -> Result<BoundCall<'a>, EvalError> {
        self.0.check_count(args.len(), 0)?;
        self.0.check_types(|at| input_type(&args[at]))?;
        BoundCall::new(self.clone(), args, out)
    }
}

/// A prepared call with its arguments and its output; made by [`PreparedDyn::bind`]. What lies in them may change from call to call.
pub struct BoundCall<'a> {
    call: PreparedDyn,
    args: SmallVec<[Arg<'a>; 4]>,
    out: ViewMut<'a>,
    /// How many elements there are, if they go straight to the kernel.
    line: Option<usize>,
}

impl<'a> BoundCall<'a> {
    fn new(call: PreparedDyn, args: &[Arg<'a>], mut out: ViewMut<'a>) -> Result<BoundCall<'a>, EvalError> {
        let Ready { core, typed, options, order, .. } = &call.0;
        let memories = Memories::of(&mut out);
        let line = match (typed.as_ref().and_then(|typed| typed.line(core)), memories.single()) {
            (Some(line), Some(output)) => line.fits(|name: usize| args[order[name]].view(), &output, options),
            _ => None,
        };
        drop(memories);
        Ok(BoundCall { args: args.iter().cloned().collect(), out, line, call })
    }

    /// Evaluates once more.
    ///
    /// # Errors
    /// As for [`PreparedDyn::call`].
    #[inline]
    pub fn call(&mut self) -> Result<(), EvalError> {
        let Ready { core, typed, options, order, .. } = &self.call.0;
        if let (Some(length), Some(typed)) = (self.line, typed)
            && let Some(line) = typed.line(core)
        {
            let stop = begin(options)?;
            let memories = Memories::of(&mut self.out);
            let by = (core.options.executor, stop.as_ref());
            let view = |name: usize| self.args[order[name]].view();
            if let Some(output) = memories.single()
                && let Some(done) = line.run_again(view, &output, length, by, vouch(&memories))
            {
                return done.map(|_| ()).map_err(|failed| core.failed(typed, failed));
            }
        }
        self.call.call(&self.args, &mut self.out)
    }
}

impl PreparedUpdate {
    pub(crate) fn new(
        core: Arc<Core>,
        options: CallOptions,
        targets: &[&str],
        names: &[&str],
        like: &Args,
    ) -> Result<PreparedUpdate, EvalError> {
        let mut bound = Bound::new();
        core.bind(like, &[], &mut bound)?;
        // An array to update is none of bare numbers, whatever stands for it here.
        for (name, (ty, _)) in core.names().iter().zip(&mut bound) {
            ty.weak &= !targets.contains(&name.as_str());
        }
        let all: Vec<&str> = targets.iter().chain(names).copied().collect();
        let ready = Ready::new(core, options, &all, &bound)?;
        let results = ready.core.result_count(ready.typed.as_deref());
        if results != targets.len() {
            let names = several(targets.len(), "name is", "names are");
            let message = format!("{names} given for {} to update", several(results, "result", "results"));
            return Err(EvalError::new(EvalErrorKind::Output, message)
                .with_found(Detail::Count(targets.len()), Detail::Count(results)));
        }
        Ok(PreparedUpdate { ready, targets: targets.len() })
    }

    /// Updates the arrays, in the order of their names; the other arguments come in the order of theirs.
    ///
    /// # Errors
    /// As for [`PreparedDyn::call`] and [`update`](crate::Expr::update).
    #[inline]
    pub fn call<O: Out + ?Sized>(&self, targets: &mut O, args: &[Arg]) -> Result<(), EvalError> {
        let memories = Memories::of(targets);
        let outputs = memories.views();
        if outputs.len() != self.targets {
            let (names, arrays) =
                (several(self.targets, "name is", "names are"), several(outputs.len(), "array", "arrays"));
            let message = format!("{names} given for {arrays} to update");
            return Err(EvalError::new(EvalErrorKind::Output, message)
                .with_found(Detail::Count(outputs.len()), Detail::Count(self.targets)));
        }
        self.ready.check_count(args.len(), self.targets)?;
        let ty = |at: usize| match at.checked_sub(self.targets) {
            None => target_type(&outputs[at]),
            Some(at) => input_type(&args[at]),
        };
        let view = |at: usize| at.checked_sub(self.targets).map_or_else(|| outputs[at], |at| args[at].view());
        self.ready.run(ty, view, &memories, true)
    }
}

impl Ready {
    fn new(core: Arc<Core>, options: CallOptions, names: &[&str], bound: &Bound) -> Result<Ready, EvalError> {
        let spelt: SmallVec<[_; 4]> = names.iter().map(|name| normal(name)).collect();
        if let Some(at) = (0..names.len()).find(|&at| spelt[..at].contains(&spelt[at])) {
            return Err(EvalError::new(EvalErrorKind::DuplicateArgument, format!("`{}` is given twice", names[at]))
                .of(names[at]));
        }
        let mut order = SmallVec::new();
        for name in core.names() {
            let Some(at) = spelt.iter().position(|n| n == name) else {
                return Err(EvalError::new(
                    EvalErrorKind::MissingArgument,
                    format!("`{name}` has no place in the calls"),
                )
                .of(name)
                .with_help(format!("prepare with it: {:?}", core.names())));
            };
            order.push(at);
        }
        let typed = match &core.pieces {
            None => Some(core.typed(bound)?),
            Some(_) => None,
        };
        match &typed {
            Some(typed) => core.stage_shapes(typed, bound).map(drop)?,
            None => core.outputs(bound).map(drop)?,
        }
        let mut types = SmallVec::from_elem(None, names.len());
        for (&at, (ty, _)) in order.iter().zip(bound) {
            types[at] = Some(*ty);
        }
        if let Some(line) = typed.as_ref().and_then(|typed| typed.line(&core)) {
            line.prepare(core.options.executor);
        }
        Ok(Ready { core, typed, options, order, types })
    }

    #[inline]
    fn call<O: Out + ?Sized>(&self, args: &[Arg], out: &mut O) -> Result<(), EvalError> {
        let memories = Memories::of(out);
        self.run(|at| input_type(&args[at]), |at| args[at].view(), &memories, false)
    }

    /// Refuses a call with more or fewer arguments than names, of which some are those of targets.
    #[inline]
    fn check_count(&self, arguments: usize, targets: usize) -> Result<(), EvalError> {
        let names = self.types.len() - targets;
        if arguments == names { Ok(()) } else { Err(wrong_count(arguments, names)) }
    }

    /// Refuses arguments of other types than it was prepared for.
    #[inline]
    fn check_types(&self, ty: impl Fn(usize) -> InputType) -> Result<(), EvalError> {
        for (at, expected) in self.types.iter().enumerate() {
            if expected.is_some_and(|e| e != ty(at)) {
                return Err(self.wrong_type(at, ty(at)));
            }
        }
        Ok(())
    }

    /// Runs a call with arguments of these types; the outputs are targets, which are arguments too, if it is an update.
    #[inline]
    fn run<'a>(
        &self,
        ty: impl Fn(usize) -> InputType,
        view: impl Fn(usize) -> Strided<'a>,
        memories: &Memories,
        update: bool,
    ) -> Result<(), EvalError> {
        self.check_types(&ty)?;
        let stop = begin(&self.options)?;
        let settings = self.core.settings(&self.options, &stop);
        if let (Some(typed), Some(output)) = (&self.typed, memories.single())
            && let Some(line) = typed.line(&self.core)
        {
            let order = &self.order[..];
            if let Some(done) = line.run(|name: usize| view(order[name]), &output, settings, vouch(memories)) {
                return done.map(|_| ()).map_err(|failed| self.core.failed(typed, failed));
            }
        }
        let bound: Bound = self.order.iter().map(|&at| (ty(at), view(at))).collect();
        self.run_scheduled(&bound, memories, update, settings)
    }

    /// The same in the ordinary way, out of line: what is inlined into callers should be short.
    #[inline(never)]
    fn run_scheduled(
        &self,
        bound: &Arguments,
        memories: &Memories,
        update: bool,
        settings: Settings,
    ) -> Result<(), EvalError> {
        let (outputs, vouch) = (memories.views(), vouch(memories));
        let (Some(typed), None) = (&self.typed, &self.core.pieces) else {
            return self.core.put_pieces(bound, &outputs, (memories.overlap(), update), settings);
        };
        let mode = self.core.mode(bound, &outputs, memories.overlap(), update)?;
        let call = Call { mode, bound, outputs: &outputs, settings, vouch };
        self.core.write_typed(typed, call)
    }

    #[cold]
    fn wrong_type(&self, at: usize, found: InputType) -> EvalError {
        let show = |ty: InputType| {
            if let Some(width) = ty.text {
                return format!("strings of {}", several(width, "byte", "bytes"));
            }
            let kind = if ty.weak { "a bare" } else { "an array of" };
            format!("{kind} {}{}", ty.dtype, if ty.swapped { " with swapped bytes" } else { "" })
        };
        let expected = self.types[at].map(show).unwrap_or_default();
        let message = format!("argument {at} is {}, but the call was prepared for {expected}", show(found));
        let name = self.order.iter().position(|&place| place == at).and_then(|name| self.core.names().get(name));
        EvalError::new(EvalErrorKind::Prepared, message)
            .of(name.map_or("", |name| name))
            .with_found(Detail::DType(found.dtype), self.types[at].map(|ty| Detail::DType(ty.dtype)))
            .with_help("prepare another call for these types")
    }
}

#[cold]
fn wrong_count(found: usize, expected: usize) -> EvalError {
    let message =
        format!("{} given, but the call was prepared for {expected}", several(found, "argument is", "arguments are"));
    EvalError::new(EvalErrorKind::Prepared, message).with_found(Detail::Count(found), Detail::Count(expected))
}
