//! How often each of 256 grey levels occurs in a picture, counted in seven ways.

use std::array;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use ndarray::{Array1, Array2, NewAxis, s};
use rayon::prelude::*;
use tilexpr::{EvalError, Expr, args};

/// How often each grey level occurs.
pub type Counts = [u64; 256];

/// From a picture to its counts.
pub type Histogram = fn(&Array2<u8>) -> Result<Counts, EvalError>;

/// All variants.
pub const ALL: [(&str, Histogram); 7] = [
    ("serial", serial),
    ("four_tables", four_tables),
    ("shared_atomic", shared_atomic),
    ("private", private),
    ("private_four_tables", private_four_tables),
    ("tilexpr_compare", tilexpr_compare),
    ("tilexpr", tilexpr),
];

/// One table, one thread. Two kilobytes, always in the nearest cache; what it costs is that a pixel like one just
/// before reads a count that is still being written, and waits for it (unless the CPU foresees that, as some do where it is
/// always so).
fn serial(picture: &Array2<u8>) -> Result<Counts, EvalError> {
    Ok(count(pixels(picture)))
}

/// Four tables, one thread: pixels that follow each other count in different tables, so that equal neighbours wait less.
fn four_tables(picture: &Array2<u8>) -> Result<Counts, EvalError> {
    Ok(count_in_four(pixels(picture)))
}

/// One table for all threads, of atomics: right, as an increment cannot be divided; but every increment takes the cache line
/// that holds the count away from the other cores, and a table has 32 lines only.
fn shared_atomic(picture: &Array2<u8>) -> Result<Counts, EvalError> {
    let counts: [AtomicU64; 256] = array::from_fn(|_| AtomicU64::new(0));
    pixels(picture).par_chunks(PART).for_each(|part| {
        for &pixel in part {
            counts[usize::from(pixel)].fetch_add(1, Relaxed);
        }
    });
    Ok(counts.map(AtomicU64::into_inner))
}

/// A table for each task, merged at the end: 256 additions for 65,536 pixels, and nothing is shared while they are counted.
fn private(picture: &Array2<u8>) -> Result<Counts, EvalError> {
    Ok(pixels(picture).par_chunks(PART).map(count).reduce(|| [0; 256], merged))
}

/// Four tables for each task.
fn private_four_tables(picture: &Array2<u8>) -> Result<Counts, EvalError> {
    Ok(pixels(picture).par_chunks(PART).map(count_in_four).reduce(|| [0; 256], merged))
}

/// Each pixel compared with all 256 levels, as vectors of pixels, each level summed: 256 times the work, without one
/// write to an address that depends on data. In parts that stay in the cache, as each is read 256 times.
fn tilexpr_compare(picture: &Array2<u8>) -> Result<Counts, EvalError> {
    let equal = Expr::compile("sum(pixels == level, axis=1)")?;
    let levels = Array1::from_iter(0..=255_u8);
    let level = levels.slice(s![.., NewAxis]);
    let mut counts = [0; 256];
    for part in pixels(picture).chunks(8 * PART) {
        let pixels = ndarray::aview1(part);
        let found: Array1<i64> = equal.eval(args![pixels = pixels.slice(s![NewAxis, ..]), level])?;
        counts = merged(counts, array::from_fn(|at| found[at] as u64));
    }
    Ok(counts)
}

/// The library's own: four private tables for each task, merged. Its operand may be any expression, computed tile by tile on the
/// way.
fn tilexpr(picture: &Array2<u8>) -> Result<Counts, EvalError> {
    let found: Array1<i64> = Expr::compile("bincount(picture, 256)")?.eval(args![picture])?;
    Ok(array::from_fn(|at| found[at] as u64))
}

/// Pixels of a task.
const PART: usize = 65_536;

fn pixels(picture: &Array2<u8>) -> &[u8] {
    picture.as_slice().expect("a new picture is contiguous")
}

fn count(pixels: &[u8]) -> Counts {
    let mut counts = [0; 256];
    for &pixel in pixels {
        counts[usize::from(pixel)] += 1;
    }
    counts
}

fn count_in_four(pixels: &[u8]) -> Counts {
    // Eight more than are needed: else tables would lie 4,096 bytes apart, which many a CPU takes for the same place at first.
    let mut tables = [[0; 256 + 8]; 4];
    let (fours, rest) = pixels.as_chunks::<4>();
    for four in fours {
        for (table, &pixel) in tables.iter_mut().zip(four) {
            table[usize::from(pixel)] += 1;
        }
    }
    let sum = |level: usize| tables.iter().map(|table| table[level]).sum::<u64>();
    merged(count(rest), array::from_fn(sum))
}

fn merged(a: Counts, b: Counts) -> Counts {
    array::from_fn(|level| a[level] + b[level])
}
