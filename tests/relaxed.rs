//! `Relaxed`: products that are not rounded before they are added, by all executors the same; products of matrices by a library.

mod common;

use common::{executors, pool};
use ndarray::{Array1, Array2, Array3, ArrayView2, Axis, ShapeBuilder, s};
use tilexpr::{AnyArray, CancelToken, EvalErrorKind, Executor, Expr, Relaxed, State, Threads, args};

fn compile(text: &str, relaxed: Option<Relaxed>) -> Expr {
    let builder = Expr::builder();
    let builder = relaxed.into_iter().fold(builder, |builder, relaxed| builder.relaxed(relaxed));
    builder.compile(text).unwrap_or_else(|error| panic!("{error}"))
}

fn contracted(text: &str) -> Expr {
    compile(text, Some(Relaxed::Contract))
}

/// Numbers of which no product is exact.
fn numbers(n: usize, seed: u64) -> Array1<f64> {
    let mut state = seed;
    Array1::from_shape_simple_fn(n, || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    })
}

fn matrix(rows: usize, columns: usize, seed: u64) -> Array2<f64> {
    numbers(rows * columns, seed).into_shape_with_order((rows, columns)).unwrap()
}

/// The expression on every executor, on one thread and on several, with small tiles.
fn each(text: &str, relaxed: Relaxed) -> Vec<Expr> {
    let make = |executor: Executor, threads| {
        let builder = Expr::builder().executor(executor).relaxed(relaxed).threads(threads).serial_below(0).tile(700);
        builder.compile(text).unwrap_or_else(|error| panic!("{error}"))
    };
    executors::all()
        .into_iter()
        .flat_map(|executor| [make(executor, Threads::Serial), make(executor, pool(7))])
        .collect()
}

#[test]
fn a_product_and_what_is_added_round_once() {
    let n = 1003;
    let [a, b, c, d] = [1, 2, 3, 4].map(|seed| numbers(n, seed));
    type Point = fn([f64; 4]) -> f64;
    let texts: &[(&str, Point)] = &[
        ("a*b + c", |[a, b, c, _]| a.mul_add(b, c)),
        ("c + a*b", |[a, b, c, _]| a.mul_add(b, c)),
        ("a*b - c", |[a, b, c, _]| a.mul_add(b, -c)),
        ("c - a*b", |[a, b, c, _]| (-a).mul_add(b, c)),
        ("a*b + c*d", |[a, b, c, d]| a.mul_add(b, c * d)),
        ("a*b - c*d", |[a, b, c, d]| a.mul_add(b, -(c * d))),
        ("a*b + c*d + a*d", |[a, b, c, d]| a.mul_add(d, a.mul_add(b, c * d))),
        ("a**2 + b**2", |[a, b, ..]| a.mul_add(a, b * b)),
        ("p = a*b; p + c*p", |[a, b, c, _]| a.mul_add(b, c * (a * b))),
        ("f(x) = x*b + c; f(a)*d - a", |[a, b, c, d]| a.mul_add(b, c).mul_add(d, -a)),
        // Not a sum of the text's own, or not of a product.
        ("(a + b)*c", |[a, b, c, _]| (a + b) * c),
        ("a*b*c", |[a, b, c, _]| a * b * c),
        ("f64(i64(a*b*1000)) + c", |[a, b, c, _]| (a * b * 1000.0).trunc() + c),
        ("abs(a*b) + c", |[a, b, c, _]| (a * b).abs() + c),
    ];
    for (text, point) in texts {
        let expected = Array1::from_shape_fn(n, |k| point([a[k], b[k], c[k], d[k]]));
        for e in each(text, Relaxed::Contract) {
            let found: Array1<f64> = e.eval(args![a = &a, b = &b, c = &c, d = &d]).unwrap();
            assert!(found.iter().zip(&expected).all(|(x, y)| x.to_bits() == y.to_bits()), "{text} by {e:?}");
        }
    }
    // The same in `f32`, where products are not of `f64`.
    let [a, b, c] = [&a, &b, &c].map(|x| x.mapv(|x| x as f32));
    let found: Array1<f32> = contracted("a*b + c").eval(args![a = &a, b = &b, c = &c]).unwrap();
    assert!((0..n).all(|k| found[k].to_bits() == a[k].mul_add(b[k], c[k]).to_bits()));
}

