//! Random programs: texts, the types and layouts of their arguments, and where their results go.
//!
//! Always holds: a program follows from its seed alone, and from nothing of the library's. A change here makes records that are there
//! useless, so new forms of text belong to new lists, behind a new range of seeds.

use tilexpr::DType;

use super::memory::Layout;
use crate::common::rng::Rng;

/// What a value is, as far as it decides which texts have a meaning.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Kind {
    Bool,
    Int,
    Float,
    Complex,
}

use Kind::{Bool, Complex, Float, Int};

/// The kind of a result.
#[derive(Clone, Copy, PartialEq)]
enum Gives {
    /// The latest of the operands' kinds.
    Latest,
    /// The same, but at least an integer (a float).
    AtLeast(Kind),
    Always(Kind),
    /// The magnitude's: a float of complex numbers, else the same.
    Magnitude,
}

/// Operands are `A`, `B` and `C`; `@` is where the axes of a reduction stand. `takes` are the kinds of all operands.
struct Form {
    text: &'static str,
    takes: &'static [Kind],
    gives: Gives,
}

const ANY: &[Kind] = &[Bool, Int, Float, Complex];
const NUMBER: &[Kind] = &[Int, Float, Complex];
const REAL: &[Kind] = &[Bool, Int, Float];
const REAL_NUMBER: &[Kind] = &[Int, Float];
const BITS: &[Kind] = &[Bool, Int];
const BOOL: &[Kind] = &[Bool];
const INT: &[Kind] = &[Int];
const FLOAT: &[Kind] = &[Float];
const COMPLEX: &[Kind] = &[Complex];

const fn form(text: &'static str, takes: &'static [Kind], gives: Gives) -> Form {
    Form { text, takes, gives }
}

