//! Which axes can be cut together: facts of texts, and that pieces give the pieces of the results, to the bit.

mod common;

use common::rng::Rng;
use ndarray::{ArrayD, ArrayViewD, Axis, IxDyn, Slice};
use tilexpr::{AnyArray, Args, Expr};

/// An array of each name, of this shape.
type Shapes<'a> = &'a [(&'a str, &'a [usize])];

fn arrays(shapes: Shapes, rng: &mut Rng) -> Vec<ArrayD<f64>> {
    shapes.iter().map(|(_, shape)| ArrayD::from_shape_simple_fn(IxDyn(shape), || 0.1 + rng.unit())).collect()
}

fn args<'a>(shapes: Shapes<'a>, arrays: &'a [ArrayViewD<'a, f64>]) -> Args<'a> {
    shapes.iter().zip(arrays).fold(Args::new(), |args, (&(name, _), array)| args.with(name, array))
}

/// Indices as letters, `.` where there is none: of the arguments, then of the results.
fn letters(text: &str, shapes: Shapes) -> String {
    let arrays = arrays(shapes, &mut Rng::new(1));
    let views: Vec<_> = arrays.iter().map(|array| array.view()).collect();
    let e = Expr::compile(text).unwrap();
    let found = e.indices(args(shapes, &views)).unwrap();
    let word = |indices: &Vec<Option<usize>>| -> String {
        indices.iter().map(|index| index.map_or('.', |at| (b'a' + at as u8) as char)).collect()
    };
    let words = |all: &[Vec<Option<usize>>]| all.iter().map(word).collect::<Vec<_>>().join(", ");
    format!("{} -> {}", words(&found.arguments), words(&found.results))
}

#[test]
fn facts() {
    let of_one = |text: &str, found: &str| assert_eq!(letters(text, &[("a", &[3, 4])]), found, "{text}");
    of_one("a*2 + 1", "ab -> ab");
    of_one("a, 2", "ab -> ab, ");
    of_one("sum(a)", ".. -> ");
    of_one("mean(a, axis=0)", ".a -> a");
    of_one("mean(a, axis=-1, keepdims=True)", "a. -> a.");
    of_one("a - mean(a)", ".. -> ..");
    of_one("a - mean(a, axis=1, keepdims=True)", "a. -> a.");
    of_one("a + 1, max(a, axis=0)", ".a -> .a, a");
    of_one("argmax(a, axis=1)", "a. -> a");
    of_one("cumsum(a)", ".. -> .");
    of_one("cumsum(a, axis=-2)", ".a -> .a");
    of_one("histogram(a, 7, 0, 1)", ".. -> .");
    of_one("exp(a)/sum(exp(a), axis=0)", ".a -> .a");
    let of_two = |text: &str, a: &[usize], b: &[usize], found: &str| {
        assert_eq!(letters(text, &[("a", a), ("b", b)]), found, "{text} {a:?} {b:?}");
    };
    of_two("a + b", &[3, 4], &[4], "ab, b -> ab");
    of_two("a + b", &[3, 4], &[3, 1], "ab, a. -> ab");
    of_two("a + b", &[1, 4], &[3, 1], ".a, b. -> ba");
    of_two("a + b", &[], &[3], ", a -> a");
    of_two("a + b", &[0, 4], &[1, 1], "ab, .. -> ab");
    of_two("a + 1, b + 1", &[3], &[4], "a, b -> a, b");
    of_two("sum(a, axis=1) + b", &[3, 4], &[3], "a., a -> a");
    of_two("sum(a*b, axis=1), b", &[3, 4], &[4], "a., . -> a, .");
    // A column of sums beside rows: the two axes of one array would have to be cut alike.
    of_two("a + sum(a, axis=1) + b", &[3, 3], &[3], ".., . -> ..");
    of_two("a + sum(b, axis=0)", &[3, 4], &[3, 4], "ab, .b -> ab");
}

