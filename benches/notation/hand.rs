//! Hand-written loops on rayon's threads: what a Rust programmer would write instead of a text with indices, compiled for the vectors
//! that this CPU has.

use ndarray::{Array1, Array2};
use rayon::prelude::*;

/// A function for each set of instructions, and one that takes the best that the CPU has.
macro_rules! native {
    ($name:ident, $body:ident, ($($arg:ident: $ty:ty),*)) => {
        pub fn $name($($arg: $ty),*) {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")]
                fn wide($($arg: $ty),*) {
                    $body($($arg),*)
                }
                #[target_feature(enable = "avx2,fma")]
                fn narrow($($arg: $ty),*) {
                    $body($($arg),*)
                }
                if is_x86_feature_detected!("avx512bw") && is_x86_feature_detected!("avx512vl") {
                    // SAFETY: the CPU has these instructions.
                    return unsafe { wide($($arg),*) };
                }
                if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                    // SAFETY: the CPU has these instructions.
                    return unsafe { narrow($($arg),*) };
                }
            }
            $body($($arg),*)
        }
    };
}

/// Points that a row is computed in at a time: the sums of the eight lanes stay in registers.
const STEP: usize = 8;

/// Products in f32, added up in f64, element `k` in lane `k mod 8`; the lanes are merged pairwise.
#[inline(always)]
fn gaussian_lanes_body(rows: &[&[f32]; 5], w: &[f32; 25], to: &mut [f32]) {
    let whole = to.len() / STEP * STEP;
    for x in (0..whole).step_by(STEP) {
        gaussian_points::<STEP>(rows, w, x, &mut to[x..x + STEP]);
    }
    for x in whole..to.len() {
        gaussian_points::<1>(rows, w, x, &mut to[x..=x]);
    }
}

#[inline(always)]
fn gaussian_points<const N: usize>(rows: &[&[f32]; 5], w: &[f32; 25], x: usize, to: &mut [f32]) {
    let mut lanes = [[-0.0_f64; N]; 8];
    for k in 0..25 {
        let from = &rows[k / 5][x + k % 5..][..N];
        for p in 0..N {
            lanes[k % 8][p] += f64::from(from[p] * w[k]);
        }
    }
    for (p, to) in to.iter_mut().enumerate().take(N) {
        let a: [f64; 4] = std::array::from_fn(|l| lanes[l][p] + lanes[l + 4][p]);
        *to = ((a[0] + a[2]) + (a[1] + a[3])) as f32;
    }
}

/// All in f32, one element after another.
#[inline(always)]
fn gaussian_plain_body(rows: &[&[f32]; 5], w: &[f32; 25], to: &mut [f32]) {
    let from: [&[f32]; 25] = std::array::from_fn(|k| &rows[k / 5][k % 5..][..to.len()]);
    for (x, to) in to.iter_mut().enumerate() {
        let mut sum = 0.0;
        for k in 0..25 {
            sum += from[k][x] * w[k];
        }
        *to = sum;
    }
}

native!(gaussian_lanes, gaussian_lanes_body, (rows: &[&[f32]; 5], w: &[f32; 25], to: &mut [f32]));
native!(gaussian_plain, gaussian_plain_body, (rows: &[&[f32]; 5], w: &[f32; 25], to: &mut [f32]));

type Row = fn(&[&[f32]; 5], &[f32; 25], &mut [f32]);

/// Rows are padded by two pixels at each end first, so that the loop has no border.
pub fn gaussian(img: &Array2<f32>, w: &[f32; 25], to: &mut Array2<f32>, row: Row) {
    let (height, width) = img.dim();
    let img = img.as_slice().expect("an image in C order");
    let to = to.as_slice_mut().expect("an image in C order");
    const ROWS: usize = 64;
    to.par_chunks_mut(ROWS * width).enumerate().for_each(|(at, to)| {
        let first = at * ROWS;
        let padded: Vec<Vec<f32>> = (0..to.len() / width + 4)
            .map(|y| {
                let y = (first + y).saturating_sub(2).min(height - 1);
                let row = &img[y * width..][..width];
                let mut padded = Vec::with_capacity(width + 4);
                padded.extend([row[0]; 2]);
                padded.extend_from_slice(row);
                padded.extend([row[width - 1]; 2]);
                padded
            })
            .collect();
        for (y, to) in to.chunks_mut(width).enumerate() {
            row(&std::array::from_fn(|dy| &padded[y + dy][..]), w, to);
        }
    });
}