/// Elementwise forms.
const FORMS: &[Form] = &[
    form("A + B", ANY, Gives::Latest),
    form("A - B", NUMBER, Gives::Latest),
    form("A * B", ANY, Gives::Latest),
    form("A / B", ANY, Gives::AtLeast(Float)),
    form("A*B + C", ANY, Gives::Latest),
    form("(A - B)**2", NUMBER, Gives::Latest),
    form("A // B", REAL_NUMBER, Gives::Latest),
    form("A % B", REAL_NUMBER, Gives::Latest),
    form("A // 7", INT, Gives::Latest),
    form("A % 7", INT, Gives::Latest),
    form("fmod(A, B)", REAL_NUMBER, Gives::Latest),
    form("A ** B", &[Float, Complex], Gives::Latest),
    form("A ** 2", NUMBER, Gives::Latest),
    form("A ** 3", NUMBER, Gives::Latest),
    form("A ** -1.0", NUMBER, Gives::AtLeast(Float)),
    form("A ** 0.5", NUMBER, Gives::AtLeast(Float)),
    form("A & B", BITS, Gives::Latest),
    form("A | B", BITS, Gives::Latest),
    form("A ^ B", BITS, Gives::Latest),
    form("A << B", INT, Gives::Latest),
    form("A >> B", INT, Gives::Latest),
    form("A << 3", INT, Gives::Latest),
    form("-A", NUMBER, Gives::Latest),
    form("~A", BITS, Gives::Latest),
    form("not A", BOOL, Gives::Latest),
    form("A and B", BOOL, Gives::Latest),
    form("A or B", BOOL, Gives::Latest),
    form("A < B", REAL, Gives::Always(Bool)),
    form("A <= B", REAL, Gives::Always(Bool)),
    form("A > B", REAL, Gives::Always(Bool)),
    form("A < B <= C", REAL, Gives::Always(Bool)),
    form("A == B", ANY, Gives::Always(Bool)),
    form("A != B", ANY, Gives::Always(Bool)),
    form("where(A > B, C, B)", REAL, Gives::Latest),
    form("where(A == B, B, C)", ANY, Gives::Latest),
    form("A if B != C else B", ANY, Gives::Latest),
    form("clip(A, B, C)", REAL_NUMBER, Gives::Latest),
    form("minimum(A, B)", REAL, Gives::Latest),
    form("maximum(A, B)", REAL, Gives::Latest),
    form("fmin(A, B)", REAL_NUMBER, Gives::Latest),
    form("copysign(A, B)", REAL_NUMBER, Gives::Always(Float)),
    form("arctan2(A, B)", REAL_NUMBER, Gives::Always(Float)),
    form("hypot(A, B)", REAL_NUMBER, Gives::Always(Float)),
    form("logaddexp(A, B)", REAL_NUMBER, Gives::Always(Float)),
    form("sqrt(A)", NUMBER, Gives::AtLeast(Float)),
    form("exp(A)", NUMBER, Gives::AtLeast(Float)),
    form("log(A)", NUMBER, Gives::AtLeast(Float)),
    form("log1p(A)", NUMBER, Gives::AtLeast(Float)),
    form("expm1(A)", NUMBER, Gives::AtLeast(Float)),
    form("sin(A)", NUMBER, Gives::AtLeast(Float)),
    form("cos(A)", NUMBER, Gives::AtLeast(Float)),
    form("tan(A)", NUMBER, Gives::AtLeast(Float)),
    form("tanh(A)", NUMBER, Gives::AtLeast(Float)),
    form("cosh(A)", NUMBER, Gives::AtLeast(Float)),
    form("arcsin(A)", NUMBER, Gives::AtLeast(Float)),
    form("arctan(A)", NUMBER, Gives::AtLeast(Float)),
    form("arcsinh(A)", NUMBER, Gives::AtLeast(Float)),
    form("erf(A)", REAL_NUMBER, Gives::Always(Float)),
    form("cbrt(A)", REAL_NUMBER, Gives::Always(Float)),
    form("abs(A)", ANY, Gives::Magnitude),
    form("sign(A)", REAL_NUMBER, Gives::Latest),
    form("square(A)", NUMBER, Gives::Latest),
    form("floor(A)", REAL_NUMBER, Gives::Latest),
    form("trunc(A)", REAL_NUMBER, Gives::Latest),
    form("round(A)", REAL_NUMBER, Gives::Latest),
    form("signbit(A)", FLOAT, Gives::Always(Bool)),
    form("nextafter(A, B)", FLOAT, Gives::Latest),
    form("popcount(A)", INT, Gives::Always(Int)),
    form("isnan(A)", ANY, Gives::Always(Bool)),
    form("isfinite(A)", ANY, Gives::Always(Bool)),
    form("logical_xor(A, B)", REAL, Gives::Always(Bool)),
    form("conj(A)", COMPLEX, Gives::Latest),
    form("A.real", COMPLEX, Gives::Always(Float)),
    form("A.imag", COMPLEX, Gives::Always(Float)),
    form("angle(A)", COMPLEX, Gives::Always(Float)),
    form("1/A", COMPLEX, Gives::Latest),
    form("exp(1j*A)", REAL_NUMBER, Gives::Always(Complex)),
    form("complex(A, B)", REAL_NUMBER, Gives::Always(Complex)),
    form("bool(A)", ANY, Gives::Always(Bool)),
    form("i8(A)", REAL, Gives::Always(Int)),
    form("i16(A)", REAL, Gives::Always(Int)),
    form("i32(A)", REAL, Gives::Always(Int)),
    form("i64(A)", REAL, Gives::Always(Int)),
    form("u8(A)", REAL, Gives::Always(Int)),
    form("u16(A)", REAL, Gives::Always(Int)),
    form("u32(A)", REAL, Gives::Always(Int)),
    form("u64(A)", REAL, Gives::Always(Int)),
    form("f32(A)", REAL, Gives::Always(Float)),
    form("f64(A)", REAL, Gives::Always(Float)),
    form("c64(A)", ANY, Gives::Always(Complex)),
    form("c128(A)", ANY, Gives::Always(Complex)),
];

