//! NumPy 2's answers, and this library's.
//!
//! `data/conformance.jsonl.gz` has one case a line: an expression, typed inputs, what NumPy says it is, and how close
//! an answer must come: `{"id", "expr", "inputs": {name: {"dtype", "shape", "data"}}, "output": {"dtype", "shape",
//! "data"}, "ulp", "atol"}`. Python scalars have the dtypes `int`, `float`, `complex` and no shape: they are weak.
//! Integers are decimal, floats the hexadecimal of their bits (or `nan`), complex numbers two of these. `ulp` 0 means
//! the same bits (a NaN equals any NaN); else the result must lie within so many units in the last place (of a complex
//! number: of its modulus, part by part), or within `atol` where there is one.
//!
//! Every case is run by two executors, each pair in turn (by all with `TILEXPR_EXECUTORS=all`), on contiguous and on strided
//! arrays, on 1, 2 and 7 threads.
//! `TILEXPR_CASES=file.jsonl cargo test --release --test conformance -- --nocapture` runs another file of that form
//! (`.gz` too).

mod common;

use std::collections::BTreeMap;

use common::{data, executors, pool};
use ndarray::{ArrayD, ArrayViewD, IxDyn, Slice};
use num_complex::Complex;
use serde::Deserialize;
use tilexpr::{AnyArray, Arg, Args, DType, Element, Expr, Threads};

#[derive(Deserialize)]
struct Data {
    dtype: String,
    shape: Option<Vec<usize>>,
    data: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    expr: String,
    inputs: BTreeMap<String, Data>,
    output: Data,
    ulp: f64,
    atol: Option<f64>,
}

/// A type of elements, as the file has them.
trait Form: Element {
    /// Values in the file for one element.
    const PARTS: usize = 1;
    fn of(parts: &[serde_json::Value]) -> Self;
    /// How far the answer is from what is expected, if it is not that: in ulp, and absolutely.
    fn apart(found: Self, expected: Self) -> Option<(f64, f64)>;
}

/// The text of a value, however it is written.
fn text(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_string)
}

macro_rules! integers {
    ($($t:ident)*) => { $(
        impl Form for $t {
            fn of(parts: &[serde_json::Value]) -> $t {
                text(&parts[0]).parse().unwrap()
            }
            fn apart(found: $t, expected: $t) -> Option<(f64, f64)> {
                (found != expected).then_some((f64::INFINITY, f64::INFINITY))
            }
        }
    )* };
}

integers!(i8 i16 i32 i64 u8 u16 u32 u64);

impl Form for bool {
    fn of(parts: &[serde_json::Value]) -> bool {
        text(&parts[0]) != "0"
    }
    fn apart(found: bool, expected: bool) -> Option<(f64, f64)> {
        (found != expected).then_some((f64::INFINITY, f64::INFINITY))
    }
}

macro_rules! floats {
    ($($t:ident $u:ident $least:expr;)*) => { $(
        impl Form for $t {
            fn of(parts: &[serde_json::Value]) -> $t {
                match text(&parts[0]).as_str() {
                    "nan" => $t::NAN,
                    hex => $t::from_bits($u::from_str_radix(&hex[2..], 16).unwrap()),
                }
            }
            fn apart(found: $t, expected: $t) -> Option<(f64, f64)> {
                if found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan() {
                    return None;
                }
                if !found.is_finite() || !expected.is_finite() {
                    return Some((f64::INFINITY, f64::INFINITY));
                }
                let ulp = (f64::from(expected.abs()).log2().floor() as i32).max($t::MIN_EXP - 1) - ($t::MANTISSA_DIGITS as i32 - 1);
                let far = (f64::from(found) - f64::from(expected)).abs();
                // Zeros of unlike signs are apart too.
                Some(((far / 2f64.powi(ulp).max($least)).max(f64::MIN_POSITIVE), far))
            }
        }
        impl Form for Complex<$t> {
            const PARTS: usize = 2;
            fn of(parts: &[serde_json::Value]) -> Complex<$t> {
                Complex::new($t::of(&parts[..1]), $t::of(&parts[1..]))
            }
            fn apart(found: Complex<$t>, expected: Complex<$t>) -> Option<(f64, f64)> {
                let parts = [(found.re, expected.re), (found.im, expected.im)];
                let size = f64::from(expected.re).hypot(f64::from(expected.im)) as $t;
                parts.into_iter().filter_map(|(found, expected)| {
                    let (ulp, far) = $t::apart(found, expected)?;
                    if !far.is_finite() || !size.is_finite() {
                        return Some((ulp, far));
                    }
                    // Of the modulus.
                    let unit = (f64::from(size).log2().floor() as i32).max($t::MIN_EXP - 1) - ($t::MANTISSA_DIGITS as i32 - 1);
                    Some(((far / 2f64.powi(unit).max($least)).max(f64::MIN_POSITIVE), far))
                }).reduce(|a, b| if a.0 >= b.0 { a } else { b })
            }
        }
    )* };
}

