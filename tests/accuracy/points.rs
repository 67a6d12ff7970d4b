//! Points with correctly rounded results: `data/accuracy.csv.gz`.
//!
//! A line is `function,type,x,y,result,excess`: numbers are the hexadecimal of their bits, `y` is empty for one argument,
//! and `excess` is how far the true value lies above `result`, in units in the last place. The error of an answer with
//! bits `B` is `|(B - result) - excess|`; zeros, infinities and NaN must be met exactly. The bound is that of the
//! function's row.
//!
//! `TILEXPR_POINTS=file.csv cargo test --release --test accuracy -- --nocapture` runs another file of that form (`.gz` too).

use std::collections::BTreeMap;

use tilexpr::math::Elementary;
use tilexpr::{Accuracy, Executor, IntoArg, Out};

use crate::data;
use crate::executors;
use crate::floats::{Float, error, expression, forms, same, show, values};

/// Points of one function and type: bits, a NaN as `None`.
#[derive(Default)]
struct Points {
    x: Vec<Option<u64>>,
    y: Vec<Option<u64>>,
    result: Vec<Option<u64>>,
    excess: Vec<f64>,
}

fn bits(text: &str) -> Option<u64> {
    let hex = text.strip_prefix("0x").unwrap_or(text);
    (text != "nan").then(|| u64::from_str_radix(hex, 16).unwrap_or_else(|e| panic!("`{text}`: {e}")))
}

/// The number of points beyond the bound, in all forms of the function.
fn check<T: Float>(function: Elementary, points: &Points) -> usize
where
    for<'a> &'a [T]: IntoArg<'a>,
    [T]: Out,
{
    let of = |bits: &[Option<u64>]| -> Vec<T> { bits.iter().map(|b| b.map_or(T::nearest(f64::NAN), T::of)).collect() };
    let (x, y, expected) = (of(&points.x), of(&points.y), of(&points.result));
    let mut all = 0;
    for (accuracy, bound) in forms::<T>(function) {
        let by = |executor| values(&expression(function, accuracy, executor), &x, &y);
        let found = by(Executor::Interpreter);
        for executor in executors::all().into_iter().filter(|&executor| executor != Executor::Interpreter) {
            for (i, (&found, native)) in found.iter().zip(by(executor)).enumerate() {
                assert!(
                    same(found, native),
                    "{} of {:?} {:?}: {found:?} interpreted, {native:?} by {executor:?}",
                    function.name(),
                    x[i],
                    y.get(i)
                );
            }
        }
        let (mut worst, mut at, mut beyond) = (-1.0, 0, 0);
        for (i, &found) in found.iter().enumerate() {
            let error = error(found, expected[i], points.excess[i]);
            beyond += usize::from(error > bound);
            if error > worst {
                (worst, at) = (error, i);
            }
        }
        let y = y.get(at).map_or(String::new(), |&y| format!(", {}", show(y)));
        println!(
            "{:<10} {}{} {:>6} points, worst {worst:.4} ulp (bound {bound}) at ({}{y}): {}{}",
            function.name(),
            T::NAME,
            if accuracy == Accuracy::Fast { " fast" } else { "" },
            x.len(),
            show(x[at]),
            show(found[at]),
            if beyond > 0 { format!("  <-- {beyond} beyond the bound") } else { String::new() }
        );
        all += beyond;
    }
    all
}

#[test]
fn points() {
    let (path, text) = data::read("TILEXPR_POINTS", "accuracy.csv.gz");
    let mut all: BTreeMap<(&str, &str), Points> = BTreeMap::new();
    let mut count = 0;
    for line in text.lines().filter(|line| !line.is_empty()) {
        let parts: Vec<&str> = line.split(',').collect();
        let &[function, dtype, x, y, result, excess] = &parts[..] else { panic!("{path}: `{line}`") };
        let points = all.entry((function, dtype)).or_default();
        points.x.push(bits(x));
        if !y.is_empty() {
            points.y.push(bits(y));
        }
        points.result.push(bits(result));
        points.excess.push(excess.parse().unwrap());
        count += 1;
    }
    let mut beyond = 0;
    for ((name, dtype), points) in &all {
        let function = Elementary::from_name(name).unwrap_or_else(|| panic!("{path}: there is no function `{name}`"));
        beyond += if *dtype == "f32" { check::<f32>(function, points) } else { check::<f64>(function, points) };
    }
    println!("accuracy: {count} points, {beyond} beyond the bound");
    assert_eq!(beyond, 0, "points beyond the bound of their function");
}
