//! Each rule of the verifier is broken alone, by one change to a kernel that is right.

use super::super::{parse, verify};
use super::{on_random_kernels, parsed};
use crate::dtype::DType;
use crate::ir::{Access, Builder, Inst, Kernel, Level, Loop, Role};

const RIGHT: &str = "
in x: f64[any, unit]
in b: bool[unit]
inout y: f64[any, unit]
out z: f64[unit]
kernel {
    v0 = const 2.5:f64
    v1 = const 1:i32
    loop i0 {
        v2 = index i0
        loop i1 {
            v3 = load x[i0, i1+1]
            v4 = load b[i1]
            v5 = load y[i0, i1]
            v6 = fma.f64 v3, v0, v5
            v7 = lt.f64 v6, v0
            v8 = select.f64 v7, v5, v6
            v9 = patch v4, v8, sin.f64(v3)
            v10 = convert.f64 v1
            fault v4, e0
            store y[i0, i1], v9
            v13 = accumulate sum.f64(v9)
        }
        v14 = reduced v13.0
        v15 = convert.f64 v2
        v16 = add.f64 v14, v15
        store z[i0], v16
    }
}
";

#[test]
fn the_right_kernel_is_right() {
    assert_eq!(verify(&parsed(RIGHT)), Ok(()));
}