#[test]
fn errors_are_those_of_outputs() {
    let (a, b) = (vec![1.0; 3], vec![1.0; 4]);
    let e = Expr::compile("a + b").unwrap();
    let args = || Args::new().with("a", &a[..]).with("b", &b[..]);
    assert_eq!(e.indices(args()).unwrap_err().to_string(), e.outputs(args()).unwrap_err().to_string());
}

/// What lies along the axes of an index, from here to there.
fn cut<'a>(
    array: ArrayViewD<'a, f64>,
    indices: &[Option<usize>],
    index: usize,
    (from, to): (usize, usize),
) -> ArrayViewD<'a, f64> {
    let mut array = array;
    for axis in (0..indices.len()).filter(|&axis| indices[axis] == Some(index)) {
        array.slice_axis_inplace(Axis(axis), Slice::from(from..to));
    }
    array
}

fn results(e: &Expr, args: Args) -> Vec<ArrayD<f64>> {
    let all: Vec<AnyArray> = e.eval(args).unwrap();
    let array = |result: &AnyArray| Expr::compile("float64(x)").unwrap().eval(Args::new().with("x", result)).unwrap();
    all.iter().map(array).collect()
}

#[test]
fn pieces_of_arguments_give_pieces_of_results() {
    let cases: &[(&str, Shapes)] = &[
        ("a*b + c", &[("a", &[7, 1, 90]), ("b", &[5, 90]), ("c", &[7, 5, 1])]),
        ("sum(a*b, axis=1), a - b", &[("a", &[40, 700]), ("b", &[700])]),
        ("sum(a, axis=0), a/sum(a, axis=0)", &[("a", &[1300, 9])]),
        ("sum(a, axis=(0, 2)), std(a, axis=(0, 2), keepdims=True)*a", &[("a", &[30, 9, 40])]),
        ("argmin(a, axis=1) + b, var(a, axis=1)", &[("a", &[9, 1100]), ("b", &[9])]),
        ("cumsum(a, axis=1)*b, a", &[("a", &[9, 600]), ("b", &[9, 1])]),
        (
            "f(x) = exp(x - max(x, axis=-1, keepdims=True)); f(a)/sum(f(a), axis=-1, keepdims=True)",
            &[("a", &[50, 600])],
        ),
        ("sum(a, axis=0) + sum(b, axis=0)", &[("a", &[600, 40]), ("b", &[5, 40])]),
    ];
    let mut rng = Rng::new(2);
    for &(text, shapes) in cases {
        let arrays = arrays(shapes, &mut rng);
        let whole: Vec<_> = arrays.iter().map(|array| array.view()).collect();
        let e = Expr::compile(text).unwrap();
        let found = e.indices(args(shapes, &whole)).unwrap();
        let place = |name: &str| e.names().iter().position(|other| other == name).unwrap();
        let expected = results(&e, args(shapes, &whole));
        let indices: Vec<&[Option<usize>]> = shapes.iter().map(|(name, _)| &found.arguments[place(name)][..]).collect();
        let most = found.results.iter().flatten().flatten().max().map_or(0, |&index| index + 1);
        assert!(most > 0, "{text}");
        for index in 0..most {
            let axis_of = |(array, indices): (&ArrayD<f64>, &&[Option<usize>])| {
                indices.iter().position(|&other| other == Some(index)).map(|axis| array.shape()[axis])
            };
            let length = arrays.iter().zip(&indices).find_map(axis_of).unwrap();
            let from = rng.below(length);
            let to = from + 1 + rng.below(length - from);
            let pieces: Vec<_> = whole
                .iter()
                .zip(&indices)
                .map(|(array, indices)| cut(array.clone(), indices, index, (from, to)))
                .collect();
            for ((got, all), of) in results(&e, args(shapes, &pieces)).iter().zip(&expected).zip(&found.results) {
                let all = cut(all.view(), of, index, (from, to));
                assert!(got.shape() == all.shape(), "{text}");
                assert!(
                    got.iter().zip(&all).all(|(x, y)| x.to_bits() == y.to_bits()),
                    "{text}, index {index}, {from}..{to}"
                );
            }
        }
    }
}
