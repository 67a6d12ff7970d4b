//! The text form: what it looks like, that nothing is lost, and that no text makes the parser panic.

use super::super::kernel::*;
use super::super::random::{Config, Rng, kernel, specials};
use super::super::{Builder, Monoid, Op, parse};
use super::{on_random_kernels, parsed};
use crate::dtype::{DType, Scalar};

/// One of each instruction.
fn sample() -> Kernel {
    let mut b = Builder::verbatim(2);
    let (row, col) = (LoopId(0), LoopId(1));
    let a = b.operand("a", DType::F64, Role::In, &[Stride::Any, Stride::Unit]);
    let n = b.operand("n", DType::I32, Role::In, &[]);
    let y = b.operand("y", DType::F64, Role::InOut, &[Stride::Any, Stride::Any]);
    let z = b.operand("total of y", DType::F64, Role::Out, &[Stride::Any]);
    let mut access = Access::plain(a, [row, col]);
    access.map[1].offset = -1;
    let va = b.load(access);
    let vn = b.load(Access::plain(n, []));
    let vy = b.load(Access::plain(y, [row, col]));
    let c = b.constant(2.5);
    let i = b.index(col);
    let wide = b.convert(vn, DType::I64);
    let mask = b.op(Op::Lt, &[i, wide]);
    let product = b.op(Op::Mul, &[va, c]);
    let sine = b.patch(mask, product, crate::ir::examples::named("sin.f64").unwrap(), &[vy]);
    b.store(Access::plain(y, [row, col]), sine);
    b.fault(mask, FaultCode::of(0));
    let sum = b.accumulate(Monoid::from_name("sum.f64").unwrap(), &[sine]);
    let root = b.op(Op::Sqrt, &[sum[0]]);
    b.store(Access::plain(z, [row]), root);
    b.finish()
}

const SAMPLE: &str = r#"in a: f64[any, unit]
in n: i32[]
inout y: f64[any, any]
out "total of y": f64[any]
kernel {
    v1 = load n[]
    v3 = const 2.5:f64
    v5 = convert.i64 v1
    loop i0 {
        loop i1 {
            v0 = load a[i0, i1-1]
            v2 = load y[i0, i1]
            v4 = index i1
            v6 = lt.i64 v4, v5
            v7 = mul.f64 v0, v3
            v8 = patch v6, v7, sin.f64(v2)
            store y[i0, i1], v8
            fault v6, e0
            v11 = accumulate sum.f64(v8)
        }
        v12 = reduced v11.0
        v13 = sqrt.f64 v12
        store "total of y"[i0], v13
    }
}
"#;

#[test]
fn looks_like_this() {
    let kernel = sample();
    assert_eq!(kernel.to_string(), SAMPLE);
    assert_eq!(parsed(SAMPLE), kernel);
}

#[test]
fn random_kernels_survive() {
    on_random_kernels(300, |kernel| assert_eq!(&parsed(&kernel.to_string()), kernel));
}

#[test]
fn constants_survive() {
    let mut rng = Rng::new(1);
    for dtype in DType::REAL.iter().copied() {
        let random: Vec<Scalar> = (0..200).map(|_| Scalar::from_bits(dtype, rng.bits())).collect();
        for c in specials(dtype).into_iter().chain(random) {
            let mut kernel = Kernel { levels: vec![Level::default()], ..Kernel::default() };
            kernel.insts.push(Inst::Const(c));
            kernel.types.push(Some(dtype));
            assert_eq!(parsed(&kernel.to_string()), kernel, "{c:?}");
        }
    }
}

/// What no valid kernel has comes back too: tests of the verifier depend on it.
#[test]
fn broken_kernels_survive() {
    let mut rng = Rng::new(2);
    for seed in 0..1000 {
        let mut k = kernel(seed, &Config { ops: 8, ..Config::default() });
        for _ in 0..1 + rng.below(3) {
            let at = rng.below(k.insts.len());
            let v = Value(rng.below(k.insts.len() + 2) as u32);
            let level = rng.below(k.levels.len());
            let swapped = rng.below(k.insts.len());
            match rng.below(9) {
                0 => k.types[at] = None,
                1 => k.types[at] = Some(*rng.pick(DType::REAL)),
                2 => k.levels[level].after.push(v),
                3 => k.levels[level].before.insert(0, v),
                4 => k.levels.iter_mut().for_each(|l| l.before.retain(|w| *w != v)),
                5 => k.operands.iter_mut().for_each(|o| o.name = "same \"\\\n\u{1f600}".into()),
                6 => super::super::builder::map_args(&mut k.insts[at], |_| v),
                7 => {
                    let last = k.insts.len() - 1;
                    k.insts.swap(swapped, last);
                    k.types.swap(swapped, last);
                }
                _ => {
                    if let Inst::Load(access) | Inst::Store(access, _) = &mut k.insts[at] {
                        access.operand.0 += 7;
                        access.map.push(Coordinate { follows: Some(LoopId(200)), offset: i32::MIN });
                    }
                }
            }
        }
        let text = k.to_string();
        assert_eq!(parsed(&text), k, "seed {seed}:\n{text}");
    }
    assert_eq!(parsed(""), Kernel::default());
}

