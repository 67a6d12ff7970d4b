//! Races: contenders timed round-robin in one run, so that what slows the machine down for a while slows all of them.
//!
//! In each round every contender runs once, in a loop long enough for the clock; a contender's figure is the median over
//! the rounds, and a ratio of two is the median of the rounds' ratios.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// Least length of a sample.
const SAMPLE: Duration = Duration::from_millis(2);
/// Rounds of a race, where nothing else is said.
const ROUNDS: usize = 25;

type Loop<'a, S> = Box<dyn FnMut(&mut S, u32) + 'a>;

/// A contender: a loop that is timed here, or another program that says how many nanoseconds one of its runs has just taken.
enum Contender<'a, S> {
    Here(Loop<'a, S>),
    Elsewhere(Box<dyn FnMut() -> f64 + 'a>),
}

/// Contenders that share a state: the arrays that they read and write.
pub struct Race<'a, S> {
    title: String,
    contenders: Vec<(String, Contender<'a, S>)>,
    rounds: usize,
}

/// The figures of a race.
pub struct Figures {
    title: String,
    names: Vec<String>,
    /// For each contender, nanoseconds of one run in each round.
    rounds: Vec<Vec<f64>>,
}

impl<'a, S> Race<'a, S> {
    /// A race without contenders.
    pub fn new(title: impl Into<String>) -> Race<'a, S> {
        Race { title: title.into(), contenders: Vec::new(), rounds: ROUNDS }
    }

    /// So many rounds.
    pub fn rounds(mut self, rounds: usize) -> Race<'a, S> {
        self.rounds = rounds;
        self
    }

    /// Adds a contender. It is looped over here, where the compiler sees it, so that a run costs no indirect call.
    pub fn add(&mut self, name: impl Into<String>, mut run: impl FnMut(&mut S) + 'a) -> &mut Race<'a, S> {
        let looped = move |state: &mut S, times: u32| {
            for _ in 0..times {
                // The state may have been changed by anyone, so nothing can be moved out of the loop.
                run(black_box(&mut *state));
            }
        };
        self.contenders.push((name.into(), Contender::Here(Box::new(looped))));
        self
    }

    /// Adds a contender that runs in another program and takes its own time.
    pub fn add_elsewhere(&mut self, name: impl Into<String>, sample: impl FnMut() -> f64 + 'a) -> &mut Race<'a, S> {
        self.contenders.push((name.into(), Contender::Elsewhere(Box::new(sample))));
        self
    }

    /// Runs the race.
    pub fn run(&mut self, state: &mut S) -> Figures {
        let calibrated = self.contenders.iter_mut().map(|(_, contender)| match contender {
            Contender::Here(run) => calibrate(run, state),
            Contender::Elsewhere(_) => 1,
        });
        let times: Vec<u32> = calibrated.collect();
        let mut rounds = vec![Vec::with_capacity(self.rounds); times.len()];
        for round in 0..self.rounds {
            for place in 0..times.len() {
                // Another one begins each time.
                let at = (place + round) % times.len();
                rounds[at].push(match &mut self.contenders[at].1 {
                    Contender::Here(run) => sample(run, state, times[at]),
                    Contender::Elsewhere(sample) => sample(),
                });
            }
        }
        let names = self.contenders.iter().map(|(name, _)| name.clone()).collect();
        Figures { title: self.title.clone(), names, rounds }
    }
}

/// Nanoseconds of one of so many runs.
fn sample<S>(run: &mut Loop<S>, state: &mut S, times: u32) -> f64 {
    if times > 1 {
        run(state, 1 + times / 16);
    }
    let start = Instant::now();
    run(state, times);
    start.elapsed().as_nanos() as f64 / f64::from(times)
}

/// How often to run for a sample that is long enough.
fn calibrate<S>(run: &mut Loop<S>, state: &mut S) -> u32 {
    run(state, 2);
    let mut times = 1;
    loop {
        let start = Instant::now();
        run(state, times);
        let took = start.elapsed();
        if took >= SAMPLE {
            return times;
        }
        let wanted = SAMPLE.as_nanos() as f64 * 1.25 / took.as_nanos().max(1) as f64;
        times = (f64::from(times) * wanted.clamp(1.1, 64.0)).ceil() as u32;
    }
}

/// The middle one; of an even number, the upper.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

impl Figures {
    /// The contenders, in the order in which they were added.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    fn at(&self, name: &str) -> &[f64] {
        let at = self.names.iter().position(|n| n == name).unwrap_or_else(|| panic!("no contender `{name}`"));
        &self.rounds[at]
    }

    /// Median nanoseconds of one run.
    pub fn ns(&self, name: &str) -> f64 {
        median(self.at(name).to_vec())
    }

    /// The least nanoseconds of one run: what it takes when nobody else is at work.
    pub fn least(&self, name: &str) -> f64 {
        self.at(name).iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// How many times as long as `than` a contender takes.
    pub fn ratio(&self, name: &str, than: &str) -> f64 {
        self.ratio_to(name, &[than])
    }

    /// The same against several taken one after the other.
    pub fn ratio_to(&self, name: &str, than: &[&str]) -> f64 {
        let whole = |round: usize| than.iter().map(|name| self.at(name)[round]).sum::<f64>();
        median(self.at(name).iter().enumerate().map(|(round, ns)| ns / whole(round)).collect())
    }

    /// The fastest of the contenders whose name begins so.
    pub fn best(&self, prefix: &str) -> &str {
        let all = self.names.iter().filter(|name| name.starts_with(prefix));
        all.min_by(|a, b| self.ns(a).total_cmp(&self.ns(b))).unwrap_or_else(|| panic!("no contender `{prefix}...`"))
    }

    /// Prints a table: time of a run, time of an element, bandwidth if bytes are given, and the ratio to the fastest.
    pub fn print(&self, elements: usize, bytes: usize) {
        println!("\n{}", self.title);
        let width = self.names.iter().map(String::len).max().unwrap_or(0);
        let fastest = self.names.iter().min_by(|a, b| self.ns(a).total_cmp(&self.ns(b)));
        for name in &self.names {
            let ns = self.ns(name);
            let slower = fastest.map_or(1.0, |fastest| self.ratio(name, fastest));
            print!("  {name:width$}  {:>9}", time(ns));
            if elements > 0 {
                print!("  {:>8.3} ns/element", ns / elements as f64);
            }
            if bytes > 0 {
                print!("  {:>6.1} GB/s", bytes as f64 / ns);
            }
            println!("  {slower:>6.2} x");
        }
    }
}

/// A time with a unit that fits.
pub fn time(ns: f64) -> String {
    match ns {
        _ if ns < 1e3 => format!("{ns:.1} ns"),
        _ if ns < 1e6 => format!("{:.2} us", ns / 1e3),
        _ => format!("{:.2} ms", ns / 1e6),
    }
}

/// Asked figures against measured ones.
#[derive(Default)]
pub struct Verdicts(Vec<[String; 4]>);

impl Verdicts {
    /// A figure that has to be at most so much.
    pub fn at_most(&mut self, what: impl Into<String>, asked: f64, found: f64, show: impl Fn(f64) -> String) {
        self.push(what.into(), format!("<= {}", show(asked)), show(found), if found <= asked { "ok" } else { "MISS" });
    }

    /// A figure that has to be at least so much.
    pub fn at_least(&mut self, what: impl Into<String>, asked: f64, found: f64, show: impl Fn(f64) -> String) {
        self.push(what.into(), format!(">= {}", show(asked)), show(found), if found >= asked { "ok" } else { "MISS" });
    }

    /// A figure that nothing is asked of.
    pub fn note(&mut self, what: impl Into<String>, found: String) {
        self.push(what.into(), String::new(), found, "");
    }

    fn push(&mut self, what: String, asked: String, found: String, verdict: &str) {
        self.0.push([what, asked, found, verdict.to_string()]);
    }

    /// Prints the table.
    pub fn print(&self) {
        let width = |column: usize| self.0.iter().map(|row| row[column].len()).max().unwrap_or(0);
        let (what, asked, found) = (width(0), width(1), width(2));
        println!("\n{:what$}  {:>asked$}  {:>found$}", "", "asked", "measured");
        for [w, a, f, verdict] in &self.0 {
            println!("{w:what$}  {a:>asked$}  {f:>found$}  {verdict}");
        }
    }
}

/// As a multiple.
pub fn times(x: f64) -> String {
    format!("{x:.3} x")
}
