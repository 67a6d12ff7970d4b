//! True values, by MPFR, whose functions are correctly rounded at any precision.

use rug::Float as Big;
use rug::ops::Pow;
use tilexpr::math::Elementary;

use crate::float::Float;

/// Bits beyond those of the type: the distance of a value from a float is known to 2^-40 of a unit in the last place.
const BEYOND: u32 = 43;

/// A true value.
pub struct Truth<T> {
    /// Rounded to nearest.
    pub rounded: T,
    /// How far it lies above `rounded`, in units in the last place of `rounded`.
    pub excess: f64,
}

/// The true value of a function of one argument (`y` is not looked at) or two.
pub fn truth<T: Float>(function: Elementary, x: T, y: T) -> Truth<T> {
    let value = value(function, T::PRECISION as u32 + BEYOND, x.wide(), y.wide());
    let rounded = T::round(&value);
    let wide = rounded.wide();
    if wide == 0.0 || !wide.is_finite() {
        return Truth { rounded, excess: 0.0 };
    }
    // 2^(exponent - 1) <= |rounded| < 2^exponent
    let exponent = Big::with_val(53, wide).get_exp().unwrap_or(0);
    let unit = (exponent - T::PRECISION).max(T::LEAST);
    Truth { rounded, excess: ((value - wide) >> unit).to_f64() }
}

/// The error of an answer, in units in the last place: infinite where the answer must be met exactly (zeros, infinities,
/// NaN) and is not.
pub fn error<T: Float>(found: T, truth: &Truth<T>) -> f64 {
    let wanted = truth.rounded.wide();
    if wanted.is_nan() {
        return if found.wide().is_nan() { 0.0 } else { f64::INFINITY };
    }
    if found.bits() == truth.rounded.bits() {
        return truth.excess.abs();
    }
    if found.wide().is_nan() || wanted == 0.0 || wanted.is_infinite() {
        return f64::INFINITY;
    }
    // The difference of two orders can be as long as an i64 has bits.
    let steps = i128::from(found.order()) - i128::from(truth.rounded.order());
    (steps as f64 - truth.excess).abs()
}

fn value(function: Elementary, bits: u32, x: f64, y: f64) -> Big {
    // Exact: both types fit.
    let (a, b) = (Big::with_val(53, x), Big::with_val(53, y));
    match function {
        Elementary::Exp => Big::with_val(bits, a.exp_ref()),
        Elementary::Exp2 => Big::with_val(bits, a.exp2_ref()),
        Elementary::Expm1 => Big::with_val(bits, a.exp_m1_ref()),
        Elementary::Log => Big::with_val(bits, a.ln_ref()),
        Elementary::Log2 => Big::with_val(bits, a.log2_ref()),
        Elementary::Log10 => Big::with_val(bits, a.log10_ref()),
        Elementary::Log1p => Big::with_val(bits, a.ln_1p_ref()),
        Elementary::Sin => Big::with_val(bits, a.sin_ref()),
        Elementary::Cos => Big::with_val(bits, a.cos_ref()),
        Elementary::Tan => Big::with_val(bits, a.tan_ref()),
        Elementary::Arcsin => Big::with_val(bits, a.asin_ref()),
        Elementary::Arccos => Big::with_val(bits, a.acos_ref()),
        Elementary::Arctan => Big::with_val(bits, a.atan_ref()),
        Elementary::Arctan2 => Big::with_val(bits, a.atan2_ref(&b)),
        Elementary::Sinh => Big::with_val(bits, a.sinh_ref()),
        Elementary::Cosh => Big::with_val(bits, a.cosh_ref()),
        Elementary::Tanh => Big::with_val(bits, a.tanh_ref()),
        Elementary::Arcsinh => Big::with_val(bits, a.asinh_ref()),
        Elementary::Arccosh => Big::with_val(bits, a.acosh_ref()),
        Elementary::Arctanh => Big::with_val(bits, a.atanh_ref()),
        Elementary::Pow => Big::with_val(bits, (&a).pow(&b)),
        Elementary::Cbrt => Big::with_val(bits, a.cbrt_ref()),
        Elementary::Hypot => Big::with_val(bits, a.hypot_ref(&b)),
        Elementary::Fmod => Big::with_val(bits, &a % &b),
        Elementary::Erf => Big::with_val(bits, a.erf_ref()),
        Elementary::Erfc => Big::with_val(bits, a.erfc_ref()),
        Elementary::Ndtri => ndtri(bits, x),
        Elementary::Gamma => Big::with_val(bits, a.gamma_ref()),
        Elementary::Lgamma => {
            let mut a = Big::with_val(bits, &a);
            a.ln_abs_gamma_mut();
            a
        }
        Elementary::Logaddexp => logaddexp(bits, x, y),
    }
}

/// The inverse of the normal distribution, by Newton's method on the logarithm of what is above |z|.
fn ndtri(bits: u32, p: f64) -> Big {
    if !(0.0..=1.0).contains(&p) {
        return Big::with_val(bits, f64::NAN);
    }
    // (Exact.)
    let a = p.min(1.0 - p);
    if a == 0.0 || a == 0.5 {
        return Big::with_val(bits, if a == 0.5 { 0.0 } else if p > 0.5 { f64::INFINITY } else { f64::NEG_INFINITY });
    }
    // Next to 1/2 the result is small: so many more bits as the step cancels.
    let work = bits + 128;
    let (wanted, root) = (Big::with_val(work, a).ln(), Big::with_val(work, 0.5).sqrt());
    let mut z = Big::with_val(work, (-2.0 * a.ln()).sqrt());
    for _ in 0..200 {
        let above = Big::with_val(work, &z * &root).erfc() / 2u32;
        let square = Big::with_val(work, z.square_ref()) / 2u32;
        let density = Big::with_val(work, -square).exp() * &root / Big::with_val(work, rug::float::Constant::Pi).sqrt();
        let step = (Big::with_val(work, above.ln_ref()) - &wanted) * above / density;
        let done = step.get_exp().zip(z.get_exp()).is_none_or(|(step, z)| step < z - bits as i32 - 16);
        z += step;
        if done {
            break;
        }
    }
    if p < 0.5 { -z } else { z }
}

/// `h + log1p(exp(l - h))` of the greater and the lesser argument, with as many more bits as the sum cancels.
fn logaddexp(bits: u32, x: f64, y: f64) -> Big {
    if x.is_nan() || y.is_nan() || x.is_infinite() || y.is_infinite() {
        // log(0 + exp(-0)) is log(1): 0, not -0.
        let special = if x.is_nan() || y.is_nan() { f64::NAN } else { x.max(y) + 0.0 };
        return Big::with_val(bits, special);
    }
    let (high, low) = (Big::with_val(53, x.max(y)), Big::with_val(53, x.min(y)));
    let mut work = bits + 32;
    loop {
        // Below this the exponential is nothing beside any `high`; and `low - high` is exact above it where it matters.
        let mut tail = Big::with_val(work + 64, &low - &high);
        tail.exp_mut();
        tail.ln_1p_mut();
        let sum = Big::with_val(work, &high + &tail);
        let cancelled = match (high.get_exp(), sum.get_exp()) {
            (Some(of_high), Some(of_sum)) => (of_high - of_sum).max(0) as u32,
            _ => 0,
        };
        if bits + 32 + cancelled <= work || (sum.is_zero() && work > 4096) {
            return Big::with_val(bits, &sum);
        }
        work = if sum.is_zero() { 4 * work } else { bits + 32 + cancelled };
    }
}
