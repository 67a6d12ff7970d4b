//! The rewrite rules: each is sound, each fires, none undoes another, and the forbidden ones are absent.

use super::super::kernel::*;
use super::super::random::specials;
use super::super::rules::{self, Class, On, Pat, RULES, Rule, Types};
use super::super::{Builder, Op, rebuild, semantics, verify};
use super::{on_random_kernels, parsed};
use crate::dtype::{DType, Scalar};

#[test]
fn random_kernels_stay_right_and_come_to_rest() {
    on_random_kernels(300, |kernel| {
        let once = rebuild(kernel);
        assert_eq!(verify(&once), Ok(()), "{once}");
        assert_eq!(rebuild(&once), once, "{once}");
    });
}

/// A rule with types for its variables and a constant for its class: what there is to try.
struct Case {
    rule: &'static Rule,
    /// The types of x, y, z, w.
    vars: [DType; 4],
    /// The type of the inner conversion or cast, if there is one.
    inner: Option<DType>,
    /// The type of the operation as a whole.
    result: DType,
}

/// Every rule at every assignment of types that it takes.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for rule in RULES {
        let before = cases.len();
        let named = rule.text.contains("Convert") || rule.text.contains("Bitcast");
        let inners = if named { DType::REAL } else { &DType::REAL[..1] };
        for x in DType::REAL.iter().copied().filter(|t| rule.on.holds(*t)) {
            for &inner in inners {
                for result in DType::REAL.iter().copied() {
                    // A condition of a selection is a bool, whichever variable it is.
                    for vars in [[x; 4], [x, x, DType::Bool, x], [x, DType::Bool, x, x]] {
                        let case = Case { rule, vars, inner: Some(inner), result };
                        let Some((ty, arg)) = case.types() else { continue };
                        let when = (rule.when)(Types { x, arg, result });
                        let known = |c: &Case| {
                            std::ptr::eq(c.rule, rule) && (c.vars, c.inner, c.result) == (vars, case.inner, result)
                        };
                        if ty == result && when && !cases[before..].iter().any(known) {
                            cases.push(case);
                        }
                    }
                }
            }
        }
        assert!(cases.len() > before, "no types for {}", rule.text);
    }
    cases
}

impl Case {
    /// The type of the left side and that of its first argument; `None` if it does not take such types.
    fn types(&self) -> Option<(DType, DType)> {
        let Pat::Op(_, pats) = self.rule.from else { return None };
        // A constant's type is that of its siblings, or bool for the condition of a selection.
        let arg = pats.iter().find_map(|p| self.type_of(*p, self.inner))?;
        Some((self.type_of(self.rule.from, Some(self.result))?, arg))
    }

    fn type_of(&self, pat: Pat, named: Option<DType>) -> Option<DType> {
        match pat {
            Pat::Var(at) => Some(self.vars[at]),
            Pat::Whole => Some(self.vars[0]),
            Pat::Const(_) => None,
            Pat::Op(op, pats) => {
                let types = self.arg_types(op, pats)?;
                op.result(&types, named.filter(|_| matches!(op, Op::Convert | Op::Bitcast)))
            }
        }
    }

    /// The types of an operation's arguments, with those of constants inferred.
    fn arg_types(&self, op: Op, pats: &[Pat]) -> Option<Vec<DType>> {
        let known: Vec<Option<DType>> = pats.iter().map(|p| self.type_of(*p, self.inner)).collect();
        if pats.iter().zip(&known).any(|(p, t)| t.is_none() && !matches!(p, Pat::Const(_))) {
            return None;
        }
        let sibling = known.iter().rev().flatten().next().copied();
        let guess = |(at, t): (usize, &Option<DType>)| {
            t.or(if op == Op::Select && at == 0 { Some(DType::Bool) } else { sibling })
        };
        known.iter().enumerate().map(guess).collect()
    }

    /// The value of a side, for these variables and this constant; `None` where the semantics do not say.
    fn value(&self, pat: Pat, ty: DType, vars: &[Scalar; 4], constant: Option<Scalar>, left: bool) -> Option<Scalar> {
        match pat {
            Pat::Var(at) => Some(vars[at]),
            Pat::Whole => Some(vars[0]),
            Pat::Const(class) => self.constant(class, ty, constant, left),
            Pat::Op(op, pats) => {
                let types = self.arg_types(op, pats)?;
                let values = pats.iter().zip(&types).map(|(p, t)| self.value(*p, *t, vars, constant, left));
                semantics::eval(op, ty, &values.collect::<Option<Vec<Scalar>>>()?)
            }
        }
    }

