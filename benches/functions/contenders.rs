//! The ways to a function of many numbers: this library, Rust's std, `libm`, and the vector mathematics that builds on stable.
//!
//! `wide` compiles for the instructions that the program is compiled for (see `RUSTFLAGS` in `main`), and `rten-vecmath` chooses
//! them when it runs, as this library does; it has few functions, of `f32`, with errors of some ulp. `sleef`, the
//! port of the library of that name, needs a nightly compiler. Accuracy differs: std is glibc's (or the platform's), within
//! an ulp mostly; `wide` promises nothing.

use rten_simd::SimdUnaryOp;
use rten_vecmath::ExtendInit;
use tilexpr::math::Elementary;
use tilexpr::{Accuracy, Args, Element, Executor, Expr, IntoArg, Prepared, Threads};

/// Arguments and room for the results.
pub struct Points<T> {
    pub x: Vec<T>,
    pub y: Vec<T>,
    pub out: Vec<T>,
}

/// A way: all results, of all arguments.
pub type Way<T> = Box<dyn Fn(&mut Points<T>)>;

/// The contenders, in the order of the tables.
pub const NAMES: [&str; 6] = ["tilexpr", "fast", "std", "libm", "wide", "rten"];

/// A float type, with the ways that others have.
pub trait Float: Element + Copy + Default + Send + Sync {
    /// Its name.
    const NAME: &'static str;
    /// The nearest number.
    fn of(x: f64) -> Self;
    /// As a parameter.
    fn like(x: &[Self]) -> impl IntoArg<'_>;
    /// Rust's standard library.
    fn std(function: Elementary) -> Option<Way<Self>>;
    /// The `libm` crate.
    fn libm(function: Elementary) -> Option<Way<Self>>;
    /// The `wide` crate.
    fn wide(function: Elementary) -> Option<Way<Self>>;
    /// The `rten-vecmath` crate.
    fn rten(function: Elementary) -> Option<Way<Self>>;
}

/// All ways to a function, with their names.
pub fn ways<T: Float>(function: Elementary) -> Vec<(&'static str, Way<T>)> {
    let fast = function.row().fast_ulp.map(|_| tilexpr(function, Accuracy::Fast));
    let all = [
        Some(tilexpr(function, Accuracy::Best)),
        fast,
        T::std(function),
        T::libm(function),
        T::wide(function),
        T::rten(function),
    ];
    NAMES.into_iter().zip(all).filter_map(|(name, way)| Some((name, way?))).collect()
}

/// This library, on one thread.
fn tilexpr<T: Float>(function: Elementary, accuracy: Accuracy) -> Way<T> {
    let two = function.row().arity == 2;
    let text = format!("{}({})", function.name(), if two { "x, y" } else { "x" });
    let builder = Expr::builder().accuracy(accuracy).executor(Executor::Native).threads(Threads::Serial);
    let expr = builder.compile(&text).expect("every function has its name");
    let one = [T::of(1.0)];
    let like = Args::new().with("x", T::like(&one)).with("y", T::like(&one));
    let prepared: Prepared<2> = expr.prepare(["x", "y"], like).expect("it prepares");
    Box::new(move |p| prepared.call_slices([&p.x, &p.y], &mut p.out).expect("it runs"))
}

fn one<T: Copy>(f: impl Fn(T) -> T + 'static) -> Way<T> {
    Box::new(move |p| p.out.iter_mut().zip(&p.x).for_each(|(out, &x)| *out = f(x)))
}

fn two<T: Copy>(f: impl Fn(T, T) -> T + 'static) -> Way<T> {
    Box::new(move |p| p.out.iter_mut().zip(&p.x).zip(&p.y).for_each(|((out, &x), &y)| *out = f(x, y)))
}

/// Vectors of `wide` at a time; the number of points is a multiple of all widths.
macro_rules! lanes {
    ($wide:ty, $n:literal, |$x:ident $(, $y:ident)?| $value:expr) => {
        Box::new(move |p| {
            let arguments = p.x.as_chunks::<$n>().0.iter().zip(p.y.as_chunks::<$n>().0);
            for (out, (x, y)) in p.out.as_chunks_mut::<$n>().0.iter_mut().zip(arguments) {
                let ($x, _y) = (<$wide>::from(*x), <$wide>::from(*y));
                $(let $y = _y;)?
                *out = $value.to_array();
            }
        })
    };
}

