//! The rows that NumPy is the yardstick of: a text, its arguments, the same in NumPy, and the ratio that is asked.

use tilexpr::DType::{self, Bool, C64, C128, F32, F64, I8, I16, I32, I64, U8, U16, U32};

use crate::data::{Spec, Values, View, usual};

/// A row, on one thread.
pub struct Row {
    pub what: String,
    pub text: String,
    pub numpy: String,
    pub arrays: Vec<Spec>,
    /// At most so many times NumPy's time.
    pub asked: f64,
}

fn row(what: impl Into<String>, [text, numpy]: [&str; 2], arrays: &[Spec], asked: f64) -> Row {
    Row { what: what.into(), text: text.into(), numpy: numpy.into(), arrays: arrays.to_vec(), asked }
}

/// All of them.
pub fn rows() -> Vec<Row> {
    let mut rows = reductions();
    rows.extend(fused());
    rows.extend(positions());
    rows.extend(large_angles());
    rows.extend(complex());
    rows.extend(integers());
    rows.extend(scans());
    rows.push(chain());
    rows
}

/// Scans and histograms.
fn scans() -> Vec<Row> {
    let mut rows = Vec::new();
    for dtype in [F64, F32] {
        let (line, short) = (usual("a", dtype, &[3_000_000]), usual("a", dtype, &[10_000]));
        let table = usual("a", dtype, &[1000, 3000]);
        for (what, a) in [("3000000", line), ("10000", short)] {
            rows.push(row(format!("{what} {dtype}"), ["cumsum(a)", "np.cumsum(a)"], &[a], 1.0));
            rows.push(row(format!("{what} {dtype}"), ["cumsum(a*a)/2", "np.cumsum(a*a)/2"], &[a], 1.0));
            rows.push(row(format!("{what} {dtype}"), ["cummax(a)", "np.maximum.accumulate(a)"], &[a], 1.0));
        }
        for axis in ["axis=0", "axis=1"] {
            let (text, numpy) = (format!("cumsum(a, {axis})"), format!("np.cumsum(a, {axis})"));
            rows.push(row(format!("(1000,3000) {dtype}"), [&text, &numpy], &[table], 1.0));
        }
    }
    let (bytes, floats) = (usual("a", U8, &[3_000_000]), usual("a", F64, &[3_000_000]));
    let numpy = "np.histogram(a, 256, (0, 256))[0]";
    rows.push(row("3000000 u8", ["histogram(a, 256, 0, 256)", numpy], &[bytes], 0.5));
    rows.push(row("3000000 u8", ["bincount(a, 256)", "np.bincount(a, minlength=256)"], &[bytes], 0.5));
    let numpy = "np.histogram(a, 100, (0.0, 2.0))[0]";
    rows.push(row("3000000 f64", ["histogram(a, 100, 0, 2)", numpy], &[floats], 0.5));
    rows
}

/// Whole reductions of what does not lie in its logical order.
fn reductions() -> Vec<Row> {
    let planar = |dtype| usual("a", dtype, &[1000, 1000, 3]).lying(View::Planar);
    let fortran = |shape| usual("a", F64, shape).lying(View::Fortran);
    let mut rows = vec![row("planar u8 as (1000,1000,3)", ["max(a)", "a.max()"], &[planar(U8)], 1.0)];
    let rgba = usual("a", F64, &[1000, 1000, 3]).lying(View::Padded);
    for (what, a) in [
        ("(1000,1000,3) in F order", fortran(&[1000, 1000, 3])),
        ("planar f64 as (1000,1000,3)", planar(F64)),
        ("rgba[..., :3], f64", rgba),
        ("(1500000,2) in F order", fortran(&[1_500_000, 2])),
        ("(128,128,128) in F order", fortran(&[128, 128, 128])),
    ] {
        for [text, numpy] in [["sum(a)", "a.sum()"], ["mean(a)", "a.mean()"], ["std(a)", "a.std()"]] {
            rows.push(row(what, [text, numpy], &[a], 1.5));
        }
    }
    let four = fortran(&[40, 40, 40, 40]);
    rows.push(row("(40,40,40,40) in F order", ["sum(a, axis=(2, 3))", "a.sum(axis=(2, 3))"], &[four], 1.5));
    rows
}