#[test]
fn what_the_library_is_made_of_stays_as_it_is() {
    let [a, b] = [1, 2].map(|seed| numbers(2000, seed));
    let ints = Array1::from_iter((0..2000i64).map(|k| k * 7919 - 5000));
    let texts = [
        "a % b",
        "a // b",
        "a**3",
        "a**-2",
        "a**b",
        "exp(a)",
        "sin(a)",
        "hypot(a, b)",
        "logaddexp(a, b)",
        "var(a)",
        "std(a)",
        "complex(a, b)*complex(b, a)",
        "abs(complex(a, b))",
        "cumsum(a)",
        "k*k + k",
        "sum(a)",
        "prod(a)",
        "mean(a)",
        "normal(1, k)",
    ];
    for text in texts {
        let args = || args![a = &a, b = &b, k = &ints];
        let strict: AnyArray = compile(text, None).eval(args()).unwrap();
        let found: AnyArray = contracted(text).eval(args()).unwrap();
        assert_eq!(format!("{found:?}"), format!("{strict:?}"), "{text}");
    }
}

#[test]
fn sums_of_products_are_the_same_everywhere() {
    let (a, b) = (matrix(700, 301, 1), matrix(700, 301, 2));
    let turned = (a.t().as_standard_layout().to_owned(), b.t().as_standard_layout().to_owned());
    for text in
        ["sum(a*b)", "sum(a*b, axis=0)", "sum(a*b, axis=1)", "mean(a*b, axis=0) + 1", "sum(a*b*2), sum(a)", "sum(a**2)"]
    {
        let all = |e: &Expr, a: ArrayView2<f64>, b: ArrayView2<f64>| -> Vec<String> {
            let found: Vec<AnyArray> = e.eval(args![a = a, b = b]).unwrap();
            found.iter().map(|result| format!("{result:?}")).collect()
        };
        let first = all(&contracted(text), a.view(), b.view());
        for e in each(text, Relaxed::Contract) {
            assert_eq!(all(&e, a.view(), b.view()), first, "{text}");
            assert_eq!(all(&e, turned.0.t(), turned.1.t()), first, "{text}");
        }
        // Close to what it is without.
        let strict: Vec<AnyArray> = compile(text, None).eval(args![a = &a, b = &b]).unwrap();
        let found: Vec<AnyArray> = contracted(text).eval(args![a = &a, b = &b]).unwrap();
        for (x, y) in found.iter().zip(&strict) {
            let (AnyArray::F64(x), AnyArray::F64(y)) = (x, y) else { panic!("{text}") };
            assert!(x.iter().zip(y.iter()).all(|(x, y)| (x - y).abs() < 1e-10), "{text}");
        }
    }
    let strict: f64 = compile("sum(a*b)", None).eval(args![a = &a, b = &b]).unwrap();
    let found: f64 = contracted("sum(a*b)").eval(args![a = &a, b = &b]).unwrap();
    assert_ne!(strict.to_bits(), found.to_bits(), "nothing was contracted");
    assert_eq!(
        contracted("sum(a*b)").eval::<f64>(args![a = &a.slice(s![..0, ..]), b = &b.slice(s![..0, ..])]).unwrap(),
        0.0
    );
}

