//! Random loops at points, and random recurrences: every executor, on any threads, gives the same bits, or the same error.
//!
//! More of them with `TILEXPR_LOOP_CASES=20000`; `TILEXPR_LOOP_FIRST` is the number of the first one.

#[path = "common/executors.rs"]
mod executors;
#[allow(dead_code)]
#[path = "common/rng.rs"]
mod rng;

use ndarray::{Array1, Array2, ArrayD, IxDyn};
use rng::Rng;
use tilexpr::{AnyArray, Args, Expr, Threads};

/// Types of states, and how a value is made one.
const TYPES: [&str; 9] = ["f64", "f32", "i64", "i32", "i8", "u8", "u16", "u64", "bool"];

/// A text that is being made.
struct Text<'r> {
    rng: &'r mut Rng,
}

impl Text<'_> {
    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.rng.below(of.len())]
    }

    /// A value of these names.
    fn value(&mut self, names: &[String], depth: usize) -> String {
        if depth == 0 || self.rng.below(5) == 0 {
            return match self.rng.below(8) {
                0 => self.pick(&["1", "2", "0.5", "3", "-1", "7"]).to_string(),
                1 => self.pick(&["a", "b", "k", "s"]).to_string(),
                _ => names[self.rng.below(names.len())].clone(),
            };
        }
        let part = |text: &mut Self| text.value(names, depth - 1);
        let (x, y) = (part(self), part(self));
        match self.rng.below(16) {
            0..4 => format!("({x} {} {y})", self.pick(&["+", "-", "*"])),
            4 => format!("({x} % {y})"),
            5 => format!("({x} // {y})"),
            6 => format!("where({}, {x}, {y})", self.condition(names, depth - 1)),
            7 => format!("{}({x}, {y})", self.pick(&["minimum", "maximum"])),
            8 => format!("abs({x} - {y})"),
            9 => format!("{}(f64({x})*0.5)", self.pick(&["sin", "sqrt", "exp", "log", "tanh"])),
            // (An error of the data where it is negative.)
            10 => format!("2**i64({x})"),
            11 => format!("random(3, i64({x}))"),
            12 => format!("i64(f64({x}) < f64({y}))"),
            13 => format!("randint(1, i64({x}), 0, i64({y}) % 5 + 2)"),
            _ => format!("{}({x})", self.pick(&TYPES[..8])),
        }
    }

    fn condition(&mut self, names: &[String], depth: usize) -> String {
        let (x, y) = (self.value(names, depth.min(1)), self.value(names, depth.min(1)));
        let one = format!("({x} {} {y})", self.pick(&["<", "<=", "!=", ">", "=="]));
        match self.rng.below(3) {
            0 if depth > 0 => format!("({one} {} {})", self.pick(&["&", "|"]), self.condition(names, depth - 1)),
            _ => one,
        }
    }

    fn text(&mut self) -> String {
        let states = 1 + self.rng.below(4);
        let types: Vec<&str> = (0..states).map(|_| self.pick(&TYPES)).collect();
        let names: Vec<String> = (0..states).map(|at| format!("x{at}")).collect();
        let starts: Vec<String> =
            types.iter().map(|ty| format!("{ty}({})", self.pick(&["a", "b", "k", "s", "0", "1", "a*b"]))).collect();
        let depth = 1 + self.rng.below(3);
        let tuple =
            |items: Vec<String>| if items.len() == 1 { items[0].clone() } else { format!("({})", items.join(", ")) };
        if self.rng.below(4) == 0 {
            let own: Vec<String> = match states {
                1 => vec!["s0".to_string(), "y".to_string()],
                n => (0..n).map(|at| format!("s0[{at}]")).chain(["y".to_string()]).collect(),
            };
            let next: Vec<String> = types.iter().map(|ty| format!("{ty}({})", self.value(&own, depth))).collect();
            let starts: Vec<String> =
                types.iter().map(|ty| format!("{ty}({})", self.pick(&["k", "0", "1", "3"]))).collect();
            let reverse = self.pick(&["", ", reverse=True"]);
            let axis = self.pick(&["0", "-1"]);
            return format!(
                "scan(lambda s0, y: {}, {}, {}, axis={axis}{reverse})",
                tuple(next),
                tuple(starts),
                self.pick(&["a", "b", "a*b", "i32(a)"])
            );
        }
        let next: Vec<String> = types.iter().map(|ty| format!("{ty}({})", self.value(&names, depth))).collect();
        let max = self.pick(&["0", "1", "3", "9", "40", "m"]);
        let params = names.join(", ");
        match self.rng.below(4) {
            0 => format!("repeat(lambda {params}: {}, {}, {max})", tuple(next), tuple(starts)),
            _ => {
                let cond = self.condition(&names, 1);
                format!("iterate(lambda {params}: {}, {}, lambda {params}: {cond}, {max})", tuple(next), tuple(starts))
            }
        }
    }
}

