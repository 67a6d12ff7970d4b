//! Where an expression used to cost many times what it need: each row beside a yardstick, and the ratio that is asked of it.
//!
//! Rows of `rows.rs` run on one thread into new arrays, beside NumPy (in a Python that has it: `TILEXPR_PYTHON`, else `python3`; without one
//! they are timed alone). Rows of `roof.rs` run on all threads, beside hand-written loops. Contenders take turns round by round,
//! NumPy among them, and figures are medians (`common/ratio.rs`).
//!
//! ```text
//! cargo bench --bench cliffs
//! TILEXPR_PYTHON=venv/bin/python cargo bench --bench cliffs -- argmax "F order"   # some rows, by their words
//! cargo bench --bench cliffs -- --quick                                           # few rounds
//! ```

#[path = "../common/mod.rs"]
mod common;

mod data;
mod numpy;
mod roof;
mod rows;

use std::cell::RefCell;
use std::hint::black_box;
use std::time::Instant;

use common::ratio::{Race, time};
use numpy::Numpy;
use rows::Row;
use tilexpr::{AnyArray, Args, Expr, Threads};

/// What is asked for on the command line.
pub struct Settings {
    words: Vec<String>,
    /// Rounds of each race.
    pub rounds: usize,
}

impl Settings {
    fn from_args() -> Settings {
        let (options, words): (Vec<_>, Vec<_>) = std::env::args().skip(1).partition(|arg| arg.starts_with("--"));
        Settings { words, rounds: if options.iter().any(|o| o == "--quick") { 3 } else { 15 } }
    }

    /// Whether a row is asked for: one of the words is in it, or there are none.
    pub fn wants(&self, what: &str, text: &str) -> bool {
        self.words.is_empty() || self.words.iter().any(|word| what.contains(word) || text.contains(word))
    }
}

/// The table, printed as it grows; and how many rows miss.
#[derive(Default)]
pub struct Report {
    rows: usize,
    missed: usize,
}

impl Report {
    /// Prints a row: what was run, its time, and each yardstick with its time, the ratio to it and the ratio that is asked (infinite: none).
    pub fn line(&mut self, what: &str, text: &str, ours: f64, others: &[(&str, f64, f64, f64)]) {
        print!("{what:<52}  {:<26}  {:>9}", shortened(text), time(ours));
        for &(name, other, ratio, asked) in others {
            print!("  {:>9} {name:<13}  {ratio:>7.2} x", time(other));
            if asked.is_finite() {
                let verdict = if ratio <= asked { "ok" } else { "MISS" };
                print!("  <= {asked:<4} {verdict:<4}");
                self.rows += 1;
                self.missed += usize::from(ratio > asked);
            }
        }
        println!();
    }
}

fn shortened(text: &str) -> String {
    if text.len() <= 26 { text.to_string() } else { format!("{}...", &text[..23]) }
}

fn main() {
    let settings = Settings::from_args();
    let numpy = Numpy::start().map(RefCell::new);
    match &numpy {
        Some(numpy) => println!("NumPy {}; {} threads", numpy.borrow().version, rayon::current_num_threads()),
        None => {
            println!("no NumPy (TILEXPR_PYTHON names a Python that has it); {} threads", rayon::current_num_threads())
        }
    }
    let start = Instant::now();
    let mut report = Report::default();
    for row in rows::rows() {
        if settings.wants(&row.what, &row.text) {
            beside_numpy(&row, numpy.as_ref(), &settings, &mut report);
        }
    }
    roof::run(&settings, &mut report);
    println!(
        "\n{} of {} ratios miss what is asked; {:.0} s",
        report.missed,
        report.rows,
        start.elapsed().as_secs_f64()
    );
}

fn beside_numpy(row: &Row, numpy: Option<&RefCell<Numpy>>, settings: &Settings, report: &mut Report) {
    let e = Expr::builder().threads(Threads::Serial).compile(&row.text).expect("it compiles");
    let arrays: Vec<AnyArray> = row.arrays.iter().map(data::Spec::make).collect();
    let args: Args =
        row.arrays.iter().zip(&arrays).map(|(spec, array)| (spec.name, tilexpr::Arg::new(array))).collect();
    let mut race = Race::new("").rounds(settings.rounds);
    race.add("ours", |_: &mut ()| drop(black_box(e.eval::<Vec<AnyArray>>(&args).expect("it runs"))));
    if let Some(numpy) = numpy {
        numpy.borrow_mut().prepare(&row.arrays, &row.numpy);
        race.add_elsewhere("NumPy", || numpy.borrow_mut().sample());
    }
    let figures = race.run(&mut ());
    let ours = figures.ns("ours");
    match numpy {
        Some(_) => {
            let others = [("NumPy", figures.ns("NumPy"), figures.ratio("ours", "NumPy"), row.asked)];
            report.line(&row.what, &row.text, ours, &others);
        }
        None => report.line(&row.what, &row.text, ours, &[]),
    }
}
