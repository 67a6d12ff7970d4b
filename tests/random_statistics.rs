//! The statistics of `random`, `normal` and `randint`: each number of draws that is counted here lies as near to what is expected as it must, in
//! standard deviations; and generators that are broken on purpose do not.

use ndarray::Array1;
use tilexpr::{Expr, args};

/// Draws of a sequence; of one by code that is not vectorised.
const DRAWS: usize = 1 << 20;
const FEW: usize = 1 << 16;
/// No deviation of a right generator is beyond this (once in a million tests); of a wrong one some are beyond twice as much.
const BOUND: f64 = 5.0;

/// Draws from 0 on, for a seed and a stream, as far as they are uniform multiples of 2^-53.
type Draws<'a> = &'a dyn Fn(u64, u64) -> Vec<f64>;

fn library(text: &str, seed: u64, stream: u64) -> Vec<f64> {
    let shape = ndarray::arr0(0u8);
    let e = Expr::compile(text).unwrap();
    let shape = shape.broadcast(DRAWS).unwrap();
    let draws: Array1<f64> = match stream {
        0 => e.eval(args![a = &shape, seed]).unwrap(),
        _ => e.eval(args![a = &shape, seed, stream]).unwrap(),
    };
    draws.to_vec()
}

/// By how many standard deviations the counts of bins of equal chance differ from these (Wilson and Hilferty's form of chi square).
fn chi_square(bins: &[usize]) -> f64 {
    let (all, free) = (bins.iter().sum::<usize>() as f64, (bins.len() - 1) as f64);
    let expected = all / bins.len() as f64;
    let sum: f64 = bins.iter().map(|&n| (n as f64 - expected).powi(2) / expected).sum();
    ((sum / free).cbrt() - (1.0 - 2.0 / (9.0 * free))) / (2.0 / (9.0 * free)).sqrt()
}

fn bins(values: impl Iterator<Item = usize>, count: usize) -> Vec<usize> {
    let mut bins = vec![0; count];
    values.for_each(|at| bins[at] += 1);
    bins
}

/// The correlation of pairs of uniform numbers, in standard deviations.
fn correlation(pairs: impl Iterator<Item = (f64, f64)>) -> f64 {
    let (sum, n) = pairs.fold((0.0, 0.0), |(sum, n), (x, y)| (sum + (x - 0.5) * (y - 0.5), n + 1.0));
    sum * 12.0 / f64::sqrt(n)
}

/// How often something of chance `p` happened in `n` draws, in standard deviations.
fn frequency(happened: usize, n: usize, p: f64) -> f64 {
    let n = n as f64;
    (happened as f64 - n * p) / (n * p * (1.0 - p)).sqrt()
}

/// The deviations of uniform numbers, by what was looked at.
fn uniform(draws: Draws) -> Vec<(String, f64)> {
    let mut all = Vec::new();
    let mut note = |what: String, deviation: f64| all.push((what, deviation));
    let first = draws(1, 0);
    let bits = |u: f64| (u * 9007199254740992.0) as u64;
    note("bins of the upper 8 bits".into(), chi_square(&bins(first.iter().map(|u| (u * 256.0) as usize), 256)));
    note("bins of the lower 8 bits".into(), chi_square(&bins(first.iter().map(|&u| bits(u) as usize % 256), 256)));
    let pair = |at: &[f64]| (at[0] * 16.0) as usize * 16 + (at[1] * 16.0) as usize;
    note("bins of neighbours".into(), chi_square(&bins(first.chunks_exact(2).map(pair), 256)));
    let low = |u: f64| (bits(u) % (1 << 21)) as f64 / f64::from(1 << 21);
    note("upper and lower bits".into(), correlation(first.iter().map(|&u| (u, low(u)))));
    for apart in [1, 2, 8, 64, 1024] {
        note(format!("{apart} apart"), correlation(first.iter().copied().zip(first[apart..].iter().copied())));
    }
    for (seed, stream) in [(2, 0), (1, 1), (2, 1), (1 << 32 | 1, 0), (1, 1 << 32), (3, 0)] {
        let other = draws(seed, stream);
        let pairs = first.iter().copied().zip(other.iter().copied());
        note(format!("beside seed {seed}, stream {stream}"), correlation(pairs.clone()));
        // Of each pair half of all bits differ.
        let differ: u32 = pairs.clone().map(|(x, y)| (bits(x) ^ bits(y)).count_ones()).sum();
        note(format!("bits beside seed {seed}, stream {stream}"), frequency(differ as usize, 53 * first.len(), 0.5));
        let moved = first[1..].iter().copied().zip(other);
        note(format!("one index before seed {seed}, stream {stream}"), correlation(moved));
    }
    // Each bit of a number that is flipped in the index flips each bit of the result with chance 1/2.
    for flipped in [0, 1, 5, 9, 13] {
        let pairs = (0..1 << 14).filter(|at| at >> flipped & 1 == 0).map(|at| (first[at], first[at ^ 1 << flipped]));
        let mut counts = [0; 53];
        for (x, y) in pairs {
            let bits = bits(x) ^ bits(y);
            counts.iter_mut().enumerate().for_each(|(at, n)| *n += (bits >> at & 1) as usize);
        }
        let worst = counts.iter().map(|&n| frequency(n, 1 << 13, 0.5)).max_by(|x, y| x.abs().total_cmp(&y.abs()));
        // (The largest of 53.)
        note(format!("bit {flipped} of the index flipped"), worst.unwrap_or(0.0) * 0.8);
    }
    all
}

