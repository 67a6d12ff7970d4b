//! What the figures show, in sentences.

use super::library::TEXTS;
use super::measure::{Row, STRONG, Shares, WEAK};
use crate::common::fit::line;
use crate::common::prose::say;

pub fn say_all(rows: &[Row], schedules: &[Shares], threads: usize) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let of = |name: &str, threads: usize| rows.iter().find(|row| row.name == name && row.threads == threads);
    let Some(at_all) = of(STRONG[0], threads) else { return };
    let memory = of(STRONG[2], threads).map_or(f64::NAN, |row| row.speedup);
    say(&format!(
        "Strong scaling: {threads} threads make `compute` {:.2} times as fast (efficiency {:.2}), and `memory` {:.2} times.{}",
        at_all.speedup,
        at_all.speedup / threads as f64,
        memory,
        match at_all.speedup > 1.1 * memory {
            true =>
                " Rows that are computed in registers need nothing of each other; memory is shared, and its bandwidth is what it is.",
            false => "",
        }
    ));
    amdahl(rows, cores);
    if let Some(weak) = of(WEAK, threads) {
        let longer = threads as f64 / weak.speedup;
        say(&format!(
            "Weak scaling: {threads} times the rows on {threads} threads take {longer:.2} of the time of one thread with its share.{}",
            match longer < 1.15 {
                true =>
                    " There is nothing here that one thread must do alone, so a larger problem uses more threads well.",
                false => "",
            }
        ));
    }
    if let (Some(over), true) = (of(STRONG[0], 2 * threads), 2 * threads > cores) {
        say(&format!(
            "{} threads on {cores} CPUs make `compute` {:.2} times as fast as one, {threads} threads {:.2} times.{}",
            2 * threads,
            over.speedup,
            at_all.speedup,
            match over.speedup < 1.1 * at_all.speedup {
                true => " More threads than CPUs take turns on them: they add no hands.",
                false => " Other programs were at work, of whose time more threads get a larger part.",
            }
        ));
    }
    schedules.iter().for_each(|of| schedule(of, threads));
}

/// The serial part that fits the times, of threads that have a CPU each.
fn amdahl(rows: &[Row], cores: usize) {
    let share = |name: &str| {
        let own = rows.iter().filter(|row| row.name == name && row.threads <= cores);
        let points: Vec<(f64, f64)> = own.map(|row| (1.0 / row.threads as f64, row.seconds)).collect();
        let (serial, shared) = line(&points);
        (points.len(), serial / (serial + shared))
    };
    let ((points, fifth), (_, none)) = (share(STRONG[1]), share(STRONG[0]));
    if points < 2 {
        say("Amdahl's law is not fitted: there is only one number of threads that have a CPU each.");
        return;
    }
    let noisy = |part: f64| !(-0.1..1.0).contains(&part);
    if noisy(fifth) || noisy(none) {
        say(
            "Amdahl's law does not fit these times: other programs were at work. Run it again on a quiet machine, or with `--seconds 2`.",
        );
        return;
    }
    let limit = match fifth > 0.02 {
        true => format!("by that no number of threads is more than {:.1} times as fast", 1.0 / fifth),
        false => "too little to set a limit".to_owned(),
    };
    say(&format!(
        "Amdahl's law, time = serial + shared/threads, fitted to {points} numbers of threads{}: the serial part of `fifth_serial` is {:.0} % (it \
         was made to be about 20 %): {limit}. That of `compute` is {:.0} %.",
        if points == 2 { " (two points determine it, so there is no check)" } else { "" },
        100.0 * fifth,
        100.0 * none
    ));
}

/// Which schedule suits some work.
fn schedule(of: &Shares, threads: usize) {
    let time = |name: &str| of.schedules.iter().position(|n| n == name).map_or(f64::NAN, |at| of.seconds[at]);
    let imbalance = of.imbalance[0];
    let (fixed, single, many, guided) = (time("static"), time("dynamic_1"), time("dynamic_64"), time("guided"));
    let why = match of.work {
        "uneven" if imbalance > 1.15 && single.min(guided) < 0.9 * fixed => {
            "The first rows take long, and the thread that has them is waited for; taking what is next evens it out."
        }
        "even, tiny" if single > 1.3 * fixed => {
            "Each item is taken by an addition to one counter, which costs more than the item: pieces must be large enough to hide it."
        }
        "even" if fixed < 1.1 * single.min(guided) => "What is known to be even needs no schedule but the static one.",
        _ => "",
    };
    let first = match of.work == "uneven" && guided > 1.3 * single {
        true => " Guided begins with the largest piece, which is the static one: here all that takes long.",
        false => "",
    };
    say(&format!(
        "Of the work `{}` the static schedule takes {:.2} ms on {threads} threads (the busiest thread {:.2} times the mean), dynamic by \
         single items {:.2}, by 64 items {:.2}, guided {:.2}. {why}{first}",
        of.work,
        fixed * 1e3,
        imbalance,
        single * 1e3,
        many * 1e3,
        guided * 1e3
    ));
}

/// What the library's schedules do to texts.
pub fn say_texts(texts: &[Shares], threads: usize) {
    for of in texts {
        let times = || of.schedules.iter().zip(&of.seconds);
        let Some((best, least)) = times().min_by(|a, b| a.1.total_cmp(b.1)) else { continue };
        let others = times().filter(|(_, time)| **time > 1.15 * least);
        let others: Vec<String> =
            others.map(|(name, time)| format!("`{name}` {:.2} times that", time / least)).collect();
        let others = match others.is_empty() {
            true => "all others are within 15 % of that, so there is nothing to choose".to_owned(),
            false => others.join(", "),
        };
        say(&format!(
            "`LoopSchedule`, text `{}` on {threads} threads: `{best}` takes {:.2} ms; {others}.{}",
            of.work,
            least * 1e3,
            why(of)
        ));
    }
}

/// Why the schedules differ.
fn why(of: &Shares) -> &'static str {
    let time = |name: &str| of.schedules.iter().position(|n| n == name).map_or(f64::NAN, |at| of.seconds[at]);
    let (fixed, dynamic, guided, fine) = (time("static"), time("dynamic"), time("guided"), time("dynamic,64"));
    match TEXTS.iter().position(|name| *name == of.work) {
        Some(0) if fine > 1.3 * dynamic => " To hand out 64 elements takes as long as to compute them.",
        Some(2) if fixed.min(guided) > 1.15 * dynamic => {
            " The dear rows are the first share of a static schedule, and the first piece of a guided one."
        }
        Some(3) if fixed > 1.15 * guided => {
            " The dear rows are the second share of a static schedule; the pieces of a guided one are short by then."
        }
        _ => "",
    }
}
