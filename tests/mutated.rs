//! Texts near those with which the fuzzers begin: parts put elsewhere, repeated, left out. Each is refused, or gives the same bits or the same error on
//! every executor, and what is said of a call without making it is what the call gives.
//!
//! `TILEXPR_FUZZ=N` makes so many texts; `TILEXPR_SEED=S` others.

#[path = "common/executors.rs"]
mod executors;
#[allow(dead_code)]
#[path = "common/rng.rs"]
mod rng;

use ndarray::{Array1, Array2, ArrayD};
use rng::Rng;
use tilexpr::{AnyArray, Arg, Args, EvalErrorKind, Executor, Expr, Limits, Threads};

/// Texts beside `fuzz/seeds`.
const TEXTS: [&str; 20] = [
    "v[i, j] = b[clamp(i-1), wrap(j+2)]*a[zero(i+j-1)]",
    "t[i] = a[i]*2; v[i] = t[mirror(i-1)] + sum[k](t[k]*t[wrap(k+i)]); v, t",
    "iterate(lambda s, n: (s*a + n, n + 1), (1.0, 0), lambda s, n: s < 100, c)",
    "x, n = iterate(lambda x, n: (x/2, n + 1), (a, 0), lambda x, n: x > 1, 50); n*2, x",
    "scan(lambda s, x: s*x if s < 9 else x, 1, c)[1:]",
    "scan(lambda s, x: (s[0] + x[0]*x[1], s[1] + 1), (0.0, 0), (a, b), axis=-1)",
    "repeat(lambda z: z*z + a*1j, 0j + a, 9).real",
    "sum[i](a[i]*i if a[i] > 0 else c[i])",
    "randint(c, index(a), -5, c) + random(a > 0, c, 3)",
    "a.T[::-1][1:3]*diff(roll(a, c[0]))",
    "D[i, j] = max[k](b[i, k]*b[j, k]) - argmin[k](b[i, k])",
    "repeat(lambda x: 2**x, c, 3)",
    "iterate(lambda n: n//2 if n % 2 == 0 else 3*n + 1, c, lambda n: n > 1, 60)",
    "where(d, a, iterate(lambda x: sin(x)*exp(x), a, lambda x: x < 1, 5))",
    "cumsum(b, axis=1)[:, 1:] - mean(b[:, 1:], axis=0)",
    "s = scan(lambda s, x: s + x, 0.0, b, axis=1, reverse=True); D[i] = s[i, 0]*sum[k](s[i, k]*k)",
    "g[y, x] = sum[p:3, q:3](b[reflect(y + p - 1), mirror(x - q)]*p*q)",
    "iterate(lambda p, q: (q, p + q), (d, d), lambda p, q: p != q, 7)",
    "f(x) = repeat(lambda y: y + x, x, 12); f(a)*f(c)",
    "max[i, j](b[i, j]) + min[i](a[i])*e",
];

/// What is put somewhere.
const PARTS: [&str; 44] = [
    "a",
    "b",
    "c",
    "d",
    "e",
    "i",
    "j",
    "k",
    "0",
    "1",
    "2",
    "-1",
    "3",
    "0.5",
    "1e300",
    "2**62",
    "-",
    "+",
    "*",
    "/",
    "//",
    "%",
    "**",
    "<",
    "==",
    "not ",
    "~",
    "&",
    ":",
    ",",
    "None",
    "...",
    "a[i]",
    "b[i, j]",
    "index(b)",
    "index(a, 0)",
    "i64(a)",
    "f32(b)",
    "9223372036854775807",
    "sum(a)",
    "1j",
    "(a, b)",
    "x",
    "s",
];
const CALLS: [&str; 8] = ["sum(", "(", "roll(", "-(", "abs(", "exp(", "cumsum(", "f32("];
const OPERATORS: [&str; 8] = ["+", "*", "-", "/", "<", "**", "==", "//"];

/// Names and numbers as they are, any other character by itself, but for signs of two.
fn tokens(text: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for character in text.chars() {
        let goes_on = all.last().and_then(|last| last.chars().last()).is_some_and(|last| {
            let word = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
            word(last) && word(character)
                || last == character && "*/".contains(last)
                || character == '=' && "=<>!".contains(last)
        });
        match all.last_mut() {
            Some(last) if goes_on => last.push(character),
            _ => all.push(character.to_string()),
        }
    }
    all
}

/// Where the token at a place ends, with all within its brackets and behind it.
fn end_of(text: &[String], at: usize) -> usize {
    let mut depth = 0;
    for (end, token) in text.iter().enumerate().skip(at) {
        match token.as_str() {
            "(" | "[" => depth += 1,
            ")" | "]" if depth == 0 => return end.max(at + 1),
            ")" | "]" => depth -= 1,
            _ => {}
        }
        let opens = text.get(end + 1).is_some_and(|next| next == "(" || next == "[");
        if depth == 0 && !opens {
            return end + 1;
        }
    }
    text.len()
}

fn mutate(text: &mut Vec<String>, random: &mut Rng, texts: &[Vec<String>]) {
    let at = random.below(text.len());
    let end = end_of(text, at);
    let part = |random: &mut Rng| tokens(random.pick::<&str>(&PARTS));
    match random.below(8) {
        0 => drop(text.drain(at..end)),
        1 => drop(text.splice(at..end, part(random))),
        2 => drop(text.splice(at..at + 1, part(random))),
        3 => {
            let other = &texts[random.below(texts.len())];
            let from = random.below(other.len());
            text.splice(at..end, other[from..end_of(other, from)].to_vec());
        }
        4 | 5 => {
            let from = random.below(text.len());
            let copy = text[from..end_of(text, from)].to_vec();
            text.splice(at..end, copy);
        }
        6 => {
            text.insert(end, ")".to_string());
            text.splice(at..at, tokens(random.pick::<&str>(&CALLS)));
        }
        _ => {
            let more = [tokens(random.pick::<&str>(&OPERATORS)), part(random)].concat();
            text.splice(end..end, more);
        }
    }
}

