//! Reductions in parts: however an array is cut and its states are merged, the result has the bits of one call.

mod common;

use common::{pool, rng::Rng};
use ndarray::{Array1, Array2, Axis, Slice};
use num_complex::Complex;
use tilexpr::{AnyArray, Args, EvalError, EvalErrorKind, Executor, Expr, State, Threads, args};

const BLOCK: usize = 512;

/// Cuts blocks into 2 to 9 parts, some of which may be empty: where they begin, in elements, and where the last ends.
fn cuts(length: usize, rng: &mut Rng) -> Vec<usize> {
    let blocks = length.div_ceil(BLOCK);
    let mut cuts: Vec<usize> = (0..1 + rng.below(8)).map(|_| (rng.below(blocks + 1) * BLOCK).min(length)).collect();
    if rng.one_in(2) {
        // At multiples of a power of two, as one would for speed.
        let unit = BLOCK << rng.below(7);
        cuts.iter_mut().for_each(|cut| *cut = *cut / unit * unit);
    }
    cuts.extend([0, length]);
    cuts.sort_unstable();
    cuts
}

/// Merges neighbours in a random order, some of them by way of bytes.
fn merged(mut states: Vec<State>, rng: &mut Rng) -> State {
    while states.len() > 1 {
        let at = rng.below(states.len() - 1);
        let later = states.remove(at + 1);
        let later = if rng.one_in(2) { State::from_bytes(&later.to_bytes()).unwrap() } else { later };
        states[at] = states[at].clone().merge(later).unwrap();
    }
    let state = states.remove(0);
    let back = State::from_bytes(&state.to_bytes()).unwrap();
    assert!(back == state && back.to_bytes() == state.to_bytes());
    back
}

/// The results as bits, so that zeros have signs.
fn bits(results: &[AnyArray]) -> Vec<String> {
    results.iter().map(|result| format!("{result:?}")).collect()
}

/// Cuts an array and compares with the whole.
fn check<'a>(text: &str, length: usize, args: &dyn Fn(std::ops::Range<usize>) -> Args<'a>, rng: &mut Rng) {
    let executor = rng.pick(&Executor::available().collect::<Vec<_>>());
    let threads = rng.pick(&[1, 2, 7]);
    let mut builder = Expr::builder().executor(executor).threads(pool(threads)).serial_below(0);
    if rng.one_in(2) {
        builder = builder.tile(1 + rng.below(4000));
    }
    let e = builder.compile(text).unwrap();
    let whole: Vec<AnyArray> = e.eval(args(0..length)).unwrap();
    let cuts = cuts(length, rng);
    let part = |range: &[usize]| e.partial(args(range[0]..range[1]), range[0], length).unwrap();
    let states: Vec<State> = cuts.windows(2).map(part).collect();
    let parts: Vec<AnyArray> = merged(states, rng).finish().unwrap();
    assert_eq!(bits(&parts), bits(&whole), "{text} of {length} elements, cut at {cuts:?}");
}

#[test]
fn parts_come_to_the_whole() {
    let mut rng = Rng::new(1);
    let lengths = [1, 3, 511, 512, 513, 1024, 1025, 2560, 3583, 10_000, 40_000, 200_000];
    for round in 0..3 {
        for length in lengths {
            let a: Vec<f64> = (0..length).map(|_| (rng.unit() - 0.5) * 10f64.powi(rng.below(9) as i32)).collect();
            let mut s: Vec<f32> = a.iter().map(|&x| x as f32).collect();
            let i: Vec<i32> = a.iter().map(|&x| x as i32 % 50).collect();
            let z: Vec<Complex<f64>> = a.iter().map(|&x| Complex::new(x, 1.0 - x)).collect();
            let near: Vec<f64> = a.iter().map(|x| 1.0 + x.sin() / 1000.0).collect();
            let signs: Vec<f64> = a.iter().map(|_| if rng.one_in(length) { -0.0 } else { 0.0 }).collect();
            let b: Vec<bool> = a.iter().map(|_| rng.one_in(round * length + 1)).collect();
            if round == 1 {
                s[rng.below(length)] = f32::NAN;
                s[rng.below(length)] = f32::NAN;
            }
            let rng = &mut rng;
            check("sum(a)", length, &|r| args![a = &a[r]], rng);
            check("sum(a), sum(a*a + 1), max(a), argmin(a)", length, &|r| args![a = &a[r]], rng);
            check("prod(a)", length, &|r| args![a = &near[r]], rng);
            check("sum(s), prod(s), min(s), nanmax(s)", length, &|r| args![s = &s[r]], rng);
            check("argmin(s), argmax(s)", length, &|r| args![s = &s[r]], rng);
            check("sum(i), argmax(i), min(i), prod(i)", length, &|r| args![i = &i[r]], rng);
            check("max(i)", length, &|r| args![i = &i[r]], rng);
            check("min(w), max(-w), sum(w), argmin(w)", length, &|r| args![w = &signs[r]], rng);
            check("any(b), all(b), min(b), sum(b), argmax(b)", length, &|r| args![b = &b[r]], rng);
            check("sum(z), prod(z*2e-3)", length, &|r| args![z = &z[r]], rng);
            check("sum(a), max(i), any(b)", length, &|r| args![a = &a[r.clone()], i = &i[r.clone()], b = &b[r]], rng);
            check("sum(a*k), sum(s)", length, &|r| args![a = &a[r.clone()], k = 3, s = &s[r]], rng);
        }
    }
}

