//! A step of the heat equation on a grid with a border of ghost cells: five shifted views of one array, written to another.

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Zip, s};
use tilexpr::{Expr, args};

/// The step, as text.
pub const STEP: &str = "u + k*(up + down + left + right - 4*u)";
/// The diffusion number: below a quarter it is stable.
pub const K: f64 = 0.2;

/// Two padded grids, taking turns.
pub struct Grid {
    now: Array2<f64>,
    next: Array2<f64>,
}

/// The inside, and the inside shifted by one in each direction.
fn views(grid: &Array2<f64>) -> [ArrayView2<'_, f64>; 5] {
    [
        grid.slice(s![1..-1, 1..-1]),
        grid.slice(s![..-2, 1..-1]),
        grid.slice(s![2.., 1..-1]),
        grid.slice(s![1..-1, ..-2]),
        grid.slice(s![1..-1, 2..]),
    ]
}

fn inside(grid: &mut Array2<f64>) -> ArrayViewMut2<'_, f64> {
    grid.slice_mut(s![1..-1, 1..-1])
}

#[inline(always)]
fn step(u: f64, up: f64, down: f64, left: f64, right: f64) -> f64 {
    u + K * (up + down + left + right - 4.0 * u)
}

impl Grid {
    /// A grid of `n` x `n` cells, hot in the middle, and its border.
    pub fn new(n: usize) -> Grid {
        let middle = n / 4..3 * n / 4;
        let hot = |(i, j)| if middle.contains(&i) && middle.contains(&j) { 1.0 } else { 0.0 };
        let now = Array2::from_shape_fn((n + 2, n + 2), hot);
        Grid { next: now.clone(), now }
    }

    /// The cells and their border.
    pub fn cells(&self) -> &Array2<f64> {
        &self.now
    }

    fn turn(&mut self) {
        std::mem::swap(&mut self.now, &mut self.next);
    }

    /// Each operation an array.
    pub fn operators(&mut self) {
        let [u, up, down, left, right] = views(&self.now);
        let step = &u + (&up + &down + left + right - 4.0 * &u) * K;
        inside(&mut self.next).assign(&step);
        self.turn();
    }

    /// ndarray's `Zip` of six arrays.
    pub fn zip(&mut self) {
        let [u, up, down, left, right] = views(&self.now);
        let zip = Zip::from(inside(&mut self.next)).and(u).and(up).and(down).and(left);
        zip.and(right).for_each(|y, &u, &up, &down, &left, &right| *y = step(u, up, down, left, right));
        self.turn();
    }

    /// The same on rayon's threads.
    pub fn par_zip(&mut self) {
        let [u, up, down, left, right] = views(&self.now);
        let zip = Zip::from(inside(&mut self.next)).and(u).and(up).and(down).and(left);
        zip.and(right).par_for_each(|y, &u, &up, &down, &left, &right| *y = step(u, up, down, left, right));
        self.turn();
    }

    /// `Zip` of rows, each a loop over slices, which the compiler vectorises: the strongest form.
    pub fn par_zip_rows(&mut self) {
        let inner = self.now.slice(s![1..-1, ..]);
        let [_, up, down, ..] = views(&self.now);
        let mut next = inside(&mut self.next);
        Zip::from(next.rows_mut()).and(inner.rows()).and(up.rows()).and(down.rows()).par_for_each(
            |mut y, row, up, down| {
                let y = y.as_slice_mut().expect("a row");
                let [row, up, down] = [row, up, down].map(|row| row.to_slice().expect("a row"));
                let (n, m) = (y.len(), y.len() + 2);
                let (row, up, down) = (&row[..m], &up[..n], &down[..n]);
                for i in 0..n {
                    y[i] = step(row[i + 1], up[i], down[i], row[i], row[i + 2]);
                }
            },
        );
        self.turn();
    }

    /// The text.
    pub fn tilexpr(&mut self, e: &Expr) {
        let [u, up, down, left, right] = views(&self.now);
        let args = args![u, up, down, left, right, k = K];
        e.eval_into(args, &mut inside(&mut self.next)).expect("it runs");
        self.turn();
    }
}