macro_rules! floats {
    ($t:ident, $wide:ty, $n:literal, $rten:expr, { $($function:ident $libm:ident,)* }) => {
        impl Float for $t {
            const NAME: &'static str = stringify!($t);

            fn of(x: f64) -> $t {
                x as $t
            }

            fn like(x: &[$t]) -> impl IntoArg<'_> {
                x
            }

            fn std(function: Elementary) -> Option<Way<$t>> {
                Some(match function {
                    Elementary::Exp => one($t::exp),
                    Elementary::Exp2 => one($t::exp2),
                    Elementary::Expm1 => one($t::exp_m1),
                    Elementary::Log => one($t::ln),
                    Elementary::Log2 => one($t::log2),
                    Elementary::Log10 => one($t::log10),
                    Elementary::Log1p => one($t::ln_1p),
                    Elementary::Sin => one($t::sin),
                    Elementary::Cos => one($t::cos),
                    Elementary::Tan => one($t::tan),
                    Elementary::Arcsin => one($t::asin),
                    Elementary::Arccos => one($t::acos),
                    Elementary::Arctan => one($t::atan),
                    Elementary::Arctan2 => two($t::atan2),
                    Elementary::Sinh => one($t::sinh),
                    Elementary::Cosh => one($t::cosh),
                    Elementary::Tanh => one($t::tanh),
                    Elementary::Arcsinh => one($t::asinh),
                    Elementary::Arccosh => one($t::acosh),
                    Elementary::Arctanh => one($t::atanh),
                    Elementary::Pow => two($t::powf),
                    Elementary::Cbrt => one($t::cbrt),
                    Elementary::Hypot => two($t::hypot),
                    Elementary::Fmod => two(|x, y| x % y),
                    // As NumPy computes it.
                    Elementary::Logaddexp => two(|x: $t, y: $t| x.max(y) + (-(x - y).abs()).exp().ln_1p()),
                    Elementary::Erf | Elementary::Erfc | Elementary::Ndtri | Elementary::Gamma | Elementary::Lgamma => {
                        return None;
                    }
                })
            }

            fn libm(function: Elementary) -> Option<Way<$t>> {
                Some(match function {
                    Elementary::Arctan2 => two(libm_two::$t::atan2),
                    Elementary::Pow => two(libm_two::$t::pow),
                    Elementary::Hypot => two(libm_two::$t::hypot),
                    Elementary::Fmod => two(libm_two::$t::fmod),
                    Elementary::Logaddexp | Elementary::Ndtri => return None,
                    $(Elementary::$function => one(libm::$libm),)*
                })
            }

            fn wide(function: Elementary) -> Option<Way<$t>> {
                Some(match function {
                    Elementary::Exp => lanes!($wide, $n, |x| x.exp()),
                    Elementary::Exp2 => lanes!($wide, $n, |x| x.exp2()),
                    Elementary::Expm1 => lanes!($wide, $n, |x| x.exp_m1()),
                    Elementary::Log => lanes!($wide, $n, |x| x.ln()),
                    Elementary::Log2 => lanes!($wide, $n, |x| x.log2()),
                    Elementary::Log10 => lanes!($wide, $n, |x| x.log10()),
                    Elementary::Log1p => lanes!($wide, $n, |x| x.ln_1p()),
                    Elementary::Sin => lanes!($wide, $n, |x| x.sin()),
                    Elementary::Cos => lanes!($wide, $n, |x| x.cos()),
                    Elementary::Tan => lanes!($wide, $n, |x| x.tan()),
                    Elementary::Arcsin => lanes!($wide, $n, |x| x.asin()),
                    Elementary::Arccos => lanes!($wide, $n, |x| x.acos()),
                    Elementary::Arctan => lanes!($wide, $n, |x| x.atan()),
                    Elementary::Arctan2 => lanes!($wide, $n, |x, y| x.atan2(y)),
                    Elementary::Sinh => lanes!($wide, $n, |x| x.sinh()),
                    Elementary::Cosh => lanes!($wide, $n, |x| x.cosh()),
                    Elementary::Tanh => lanes!($wide, $n, |x| x.tanh()),
                    Elementary::Pow => lanes!($wide, $n, |x, y| x.powf_simd(y)),
                    Elementary::Cbrt => lanes!($wide, $n, |x| x.cbrt()),
                    _ => return None,
                })
            }

            fn rten(function: Elementary) -> Option<Way<$t>> {
                ($rten)(function)
            }
        }
    };
}