/// Reductions.
const FOLDS: &[Form] = &[
    form("sum(A@)", ANY, Gives::AtLeast(Int)),
    form("sum(A*B@)", ANY, Gives::AtLeast(Int)),
    form("sum((A - B)**2@)", NUMBER, Gives::AtLeast(Int)),
    form("prod(A@)", ANY, Gives::AtLeast(Int)),
    form("min(A@)", REAL, Gives::Latest),
    form("max(A@)", REAL, Gives::Latest),
    form("max(abs(A - B)@)", REAL_NUMBER, Gives::Latest),
    form("argmin(A@)", REAL, Gives::Always(Int)),
    form("argmax(A@)", REAL, Gives::Always(Int)),
    form("mean(A@)", ANY, Gives::AtLeast(Float)),
    form("var(A@)", REAL, Gives::Always(Float)),
    form("std(A@)", REAL, Gives::Always(Float)),
    form("std(A@, ddof=1)", REAL, Gives::Always(Float)),
    form("any(A@)", ANY, Gives::Always(Bool)),
    form("all(A@)", ANY, Gives::Always(Bool)),
    form("sum(where(A > B, A, B)@)", REAL_NUMBER, Gives::Latest),
];

/// Functions of the text, for one operand.
const DEFINED: &[(&str, &str, &[Kind])] = &[
    ("f(p) = p*p + 1; ", "f(A)", ANY),
    ("g(p) = p - mean(p, axis=-1, keepdims=True); ", "g(A)", NUMBER),
    ("h(p) = sqrt(abs(p)); ", "h(A)", NUMBER),
];

/// What a name stands for.
pub enum Value {
    Array { dtype: DType, layout: Layout, special: usize },
    Int(i64),
    Float(f64),
}

/// An argument.
pub struct Var {
    pub name: &'static str,
    pub value: Value,
}

impl Var {
    /// The shape, if this is an array that can be written.
    fn target(&self) -> Option<&[usize]> {
        match &self.value {
            Value::Array { layout, .. } if layout.is_apart() => Some(layout.shape()),
            _ => None,
        }
    }
}

/// Where results go.
pub enum Way {
    /// Into new arrays, whose axes lie in this order of `Order`'s.
    New(usize),
    /// Into arrays that are there: by a prepared call or not, of larger shapes or not, of other types or not.
    Into { prepared: bool, larger: bool, other: bool },
    /// Into one of the arguments.
    Update,
}

/// A program and its arguments.
pub struct Program {
    pub text: String,
    pub vars: Vec<Var>,
    pub way: Way,
}

struct Part {
    /// As it stands within another text.
    text: String,
    kind: Kind,
    shape: Vec<usize>,
}

fn kind_of(dtype: DType) -> Kind {
    match dtype {
        DType::Bool => Bool,
        DType::F32 | DType::F64 => Float,
        DType::C64 | DType::C128 => Complex,
        _ => Int,
    }
}

/// The types, in an order of this file's own.
pub const TYPES: &[DType] = &[
    DType::Bool,
    DType::I8,
    DType::I16,
    DType::I32,
    DType::I64,
    DType::U8,
    DType::U16,
    DType::U32,
    DType::U64,
    DType::F32,
    DType::F64,
    DType::C64,
    DType::C128,
];

/// The most elements of an operand.
const MOST: usize = 24_000;

impl Program {
    /// The program of this seed.
    pub fn random(rng: &mut Rng) -> Program {
        let vars = vars(rng);
        let mut definitions = String::new();
        let mut statements = String::new();
        let mut parts: Vec<Part> = vars.iter().map(part_of).collect();
        for _ in 0..rng.below(3) {
            parts.push(literal(rng));
        }
        let wanted = parts.len() + 2 + rng.below(12);
        for _ in 0..200 {
            if parts.len() >= wanted {
                break;
            }
            let Some(mut part) = grow(rng, &parts, &mut definitions) else { continue };
            if part.text.len() > 160 || rng.one_in(4) {
                let name = format!("t{}", parts.len());
                statements += &format!("{name} = {}; ", part.text);
                part.text = name;
            } else {
                part.text = format!("({})", part.text);
            }
            parts.push(part);
        }
        let way = match rng.below(10) {
            0..5 => Way::New(rng.below(4)),
            5 => Way::Update,
            way => Way::Into { prepared: way == 6, larger: way == 7, other: way == 8 || rng.one_in(4) },
        };
        let mut results = vec![parts.len() - 1];
        if let Way::Update = way {
            // Of the shape of an argument that can be written.
            let targets: Vec<&[usize]> = vars.iter().filter_map(Var::target).collect();
            results[0] = (0..parts.len()).rfind(|&at| targets.contains(&&*parts[at].shape)).unwrap_or(results[0]);
        } else {
            while results.len() < 3 && rng.one_in(4) {
                results.push(rng.below(parts.len()));
            }
        }
        let results: Vec<&str> = results.iter().map(|&at| parts[at].text.as_str()).collect();
        Program { text: definitions + &statements + &results.join(", "), vars, way }
    }
}