#[test]
fn errors_name_the_line() {
    let cases = [
        ("region w0.body(f64) -> (f64) {", "line 1: expected `}` before the end"),
        ("region w0.cond() -> (bool) {\n}\nkernel {", "line 3: w0 has no body"),
        ("region w1.body() -> () {\n}", "line 2: w1 follows w0"),
        ("region w0.all() -> () {\n}", "line 1: expected `cond` or `body`, found `all`"),
        ("kernel {\nv0 = while w0()\n}", "line 2: there is no loop w0"),
        ("in x f64[]", "line 1: expected `:`, found `f64[]`"),
        ("\nin x: f16[]", "line 2: no type is named `f16`"),
        ("in x: f64[contiguous]", "line 1: expected `unit`, `any`, `first`, `second` or `partner`, found `contiguous`"),
        ("kernel {", "line 1: expected `}` before the end"),
        ("kernel {\n}\nkernel {\n}", "line 3: there is one kernel already"),
        ("kernel {\nv0 = const 1\n}", "line 2: expected a constant such as `2.5:f64`, found `1`"),
        ("kernel {\nv0 = const nan:1:f64\n}", "line 2: expected a constant such as `2.5:f64`, found `nan:1:f64`"),
        ("kernel {\nv0 = plus.f64 v1\n}", "line 2: no operation is named `plus`"),
        ("kernel {\nv0 = add v1, v2\n}", "line 2: `add` needs a type: `add.f64`"),
        ("kernel {\nv0:f64 = add.f64 v1, v2\n}", "line 2: `add.f64` has its type twice"),
        ("kernel {\nconst 1:i32\n}", "line 2: `const` has a result: expected `v0 = const ...`"),
        ("kernel {\nv0 = load x[]\n}", "line 2: no operand is named `x`"),
        ("kernel {\nv7 = const 1:i32\n}", "line 2: v7 in a kernel of 1 instructions"),
        ("kernel {\nv0 = const 1:i32\nv0 = const 1:i32\n}", "line 3: v0 is given twice"),
        ("kernel {\nloop i1 {\n}\n}", "line 2: expected loop i0, found i1"),
        ("kernel {\nloop i0 {\n}\nloop i1 {\n}\n}", "line 4: a level has one inner loop, ahead of its after code"),
        ("kernel {\nv0 = index i0 v1\n}", "line 2: expected the end of the line, found `v1`"),
        ("kernel {\nv0 = patch v1, v2, exp(v1)\n}", "line 2: no helper is named `exp`"),
        ("kernel {\nv0 = accumulate sum(v1)\n}", "line 2: no monoid is named `sum`"),
        ("kernel {\nfault v1, worse\n}", "line 2: expected `e` and a number, found `worse`"),
        ("kernel {\nfault v1, e8\n}", "line 2: there is no fault e8"),
        ("kernel {\nv0 = const 1:i32\nv1 = lt.i64 v0, v0\n}", "line 3: what is compared is not i64"),
        (
            "kernel {\nv99999999999 = const 1:i32\n}",
            "line 2: expected `v` and a number, found `v99999999999 = const 1:i32`",
        ),
    ];
    for (text, message) in cases {
        assert_eq!(parse(text).map_err(|e| e.to_string()), Err(message.to_string()));
    }
}

#[test]
fn nests_have_a_greatest_depth() {
    let nest = |loops: usize| {
        let open: String = (0..loops).map(|l| format!("loop i{l} {{\n")).collect();
        format!("kernel {{\n{open}{}}}", "}\n".repeat(loops))
    };
    let deepest = parsed(&nest(255));
    assert_eq!(deepest.loops(), 255);
    assert_eq!(parsed(&deepest.to_string()), deepest);
    assert_eq!(parse(&nest(256)).map_err(|e| e.to_string()), Err("line 257: more than 255 loops".into()));
    let broken = Kernel { levels: vec![Level::default(); 20_000], ..Kernel::default() };
    assert!(broken.to_string().contains("loop i19998"));
}

/// Any text gives a kernel or an error: here texts that are nearly right.
#[test]
fn nothing_panics() {
    let mut rng = Rng::new(3);
    let tokens =
        ["v0", "=", "{", "}", "\n", "loop i0 {", "[", "]", "\"", "\\", "#", ":", "-", "i", "é", "//", ",", "9"];
    for _ in 0..3000 {
        let mut text: Vec<char> = SAMPLE.chars().collect();
        for _ in 0..1 + rng.below(4) {
            let at = rng.below(text.len());
            let token: Vec<char> = rng.pick(&tokens).chars().collect();
            let cut = at..(at + rng.below(5)).min(text.len());
            text.splice(cut, token);
        }
        let text: String = text.into_iter().collect();
        if let Ok(kernel) = parse(&text) {
            assert_eq!(parsed(&kernel.to_string()), kernel);
            let _ = super::super::verify(&kernel);
        }
    }
}

#[test]
fn spaces_and_comments_do_not_count() {
    let text = "  in x:f64[ unit ]// the input\n\n// code\nkernel{\nloop i0{\nv0=load x[ i0 + 1 ]\r\n}\n}";
    // An offset is one token, so that `i0 + 1` is no sum of two things.
    assert_eq!(parse(text).map_err(|e| e.line()), Err(6));
    assert!(parse(&text.replace(" + ", "+")).is_ok());
}
