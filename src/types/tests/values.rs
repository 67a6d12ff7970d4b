//! Values at single points, against what NumPy 2 gives.

use super::evaluate::{Outcome, evaluate};
use super::graph;
use crate::dtype::{DType, Real, Scalar};
use crate::types::graph::FaultKind;

/// The value of an expression without arguments, as text; its literals may be made strong by casts.
fn value(text: &str) -> String {
    match evaluate(&graph(text), &[]) {
        Outcome::Values(outputs) => {
            let values: Vec<String> = outputs.iter().flatten().map(|&c| show(c)).collect();
            values.join(" ")
        }
        Outcome::Fault(kind) => format!("{kind:?}"),
    }
}

/// A NaN is a NaN.
fn show(c: Scalar) -> String {
    format!("{}:{}", c.to_string().split(':').next().unwrap_or(""), c.dtype())
}

#[test]
fn facts() {
    for (text, expected) in [
        ("f64(1) // 0.1", "9.0:f64"),
        ("f64(5) % inf", "5.0:f64"),
        ("f64(-1) % inf", "inf:f64"),
        ("f64(1) // -inf", "-1.0:f64"),
        ("f64(1e20) % 3", "1.0:f64"),
        ("f64(inf) // 3", "nan:f64"),
        ("f64(inf) % 3", "nan:f64"),
        ("f64(1) // 0.0", "inf:f64"),
        ("f64(-1) // 0.0", "-inf:f64"),
        ("f64(0) // 0.0", "nan:f64"),
        ("f64(1) % 0.0", "nan:f64"),
        ("f64(-6) % 3", "0.0:f64"),
        ("f64(6) % -3", "-0.0:f64"),
        ("f64(-0.0) // 3", "-0.0:f64"),
        ("f64(-7) // 2", "-4.0:f64"),
        ("f64(-7) % 3", "2.0:f64"),
        ("f64(7) % -3", "-2.0:f64"),
        ("fmod(f64(-7), 3)", "-1.0:f64"),
        ("fmod(f64(-6), 3)", "-0.0:f64"),
        ("f32(1) // f32(0.1)", "9.0:f32"),
        ("i32(-7) // 2", "-4:i32"),
        ("i32(-7) % 3", "2:i32"),
        ("i32(7) // 0", "0:i32"),
        ("i32(7) % 0", "0:i32"),
        ("i32(-2147483648) // -1", "-2147483648:i32"),
        ("i32(-2147483648) % -1", "0:i32"),
        ("i32(2147483646) % 2147483647", "2147483646:i32"),
        ("fmod(i32(-7), 3)", "-1:i32"),
        ("fmod(i32(7), -3)", "1:i32"),
        ("fmod(i32(-6), 3)", "0:i32"),
        ("fmod(i32(7), 0)", "0:i32"),
        ("i32(3)**21", "1870418611:i32"),
        ("i32(3)**i32(21)", "1870418611:i32"),
        (
            "i32(3)**True, i32(3)**i32(2), 2.0**-1, f32(4)**(1/2), f32(2)**(1 + 1)",
            "3:i32 9:i32 0.5:f64 2.0:f32 4.0:f32",
        ),
        ("minimum(2, 3 - 4), maximum(abs(-3), 2), floor(2.5) * f32(1)", "-1:i64 3:i64 2.0:f32"),
        ("i32(3)**i32(-1)", "NegativePower"),
        ("i64(3)**0", "1:i64"),
        ("-7 // 2", "-4:i64"),
        ("-7 % 3", "2:i64"),
        ("1 / 2", "0.5:f64"),
        ("-2**2", "-4:i64"),
        ("2**3**2", "512:i64"),
        ("2**100 // 2**98", "4:i64"),
        ("i32(5) < 2**40", "true:bool"),
        ("i32(5) >= 2**40", "false:bool"),
        ("2**100 > i32(5)", "true:bool"),
        ("i64(5) == -2**100", "false:bool"),
        ("f32(0.1) > 0.1", "false:bool"),
        ("f32(1) + 1e300", "inf:f32"),
        ("i32(16777217) == f32(16777216)", "false:bool"),
        ("maximum(i64(9007199254740993), 0)", "9007199254740993:i64"),
        ("maximum(f64(nan), 1)", "nan:f64"),
        ("sign(f64(-0.0))", "0.0:f64"),
        ("sign(f64(nan))", "nan:f64"),
        ("sign(i32(-5))", "-1:i32"),
        ("round(f64(2.5)), round(f64(3.5)), round(f64(-0.5))", "2.0:f64 4.0:f64 -0.0:f64"),
        ("True + True", "true:bool"),
        ("True + 1", "2:i64"),
        ("bool(2)", "true:bool"),
        ("i32(3.9), i32(-3.9), i32(1e10), i32(nan)", "3:i32 -3:i32 2147483647:i32 0:i32"),
        (
            "isinf(f64(-inf)), isfinite(f64(nan)), isnan(i32(3)), isfinite(i32(3))",
            "true:bool false:bool false:bool true:bool",
        ),
        (
            "bool(0) < bool(1), bool(1) <= bool(0), bool(1) > bool(1), bool(0) >= bool(0)",
            "true:bool false:bool false:bool true:bool",
        ),
        ("3 if f64(0) else 4", "4:i64"),
        ("f64(-0.0)**-1, f64(-0.0)**-3, f64(-0.0)**-2", "-inf:f64 -inf:f64 inf:f64"),
        ("f64(inf)**3, f64(-inf)**3, f64(-inf)**4, f64(-inf)**-3", "inf:f64 -inf:f64 inf:f64 -0.0:f64"),
        ("f64(-0.0)**3, f64(-0.0)**4, f64(nan)**0, f64(nan)**3", "-0.0:f64 0.0:f64 1.0:f64 nan:f64"),
        ("f64(1e200)**3, f64(-1e200)**3, f64(1e-200)**3, f64(1e-200)**-3", "inf:f64 -inf:f64 0.0:f64 inf:f64"),
        ("f64(-8)**0.5", "nan:f64"),
        ("sum(i32(2)), mean(i32(3)), min(f32(2)), any(3), prod(f32(2))", "2:i64 3.0:f64 2.0:f32 true:bool 2.0:f32"),
        ("f64(3).imag, f64(3).real", "0.0:f64 3.0:f64"),
        ("1 << 64 >> 63", "2:i64"),
        ("i32(1) << 32, i32(-1) >> 40, i32(1) << -1", "0:i32 -1:i32 0:i32"),
        (
            "u8(200) + 100, i8(100) + 100, -u8(1), ~u8(5), abs(i8(-128)), abs(u8(200))",
            "44:u8 -56:i8 255:u8 250:u8 -128:i8 200:u8",
        ),
        (
            "u8(7) // 0, u8(7) % 0, i8(-128) // -1, i8(-7) // 2, i8(-7) % 2, u8(200) // 7",
            "0:u8 0:u8 -128:i8 -4:i8 1:i8 28:u8",
        ),
        (
            "u8(5) << 9, i8(5) << -1, i8(-5) >> 9, u8(200) >> 1, i8(-56) >> 1, u8(255) >> 8",
            "0:u8 0:i8 -1:i8 100:u8 -28:i8 0:u8",
        ),
        (
            "u8(3.9), u8(-1.0), u8(300.0), u8(nan), i8(-1e9), u64(1e30), u64(-5.5)",
            "3:u8 0:u8 255:u8 0:u8 -128:i8 18446744073709551615:u64 0:u64",
        ),
        (
            "u8(i32(300)), i8(u8(200)), u32(i8(-1)), u64(i8(-1)), i64(u64(2**63)), u16(i8(-1))",
            "44:u8 -56:i8 4294967295:u32 18446744073709551615:u64 -9223372036854775808:i64 65535:u16",
        ),
        (
            "f64(u64(2**53 + 1)), f32(u64(2**64 - 1)), f64(u64(2**64 - 1))",
            "9007199254740992.0:f64 1.8446744e19:f32 1.8446744073709552e19:f64",
        ),
        (
            "u8(255) > 300, u8(255) == -1, u8(0) > -1, i8(5) < 200, 300 >= u8(255), u64(2**63) > -1",
            "false:bool false:bool true:bool true:bool true:bool true:bool",
        ),
        (
            "u64(2**53 + 1) == i64(2**53), u64(2**63) == i64(-2**63), i64(-1) < u64(0), u64(0) <= i64(-1)",
            "false:bool false:bool true:bool false:bool",
        ),
        (
            "i8(-1) >= u64(5), u64(5) > i8(-1), i8(5) != u64(5), i8(-1) != u64(2**64 - 1)",
            "false:bool true:bool false:bool true:bool",
        ),
        ("u8(3)**u8(6), i8(3)**2, u64(3)**u64(50), i8(2)**i8(-1)", "NegativePower"),
        ("u8(3)**u8(6), i8(3)**2, u64(3)**u64(50), u16(2)**u8(16)", "217:u8 9:i8 6048575297968530377:u64 0:u16"),
        (
            "bool(1) // bool(0), bool(1) % bool(1), bool(0) ** bool(0), bool(0) ** bool(1), bool(1) << bool(1)",
            "0:i8 0:i8 1:i8 0:i8 2:i8",
        ),
        (
            "sign(u8(7)), minimum(u8(200), 100), maximum(i8(-1), i8(1)), maximum(u64(2**63), 1)",
            "1:u8 100:u8 1:i8 9223372036854775808:u64",
        ),
        (
            "sum(u8(200)), sum(i8(-1)), mean(u8(3)), max(u64(2**63)), min(i8(-3))",
            "200:u64 -1:i64 3.0:f64 9223372036854775808:u64 -3:i8",
        ),
        ("2**63, 2**64 - 1, -2**63", "9223372036854775808:u64 18446744073709551615:u64 -9223372036854775808:i64"),
        ("fmod(i8(-7), 3), fmod(u8(7), u8(4)), clip(u8(7), 2, 5), u8(7) & 3 | 8", "-1:i8 3:u8 5:u8 11:u8"),
        ("pi", "3.141592653589793:f64"),
        ("x = 2; y = x; x = 3; x*y", "6:i64"),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
}

#[test]
fn reductions_of_points() {
    let scalars = |values: &[f32]| values.iter().map(|&x| Scalar::from(x)).collect::<Vec<_>>();
    let run = |text: &str, values: &[f32]| match evaluate(&graph(text), &[scalars(values)]) {
        Outcome::Values(outputs) => outputs[0].iter().map(|&c| show(c)).collect::<Vec<_>>().join(" "),
        Outcome::Fault(kind) => format!("{kind:?}"),
    };
    assert_eq!(run("sum(f)", &[16777216.0, 1.0, 1.0]), "16777218.0:f32");
    assert_eq!(run("mean(f)", &[1.0, 2.0, 4.0]), "2.3333333:f32");
    assert_eq!(run("mean(f)", &[]), "nan:f32");
    assert_eq!(run("sum(f > 1)", &[1.0, 2.0, 4.0]), "2:i64");
    assert_eq!(run("f - max(f)", &[1.0, 4.0]), "-3.0:f32 0.0:f32");
    assert_eq!(run("sum(f)", &[]), "0.0:f32");
}

#[test]
fn bare_integers_that_do_not_fit_are_faults() {
    let text = "i + (k + 1)";
    let run = |k: i64| evaluate(&graph(text), &[vec![1i32.into()], vec![k.into()]]);
    assert_eq!(run(1 << 40), Outcome::Fault(FaultKind::OutOfRange));
    assert_eq!(run(i32::MAX.into()), Outcome::Fault(FaultKind::OutOfRange));
    assert_eq!(run(7), Outcome::Values(vec![vec![9i32.into()]]));
    let unsigned = |text: &str, k: i64| evaluate(&graph(text), &[vec![1i64.into()], vec![k.into()]]);
    assert_eq!(unsigned("u64(l) + (k + 1)", -2), Outcome::Fault(FaultKind::OutOfRange));
    assert_eq!(unsigned("u64(l) + (k + 1)", -1), Outcome::Values(vec![vec![1u64.into()]]));
    assert_eq!(unsigned("u8(l) + (k + 1)", 255), Outcome::Fault(FaultKind::OutOfRange));
    assert_eq!(unsigned("u8(l) + (k + 1)", 254), Outcome::Values(vec![vec![0u8.into()]]));
    assert_eq!(unsigned("u8(l) < (k + 1)", 300), Outcome::Values(vec![vec![true.into()]]));
    let beyond = |text: &str, z: u64| evaluate(&graph(text), &[vec![1i64.into()], vec![z.into()]]);
    assert_eq!(beyond("l + (z + 1)", u64::MAX - 1), Outcome::Fault(FaultKind::OutOfRange));
    assert_eq!(beyond("u64(l) + (z + 1)", u64::MAX - 1), Outcome::Values(vec![vec![0u64.into()]]));
    assert_eq!(beyond("l < z + 1", u64::MAX - 1), Outcome::Values(vec![vec![true.into()]]));
}

/// Every pair of interesting floats: the fast remainder against the exact one, and `//` and `%` against NumPy's C.
#[test]
fn float_division_is_that_of_numpy() {
    fn numpy(a: f64, b: f64) -> (f64, f64) {
        let mut modulus = libm::fmod(a, b);
        if b == 0.0 {
            return (a / b, modulus);
        }
        let mut div = (a - modulus) / b;
        if modulus != 0.0 {
            if (b < 0.0) != (modulus < 0.0) {
                modulus += b;
                div -= 1.0;
            }
        } else {
            modulus = 0f64.copysign(b);
        }
        let mut floor = 0f64.copysign(a / b);
        if div != 0.0 {
            floor = div.floor();
            if div - floor > 0.5 {
                floor += 1.0;
            }
        }
        (floor, modulus)
    }
    let mut points = vec![0.0, 0.1, 0.3, 0.5, 1.0, 1.5, 2.0, 3.0, 7.0, 10.0, 1e10, 1e16, 1e20, 1e300, f64::MAX];
    points.extend([
        f64::MIN_POSITIVE,
        5e-324,
        1.5e-323,
        1e-310,
        f64::INFINITY,
        f64::NAN,
        9007199254740993.0,
        4503599627370496.0,
    ]);
    points.extend([1.0f64.next_down(), 3.0f64.next_down(), 3.0f64.next_up(), 0.7, 123.456, 1e-5]);
    let mut seed = 1u64;
    for _ in 0..40 {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let fraction = 1.0 + (seed >> 12) as f64 / (1u64 << 52) as f64;
        points.push(fraction * 2f64.powi((seed >> 3) as i32 % 60));
    }
    let signed: Vec<f64> = points.iter().flat_map(|&x| [x, -x]).collect();
    let graph = graph("a // c, a % c, fmod(a, c)");
    for &a in &signed {
        let xs = vec![a.into()];
        let ys: Vec<Scalar> = signed.iter().map(|&b| b.into()).collect();
        let Outcome::Values(outputs) = evaluate(&graph, &[xs, ys]) else { panic!() };
        for (at, &b) in signed.iter().enumerate() {
            let (quotient, remainder) = numpy(a, b);
            for (output, expected) in outputs.iter().zip([quotient, remainder, libm::fmod(a, b)]) {
                let found = f64::from_scalar(output[at]);
                let same = found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan();
                assert!(same, "{a:?} {b:?}: {found:?}, not {expected:?}");
            }
        }
    }
    assert_eq!(graph.node(graph.outputs[0]).dtype, DType::F64);
}