    /// What a class stands for: on the left side the constant that is tried, if it is one of the class.
    fn constant(&self, class: Class, ty: DType, tried: Option<Scalar>, left: bool) -> Option<Scalar> {
        let found = tried.filter(|c| left && c.dtype() == ty && rules::is_of(class, *c));
        found.or_else(|| rules::member(class, ty, tried))
    }

    /// The constants of the left side's class that are worth trying; `None` alone if there is no class.
    fn constants(&self) -> Vec<Option<Scalar>> {
        let mut found = Vec::new();
        let mut todo = vec![(self.rule.from, self.result)];
        while let Some((pat, ty)) = todo.pop() {
            match pat {
                Pat::Const(class) => {
                    let powers = (0..64).map(|k| Scalar::from_bits(ty, 1 << k));
                    let floats =
                        [2.0, 0.25, -8.0, 2f64.powi(1022), -(2f64.powi(-1022)), 2f64.powi(127), 2f64.powi(126)];
                    let floats = floats.into_iter().map(|x| match ty {
                        DType::F32 => Scalar::from(x as f32),
                        _ => Scalar::from(x),
                    });
                    let all = specials(ty).into_iter().chain(powers).chain(floats);
                    found.extend(all.filter(|c| c.dtype() == ty && rules::is_of(class, *c)).map(Some));
                }
                Pat::Op(op, pats) => {
                    let types = self.arg_types(op, pats).unwrap_or_default();
                    todo.extend(pats.iter().copied().zip(types));
                }
                Pat::Var(_) | Pat::Whole => {}
            }
        }
        if found.is_empty() { vec![None] } else { found }
    }
}

/// Both sides of every rule give the same bits at every combination of special values. (Rules with more than one
/// class have one member each, but for which the constant found stands.)
#[test]
fn each_rule_is_sound() {
    if semantics::eval(Op::Add, DType::I32, &[1i32.into(), 1i32.into()]).is_none() {
        return;
    }
    let mut compared = 0;
    for case in cases() {
        let used = variables(case.rule.from);
        let sparse = used.iter().filter(|u| **u).count() > 2;
        let choices: Vec<Vec<Scalar>> = (0..4)
            .map(|at| {
                let all = specials(case.vars[at]);
                let whole = case.rule.text.contains("Whole");
                let all: Vec<Scalar> = all.into_iter().filter(|c| !whole || is_whole(*c)).collect();
                match used[at] {
                    false => all[..1].to_vec(),
                    true if sparse => all.into_iter().step_by(3).collect(),
                    true => all,
                }
            })
            .collect();
        let compared_before = compared;
        for constant in case.constants() {
            let total: usize = choices.iter().map(Vec::len).product();
            for mut at in 0..total {
                let vars = [0, 1, 2, 3].map(|i| {
                    let c = choices[i][at % choices[i].len()];
                    at /= choices[i].len();
                    c
                });
                let from = case.value(case.rule.from, case.result, &vars, constant, true);
                let to = case.value(case.rule.to, case.result, &vars, constant, false);
                if let (Some(from), Some(to)) = (from, to) {
                    assert!(from.is_same(to), "{} at {vars:?} {constant:?}: {from:?}, {to:?}", case.rule.text);
                    compared += 1;
                }
            }
        }
        assert!(compared > compared_before, "nothing was tried of {}", case.rule.text);
    }
    assert!(compared > 100_000, "{compared}");
}

fn is_whole(c: Scalar) -> bool {
    match c.dtype() {
        DType::F32 => f32::from_bits(c.bits() as u32) == f32::from_bits(c.bits() as u32).trunc(),
        DType::F64 => f64::from_bits(c.bits()) == f64::from_bits(c.bits()).trunc(),
        _ => true,
    }
}

