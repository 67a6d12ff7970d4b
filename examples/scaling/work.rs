//! What is shared among threads: loops whose items take equally long, and loops whose items do not.

/// A loop: so many items, and what is done with one.
#[derive(Clone, Copy)]
pub struct Work {
    pub name: &'static str,
    pub items: usize,
    /// Points of an item, or steps where it has one point.
    size: usize,
    item: fn(usize, &Work) -> u64,
}

impl Work {
    pub fn item(&self, i: usize) -> u64 {
        (self.item)(i, self)
    }

    /// The same with so many items.
    pub fn with_items(self, items: usize) -> Work {
        Work { items, ..self }
    }
}

/// Iterations at a point of the Mandelbrot set, at most.
const ITERATIONS: u64 = 300;
/// Steps at each point of an even row: about what a point of the uneven rows takes in the mean.
const STEPS: usize = 75;

/// Rows of a picture of the upper half of the Mandelbrot set: the first ones lie in the set and take long.
pub fn uneven(size: usize) -> Work {
    Work { name: "uneven", items: size, size, item: mandelbrot_row }
}

/// Rows that all take equally long.
pub fn even(size: usize) -> Work {
    Work {
        name: "even",
        items: size,
        size,
        item: |row, work| (0..work.size).map(|x| walk(row * work.size + x, STEPS)).sum(),
    }
}

/// Many items of some tens of nanoseconds.
pub fn tiny(size: usize) -> Work {
    Work { name: "even, tiny", items: 2000 * size, size: 20, item: |i, work| walk(i, work.size) }
}

/// The iterations of all points of a row.
fn mandelbrot_row(row: usize, work: &Work) -> u64 {
    let y = 1.2 * row as f64 / work.items as f64;
    (0..work.size).map(|x| mandelbrot(2.6 * x as f64 / work.size as f64 - 2.0, y)).sum()
}

/// How long `z*z + c` stays near 0.
pub fn mandelbrot(cx: f64, cy: f64) -> u64 {
    let (mut x, mut y) = (0.0, 0.0);
    for iteration in 0..ITERATIONS {
        let (xx, yy) = (x * x, y * y);
        if xx + yy > 4.0 {
            return iteration;
        }
        y = 2.0 * x * y + cy;
        x = xx - yy + cx;
    }
    ITERATIONS
}

/// The bits of what the logistic map makes of a number after so many steps.
pub fn walk(i: usize, steps: usize) -> u64 {
    let start = 0.1 + (i % 997) as f64 * 0.0008;
    (0..steps).fold(start, |x, _| 3.9 * x * (1.0 - x)).to_bits() >> 32
}
