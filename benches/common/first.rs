//! From a text to machine code, and the first time in a process: a bench starts itself again, and the child reports.

use std::process::Command;
use std::time::{Duration, Instant};

use tilexpr::{Args, Expr, Prepared};

use super::{Lines, SHORT};

/// Set for a child process, which only times its first compilation.
const CHILD: &str = "TILEXPR_BENCH_FIRST_COMPILE";

/// Whether this process is such a child.
pub fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

/// The child's work: prints nanoseconds.
pub fn report() {
    let lines = Lines::<f64>::new(8);
    let start = Instant::now();
    let prepared = to_machine_code(SHORT, "a", &lines);
    let took = start.elapsed();
    drop(prepared);
    println!("{}", took.as_nanos());
}

/// The time of the first compilation in a new process.
pub fn in_child() -> Duration {
    let program = std::env::current_exe().expect("this program has a path");
    let output = Command::new(program).env(CHILD, "1").output().expect("it starts again");
    Duration::from_nanos(String::from_utf8_lossy(&output.stdout).trim().parse().expect("it prints a number"))
}

/// Compiles a text whose names are `first`, `b` and `c`, down to the kernel for contiguous lines of f64.
pub fn to_machine_code(text: &str, first: &str, lines: &Lines<f64>) -> Prepared<3> {
    let like = Args::new().with(first, &lines.a).with("b", &lines.b).with("c", &lines.c);
    Expr::compile(text).expect("it compiles").prepare([first, "b", "c"], like).expect("it prepares")
}

/// The text with another name for `a` (no other name has an `a` in it).
pub fn rename(text: &str, first: &str) -> String {
    text.replace('a', first)
}