#[test]
fn parts_may_lie_in_any_way() {
    let mut rng = Rng::new(2);
    let a = Array2::from_shape_fn((700, 512), |_| rng.unit() - 0.5);
    let f = a.t().as_standard_layout().into_owned();
    let row = Array1::from_shape_fn(512, |j| j as f64);
    let rows = |r: &std::ops::Range<usize>| Slice::from(r.start / 512..r.end / 512);
    for _ in 0..2 {
        for text in ["sum(a*row)", "sum(a), argmax(a*row)", "max(a + row), argmin(a)", "sum(a*sin(row))"] {
            let across = |r| args![a = f.t().slice_axis_move(Axis(0), rows(&r)), row];
            check(text, a.len(), &across, &mut rng);
            let reversed = |r: std::ops::Range<usize>| {
                args![a = a.slice(ndarray::s![.., ..;-1]).slice_axis_move(Axis(0), rows(&r)), row]
            };
            check(text, a.len(), &reversed, &mut rng);
        }
    }
}

#[test]
fn a_whole_without_elements() {
    let none: [f64; 0] = [];
    let e = Expr::compile("sum(a), any(a > 0)").unwrap();
    let state = e.partial(args![a = &none], 0, 0).unwrap();
    assert_eq!(state.finish::<(f64, bool)>().unwrap(), (0.0, false));
    let state = Expr::compile("max(a)").unwrap().partial(args![a = &none], 0, 0).unwrap();
    assert_eq!(state.finish::<f64>().unwrap_err().kind(), EvalErrorKind::EmptyReduction);
}

fn state_of(text: &str, length: usize, offset: usize, total: usize) -> Result<State, EvalError> {
    let a = vec![1.0; length];
    Expr::compile(text).unwrap().with_threads(Threads::Serial).partial(args![a], offset, total)
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, EvalError>, message: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), EvalErrorKind::Partial, "{error}");
    assert_eq!(error.message(), message);
}

#[test]
fn texts_that_are_no_reductions_are_refused() {
    let text = |text| state_of(text, 1024, 0, 4096);
    refused(text("a + 1"), "this result is no reduction, so a part of an array says nothing of it");
    refused(text("mean(a)"), "this result is no reduction, so a part of an array says nothing of it");
    refused(text("sum(a), std(a)"), "this result is no reduction, so a part of an array says nothing of it");
    refused(text("max(a) - min(a)"), "this result is no reduction, so a part of an array says nothing of it");
    refused(text("sum(a, axis=0)"), "this reduction is not over all axes, so parts have no common result");
    refused(text("sum(a, keepdims=True)"), "this reduction is not over all axes, so parts have no common result");
    let scan = "a scan goes on from what lies before a part of an array, which the part does not know";
    refused(text("sum(cumsum(a))"), scan);
    refused(
        text("sum(a*index(a))"),
        "an index counts from the beginning of the whole array, which a part does not know",
    );
    let counts = "counts are an array, no state: add up those of the parts, each evaluated by itself";
    refused(text("max(histogram(a, 10, 0, 1))"), counts);
    let message = "this reduction depends on another one, which a part of an array does not know";
    refused(text("sum((a - sum(a))**2)"), message);
    refused(text("s = sum(a); s, max(a - s)"), message);
    let (a, b) = ([1.0; 512], [1.0; 1024]);
    let two = Expr::compile("sum(a), sum(b)").unwrap().partial(args![a, b], 0, 4096);
    refused(two, "the reductions run over 512 and over 1024 elements, not over as many");
}