/// The deviations of normal numbers.
fn normal(mut draws: Vec<f64>) -> Vec<(String, f64)> {
    let n = draws.len();
    let moment = |power: i32| draws.iter().map(|x| x.powi(power)).sum::<f64>() / n as f64;
    let root = (n as f64).sqrt();
    // (The standard deviations of x^k, k from 1 to 4: 1, sqrt(2), sqrt(15), sqrt(96).)
    let mut all = vec![
        ("mean".to_string(), moment(1) * root),
        ("variance".into(), (moment(2) - 1.0) * root / 2f64.sqrt()),
        ("third moment".into(), moment(3) * root / 15f64.sqrt()),
        ("fourth moment".into(), (moment(4) - 3.0) * root / 96f64.sqrt()),
    ];
    let upper = |x: f64| libm::erfc(x / 2f64.sqrt()) / 2.0;
    for edge in [1.0, 2.0, 3.0, 4.0] {
        let beyond = |sign: f64| draws.iter().filter(|&&x| x * sign > edge).count();
        all.push((format!("above {edge}"), frequency(beyond(1.0), n, upper(edge))));
        all.push((format!("below -{edge}"), frequency(beyond(-1.0), n, upper(edge))));
    }
    // Kolmogorov's distance times the root of n: above 2.7 once in a million.
    draws.sort_by(f64::total_cmp);
    let far = draws.iter().enumerate().map(|(at, &x)| {
        let below = 1.0 - upper(x);
        (below - at as f64 / n as f64).abs().max((below - (at + 1) as f64 / n as f64).abs())
    });
    all.push(("Kolmogorov's distance".into(), far.fold(0.0, f64::max) * root * BOUND / 2.7));
    all
}

fn worst(all: &[(String, f64)]) -> &(String, f64) {
    all.iter().max_by(|x, y| x.1.abs().total_cmp(&y.1.abs())).unwrap()
}

#[test]
fn uniform_numbers() {
    let all = uniform(&|seed, stream| match stream {
        0 => library("random(seed, index(a))", seed, 0),
        _ => library("random(seed, index(a), stream)", seed, stream),
    });
    let worst = worst(&all);
    println!("{} deviations, the largest is {worst:?}", all.len());
    assert!(worst.1.abs() < BOUND, "{all:?}");
}

#[test]
fn normal_numbers() {
    for seed in [1, 77, 1 << 63] {
        let all = normal(library("normal(seed, index(a))", seed, 0));
        let worst = worst(&all);
        println!("{} deviations, the largest is {worst:?}", all.len());
        assert!(worst.1.abs() < BOUND, "{all:?}");
    }
}