#[test]
fn each_rule_is_checked() {
    let cases: &[(&str, &str, &str)] = &[
        // Listing.
        ("v7 = lt.f64 v6, v0", "v7 = lt.f64 v6, v0\nagain v3", "v3 is listed twice"),
        ("v7 = lt.f64 v6, v0", "v7 = lt.f64 v6, v0\nagain v300", "v300 is listed but does not exist"),
        ("            v10 = convert.f64 v1\n", "", "v10 is not listed"),
        (
            "v13 = accumulate",
            "after\nv13 = accumulate",
            "`v13 = accumulate sum.f64(v9)`: the innermost level has no after code",
        ),
        // Order and levels.
        ("v6 = fma.f64 v3, v0, v5", "v6 = fma.f64 v3, v0, v8", "`v6 = fma.f64 v3, v0, v8`: v8 is not known here"),
        ("v6 = fma.f64 v3, v0, v5", "v6 = fma.f64 v3, v0, v6", "`v6 = fma.f64 v3, v0, v6`: v6 is not known here"),
        ("v6 = fma.f64 v3, v0, v5", "v6 = fma.f64 v3, v0, v14", "`v6 = fma.f64 v3, v0, v14`: v14 is not known here"),
        ("v16 = add.f64 v14, v15", "v16 = add.f64 v14, v9", "`v16 = add.f64 v14, v9`: v9 is not known here"),
        ("store z[i0], v16", "store z[i0], v9", "`store z[i0], v9`: v9 is not known here"),
        // Arguments.
        ("v6 = fma.f64 v3, v0, v5", "v6 = fma.f64 v3, v0, v90", "`v6 = fma.f64 v3, v0, v90`: v90 does not exist"),
        ("v6 = fma.f64 v3, v0, v5", "v6 = fma.f64 v3, v0, v11", "`v6 = fma.f64 v3, v0, v11`: v11 has no result"),
        ("v6 = fma.f64 v3, v0, v5", "v6 = fma.f64 v3, v0", "`v6 = fma.f64 v3, v0`: fma takes 3 arguments, not 2"),
        // Types.
        ("v6 = fma.f64 v3, v0, v5", "v6 = fma.f64 v3, v0, v1", "fma does not take [F64, F64, I32]"),
        ("v8 = select.f64 v7, v5, v6", "v8 = select.f64 v5, v5, v6", "select does not take [F64, F64, F64]"),
        ("v6 = fma.f64 v3, v0, v5", "v6 = fma.f32 v3, v0, v5", "`v6 = fma.f32 v3, v0, v5`: the type is f64, not f32"),
        ("v6 = fma.f64 v3, v0, v5", "v6:none = fma v3, v0, v5", "the type is f64, not no result"),
        ("v7 = lt", "v7:f64 = lt", "`v7:f64 = lt.f64 v6, v0`: the type is bool, not f64"),
        ("v10 = convert.f64 v1", "v10 = bitcast.f64 v1", "bitcast does not take [I32]"),
        ("v1 = const 1:i32", "v1:f64 = const 1:i32", "`v1:f64 = const 1:i32`: the type is i32, not f64"),
        ("v3 = load", "v3:i64 = load", "the type is f64, not i64"),
        ("v2 = index", "v2:i32 = index", "the type is i64, not i32"),
        ("v9 = patch", "v9:bool = patch", "the type is f64, not bool"),
        ("v14 = reduced", "v14:i32 = reduced", "the type is f64, not i32"),
        ("v13 = accumulate", "v13:f64 = accumulate", "the type is no result, not f64"),
        ("store z[i0], v16", "v17:f64 = store z[i0], v16", "the type is no result, not f64"),
        // Operands and loops.
        ("v3 = load x[i0, i1+1]", "v3:f64 = load #9[i0, i1+1]", "operand 9 does not exist"),
        ("v3 = load x[i0, i1+1]", "v3 = load x[i0]", "`v3 = load x[i0]`: 1 coordinates for 2 dimensions"),
        ("v3 = load x[i0, i1+1]", "v3 = load x[i0, i2]", "this is not inside loop i2"),
        ("v2 = index i0", "v2 = index i1", "`v2 = index i1`: this is not inside loop i1"),
        ("store z[i0], v16", "store z[i1], v16", "this is not inside loop i1"),
        ("out z", "in z", "an `in` operand is not stored to"),
        ("in x", "out x", "an `out` operand is not loaded"),
        ("out z: f64", "out z: f32", "f64 is stored to f32"),
        ("store y[i0, i1], v9", "store y[i0, i1+1], v9", "an `inout` operand is accessed at one point"),
        ("v10 = convert.f64 v1\n", "store y[i0, i1], v9\nv10 = load y[i0, i1]\n", "is loaded before it is stored"),
        ("v15 = convert", "store z[i0], v0\nagain v14\nv15 = convert", "v14 is listed twice"),
        ("v2 = index i0\n", "v2 = index i0\nstore z[i0], v0\n", "a store stands in the body and follows its loop"),
        ("store y[i0, i1], v9\n", "store y[i0, i1], v9\nstore z[i0], v9\n", "a store stands in the body and follows"),
        // Halves of pairs.
        (
            "in x: f64[any, unit]",
            "in x: f64[first, unit]",
            "x: halves of pairs follow each other along the last dimension",
        ),
        ("in x: f64[any, unit]", "in x: f64[any, partner]", "x: the operand before is not the first halves"),
        ("in x: f64[any, unit]", "in w: f32[any, first]\nin x: f64[any, partner]", "operand before is not the first"),
        ("in x: f64[any, unit]", "out w: f64[any, first]\nin x: f64[any, partner]", "operand before is not the first"),
        ("in x: f64[any, unit]", "in w: f64[unit, first]\nin x: f64[any, partner]", "operand before is not the first"),
        // Masks, helpers, monoids.
        ("v9 = patch v4", "v9 = patch v3", "the mask is f64, not bool"),
        ("v9 = patch v4, v8", "v9 = patch v4, v1", "sin.f64 gives f64, not i32"),
        ("sin.f64(v3)", "sin.f64(v1)", "sin.f64 takes [F64], not [I32]"),
        ("sin.f64(v3)", "sin.f64(v3, v3)", "sin.f64 takes [F64], not [F64, F64]"),
        ("fault v4", "fault v3", "`fault v3, e0`: the mask is f64, not bool"),
        ("sum.f64(v9)", "sum.f64(v1)", "sum.f64 takes [F64], not [I32]"),
        ("v14 = reduced v13.0", "v14:f64 = reduced v13.1", "the state of sum.f64 has 1 parts"),
        ("v14 = reduced v13.0", "v14:f64 = reduced v9.0", "v9 is not an accumulate"),
        ("v14 = reduced v13.0", "v14:f64 = reduced v99.0", "v99 is not an accumulate"),
        (
            "v13 = accumulate sum.f64(v9)\n",
            "v13 = accumulate sum.f64(v9)\nv18 = reduced v13.0\n",
            "a reduced stands in",
        ),
    ];
    for (from, to, reason) in cases {
        assert_eq!(RIGHT.matches(from).count(), 1, "{from}");
        let mut text = RIGHT.replace(from, to);
        if text.matches("v10 =").count() == 0 {
            text += "unlisted {\n v10 = convert.f64 v1\n}";
        }
        let error = verify(&parse(&text).unwrap_or_else(|e| panic!("{e}: {to}")));
        let error = error.expect_err(to).to_string();
        assert!(error.contains(reason), "{to}: {error}");
    }
}

