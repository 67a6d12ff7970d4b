//! A step of the wave equation in one and two dimensions, with each boundary mode, in three ways.
//!
//! `u` is the wave, `before` what it was a step ago; the next is `2*u - before + k*(second differences of u)`, where these are of
//! the fourth order, so that a point reads two neighbours on each side. What there is beyond the ends is what a mode says. All
//! ways do the same operations in the same order, so all give the same bits.

use ndarray::{ArrayD, Axis, Dimension, IxDyn, Slice};
use tilexpr::{CompileError, EvalError, Expr, args};

/// What there is beyond the ends: names as in the texts.
#[derive(Clone, Copy, PartialEq)]
pub enum Mode {
    Wrap,
    Clamp,
    Reflect,
    Mirror,
    Zero,
    Fill,
}

/// What `fill` has beyond the ends.
pub const OUTSIDE: f64 = 0.1;
/// How many neighbours a point reads on each side.
pub const REACH: usize = 2;

impl Mode {
    pub const ALL: [Mode; 6] = [Mode::Wrap, Mode::Clamp, Mode::Reflect, Mode::Mirror, Mode::Zero, Mode::Fill];

    pub fn name(self) -> &'static str {
        match self {
            Mode::Wrap => "wrap",
            Mode::Clamp => "clamp",
            Mode::Reflect => "reflect",
            Mode::Mirror => "mirror",
            Mode::Zero => "zero",
            Mode::Fill => "fill",
        }
    }

    /// What it stands for in a wave.
    pub fn meaning(self) -> &'static str {
        match self {
            Mode::Wrap => "a ring",
            Mode::Clamp => "the end goes on as it is",
            Mode::Reflect => "a free end, between two points",
            Mode::Mirror => "a free end, at a point",
            Mode::Zero => "an end that is held at 0",
            Mode::Fill => "an end that is held at 0.1",
        }
    }

    /// The text of a coordinate.
    fn text(self, coordinate: &str) -> String {
        match self {
            Mode::Fill => format!("fill({coordinate}, {OUTSIDE})"),
            mode => format!("{}({coordinate})", mode.name()),
        }
    }

    /// Which element of an axis of length `n` stands at place `at`; none where a number stands there instead.
    fn place(self, at: isize, n: usize) -> Option<usize> {
        let n = n as isize;
        let folded = |period: isize, last: isize| match at.rem_euclid(period) {
            place if place < n => place,
            place => last - place,
        };
        let place = match self {
            Mode::Wrap => at.rem_euclid(n),
            Mode::Clamp => at.clamp(0, n - 1),
            Mode::Reflect => folded(2 * n, 2 * n - 1),
            Mode::Mirror => folded((2 * n - 2).max(1), 2 * n - 2),
            Mode::Zero | Mode::Fill => at,
        };
        (0..n).contains(&place).then_some(place as usize)
    }

    fn outside(self) -> f64 {
        if self == Mode::Fill { OUTSIDE } else { 0.0 }
    }
}

/// A wave that knows how to make its next step.
pub trait Wave {
    fn step(&mut self) -> Result<(), EvalError>;
    fn now(&self) -> ArrayD<f64>;
}

