//! Where a function of one argument is looked at: strata, each of which gets its share of the points.

use std::f64::consts::{FRAC_PI_2, LN_2};

use tilexpr::math::Elementary;

use crate::float::Float;
use crate::random::{Random, scale};

/// A kind of points.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stratum {
    /// Zeros, infinities, NaN, the ends of the ranges.
    Special,
    /// Any bits: every exponent, both signs, some NaN.
    Bits,
    /// Any magnitude from 2^-30 to 2^30.
    Magnitudes,
    /// Uniform over the interval where the function has something to do.
    Interval,
    /// Subnormal numbers.
    Subnormals,
    /// Small numbers.
    Small,
    /// Closer and closer to 1 or -1.
    One,
    /// About the places where the function, or a usual way to compute it, changes: edges of overflow, zeros, thresholds.
    Seams,
    /// About multiples: of pi/2, of ln(2)/64, of 1, as the function's argument reduction has it.
    Multiples,
    /// About simple fractions.
    Fractions,
    /// Two arguments, each from a stratum of its own.
    Apart,
    /// Two arguments close to each other.
    Close,
    /// Two arguments with a ratio of any size.
    Ratios,
    /// Two arguments that are made for the function: see `pairs`.
    Made,
}

/// The strata of one argument, each as often as it stands here.
const STRATA: &[Stratum] = &[
    Stratum::Bits,
    Stratum::Magnitudes,
    Stratum::Interval,
    Stratum::Interval,
    Stratum::Subnormals,
    Stratum::Small,
    Stratum::One,
    Stratum::Seams,
    Stratum::Multiples,
    Stratum::Fractions,
];

/// Arguments that every function meets, whatever the number of points.
pub fn specials<T: Float>() -> Vec<T> {
    let ends = [T::of(1), T::nearest(scale(1.0, T::NORMAL)), T::nearest(f64::INFINITY).step(-1)];
    let near = ends.iter().flat_map(|&x| [x.step(-1), x, x.step(1)]);
    let plain = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 10.0, 100.0].map(T::nearest);
    let positive = plain.into_iter().chain(near);
    positive.flat_map(|x| [x, T::of(x.bits() | T::sign_bit())]).chain([T::nearest(f64::NAN)]).collect()
}

/// A random point.
pub fn point<T: Float>(function: Elementary, random: &mut Random) -> (T, Stratum) {
    let stratum = random.choose(STRATA);
    let x = inside(function, one::<T>(function, stratum, random), random);
    (x, stratum)
}

/// A random number of a stratum.
pub fn one<T: Float>(function: Elementary, stratum: Stratum, random: &mut Random) -> T {
    let precision = f64::from(T::PRECISION);
    let x = match stratum {
        Stratum::Bits => return T::of(random.bits() >> (64 - T::BITS)),
        Stratum::Subnormals => {
            let bits = random.bits() >> random.whole(64 - i64::from(T::PRECISION) + 1, 63);
            return T::of(bits | if random.bits() & 1 == 0 { 0 } else { T::sign_bit() });
        }
        Stratum::Magnitudes => random.sign() * random.magnitude(-30.0, 30.0),
        Stratum::Small => random.sign() * random.magnitude(f64::from(T::NORMAL), -8.0),
        Stratum::One => random.sign() * (1.0 + random.sign() * random.magnitude(-precision - 1.0, -1.0)),
        Stratum::Seams => {
            let seams = seams::<T>(function);
            return about(random.choose(&seams), random);
        }
        Stratum::Multiples => {
            let multiple = multiple(function, random);
            return about(multiple, random);
        }
        Stratum::Fractions => {
            let (low, high) = interval::<T>(function);
            let grid = f64::from(1 << random.below(8));
            let fraction = (random.between(low.max(-40.0), high.min(40.0)) * grid).round() / grid;
            return about(fraction, random);
        }
        _ => {
            let (low, high) = interval::<T>(function);
            random.between(low, high)
        }
    };
    T::nearest(x)
}

