//! The kernels of one typed program: made when first needed, found again without a lock.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use super::places::Places;
use crate::ir::{Inst, Kernel, Op};
use crate::jit::Compiled;
use crate::jit::crowded::crowded;
use crate::plan::lower::{Layout, Pass, lower};
use crate::plan::program::Program;

/// Which executor runs kernels. The results do not depend on it.
///
/// ```
/// use tilexpr::{Executor, Expr, args};
/// let a = [0.1, 0.2, 0.3];
/// let sum = |executor| Expr::builder().executor(executor).compile("sum(a/3)")?.eval::<f64>(args![a]).map_err(Into::into);
/// let sums: Result<Vec<f64>, Box<dyn std::error::Error>> =
///     [Executor::Auto, Executor::Interpreter, Executor::Cranelift].map(sum).into_iter().collect();
/// assert!(sums?.windows(2).all(|s| s[0].to_bits() == s[1].to_bits()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum Executor {
    /// Small one-off work is interpreted, and what native code would not make faster (thousands of operations in one pass);
    /// what pays for compilation is compiled.
    #[default]
    Auto,
    /// The portable interpreter: nothing is ever compiled.
    Interpreter,
    /// Native code through Cranelift from the first call on (the interpreter where the feature `jit` is off, or the
    /// machine gives no executable memory).
    Cranelift,
}

/// What compiling costs, as the interpreted operations that take as long (0.1 ns each): about 100 microseconds for a kernel,
/// and 5 for each of its instructions.
const COMPILING: u64 = 1_000_000;
const COMPILING_INST: u64 = 50_000;
/// What running a kernel costs the interpreter whatever the number of points, as points.
const STARTING: usize = 100;

/// A kernel of a stage, and the forms in which it can run.
pub struct Slot {
    pass: Pass,
    layout: Layout,
    kernel: Kernel,
    weight: f64,
    crowded: bool,
    portable: OnceLock<Arc<dyn Compiled>>,
    native: OnceLock<Option<Arc<dyn Compiled>>>,
    compiling: AtomicBool,
    work: AtomicU64,
}

impl Slot {
    fn new(program: &Program, stage: usize, pass: Pass, layout: &Layout) -> Slot {
        let kernel = lower(program, stage, pass, layout);
        #[cfg(debug_assertions)]
        if let Err(e) = crate::ir::verify::verify(&kernel) {
            panic!("lowering made a kernel that is no kernel: {e}\n{kernel}");
        }
        Slot {
            pass,
            layout: layout.clone(),
            weight: weight(&kernel),
            crowded: crowded(&kernel),
            kernel,
            portable: OnceLock::new(),
            native: OnceLock::new(),
            compiling: AtomicBool::new(false),
            work: AtomicU64::new(0),
        }
    }

    /// The kernel.
    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// How much work a point is, in simple operations.
    pub fn weight(&self) -> f64 {
        self.weight
    }

    /// What runs the kernel, for a run of this many points.
    pub fn runnable(&self, executor: Executor, points: usize) -> &Arc<dyn Compiled> {
        let native = match executor {
            Executor::Interpreter => None,
            Executor::Cranelift => self.native.get_or_init(|| compile(&self.kernel)).as_ref(),
            Executor::Auto => match self.native.get() {
                Some(native) => native.as_ref(),
                None => self.perhaps_compile(points),
            },
        };
        match native {
            Some(native) => native,
            None => self.portable.get_or_init(|| interpret(&self.kernel)),
        }
    }

    /// Whether its values crowd registers, so that native code is no faster.
    pub fn crowded(&self) -> bool {
        self.crowded
    }

    /// Makes what runs the kernel when many calls are to come.
    pub fn prepare(&self, executor: Executor) {
        if executor == Executor::Auto && !self.crowded {
            self.native.get_or_init(|| compile(&self.kernel));
        }
        self.runnable(executor, 0);
    }

    /// Whether native code would run the kernel, for a run of this many points.
    pub fn expects_native(&self, executor: Executor, points: usize) -> bool {
        match executor {
            Executor::Interpreter => false,
            Executor::Cranelift => compiles(&self.kernel),
            Executor::Auto => match self.native.get() {
                Some(form) => form.is_some(),
                None => self.pays(self.work.load(Ordering::Relaxed).saturating_add(self.work_of(points))),
            },
        }
    }