#[test]
fn in_parts_and_over_files() {
    let (a, b) = (numbers(100_000, 1), numbers(100_000, 2));
    let e = contracted("sum(a*b), sum(a**2)");
    let whole: (f64, f64) = e.eval(args![a = &a, b = &b]).unwrap();
    let part = |from: usize, to: usize| {
        let (a, b) = (a.slice(s![from..to]), b.slice(s![from..to]));
        e.partial(args![a = a, b = b], from, 100_000).unwrap()
    };
    let states = [part(0, 4096), part(4096, 51_200), part(51_200, 100_000)];
    let merged = states.into_iter().reduce(|x: State, y| x.merge(State::from_bytes(&y.to_bytes()).unwrap()).unwrap());
    let merged: (f64, f64) = merged.unwrap().finish().unwrap();
    assert_eq!(merged, whole);
    #[cfg(feature = "files")]
    {
        let folder = tempfile::tempdir().unwrap();
        let (x, y) = (folder.path().join("a.npy"), folder.path().join("b.npy"));
        tilexpr::npy::write(&x, &a.to_vec()).unwrap();
        tilexpr::npy::write(&y, &b.to_vec()).unwrap();
        let found: (f64, f64) = e.stream().file("a", &x).file("b", &y).piece(8192).run().unwrap();
        assert_eq!(found, whole);
    }
    // Sums of other steps are not merged with them.
    let strict = compile("sum(a*b), sum(a**2)", None);
    let other = strict.partial(args![a = a.slice(s![..4096]), b = b.slice(s![..4096])], 0, 100_000).unwrap();
    assert!(other.merge(part(4096, 100_000)).is_err());
}

/// What a product of matrices comes to, and how far it may be off.
fn close(found: ArrayView2<f64>, a: ArrayView2<f64>, b: ArrayView2<f64>, within: f64) {
    let expected = a.dot(&b);
    let most = found.iter().zip(&expected).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max);
    assert!(found.dim() == expected.dim() && most < within, "off by {most}");
}

#[test]
fn products_of_matrices_of_any_layout() {
    let text = "C[i, j] = sum[k](A[i, k]*B[k, j])";
    let e = compile(text, Some(Relaxed::Library));
    for (rows, terms, columns) in
        [(64, 64, 64), (65, 1100, 67), (600, 100, 70), (16, 300, 2100), (3, 5, 7), (1, 64, 64)]
    {
        let (a, b) = (matrix(rows, terms, 1), matrix(terms, columns, 2));
        let (wide, tall) = (matrix(2 * rows, 3 * terms, 3), matrix(columns, terms, 4));
        let lefts = [a.view(), wide.slice(s![..;2, ..;-3])];
        let rights = [b.view(), tall.t(), b.slice(s![..;-1, ..])];
        for left in lefts {
            for right in rights {
                let threads = [e.with_threads(Threads::Serial), e.with_threads(pool(7))];
                for e in threads {
                    let found: Array2<f64> = e.eval(args![A = left, B = right]).unwrap();
                    close(found.view(), left, right, 1e-10);
                    let mut out = Array2::from_elem((rows, 2 * columns).f(), f64::NAN);
                    e.eval_into(args![A = left, B = right], &mut out.slice_mut(s![..;-1, ..;2])).unwrap();
                    close(out.slice(s![..;-1, ..;2]), left, right, 1e-10);
                    assert!(out.slice(s![.., 1..;2]).iter().all(|x| x.is_nan()));
                }
            }
        }
    }
    // Of `f32`, the sums too are of that type.
    let (a, b) = (matrix(100, 100, 1), matrix(100, 100, 2));
    let (small, other) = (a.mapv(|x| x as f32), b.mapv(|x| x as f32));
    let found: Array2<f32> = e.eval(args![A = &small, B = &other]).unwrap();
    close(found.mapv(f64::from).view(), a.view(), b.view(), 1e-4);
    // Into an argument: computed apart.
    let mut square = a.clone();
    let product: Array2<f64> = e.eval(args![A = &a, B = &a]).unwrap();
    e.update("A", &mut square, args![B = &b]).unwrap();
    close(square.view(), a.view(), b.view(), 1e-10);
    close(product.view(), a.view(), a.view(), 1e-10);
}