/// A name, and how to make the variant from a wave at rest, a mode and `k`.
pub type Entry = (&'static str, fn(&ArrayD<f64>, Mode, f64) -> Result<Box<dyn Wave>, CompileError>);

pub const ALL: [Entry; 3] = [
    ("loops", |u, mode, k| Ok(Box::new(Loops { u: u.clone(), before: u.clone(), mode, k }))),
    ("padded", |u, mode, k| Ok(Box::new(Padded::new(u, mode, k)?))),
    ("tilexpr", |u, mode, k| Ok(Box::new(Notation::new(u, mode, k)?))),
];

/// Loops that ask at each access where the mode leads.
struct Loops {
    u: ArrayD<f64>,
    before: ArrayD<f64>,
    mode: Mode,
    k: f64,
}

impl Loops {
    /// The sum of both neighbours so far away along each axis, one axis after the other.
    fn neighbours(&self, at: &IxDyn, away: isize) -> f64 {
        let mut sum = None;
        let mut place = at.clone();
        for axis in 0..at.ndim() {
            for step in [-away, away] {
                let found = self.mode.place(at[axis] as isize + step, self.u.len_of(Axis(axis)));
                let value = found.map_or(self.mode.outside(), |found| {
                    place[axis] = found;
                    self.u[&place]
                });
                sum = Some(sum.map_or(value, |sum: f64| sum + value));
            }
            place[axis] = at[axis];
        }
        sum.unwrap_or(0.0)
    }
}

impl Wave for Loops {
    fn step(&mut self) -> Result<(), EvalError> {
        let mut before = std::mem::take(&mut self.before);
        let middle = 30.0 * self.u.ndim() as f64;
        for (at, before) in before.indexed_iter_mut() {
            let u = self.u[&at];
            let differences = 16.0 * self.neighbours(&at, 1) - self.neighbours(&at, 2) - middle * u;
            *before = 2.0 * u - *before + self.k * differences;
        }
        self.before = std::mem::replace(&mut self.u, before);
        Ok(())
    }

    fn now(&self) -> ArrayD<f64> {
        self.u.clone()
    }
}

/// A border two points wide on all sides, into which each step copies what the mode says; then a text of slices, which asks for no
/// ends.
struct Padded {
    u: ArrayD<f64>,
    before: ArrayD<f64>,
    mode: Mode,
    k: f64,
    formula: Expr,
}

const SLICES: [&str; 2] = [
    "2*u[2:-2] - before[2:-2] + k*(16*(u[1:-3] + u[3:-1]) - (u[:-4] + u[4:]) - 30*u[2:-2])",
    "2*u[2:-2, 2:-2] - before[2:-2, 2:-2] \
     + k*(16*(u[1:-3, 2:-2] + u[3:-1, 2:-2] + u[2:-2, 1:-3] + u[2:-2, 3:-1]) \
     - (u[:-4, 2:-2] + u[4:, 2:-2] + u[2:-2, :-4] + u[2:-2, 4:]) - 60*u[2:-2, 2:-2])",
];

impl Padded {
    fn new(u: &ArrayD<f64>, mode: Mode, k: f64) -> Result<Padded, CompileError> {
        let wide: Vec<usize> = u.shape().iter().map(|n| n + 2 * REACH).collect();
        let mut padded = ArrayD::zeros(wide);
        padded.slice_each_axis_mut(|_| Slice::new(REACH as isize, Some(-(REACH as isize)), 1)).assign(u);
        let formula = Expr::compile(SLICES[u.ndim() - 1])?;
        Ok(Padded { before: padded.clone(), u: padded, mode, k, formula })
    }

    fn refresh(&mut self) {
        for axis in (0..self.u.ndim()).map(Axis) {
            let n = self.u.len_of(axis) - 2 * REACH;
            for at in (0..REACH).chain(n + REACH..n + 2 * REACH) {
                let from = self.mode.place(at as isize - REACH as isize, n);
                let line = from.map(|from| self.u.index_axis(axis, from + REACH).to_owned());
                let mut border = self.u.index_axis_mut(axis, at);
                match line {
                    Some(line) => border.assign(&line),
                    None => border.fill(self.mode.outside()),
                }
            }
        }
    }
}

impl Wave for Padded {
    fn step(&mut self) -> Result<(), EvalError> {
        self.refresh();
        let Padded { u, before, k, formula, .. } = self;
        let next: ArrayD<f64> = formula.eval(args![u = &*u, before = &*before, k = *k])?;
        before.slice_each_axis_mut(|_| Slice::new(REACH as isize, Some(-(REACH as isize)), 1)).assign(&next);
        std::mem::swap(u, before);
        Ok(())
    }

    fn now(&self) -> ArrayD<f64> {
        self.u.slice_each_axis(|_| Slice::new(REACH as isize, Some(-(REACH as isize)), 1)).to_owned()
    }
}

/// The formula with the mode in its coordinates. It is written in place of what was before, which is read at its own point alone.
struct Notation {
    u: ArrayD<f64>,
    before: ArrayD<f64>,
    k: f64,
    formula: Expr,
}

impl Notation {
    fn new(u: &ArrayD<f64>, mode: Mode, k: f64) -> Result<Notation, CompileError> {
        let formula = Expr::compile(&text(u.ndim(), mode))?;
        Ok(Notation { before: u.clone(), u: u.clone(), k, formula })
    }
}

/// The step of a wave of one or two dimensions.
pub fn text(axes: usize, mode: Mode) -> String {
    let near = |coordinate: &str| mode.text(coordinate);
    let pair = |away: usize| match axes {
        1 => format!("u[{}] + u[{}]", near(&format!("i-{away}")), near(&format!("i+{away}"))),
        _ => {
            let [up, down] = ["-", "+"].map(|sign| near(&format!("i{sign}{away}")));
            let [left, right] = ["-", "+"].map(|sign| near(&format!("j{sign}{away}")));
            format!("u[{up}, j] + u[{down}, j] + u[i, {left}] + u[i, {right}]")
        }
    };
    let (at, middle) = if axes == 1 { ("[i]", 30) } else { ("[i, j]", 60) };
    format!("next{at} = 2*u{at} - before{at} + k*(16*({}) - ({}) - {middle}*u{at})", pair(1), pair(2))
}

impl Wave for Notation {
    fn step(&mut self) -> Result<(), EvalError> {
        self.formula.update("before", &mut self.before, args![u = &self.u, k = self.k])?;
        std::mem::swap(&mut self.u, &mut self.before);
        Ok(())
    }

    fn now(&self) -> ArrayD<f64> {
        self.u.clone()
    }
}
