//! Random expressions on random arguments.
//!
//! Expressions are built from below: each new part takes parts that are there, so parts are shared and any part can be a
//! result (which is how a failure is made small). The type and shape of each part are worked out here, from the rules of
//! NumPy as the documentation has them, not by the library.

use std::fmt::Write;

use tilexpr::DType;

use super::oracle::broadcast;
use super::rng::Rng;
use super::tensor::Tensor;

/// The type of a part. Weak ones are of literals and bare numbers alone: `I64`, `U64` (with one beyond `i64`) and `F64` stand for
/// their kinds.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Ty {
    pub dtype: DType,
    pub weak: bool,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Rule {
    /// The common type.
    Number,
    /// The same, bools included.
    Any,
    /// Only ints and bools.
    Bits,
    /// Ints; two bools become `i8`.
    Ints,
    /// Numbers; two bools become `i8`.
    Divided,
    /// Bools and ints of up to 16 bits become `f32`, others `f64`.
    Float,
    /// Ints and bools become `f64`.
    Divide,
    /// A bool, of anything.
    Test,
    /// A bool, of bools.
    Logic,
    /// Its own type, not bools.
    Own,
    /// Its own type.
    OwnAny,
    Round,
    Where,
    Cast(DType),
    Power,
    Sum,
    Extremum,
    /// Its own type, strong.
    Initial,
    Index,
    Mean,
    Truth,
}

struct Form {
    text: &'static str,
    kids: usize,
    rule: Rule,
}

const fn form(text: &'static str, kids: usize, rule: Rule) -> Form {
    Form { text, kids, rule }
}