/// The functions of two arguments, whose names in `libm` differ by type.
mod libm_two {
    pub mod f32 {
        pub use libm::{atan2f as atan2, fmodf as fmod, hypotf as hypot, powf as pow};
    }
    pub mod f64 {
        pub use libm::{atan2, fmod, hypot, pow};
    }
}

floats!(f64, wide::f64x4, 4, |_| None, {
    Exp exp, Exp2 exp2, Expm1 expm1, Log log, Log2 log2, Log10 log10, Log1p log1p, Sin sin, Cos cos, Tan tan, Arcsin asin,
    Arccos acos, Arctan atan, Sinh sinh, Cosh cosh, Tanh tanh, Arcsinh asinh, Arccosh acosh, Arctanh atanh, Cbrt cbrt, Erf erf,
    Erfc erfc, Gamma tgamma, Lgamma lgamma,
});

floats!(f32, wide::f32x8, 8, rten, {
    Exp expf, Exp2 exp2f, Expm1 expm1f, Log logf, Log2 log2f, Log10 log10f, Log1p log1pf, Sin sinf, Cos cosf, Tan tanf,
    Arcsin asinf, Arccos acosf, Arctan atanf, Sinh sinhf, Cosh coshf, Tanh tanhf, Arcsinh asinhf, Arccosh acoshf,
    Arctanh atanhf, Cbrt cbrtf, Erf erff, Erfc erfcf, Gamma tgammaf, Lgamma lgammaf,
});

fn rten(function: Elementary) -> Option<Way<f32>> {
    Some(match function {
        Elementary::Exp => mapped(rten_vecmath::Exp {}),
        Elementary::Sin => mapped(rten_vecmath::Sin::new()),
        Elementary::Cos => mapped(rten_vecmath::Cos::new()),
        Elementary::Tanh => mapped(rten_vecmath::Tanh {}),
        Elementary::Erf => mapped(rten_vecmath::Erf {}),
        _ => return None,
    })
}

fn mapped(function: impl SimdUnaryOp<f32> + 'static) -> Way<f32> {
    Box::new(move |p| {
        let Points { x, out, .. } = p;
        // It writes to room that is not initialised yet.
        out.clear();
        out.extend_init(|room| function.map(x, &mut room[..x.len()]));
    })
}

/// The interval of the arguments, ordinary ones: what a user computes with, not what is hard.
pub fn interval(function: Elementary) -> [(f64, f64); 2] {
    let x = match function {
        Elementary::Log | Elementary::Log2 | Elementary::Log10 => (0.01, 100.0),
        Elementary::Log1p => (-0.9, 10.0),
        Elementary::Arcsin | Elementary::Arccos | Elementary::Arctanh => (-1.0, 1.0),
        Elementary::Arccosh => (1.0, 20.0),
        Elementary::Tanh | Elementary::Erf | Elementary::Erfc => (-4.0, 4.0),
        Elementary::Ndtri => (0.0, 1.0),
        Elementary::Gamma | Elementary::Lgamma => (0.1, 30.0),
        Elementary::Pow => (0.1, 10.0),
        Elementary::Fmod | Elementary::Cbrt => (-100.0, 100.0),
        _ => (-10.0, 10.0),
    };
    [x, if function == Elementary::Fmod { (1.0, 5.0) } else { (-10.0, 10.0) }]
}
