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
#[cfg(all(feature = "jit", target_arch = "x86_64", unix))]
use super::x86::{Form, X86};
use super::{Backend, Compiled, Facts, Unsupported};
use crate::ir::{Kernel, cost};

/// Which executor runs kernels. The results do not depend on it.
///
/// The variable `TILEXPR_EXECUTOR` says which native code `Auto` and `Native` begin with: `avx512`, `avx512-256`, `avx2` or `cranelift`, each
/// followed by those after it; or `interpreter`. It is read once in a process.
///
/// ```
/// use tilexpr::{Executor, Expr, args};
/// let a = [0.1, 0.2, 0.3];
/// let sum = |executor| Expr::builder().executor(executor).compile("sum(a/3)")?.eval::<f64>(args![a]).map_err(Into::into);
/// let sums: Result<Vec<f64>, Box<dyn std::error::Error>> =
///     Executor::available().map(sum).collect();
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
    /// The best native code that this machine runs, from the first call on (the interpreter where the feature `jit` is off, or the
    /// machine gives no executable memory).
    Native,
    /// Native code with AVX-512 and vectors of 512 bits, of 256 where a kernel only moves memory, from the first call on (the interpreter where
    /// the machine has none; so for the others below).
    Avx512,
    /// Native code with AVX-512 and vectors of 256 bits.
    Avx512Narrow,
    /// Native code with AVX2 and FMA.
    Avx2,
    /// Native code through Cranelift, with vectors of 128 bits, on all machines that it knows.
    Cranelift,
}

impl Executor {
    /// Those that run on this machine, with this build's features.
    ///
    /// ```
    /// use tilexpr::Executor;
    /// assert!(Executor::available().any(|executor| executor == Executor::Interpreter));
    /// ```
    pub fn available() -> impl Iterator<Item = Executor> {
        let native = TIERS.iter().filter(|tier| (tier.here)()).map(|tier| tier.executor);
        let best = native.clone().next().map(|_| Executor::Native);
        [Executor::Auto, Executor::Interpreter].into_iter().chain(best).chain(native)
    }
}

/// A native back end, and what is known of it before anything is compiled.
struct Tier {
    /// The executor that asks for it by name, and its name in the environment.
    executor: Executor,
    name: &'static str,
    /// Its name for a person.
    title: &'static str,
    /// Whether this machine runs its code.
    here: fn() -> bool,
    /// The back end for this machine.
    make: fn() -> Result<Box<dyn Backend>, Unsupported>,
    /// Nanoseconds that compiling takes, for a kernel and for each of its instructions.
    compiling: [f64; 2],
    /// Kernels of more instructions are interpreted: the time of the code generator grows faster than they do.
    largest: usize,
    /// Whether what crowds registers is compiled: where that takes little time.
    takes_crowded: bool,
}

/// How many native back ends there are.
const COUNT: usize =
    (cfg!(feature = "jit") as usize) + 3 * (cfg!(all(feature = "jit", target_arch = "x86_64", unix)) as usize);

/// The native back ends, the best first.
#[cfg(feature = "jit")]
static TIERS: [Tier; COUNT] = [
    #[cfg(all(target_arch = "x86_64", unix))]
    x86(Executor::Avx512, ["avx512", "AVX-512"], || Form::Avx512.is_here(), || Ok(Box::new(X86::new(Form::Avx512)?))),
    #[cfg(all(target_arch = "x86_64", unix))]
    x86(
        Executor::Avx512Narrow,
        ["avx512-256", "AVX-512, vectors of 256 bits"],
        || Form::Avx512Narrow.is_here(),
        || Ok(Box::new(X86::new(Form::Avx512Narrow)?)),
    ),
    #[cfg(all(target_arch = "x86_64", unix))]
    x86(Executor::Avx2, ["avx2", "AVX2"], || Form::Avx2.is_here(), || Ok(Box::new(X86::new(Form::Avx2)?))),
    Tier {
        executor: Executor::Cranelift,
        name: "cranelift",
        title: "Cranelift",
        here: || true,
        make: || Ok(Box::new(super::cranelift::Cranelift::new()?)),
        compiling: [100_000.0, 5000.0],
        largest: 30_000,
        takes_crowded: false,
    },
];
#[cfg(not(feature = "jit"))]
static TIERS: [Tier; COUNT] = [];

