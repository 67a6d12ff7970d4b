//! The two float types, errors in units in the last place, and evaluation through the front door.

use tilexpr::math::Elementary;
use tilexpr::{Accuracy, Args, Element, Executor, Expr, IntoArg, Out, Threads};

/// A float type.
pub trait Float: Element + Copy + std::fmt::Debug {
    /// Its name.
    const NAME: &'static str;
    /// The bit of the sign.
    const SIGN: u64;
    /// The exponent of the least positive number.
    const LEAST: i32;
    /// The exponent of the greatest number.
    const MOST: i32;
    /// The greatest number.
    const MAX: Self;

    /// The number with these bits.
    fn of(bits: u64) -> Self;
    /// Its bits.
    fn bits(self) -> u64;
    /// The nearest one.
    fn nearest(x: f64) -> Self;
    /// As `f64`, exactly.
    fn wide(self) -> f64;
}

macro_rules! floats {
    ($($t:ident $u:ident $least:literal;)*) => { $(
        impl Float for $t {
            const NAME: &'static str = stringify!($t);
            const SIGN: u64 = 1 << ($u::BITS - 1);
            const LEAST: i32 = $least;
            const MOST: i32 = $t::MAX_EXP - 1;
            const MAX: $t = $t::MAX;

            fn of(bits: u64) -> $t { $t::from_bits(bits as $u) }
            fn bits(self) -> u64 { self.to_bits().into() }
            fn nearest(x: f64) -> $t { x as $t }
            fn wide(self) -> f64 { self.into() }
        }
    )* };
}

floats! {
    f32 u32 -149;
    f64 u64 -1074;
}

/// A number with its bits, for messages.
pub fn show<T: Float>(x: T) -> String {
    format!("{x:?} ({:#x})", x.bits())
}

/// Whether two results are the same: to the bit, or both NaN.
pub fn same<T: Float>(a: T, b: T) -> bool {
    a.bits() == b.bits() || a.wide().is_nan() && b.wide().is_nan()
}

/// Bits as an integer that grows with the value.
pub fn ordered<T: Float>(x: T) -> i128 {
    let size = i128::from(x.bits() & !T::SIGN);
    if x.bits() & T::SIGN != 0 { -size } else { size }
}

/// The error in ulp of an answer where the true value lies `excess` ulp above `expected`; infinite where something must be
/// met exactly and is not.
pub fn error<T: Float>(found: T, expected: T, excess: f64) -> f64 {
    let (value, answer) = (expected.wide(), found.wide());
    if same(found, expected) {
        return excess.abs();
    }
    if answer.is_nan() || value == 0.0 || !value.is_finite() {
        return f64::INFINITY;
    }
    ((ordered(found) - ordered(expected)) as f64 - excess).abs()
}

/// The forms of a function: each with its bound in ulp.
pub fn forms<T: Float>(function: Elementary) -> impl Iterator<Item = (Accuracy, f64)> {
    let at = usize::from(T::NAME == "f64");
    let row = function.row();
    let fast = row.fast_ulp.map(|ulp| (Accuracy::Fast, ulp[at]));
    std::iter::once((Accuracy::Best, row.ulp[at])).chain(fast)
}

/// The function of `x` (and `y`) as an expression.
pub fn expression(function: Elementary, accuracy: Accuracy, executor: Executor) -> Expr {
    let text = format!("{}({})", function.name(), if function.row().arity == 2 { "x, y" } else { "x" });
    let builder = Expr::builder().accuracy(accuracy).executor(executor).threads(Threads::Serial);
    builder.compile(&text).unwrap_or_else(|e| panic!("{e}"))
}

/// The values of such an expression. A function of one argument does not look at `y`.
pub fn values<T: Float>(expression: &Expr, x: &[T], y: &[T]) -> Vec<T>
where
    for<'a> &'a [T]: IntoArg<'a>,
    [T]: Out,
{
    let mut out = vec![T::nearest(f64::NAN); x.len()];
    let args = Args::new().with("x", x);
    let args = if expression.names().len() == 2 { args.with("y", y) } else { args };
    expression.eval_into(&args, &mut out[..]).unwrap();
    out
}
