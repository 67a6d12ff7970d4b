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

/// Pixels that are computed at a time, in the loop over which the compiler makes vectors: with eight the sums were left in memory, with
/// sixteen they are two registers of AVX-512 each.
const STEP: usize = 16;
/// Lanes of a sum.
const LANES: usize = 8;

/// Products in f32, added up in f64, element `k` in lane `k mod 8`; the lanes are merged pairwise.
#[inline(always)]
fn gaussian_lanes_body(rows: &[&[f32]; 5], w: &[f32; 25], to: &mut [f32]) {
    let from: [&[f32]; 25] = std::array::from_fn(|k| &rows[k / 5][k % 5..][..to.len()]);
    let (chunks, rest) = to.as_chunks_mut::<STEP>();
    let whole = chunks.len() * STEP;
    for (at, to) in chunks.iter_mut().enumerate() {
        gaussian_pixels(&from, w, at * STEP, to);
    }
    for (at, to) in rest.iter_mut().enumerate() {
        let from: [&[f32]; 25] = std::array::from_fn(|k| &from[k][whole + at..]);
        gaussian_pixels(&from, w, 0, std::array::from_mut(to));
    }
}

#[inline(always)]
fn gaussian_pixels<const N: usize>(from: &[&[f32]; 25], w: &[f32; 25], x: usize, to: &mut [f32; N]) {
    let lanes = [
        gaussian_lane::<0, N>(from, w, x),
        gaussian_lane::<1, N>(from, w, x),
        gaussian_lane::<2, N>(from, w, x),
        gaussian_lane::<3, N>(from, w, x),
        gaussian_lane::<4, N>(from, w, x),
        gaussian_lane::<5, N>(from, w, x),
        gaussian_lane::<6, N>(from, w, x),
        gaussian_lane::<7, N>(from, w, x),
    ];
    for p in 0..N {
        // (No closure: its code may be compiled for the least of CPUs, and the loop around it then is no vector code.)
        let (a, b) = (lanes[0][p] + lanes[4][p], lanes[1][p] + lanes[5][p]);
        let (c, d) = (lanes[2][p] + lanes[6][p], lanes[3][p] + lanes[7][p]);
        to[p] = ((a + c) + (b + d)) as f32;
    }
}

/// A lane of each of the sums. (Its number is in the type, so that the loop over its elements is none.)
#[inline(always)]
fn gaussian_lane<const LANE: usize, const N: usize>(from: &[&[f32]; 25], w: &[f32; 25], x: usize) -> [f64; N] {
    let mut sums = [-0.0; N];
    for k in (LANE..25).step_by(LANES) {
        let pixels: &[f32; N] = from[k][x..].first_chunk().expect("rows are as long as the result");
        for p in 0..N {
            sums[p] += f64::from(pixels[p] * w[k]);
        }
    }
    sums
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

/// Rows are padded by two pixels at each end first, so that the loop has no border: so many at a time that they stay in the second cache, in
/// memory that is asked for once.
pub fn gaussian(img: &Array2<f32>, w: &[f32; 25], to: &mut Array2<f32>, row: Row) {
    let (height, width) = img.dim();
    let img = img.as_slice().expect("an image in C order");
    let to = to.as_slice_mut().expect("an image in C order");
    const ROWS: usize = 32;
    to.par_chunks_mut(ROWS * width).enumerate().for_each_init(Vec::new, |padded, (at, to)| {
        padded.clear();
        for y in 0..to.len() / width + 4 {
            let y = (at * ROWS + y).saturating_sub(2).min(height - 1);
            let row = &img[y * width..][..width];
            padded.extend([row[0]; 2]);
            padded.extend_from_slice(row);
            padded.extend([row[width - 1]; 2]);
        }
        let padded: Vec<&[f32]> = padded.chunks_exact(width + 4).collect();
        for (y, to) in to.chunks_mut(width).enumerate() {
            row(&std::array::from_fn(|dy| padded[y + dy]), w, to);
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