const FORMS: &[Form] = &[
    form("0 + 1", 2, Rule::Any),
    form("0 - 1", 2, Rule::Number),
    form("0 * 1", 2, Rule::Any),
    form("0 / 1", 2, Rule::Divide),
    form("0 // 1", 2, Rule::Divided),
    form("0 % 1", 2, Rule::Divided),
    form("0 ** 1", 2, Rule::Power),
    form("0 & 1", 2, Rule::Bits),
    form("0 | 1", 2, Rule::Bits),
    form("0 ^ 1", 2, Rule::Bits),
    form("0 << 1", 2, Rule::Ints),
    form("0 >> 1", 2, Rule::Ints),
    form("-0", 1, Rule::Own),
    form("+0", 1, Rule::Own),
    form("~0", 1, Rule::Bits),
    form("not 0", 1, Rule::Logic),
    form("0 and 1", 2, Rule::Logic),
    form("0 or 1", 2, Rule::Logic),
    form("0 < 1", 2, Rule::Test),
    form("0 <= 1", 2, Rule::Test),
    form("0 > 1", 2, Rule::Test),
    form("0 >= 1", 2, Rule::Test),
    form("0 == 1", 2, Rule::Test),
    form("0 != 1", 2, Rule::Test),
    form("0 < 1 <= 2", 3, Rule::Test),
    form("where(0, 1, 2)", 3, Rule::Where),
    form("1 if 0 else 2", 3, Rule::Where),
    form("0 in (1, 2)", 3, Rule::Test),
    form("0 not in (1,)", 2, Rule::Test),
    form("between(0, 1, 2)", 3, Rule::Test),
    form("select(0, 1, 2)", 3, Rule::Where),
    form("clip(0, 1, 2)", 3, Rule::Any),
    form("clip(0, None, 1)", 2, Rule::Any),
    form("clip(0, min=1)", 2, Rule::Any),
    form("nan_to_num(0)", 1, Rule::OwnAny),
    form("isclose(0, 1, equal_nan=True)", 2, Rule::Test),
    form("fabs(0)", 1, Rule::Float),
    form("exp10(0)", 1, Rule::Float),
    form("minimum(0, 1)", 2, Rule::Any),
    form("maximum(0, 1)", 2, Rule::Any),
    form("fmod(0, 1)", 2, Rule::Divided),
    form("copysign(0, 1)", 2, Rule::Float),
    form("arctan2(0, 1)", 2, Rule::Float),
    form("sqrt(0)", 1, Rule::Float),
    form("exp(0)", 1, Rule::Float),
    form("log(0)", 1, Rule::Float),
    form("sin(0)", 1, Rule::Float),
    form("tanh(0)", 1, Rule::Float),
    form("abs(0)", 1, Rule::OwnAny),
    form("sign(0)", 1, Rule::Own),
    form("square(0)", 1, Rule::Divided),
    form("floor(0)", 1, Rule::OwnAny),
    form("trunc(0)", 1, Rule::OwnAny),
    form("round(0)", 1, Rule::Round),
    form("isnan(0)", 1, Rule::Test),
    form("isfinite(0)", 1, Rule::Test),
    form("logical_xor(0, 1)", 2, Rule::Test),
    form("logical_not(0)", 1, Rule::Test),
    form("i8(0)", 1, Rule::Cast(DType::I8)),
    form("i16(0)", 1, Rule::Cast(DType::I16)),
    form("i32(0)", 1, Rule::Cast(DType::I32)),
    form("i64(0)", 1, Rule::Cast(DType::I64)),
    form("u8(0)", 1, Rule::Cast(DType::U8)),
    form("u16(0)", 1, Rule::Cast(DType::U16)),
    form("u32(0)", 1, Rule::Cast(DType::U32)),
    form("u64(0)", 1, Rule::Cast(DType::U64)),
    form("f32(0)", 1, Rule::Cast(DType::F32)),
    form("f64(0)", 1, Rule::Cast(DType::F64)),
    form("bool(0)", 1, Rule::Cast(DType::Bool)),
    form("sum(0@)", 1, Rule::Sum),
    form("prod(0@)", 1, Rule::Sum),
    form("min(0@)", 1, Rule::Extremum),
    form("max(0@)", 1, Rule::Extremum),
    form("mean(0@)", 1, Rule::Mean),
    form("nansum(0@)", 1, Rule::Sum),
    form("nanprod(0@)", 1, Rule::Sum),
    form("nanmin(0@)", 1, Rule::Extremum),
    form("nanmax(0@)", 1, Rule::Extremum),
    form("nanmean(0@)", 1, Rule::Mean),
    form("nanvar(0@)", 1, Rule::Mean),
    form("sum(0@, dtype=f32)", 1, Rule::Cast(DType::F32)),
    form("nanmean(0@, dtype=i16)", 1, Rule::Cast(DType::I16)),
    form("sum(0@, initial=True)", 1, Rule::Sum),
    form("min(0@, initial=True)", 1, Rule::Initial),
    form("nanmax(0@, initial=False)", 1, Rule::Initial),
    form("var(0@)", 1, Rule::Mean),
    form("std(0@)", 1, Rule::Mean),
    form("argmin(0@)", 1, Rule::Index),
    form("argmax(0@)", 1, Rule::Index),
    form("cumsum(0#)", 1, Rule::Sum),
    form("cumprod(0#)", 1, Rule::Sum),
    form("cummin(0#)", 1, Rule::Initial),
    form("cummax(0#)", 1, Rule::Initial),
    form("cumsum(0#, dtype=f32)", 1, Rule::Cast(DType::F32)),
    form("cumprod(0#, dtype=u8)", 1, Rule::Cast(DType::U8)),
    form("index(0#)", 1, Rule::Index),
    form("histogram(0$)", 1, Rule::Index),
    form("bincount(0$)", 1, Rule::Bits),
    form("iterate(lambda s, n: (s + s, n + 3), (0, 3), lambda s, n: s < 1, 9)[-2]", 2, Rule::Initial),
    form(
        "iterate(lambda s, n: (where(5 < n, s, s + s), n + 3), (0, 3), lambda s, n: n < 8 and s == s, 7)[1]",
        1,
        Rule::Index,
    ),
    form("iterate(lambda s: where(s < 1, s + 0, 0), 0, lambda s: 2 != s, 6)", 3, Rule::Initial),
    form("repeat(lambda s: where(s < 1, s + 0, s), 0, 5)", 2, Rule::Initial),
    form("repeat(lambda s: minimum(s + s, 0), 0, 9)", 1, Rule::Initial),
    form("scan(lambda s, x: s + (x > 3), 7, 0#)", 1, Rule::Index),
    form("scan(lambda s, x: s/2 + f64(x), f64(3), 0#, reverse=True)", 1, Rule::Cast(DType::F64)),
    form("scan(lambda s, x: (s ^ 9) + (x < 1), 7, 0#)", 2, Rule::Index),
    form(
        "scan(lambda s, x: (s[2], s[-3] + (x[-3] < x[2]), s[-2] ^ 6), (4, 5, 6), (0, 7, 1)#, reverse=True)[2]",
        2,
        Rule::Index,
    ),
    form("any(0@)", 1, Rule::Truth),
    form("all(0@)", 1, Rule::Truth),
];