#[test]
fn places_that_are_none_are_refused() {
    let place = |length, offset, total| state_of("sum(a)", length, offset, total);
    refused(place(512, 100, 5000), "the part begins at element 100, which is no multiple of 512");
    refused(place(600, 512, 5000), "the part ends at element 1112, which is no multiple of 512, nor the end, 5000");
    refused(place(600, 4608, 5000), "600 elements from 4608 on are no part of 5000");
    refused(place(600, usize::MAX, 5000), &format!("600 elements from {} on are no part of 5000", usize::MAX));
    assert!(place(600, 512, 1112).is_ok());
    assert!(place(0, 5000, 5000).is_ok());
    let far = 1 << 50;
    let state = place(2560, far + 512, far + 3072).unwrap();
    assert!(State::from_bytes(&state.to_bytes()).unwrap() == state);
}

#[test]
fn states_that_do_not_belong_together_are_refused() {
    let [first, second, third] = [0, 512, 1024].map(|offset| state_of("sum(a)", 512, offset, 1536).unwrap());
    let apart = "elements 0..512 and elements 1024..1536 are no neighbours";
    refused(first.clone().merge(third.clone()), apart);
    refused(second.clone().merge(first.clone()), "elements 512..1024 and elements 0..512 are no neighbours");
    let other = |text, total| state_of(text, 512, 512, total).unwrap();
    refused(
        first.clone().merge(other("sum(a*a)", 1536)),
        "a state of `sum(a)` cannot be merged with one of `sum(a*a)`",
    );
    refused(first.clone().merge(other("sum(a)", 2048)), "the states are of 1536 and of 2048 elements");
    let small = Expr::compile("sum(a)").unwrap().partial(args![a = &[1_i32; 512]], 512, 1536).unwrap();
    let types = "the states are of arguments of other types: `a: f64` and `a: i32`";
    refused(first.clone().merge(small), types);
    let two = first.merge(second).unwrap();
    assert_eq!((two.elements(), two.total()), (0..1024, 1536));
    refused(two.finish::<f64>(), "the state is of elements 0..1024, not of all 1536");
    assert_eq!(two.merge(third).unwrap().finish::<f64>().unwrap(), 1536.0);
}

#[test]
fn bytes_that_are_no_state_are_refused() {
    let state = state_of("sum(a), argmax(a), any(a > 2)", 1536, 512, 4096).unwrap();
    let bytes = state.to_bytes();
    refused(State::from_bytes(b""), "the bytes are no state of a reduction");
    refused(State::from_bytes(&bytes[..13]), "the bytes end before the state does");
    let mut newer = bytes.clone();
    newer[13] = 2;
    let message = "the state is of version 2 of its format; this library reads version 1";
    refused(State::from_bytes(&newer), message);
    let mut rng = Rng::new(3);
    for at in 0..bytes.len() {
        assert!(State::from_bytes(&bytes[..at]).is_err());
        let mut changed = bytes.clone();
        changed[at] ^= 1 << rng.below(8);
        assert!(State::from_bytes(&changed).is_err(), "byte {at}");
    }
    // With a right sum: whatever is read can be merged and finished, or is refused, without a panic.
    for _ in 0..20_000 {
        let mut changed = bytes[..bytes.len() - 8].to_vec();
        for _ in 0..1 + rng.below(3) {
            let at = 17 + rng.below(changed.len() - 17);
            let any = rng.next() as u8;
            changed[at] = rng.pick(&[0, 1, 2, 0xff, changed[at] ^ 1, any]);
        }
        let sum = changed
            .iter()
            .fold(0xcbf2_9ce4_8422_2325, |sum: u64, &byte| (sum ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
        changed.extend(sum.to_le_bytes());
        if let Ok(read) = State::from_bytes(&changed) {
            assert_eq!(read.to_bytes(), changed);
            let _ = read.finish::<Vec<AnyArray>>();
            let _ = read.clone().merge(state.clone());
            let _ = state.clone().merge(read);
        }
    }
}