fn variables(pat: Pat) -> [bool; 4] {
    match pat {
        Pat::Var(at) => std::array::from_fn(|i| i == at),
        Pat::Whole => [true, false, false, false],
        Pat::Const(_) => [false; 4],
        Pat::Op(_, pats) => {
            pats.iter().map(|p| variables(*p)).fold([false; 4], |a, b| std::array::from_fn(|i| a[i] | b[i]))
        }
    }
}

/// Every rule, at all its types, turns its left side into what its right side is.
#[test]
fn each_rule_fires() {
    for case in cases() {
        for constant in case.constants() {
            let [from, to] = [(case.rule.from, true), (case.rule.to, false)].map(|(pat, left)| {
                let mut b = Builder::verbatim(1);
                let vars = case.vars.map(|ty| {
                    let whole = case.rule.text.contains("Whole");
                    let id = b.operand("v", ty, Role::In, &[Stride::Unit]);
                    let v = b.load(Access::plain(id, [LoopId(0)]));
                    if whole && ty.is_float() { b.op(Op::Ceil, &[v]) } else { v }
                });
                let v = emit(&case, &mut b, pat, case.result, &vars, constant, left);
                let out = b.operand("out", case.result, Role::Out, &[Stride::Unit]);
                b.store(Access::plain(out, [LoopId(0)]), v);
                rebuild(&b.finish())
            });
            assert_eq!(from.to_string(), to.to_string(), "{}", case.rule.text);
        }
    }
}

fn emit(case: &Case, b: &mut Builder, pat: Pat, ty: DType, vars: &[Value; 4], c: Option<Scalar>, left: bool) -> Value {
    match pat {
        Pat::Var(at) => vars[at],
        Pat::Whole => vars[0],
        Pat::Const(class) => {
            let made = case.constant(class, ty, c, left);
            b.constant(made.unwrap_or_else(|| panic!("{class:?} of {ty}")))
        }
        Pat::Op(op, pats) => {
            let types = case.arg_types(op, pats).unwrap_or_default();
            let args: Vec<Value> = pats.iter().zip(types).map(|(p, t)| emit(case, b, *p, t, vars, c, left)).collect();
            b.typed_op(op, &args, matches!(op, Op::Convert | Op::Bitcast).then_some(ty))
        }
    }
}

/// The body between `in` and `out` of one type, simplified.
fn simplified(dtype: &str, body: &str) -> String {
    let operands: String = ["a", "b", "c"].iter().map(|n| format!("in {n}: {dtype}[unit]\n")).collect();
    let last = body.lines().last().unwrap_or_default().trim();
    let value = last.split([' ', ':']).next().unwrap_or_default();
    let loads = "v0 = load a[i0]\nv1 = load b[i0]\nv2 = load c[i0]\n";
    let text = |out: &str| {
        format!("{operands}out o: {out}[unit]\nkernel {{\nloop i0 {{\n{loads}{body}\nstore o[i0], {value}\n}}\n}}")
    };
    let kernel = ["f64", "f32", "i64", "i32", "bool"].iter().map(|t| parsed(&text(t))).find(|k| verify(k).is_ok());
    let kernel = rebuild(&kernel.unwrap_or_else(|| panic!("{:?}", verify(&parsed(&text(dtype))))));
    assert_eq!(verify(&kernel), Ok(()));
    let text = kernel.to_string();
    let code = text.lines().skip_while(|l| !l.starts_with("kernel")).map(str::trim);
    code.filter(|l| !l.ends_with(['{', '}'])).collect::<Vec<_>>().join("; ")
}

