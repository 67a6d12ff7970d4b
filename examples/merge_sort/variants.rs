//! A line of numbers, sorted in eight ways.
//!
//! All compare by `total_cmp`, which puts -0.0 before 0.0 and NaN at an end, so that any two numbers have an order.

use std::hint::select_unpredictable;

use rayon::prelude::*;

/// Sorts a line in place.
pub type Sort = fn(&mut [f64]);

/// All variants: four by hand, each mending what the one before lacks; then what is there already.
pub const ALL: [(&str, Sort); 8] = [
    ("merge_sort", |x| with_scratch(x, serial)),
    ("join_each", |x| with_scratch(x, join_each)),
    ("join_cut_off", |x| with_scratch(x, join_cut_off)),
    ("join_merge_too", |x| with_scratch(x, join_merge_too)),
    ("std_sort", |x| x.sort_by(f64::total_cmp)),
    ("std_sort_unstable", |x| x.sort_unstable_by(f64::total_cmp)),
    ("rayon_sort", |x| x.par_sort_by(f64::total_cmp)),
    ("rayon_sort_unstable", |x| x.par_sort_unstable_by(f64::total_cmp)),
];

/// Below this many numbers a task costs more than a second thread can save.
const CUT_OFF: usize = 512;
/// As many numbers are merged or copied by a task: that is far less work for each than sorting.
const PIECE: usize = 16_384;
/// Below this many numbers an insertion sort is faster than halves that are merged.
const SMALL: usize = 24;

/// Merging needs a second line. It is allocated once, not at each level.
fn with_scratch(x: &mut [f64], sort: fn(&mut [f64], &mut [f64])) {
    sort(x, &mut vec![0.0; x.len()]);
}

/// The classic: sort both halves, merge them. The halves of halves are log2 n levels deep, some 20 for a million numbers, so
/// that recursion is safe; at each level all numbers are read and written once.
fn serial(x: &mut [f64], scratch: &mut [f64]) {
    if x.len() <= SMALL {
        return insertion_sort(x);
    }
    let (left, right, scratch_left, scratch_right) = halves(x, scratch);
    serial(left, scratch_left);
    serial(right, scratch_right);
    merge_halves(x, scratch);
}

/// The exercise's first answer: both halves at one time, at every level. `join` makes two tasks of them, which a free thread
/// may take. Most are far smaller than a task is worth.
fn join_each(x: &mut [f64], scratch: &mut [f64]) {
    if x.len() <= SMALL {
        return insertion_sort(x);
    }
    let (left, right, scratch_left, scratch_right) = halves(x, scratch);
    rayon::join(|| join_each(left, scratch_left), || join_each(right, scratch_right));
    merge_halves(x, scratch);
}

/// Tasks for large halves only. The last merge goes over all numbers, and one thread does it: with n numbers that is n of
/// the n*log2(n) steps, the one before n/2 at a time, and so on. However many the threads, 2n steps are left.
fn join_cut_off(x: &mut [f64], scratch: &mut [f64]) {
    if x.len() <= CUT_OFF {
        return serial(x, scratch);
    }
    let (left, right, scratch_left, scratch_right) = halves(x, scratch);
    rayon::join(|| join_cut_off(left, scratch_left), || join_cut_off(right, scratch_right));
    merge_halves(x, scratch);
}

/// The merge is divided, too: what is below the middle of the left half goes before what is above, and so does the part of the
/// right half that is below the same number, found by bisection.
fn join_merge_too(x: &mut [f64], scratch: &mut [f64]) {
    if x.len() <= CUT_OFF {
        return serial(x, scratch);
    }
    let (left, right, scratch_left, scratch_right) = halves(x, scratch);
    rayon::join(|| join_merge_too(left, scratch_left), || join_merge_too(right, scratch_right));
    let (left, right) = x.split_at(x.len() / 2);
    join_merge(left, right, scratch);
    // The copy back is divided as well.
    x.par_chunks_mut(PIECE).zip(scratch.par_chunks(PIECE)).for_each(|(x, scratch)| x.copy_from_slice(scratch));
}

fn join_merge(left: &[f64], right: &[f64], to: &mut [f64]) {
    if to.len() <= PIECE {
        return merge(left, right, to);
    }
    // The longer one is halved, so that each part shrinks.
    let (longer, shorter) = if left.len() >= right.len() { (left, right) } else { (right, left) };
    let middle = longer.len() / 2;
    let pivot = longer[middle];
    let below = shorter.partition_point(|x| x.total_cmp(&pivot).is_lt());
    let (to_low, to_high) = to.split_at_mut(middle + below);
    rayon::join(
        || join_merge(&longer[..middle], &shorter[..below], to_low),
        || join_merge(&longer[middle..], &shorter[below..], to_high),
    );
}

type Halves<'a> = (&'a mut [f64], &'a mut [f64], &'a mut [f64], &'a mut [f64]);

fn halves<'a>(x: &'a mut [f64], scratch: &'a mut [f64]) -> Halves<'a> {
    let middle = x.len() / 2;
    let ((left, right), (scratch_left, scratch_right)) = (x.split_at_mut(middle), scratch.split_at_mut(middle));
    (left, right, scratch_left, scratch_right)
}

/// Merges the halves of `x`, each of which is in order.
fn merge_halves(x: &mut [f64], scratch: &mut [f64]) {
    let (left, right) = x.split_at(x.len() / 2);
    merge(left, right, scratch);
    x.copy_from_slice(scratch);
}

/// Takes the lesser of both fronts until one line is empty. Which one it is cannot be guessed, so it is computed and not
/// branched on.
fn merge(mut left: &[f64], mut right: &[f64], to: &mut [f64]) {
    let mut places = to.iter_mut();
    while let ([a, ..], [b, ..]) = (left, right) {
        let from_right = b.total_cmp(a).is_lt();
        if let Some(place) = places.next() {
            *place = *select_unpredictable(from_right, b, a);
        }
        left = &left[usize::from(!from_right)..];
        right = &right[usize::from(from_right)..];
    }
    let rest = places.into_slice();
    rest[..left.len()].copy_from_slice(left);
    rest[left.len()..].copy_from_slice(right);
}

fn insertion_sort(x: &mut [f64]) {
    for end in 1..x.len() {
        let new = x[end];
        let mut place = end;
        while place > 0 && new.total_cmp(&x[place - 1]).is_lt() {
            x[place] = x[place - 1];
            place -= 1;
        }
        x[place] = new;
    }
}