/// A number a few steps from `x`, or some more, or any distance that is small beside it.
fn about<T: Float>(x: f64, random: &mut Random) -> T {
    let nearest = T::nearest(x);
    match random.below(3) {
        0 => nearest.step(random.whole(-3, 3)),
        1 => nearest.step(random.whole(-3000, 3000)),
        _ => T::nearest(x * (1.0 + random.sign() * random.magnitude(-f64::from(T::PRECISION), -3.0))),
    }
}

/// Into the function's domain, for most points: outside of it all is NaN.
fn inside<T: Float>(function: Elementary, x: T, random: &mut Random) -> T {
    let wide = x.wide();
    if random.below(32) == 0 || !wide.is_finite() {
        return x;
    }
    let positive = T::of(x.bits() & !T::sign_bit());
    match function {
        Elementary::Log | Elementary::Log2 | Elementary::Log10 => positive,
        Elementary::Log1p if wide <= -1.0 => positive,
        Elementary::Arccosh if wide.abs() < 1.0 => T::nearest(1.0 + wide.abs()),
        Elementary::Arccosh => positive,
        Elementary::Arcsin | Elementary::Arccos | Elementary::Arctanh if wide.abs() > 1.0 => T::nearest(1.0 / wide),
        Elementary::Ndtri if wide.abs() > 1.0 => T::nearest(1.0 / wide.abs()),
        Elementary::Ndtri => positive,
        _ => x,
    }
}

/// The interval in which the function neither overflows nor is a constant, or a part of it that matters.
pub fn interval<T: Float>(function: Elementary) -> (f64, f64) {
    let top = f64::from(T::MOST + 1);
    let bottom = f64::from(T::LEAST - 2);
    let double = T::PRECISION == 53;
    match function {
        Elementary::Exp => (bottom * LN_2, top * LN_2),
        Elementary::Exp2 => (bottom, top),
        Elementary::Expm1 => (-40.0, top * LN_2),
        Elementary::Sinh | Elementary::Cosh => (-top * LN_2 - 1.0, top * LN_2 + 1.0),
        Elementary::Tanh => (-22.0, 22.0),
        Elementary::Arcsin | Elementary::Arccos | Elementary::Arctanh => (-1.0, 1.0),
        Elementary::Arccosh => (1.0, 30.0),
        Elementary::Log | Elementary::Log2 | Elementary::Log10 => (0.0, 4.0),
        Elementary::Log1p => (-1.0, 3.0),
        Elementary::Ndtri => (0.0, 1.0),
        Elementary::Erf => (-6.5, 6.5),
        Elementary::Erfc => (-6.5, if double { 28.0 } else { 10.5 }),
        Elementary::Gamma if double => (-186.0, 172.0),
        Elementary::Gamma => (-44.0, 36.0),
        Elementary::Lgamma => (-100.0, 100.0),
        Elementary::Logaddexp => (-80.0, 80.0),
        _ => (-10.0, 10.0),
    }
}

