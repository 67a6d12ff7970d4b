//! How far the elementary functions lie from the true values.
//!
//! Points with correctly rounded results stand in `data/accuracy.csv.gz`. A line is
//! `function,type,x,y,result,excess`: numbers are the hexadecimal of their bits, `y` is empty for one argument, and `excess`
//! is how far the true value lies above `result`, in units in the last place. The error of an answer with bits `B` is
//! `|(B - result) - excess|`; zeros, infinities and NaN must be met exactly. The bound is that of the function's row.
//!
//! `TILEXPR_POINTS=file.csv cargo test --release --test accuracy -- --nocapture` runs another file of that form (`.gz` too).

use std::collections::BTreeMap;
use std::io::Read;

use tilexpr::math::Elementary;
use tilexpr::{Args, Element, Executor, Expr, Threads};

/// Points of one function and type.
#[derive(Default)]
struct Points {
    x: Vec<u64>,
    y: Vec<u64>,
    /// The rounded result, `None` for NaN, and the excess.
    expected: Vec<(Option<u64>, f64)>,
}

fn read() -> (String, String) {
    let path = std::env::var("TILEXPR_POINTS")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/accuracy.csv.gz").to_string());
    let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let mut text = String::new();
    if path.ends_with(".gz") {
        flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap();
    } else {
        text = String::from_utf8(bytes).unwrap();
    }
    (path, text)
}

fn bits(text: &str) -> Option<u64> {
    let hex = text.strip_prefix("0x").unwrap_or(text);
    (text != "nan").then(|| u64::from_str_radix(hex, 16).unwrap_or_else(|e| panic!("`{text}`: {e}")))
}

/// A float type.
trait Float: Element + Copy + std::fmt::Debug {
    const NAME: &'static str;
    const NAN: Self;
    fn of(bits: u64) -> Self;
    fn bits(self) -> u64;
    fn is_nan(self) -> bool;
}

macro_rules! floats {
    ($($t:ident $u:ident $name:literal;)*) => { $(
        impl Float for $t {
            const NAME: &'static str = $name;
            const NAN: Self = $t::NAN;
            fn of(bits: u64) -> Self { $t::from_bits(bits as $u) }
            fn bits(self) -> u64 { self.to_bits().into() }
            fn is_nan(self) -> bool { $t::is_nan(self) }
        }
    )* };
}

floats! {
    f32 u32 "f32";
    f64 u64 "f64";
}

/// Bits as an integer that grows with the value.
fn ordered<T: Float>(bits: u64) -> i128 {
    let sign = 1u64 << (8 * size_of::<T>() - 1);
    let size = i128::from(bits & (sign - 1));
    if bits & sign != 0 { -size } else { size }
}

/// The error in ulp; infinite where something must be met exactly and is not.
fn error<T: Float>(found: T, expected: Option<u64>, excess: f64) -> f64 {
    let Some(expected) = expected else { return if found.is_nan() { 0.0 } else { f64::INFINITY } };
    let value = T::of(expected);
    if found.bits() == expected {
        return excess.abs();
    }
    let exact = ordered::<T>(expected) == 0 || ordered::<T>(expected).abs() >= ordered::<T>(infinity::<T>());
    if found.is_nan() || exact || value.is_nan() {
        return f64::INFINITY;
    }
    ((ordered::<T>(found.bits()) - ordered::<T>(expected)) as f64 - excess).abs()
}

fn infinity<T: Float>() -> u64 {
    if size_of::<T>() == 4 { f32::INFINITY.to_bits().into() } else { f64::INFINITY.to_bits() }
}

/// The values of a function by an executor.
fn values<T: Float>(function: Elementary, executor: Executor, x: &[T], y: &[T]) -> Vec<T>
where
    for<'a> &'a [T]: tilexpr::IntoArg<'a>,
    [T]: tilexpr::Out,
{
    let two = function.row().arity == 2;
    let text = format!("{}({})", function.name(), if two { "x, y" } else { "x" });
    let expr = Expr::builder().executor(executor).threads(Threads::Serial).compile(&text).unwrap();
    let mut out = vec![T::NAN; x.len()];
    let args = if two { Args::new().with("x", x).with("y", y) } else { Args::new().with("x", x) };
    expr.eval_into(&args, &mut out[..]).unwrap();
    out
}

/// The number of points beyond the bound.
fn check<T: Float>(function: Elementary, points: &Points) -> usize
where
    for<'a> &'a [T]: tilexpr::IntoArg<'a>,
    [T]: tilexpr::Out,
{
    let of = |bits: &Vec<u64>| bits.iter().map(|&b| T::of(b)).collect::<Vec<T>>();
    let (x, y) = (of(&points.x), of(&points.y));
    let found = values(function, Executor::Interpreter, &x, &y);
    let native = values(function, Executor::Cranelift, &x, &y);
    let bound = function.row().ulp[usize::from(size_of::<T>() == 8)];
    let (mut worst, mut at, mut beyond) = (-1.0, 0, 0);
    for (i, (&found, &native)) in found.iter().zip(&native).enumerate() {
        assert!(
            found.bits() == native.bits() || found.is_nan() && native.is_nan(),
            "{} of {:?} {:?}: {found:?} interpreted, {native:?} compiled",
            function.name(),
            x[i],
            y.get(i)
        );
        let (expected, excess) = points.expected[i];
        let error = error(found, expected, excess);
        beyond += usize::from(error > bound);
        if error > worst {
            (worst, at) = (error, i);
        }
    }
    let y = y.get(at).map_or(String::new(), |y| format!(", {y:?}"));
    println!(
        "{:<10} {} {:>6} points, worst {worst:.4} ulp (bound {bound}) at ({:?}{y}): {:?}{}",
        function.name(),
        T::NAME,
        x.len(),
        x[at],
        found[at],
        if beyond > 0 { format!("  <-- {beyond} beyond the bound") } else { String::new() }
    );
    beyond
}

#[test]
fn points() {
    let (path, text) = read();
    let mut all: BTreeMap<(&str, &str), Points> = BTreeMap::new();
    let mut count = 0;
    for line in text.lines().filter(|line| !line.is_empty()) {
        let parts: Vec<&str> = line.split(',').collect();
        let &[function, dtype, x, y, result, excess] = &parts[..] else { panic!("{path}: `{line}`") };
        let nan = if dtype == "f32" { f32::NAN.bits() } else { f64::NAN.bits() };
        let points = all.entry((function, dtype)).or_default();
        points.x.push(bits(x).unwrap_or(nan));
        if !y.is_empty() {
            points.y.push(bits(y).unwrap_or(nan));
        }
        points.expected.push((bits(result), excess.parse().unwrap()));
        count += 1;
    }
    let mut beyond = 0;
    for ((name, dtype), points) in &all {
        let function = Elementary::from_name(name).unwrap_or_else(|| panic!("{path}: there is no function `{name}`"));
        beyond += if *dtype == "f32" { check::<f32>(function, points) } else { check::<f64>(function, points) };
    }
    println!("accuracy: {count} points, {beyond} beyond the bound");
    assert_eq!(beyond, 0, "points beyond the bound of their function");
}