/// To the bit, but that a NaN equals any NaN.
fn same(x: &AnyArray, y: &AnyArray) -> bool {
    fn alike<T>(x: &ArrayD<T>, y: &ArrayD<T>, parts: impl Fn(&T) -> [f64; 2]) -> bool {
        let bits = |x: &T| parts(x).map(|x| if x.is_nan() { u64::MAX } else { x.to_bits() });
        x.shape() == y.shape() && x.iter().zip(y).all(|(x, y)| bits(x) == bits(y))
    }
    match (x, y) {
        (AnyArray::F64(x), AnyArray::F64(y)) => alike(x, y, |x| [*x, 0.0]),
        (AnyArray::F32(x), AnyArray::F32(y)) => alike(x, y, |x| [(*x).into(), 0.0]),
        (AnyArray::C128(x), AnyArray::C128(y)) => alike(x, y, |x| [x.re, x.im]),
        (AnyArray::C64(x), AnyArray::C64(y)) => alike(x, y, |x| [x.re.into(), x.im.into()]),
        (x, y) => x == y,
    }
}

/// What names stand for.
struct Arrays {
    floats: Array1<f64>,
    singles: Array2<f32>,
    integers: Array1<i64>,
    bools: Array2<bool>,
}

impl Arrays {
    fn new() -> Arrays {
        Arrays {
            floats: Array1::from_vec(vec![0.5, -0.0, f64::NAN, 1e300, -3.0]),
            singles: Array2::from_shape_fn((2, 5), |(r, c)| r as f32 - c as f32),
            integers: Array1::from_vec(vec![i64::MIN, -1, 0, 7, i64::MAX]),
            bools: Array2::from_shape_fn((2, 1), |(r, _)| r == 0),
        }
    }

    fn args<'a>(&'a self, expr: &'a Expr) -> Args<'a> {
        expr.names().iter().fold(Args::new(), |args, name| match name.as_str() {
            "a" | "x" => args.with(name, &self.floats),
            "b" | "t" => args.with(name, &self.singles),
            "c" | "s" => args.with(name, &self.integers),
            "d" => args.with(name, &self.bools),
            _ => args.with(name, Arg::new(3)),
        })
    }
}

/// Runs a text. Gives whether it has a result.
fn check(text: &str, arrays: &Arrays, case: usize) -> bool {
    let mut limits = Limits::default();
    (limits.operations, limits.elements, limits.points, limits.iterations) = (2000, 10_000, 100_000, 100);
    let compile = |executor| Expr::builder().limits(limits).executor(executor).threads(Threads::Serial).compile(text);
    let one = match compile(Executor::Interpreter) {
        Ok(one) => one,
        Err(error) => {
            assert!(error.to_string().len() < 1500, "{text}\n{error}");
            return false;
        }
    };
    let args = arrays.args(&one);
    let x = one.eval::<Vec<AnyArray>>(&args);
    let _ = one.explain(&args).map(|explained| explained.to_string());
    if let Ok(x) = &x {
        let outputs = one.outputs(&args).unwrap_or_else(|error| panic!("{text}\n{error}"));
        let layouts = one.layouts(&args).unwrap_or_else(|error| panic!("{text}\n{error}"));
        for ((x, (dtype, shape)), layout) in x.iter().zip(&outputs).zip(&layouts) {
            assert_eq!((x.dtype(), x.shape()), (*dtype, &shape[..]), "{text}");
            assert_eq!((x.dtype(), x.shape()), (layout.dtype, &layout.shape[..]), "{text}");
        }
    }
    for executor in executors::some(case) {
        match (&x, compile(executor).unwrap().eval::<Vec<AnyArray>>(&args)) {
            (Ok(x), Ok(y)) => {
                let all = x.len() == y.len() && x.iter().zip(&y).all(|(x, y)| same(x, y));
                assert!(all, "{executor:?} {text}: {x:?} and {y:?}");
            }
            (Err(x), Err(y)) => {
                assert_eq!(x.to_string(), y.to_string(), "{executor:?} {text}");
                assert_ne!(x.kind(), EvalErrorKind::Memory, "{text}");
            }
            (x, y) => panic!("{executor:?} {text}: {x:?} and {y:?}"),
        }
    }
    x.is_ok()
}

#[test]
fn texts_near_those_of_the_fuzzers() {
    let number = |name: &str, or: u64| std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(or);
    let (cases, random) = (number("TILEXPR_FUZZ", 1500), &mut Rng::new(number("TILEXPR_SEED", 1)));
    let mut texts: Vec<Vec<String>> = TEXTS.iter().map(|text| tokens(text)).collect();
    let seeds = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/seeds")).unwrap();
    let mut seeds: Vec<_> = seeds.map(|seed| seed.unwrap().path()).collect();
    seeds.sort();
    texts.extend(seeds.iter().map(|seed| tokens(std::fs::read_to_string(seed).unwrap().trim())));
    let arrays = Arrays::new();
    for case in 0..cases as usize {
        let mut text = texts[random.below(texts.len())].clone();
        for _ in 0..1 + random.below(4) {
            if !text.is_empty() {
                mutate(&mut text, random, &texts);
            }
        }
        let joined = text.concat();
        if joined.len() <= 300 && check(&joined, &arrays, case) && texts.len() < 2000 {
            texts.push(text);
        }
    }
}
