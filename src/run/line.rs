//! The short way of a call: one elementwise pass over contiguous arrays of one shape, and scalars.
//!
//! Most calls are of this kind, and for small arrays the price of a call is what they pay. Here nothing is planned: the
//! kernel is known, and all that is checked is that the arguments are what it wants. Whatever does not fit, or is
//! so large that threads or the memory want a plan, takes the ordinary way, with the same result.

use std::sync::Arc;

use smallvec::SmallVec;

use super::pass::{Done, LineCall};
use super::settings::{CallOptions, Settings};
use super::stop::{Failed, Stop};
use crate::array::view::{Strided, Vouch};
use crate::dtype::DType;
use crate::jit::tier::{Executor, Tiered};
use crate::plan::kernels::{Kernels, Use};
use crate::plan::layout::{Body, Class, Layout, OperandSpec, operands};
use crate::plan::program::{Program, Work};
use crate::plan::shape::MAX_RANK;
use crate::plan::slice;
use crate::plan::source::Source;
use crate::plan::target::Tuning;
use crate::types::InputType;

/// Arrays up to which a call allocates nothing.
const FEW: usize = 8;

/// The kernel for arrays that are all one contiguous line of the same length.
pub struct Line {
    kernel: Arc<Tiered>,
    /// For each source of the kernel, which of the expression's names it is, and whether it is a scalar.
    sources: SmallVec<[(u32, bool); 4]>,
    output: DType,
    /// The kernel's table.
    strides: SmallVec<[isize; 4]>,
    /// Longer lines are shared between threads, if there are several.
    alone: usize,
    /// Longer lines are written past the cache.
    cached: usize,
    /// Longer lines are done in pieces where a call may be ended.
    slice: usize,
}

impl Line {
    /// The line kernel, if the program is one map with one result, and no bare integer needs a check. Bare numbers are
    /// its scalars, the other arguments its lines.
    pub fn new(program: &Program, kernels: &Kernels, signature: &[InputType], tuning: &Tuning) -> Option<Line> {
        let ([stage], [output], []) =
            (program.stages.as_slice(), program.graph.outputs.as_slice(), program.graph.range_checks.as_slice())
        else {
            return None;
        };
        if !matches!(stage.work, Work::Map(_)) || tuning.tile.is_some() {
            return None;
        }
        let mut sources = SmallVec::new();
        for &(_, source) in &stage.sources {
            let Source::Input(input) = source else { return None };
            let input = program
                .graph
                .inputs
                .get(input as usize)
                .filter(|input| input.part.is_none() && input.word.is_none())?;
            let name = input.name;
            sources.push((name, signature.get(name as usize)?.weak));
        }
        if sources.iter().all(|&(_, scalar)| scalar) {
            return None;
        }
        let specs = operands(program, 0, Body::MAP);
        let scalar = |at: usize| sources.get(at).is_some_and(|&(_, scalar)| scalar);
        let classes = (0..specs.len()).map(|at| if scalar(at) { Class::Zero } else { Class::Unit }).collect();
        let lines = || specs.iter().enumerate().filter(|&(at, _)| !scalar(at)).map(|(_, s): (_, &OperandSpec)| s.dtype);
        let kernel = kernels.get(program, Use::Stage(0, Body::MAP), &Layout { loops: 1, classes, ..Layout::default() });
        let bytes = lines().map(DType::size).sum();
        Some(Line {
            output: program.graph.node(*output).dtype,
            strides: lines().map(|dtype| dtype.size() as isize).collect(),
            alone: tuning.serial_points(bytes, kernel.weight()),
            slice: slice::alone(kernel.most()[1]),
            cached: tuning.nontemporal_from().saturating_sub(1) / bytes.max(1),
            kernel,
            sources,
        })
    }

    /// Makes what runs the kernel, whatever the work.
    pub fn prepare(&self, executor: Executor) {
        self.kernel.prepare(executor);
    }

    /// Whether a line of this length is for here: not so long that threads or the memory want a plan.
    #[inline]
    fn takes(&self, length: usize, options: &CallOptions) -> bool {
        let short = length <= self.alone || options.threads.count() == 1;
        short && (1..=self.cached).contains(&length) && (options.bounds.is_none() || length <= self.slice)
    }