#[test]
fn batches_tensors_and_what_is_no_product() {
    let library = |text: &str| compile(text, Some(Relaxed::Library));
    let [a, b] = [1, 2].map(|seed| numbers(5 * 64 * 70, seed));
    let a: Array3<f64> = a.into_shape_with_order((5, 64, 70)).unwrap();
    let b: Array3<f64> = b.into_shape_with_order((5, 70, 64)).unwrap();
    for (text, is_product) in [
        ("C[b, i, j] = sum[k](A[b, i, k]*B[b, k, j])", true),
        ("C[b, j, i] = sum[k](A[b, i, k]*B[b, k, j])", true),
        ("C[b, i, c, j] = sum[k](A[b, i, k]*B[c, k, j])", true),
        ("C[i, j] = sum[k](A[0, i, k]*B[0, k, j]); sum(C)", true),
        ("C[b, i] = sum[k](A[b, i, k]*B[b, k, i])", false),
        ("C[i, j] = sum[k](A[0, i, k]*B[0, k, j]*2)", false),
        ("C[i, j] = sum[b, k](A[b, i, k]*B[b, k, j])", false),
        ("C[i, j] = max[k](A[0, i, k]*B[0, k, j])", false),
        ("C[i, j] = sum[k](A[0, i, k] + B[0, k, j])", false),
        ("C[i, j] = sum[k](A[0, clamp(i - 1), k]*B[0, k, j])", false),
    ] {
        let found: AnyArray = library(text).eval(args![A = &a, B = &b]).unwrap();
        let contract: AnyArray = contracted(text).eval(args![A = &a, B = &b]).unwrap();
        let strict: AnyArray = compile(text, None).eval(args![A = &a, B = &b]).unwrap();
        let (AnyArray::F64(x), AnyArray::F64(y)) = (&found, &strict) else { panic!("{text}") };
        assert_eq!(x.shape(), y.shape(), "{text}");
        assert!(x.iter().zip(y.iter()).all(|(x, y)| (x - y).abs() < 1e-9), "{text}");
        let explained = library(text).explain(args![A = &a, B = &b]).unwrap().to_string();
        assert_eq!(explained.contains("matrixmultiply"), is_product, "{text}\n{explained}");
        if !is_product {
            assert_eq!(format!("{found:?}"), format!("{contract:?}"), "{text}");
        }
    }
    // Other types, and arrays that the crate cannot read, go the ordinary way.
    let product = "C[i, j] = sum[k](A[i, k]*B[k, j])";
    let whole = a.index_axis(Axis(0), 0).mapv(|x| (x * 100.0) as i64);
    let (exact, same): (Array2<i64>, Array2<i64>) = (
        library(product).eval(args![A = &whole, B = &whole.t()]).unwrap(),
        compile(product, None).eval(args![A = &whole, B = &whole.t()]).unwrap(),
    );
    assert_eq!(exact, same);
}

#[test]
fn a_product_ends_when_it_is_to() {
    let a = matrix(300, 300, 1);
    let e = compile("C[i, j] = sum[k](A[i, k]*A[k, j])", Some(Relaxed::Library));
    let token = CancelToken::new();
    token.cancel();
    let ended = e.with_cancel(token).eval::<Array2<f64>>(args![A = &a]).unwrap_err();
    assert_eq!(ended.kind(), EvalErrorKind::Cancelled);
    let too_much = e.with_memory_limit(300 * 300 * 8).eval::<Array2<f64>>(args![A = &a]).unwrap_err();
    assert_eq!(too_much.kind(), EvalErrorKind::MemoryLimit);
    let mut wrong = Array2::<f64>::zeros((300, 299));
    assert_eq!(e.eval_into(args![A = &a], &mut wrong).unwrap_err().kind(), EvalErrorKind::Output);
    let mut narrow = Array2::<f32>::zeros((300, 300));
    assert!(e.eval_into(args![A = &a], &mut narrow).is_err());
}