/// The same to the bit, but that a NaN is any NaN.
fn same(x: &AnyArray, y: &AnyArray) -> bool {
    match (x, y) {
        (AnyArray::F64(x), AnyArray::F64(y)) => {
            x.shape() == y.shape()
                && x.iter().zip(y).all(|(x, y)| x.to_bits() == y.to_bits() || x.is_nan() && y.is_nan())
        }
        (AnyArray::F32(x), AnyArray::F32(y)) => {
            x.shape() == y.shape()
                && x.iter().zip(y).all(|(x, y)| x.to_bits() == y.to_bits() || x.is_nan() && y.is_nan())
        }
        (x, y) => x == y,
    }
}

#[test]
fn random_loops() {
    let cases: u64 = std::env::var("TILEXPR_LOOP_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(40);
    let first: u64 = std::env::var("TILEXPR_LOOP_FIRST").ok().and_then(|n| n.parse().ok()).unwrap_or(0);
    let (mut done, mut failed) = (0, 0);
    for case in first..first + cases {
        let mut rng = Rng::new(case);
        let text = Text { rng: &mut rng }.text();
        let number = |rng: &mut Rng| {
            [0.0, -0.0, 1.0, -1.5, 2.5, f64::NAN, 1e300, f64::INFINITY, -7.25][rng.below(9)] + rng.below(3) as f64
        };
        let (rows, columns) = (rng.below(4), [0, 1, 2, 3, 5, 7, 8, 9, 16, 17, 31, 40, 67][rng.below(13)]);
        let a = Array2::from_shape_fn((rows, columns), |_| number(&mut rng));
        let b: Array1<i64> = Array1::from_shape_fn(columns, |_| rng.below(12) as i64 - 4);
        let wide = ArrayD::from_shape_fn(IxDyn(&[columns, 2]), |_| number(&mut rng));
        let strided = wide.slice(ndarray::s![.., 1]);
        let turned = rng.below(3) == 0;
        let column = a.t().as_standard_layout().to_owned();
        let mut args = Args::new().with("b", &b).with("k", rng.below(5) as i64).with("m", rng.below(20) as i64);
        args = if turned { args.with("a", column.t()) } else { args.with("a", &a) };
        args = args.with("s", strided);
        let mut first: Option<Result<Vec<AnyArray>, String>> = None;
        for executor in executors::all() {
            let Ok(expr) = Expr::builder().executor(executor).compile(&text) else { continue };
            for threads in [Threads::Serial, Threads::Global] {
                let y = expr.with_threads(threads).eval::<Vec<AnyArray>>(&args).map_err(|error| error.to_string());
                match &first {
                    None => {
                        done += usize::from(y.is_ok());
                        failed += usize::from(y.is_err());
                        first = Some(y);
                    }
                    Some(Ok(x)) => {
                        let y = y.unwrap_or_else(|error| panic!("{case}: {text}\n{executor:?}: {error}\n{x:?}"));
                        for (x, y) in x.iter().zip(&y) {
                            assert!(same(x, y), "{case}: {text}\n{executor:?}\n{x:?}\n{y:?}\na = {a:?}\nb = {b}");
                        }
                    }
                    Some(Err(x)) => assert_eq!(y.as_ref().err(), Some(x), "{case}: {text}\n{executor:?}"),
                }
            }
        }
    }
    assert!(done >= 4 * failed && done + failed >= cases as usize * 9 / 10, "{done} gave results, {failed} errors");
}