/// What a name stands for.
#[derive(Clone, Debug)]
pub struct Var {
    pub name: String,
    pub ty: Ty,
    pub value: Tensor,
    /// Axes along which all values are equal, so that they may lie in one place.
    pub repeated: Vec<bool>,
}

#[derive(Clone, Debug)]
struct Part {
    /// Text, with the numbers of other parts as `{n}`.
    text: String,
    ty: Ty,
    shape: Vec<usize>,
    /// Given a name by a statement.
    named: bool,
}

/// An expression and its arguments.
#[derive(Clone, Debug)]
pub struct Case {
    pub vars: Vec<Var>,
    parts: Vec<Part>,
    pub results: Vec<usize>,
}

/// The common type of two strong ones: that which holds both, as NumPy's documentation has it.
fn promote(a: DType, b: DType) -> DType {
    let signed = |bytes: usize| match bytes {
        2 => DType::I16,
        4 => DType::I32,
        8 => DType::I64,
        _ => DType::F64,
    };
    let (a, b) = if a.size() <= b.size() { (a, b) } else { (b, a) };
    match (a, b) {
        _ if a == b => a,
        (DType::Bool, other) | (other, DType::Bool) => other,
        _ if a.is_float() && b.is_float() => b,
        // The significand of `f32` has 24 bits.
        _ if b.is_float() || a.is_float() => {
            let (float, int) = if a.is_float() { (a, b) } else { (b, a) };
            if float == DType::F32 && int.size() <= 2 { DType::F32 } else { DType::F64 }
        }
        _ if a.is_signed() == b.is_signed() => b,
        _ if b.is_signed() && a.size() < b.size() => b,
        _ if b.is_signed() => signed(2 * a.size()),
        _ => signed(2 * b.size()),
    }
}

fn common(of: &[Ty]) -> Ty {
    let mut strong: Vec<DType> = of.iter().filter(|t| !t.weak || t.dtype == DType::Bool).map(|t| t.dtype).collect();
    strong.sort_by_key(|t| !t.is_float());
    let strong = strong.into_iter().reduce(promote);
    let weak = of.iter().filter(|t| t.weak && t.dtype != DType::Bool).map(|t| t.dtype);
    let weak = weak.max_by_key(|t| [DType::I64, DType::U64, DType::F64].iter().position(|w| w == t));
    let dtype = match (strong, weak) {
        (Some(s), None) => s,
        (None, Some(w)) => w,
        // The type that is asked for is that of Python's integers.
        (Some(DType::Bool), Some(DType::U64)) => DType::I64,
        (Some(DType::Bool), Some(w)) => w,
        (Some(s), Some(w)) if w.is_float() && s.is_int() => w,
        (Some(s), Some(_)) => s,
        (None, None) => DType::I64,
    };
    Ty { dtype, weak: of.iter().all(|t| t.weak) }
}

/// The type in which functions of floats are computed.
fn float(of: &[Ty]) -> DType {
    let strong: Vec<DType> = of.iter().filter(|t| !t.weak).map(|t| t.dtype).collect();
    let weak = |kind: fn(DType) -> bool| of.iter().any(|t| t.weak && kind(t.dtype));
    let own = |t: DType| match t {
        DType::F32 | DType::F64 => t,
        t if t.size() <= 2 => DType::F32,
        _ => DType::F64,
    };
    let of_strong = strong.iter().copied().map(own).reduce(promote).unwrap_or(DType::F64);
    let floats = strong.iter().any(|t| t.is_float());
    let only_bools = strong.iter().all(|&t| t == DType::Bool);
    match () {
        () if weak(DType::is_float) && !floats => DType::F64,
        () if weak(DType::is_int) && only_bools => DType::F64,
        () => of_strong,
    }
}

