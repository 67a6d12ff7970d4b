//! Where a function of two arguments is looked at.

use tilexpr::math::Elementary;

use crate::float::Float;
use crate::points::{Stratum, one, specials};
use crate::random::{Random, scale};

const STRATA: &[Stratum] = &[
    Stratum::Apart,
    Stratum::Apart,
    Stratum::Close,
    Stratum::Ratios,
    Stratum::Made,
    Stratum::Made,
    Stratum::Made,
    Stratum::Made,
];

/// Strata of one argument that can be combined.
const EACH: &[Stratum] = &[
    Stratum::Bits,
    Stratum::Magnitudes,
    Stratum::Interval,
    Stratum::Subnormals,
    Stratum::Small,
    Stratum::One,
    Stratum::Seams,
    Stratum::Multiples,
    Stratum::Fractions,
];

/// Every special argument with every other.
pub fn special_pairs<T: Float>() -> Vec<(T, T)> {
    let all = specials::<T>();
    all.iter().flat_map(|&x| all.iter().map(move |&y| (x, y))).collect()
}

/// A random pair.
pub fn pair<T: Float>(function: Elementary, random: &mut Random) -> (T, T, Stratum) {
    let stratum = random.choose(STRATA);
    let any = |random: &mut Random| -> T {
        let each = random.choose(EACH);
        one(function, each, random)
    };
    let (x, y) = match stratum {
        Stratum::Close => {
            let x = any(random);
            let (sign, distance) = (random.sign(), random.magnitude(-f64::from(T::PRECISION), 0.0));
            let y = T::nearest(x.wide() * (1.0 + sign * distance)).step(random.whole(-2, 2));
            if random.bits() & 1 == 0 { (x, y) } else { (y, x) }
        }
        Stratum::Ratios => {
            let x = random.magnitude(f64::from(T::LEAST), f64::from(T::MOST));
            let y = x * random.sign() * random.magnitude(-70.0, 70.0);
            let x = x * random.sign();
            (T::nearest(x), T::nearest(y))
        }
        Stratum::Made => match function {
            Elementary::Pow => pow(random),
            Elementary::Hypot => hypot(random),
            Elementary::Arctan2 => arctan2(random),
            Elementary::Fmod => fmod(random),
            _ => logaddexp(random),
        },
        _ => (any(random), any(random)),
    };
    (x, y, stratum)
}

/// Powers with a result that is a number: the exponent is chosen for the result.
fn pow<T: Float>(random: &mut Random) -> (T, T) {
    let (least, most) = (f64::from(T::LEAST), f64::from(T::MOST));
    let base = match random.below(4) {
        0 => random.magnitude(least, most),
        1 => random.magnitude(-4.0, 4.0),
        2 => 1.0 + random.sign() * random.magnitude(-f64::from(T::PRECISION), -1.0),
        _ => (1 + random.below(1000)) as f64,
    };
    let base = T::nearest(base);
    // The result's exponent: anywhere, or at the edges, or in the strip of subnormal numbers.
    let near = random.sign() * random.magnitude(-40.0, 0.0);
    let exponent = match random.below(6) {
        0 => most + 1.0 + near,
        1 => least - 1.0 + near,
        2 => random.between(least - 2.0, f64::from(T::NORMAL) + 1.0),
        3 => near,
        _ => random.between(least - 2.0, most + 2.0),
    };
    let y = match random.below(4) {
        // Whole and half exponents, with negative bases too.
        0 => {
            let y = T::nearest(random.whole(-40, 40) as f64 / random.choose(&[1.0, 1.0, 2.0]));
            return (T::nearest(base.wide() * random.sign()), y);
        }
        1 => {
            let y = (exponent / base.wide().log2()).round();
            return (T::nearest(base.wide() * random.sign()), T::nearest(y));
        }
        _ => exponent / base.wide().log2(),
    };
    (base, T::nearest(y).step(random.whole(-3, 3)))
}

/// Near overflow, in the strip of subnormal numbers, and sides of one size.
fn hypot<T: Float>(random: &mut Random) -> (T, T) {
    let exponent = match random.below(4) {
        0 => f64::from(T::MOST) + 0.5,
        1 => random.between(f64::from(T::LEAST), f64::from(T::NORMAL) + 60.0),
        2 => f64::from(T::NORMAL) / 2.0,
        _ => random.between(-20.0, 20.0),
    };
    let mut side = || random.sign() * random.magnitude(exponent - 1.5, exponent + 0.5);
    let (x, y) = (side(), side());
    (T::nearest(x), T::nearest(y))
}

/// Angles near the axes and the diagonals; quotients that underflow.
fn arctan2<T: Float>(random: &mut Random) -> (T, T) {
    let (least, most) = (f64::from(T::LEAST), f64::from(T::MOST));
    let x = random.sign() * random.magnitude(least / 2.0, most / 2.0);
    let ratio = match random.below(4) {
        0 => random.magnitude(-60.0, 60.0),
        1 => random.magnitude(least, f64::from(T::NORMAL) + 2.0),
        2 => random.choose(&[0.5, 0.4375, 0.6875, 1.1875, 2.4375, 0.414_213_562_373_095]) * random.between(0.99, 1.01),
        _ => 1.0 + random.sign() * random.magnitude(-f64::from(T::PRECISION), -1.0),
    };
    let sign = random.sign();
    (T::nearest(x * ratio * sign), T::nearest(x))
}

/// Near multiples of the divisor, and quotients of every size.
fn fmod<T: Float>(random: &mut Random) -> (T, T) {
    let y = match random.below(3) {
        0 => random.magnitude(f64::from(T::LEAST), f64::from(T::MOST)),
        1 => random.magnitude(-10.0, 10.0),
        _ => random.below(1000) as f64 / 8.0,
    };
    let y = T::nearest(y * random.sign());
    let times = (random.bits() >> random.whole(1, 63)) as f64;
    let x = if random.bits() & 1 == 0 { y.wide() * times } else { y.wide() * random.magnitude(-3.0, 60.0) };
    (T::nearest(x * random.sign()).step(random.whole(-2, 2)), y)
}

/// Differences from nothing to where the smaller one is not felt, and sums about 0.
fn logaddexp<T: Float>(random: &mut Random) -> (T, T) {
    let x = match random.below(3) {
        0 => random.between(-80.0, 80.0),
        1 => random.sign() * random.magnitude(-30.0, 20.0),
        // exp(x) + exp(y) = 1
        _ => {
            let x = -random.magnitude(-f64::from(T::PRECISION), 5.0);
            let y = (-x.exp_m1()).ln();
            let (x, y) = (T::nearest(x), T::nearest(y).step(random.whole(-3, 3)));
            return if random.bits() & 1 == 0 { (x, y) } else { (y, x) };
        }
    };
    let distance = match random.below(3) {
        0 => random.between(0.0, 2.0),
        1 => random.between(0.0, f64::from(T::PRECISION)),
        _ => scale(random.between(1.0, 2.0), random.whole(-30, 10) as i32),
    };
    (T::nearest(x), T::nearest(x + random.sign() * distance))
}
