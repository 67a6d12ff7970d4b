//! One step of the diffusion equation, written in nine ways.
//!
//! All compute `u + k*(up + down + left + right - 4*u)` in this order of operations, so that all give the same bits. The
//! grid is periodic: above the first row is the last.

// In `s![1..-1]` a negative number counts from the end; clippy takes it for an empty range.
#![allow(clippy::reversed_empty_ranges)]

use ndarray::parallel::par_azip;
use ndarray::{Array2, Axis, azip, s};
use tilexpr::{EvalError, Expr, Threads, args};

/// A grid that knows how to make its next step.
pub trait Variant: Send {
    fn step(&mut self) -> Result<(), EvalError>;
    fn grid(&self) -> Array2<f64>;
}

/// A name, and how to make the variant from its start and `k`.
pub type Entry = (&'static str, fn(&Array2<f64>, f64) -> Box<dyn Variant>);

/// All variants, from the slowest idea to the fastest.
pub const ALL: [Entry; 9] = [
    ("boxed", |u, k| Box::new(Boxed::new(u, k))),
    ("loops", |u, k| Box::new(Loops { u: u.clone(), next: u.clone(), k })),
    ("temporaries", |u, k| Box::new(Temporaries { u: u.clone(), k })),
    ("in_place", |u, k| Box::new(InPlace { u: u.clone(), laplacian: u.clone(), k })),
    ("zip", |u, k| Box::new(Zipped { grids: Bordered::new(u), k })),
    ("par_zip", |u, k| Box::new(ParZipped { grids: Bordered::new(u), k })),
    ("tilexpr_serial", |u, k| Box::new(Tilexpr::new(u, k, Threads::Serial))),
    ("tilexpr_stencil", |u, k| Box::new(Stencil::new(u, k))),
    ("tilexpr", |u, k| Box::new(Tilexpr::new(u, k, Threads::Global))),
];

/// Every number behind its own pointer, and a new object for every result: how a list of lists of Python floats lies in
/// memory. Each neighbour costs a jump to wherever its object happens to be, each result an allocation.
#[expect(clippy::vec_box, reason = "boxes are the point")]
struct Boxed {
    u: Vec<Vec<Box<f64>>>,
    k: f64,
}

impl Boxed {
    fn new(u: &Array2<f64>, k: f64) -> Boxed {
        Boxed { u: u.outer_iter().map(|row| row.iter().map(|&x| Box::new(x)).collect()).collect(), k }
    }
}

impl Variant for Boxed {
    fn step(&mut self) -> Result<(), EvalError> {
        let (u, n) = (&self.u, self.u.len());
        let point = |i: usize, j: usize| {
            let (up, down) = (*u[(i + n - 1) % n][j], *u[(i + 1) % n][j]);
            let (left, right) = (*u[i][(j + n - 1) % n], *u[i][(j + 1) % n]);
            Box::new(*u[i][j] + self.k * (up + down + left + right - 4.0 * *u[i][j]))
        };
        self.u = (0..n).map(|i| (0..n).map(|j| point(i, j)).collect()).collect();
        Ok(())
    }

    fn grid(&self) -> Array2<f64> {
        let n = self.u.len();
        Array2::from_shape_fn((n, n), |(i, j)| *self.u[i][j])
    }
}

/// Two nested loops over flat memory, and a second grid to write to. No jumps and no allocation, but every access checks its
/// bounds and every column its wrapping, which keeps the compiler from computing several points at once.
struct Loops {
    u: Array2<f64>,
    next: Array2<f64>,
    k: f64,
}

impl Variant for Loops {
    fn step(&mut self) -> Result<(), EvalError> {
        let (u, n) = (&self.u, self.u.nrows());
        for i in 0..n {
            let above = if i == 0 { n - 1 } else { i - 1 };
            let below = if i == n - 1 { 0 } else { i + 1 };
            for j in 0..n {
                let before = if j == 0 { n - 1 } else { j - 1 };
                let after = if j == n - 1 { 0 } else { j + 1 };
                let neighbours = u[[above, j]] + u[[below, j]] + u[[i, before]] + u[[i, after]];
                self.next[[i, j]] = u[[i, j]] + self.k * (neighbours - 4.0 * u[[i, j]]);
            }
        }
        std::mem::swap(&mut self.u, &mut self.next);
        Ok(())
    }

    fn grid(&self) -> Array2<f64> {
        self.u.clone()
    }
}

/// Whole-array operations, as in NumPy: four rolled copies of the grid, and a new array wherever an operator has no temporary
/// to reuse. Short, and each operation is fast in itself; but each reads and writes whole arrays, and new memory costs
/// page faults.
struct Temporaries {
    u: Array2<f64>,
    k: f64,
}

impl Variant for Temporaries {
    fn step(&mut self) -> Result<(), EvalError> {
        let u = &self.u;
        let (up, down) = (roll(u, 1, Axis(0)), roll(u, -1, Axis(0)));
        let (left, right) = (roll(u, 1, Axis(1)), roll(u, -1, Axis(1)));
        self.u = u + self.k * (up + down + left + right - 4.0 * u);
        Ok(())
    }

    fn grid(&self) -> Array2<f64> {
        self.u.clone()
    }
}

/// A copy whose elements are moved on by `by` places along an axis; those that leave at the end come back at the beginning.
fn roll(u: &Array2<f64>, by: isize, axis: Axis) -> Array2<f64> {
    let mut rolled = Array2::zeros(u.raw_dim());
    let at = by.rem_euclid(u.len_of(axis) as isize) as usize;
    let (head, tail) = u.view().split_at(axis, u.len_of(axis) - at);
    let (mut front, mut back) = rolled.view_mut().split_at(axis, at);
    front.assign(&tail);
    back.assign(&head);
    rolled
}

/// The same operations into one array that is there already, `out=` in NumPy: no allocation and no copies, but still six
/// passes over memory.
struct InPlace {
    u: Array2<f64>,
    laplacian: Array2<f64>,
    k: f64,
}

impl Variant for InPlace {
    fn step(&mut self) -> Result<(), EvalError> {
        let InPlace { u, laplacian, k } = self;
        // The sum begins with a rolled copy of `u`; the other three are added.
        with_rolled(u, laplacian, 1, Axis(0), |to, from| *to = *from);
        with_rolled(u, laplacian, -1, Axis(0), |to, from| *to += from);
        with_rolled(u, laplacian, 1, Axis(1), |to, from| *to += from);
        with_rolled(u, laplacian, -1, Axis(1), |to, from| *to += from);
        laplacian.scaled_add(-4.0, u);
        u.scaled_add(*k, laplacian);
        Ok(())
    }

    fn grid(&self) -> Array2<f64> {
        self.u.clone()
    }
}

/// Calls `f(to, from)` for each element of `to` and its partner in `from` rolled, without making the rolled array.
fn with_rolled(from: &Array2<f64>, to: &mut Array2<f64>, by: isize, axis: Axis, f: impl Fn(&mut f64, &f64) + Copy) {
    let at = by.rem_euclid(from.len_of(axis) as isize) as usize;
    let (head, tail) = from.view().split_at(axis, from.len_of(axis) - at);
    let (mut front, mut back) = to.view_mut().split_at(axis, at);
    front.zip_mut_with(&tail, f);
    back.zip_mut_with(&head, f);
}

/// Two grids with a border one cell wide, which holds copies of the opposite edges: then every neighbour of every point is
/// in a plain slice, and no code asks where the edge is.
struct Bordered {
    u: Array2<f64>,
    next: Array2<f64>,
}

impl Bordered {
    fn new(u: &Array2<f64>) -> Bordered {
        let n = u.nrows();
        let mut bordered = Array2::zeros((n + 2, n + 2));
        bordered.slice_mut(s![1..=n, 1..=n]).assign(u);
        Bordered { next: bordered.clone(), u: bordered }
    }

    /// Copies the edges into the border: part of every step.
    fn refresh(&mut self) {
        let n = self.u.nrows() - 2;
        for (edge, border) in [(n, 0), (1, n + 1)] {
            let (from, mut to) = self.u.multi_slice_mut((s![edge, ..], s![border, ..]));
            to.assign(&from);
            let (from, mut to) = self.u.multi_slice_mut((s![.., edge], s![.., border]));
            to.assign(&from);
        }
    }

    fn swap(&mut self) {
        std::mem::swap(&mut self.u, &mut self.next);
    }

    fn grid(&self) -> Array2<f64> {
        self.u.slice(s![1..-1, 1..-1]).to_owned()
    }
}

/// ndarray's `Zip`: all operations of a point at once, so one pass over memory and no temporaries. Six arrays are as many as it
/// takes. (Taking rows as slices, with a loop over each, is no faster by more than the noise.)
struct Zipped {
    grids: Bordered,
    k: f64,
}

impl Variant for Zipped {
    fn step(&mut self) -> Result<(), EvalError> {
        self.grids.refresh();
        let (Bordered { u, next }, k) = (&mut self.grids, self.k);
        azip!((
            next in next.slice_mut(s![1..-1, 1..-1]),
            &up in u.slice(s![..-2, 1..-1]),
            &down in u.slice(s![2.., 1..-1]),
            &left in u.slice(s![1..-1, ..-2]),
            &right in u.slice(s![1..-1, 2..]),
            &u in u.slice(s![1..-1, 1..-1]),
        ) *next = u + k * (up + down + left + right - 4.0 * u));
        self.grids.swap();
        Ok(())
    }

    fn grid(&self) -> Array2<f64> {
        self.grids.grid()
    }
}

/// The same on all threads of the pool.
struct ParZipped {
    grids: Bordered,
    k: f64,
}

impl Variant for ParZipped {
    fn step(&mut self) -> Result<(), EvalError> {
        self.grids.refresh();
        let (Bordered { u, next }, k) = (&mut self.grids, self.k);
        par_azip!((
            next in next.slice_mut(s![1..-1, 1..-1]),
            &up in u.slice(s![..-2, 1..-1]),
            &down in u.slice(s![2.., 1..-1]),
            &left in u.slice(s![1..-1, ..-2]),
            &right in u.slice(s![1..-1, 2..]),
            &u in u.slice(s![1..-1, 1..-1]),
        ) *next = u + k * (up + down + left + right - 4.0 * u));
        self.grids.swap();
        Ok(())
    }

    fn grid(&self) -> Array2<f64> {
        self.grids.grid()
    }
}

/// The formula as text, compiled while the program runs into one pass like that of `zip`, on one thread or on all; on the same
/// grids with a border.
struct Tilexpr {
    grids: Bordered,
    k: f64,
    formula: Expr,
}

impl Tilexpr {
    fn new(u: &Array2<f64>, k: f64, threads: Threads) -> Tilexpr {
        let formula = Expr::compile("u + k*(up + down + left + right - 4*u)").expect("the text is an expression");
        Tilexpr { grids: Bordered::new(u), k, formula: formula.with_threads(threads) }
    }
}

impl Variant for Tilexpr {
    fn step(&mut self) -> Result<(), EvalError> {
        self.grids.refresh();
        let Bordered { u, next } = &mut self.grids;
        let arguments = args![
            u = u.slice(s![1..-1, 1..-1]),
            up = u.slice(s![..-2, 1..-1]),
            down = u.slice(s![2.., 1..-1]),
            left = u.slice(s![1..-1, ..-2]),
            right = u.slice(s![1..-1, 2..]),
            k = self.k,
        ];
        self.formula.eval_into(arguments, &mut next.slice_mut(s![1..-1, 1..-1]))?;
        self.grids.swap();
        Ok(())
    }

    fn grid(&self) -> Array2<f64> {
        self.grids.grid()
    }
}

/// The grid as it is, and a text that says where the neighbours are: no border is kept, and none is copied. Points inside are
/// computed apart from those at the edges, which alone are looked up around the ring.
struct Stencil {
    u: Array2<f64>,
    next: Array2<f64>,
    k: f64,
    formula: Expr,
}

const STENCIL: &str =
    "next[i, j] = u[i, j] + k*(u[wrap(i-1), j] + u[wrap(i+1), j] + u[i, wrap(j-1)] + u[i, wrap(j+1)] - 4*u[i, j])";

impl Stencil {
    fn new(u: &Array2<f64>, k: f64) -> Stencil {
        let formula = Expr::compile(STENCIL).expect("the text is an expression");
        Stencil { u: u.clone(), next: u.clone(), k, formula }
    }
}

impl Variant for Stencil {
    fn step(&mut self) -> Result<(), EvalError> {
        self.formula.eval_into(args![u = &self.u, k = self.k], &mut self.next)?;
        std::mem::swap(&mut self.u, &mut self.next);
        Ok(())
    }

    fn grid(&self) -> Array2<f64> {
        self.u.clone()
    }
}