fn part_of(var: &Var) -> Part {
    let (kind, shape) = match &var.value {
        Value::Array { dtype, layout, .. } => (kind_of(*dtype), layout.shape().to_vec()),
        Value::Int(_) => (Int, vec![]),
        Value::Float(_) => (Float, vec![]),
    };
    Part { text: var.name.to_string(), kind, shape }
}

fn literal(rng: &mut Rng) -> Part {
    let (text, kind) = rng.pick(&[
        ("0", Int),
        ("1", Int),
        ("2", Int),
        ("3", Int),
        ("7", Int),
        ("True", Bool),
        ("0.5", Float),
        ("2.0", Float),
        ("1e300", Float),
        ("nan", Float),
        ("inf", Float),
        ("pi", Float),
        ("1e-310", Float),
        ("0.1", Float),
        ("2j", Complex),
    ]);
    Part { text: text.to_string(), kind, shape: vec![] }
}

const LENGTHS: &[usize] = &[1, 2, 3, 3, 7, 8, 9, 40, 64, 65, 100, 511, 512, 513, 1100, 2600, 5000];

/// A shape of up to 4 axes; some of thousands of blocks of a sum, some of none.
fn shape(rng: &mut Rng) -> Vec<usize> {
    let rank = rng.pick(&[0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4]);
    if rng.one_in(40) {
        let mut shape: Vec<usize> = (0..rank).map(|_| rng.pick(&[1, 3, 8])).collect();
        if rank > 0 {
            shape[rng.below(rank)] = 0;
        }
        return shape;
    }
    let most = rng.pick(&[300, 2000, 6000, MOST, MOST]);
    loop {
        let shape: Vec<usize> = match rank {
            // Beyond the lengths of the list: odd numbers of blocks, with and without a rest.
            1 if most == MOST => vec![512 * (1 + rng.below(40)) + rng.pick(&[0, 0, 1, 200, 511])],
            _ => (0..rank).map(|_| rng.pick(LENGTHS)).collect(),
        };
        let count: usize = shape.iter().product();
        if count <= most && (rank == 0 || rng.one_in(8) || count * 8 > most) {
            return shape;
        }
    }
}

fn vars(rng: &mut Rng) -> Vec<Var> {
    let whole = shape(rng);
    // Programs of one type are common, and most of what is made for speed is made for them.
    let common = rng.one_in(2).then(|| rng.pick(TYPES));
    let mut vars = Vec::new();
    for name in &["u", "v", "w", "x"][..1 + rng.below(4)] {
        let value = match rng.below(14) {
            0 => Value::Int(rng.below(40) as i64 - 20),
            1 => Value::Float(f64::from(rng.below(100) as u32) * 0.25 - 3.0),
            _ => {
                let dtype = common.unwrap_or_else(|| rng.pick(TYPES));
                let mut own = whole.clone();
                if rng.one_in(3) {
                    own.drain(..rng.below(own.len() + 1));
                    own.iter_mut().for_each(|n| *n = if rng.one_in(3) { 1 } else { *n });
                }
                Value::Array { dtype, layout: Layout::random(rng, &own, true), special: rng.pick(&[0, 0, 30, 4]) }
            }
        };
        vars.push(Var { name, value });
    }
    vars
}

/// The shape that two broadcast to.
fn broadcast(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let rank = a.len().max(b.len());
    let at = |shape: &[usize], axis: usize| (axis + shape.len()).checked_sub(rank).map_or(1, |axis| shape[axis]);
    let both = |axis| match (at(a, axis), at(b, axis)) {
        (n, m) if n == m || m == 1 => Some(n),
        (1, m) => Some(m),
        _ => None,
    };
    (0..rank).map(both).collect()
}