/// Reductions of what is computed on the way.
fn fused() -> Vec<Row> {
    let (a, w) = (usual("a", F64, &[1_000_000, 3]), usual("w", F64, &[3]));
    let (long, other) = (usual("a", F64, &[3_000_000]), usual("b", F64, &[3_000_000]));
    let bytes = [usual("a", U8, &[3_000_000]), usual("b", U8, &[3_000_000])];
    vec![
        row("(1000000,3) by (3,)", ["sum(a*w)", "(a*w).sum()"], &[a, w], 0.7),
        row("3000000 f64", ["sum((a - b)**2)", "((a - b)**2).sum()"], &[long, other], 0.7),
        row("3000000 u8", ["max(abs(a - b))", "np.abs(a - b).max()"], &bytes, 0.7),
    ]
}

fn positions() -> Vec<Row> {
    let mut rows = Vec::new();
    for dtype in [F64, F32, I32, U8, Bool] {
        let a = usual("a", dtype, &[1000, 3000]);
        for name in ["argmax", "argmin"] {
            for (text, numpy) in [("(a)", "()"), ("(a, axis=-1)", "(axis=-1)")] {
                let (text, numpy) = (format!("{name}{text}"), format!("a.{name}{numpy}"));
                rows.push(row(format!("(1000,3000) {dtype}"), [&text, &numpy], &[a], 2.0));
            }
        }
    }
    let none = usual("a", Bool, &[1000, 3000]).of(Values::Zero);
    rows.push(row("(1000,3000) bool, all False", ["argmax(a)", "a.argmax()"], &[none], 2.0));
    rows
}

/// Sines and cosines of phases, frequencies times seconds.
fn large_angles() -> Vec<Row> {
    let mut rows = Vec::new();
    for dtype in [F64, F32] {
        let x = usual("x", dtype, &[100_000]).of(Values::Large);
        for function in ["sin", "cos", "tan"] {
            let (text, numpy) = (format!("{function}(x)"), format!("np.{function}(x)"));
            rows.push(row(format!("100000 {dtype} from 5e6 to 2e9"), [&text, &numpy], &[x], 2.0));
        }
        let numpy = if dtype == F64 { "np.exp(1j*x)" } else { "np.exp(np.complex64(1j)*x)" };
        rows.push(row(format!("100000 {dtype} from 5e6 to 2e9"), ["exp(1j*x)", numpy], &[x], 2.0));
    }
    rows
}

fn complex() -> Vec<Row> {
    let mut rows = Vec::new();
    for dtype in [C64, C128] {
        let a = usual("a", dtype, &[3000, 300]);
        for name in ["sum", "mean", "prod"] {
            let (text, numpy) = (format!("{name}(a, axis=0)"), format!("a.{name}(axis=0)"));
            rows.push(row(format!("(3000,300) {dtype}"), [&text, &numpy], &[a], 1.2));
        }
        let (a, b) = (usual("a", dtype, &[2000]), usual("b", dtype, &[2000]));
        for [text, numpy] in [["a + b", "a + b"], ["a*b", "a*b"], ["abs(a)", "np.abs(a)"], ["conj(a)", "np.conj(a)"]] {
            rows.push(row(format!("2000 {dtype}, in cache"), [text, numpy], &[a, b], 2.0));
        }
    }
    rows
}

/// Division by a literal, and shifts.
fn integers() -> Vec<Row> {
    const SIZES: [&[usize]; 2] = [&[10_000], &[3_000_000]];
    let mut rows = Vec::new();
    for shape in SIZES {
        for dtype in [I8, U8, I16, U16, I32, U32, I64, DType::U64] {
            for text in ["a//7", "a%7"] {
                rows.push(row(format!("{} {dtype}", shape[0]), [text, text], &[usual("a", dtype, shape)], 2.0));
            }
        }
        for dtype in [I8, U8, I16, U16, I32, U32] {
            let arrays = [usual("a", dtype, shape), usual("b", dtype, shape).of(Values::Shift)];
            rows.push(row(format!("{} {dtype}", shape[0]), ["a<<b", "a<<b"], &arrays, 2.0));
        }
    }
    rows
}

/// Rows made to sum to 1 again and again: each step reads the one before.
fn chain() -> Row {
    let steps = 200;
    let text = "t = a; ".to_string() + &"t = t/sum(t, axis=1, keepdims=True); ".repeat(steps) + "t";
    let a = usual("a", F64, &[300, 300]);
    Row {
        what: format!("(300,300), {steps} times t = t/sum(t, axis=1, keepdims=True)"),
        text,
        numpy: format!("chain(a, {steps})"),
        arrays: vec![a],
        asked: 1.25,
    }
}
