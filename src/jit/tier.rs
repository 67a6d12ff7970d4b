//! The one place that chooses what runs a kernel.
//!
//! Comes in: a kernel; then, call by call, which executor is asked for and how much work is at hand. Goes out: what runs it,
//! and what a plan needs to know of that. Always holds: the interpreter takes every kernel, so there is always an answer;
//! no result depends on it.
//!
//! The native back ends are one list, the best first. Under [`Executor::Auto`] a kernel is interpreted until the work done on
//! it, or at hand, took about as long as compiling takes.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use super::interp::Interp;
use super::{Backend, Compiled, Facts, Unsupported};
use crate::ir::{Kernel, cost};

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

/// A native back end, and what is known of it before anything is compiled.
struct Tier {
    /// The executor that asks for it by name.
    executor: Executor,
    /// The back end for this machine.
    make: fn() -> Result<Box<dyn Backend>, Unsupported>,
    /// Nanoseconds that compiling takes, for a kernel and for each of its instructions.
    compiling: [f64; 2],
    /// Kernels of more instructions are interpreted: the time of the code generator grows faster than they do.
    largest: usize,
}

/// How many native back ends there are.
const COUNT: usize = cfg!(feature = "jit") as usize;

/// The native back ends, the best first.
#[cfg(feature = "jit")]
static TIERS: [Tier; COUNT] = [Tier {
    executor: Executor::Cranelift,
    make: || Ok(Box::new(super::cranelift::Cranelift::new()?)),
    compiling: [100_000.0, 5000.0],
    largest: 30_000,
}];
#[cfg(not(feature = "jit"))]
static TIERS: [Tier; COUNT] = [];

impl Tier {
    /// Whether it may run a kernel for this executor.
    fn serves(&self, executor: Executor) -> bool {
        executor == Executor::Auto || executor == self.executor
    }

    fn takes(&self, kernel: &Kernel) -> bool {
        kernel.insts.len() <= self.largest
    }

    fn compile(&self, kernel: &Kernel) -> Result<Arc<dyn Compiled>, Unsupported> {
        if !self.takes(kernel) {
            return Err(Unsupported(format!("it has more than {} instructions", self.largest)));
        }
        (self.make)()?.compile(kernel)
    }

    /// Interpreted operations that take as long as compiling.
    fn pays_from(&self, kernel: &Kernel) -> f64 {
        let [once, each] = self.compiling;
        (once + each * kernel.insts.len() as f64) / cost::INTERPRETED
    }
}

/// What running a kernel costs the interpreter whatever the number of points, as points.
const STARTING: usize = 100;

/// A kernel with its executors.
pub struct Tiered {
    kernel: Kernel,
    weight: f64,
    crowded: bool,
    interpreted: OnceLock<Arc<dyn Compiled>>,
    /// What each native back end made of it, once asked.
    native: [OnceLock<Result<Arc<dyn Compiled>, Unsupported>>; COUNT],
    compiling: AtomicBool,
    /// The work that has been interpreted, in simple operations.
    work: AtomicU64,
}

impl Tiered {
    /// A kernel that the verifier accepts. Nothing is compiled yet.
    pub fn new(kernel: Kernel) -> Tiered {
        Tiered {
            weight: cost::weight(&kernel),
            crowded: crowded(&kernel),
            kernel,
            interpreted: OnceLock::new(),
            native: [const { OnceLock::new() }; COUNT],
            compiling: AtomicBool::new(false),
            work: AtomicU64::new(0),
        }
    }

    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// How much work a point is, in simple operations.
    pub fn weight(&self) -> f64 {
        self.weight
    }

    /// Whether its values crowd registers, so that native code is no faster.
    pub fn crowded(&self) -> bool {
        self.crowded
    }

    /// What runs the kernel, for a run of this many points.
    pub fn runnable(&self, executor: Executor, points: usize) -> &Arc<dyn Compiled> {
        match self.compiled(executor, points) {
            Some(native) => native,
            None => self.interpreted.get_or_init(|| interpret(&self.kernel)),
        }
    }