floats! {
    f32 u32 1e-45;
    f64 u64 5e-324;
}

/// An input: an array, laid out with gaps and backwards if asked, or a bare number.
enum Input {
    Bool(ArrayD<bool>),
    I8(ArrayD<i8>),
    I16(ArrayD<i16>),
    I32(ArrayD<i32>),
    I64(ArrayD<i64>),
    U8(ArrayD<u8>),
    U16(ArrayD<u16>),
    U32(ArrayD<u32>),
    U64(ArrayD<u64>),
    F32(ArrayD<f32>),
    F64(ArrayD<f64>),
    C64(ArrayD<Complex<f32>>),
    C128(ArrayD<Complex<f64>>),
    WeakBool(bool),
    Int(i64),
    Float(f64),
    Complex(Complex<f64>),
}

fn array<T: Form>(data: &Data) -> ArrayD<T> {
    let elements = data.data.chunks(T::PARTS).map(T::of).collect();
    ArrayD::from_shape_vec(IxDyn(data.shape.as_deref().unwrap_or(&[])), elements).unwrap()
}

/// The same elements with a gap after each, and the first axis backwards.
fn strided<T: Copy>(a: &ArrayD<T>) -> ArrayD<T> {
    let Some(&fill) = a.first() else { return a.clone() };
    let mut shape = a.shape().to_vec();
    shape.iter_mut().for_each(|n| *n *= 2);
    let mut room = ArrayD::from_elem(IxDyn(&shape), fill);
    {
        let mut view = room.view_mut();
        view.slice_each_axis_inplace(|axis| Slice::new(0, None, if axis.axis.index() == 0 { -2 } else { 2 }));
        view.assign(a);
    }
    room.slice_each_axis_inplace(|axis| Slice::new(0, None, if axis.axis.index() == 0 { -2 } else { 2 }));
    room
}

impl Input {
    fn of(data: &Data) -> Input {
        match (data.dtype.as_str(), &data.shape) {
            ("bool", None) => Input::WeakBool(bool::of(&data.data)),
            ("int", _) => Input::Int(i64::of(&data.data)),
            ("float", _) => Input::Float(f64::of(&data.data)),
            ("complex", _) => Input::Complex(Complex::of(&data.data)),
            ("bool", _) => Input::Bool(array(data)),
            ("i8", _) => Input::I8(array(data)),
            ("i16", _) => Input::I16(array(data)),
            ("i32", _) => Input::I32(array(data)),
            ("i64", _) => Input::I64(array(data)),
            ("u8", _) => Input::U8(array(data)),
            ("u16", _) => Input::U16(array(data)),
            ("u32", _) => Input::U32(array(data)),
            ("u64", _) => Input::U64(array(data)),
            ("f32", _) => Input::F32(array(data)),
            ("f64", _) => Input::F64(array(data)),
            ("c64", _) => Input::C64(array(data)),
            ("c128", _) => Input::C128(array(data)),
            (other, _) => panic!("an input of {other}"),
        }
    }

    /// The same input in strided memory.
    fn strided(&self) -> Input {
        macro_rules! arrays {
            ($($variant:ident)*) => {
                match self {
                    $(Input::$variant(a) => Input::$variant(strided(a)),)*
                    Input::WeakBool(x) => Input::WeakBool(*x),
                    Input::Int(x) => Input::Int(*x),
                    Input::Float(x) => Input::Float(*x),
                    Input::Complex(x) => Input::Complex(*x),
                }
            };
        }
        arrays!(Bool I8 I16 I32 I64 U8 U16 U32 U64 F32 F64 C64 C128)
    }

