//! No access outside of an array: arguments and outputs lie flush against pages that may not be touched.
#![cfg(target_os = "linux")]

mod common;

use common::{executors, pool};
use ndarray::{ArrayView1, ArrayView2, ArrayViewMut1};
use num_complex::Complex;
use tilexpr::jit::law::guarded::{Flush, Guarded};
use tilexpr::{Arg, Args, DType, Element, Executor, Expr, Threads, args};

const PAGE: usize = 4096;

/// A page between two that may be neither read nor written.
struct Page(Guarded);

impl Page {
    fn new() -> Page {
        Page(Guarded::new(&[0; PAGE], Flush::Start, 0))
    }

    /// The first or the last `n` elements of the page.
    fn slice<T: Element>(&mut self, n: usize, last: bool) -> &mut [T] {
        let skip = if last { PAGE / size_of::<T>() - n } else { 0 };
        // SAFETY: within the page, which is zeros or elements: every such pattern is a value, bools included.
        unsafe { std::slice::from_raw_parts_mut(self.0.start().cast::<T>().add(skip), n) }
    }
}

/// How to run.
#[derive(Clone, Copy)]
enum Way {
    /// As a small call.
    Small,
    /// In small tiles on two threads.
    Tiles,
    /// With results written past the cache.
    PastCache,
}

const WAYS: [Way; 3] = [Way::Small, Way::Tiles, Way::PastCache];

fn compile(text: &str, executor: Executor, way: Way) -> Expr {
    let builder = Expr::builder().executor(executor).threads(Threads::Serial);
    let builder = match way {
        Way::Small => builder,
        Way::Tiles => builder.threads(pool(2)).serial_below(0).stream_from(0).tile(5).grain(1),
        Way::PastCache => builder.stream_from(0),
    };
    builder.compile(text).unwrap()
}

/// Every text on arrays of every length, at both ends of the page.
fn run<T: Element, R: Element>(texts: &[&str]) {
    for executor in executors::all() {
        for way in WAYS {
            for text in texts {
                let expr = compile(text, executor, way);
                for last in [false, true] {
                    lengths::<T, R>(&expr, last);
                }
            }
        }
    }
}

fn lengths<T: Element, R: Element>(expr: &Expr, last: bool) {
    let (mut a, mut b, mut y) = (Page::new(), Page::new(), Page::new());
    for n in 1..=40 {
        let (a, b): (&[T], &[T]) = (a.slice(n, last), b.slice(n, last));
        expr.eval_into(args![a, b], y.slice::<R>(n, last)).unwrap();
        // Backwards, every other, and the one element again and again.
        let (x, z) = (ArrayView1::from(a), ArrayView1::from(b));
        let (reversed, one) = (x.slice(ndarray::s![..;-1]), z.slice(ndarray::s![..1]));
        expr.eval_into(args![a = &reversed, b = one], y.slice::<R>(n, last)).unwrap();
        let half = x.slice(ndarray::s![..;2]);
        let mut out = ArrayViewMut1::from(y.slice::<R>(n, last));
        let mut out = out.slice_mut(ndarray::s![..;-2]);
        expr.eval_into(args![a = half, b = half], &mut out).unwrap();
    }
}

#[test]
fn f64s() {
    run::<f64, f64>(&["a*b + 1", "where(a < b, a, sqrt(b))", "a % b", "cumsum(a)"]);
}

#[test]
fn f32s() {
    run::<f32, f32>(&["a*b + 1", "maximum(a, b)", "cummax(a)"]);
    run::<f32, f64>(&["f64(a) + f64(b)"]);
    run::<f32, bool>(&["a < b"]);
}

#[test]
fn integers() {
    run::<i32, i32>(&["a*b + 1", "a // b", "a << b"]);
    run::<i64, i64>(&["a*b + 1", "a % b"]);
    run::<i32, f64>(&["a / b"]);
}

#[test]
fn short_integers() {
    run::<i8, i8>(&["a*b + 1", "a // b"]);
    run::<u8, u8>(&["a*b + 1", "where(a < b, a, b)"]);
    run::<i16, i16>(&["a*b + 1"]);
    run::<u16, u32>(&["u32(a)*u32(b)"]);
    run::<u32, f64>(&["a / b"]);
    run::<u64, u64>(&["a % b + 1"]);
}

#[test]
fn elementary_functions() {
    run::<f64, f64>(&["exp(a) + sin(b)", "pow(a, b)"]);
    run::<f32, f32>(&["log(a)*cos(b)", "arctan2(a, b)"]);
    run::<u8, f64>(&["tanh(f64(a)) + b"]);
}

#[test]
fn complex_numbers() {
    run::<Complex<f64>, Complex<f64>>(&["a*b + 1", "sqrt(a)/b", "conj(a)"]);
    run::<Complex<f32>, Complex<f32>>(&["a*b + 1", "complex(b.imag, a.imag)"]);
    run::<Complex<f32>, f32>(&["abs(a) + b.imag", "a.real*b.real"]);
    run::<Complex<f64>, f64>(&["a.real + b.real", "a.imag - b.imag"]);
}