/// The type of a part; none if the types do not go.
fn typed(rule: Rule, of: &[Ty]) -> Option<Ty> {
    use DType::{Bool, F32, F64, I8, I64, U64};
    let weak = of.iter().all(|t| t.weak);
    let strong = |dtype| Some(Ty { dtype, weak: false });
    let kind = common(of).dtype;
    // Of bools `i8`; of literals a number without a type.
    let numbers = || match kind {
        Bool if weak => Ty { dtype: I64, weak },
        Bool => Ty { dtype: I8, weak },
        _ => common(of),
    };
    let unsigned = |t: DType| t.is_int() && !t.is_signed();
    match rule {
        Rule::Any => Some(common(of)),
        Rule::Number | Rule::Own if kind == Bool => None,
        Rule::Number | Rule::Own => Some(common(of)),
        Rule::OwnAny => Some(of[0]),
        Rule::Bits => (!kind.is_float()).then(|| common(of)),
        Rule::Ints => (!kind.is_float()).then(numbers),
        Rule::Divided | Rule::Power => Some(numbers()),
        Rule::Float => Some(Ty { dtype: float(of), weak }),
        Rule::Divide => Some(Ty { dtype: if kind == F32 { F32 } else { F64 }, weak }),
        Rule::Round if of[0].dtype == Bool => Some(Ty { dtype: float(of), weak }),
        Rule::Round => Some(of[0]),
        Rule::Test => Some(Ty { dtype: Bool, weak }),
        Rule::Logic => of.iter().all(|t| t.dtype == Bool).then_some(Ty { dtype: Bool, weak }),
        Rule::Where => Some(Ty { dtype: common(&of[1..]).dtype, weak }),
        Rule::Cast(to) => strong(to),
        Rule::Sum if unsigned(of[0].dtype) => strong(U64),
        Rule::Sum if !of[0].dtype.is_float() => strong(I64),
        Rule::Sum | Rule::Extremum => strong(of[0].dtype),
        Rule::Initial => strong(of[0].dtype),
        Rule::Mean => strong(if of[0].dtype == F32 { F32 } else { F64 }),
        Rule::Truth => strong(Bool),
        Rule::Index => strong(I64),
    }
}

impl Case {
    /// A random case.
    pub fn random(rng: &mut Rng) -> Case {
        let vars = vars(rng);
        let mut parts: Vec<Part> = Vec::new();
        for var in &vars {
            parts.push(Part { text: var.name.clone(), ty: var.ty, shape: var.value.shape.clone(), named: false });
        }
        for _ in 0..rng.below(3) {
            parts.push(literal(rng));
        }
        let leaves = parts.len();
        let wanted = leaves + 1 + rng.below(10);
        let mut tries = 0;
        while parts.len() < wanted && tries < 500 {
            tries += 1;
            if let Some(part) = grow(rng, &parts) {
                parts.push(part);
            }
        }
        let last = parts.len() - 1;
        let mut case = Case { vars, parts, results: vec![last] };
        if rng.one_in(5) {
            case.results.push(rng.below(last + 1));
        }
        case
    }

    /// The text.
    pub fn text(&self) -> String {
        let mut texts: Vec<String> = Vec::new();
        let mut needed = vec![false; self.parts.len()];
        self.results.iter().for_each(|&r| needed[r] = true);
        for at in (0..self.parts.len()).rev() {
            if needed[at] {
                references(&self.parts[at].text).for_each(|kid| needed[kid] = true);
            }
        }
        let mut statements = String::new();
        for (at, part) in self.parts.iter().enumerate() {
            let mut text = String::new();
            let mut rest = part.text.as_str();
            while let Some((before, after)) = rest.split_once('{') {
                let (number, after) = after.split_once('}').unwrap();
                text += before;
                text += &texts[number.parse::<usize>().unwrap()];
                rest = after;
            }
            text += rest;
            if (part.named || text.len() > 300) && needed[at] {
                writeln!(statements, "t{at} = {text}").unwrap();
                text = format!("t{at}");
            } else if !text.chars().all(|c| c.is_alphanumeric() || c == '.') {
                text = format!("({text})");
            }
            texts.push(text);
        }
        let results: Vec<&str> = self.results.iter().map(|&r| texts[r].as_str()).collect();
        statements + &results.join(", ")
    }

    /// The types and shapes of the results.
    pub fn outputs(&self) -> Vec<(DType, Vec<usize>)> {
        self.results.iter().map(|&r| (self.parts[r].ty.dtype, self.parts[r].shape.clone())).collect()
    }

    /// The number of parts, each of which can be a result.
    pub fn parts(&self) -> usize {
        self.parts.len()
    }
}

