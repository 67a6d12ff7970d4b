//! Filling an array that is larger than the result, and writing several results in place, are copies. They are run as their
//! expression is, and nothing else is changed by them.
//!
//! One test in a process of its own: it counts the pages of machine code.
#![cfg(target_os = "linux")]

use ndarray::{Array1, Array2};
use tilexpr::{Casting, Executor, Expr, Threads, args};

/// Texts that the library's cache keeps.
const KEPT: usize = 256;

/// Bytes of executable pages that belong to no file: machine code that was made here.
fn code() -> usize {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let size = |line: &str| {
        let mut words = line.split_whitespace();
        let (range, access, path) = (words.next()?, words.next()?, words.nth(3));
        let (start, end) = range.split_once('-')?;
        let bytes = usize::from_str_radix(end, 16).ok()? - usize::from_str_radix(start, 16).ok()?;
        (access.contains('x') && path.is_none()).then_some(bytes)
    };
    maps.lines().filter_map(size).sum()
}

/// Runs copies of both kinds, large enough that compiling them would pay, on this many threads.
fn copies(executor: Executor, threads: Threads) {
    let builder = || Expr::builder().executor(executor).threads(threads.clone()).casting(Casting::SameKind);
    let row = Array1::from_shape_fn(1000, |j| j as f64);
    let (mut out, mut narrow) = (Array2::<f64>::zeros((1500, 1000)), Array2::<f32>::zeros((1500, 1000)));
    let larger = builder().compile("row*0.5").unwrap();
    larger.eval_into(args![row], &mut out).unwrap();
    larger.eval_into(args![row], &mut narrow).unwrap();
    assert!(out.indexed_iter().all(|((_, j), &y)| y == 0.5 * j as f64));
    assert!(narrow.indexed_iter().all(|((_, j), &y)| y == 0.5 * j as f32));
    // Of two results that read different arrays neither is written before both have been computed.
    let in_place = builder().compile("u*2, v + 1").unwrap();
    in_place.update(["u", "v"], &mut (&mut out, &mut narrow), args![]).unwrap();
    assert!(out.indexed_iter().all(|((_, j), &y)| y == j as f64));
    assert!(narrow.indexed_iter().all(|((_, j), &y)| y == 0.5 * j as f32 + 1.0));
}

#[test]
fn copies_are_run_as_their_expression_is() {
    // On the interpreter nothing is compiled, copies included.
    for threads in [Threads::Serial, Threads::Global] {
        copies(Executor::Interpreter, threads);
    }
    assert_eq!(code(), 0, "the interpreter made machine code");

    // A copy is no text of the user's: with as many as the cache keeps, each with its kernel, none falls out for it.
    let a = Array1::from_elem(64, 1.5);
    let run = |k: usize| {
        let builder = Expr::builder().executor(Executor::Native).threads(Threads::Serial);
        let y: Array1<f64> = builder.compile(&format!("a*{k}.5")).unwrap().eval(args![a]).unwrap();
        assert_eq!(y[0], 1.5 * (k as f64 + 0.5));
    };
    // (Two are those that `copies` compiles.)
    copies(Executor::Interpreter, Threads::Serial);
    (0..KEPT - 2).for_each(run);
    let before = code();
    copies(Executor::Interpreter, Threads::Serial);
    (0..KEPT - 2).for_each(run);
    assert_eq!(code(), before, "texts fell out of the cache");
}