    /// The shape of the first argument that is a line, and the type of the result, if [`run`](Line::run) might take them.
    #[inline]
    pub fn result<'a>(
        &self,
        view: impl Fn(usize) -> Strided<'a>,
        options: &CallOptions,
    ) -> Option<(&'a [usize], DType)> {
        let &(name, _) = self.sources.iter().find(|(_, scalar)| !scalar)?;
        let view = view(name as usize);
        self.takes(line(&view)?, options).then_some((view.shape, self.output))
    }

    /// Evaluates, if `view` (which gives the argument of a name) and the output are lines and scalars as the kernel wants
    /// them; `None` if not. The caller vouches for arguments of the types of the signature, and for an output
    /// that is apart from them or one of them.
    #[inline]
    pub fn run<'a>(
        &self,
        view: impl Fn(usize) -> Strided<'a>,
        output: &Strided,
        settings: Settings,
        vouch: Vouch,
    ) -> Option<Result<Done, Failed>> {
        let length = self.length(output, settings.options)?;
        self.go::<false>(view, output, length, (settings.executor, settings.stop), vouch)
    }

    /// How many elements an output has that [`run`](Line::run) would write, if it is of the kernel's type, and a line that is for here.
    #[inline]
    fn length(&self, output: &Strided, options: &CallOptions) -> Option<usize> {
        let length = line(output)?;
        (output.dtype == self.output && !output.swapped && self.takes(length, options)).then_some(length)
    }

    /// How long the lines are, if [`run`](Line::run) would evaluate these: what [`run_again`](Line::run_again) asks for.
    pub fn fits<'a>(
        &self,
        view: impl Fn(usize) -> Strided<'a>,
        output: &Strided,
        options: &CallOptions,
    ) -> Option<usize> {
        let length = self.length(output, options)?;
        let all = self.sources.iter().all(|&(name, scalar)| is_like(&view(name as usize), output, scalar));
        all.then_some(length)
    }

    /// Evaluates arguments and an output that lie as those that [`fits`](Line::fits) has found to be so long.
    #[inline]
    pub fn run_again<'a>(
        &self,
        view: impl Fn(usize) -> Strided<'a>,
        output: &Strided,
        length: usize,
        by: (Executor, Option<&Stop>),
        vouch: Vouch,
    ) -> Option<Result<Done, Failed>> {
        self.go::<true>(view, output, length, by, vouch)
    }

    /// Runs the kernel, unless an argument does not fit, of which it may be `KNOWN` that all do.
    #[inline]
    fn go<'a, const KNOWN: bool>(
        &self,
        view: impl Fn(usize) -> Strided<'a>,
        output: &Strided,
        length: usize,
        (executor, stop): (Executor, Option<&Stop>),
        vouch: Vouch,
    ) -> Option<Result<Done, Failed>> {
        let sources = &self.sources[..];
        let (mut few, mut many) = ([output.pointer; FEW], Vec::new());
        let pointers = if let Some(few) = few.get_mut(..=sources.len()) {
            few
        } else {
            many.resize(sources.len() + 1, output.pointer);
            &mut many
        };
        for (&(name, scalar), pointer) in sources.iter().zip(&mut *pointers) {
            let view = view(name as usize);
            if !KNOWN && !is_like(&view, output, scalar) {
                return None;
            }
            *pointer = view.pointer;
        }
        let call = LineCall { kernel: &self.kernel, executor, pointers, strides: &self.strides, length, stop };
        Some(call.run(vouch))
    }
}

/// Whether an argument is a scalar, or a line as long as the output.
#[inline]
fn is_like(view: &Strided, output: &Strided, scalar: bool) -> bool {
    if scalar { view.shape.is_empty() } else { view.has_shape_of(output) && line(view).is_some() }
}

/// The number of elements, if they lie one after the other in C order.
#[inline]
fn line(view: &Strided) -> Option<usize> {
    if view.shape.len() > MAX_RANK { None } else { view.contiguous() }
}