fn references(text: &str) -> impl Iterator<Item = usize> + '_ {
    text.split('{').skip(1).map(|t| t.split_once('}').unwrap().0.parse().unwrap())
}

const LENGTHS: &[usize] = &[0, 1, 2, 3, 7, 8, 9, 63, 64, 65, 511, 512, 513, 1100, 2600];

/// A shape of up to 4 axes, not too large.
fn shape(rng: &mut Rng) -> Vec<usize> {
    let rank = rng.pick(&[0, 1, 1, 1, 2, 2, 2, 2, 3, 3, 4]);
    loop {
        let mut shape: Vec<usize> = (0..rank).map(|_| rng.pick(LENGTHS)).collect();
        if rng.one_in(4) && rank > 1 {
            // Large enough to be rearranged in tiles.
            shape[rank - 2] = rng.pick(&[33, 40, 65]);
            shape[rank - 1] = rng.pick(&[64, 70, 65]);
        }
        // An axis of length 0 has room around it too.
        let count: usize = shape.iter().map(|&n| n.max(1)).product();
        let most = if rng.one_in(3) { 5000 } else { 1300 };
        if count <= most && (!shape.contains(&0) || rng.one_in(8)) {
            return shape;
        }
    }
}

fn vars(rng: &mut Rng) -> Vec<Var> {
    let whole = shape(rng);
    let mut vars = Vec::new();
    for at in 0..1 + rng.below(4) {
        let name = ["a", "b", "c", "d"][at].to_string();
        if rng.one_in(7) {
            let dtype = rng.pick(&[DType::I64, DType::I64, DType::F64, DType::F64, DType::U64]);
            let mut value = Tensor::random(rng, dtype, &[]);
            if dtype == DType::U64 {
                value.data = vec![(rng.next() | 1 << 63).into()];
            }
            vars.push(Var { name, ty: Ty { dtype, weak: true }, value, repeated: vec![] });
            continue;
        }
        let dtype = rng.pick(DType::REAL);
        let mut own = whole.clone();
        if rng.one_in(3) {
            own.drain(..rng.below(own.len() + 1));
            own.iter_mut().for_each(|n| *n = if rng.one_in(3) { 1 } else { *n });
        }
        let repeated: Vec<bool> = own.iter().map(|&n| n > 1 && rng.one_in(12)).collect();
        let single: Vec<usize> = own.iter().zip(&repeated).map(|(&n, &r)| if r { 1 } else { n }).collect();
        let value = Tensor::random(rng, dtype, &single).broadcast(&own);
        vars.push(Var { name, ty: Ty { dtype, weak: false }, value, repeated });
    }
    vars
}

fn literal(rng: &mut Rng) -> Part {
    let (text, dtype) = match rng.below(4) {
        0 => (rng.pick(&["0", "1", "2", "3", "7", "12", "0x1f", "1_000"]), DType::I64),
        1 => (rng.pick(&["True", "False"]), DType::Bool),
        _ => (
            rng.pick(&["0.5", "2.0", "1e300", "nan", "inf", "pi", "e", ".1", "0.0", "1e-310", "3.", "1e10"]),
            DType::F64,
        ),
    };
    Part { text: text.to_string(), ty: Ty { dtype, weak: true }, shape: vec![], named: false }
}