    /// A run's work for the interpreter, in simple operations.
    fn work_of(&self, points: usize) -> u64 {
        (points.saturating_add(STARTING) as f64 * self.weight) as u64
    }

    /// Whether that much work is worth compiling for.
    fn pays(&self, work: u64) -> bool {
        !self.crowded && compiles(&self.kernel) && work >= COMPILING + COMPILING_INST * self.kernel.insts.len() as u64
    }

    /// Compiles once the work pays for it; one thread does, the others go on interpreting meanwhile.
    fn perhaps_compile(&self, points: usize) -> Option<&Arc<dyn Compiled>> {
        let work = self.work_of(points);
        let done = self.work.fetch_add(work, Ordering::Relaxed).saturating_add(work);
        if !self.pays(done) || self.compiling.swap(true, Ordering::Relaxed) {
            return None;
        }
        self.native.get_or_init(|| compile(&self.kernel)).as_ref()
    }
}

/// The interpreter takes every kernel.
fn interpret(kernel: &Kernel) -> Arc<dyn Compiled> {
    use crate::jit::Backend;
    match crate::jit::interp::Interp::new().compile(kernel) {
        Ok(compiled) => compiled,
        // What is lowered is what the verifier accepts (debug builds check it), and of that nothing is refused.
        Err(e) => unreachable!("the interpreter takes every kernel: {e:?}\n{kernel}"),
    }
}

/// Kernels of more instructions are interpreted: the time of the code generator grows faster than they do.
const LARGEST: usize = 30_000;

/// Whether there may be native code for a kernel.
pub fn compiles(kernel: &Kernel) -> bool {
    cfg!(feature = "jit") && kernel.insts.len() <= LARGEST
}

#[cfg(feature = "jit")]
fn compile(kernel: &Kernel) -> Option<Arc<dyn Compiled>> {
    use crate::jit::Backend;
    if !compiles(kernel) {
        return None;
    }
    crate::jit::cranelift::Cranelift::new().and_then(|c| c.compile(kernel)).ok()
}

#[cfg(not(feature = "jit"))]
fn compile(_: &Kernel) -> Option<Arc<dyn Compiled>> {
    None
}

/// The work of one point of the innermost loop, in simple operations: rough, but it need only tell a sum from a sine.
fn weight(kernel: &Kernel) -> f64 {
    let body = kernel.levels.last().map_or(&[][..], |level| &level.before);
    let cost = |inst: &Inst| match inst {
        Inst::Op { op: Op::Div | Op::Sqrt, .. } => 4.0,
        Inst::Op { op: Op::FloorDiv | Op::FloorMod, .. } => 12.0,
        // Where the helper is always asked it is the work; else hardly ever.
        Inst::Patch { mask, .. } => {
            if matches!(kernel.inst(*mask), Inst::Const(_)) {
                40.0
            } else {
                2.0
            }
        }
        Inst::Load(_) | Inst::Store(..) => 0.5,
        _ => 1.0,
    };
    body.iter().map(|&v| cost(kernel.inst(v))).sum::<f64>().max(1.0)
}

/// The kernels of one program, stage by stage.
pub struct Kernels(Box<[Places<Arc<Slot>>]>);

/// Passes and layouts for which an expression keeps kernels, and for which each of many stages does at least.
const PLACES: usize = 96;
const STAGE_PLACES: usize = 16;

impl Kernels {
    /// Room for the kernels of a program of this many stages.
    pub fn new(stages: usize) -> Kernels {
        let places = (PLACES / stages.max(1)).max(STAGE_PLACES);
        Kernels((0..stages).map(|_| Places::new(places)).collect())
    }

    /// The kernel of a pass for this layout.
    pub fn get(&self, program: &Program, stage: usize, pass: Pass, layout: &Layout) -> Arc<Slot> {
        let is = |slot: &Arc<Slot>| slot.pass == pass && slot.layout == *layout;
        let make = || Ok::<_, std::convert::Infallible>(Arc::new(Slot::new(program, stage, pass, layout)));
        match self.0[stage].find(is, make) {
            Ok(Ok(slot)) => Arc::clone(slot),
            Ok(Err(slot)) => slot,
            Err(never) => match never {},
        }
    }
}