    fn arg(&self) -> Arg<'_> {
        macro_rules! arrays {
            ($($variant:ident)*) => {
                match self {
                    $(Input::$variant(a) => Arg::new(a),)*
                    Input::WeakBool(x) => Arg::new(*x),
                    Input::Int(x) => Arg::new(*x),
                    Input::Float(x) => Arg::new(*x),
                    Input::Complex(x) => Arg::new(*x),
                }
            };
        }
        arrays!(Bool I8 I16 I32 I64 U8 U16 U32 U64 F32 F64 C64 C128)
    }
}

/// What is wrong with an answer.
fn compare(found: &AnyArray, case: &Case) -> Result<(), String> {
    let dtype = DType::from_name(&case.output.dtype).ok_or_else(|| format!("no type {}", case.output.dtype))?;
    let shape = case.output.shape.as_deref().unwrap_or(&[]);
    if found.dtype() != dtype || found.shape() != shape {
        return Err(format!("{} {:?}, expected {dtype} {shape:?}", found.dtype(), found.shape()));
    }
    fn elements<T: Form + std::fmt::Debug>(found: ArrayViewD<T>, case: &Case) -> Result<(), String> {
        let expected: ArrayD<T> = array(&case.output);
        for (at, (&found, &expected)) in found.iter().zip(&expected).enumerate() {
            let Some((ulp, far)) = T::apart(found, expected) else { continue };
            if ulp > case.ulp && case.atol.is_none_or(|atol| far > atol) {
                return Err(format!("element {at}: {found:?}, expected {expected:?} ({ulp:.1} ulp)"));
            }
        }
        Ok(())
    }
    macro_rules! arrays {
        ($($variant:ident)*) => {
            match found {
                $(AnyArray::$variant(a) => elements(a.view(), case),)*
                other => Err(format!("an array of {}", other.dtype())),
            }
        };
    }
    arrays!(Bool I8 I16 I32 I64 U8 U16 U32 U64 F32 F64 C64 C128)
}

/// Runs a case, the file's so manieth, in every way.
fn check(case: &Case, at: usize) -> Result<(), String> {
    let plain: Vec<(&String, Input)> = case.inputs.iter().map(|(name, data)| (name, Input::of(data))).collect();
    let gaps: Vec<(&String, Input)> = plain.iter().map(|(name, input)| (*name, input.strided())).collect();
    for executor in executors::some(at) {
        for (threads, inputs) in [(1, &plain), (2, &gaps), (7, &plain), (1, &gaps)] {
            let builder = Expr::builder().executor(executor).threads(pool(threads));
            // Small arrays are shared too where there are several threads.
            let builder = if threads > 1 { builder.serial_below(0).grain(0) } else { builder.threads(Threads::Serial) };
            let args: Args = inputs.iter().map(|(name, input)| (name.as_str(), input.arg())).collect();
            let found = builder
                .compile(&case.expr)
                .map_err(|e| e.to_string())
                .and_then(|e| e.eval::<AnyArray>(&args).map_err(|e| e.to_string()));
            found
                .and_then(|found| compare(&found, case))
                .map_err(|e| format!("{executor:?}, {threads} threads: {e}"))?;
        }
    }
    Ok(())
}

#[test]
fn cases() {
    let (path, lines) = data::read("TILEXPR_CASES", "conformance.jsonl.gz");
    let (mut failed, mut refused) = (Vec::new(), Vec::new());
    let mut count = 0;
    for line in lines.lines().filter(|line| !line.is_empty()) {
        let case: Case = serde_json::from_str(line).unwrap_or_else(|e| panic!("{path}: {e}"));
        count += 1;
        if let Err(e) = check(&case, count) {
            // The one place where NumPy narrows without a word: an integer of the text, in `where`, that the other
            // side's type does not hold. Here it is an error, as it is in arithmetic.
            let narrowed = case.expr.contains("where(") && e.contains("is out of range for");
            let list = if narrowed { &mut refused } else { &mut failed };
            list.push(format!("{}: `{}`: {e}", case.id, case.expr));
        }
    }
    println!("refused, where NumPy wraps an integer that does not fit: {}", refused.len());
    assert!(refused.len() * 1000 < count.max(1000), "too many are refused: {refused:?}");
    for failure in &failed {
        println!("{failure}");
    }
    println!("conformance: {count} cases, {} failed", failed.len());
    assert!(failed.is_empty(), "{} of {count} cases failed; the first: {}", failed.len(), failed[0]);
}