    /// The native code, if there is any, or if it is worth compiling with this run.
    fn compiled(&self, executor: Executor, points: usize) -> Option<&Arc<dyn Compiled>> {
        for (tier, form) in TIERS.iter().zip(&self.native).filter(|(tier, _)| tier.serves(executor)) {
            match form.get() {
                Some(Ok(native)) => return Some(native),
                Some(Err(_)) => {}
                None if executor == Executor::Auto => return self.perhaps_compile(tier, form, points),
                None => return form.get_or_init(|| tier.compile(&self.kernel)).as_ref().ok(),
            }
        }
        None
    }

    /// Compiles once the work pays for it; one thread does, the others go on interpreting meanwhile.
    fn perhaps_compile<'a>(
        &'a self,
        tier: &Tier,
        form: &'a OnceLock<Result<Arc<dyn Compiled>, Unsupported>>,
        points: usize,
    ) -> Option<&'a Arc<dyn Compiled>> {
        let work = self.work_of(points);
        let done = self.work.fetch_add(work, Ordering::Relaxed).saturating_add(work);
        if !self.pays(tier, done) || self.compiling.swap(true, Ordering::Relaxed) {
            return None;
        }
        let made = form.get_or_init(|| tier.compile(&self.kernel)).as_ref().ok();
        self.compiling.store(false, Ordering::Relaxed);
        made
    }

    /// A run's work for the interpreter, in simple operations.
    fn work_of(&self, points: usize) -> u64 {
        (points.saturating_add(STARTING) as f64 * self.weight) as u64
    }

    /// Whether that much work is worth compiling for.
    fn pays(&self, tier: &Tier, work: u64) -> bool {
        !self.crowded && tier.takes(&self.kernel) && work as f64 >= tier.pays_from(&self.kernel)
    }

    /// Makes what runs the kernel when many calls are to come.
    pub fn prepare(&self, executor: Executor) {
        if executor == Executor::Auto && !self.crowded {
            // The first back end that takes it.
            let mut made = TIERS.iter().zip(&self.native).map(|(t, form)| form.get_or_init(|| t.compile(&self.kernel)));
            made.any(Result::is_ok);
        }
        self.runnable(executor, 0);
    }

    /// Whether native code would run the kernel, for a run of this many points.
    pub fn expects_native(&self, executor: Executor, points: usize) -> bool {
        self.expected(executor, points).is_some()
    }

    /// The back end whose code would run the kernel.
    fn expected(&self, executor: Executor, points: usize) -> Option<&'static Tier> {
        TIERS.iter().zip(&self.native).filter(|(tier, _)| tier.serves(executor)).find_map(|(tier, form)| {
            let would = match form.get() {
                Some(form) => form.is_ok(),
                None if executor == Executor::Auto => {
                    let done = self.work.load(Ordering::Relaxed);
                    self.pays(tier, done.saturating_add(self.work_of(points)))
                }
                None => tier.takes(&self.kernel),
            };
            would.then_some(tier)
        })
    }

    /// Why there is no native code although it was asked for, or would pay; `None` where there is, or where nothing speaks
    /// against it.
    pub fn why_not(&self) -> Option<&str> {
        if self.native.iter().any(|form| matches!(form.get(), Some(Ok(_)))) {
            return None;
        }
        let refused = self.native.iter().find_map(|form| form.get()?.as_ref().err());
        match refused {
            Some(Unsupported(why)) => Some(why),
            None if TIERS.is_empty() => Some("there is no other without the feature `jit`"),
            None if self.crowded => Some("machine code would be no faster"),
            None if !TIERS.iter().any(|tier| tier.takes(&self.kernel)) => {
                Some("it has too many instructions to compile")
            }
            None => None,
        }
    }

    /// What a plan needs to know of what would run it, for a run of this many points.
    #[cfg_attr(not(any(test, feature = "internals")), allow(dead_code))] // The planner will ask.
    pub fn facts(&self, executor: Executor, points: usize) -> Facts {
        match self.expected(executor, points).and_then(|tier| (tier.make)().ok()) {
            Some(native) => native.facts(&self.kernel),
            None => Interp::new().facts(&self.kernel),
        }
    }

    /// The machine code that the first back end makes of it, as text.
    ///
    /// # Errors
    /// Why it makes none.
    pub fn listing(&self) -> Result<String, Unsupported> {
        match TIERS.iter().find(|tier| tier.takes(&self.kernel)) {
            Some(tier) => (tier.make)()?.listing(&self.kernel),
            None => Err(Unsupported(self.why_not().unwrap_or_default().into())),
        }
    }
}

