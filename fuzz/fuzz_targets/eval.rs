//! Any text that compiles runs on small arguments of each type, on both executors with the same bits, or is refused.

#![no_main]

use libfuzzer_sys::fuzz_target;
use ndarray::{Array1, Array2, ArrayD};
use tilexpr::{AnyArray, Arg, Args, EvalErrorKind, Executor, Expr, Limits, Threads};

/// A text for which compiling to machine code is quick.
const LONGEST: usize = 200;

fuzz_target!(|text: &str| {
    if text.len() > LONGEST {
        return;
    }
    let mut limits = Limits::default();
    limits.operations = 2000;
    // A text may ask for more than its arguments are long: by a range, or by the steps of a loop.
    limits.elements = 10_000;
    limits.points = 100_000;
    limits.iterations = 100;
    let compile =
        |executor| Expr::builder().limits(limits).executor(executor).threads(Threads::Serial).compile(text).ok();
    let (Some(portable), Some(native)) = (compile(Executor::Interpreter), compile(Executor::Native)) else { return };
    let floats = Array1::from_vec(vec![0.5, -0.0, f64::NAN, 1e300, -3.0]);
    let singles = Array2::from_shape_fn((2, 5), |(r, c)| r as f32 - c as f32);
    let ints = Array1::from_vec(vec![i64::MIN, -1, 0, 7, i64::MAX]);
    let bools = Array2::from_shape_fn((2, 1), |(r, _)| r == 0);
    let mut args = Args::new();
    for (at, name) in portable.names().iter().enumerate() {
        args = match at % 5 {
            0 => args.with(name, &floats),
            1 => args.with(name, &singles),
            2 => args.with(name, &ints),
            3 => args.with(name, &bools),
            _ => args.with(name, Arg::new(3)),
        };
    }
    let (x, y) = (portable.eval::<Vec<AnyArray>>(&args), native.eval::<Vec<AnyArray>>(&args));
    match (x, y) {
        (Ok(x), Ok(y)) => {
            assert_eq!(x.len(), y.len());
            for (x, y) in x.iter().zip(&y) {
                assert!(same(x, y), "{text}: {x:?} and {y:?}");
            }
        }
        (Err(x), Err(y)) => {
            assert_eq!(x.to_string(), y.to_string());
            assert_ne!(x.kind(), EvalErrorKind::Memory, "arguments are small");
        }
        (x, y) => panic!("{text}: {x:?} and {y:?}"),
    }
});

/// To the bit, but that a NaN equals any NaN.
fn same(x: &AnyArray, y: &AnyArray) -> bool {
    match (x, y) {
        (AnyArray::F64(x), AnyArray::F64(y)) => alike(x, y, |x| [of_f64(*x), 0]),
        (AnyArray::F32(x), AnyArray::F32(y)) => alike(x, y, |x| [of_f32(*x), 0]),
        (AnyArray::C128(x), AnyArray::C128(y)) => alike(x, y, |x| [x.re, x.im].map(of_f64)),
        (AnyArray::C64(x), AnyArray::C64(y)) => alike(x, y, |x| [x.re, x.im].map(of_f32)),
        (x, y) => x == y,
    }
}

fn alike<T>(x: &ArrayD<T>, y: &ArrayD<T>, bits: impl Fn(&T) -> [u64; 2]) -> bool {
    x.shape() == y.shape() && x.iter().zip(y).all(|(x, y)| bits(x) == bits(y))
}

fn of_f64(x: f64) -> u64 {
    if x.is_nan() { u64::MAX } else { x.to_bits() }
}

fn of_f32(x: f32) -> u64 {
    if x.is_nan() { u64::MAX } else { x.to_bits().into() }
}
