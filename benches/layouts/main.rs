//! What a layout costs: each expression on arrays that lie in some other way, beside the same expression on contiguous ones of as many bytes.
//!
//! Bytes are those of the lines of the cache that are touched: of every second `f64` all. Arrays are there beforehand, results too. A row names
//! the layout, where the arrays are (`memory`: 48 MB each, `L2`: 64 KiB each) and how many threads; `ratio` is the time for a byte over that of the contiguous
//! case, asked are 1.3; `explained` says whether `explain` has a reason (it speaks of new results: `-` where the result's layout is the case).
//!
//! ```text
//! cargo bench --bench layouts                     # rows above 1.3
//! cargo bench --bench layouts -- --all step       # all rows whose name has this word
//! cargo bench --bench layouts -- --quick --memory --serial
//! ```

#[path = "../common/mod.rs"]
mod common;

mod cases;

use cases::{Array, Case, Lies, cases};
use common::ratio::{Race, time};
use tilexpr::{Arg, Args, DType, Element, Expr, Threads, ViewMut};

/// At most so many times the time of contiguous arrays for a byte.
const ASKED: f64 = 1.3;

/// What is asked for on the command line.
struct Settings {
    words: Vec<String>,
    options: Vec<String>,
}

impl Settings {
    fn has(&self, option: &str) -> bool {
        self.options.iter().any(|o| o == option)
    }

    /// Of two choices those that are asked for: all if neither is.
    fn either<T: Clone>(&self, [a, b]: [(&str, T); 2]) -> Vec<T> {
        let both = self.has(a.0) == self.has(b.0);
        [a, b].into_iter().filter(|c| both || self.has(c.0)).map(|c| c.1).collect()
    }
}

/// Rows so far, and those that miss, with and without a reason.
#[derive(Default)]
struct Tally {
    rows: usize,
    missed: usize,
    silent: usize,
}

fn main() {
    let (options, words): (Vec<_>, Vec<_>) = std::env::args().skip(1).partition(|arg| arg.starts_with("--"));
    let settings = Settings { words, options };
    println!(
        "{} threads; rows above {ASKED}{}",
        rayon::current_num_threads(),
        if settings.has("--all") { ", and all others" } else { "" }
    );
    println!(
        "{:44} {:26} {:5} {:>8} {:>7} {:>10} {:>10} {:>7}  explained",
        "layout", "text", "type", "", "threads", "time", "contiguous", "ratio"
    );
    let mut tally = Tally::default();
    for (far, bytes) in settings.either([("--memory", (true, 48 << 20)), ("--near", (false, 64 << 10))]) {
        for case in cases() {
            let (name, text) = (case.name, case.text);
            if !settings.words.is_empty()
                && !settings.words.iter().any(|word| name.contains(word.as_str()) || text.contains(word.as_str()))
            {
                continue;
            }
            for threads in settings.either([("--serial", Threads::Serial), ("--parallel", Threads::Global)]) {
                if far || matches!(threads, Threads::Serial) {
                    match case.dtype {
                        DType::F32 => row::<f32>(&case, bytes, far, &threads, &settings, &mut tally),
                        DType::U8 => row::<u8>(&case, bytes, far, &threads, &settings, &mut tally),
                        _ => row::<f64>(&case, bytes, far, &threads, &settings, &mut tally),
                    }
                }
            }
        }
    }
    println!("\n{} of {} rows above {ASKED}, {} of them without a reason", tally.missed, tally.rows, tally.silent);
}