/// The product, row of the result by row, four of them at a time.
#[inline(always)]
fn product_body(a: &[f64], b: &[f64], n: usize, to: &mut [f64]) {
    to.fill(0.0);
    for k in 0..n {
        let row = &b[k * n..][..n];
        for (i, to) in to.chunks_exact_mut(n).enumerate() {
            let factor = a[i * n + k];
            for (to, &b) in to.iter_mut().zip(row) {
                *to += factor * b;
            }
        }
    }
}

native!(product_rows, product_body, (a: &[f64], b: &[f64], n: usize, to: &mut [f64]));

/// `a @ b` by rows on all threads.
pub fn product(a: &Array2<f64>, b: &Array2<f64>, to: &mut Array2<f64>) {
    let n = a.nrows();
    let (a, b) = (a.as_slice().expect("C order"), b.as_slice().expect("C order"));
    let to = to.as_slice_mut().expect("C order");
    to.par_chunks_mut(4 * n).enumerate().for_each(|(at, to)| product_rows(&a[4 * at * n..][..to.len()], b, n, to));
}

/// Bodies: places and masses, as arrays of each coordinate.
pub struct Bodies {
    pub x: [Array1<f64>; 3],
    pub m: Array1<f64>,
}

#[inline(always)]
fn squares_body(x: &[&[f64]; 3], at: [f64; 3], eps: f64, to: &mut [f64]) {
    for (j, to) in to.iter_mut().enumerate() {
        let d: [f64; 3] = std::array::from_fn(|a| x[a][j] - at[a]);
        *to = ((d[0] * d[0] + d[2] * d[2]) + d[1] * d[1]) + eps;
    }
}

#[inline(always)]
fn force_body(x: &[&[f64]; 3], m: &[f64], at: [f64; 3], cubes: &[f64], to: &mut [f64]) {
    let mut lanes = [[-0.0_f64; 8]; 3];
    for j in (0..m.len()).step_by(8) {
        for l in 0..8 {
            for a in 0..3 {
                lanes[a][l] += m[j + l] * (x[a][j + l] - at[a]) / cubes[j + l];
            }
        }
    }
    for (to, lanes) in to.iter_mut().zip(lanes) {
        *to = lanes.iter().sum();
    }
}

#[inline(always)]
fn roots_body(cubes: &mut [f64]) {
    for r in cubes {
        *r *= r.sqrt();
    }
}

native!(squares, squares_body, (x: &[&[f64]; 3], at: [f64; 3], eps: f64, to: &mut [f64]));
native!(force, force_body, (x: &[&[f64]; 3], m: &[f64], at: [f64; 3], cubes: &[f64], to: &mut [f64]));
native!(roots, roots_body, (cubes: &mut [f64]));

/// The forces on all bodies; `cubes` makes `r**1.5` of a row.
pub fn forces(bodies: &Bodies, eps: f64, to: &mut Array2<f64>, cubes: impl Fn(&mut [f64]) + Sync) {
    let x: [&[f64]; 3] = std::array::from_fn(|a| bodies.x[a].as_slice().expect("one run"));
    let m = bodies.m.as_slice().expect("one run");
    let to = to.as_slice_mut().expect("C order");
    to.par_chunks_mut(3 * 32).enumerate().for_each(|(chunk, to)| {
        let mut row = vec![0.0; m.len()];
        for (i, to) in to.chunks_exact_mut(3).enumerate() {
            let at = std::array::from_fn(|a| x[a][32 * chunk + i]);
            squares(&x, at, eps, &mut row);
            cubes(&mut row);
            force(&x, m, at, &row, to);
        }
    });
}