#[test]
fn whole_numbers() {
    for (seed, (low, high)) in [(0, 2), (-3, 3), (0, 7), (-5, 5), (100, 356), (0, 1000)].into_iter().enumerate() {
        let shape = ndarray::arr0(0u8);
        let e = Expr::compile("randint(seed, index(a), low, high)").unwrap();
        let draws: Array1<i64> =
            e.eval(args![a = &shape.broadcast(DRAWS).unwrap(), seed = seed as u64, low, high]).unwrap();
        let counts = bins(draws.iter().map(|&x| (x - low) as usize), (high - low) as usize);
        let deviation = chi_square(&counts);
        println!("{low} to {high}: {deviation}");
        assert!(deviation.abs() < BOUND, "{low} {high}: {deviation}");
    }
}

/// Threefry 2x32, with so many rounds.
fn threefry(key: u64, counter: u64, rounds: usize) -> u64 {
    let key = [key as u32, (key >> 32) as u32];
    let key = [key[0], key[1], key[0] ^ key[1] ^ 0x1BD1_1BDA];
    let mut x = [(counter as u32).wrapping_add(key[0]), ((counter >> 32) as u32).wrapping_add(key[1])];
    for round in 0..rounds {
        x[0] = x[0].wrapping_add(x[1]);
        x[1] = x[1].rotate_left([13, 15, 26, 6, 17, 29, 16, 24][round % 8]) ^ x[0];
        if round % 4 == 3 {
            let times = round / 4 + 1;
            x[0] = x[0].wrapping_add(key[times % 3]);
            x[1] = x[1].wrapping_add(key[(times + 1) % 3].wrapping_add(times as u32));
        }
    }
    u64::from(x[0]) | u64::from(x[1]) << 32
}

/// What the generator would give if it were made otherwise.
fn made(word: impl Fn(u64, u64, u64) -> u64) -> impl Fn(u64, u64) -> Vec<f64> {
    move |seed, stream| (0..FEW as u64).map(|i| (word(seed, stream, i) >> 11) as f64 / 9007199254740992.0).collect()
}

/// These tests find what is wrong with generators in which something is.
#[test]
fn broken_generators_are_found() {
    let key = |seed, stream| if stream == 0 { seed } else { threefry(seed, stream, 20) };
    let right = made(|seed, stream, i| threefry(key(seed, stream), i, 20));
    assert_eq!(right(1, 0), library("random(seed, index(a))", 1, 0)[..FEW]);
    assert_eq!(right(1, 7), library("random(seed, index(a), stream)", 1, 7)[..FEW]);
    let found = |what: &str, draws: Draws| {
        let all = uniform(draws);
        let worst = worst(&all);
        println!("{what}: {worst:?}");
        assert!(worst.1.abs() > 2.0 * BOUND, "{what}: {all:?}");
    };
    found("fewer rounds", &made(|seed, stream, i| threefry(key(seed, stream), i, 6)));
    found("a counter that is used twice", &made(|seed, stream, i| threefry(key(seed, stream), i / 2, 20)));
    found(
        "lanes with the same counters",
        &made(|seed, stream, i| threefry(key(seed, stream), i % 64 + i / 128 * 64, 20)),
    );
    found("a stream that nothing reads", &made(|seed, _, i| threefry(seed, i, 20)));
    found(
        "the upper half of the seed left out",
        &made(|seed, stream, i| threefry(key(seed, stream) as u32 as u64, i, 20)),
    );
    found("a seed that is added to the counter", &made(|seed, stream, i| threefry(0, i + key(seed, stream), 20)));
    found(
        "one half twice",
        &made(|seed, stream, i| {
            let half = threefry(key(seed, stream), i, 20) >> 32;
            half << 32 | half
        }),
    );
    let draws = library("normal(seed, index(a))", 1, 0);
    let broken = |what: &str, f: &dyn Fn(f64) -> f64| {
        let all = normal(draws.iter().map(|&x| f(x)).collect());
        let worst = worst(&all);
        println!("{what}: {worst:?}");
        assert!(worst.1.abs() > 2.0 * BOUND, "{what}: {all:?}");
    };
    broken("no tails", &|x| x.clamp(-3.0, 3.0));
    broken("a wider scale", &|x| x * 1.01);
    broken("moved", &|x| x + 0.02);
}