/// A new part of those that are there.
fn grow(rng: &mut Rng, parts: &[Part]) -> Option<Part> {
    let form = &FORMS[rng.below(FORMS.len())];
    let mut kids: Vec<usize> = Vec::new();
    for _ in 0..form.kids {
        // New parts are taken more often, so that expressions become deep.
        let kid = match rng.below(6) {
            0..3 => parts.len() - 1,
            3 => parts.len() - 1 - rng.below(parts.len().min(3)),
            _ => rng.below(parts.len()),
        };
        kids.push(if kids.contains(&kid) && !rng.one_in(8) { rng.below(parts.len()) } else { kid });
    }
    if kids.iter().all(|&k| parts[k].ty.weak) && !rng.one_in(20) {
        return None;
    }
    let tys: Vec<Ty> = kids.iter().map(|&k| parts[k].ty).collect();
    let ty = typed(form.rule, &tys)?;
    let mut shape = broadcast(kids.iter().map(|&k| parts[k].shape.as_slice()))?;
    if shape.iter().product::<usize>() > 6000 {
        return None;
    }
    // Digits in the names of functions stay.
    let mut text = String::new();
    for c in form.text.chars() {
        let name = text.ends_with(|before: char| before.is_alphanumeric());
        text += &if c.is_ascii_digit() && !name { format!("<{c}>") } else { c.to_string() };
    }
    for (at, kid) in kids.iter().enumerate() {
        text = text.replace(&format!("<{at}>"), &format!("{{{kid}}}"));
    }
    // Other digits are numbers.
    for digit in kids.len()..10 {
        text = text.replace(&format!("<{digit}>"), &digit.to_string());
    }
    if form.rule == Rule::Power {
        let exponent = rng.pick(&["", "", "0", "1", "2", "3", "5", "0.5", "2.0", "-1.0", "-2.0", "7.0"]);
        let own = tys[0];
        if !exponent.is_empty() {
            let other = Ty { dtype: if exponent.contains('.') { DType::F64 } else { DType::I64 }, weak: true };
            // A square is the product with itself, of bools too.
            let square = exponent == "2" && own.dtype == DType::Bool;
            let ty = if square { typed(Rule::Divided, &[own])? } else { typed(Rule::Power, &[own, other])? };
            let text = format!("{{{}}} ** {exponent}", kids[0]);
            return Some(Part { text, ty, shape: parts[kids[0]].shape.clone(), named: rng.one_in(4) });
        }
        // An integer to an arbitrary integer power is mostly an error.
        if ty.dtype.is_int() && ty.dtype.is_signed() && !rng.one_in(6) {
            return None;
        }
    }
    if let Some(at) = text.find('@') {
        let (axes, arguments) = axes(rng, shape.len());
        text.replace_range(at..=at, &arguments);
        let along: usize = (0..shape.len()).filter(|&axis| axes[axis]).map(|axis| shape[axis]).product();
        let keepdims = arguments.contains("True");
        let kept = (0..shape.len()).filter(|&axis| keepdims || !axes[axis]);
        shape = kept.map(|axis| if axes[axis] { 1 } else { shape[axis] }).collect();
        if along == 0 && matches!(form.rule, Rule::Extremum | Rule::Index) && shape.iter().product::<usize>() > 0 {
            return None;
        }
    }
    let mut ty = ty;
    if let Some(at) = text.find('$') {
        let (bins, rest) = if text.starts_with('h') { (9, ", -5, 7.5") } else { (7, "") };
        text.replace_range(at..=at, &format!(", {bins}{rest}"));
        (shape, ty) = (vec![bins], Ty { dtype: DType::I64, weak: false });
    }
    if let Some(at) = text.find('#') {
        let rank = shape.len();
        // A single number has the one axis of the array that it becomes.
        let axis = (!rng.one_in(3)).then(|| rng.below(rank.max(1)));
        match axis {
            // (It has an axis always: the first one.)
            None if text.starts_with("scan") => {
                text.replace_range(at..=at, "");
                shape.resize(rank.max(1), 1);
            }
            Some(axis) if rank > 0 => {
                let written = if rng.one_in(2) { axis as i64 } else { axis as i64 - rank as i64 };
                text.replace_range(at..=at, &format!(", axis={written}"));
            }
            _ => {
                text.replace_range(at..=at, if axis.is_some() { ", axis=-1" } else { "" });
                // (All elements have an index each, in the shape of the array.)
                if !text.starts_with("index") {
                    shape = vec![shape.iter().product()];
                } else if axis.is_some() {
                    text = text.replace(", axis=-1", "");
                }
            }
        }
    }
    Some(Part { text, ty, shape, named: rng.one_in(4) })
}

/// Which axes are reduced, and how that is written.
fn axes(rng: &mut Rng, rank: usize) -> (Vec<bool>, String) {
    let keepdims = if rng.one_in(3) { ", keepdims=True" } else { "" };
    if rank == 0 || rng.one_in(3) {
        return (vec![true; rank], keepdims.to_string());
    }
    let mut chosen = vec![false; rank];
    let order = rng.order(rank);
    let list: Vec<String> = order[..1 + rng.below(rank)]
        .iter()
        .map(|&axis| {
            chosen[axis] = true;
            if rng.one_in(2) { axis.to_string() } else { (axis as i64 - rank as i64).to_string() }
        })
        .collect();
    let list = if list.len() == 1 { list[0].clone() } else { format!("({})", list.join(", ")) };
    (chosen, format!(", axis={list}{keepdims}"))
}
