//! Powers by multiplication: how far they are from the exact power.

use super::evaluate::{Outcome, evaluate};
use super::graph;
use crate::dtype::{Real, Scalar};

/// A number as `high + low`, carried to about 100 bits by code of its own, to measure by.
#[derive(Clone, Copy)]
struct Wide(f64, f64);

impl Wide {
    fn sum(a: f64, b: f64) -> Wide {
        let s = a + b;
        let t = s - a;
        Wide(s, (a - (s - t)) + (b - t))
    }

    fn times(self, by: Wide) -> Wide {
        let p = self.0 * by.0;
        let e = self.0.mul_add(by.0, -p) + (self.0 * by.1 + self.1 * by.0);
        Wide::sum(p, e)
    }

    fn power(x: f64, n: u32) -> Wide {
        (0..n).fold(Wide(1.0, 0.0), |product, _| product.times(Wide(x, 0.0)))
    }

    /// How far `y` is from it, or from its reciprocal, in units of the last place of `y`.
    fn ulps(self, y: f64, reciprocal: bool) -> f64 {
        let ulp = (y.abs().next_up() - y.abs()) / y.abs();
        let relative = if reciprocal {
            let Wide(h, l) = self.times(Wide(y, 0.0));
            (h - 1.0) + l
        } else {
            ((y - self.0) - self.1) / self.0
        };
        relative.abs() / ulp
    }
}

fn random(seed: &mut u64) -> f64 {
    *seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
    (*seed >> 11) as f64 / (1u64 << 53) as f64
}

fn powers(text: &str, points: Vec<Scalar>) -> Vec<Scalar> {
    match evaluate(&graph(text), &[points]) {
        Outcome::Values(mut outputs) => outputs.swap_remove(0),
        Outcome::Fault(kind) => panic!("{kind:?}"),
    }
}

#[test]
fn f64_powers_are_rounded_nearly_correctly() {
    let mut seed = 7;
    let mut worst = 0.0f64;
    for n in (2..=16).chain([23, 31, 32, 33, 47, 63, 64]) {
        for (sign, reciprocal) in [("", false), ("-", true)] {
            let range = 900.0 / f64::from(n);
            let points: Vec<f64> = (0..400)
                .map(|_| (random(&mut seed) + 1.0) * libm::exp2(((random(&mut seed) - 0.5) * 2.0 * range).floor()))
                .collect();
            let found = powers(&format!("a**{sign}{n}"), points.iter().map(|&x| x.into()).collect());
            for (&x, &y) in points.iter().zip(&found) {
                let ulps = Wide::power(x, n).ulps(f64::from_scalar(y), reciprocal);
                // Halves are the rounding itself; the measure errs by far less than the rest.
                assert!(ulps <= 0.5 + 1e-9, "{x:?}**{sign}{n}: {ulps}");
                worst = worst.max(ulps);
            }
        }
    }
    assert!(worst > 0.49);
}

#[test]
fn f64_powers_at_the_ends_of_the_range() {
    let mut seed = 3;
    for n in [-64, -63, -31, -7, -3, -2, 3, 4, 5, 7, 31, 32, 33, 63, 64] {
        let edge = 1080.0 / f64::from(n);
        let mut points: Vec<f64> = (0..300)
            .flat_map(|_| [1.0, -1.0].map(|s| libm::exp2(s * edge * (0.9 + 0.1 * random(&mut seed)))))
            .collect();
        points.extend([0.0, f64::INFINITY, f64::NAN, 5e-324, f64::MIN_POSITIVE, f64::MAX, 1.0, 2.0, 0.5]);
        let points: Vec<f64> = points.iter().flat_map(|&x| [x, -x]).collect();
        let found = powers(&format!("a**{n}"), points.iter().map(|&x| x.into()).collect());
        for (&x, &y) in points.iter().zip(&found) {
            let (y, expected) = (f64::from_scalar(y), libm::pow(x, f64::from(n)));
            let apart = y.to_bits().abs_diff(expected.to_bits());
            assert!(apart <= 1 || y.is_nan() && expected.is_nan(), "{x:?}**{n}: {y:?}, not {expected:?}");
        }
    }
}

#[test]
fn f32_powers() {
    let mut seed = 5;
    for n in [-64, -17, -3, -2, -1, 0, 1, 2, 3, 5, 17, 64] {
        let mut points = vec![0.0, f32::INFINITY, f32::NAN, 1e-45, f32::MIN_POSITIVE, f32::MAX, 1.0];
        let range = 155.0 / f64::from(n).abs().max(1.0);
        points.extend((0..500).map(|_| libm::exp2((random(&mut seed) - 0.5) * 2.0 * range) as f32));
        let points: Vec<f32> = points.iter().flat_map(|&x| [x, -x]).collect();
        let found = powers(&format!("f**{n}"), points.iter().map(|&x| x.into()).collect());
        for (&x, &y) in points.iter().zip(&found) {
            let (y, expected) = (f32::from_scalar(y), libm::pow(x.into(), f64::from(n)) as f32);
            let same = y.to_bits() == expected.to_bits() || y.is_nan() && expected.is_nan();
            assert!(same, "{x:?}**{n}: {y:?}, not {expected:?}");
        }
    }
}

#[test]
fn integer_powers_wrap_exactly() {
    for n in [0u32, 1, 2, 3, 7, 31, 64, 100] {
        let points = [0i64, 1, -1, 2, -2, 3, 7, i64::MAX, i64::MIN];
        let found = powers(&format!("l**{n}"), points.iter().map(|&x| x.into()).collect());
        for (&x, &y) in points.iter().zip(&found) {
            assert_eq!(i64::from_scalar(y), x.wrapping_pow(n), "{x}**{n}");
        }
    }
}
