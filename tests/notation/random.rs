//! Random texts in index notation, against loops that read them point by point: on whole numbers, so that no order matters.

use ndarray::{ArrayD, Dimension, IxDyn};
use tilexpr::{AnyArray, Arg, Args, Expr, Threads};

use super::rng::Rng;
use super::{at, executors};

const MODES: [&str; 6] = ["wrap", "clamp", "reflect", "mirror", "zero", "fill"];

/// A mode, what indices are multiplied by, and what is added.
type Coordinate = (Option<&'static str>, Vec<(usize, i64)>, i64);

/// What a text computes at a point.
enum Formula {
    Number(i64),
    Index(usize),
    /// An array, and where each axis is read.
    Access(usize, Vec<Coordinate>),
    Add(Box<Formula>, Box<Formula>),
    Sub(Box<Formula>, Box<Formula>),
    Mul(Box<Formula>, Box<Formula>),
    /// A reduction over one more index, below this number.
    Sum(&'static str, usize, usize, Box<Formula>),
}

struct Case {
    arrays: Vec<ArrayD<i64>>,
    /// How many indices there are, and the names.
    indices: usize,
}

fn name(index: usize) -> String {
    format!("i{index}")
}

impl Case {
    fn formula(&mut self, random: &mut Rng, scope: &mut Vec<(usize, usize)>, depth: usize) -> Formula {
        match if depth == 0 { random.below(4) } else { random.below(9) } {
            0 => Formula::Number(random.below(9) as i64 - 4),
            1 if !scope.is_empty() => Formula::Index(random.pick(scope).0),
            1..=3 => self.access(random, scope),
            4 => Formula::Add(
                Box::new(self.formula(random, scope, depth - 1)),
                Box::new(self.formula(random, scope, depth - 1)),
            ),
            5 => Formula::Sub(
                Box::new(self.formula(random, scope, depth - 1)),
                Box::new(self.formula(random, scope, depth - 1)),
            ),
            6 => Formula::Mul(
                Box::new(self.formula(random, scope, depth - 1)),
                Box::new(self.formula(random, scope, depth - 1)),
            ),
            _ if scope.len() < 5 => {
                let (index, until) = (self.indices, 1 + random.below(5));
                self.indices += 1;
                scope.push((index, until));
                let inner = self.formula(random, scope, depth - 1);
                // What it sums reads an array by its index, too.
                let inner = Formula::Add(Box::new(self.access(random, scope)), Box::new(inner));
                scope.pop();
                Formula::Sum(["sum", "max", "min"][random.below(3)], index, until, Box::new(inner))
            }
            _ => self.access(random, scope),
        }
    }

    fn access(&mut self, random: &mut Rng, scope: &[(usize, usize)]) -> Formula {
        let rank = 1 + random.below(3);
        let mut shape = Vec::new();
        let mut coordinates = Vec::new();
        for axis in 0..rank {
            let mut terms = Vec::new();
            let (mut least, mut most) = (0, 0);
            for _ in 0..random.below(3) {
                let Some((index, until)) = (!scope.is_empty()).then(|| random.pick(scope)) else { continue };
                if terms.iter().any(|&(own, _)| own == index) {
                    continue;
                }
                let times = random.pick(&[1, 1, 1, 1, 2, -1, -2]);
                terms.push((index, times));
                let reach = times * (until as i64 - 1);
                (least, most) = (least + reach.min(0), most + reach.max(0));
            }
            // The last index of all is read somewhere.
            if axis == 0
                && let Some(&(index, until)) = scope.last()
                && !terms.iter().any(|&(own, _)| own == index)
            {
                terms.push((index, 1));
                most += until as i64 - 1;
            }
            if random.below(2) == 0 {
                let shift = -least + random.below(3) as i64;
                shape.push((most + shift) as usize + 1 + random.below(2));
                coordinates.push((None, terms, shift));
            } else {
                shape.push(1 + random.below(6));
                coordinates.push((Some(random.pick(&MODES)), terms, random.below(9) as i64 - 4));
            }
        }
        let seed = random.below(1000);
        let mut array = ArrayD::from_shape_fn(IxDyn(&shape), |at| {
            let n = at.as_array_view().iter().fold(seed, |n, &i| n * 7 + i * 3 + 1);
            (n % 19) as i64 - 9
        });
        if random.below(3) == 0 {
            array = array.reversed_axes();
            coordinates.reverse();
        }
        self.arrays.push(array);
        Formula::Access(self.arrays.len() - 1, coordinates)
    }

    fn text(&self, formula: &Formula) -> String {
        match formula {
            Formula::Number(n) => format!("({n})"),
            Formula::Index(index) => name(*index),
            Formula::Access(array, coordinates) => {
                let all: Vec<String> = coordinates
                    .iter()
                    .map(|(mode, terms, shift)| {
                        let mut text: String =
                            terms.iter().map(|(index, times)| format!("{times}*{} + ", name(*index))).collect();
                        text += &shift.to_string();
                        match mode {
                            None => text,
                            Some("fill") => format!("fill({text}, 77)"),
                            Some(mode) => format!("{mode}({text})"),
                        }
                    })
                    .collect();
                format!("a{array}[{}]", all.join(", "))
            }
            Formula::Add(x, y) => format!("({} + {})", self.text(x), self.text(y)),
            Formula::Sub(x, y) => format!("({} - {})", self.text(x), self.text(y)),
            Formula::Mul(x, y) => format!("({}*{})", self.text(x), self.text(y)),
            Formula::Sum(how, index, until, inner) => format!("{how}[{}:{until}]({})", name(*index), self.text(inner)),
        }
    }

    fn value(&self, formula: &Formula, values: &mut Vec<i64>) -> i64 {
        match formula {
            Formula::Number(n) => *n,
            Formula::Index(index) => values[*index],
            Formula::Access(array, coordinates) => {
                let array = &self.arrays[*array];
                let mut place = Vec::new();
                for (axis, (mode, terms, shift)) in coordinates.iter().enumerate() {
                    let c = terms.iter().fold(*shift, |sum, (index, times)| sum + times * values[*index]);
                    match at(mode.unwrap_or("zero"), c, array.shape()[axis] as i64) {
                        Some(at) => place.push(at),
                        None => return if *mode == Some("fill") { 77 } else { 0 },
                    }
                }
                array[IxDyn(&place)]
            }
            Formula::Add(x, y) => self.value(x, values).wrapping_add(self.value(y, values)),
            Formula::Sub(x, y) => self.value(x, values).wrapping_sub(self.value(y, values)),
            Formula::Mul(x, y) => self.value(x, values).wrapping_mul(self.value(y, values)),
            Formula::Sum(how, index, until, inner) => {
                let all: Vec<i64> = (0..*until)
                    .map(|at| {
                        values[*index] = at as i64;
                        self.value(inner, values)
                    })
                    .collect();
                match *how {
                    "sum" => all.iter().fold(0, |sum, x| sum.wrapping_add(*x)),
                    "max" => *all.iter().max().unwrap(),
                    _ => *all.iter().min().unwrap(),
                }
            }
        }
    }
}

#[test]
fn texts_are_what_they_say_at_each_point() {
    let cases: u64 = std::env::var("TILEXPR_NOTATION_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(400);
    for seed in 0..cases {
        let random = &mut Rng::new(seed);
        let free = random.below(3);
        let mut case = Case { arrays: Vec::new(), indices: free };
        let mut scope: Vec<(usize, usize)> = (0..free).map(|index| (index, 1 + random.below(6))).collect();
        let lengths: Vec<usize> = scope.iter().map(|&(_, until)| until).collect();
        let inner = case.formula(random, &mut scope, 3);
        let formula = Formula::Add(Box::new(case.access(random, &scope)), Box::new(inner));
        let left: Vec<String> = lengths.iter().enumerate().map(|(index, n)| format!("{}:{n}", name(index))).collect();
        let text = match free {
            0 => case.text(&formula),
            _ => format!("D[{}] = {}", left.join(", "), case.text(&formula)),
        };
        // (A text without any index is a plain one.)
        if free == 0 && !text.contains("[i") {
            continue;
        }
        let expected = ArrayD::from_shape_fn(IxDyn(&lengths), |at| {
            let mut values = vec![0; case.indices];
            at.as_array_view().iter().zip(&mut values).for_each(|(&at, value)| *value = at as i64);
            case.value(&formula, &mut values)
        });
        let names: Vec<String> = (0..case.arrays.len()).map(|at| format!("a{at}")).collect();
        let args: Args =
            names.iter().map(String::as_str).zip(case.arrays.iter().map(|array| Arg::new(array.view()))).collect();
        let executors = executors::some(seed as usize).into_iter().cycle();
        let ways = [(Threads::Serial, None), (Threads::Global, Some(3)), (Threads::Global, Some(1))];
        for (executor, (threads, tile)) in executors.zip(ways) {
            let mut builder = Expr::builder().executor(executor).threads(threads).serial_below(0);
            if let Some(tile) = tile {
                builder = builder.tile(tile);
            }
            let expr = builder.compile(&text).unwrap_or_else(|error| panic!("{text}\n{error}"));
            let shapes: Vec<_> = case.arrays.iter().map(|array| array.shape().to_vec()).collect();
            let y: AnyArray = expr.eval(&args).unwrap_or_else(|error| panic!("{seed}: {text}\n{shapes:?}\n{error}"));
            assert_eq!(y.shape(), expected.shape(), "{seed}: {text}");
            assert_eq!(
                y.into_vec::<i64>().unwrap(),
                expected.iter().copied().collect::<Vec<_>>(),
                "{seed}: {text} {shapes:?}"
            );
            let mut out = ArrayD::<i64>::zeros(IxDyn(&lengths));
            expr.eval_into(&args, &mut out).unwrap();
            assert_eq!(out, expected, "{seed}: {text}");
        }
    }
}