/// Where the function changes, or is likely to be computed in another way.
fn seams<T: Float>(function: Elementary) -> Vec<f64> {
    let double = T::PRECISION == 53;
    let (top, normal, least) = (f64::from(T::MOST + 1), f64::from(T::NORMAL), f64::from(T::LEAST));
    let precision = f64::from(T::PRECISION);
    // Exponents at which a power of two overflows, becomes subnormal, becomes the least number, rounds to zero.
    let ends = [top, normal, least, least - 1.0];
    let mut both = match function {
        Elementary::Exp => ends.map(|e| e * LN_2).into(),
        Elementary::Exp2 => ends.into(),
        Elementary::Expm1 => vec![top * LN_2, LN_2 / 2.0, 1.5 * LN_2, (precision + 1.0) * LN_2, precision * LN_2],
        Elementary::Sinh | Elementary::Cosh => {
            vec![top * LN_2, (top + 1.0) * LN_2, 1.0, 0.5 * LN_2, 22.0, 9.0, 2.0_f64.powf(-precision / 2.0)]
        }
        Elementary::Tanh => vec![0.5, 0.55, 0.625, 1.0, 9.01, 19.06, 22.0, 2.0_f64.powf(-precision / 2.0)],
        Elementary::Log | Elementary::Log2 | Elementary::Log10 => {
            vec![1.0, 0.5_f64.sqrt(), 2.0_f64.sqrt(), 10.0, scale(1.0, T::NORMAL)]
        }
        Elementary::Log1p => vec![-1.0, 0.5_f64.sqrt() - 1.0, 2.0_f64.sqrt() - 1.0, scale(1.0, T::PRECISION)],
        // The last one lies closer to a multiple of pi/2 than any other double.
        Elementary::Sin | Elementary::Cos | Elementary::Tan => {
            vec![FRAC_PI_2 / 2.0, FRAC_PI_2, 1e5, 1e7, 4e9, scale(1.0, 31), scale(6_381_956_970_095_103.0, 797)]
        }
        Elementary::Arcsin | Elementary::Arccos => vec![0.5, 0.5_f64.sqrt(), 0.975, 1.0],
        Elementary::Arctan => vec![7.0 / 16.0, 11.0 / 16.0, 1.0, 19.0 / 16.0, 39.0 / 16.0, 0.414_213_562_373_095, 1e16],
        Elementary::Arcsinh | Elementary::Arctanh => vec![0.5, 1.0, 0.125, scale(1.0, T::PRECISION / 2)],
        Elementary::Arccosh => vec![1.0, 1.25, 1.5, 2.0, scale(1.0, T::PRECISION / 2)],
        Elementary::Cbrt => vec![1.0, 2.0, 4.0, 8.0, scale(1.0, T::NORMAL)],
        Elementary::Ndtri => vec![0.125, 0.25, 0.875, 2f64.powi(-55)],
        Elementary::Erf => vec![0.84375, 1.25, 1.0 / 0.35, 3.8325, 3.92, 5.864, 6.0],
        Elementary::Erfc if double => vec![0.84375, 1.25, 1.0 / 0.35, 6.0, 26.543_25, 27.226_017, 28.0],
        Elementary::Erfc => vec![0.84375, 1.25, 1.0 / 0.35, 4.0, 9.194_549, 10.054_56, 11.0],
        Elementary::Gamma if double => vec![171.624_376_956_302_7, 178.473, 177.0, 1.461_632, 1.0, 5.562_684_646e-309],
        Elementary::Gamma => vec![35.040_100_097_656, 42.0, 38.0, 1.461_632, 1.0, 2.938_735_9e-39],
        Elementary::Lgamma => {
            let end = if double { 2.556_348_16e305 } else { 4.085_003_8e36 };
            let zeros =
                [-2.457_024_738_220_800_6, -2.747_682_646_727_412_7, -3.143_580_888_349_98, -3.955_294_284_858_598];
            return [&zeros[..], &[1.0, 2.0, end, 8.0, 12.0, -4.039_361_839_740_536, -4.991_544_640_560_048]].concat();
        }
        _ => vec![1.0, 2.0, 0.5, 10.0, scale(1.0, T::PRECISION), scale(1.0, T::NORMAL)],
    };
    both.extend(both.clone().iter().map(|x| -x));
    both
}

/// A multiple of what the function is reduced by.
fn multiple(function: Elementary, random: &mut Random) -> f64 {
    let any = |random: &mut Random, bits: i64| (random.bits() >> random.whole(64 - bits, 63)) as f64 * random.sign();
    match function {
        Elementary::Sin | Elementary::Cos | Elementary::Tan => match random.below(3) {
            0 => any(random, 60) * FRAC_PI_2,
            1 => any(random, 24) * FRAC_PI_2,
            _ => any(random, 12) * FRAC_PI_2 / 64.0,
        },
        Elementary::Exp | Elementary::Expm1 | Elementary::Sinh | Elementary::Cosh | Elementary::Tanh => {
            any(random, 17) * LN_2 / 128.0
        }
        Elementary::Exp2 => any(random, 17) / 128.0,
        Elementary::Log | Elementary::Log2 | Elementary::Log10 | Elementary::Log1p => {
            let place = 1.0 + random.below(128) as f64 / 128.0;
            scale(if random.bits() & 1 == 0 { place } else { 2.0_f64.sqrt() }, random.whole(-120, 120) as i32)
        }
        Elementary::Gamma | Elementary::Lgamma => any(random, 8) / f64::from(1 << random.below(2)),
        _ => any(random, 12) / 64.0,
    }
}