/// A form of the generator for x86.
#[cfg(all(feature = "jit", target_arch = "x86_64", unix))]
const fn x86(
    executor: Executor,
    [name, title]: [&'static str; 2],
    here: fn() -> bool,
    make: fn() -> Result<Box<dyn Backend>, Unsupported>,
) -> Tier {
    Tier { executor, name, title, here, make, compiling: [20_000.0, 500.0], largest: 30_000, takes_crowded: true }
}

/// The environment's variable that says which back end [`Executor::Auto`] and [`Executor::Native`] begin with: `avx512`, `avx512-256`,
/// `avx2` or `cranelift`, each with all that come after it; or `interpreter`.
const VARIABLE: &str = "TILEXPR_EXECUTOR";

/// The first back end that is not asked for by name.
fn first() -> usize {
    static FIRST: OnceLock<usize> = OnceLock::new();
    *FIRST.get_or_init(|| match std::env::var(VARIABLE) {
        Ok(name) if name == "interpreter" => COUNT,
        Ok(name) => TIERS.iter().position(|tier| tier.name == name).unwrap_or(0),
        Err(_) => 0,
    })
}

/// The back ends for an executor, the best first.
fn serving(executor: Executor) -> impl Iterator<Item = (usize, &'static Tier)> {
    let serves = move |(at, tier): &(usize, &Tier)| match executor {
        Executor::Auto | Executor::Native => *at >= first(),
        Executor::Interpreter => false,
        named => named == tier.executor,
    };
    TIERS.iter().enumerate().filter(serves).filter(|(_, tier)| (tier.here)())
}

impl Tier {
    fn takes(&self, kernel: &Kernel) -> bool {
        kernel.length() <= self.largest
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
        (once + each * kernel.length() as f64) / cost::INTERPRETED
    }
}

/// What running a kernel costs the interpreter whatever the number of points, as points.
const STARTING: usize = 100;

/// A kernel with its executors.
pub struct Tiered {
    kernel: Kernel,
    weight: f64,
    most: [f64; 2],
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
            most: cost::most(&kernel),
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

    /// The nanoseconds that a row takes, beside its points, and a point: see [`cost::most`].
    pub fn most(&self) -> [f64; 2] {
        self.most
    }

    /// Whether its values crowd registers, so that this machine's native code would be no faster.
    pub fn crowded(&self) -> bool {
        self.crowded && !serving(Executor::Auto).any(|(_, tier)| tier.takes_crowded)
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
        for (at, tier) in serving(executor) {
            let form = &self.native[at];
            match form.get() {
                Some(Ok(native)) => return Some(native),
                Some(Err(_)) => {}
                None if executor == Executor::Auto => return self.perhaps_compile(tier, form, points),
                // (The next one, where this one does not take it.)
                None => {
                    if let Ok(native) = form.get_or_init(|| tier.compile(&self.kernel)) {
                        return Some(native);
                    }
                }
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
        self.may(tier) && work as f64 >= tier.pays_from(&self.kernel)
    }

    /// Whether a back end may compile it unasked.
    fn may(&self, tier: &Tier) -> bool {
        (tier.takes_crowded || !self.crowded) && tier.takes(&self.kernel)
    }

    /// Makes what runs the kernel when many calls are to come.
    pub fn prepare(&self, executor: Executor) {
        if executor == Executor::Auto {
            // The first back end that takes it.
            let mut made = serving(executor)
                .filter(|(_, tier)| self.may(tier))
                .map(|(at, tier)| self.native[at].get_or_init(|| tier.compile(&self.kernel)));
            made.any(|made| made.is_ok());
        }
        self.runnable(executor, 0);
    }

    /// Whether native code would run the kernel, for a run of this many points.
    pub fn expects_native(&self, executor: Executor, points: usize) -> bool {
        self.expected(executor, points).is_some()
    }

    /// What that code is, for a person.
    pub fn native_title(&self, executor: Executor, points: usize) -> Option<&'static str> {
        self.expected(executor, points).map(|tier| tier.title)
    }

    /// The back end whose code would run the kernel.
    fn expected(&self, executor: Executor, points: usize) -> Option<&'static Tier> {
        serving(executor).find_map(|(at, tier)| {
            let would = match self.native[at].get() {
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
    pub fn why_not(&self, executor: Executor) -> Option<&str> {
        // Asked for by name where the machine has it not: it says so itself.
        if let Some(at) = TIERS.iter().position(|tier| tier.executor == executor && !(tier.here)()) {
            self.native[at].get_or_init(|| TIERS[at].compile(&self.kernel));
        }
        if self.native.iter().any(|form| matches!(form.get(), Some(Ok(_)))) {
            return None;
        }
        let refused = self.native.iter().find_map(|form| form.get()?.as_ref().err());
        match refused {
            Some(Unsupported(why)) => Some(why),
            None if TIERS.is_empty() => Some("there is no other without the feature `jit`"),
            None if serving(executor).next().is_none() => Some("as asked for"),
            None if self.crowded() => Some("machine code would be no faster"),
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
    pub fn listing(&self, executor: Executor) -> Result<String, Unsupported> {
        match serving(executor).find(|(_, tier)| tier.takes(&self.kernel)) {
            Some((_, tier)) => (tier.make)()?.listing(&self.kernel),
            None => Err(Unsupported(self.why_not(executor).unwrap_or_default().into())),
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
        #[cfg(target_arch = "x86_64")]
        let streams = native && std::arch::is_x86_feature_detected!("avx");
        #[cfg(not(target_arch = "x86_64"))]
        let streams = false;
        assert_eq!(kernel.facts(Executor::Auto, 8).non_temporal.is_some(), streams);
        assert_eq!(kernel.why_not(Executor::Auto).is_none(), native);
        let prepared = chain(3);
        prepared.prepare(Executor::Auto);
        assert_eq!(prepared.runnable(Executor::Auto, 1).code().is_some(), native);
    }

    #[test]
    #[cfg(feature = "jit")]
    fn what_is_not_compiled_says_why() {
        let kernel = chain(30_000);
        assert_eq!(kernel.why_not(Executor::Auto), Some("it has too many instructions to compile"));
        assert!(kernel.runnable(Executor::Cranelift, 1).code().is_none());
        assert_eq!(kernel.why_not(Executor::Cranelift), Some("it has more than 30000 instructions"));
        assert!(kernel.listing(Executor::Native).is_err() && !kernel.expects_native(Executor::Cranelift, 1));
    }

    /// What runs unasked is the first of the native back ends that are here: that of this name, where someone knows it
    /// (`tools/emulated-cpus.sh`).
    #[test]
    fn the_best_that_is_here() {
        let kernel = chain(3);
        let best = Executor::available().find(|executor| TIERS.iter().any(|tier| tier.executor == *executor));
        let title = TIERS.iter().find(|tier| Some(tier.executor) == best).map(|tier| tier.title);
        if std::env::var(VARIABLE).is_err() {
            assert_eq!(kernel.native_title(Executor::Native, 1), title);
            assert_eq!(kernel.native_title(Executor::Auto, 1 << 30), title);
        }
        if let Ok(known) = std::env::var("TILEXPR_BEST") {
            assert_eq!(title, Some(known.as_str()));
        }
    }

    /// A form that the machine has not is the interpreter, and says so; what is chosen unasked is the next one.
    #[test]
    #[cfg(all(feature = "jit", target_arch = "x86_64", unix))]
    fn forms_that_the_machine_has_not() {
        use crate::jit::x86::hide;
        let forms = [Executor::Avx512, Executor::Avx512Narrow, Executor::Avx2];
        for (hidden, missing) in [("avx512bw", &forms[..2]), ("bmi2", &forms)] {
            hide(&[hidden]);
            for &executor in missing {
                let kernel = chain(3);
                assert!(!Executor::available().any(|here| here == executor));
                assert!(!kernel.expects_native(executor, 1 << 30) && kernel.listing(executor).is_err());
                assert!(kernel.runnable(executor, 1 << 30).code().is_none());
                let why = kernel.why_not(executor).unwrap_or_default().to_string();
                assert!(why.starts_with("this machine has no AVX") && why.ends_with(" is missing"), "{why}");
            }
            let kernel = chain(3);
            assert!(kernel.runnable(Executor::Native, 1).code().is_some());
            let expected = Executor::available().nth(3);
            let title = kernel.native_title(Executor::Native, 1);
            assert_eq!(title == Some("AVX2"), expected == Some(Executor::Avx2), "{title:?} without {hidden}");
            assert!(matches!(title, Some("AVX2" | "Cranelift")), "{title:?} without {hidden}");
        }
        hide(&["avx512dq"]);
        let expr = crate::Expr::builder().executor(Executor::Avx512).threads(crate::Threads::Serial).compile("x*x");
        let explained = expr.unwrap().explain(crate::args![x = &[1.0, 2.0][..]]).unwrap().to_string();
        assert!(explained.contains("the interpreter: this machine has no AVX-512: avx"), "{explained}");
        hide(&[]);
    }
}