#[cfg(feature = "jit")]
use super::native::crowded::crowded;

/// Nothing is where there is no native code.
#[cfg(not(feature = "jit"))]
fn crowded(_: &Kernel) -> bool {
    false
}

/// The interpreter takes every kernel.
fn interpret(kernel: &Kernel) -> Arc<dyn Compiled> {
    match Interp::new().compile(kernel) {
        Ok(compiled) => compiled,
        // What is lowered is what the verifier accepts (debug builds check it), and of that nothing is refused.
        Err(e) => unreachable!("the interpreter takes every kernel: {e:?}\n{kernel}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtype::DType;
    use crate::ir::{Access, Builder, LoopId, Op, Role, Stride};

    /// `x + x + ...`
    fn chain(length: usize) -> Tiered {
        let mut b = Builder::verbatim(1);
        let x = b.operand("x", DType::F64, Role::In, &[Stride::Unit]);
        let x = b.load(Access::plain(x, [LoopId(0)]));
        let sum = (0..length).fold(x, |sum, _| b.op(Op::Add, &[sum, x]));
        let y = b.operand("y", DType::F64, Role::Out, &[Stride::Unit]);
        b.store(Access::plain(y, [LoopId(0)]), sum);
        Tiered::new(b.finish())
    }

    #[test]
    fn little_work_is_interpreted_and_much_is_compiled() {
        let native = cfg!(feature = "jit");
        let kernel = chain(3);
        assert!(!kernel.expects_native(Executor::Auto, 8) && !kernel.expects_native(Executor::Interpreter, 1 << 30));
        assert_eq!(kernel.expects_native(Executor::Auto, 1 << 24), native);
        assert_eq!(kernel.expects_native(Executor::Cranelift, 8), native);
        assert!(kernel.runnable(Executor::Auto, 8).code().is_none());
        assert!(kernel.runnable(Executor::Interpreter, 1 << 30).code().is_none());
        // Small work adds up.
        let runs = (0..1_000_000).position(|_| kernel.runnable(Executor::Auto, 100).code().is_some());
        assert_eq!(runs.is_some(), native);
        assert_eq!(kernel.runnable(Executor::Auto, 8).code().is_some(), native);
        assert_eq!(kernel.facts(Executor::Auto, 8).non_temporal.is_some(), native && cfg!(target_arch = "x86_64"));
        assert_eq!(kernel.why_not().is_none(), native);
        let prepared = chain(3);
        prepared.prepare(Executor::Auto);
        assert_eq!(prepared.runnable(Executor::Auto, 1).code().is_some(), native);
    }

    #[test]
    #[cfg(feature = "jit")]
    fn what_is_not_compiled_says_why() {
        let kernel = chain(30_000);
        assert_eq!(kernel.why_not(), Some("it has too many instructions to compile"));
        assert!(kernel.runnable(Executor::Cranelift, 1).code().is_none());
        assert_eq!(kernel.why_not(), Some("it has more than 30000 instructions"));
        assert!(kernel.listing().is_err() && !kernel.expects_native(Executor::Cranelift, 1));
    }
}