fn row<T: Element + From<u8>>(
    case: &Case,
    bytes: usize,
    far: bool,
    threads: &Threads,
    settings: &Settings,
    tally: &mut Tally,
) {
    let size = size_of::<T>();
    let laid = (case.lies)(bytes / size / case.fewer, size as isize);
    let points: usize = laid.shape.iter().product();
    let flat = Lies::contiguous(points, laid.arrays.len(), size as isize);
    let e = Expr::builder().threads(threads.clone()).compile(case.text).expect("it compiles");
    let plain = Expr::builder().threads(threads.clone()).compile(case.beside).expect("it compiles");
    let (arrays, others) = (Array::<T>::all(&laid, case.swapped), Array::<T>::all(&flat, false));
    let (mut race, result) = (Race::new("").rounds(if settings.has("--quick") { 3 } else { 9 }), !case.reduces);
    // The result of a reduction, in C order.
    let space = |e: &Expr, array: &Array<T>, shape: &[usize]| {
        let (dtype, shape) = e.outputs(Args::new().with("a", array.view(shape))).expect("it fits").swap_remove(0);
        (dtype, cases::c(&shape, dtype.size() as isize), vec![0_u64; shape.iter().product()], shape)
    };
    let run = |race: &mut Race<()>, name: &str, e: &Expr, arrays: &Vec<Array<T>>, shape: &Vec<usize>| {
        let (e, mut arrays, shape) = (e.clone(), arrays.clone(), shape.clone());
        let mut reduced = (!result).then(|| space(&e, &arrays[0], &shape));
        race.add(name, move |_: &mut ()| {
            let (out, inputs) = arrays.split_last_mut().expect("arrays");
            let args: Args =
                ["a", "b", "c"].into_iter().zip(inputs.iter().map(|array| Arg::new(array.view(&shape)))).collect();
            match &mut reduced {
                None => e.eval_into(&args, &mut out.view_mut(&shape)).expect("it runs"),
                Some((dtype, strides, memory, to)) => {
                    // SAFETY: there is room for as many elements of eight bytes.
                    let mut to = unsafe { ViewMut::from_raw(memory.as_mut_ptr().cast(), *dtype, to, strides) };
                    e.eval_into(args.with("a", out.view(&shape)), &mut to).expect("it runs");
                }
            }
        });
    };
    let left = |e: &Expr, array: &Array<T>, shape: &[usize]| {
        if result {
            0.0
        } else {
            let (dtype, .., shape) = space(e, array, shape);
            (shape.iter().product::<usize>() * dtype.size()) as f64
        }
    };
    let reason = {
        let (out, inputs) = arrays.split_last().expect("arrays");
        let inputs = if result { inputs } else { std::slice::from_ref(out) };
        let args: Args =
            ["a", "b", "c"].into_iter().zip(inputs.iter().map(|a| Arg::new(a.view(&laid.shape)))).collect();
        let explained = e.explain(&args).expect("it explains");
        explained.stages().iter().flat_map(|stage| stage.slow.clone()).collect::<Vec<_>>()
    };
    run(&mut race, "ours", &e, &arrays, &laid.shape);
    run(&mut race, "contiguous", &plain, &others, &flat.shape);
    let figures = race.run(&mut ());
    let scale = (laid.touched(size) + left(&e, &arrays[0], &laid.shape))
        / (flat.touched(size) + left(&plain, &others[0], &flat.shape));
    let ratio = figures.ratio("ours", "contiguous") / scale;
    tally.rows += 1;
    let of_result = case.name.contains("result");
    if ratio > ASKED {
        tally.missed += 1;
        tally.silent += usize::from(reason.is_empty() && !of_result);
    }
    if ratio > ASKED || settings.has("--all") {
        println!(
            "{:44} {:26} {:5} {:>8} {:>7} {:>10} {:>10} {ratio:>7.2}  {}",
            case.name,
            case.text,
            T::DTYPE.name(),
            if far { "memory" } else { "L2" },
            threads.count(),
            time(figures.ns("ours")),
            time(figures.ns("contiguous") * scale),
            if ratio <= ASKED {
                ""
            } else if of_result {
                "-"
            } else if reason.is_empty() {
                "NO"
            } else {
                "yes"
            },
        );
        if settings.has("--why") {
            reason.iter().for_each(|reason| println!("      {reason}"));
        }
    }
}