#[test]
fn text_to_text() {
    let cases = [
        ("f64", "v3 = const 1.0:f64\nv4 = mul.f64 v3, v0", "v0 = load a[i0]; store o[i0], v0"),
        (
            "f64",
            "v3 = const 4.0:f64\nv4 = div.f64 v0, v3",
            "v1 = const 0.25:f64; v0 = load a[i0]; v2 = mul.f64 v0, v1; store o[i0], v2",
        ),
        (
            "f64",
            "v3 = neg.f64 v1\nv4 = neg.f64 v3\nv5 = sub.f64 v4, v0",
            "v0 = load a[i0]; v1 = load b[i0]; v2 = sub.f64 v1, v0; store o[i0], v2",
        ),
        (
            "f64",
            "v3 = neg.f64 v0\nv4 = add.f64 v3, v1",
            "v0 = load a[i0]; v1 = load b[i0]; v2 = sub.f64 v1, v0; store o[i0], v2",
        ),
        (
            "i64",
            "v3 = const 8:i64\nv4 = floor_mod.i64 v0, v3",
            "v1 = const 7:i64; v0 = load a[i0]; v2 = and.i64 v0, v1; store o[i0], v2",
        ),
        (
            "i32",
            "v3 = const 8:i32\nv4 = floor_div.i32 v0, v3",
            "v1 = const 3:i32; v0 = load a[i0]; v2 = shr.i32 v0, v1; store o[i0], v2",
        ),
        ("i32", "v3 = sub.i32 v0, v0\nv4 = or.i32 v3, v1", "v0 = load b[i0]; store o[i0], v0"),
        ("i32", "v3 = convert.i64 v0\nv4 = convert.f32 v3", "v0 = load a[i0]; v1 = convert.f32 v0; store o[i0], v1"),
        ("f32", "v3 = convert.f64 v0\nv4 = convert.f32 v3", "v0 = load a[i0]; store o[i0], v0"),
        ("f64", "v3 = convert.bool v0", "v1 = const 0.0:f64; v0 = load a[i0]; v2 = ne.f64 v0, v1; store o[i0], v2"),
        (
            "i64",
            "v3 = lt.i64 v0, v1\nv4 = not.bool v3\nv5 = select.i64 v4, v0, v1",
            "v0 = load a[i0]; v1 = load b[i0]; v2 = ge.i64 v0, v1; v3 = select.i64 v2, v0, v1; store o[i0], v3",
        ),
        (
            "f64",
            "v3 = lt.f64 v0, v1\nv4 = not.bool v3\nv5 = select.f64 v4, v0, v1",
            "v0 = load a[i0]; v1 = load b[i0]; v2 = lt.f64 v0, v1; v3 = select.f64 v2, v1, v0; store o[i0], v3",
        ),
        ("f64", "v3 = floor.f64 v0\nv4 = round.f64 v3", "v0 = load a[i0]; v1 = floor.f64 v0; store o[i0], v1"),
        (
            "f64",
            "v3 = const -0.0:f64\nv4 = fma.f64 v0, v1, v3",
            "v0 = load a[i0]; v1 = load b[i0]; v2 = mul.f64 v0, v1; store o[i0], v2",
        ),
        (
            "f64",
            "v3 = const nan:fff8000000000001:f64\nv4 = copysign.f64 v0, v3",
            "v0 = load a[i0]; v1 = abs.f64 v0; store o[i0], v1",
        ),
    ];
    for (dtype, body, expected) in cases {
        assert_eq!(simplified(dtype, body), expected, "{body}");
    }
}