/// A new part of those that are there; none if what was drawn has no meaning.
fn grow(rng: &mut Rng, parts: &[Part], definitions: &mut String) -> Option<Part> {
    let fold = rng.one_in(3);
    if !fold && rng.one_in(12) {
        let &(definition, text, takes) = &DEFINED[rng.below(DEFINED.len())];
        let part = &parts[rng.below(parts.len())];
        if part.shape.is_empty() || !takes.contains(&part.kind) {
            return None;
        }
        if !definitions.contains(definition) {
            *definitions += definition;
        }
        let kind = if text.starts_with('f') { part.kind.max(Int) } else { Float.max(part.kind) };
        let kind = if text.starts_with('h') { Float } else { kind };
        return Some(Part { text: text.replace('A', &part.text), kind, shape: part.shape.clone() });
    }
    let forms = if fold { FOLDS } else { FORMS };
    let form = &forms[rng.below(forms.len())];
    let kids = kids(rng, form, parts)?;
    let mut shape = Vec::new();
    for kid in &kids {
        shape = broadcast(&shape, &kid.shape)?;
    }
    if shape.iter().product::<usize>() > MOST || kids.iter().all(|kid| kid.shape.is_empty()) && !rng.one_in(8) {
        return None;
    }
    let latest = kids.iter().map(|kid| kid.kind).max()?;
    let kind = match form.gives {
        Gives::Latest => latest,
        Gives::AtLeast(kind) => latest.max(kind),
        Gives::Always(kind) => kind,
        Gives::Magnitude => latest.min(Float),
    };
    let mut text = String::new();
    for c in form.text.chars() {
        match c {
            'A'..='C' => text += &kids[operand(c)].text,
            '@' => {
                let (axes, written) = axes(rng, shape.len());
                shape = reduced(&shape, &axes, written.contains("True"));
                text += &written;
            }
            _ => text.push(c),
        }
    }
    Some(Part { text, kind, shape })
}

/// Operands of a form: new parts more often, so that programs become deep.
fn kids<'a>(rng: &mut Rng, form: &Form, parts: &'a [Part]) -> Option<Vec<&'a Part>> {
    let mut kids: Vec<usize> = Vec::new();
    let arity = form.text.chars().filter(char::is_ascii_uppercase).map(|letter| operand(letter) + 1).max()?;
    for _ in 0..arity {
        // Mostly arrays, and others than those that are operands already.
        let (scalars, again) = (rng.one_in(4), rng.one_in(8));
        let fits = |at: usize| {
            let part = &parts[at];
            let fits = form.takes.contains(&part.kind)
                && (scalars || !part.shape.is_empty())
                && (again || !kids.contains(&at));
            fits.then_some(at)
        };
        let kid = (0..8).find_map(|_| match rng.below(6) {
            0..3 => fits(parts.len() - 1),
            3 => fits(parts.len() - 1 - rng.below(parts.len().min(3))),
            _ => fits(rng.below(parts.len())),
        });
        kids.push(kid?);
    }
    Some(kids.into_iter().map(|at| &parts[at]).collect())
}

/// Which operand a letter stands for.
fn operand(letter: char) -> usize {
    letter as usize - 'A' as usize
}

/// Which axes are reduced, and how that is written.
fn axes(rng: &mut Rng, rank: usize) -> (Vec<bool>, String) {
    let keepdims = if rng.one_in(3) { ", keepdims=True" } else { "" };
    if rank == 0 || rng.one_in(3) {
        return (vec![true; rank], keepdims.to_string());
    }
    let mut chosen = vec![false; rank];
    let order = rng.order(rank);
    let several = 1 + if rng.one_in(2) { 0 } else { rng.below(rank) };
    let list: Vec<String> = order[..several]
        .iter()
        .map(|&axis| {
            chosen[axis] = true;
            if rng.one_in(2) { axis.to_string() } else { (axis as i64 - rank as i64).to_string() }
        })
        .collect();
    let list = if list.len() == 1 { list[0].clone() } else { format!("({})", list.join(", ")) };
    (chosen, format!(", axis={list}{keepdims}"))
}

fn reduced(shape: &[usize], axes: &[bool], keepdims: bool) -> Vec<usize> {
    let kept = (0..shape.len()).filter(|&axis| keepdims || !axes[axis]);
    kept.map(|axis| if axes[axis] { 1 } else { shape[axis] }).collect()
}