#[test]
fn bools() {
    run::<bool, bool>(&["a & b", "a == b", "not a"]);
    run::<bool, f64>(&["f64(a) + b"]);
    run::<bool, i32>(&["i32(a) + b"]);
}

/// Words of strings end where the strings do.
#[test]
fn strings() {
    let mut page = Page::new();
    for executor in executors::all() {
        for width in [1, 2, 3, 5, 7, 8, 9, 13, 16] {
            for text in ["x < 'b'", "x == x", "contains(x, 'ab')", "contains('abc', x)"] {
                for (way, last) in WAYS.into_iter().flat_map(|way| [(way, false), (way, true)]) {
                    let expr = compile(text, executor, way);
                    for n in [0, 1, 2, 7, 33] {
                        let rows = ArrayView2::from_shape((n, width), &*page.slice::<u8>(n * width, last)).unwrap();
                        let given = Args::new().with("x", Arg::strings(rows).unwrap());
                        assert_eq!(expr.eval::<Vec<bool>>(given).unwrap(), vec![text != "contains(x, 'ab')"; n]);
                    }
                }
            }
        }
    }
}

#[test]
fn planes_and_reductions() {
    let mut pages: Vec<Page> = (0..3).map(|_| Page::new()).collect();
    let [a, b, y] = pages.as_mut_slice() else { unreachable!() };
    for executor in executors::all() {
        for way in WAYS {
            let one = |text| compile(text, executor, way);
            let (sum, sum0, sum1) = (one("sum(a*b)"), one("max(a*b, axis=0)"), one("sum(a, axis=1)"));
            let texts = ["a + b", "a / sum(a, axis=1, keepdims=True)", "cumsum(a, axis=0)", "cummax(a, axis=1)"];
            let of_shape = texts.map(one);
            let add = &of_shape[0];
            for last in [false, true] {
                for (n, m) in [(1, 1), (2, 3), (3, 9), (8, 8), (9, 17), (17, 9), (16, 32), (20, 25), (2, 250)] {
                    let view = |page: &mut Page| {
                        let slice: &[f64] = page.slice(n * m, last);
                        // SAFETY: the page outlives the view.
                        let slice = unsafe { std::slice::from_raw_parts(slice.as_ptr(), slice.len()) };
                        ndarray::ArrayView2::from_shape((n, m), slice).unwrap()
                    };
                    let (p, q) = (view(a), view(b));
                    let (t, u) = (p.t(), q.t());
                    for args in [args![a = &p, b = &q], args![a = &t, b = &u]] {
                        let [down, across] =
                            if args.iter().next().unwrap().1.shape()[0] == n { [m, n] } else { [n, m] };
                        sum.eval_into(
                            &args,
                            &mut ndarray::ArrayViewMut0::from_shape((), y.slice::<f64>(1, last)).unwrap(),
                        )
                        .unwrap();
                        sum0.eval_into(&args, y.slice::<f64>(down, last)).unwrap();
                        sum1.eval_into(&args, y.slice::<f64>(across, last)).unwrap();
                        let mut out =
                            ndarray::ArrayViewMut2::from_shape((across, down), y.slice::<f64>(n * m, last)).unwrap();
                        of_shape.iter().for_each(|expr| expr.eval_into(&args, &mut out).unwrap());
                    }
                    let mixed: Args = args![a = &p, b = &u];
                    if n == m {
                        let mut out = ndarray::ArrayViewMut2::from_shape((n, m), y.slice::<f64>(n * m, last)).unwrap();
                        add.eval_into(&mixed, &mut out).unwrap();
                    }
                }
            }
        }
    }
}

#[test]
fn large_transposed_tiles() {
    // Tiles that go through a buffer: 45 x 90 of bool and 22 x 45 of i32 fill a page, but for its first bytes.
    let (mut a, mut b, mut y) = (Page::new(), Page::new(), Page::new());
    for executor in executors::all() {
        for way in WAYS {
            let and = compile("a & b", executor, way);
            for last in [false, true] {
                let p = ndarray::ArrayView2::from_shape((45, 90), &*a.slice::<bool>(45 * 90, last)).unwrap();
                let q = ndarray::ArrayView2::from_shape((90, 45), &*b.slice::<bool>(45 * 90, last)).unwrap();
                let mut out = ndarray::ArrayViewMut2::from_shape((45, 90), y.slice::<bool>(45 * 90, last)).unwrap();
                and.eval_into(args![a = p, b = q.t()], &mut out).unwrap();
                let mut out = ndarray::ArrayViewMut2::from_shape((90, 45), y.slice::<bool>(45 * 90, last)).unwrap();
                and.eval_into(args![a = p.t(), b = q], &mut out).unwrap();
            }
        }
    }
    assert_eq!(DType::ALL.len(), 13, "a new type needs a test here");
}
