//! Against values of many digits, and against NumPy on the cuts.

use std::io::Read;

use super::{Complex, Part, eval};
use crate::dtype::{Real, Scalar};

fn value(function: Complex, args: &[f64]) -> (f64, f64) {
    let args: Vec<Scalar> = args.iter().map(|&x| x.into()).collect();
    let part = |part| f64::from_scalar(eval(function, part, &args).unwrap());
    (part(Part::Real), part(Part::Imaginary))
}

/// The distance of two numbers in ulp of the modulus of the second.
fn apart(found: (f64, f64), expected: (f64, f64)) -> f64 {
    let part = |found: f64, expected: f64| {
        if found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan() {
            return 0.0;
        }
        if found == 0.0 && expected == 0.0 || !found.is_finite() || !expected.is_finite() {
            return f64::INFINITY;
        }
        (found - expected).abs()
    };
    let far = part(found.0, expected.0).max(part(found.1, expected.1));
    if far == 0.0 || !far.is_finite() {
        return far;
    }
    let size = (expected.0 / 4.0).hypot(expected.1 / 4.0) * 4.0;
    far / (size * f64::EPSILON).max(5e-324)
}

/// `hypot` rounds to a subnormal there.
#[test]
fn logarithms_of_the_least_numbers() {
    let least = 5e-324;
    for (function, expected) in [(Complex::Log, -744.0935), (Complex::Log2, -1073.5), (Complex::Log10, -323.15567)] {
        let (re, im) = value(function, &[least, least]);
        assert!((re - expected).abs() < 1e-4, "{}: {re}", function.name());
        assert!(im > 0.0);
    }
}

/// What is known of infinities is said, and a NaN makes no number.
#[test]
fn infinities_and_nans() {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    assert_eq!(value(Complex::Sign, &[inf, 0.0]), (1.0, 0.0));
    assert_eq!(value(Complex::Sign, &[1.0, -inf]), (0.0, -1.0));
    let (re, im) = value(Complex::Arctanh, &[inf, nan]);
    assert!(re == 0.0 && im.is_nan());
    let (re, im) = value(Complex::Arctan, &[nan, inf]);
    assert!(re.is_nan() && im == 0.0);
}

/// A zero imaginary part has the sign of the product that it is: `sinh x * sin y`, `-sin x * sinh y`.
#[test]
fn zeros_of_cosines_have_signs() {
    for y in [0.5f64, 2.0, 4.0, 5.0, -0.5, -4.0, 1e6] {
        let sin = y.sin();
        for zero in [0.0, -0.0] {
            let (_, im) = value(Complex::Cosh, &[zero, y]);
            assert_eq!(im.to_bits(), (zero * sin).to_bits(), "cosh({zero} + {y}j)");
            let (_, im) = value(Complex::Cos, &[y, zero]);
            assert_eq!(im.to_bits(), (-sin * zero).to_bits(), "cos({y} + {zero}j)");
        }
    }
}

#[test]
fn values_and_cuts() {
    let bytes = include_bytes!("../../../tests/data/complex.csv.gz");
    let mut text = String::new();
    flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap();
    let mut wrong = Vec::new();
    let mut worst = 0.0f64;
    for line in text.lines() {
        let parts: Vec<&str> = line.split(',').collect();
        let function = Complex::ALL.iter().find(|f| f.name() == parts[0]).unwrap();
        let number = |at: usize| f64::from_bits(u64::from_str_radix(&parts[at][2..], 16).unwrap());
        let (args, expected) = ([number(1), number(2)], (number(3), number(4)));
        let found = value(*function, &args);
        let error = apart(found, expected);
        worst = worst.max(error);
        if error > 8.0 {
            wrong.push(format!("{}{args:?}: {found:?}, expected {expected:?}: {error:.1}", parts[0]));
        }
    }
    println!("worst {worst}");
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}