/// What is tempting and false: the last operation is still there.
#[test]
fn forbidden_rules_are_absent() {
    let cases = [
        ("f64", "v4 = sub.f64 v0, v0"),
        ("f64", "v3 = const 0.0:f64\nv4 = mul.f64 v0, v3"),
        ("f64", "v3 = const 0.0:f64\nv4 = add.f64 v0, v3"),
        ("f64", "v3 = const -0.0:f64\nv4 = sub.f64 v0, v3"),
        ("f64", "v3 = const 0.0:f64\nv4 = sub.f64 v3, v0"),
        ("f64", "v3 = const 3.0:f64\nv4 = div.f64 v0, v3"),
        ("f64", "v3 = const 1e22:f64\nv4 = div.f64 v0, v3"),
        // Powers of two whose reciprocals are subnormal, or infinite.
        ("f64", "v3 = const 8.98846567431158e307:f64\nv4 = div.f64 v0, v3"),
        ("f64", "v3 = const 5e-324:f64\nv4 = div.f64 v0, v3"),
        ("f32", "v3 = const 1.7014118e38:f32\nv4 = div.f32 v0, v3"),
        ("f64", "v4 = div.f64 v0, v0"),
        ("f64", "v3 = sub.f64 v0, v1\nv4 = neg.f64 v3"),
        ("f64", "v3 = add.f64 v0, v1\nv4 = sub.f64 v3, v1"),
        ("f64", "v3 = add.f64 v0, v1\nv4 = add.f64 v3, v2"),
        ("f64", "v3 = mul.f64 v0, v1\nv4 = mul.f64 v3, v2"),
        ("f64", "v3 = mul.f64 v0, v1\nv4 = div.f64 v3, v1"),
        ("f64", "v3 = mul.f64 v0, v1\nv4 = add.f64 v3, v2"),
        ("f64", "v3 = const 0.0:f64\nv4 = fma.f64 v0, v1, v3"),
        ("f64", "v3 = const 0.0:f64\nv4 = fma.f64 v0, v3, v1"),
        ("f64", "v3 = mul.f64 v0, v0\nv4 = sqrt.f64 v3"),
        ("f64", "v3 = sqrt.f64 v0\nv4 = abs.f64 v3"),
        ("f64", "v4 = eq.f64 v0, v0"),
        ("f64", "v4 = ne.f64 v0, v0"),
        ("f64", "v4 = le.f64 v0, v0"),
        ("f64", "v3 = lt.f64 v0, v1\nv4 = not.bool v3"),
        ("f64", "v3 = min.f64 v0, v1\nv4 = min.f64 v3, v0"),
        ("f64", "v4 = min.f64 v1, v0"),
        ("f64", "v3 = const inf:f64\nv4 = max.f64 v0, v3"),
        ("f64", "v3 = neg.f64 v1\nv4 = copysign.f64 v0, v3"),
        ("f64", "v3 = copysign.f64 v1, v2\nv4 = copysign.f64 v0, v3"),
        ("f64", "v3 = convert.f32 v0\nv4 = convert.f64 v3"),
        ("f64", "v3 = convert.i64 v0\nv4 = convert.f64 v3"),
        ("f64", "v3 = convert.f32 v0\nv4 = convert.bool v3"),
        ("i64", "v3 = convert.f64 v0\nv4 = convert.i64 v3"),
        ("i64", "v3 = convert.i32 v0\nv4 = convert.i64 v3"),
        ("i32", "v3 = convert.f32 v0\nv4 = convert.i32 v3"),
        ("i64", "v4 = floor_div.i64 v0, v0"),
        ("i64", "v3 = const -9223372036854775808:i64\nv4 = floor_div.i64 v0, v3"),
        ("i64", "v3 = const -8:i64\nv4 = floor_mod.i64 v0, v3"),
        ("i64", "v3 = mul.i64 v0, v0\nv4 = abs.i64 v3"),
    ];
    for (dtype, body) in cases {
        let operation = body.lines().last().and_then(|l| l.split(' ').nth(2)).unwrap_or_default();
        // A conversion to bool has one form, which keeps the inner conversion.
        let operation = if operation == "convert.bool" { "ne.f32" } else { operation };
        let code = simplified(dtype, body);
        assert!(code.contains(&format!("{operation} ")), "{body}: {code}");
        let given = body.lines().filter(|l| !l.contains("const") && !l.contains("lt.")).count();
        let left = code.matches('=').count() - code.matches("load").count() - code.matches("const").count();
        assert!(left >= given, "{body}: {code}");
    }
}

/// Long chains of operations on which rules match end, without a deep stack.
#[test]
fn long_chains_end() {
    let chain = [Op::Neg, Op::Abs, Op::Neg, Op::Sub, Op::Neg, Op::Add, Op::CopySign, Op::Mul, Op::Floor, Op::Max];
    let mut b = Builder::new(1);
    let id = b.operand("x", DType::F64, Role::In, &[Stride::Unit]);
    let x = b.load(Access::plain(id, [LoopId(0)]));
    let mut v = x;
    for at in 0..100_000usize {
        let op = chain[at * at % 7 + at % 3];
        v = if op.arity() == 1 { b.op(op, &[v]) } else { b.op(op, &[x, v]) };
    }
    let out = b.operand("out", DType::F64, Role::Out, &[Stride::Unit]);
    b.store(Access::plain(out, [LoopId(0)]), v);
    assert_eq!(verify(&b.finish()), Ok(()));
}

#[test]
fn kinds_hold_for_their_types() {
    for dtype in DType::REAL.iter().copied() {
        assert!(On::Any.holds(dtype));
        assert_ne!(On::Float.holds(dtype), On::Bits.holds(dtype));
        assert_ne!(On::Bool.holds(dtype), On::Number.holds(dtype));
    }
}
