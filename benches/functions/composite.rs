//! Expressions of functions, on two threads: this library, and the same written by hand with std's functions over rayon.

use rayon::prelude::*;
use tilexpr::{Args, Executor, Expr, FromResult, IntoArg, Out};

use crate::contenders::Float;

/// An expression of the arrays `a`, `b` and `c`.
pub struct Composite {
    /// Its name, as in the peers' table.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
    /// Whether it is a sum: one number, no array.
    pub sum: bool,
}

macro_rules! composites {
    ($($name:literal $text:literal $sum:literal, |$a:ident, $b:ident, $c:ident| $value:expr;)*) => {
        /// The expressions.
        pub const COMPOSITES: &[Composite] = &[$(Composite { name: $name, text: $text, sum: $sum },)*];

        macro_rules! by_hand {
            ($t:ident) => {
                impl ByHand for $t {
                    fn run(name: &str, arrays: &mut Arrays<$t>) {
                        match name {
                            $($name => arrays.each($sum, |$a: $t, $b: $t, $c: $t| $value),)*
                            _ => unreachable!("a name of the table"),
                        }
                    }
                }
            };
        }
    };
}

composites! {
    "axpb" "a*b+c" false, |a, b, c| a * b + c;
    "poly3" "((0.25*a + 0.75)*a - 1.5)*a - 2.0" false, |a, _b, _c| ((0.25 * a + 0.75) * a - 1.5) * a - 2.0;
    "trig" "sin(a)**2 + cos(b)**2" false, |a, b, _c| a.sin().powi(2) + b.cos().powi(2);
    "gauss" "exp(-a*a/2.0)*log(1.0+b*b)" false, |a, b, _c| (-a * a / 2.0).exp() * (1.0 + b * b).ln();
    "where" "where(a > b, sqrt(a), b*b - a)" false, |a, b, _c| if a > b { a.sqrt() } else { b * b - a };
    "tanhmix" "tanh(a*b) + arctan2(a, c)" false, |a, b, c| (a * b).tanh() + a.atan2(c);
    "powmix" "(a*a + b*b)**0.5 + a**3" false, |a, b, _c| (a * a + b * b).sqrt() + a.powi(3);
    "sumsq" "sum((a-b)**2)" true, |a, b, _c| (a - b) * (a - b);
    "sumexp" "sum(exp(-a)*b)" true, |a, b, _c| (-a).exp() * b;
}

/// The arrays, and the result.
pub struct Arrays<T> {
    a: Vec<T>,
    b: Vec<T>,
    c: Vec<T>,
    y: Vec<T>,
    total: T,
}

/// Expressions as a Rust programmer writes them.
pub trait ByHand: Float {
    /// Computes the expression of this name.
    fn run(name: &str, arrays: &mut Arrays<Self>);
}

by_hand!(f32);
by_hand!(f64);

/// Elements that a task of rayon's takes: 64 KiB of each `f64` array.
const PART: usize = 8192;

impl<T: Float + std::iter::Sum<T>> Arrays<T> {
    /// Arrays of numbers from 0.1 to 2.1, as the peers had them.
    pub fn new(n: usize, mut number: impl FnMut(f64, f64) -> f64) -> Arrays<T> {
        let mut array = || (0..n).map(|_| T::of(number(0.1, 2.1))).collect();
        Arrays { a: array(), b: array(), c: array(), y: vec![T::of(0.0); n], total: T::of(0.0) }
    }

    /// The expression by this library.
    pub fn tilexpr(&mut self, expr: &Expr, sum: bool)
    where
        T: FromResult,
        for<'a> &'a [T]: IntoArg<'a>,
        [T]: Out,
    {
        let args = Args::new().with("a", &self.a[..]).with("b", &self.b[..]).with("c", &self.c[..]);
        if sum {
            self.total = expr.eval(&args).expect("it runs");
        } else {
            expr.eval_into(&args, &mut self.y[..]).expect("it runs");
        }
    }

    /// A function of each element, into `y` or summed. Short arrays are not worth a task.
    fn each(&mut self, sum: bool, f: impl Fn(T, T, T) -> T + Sync) {
        let f = &f;
        let map = |y: &mut [T], a: &[T], b: &[T], c: &[T]| {
            y.iter_mut().zip(a).zip(b).zip(c).for_each(|(((y, &a), &b), &c)| *y = f(a, b, c));
        };
        let total = |a: &[T], b: &[T], c: &[T]| -> T { a.iter().zip(b).zip(c).map(|((&a, &b), &c)| f(a, b, c)).sum() };
        let Arrays { a, b, c, y, .. } = self;
        match (sum, a.len() > PART) {
            (false, false) => map(y, a, b, c),
            (true, false) => self.total = total(a, b, c),
            (false, true) => {
                let parts = a.par_chunks(PART).zip(b.par_chunks(PART)).zip(c.par_chunks(PART));
                y.par_chunks_mut(PART).zip(parts).for_each(|(y, ((a, b), c))| map(y, a, b, c));
            }
            (true, true) => {
                let parts = a.par_chunks(PART).zip(b.par_chunks(PART)).zip(c.par_chunks(PART));
                self.total = parts.map(|((a, b), c)| total(a, b, c)).sum();
            }
        }
    }
}

/// The expression with machine code from the first call on, on rayon's threads.
pub fn expression(composite: &Composite) -> Expr {
    Expr::builder().executor(Executor::Native).compile(composite.text).expect("it compiles")
}