#[test]
fn accumulates_stand_in_a_body() {
    for text in [
        "kernel {\nv0 = const 1.0:f64\nv1 = accumulate sum.f64(v0)\n}",
        "kernel {\nv0 = const 1.0:f64\nv1 = accumulate sum.f64(v0)\nloop i0 {\n}\n}",
        "kernel {\nv0 = const 1.0:f64\nloop i0 {\n}\nv1 = accumulate sum.f64(v0)\n}",
    ] {
        let error = verify(&parsed(text)).expect_err(text);
        assert_eq!(error.reason(), "an accumulate stands in the body of a loop");
        assert_eq!(error.inst(), Some("v1 = accumulate sum.f64(v0)"));
    }
}

const LOOP: &str = "
in x: f64[unit]
out y: f64[unit]
region w0.cond(f64, i32) -> (bool) {
    v0 = load x0[]
    v1 = lt.f64 v0, v0
    fault v1, e0
    store y0[], v1
}
region w0.body(f64, i32) -> (f64) {
    v0 = load x0[]
    v1 = neg.f64 v0
    store y0[], v1
}
kernel {
    v0 = const 1:i64
    v1 = const 1:i32
    loop i0 {
        v2 = load x[i0]
        v3 = while w0(v2, v0, v1)
        v4 = final v3.0
        store y[i0], v4
    }
}
";

#[test]
fn loops_at_points_are_checked() {
    assert_eq!(verify(&parsed(LOOP)), Ok(()));
    assert_eq!(parsed(&parsed(LOOP).to_string()), parsed(LOOP));
    let cases = [
        ("while w0(v2, v0, v1)", "while w0(v2, v1, v1)", "while takes [F64, I64, I32], not [F64, I32, I32]"),
        ("while w0(v2, v0, v1)", "while w0(v2, v0)", "while takes [F64, I64, I32], not [F64, I64]"),
        ("v4 = final v3.0", "v4:f64 = final v3.1", "the state has 1 parts"),
        ("v4 = final v3.0", "v4:f64 = final v2.0", "v2 is not a while"),
        ("store y[i0], v4", "store y[i0], v3", "v3 has no result"),
        ("cond(f64, i32) -> (bool)", "cond(f64, i64) -> (bool)", "takes [F64, I64] and gives [Bool]"),
        ("fault v1, e0", "fault v0, e0", "the mask is f64, not bool"),
        ("store y0[], v1\n}\nkernel", "}\nkernel", "a region gives all its results"),
        ("store y0[], v1\n}\nkernel", "store y0[], v1\nstore y0[], v0\n}\nkernel", "gives its results in order"),
    ];
    for (from, to, reason) in cases {
        assert_eq!(LOOP.matches(from).count(), 1, "{from}");
        let error = verify(&parsed(&LOOP.replace(from, to))).expect_err(to).to_string();
        assert!(error.contains(reason), "{to}: {error}");
    }
    // What text cannot say: a loop in a loop.
    let inner = parsed(LOOP);
    let Some(Inst::While { body, .. }) = inner.insts.iter().find(|inst| matches!(inst, Inst::While { .. })) else {
        panic!("there is a loop");
    };
    let (mut b, args) = Builder::new(0).function(&[DType::F64, DType::I32]);
    let one = b.constant(1i64);
    let state = b.iterate(body, &[args[0], one, args[1]]);
    let nested = std::sync::Arc::new(Loop::new(None, b.results(&state)));
    let mut b = Builder::new(0);
    let y = b.operand("y", DType::F64, Role::Out, &[]);
    let (x, c, n) = (b.constant(1.0), b.constant(1i32), b.constant(2i64));
    let state = b.iterate(&nested, &[x, n, c]);
    b.store(Access::plain(y, []), state[0]);
    assert!(verify(&b.finish()).expect_err("is nested").to_string().contains("not nested"));
}

/// What text cannot say.
#[test]
fn the_whole_is_checked() {
    let reason = |k: &Kernel| verify(k).expect_err("is wrong").to_string();
    assert_eq!(reason(&Kernel::default()), "a kernel has at least one level");
    let deep = Kernel { levels: vec![Level::default(); 257], ..Kernel::default() };
    assert_eq!(reason(&deep), "256 loops are more than 255");
    let typed = Kernel { levels: vec![Level::default()], types: vec![Some(DType::F64)], ..Kernel::default() };
    assert_eq!(reason(&typed), "1 types for 0 instructions");
}

#[test]
fn random_kernels_are_right() {
    on_random_kernels(300, |kernel| assert_eq!(verify(kernel), Ok(())));
}
