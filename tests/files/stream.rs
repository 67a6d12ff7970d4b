//! Expressions over files in pieces: the bits of one call on whole arrays, whatever the shapes, the types and the pieces.

use std::path::Path;

use ndarray::{ArrayD, IxDyn};
use num_complex::Complex;
use tilexpr::{AnyArray, Args, DType, EvalErrorKind, Expr, FileErrorKind, Real, Threads, npy};

use super::Folder;
use super::common::case::Case;
use super::common::place::{AnyPlaced, Layout};
use super::common::rng::Rng;
use super::common::{pool, setting};

/// Where an argument comes from.
#[derive(Clone, Copy, PartialEq, Debug)]
enum From {
    Memory,
    File,
    Fortran,
    Swapped,
}

/// An argument.
struct Given {
    name: String,
    array: AnyArray,
    from: From,
}

/// How it is run.
#[derive(Debug)]
struct How {
    threads: Threads,
    piece: Option<usize>,
}

impl How {
    fn random(rng: &mut Rng) -> How {
        let threads = rng.pick(&[1, 2, 7]);
        let piece = rng.pick(&[None, Some(1), Some(700), Some(4096), Some(10_000), Some(100_000)]);
        How { threads: if threads == 1 { Threads::Serial } else { pool(threads) }, piece }
    }
}

/// What an array holds, a NaN as any other.
pub fn bits(array: &AnyArray) -> (DType, Vec<usize>, Vec<u128>) {
    let f64_bits = |x: f64| if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() };
    let f32_bits = |x: f32| f64_bits(x.into());
    let (dtype, shape) = (array.dtype(), array.shape().to_vec());
    macro_rules! bits {
        ($($t:ident $of:expr;)*) => {
            match dtype {
                $(DType::$t => array.clone().into_vec().unwrap().into_iter().map($of).collect(),)*
                other => unreachable!("a new type {other}"),
            }
        };
    }
    let of = bits! {
        Bool |x: bool| x.into();
        I8 |x: i8| x as u128;
        I16 |x: i16| x as u128;
        I32 |x: i32| x as u128;
        I64 |x: i64| x as u128;
        U8 |x: u8| x.into();
        U16 |x: u16| x.into();
        U32 |x: u32| x.into();
        U64 |x: u64| x.into();
        F32 |x: f32| f32_bits(x).into();
        F64 |x: f64| f64_bits(x).into();
        C64 |z: Complex<f32>| u128::from(f32_bits(z.re)) << 64 | u128::from(f32_bits(z.im));
        C128 |z: Complex<f64>| u128::from(f64_bits(z.re)) << 64 | u128::from(f64_bits(z.im));
    };
    (dtype, shape, of)
}

/// Puts an array into a file as it is to come.
fn put(path: &Path, array: &AnyArray, from: From) {
    match from {
        From::Fortran if array.shape().len() > 1 => {
            let copy = Expr::builder().order(tilexpr::Order::F).compile("a").unwrap();
            let array: AnyArray = copy.eval(Args::new().with("a", array)).unwrap();
            npy::write(path, &array).unwrap();
            let lies = array.shape().iter().filter(|&&n| n != 1).count() > 1 && !array.shape().contains(&0);
            assert!(!lies || npy::Header::read(path).unwrap().fortran_order);
        }
        From::Swapped if array.dtype().size() > 1 => {
            npy::write(path, array).unwrap();
            let header = npy::Header::read(path).unwrap();
            let mut bytes = std::fs::read(path).unwrap();
            let at = bytes.iter().position(|&byte| byte == b'<').unwrap();
            bytes[at] = b'>';
            let size = array.dtype().size() / if array.dtype().is_complex() { 2 } else { 1 };
            bytes[header.offset as usize..].chunks_mut(size).for_each(<[u8]>::reverse);
            std::fs::write(path, bytes).unwrap();
            assert!(npy::Header::read(path).unwrap().swapped);
        }
        _ => npy::write(path, array).unwrap(),
    }
}

/// Compares a text over files with the same in memory. Gives whether it could be computed.
fn check(text: &str, given: &[Given], how: &How) -> bool {
    let folder = Folder::new();
    let e = Expr::compile(text).unwrap_or_else(|e| panic!("{e}")).with_threads(how.threads.clone());
    let args: Args = given.iter().map(|g| (&*g.name, tilexpr::Arg::new(&g.array))).collect();
    let whole = e.eval::<Vec<AnyArray>>(&args);
    let stream = || {
        let mut stream = e.stream();
        if let Some(bytes) = how.piece {
            stream = stream.piece(bytes);
        }
        for given in given {
            stream = match given.from {
                From::Memory => stream.arg(&given.name, &given.array),
                _ => stream.file(&given.name, folder.path(&given.name)),
            };
        }
        stream
    };
    for given in given.iter().filter(|g| g.from != From::Memory) {
        put(&folder.path(&given.name), &given.array, given.from);
    }
    let said = format!(
        "{text} of {:?} {how:?}",
        given.iter().map(|g| (&g.name, g.array.dtype(), g.array.shape(), g.from)).collect::<Vec<_>>()
    );
    let plan = match (stream().plan(), &whole) {
        (Ok(plan), _) => plan,
        (Err(error), _) if error.kind() == FileErrorKind::Unsupported => return false,
        (Err(error), Err(whole)) => {
            assert_eq!(error.eval().map(ToString::to_string), Some(whole.to_string()), "{said}");
            return true;
        }
        (Err(error), Ok(_)) => panic!("{said}: {error}"),
    };
    let outputs: Vec<_> = (0..plan.results.len()).map(|at| folder.path(&format!("out {at}"))).collect();
    let to_files = || (0..plan.results.len()).filter(|&at| plan.results[at].to_file);
    let found = to_files().fold(stream(), |stream, at| stream.output(&outputs[at])).run::<Vec<AnyArray>>();
    let (values, whole) = match (found, whole) {
        (Ok(values), Ok(whole)) => (values, whole),
        (Err(error), Err(whole)) => {
            assert_eq!(error.eval().map(|e| e.kind()), Some(whole.kind()), "{said}: {error}");
            assert!(to_files().all(|at| !outputs[at].exists()));
            return true;
        }
        (found, whole) => panic!("{said}: {:?}, whole {:?}", found.err(), whole.err()),
    };
    let mut values = values.into_iter();
    for (at, whole) in whole.iter().enumerate() {
        let result = &plan.results[at];
        let found = if result.to_file { npy::read(&outputs[at]).unwrap() } else { values.next().unwrap() };
        assert_eq!((result.dtype, &result.shape[..]), (whole.dtype(), whole.shape()), "{said}");
        assert!(bits(&found) == bits(whole), "{said}, result {at}: {found:?}, whole {whole:?}");
    }
    assert!(values.next().is_none());
    // Nothing is left beside what was asked for.
    let files = given.iter().filter(|g| g.from != From::Memory).count() + to_files().count();
    assert_eq!(folder.names().len(), files, "{said}");
    true
}

fn random_array(rng: &mut Rng, shape: &[usize], dtype: DType) -> AnyArray {
    let x = ArrayD::from_shape_simple_fn(IxDyn(shape), || (rng.unit() - 0.5) * 10f64.powi(rng.below(5) as i32));
    Expr::compile(&format!("{dtype}(x)")).unwrap().eval(Args::new().with("x", &x)).unwrap()
}

/// Runs texts on arrays of these shapes, by their names, each in some way; `TILEXPR_FUZZ=N` with N in the thousands in several.
pub fn check_all(texts: &[&str], shapes: &[(&str, &[usize])], rng: &mut Rng) -> usize {
    let mut refused = 0;
    let rounds = 1 + setting("TILEXPR_FUZZ", 0) as usize / 1000;
    for text in texts.iter().flat_map(|text| std::iter::repeat_n(text, rounds)) {
        // Of many texts half, others for other shapes.
        if texts.len() > 8 && rounds == 1 && rng.one_in(2) {
            continue;
        }
        let dtype = rng.pick(&[DType::F64, DType::F64, DType::F32, DType::I16, DType::C128]);
        let ordered = ["max", "min", "std", "histogram", "bincount", "<", ">", "//"].iter().any(|of| text.contains(of));
        let dtype = if ordered && dtype.is_complex() { DType::F64 } else { dtype };
        let given = shapes.iter().map(|(name, shape)| {
            let array = random_array(rng, shape, dtype);
            let from = rng.pick(&[From::File, From::File, From::File, From::Fortran, From::Swapped, From::Memory]);
            Given { name: name.to_string(), array, from }
        });
        let given: Vec<Given> = given.collect();
        refused += usize::from(!check(text, &given, &How::random(rng)));
    }
    refused
}

#[test]
fn one_axis() {
    let mut rng = Rng::new(1);
    let texts = [
        "sum(a)",
        "sum((a - b)**2), max(a), argmin(b)",
        "mean(a), var(a), std(b, ddof=1)",
        "a - mean(a)",
        "(a - mean(a))/std(a), sum(a)/sum(b), b",
        "sqrt(sum(abs(a - b)**2))",
        "prod(1 + a/1000), prod(b)",
        "any(a > 2), all(b < 1000), argmax(a*b)",
        "nanmean(where(a < 0, nan, a)), nansum(a/b)",
        "sum(c128(a)*1j), prod(c128(a)/1000 + 1j)",
        "where(real(a) > mean(real(b)), a, b)",
        "t = a*b; t, sum(t), max(real(t)) - min(real(t))",
        "sum(a)*0 + 3, 1 + 2",
        "sum(a, axis=0, keepdims=True)*b",
        "sum(a, axis=-1) + sum(3)",
        "f(x) = x - mean(x); sum(f(a)*f(b))/sqrt(sum(f(a)**2)*sum(f(b)**2))",
        "a + argmax(real(b)), sum(sum(a)*b)",
    ];
    for n in [1, 3, 511, 512, 513, 1025, 5000, 33_333] {
        assert_eq!(check_all(&texts, &[("a", &[n]), ("b", &[n])], &mut rng), 0);
    }
    // No elements: some have no value.
    check_all(&texts, &[("a", &[0]), ("b", &[0])], &mut rng);
    // Of different lengths, each in a pass of its own.
    let texts = ["sum(a)/sum(b), a*mean(b), b - max(real(a))", "a, b"];
    check_all(&texts, &[("a", &[3000]), ("b", &[1700])], &mut rng);
    check_all(&texts, &[("a", &[3000]), ("b", &[1])], &mut rng);
    check_all(&["a + k*sum(b), k", "sum(a)*k"], &[("a", &[3000]), ("b", &[1700]), ("k", &[])], &mut rng);
}

#[test]
fn two_axes() {
    let mut rng = Rng::new(2);
    let texts = [
        "sum(a), mean(b)",
        "sum(a, axis=1), prod(a/100, axis=0)",
        "a - mean(a, axis=1, keepdims=True)",
        "a - mean(a, axis=0)",
        "(a - mean(a, axis=0))/std(a, axis=0)",
        "sum((a - row)**2), a*row + col",
        "max(a, axis=0), argmax(a, axis=0), argmin(a), argmin(a, axis=1)",
        "a/sum(a, axis=-1, keepdims=True)",
        "sum((a - mean(a, axis=1, keepdims=True))**2)",
        "a.max(axis=0) - a.min(axis=0), any(a > 3, axis=0)",
        "mean(sum(a*b, axis=1)), sum(a*b, axis=1)",
        "row*2, sum(row), sum(col*a)",
        "sum(a, axis=(0, 1)), sum(a, axis=0, keepdims=True)*a",
        "e = exp(real(a) - max(real(a), axis=1, keepdims=True)); e/sum(e, axis=1, keepdims=True)",
        "sum(a + 1j*col), prod(1 + (a + 1j*row)/1e6)",
        "sum(col*row), var(a - row)",
        "col*sum(row), a + row, a*col, a + b",
    ];
    for [n, m] in
        [[100, 3], [700, 7], [64, 512], [1, 3000], [3000, 1], [3, 2000], [40, 33], [1025, 4], [5, 0], [0, 5], [33, 33]]
    {
        let shapes: [(&str, &[usize]); 4] = [("a", &[n, m]), ("b", &[n, m]), ("row", &[m]), ("col", &[n, 1])];
        let refused = check_all(&texts, &shapes, &mut rng);
        assert_eq!(refused, 0, "{n} {m}");
    }
    // Rows that are also as long as columns are: what is reduced is repeated along the other axis.
    check_all(&["a - sum(a, axis=1)", "a*v + sum(a, axis=1)*v"], &[("a", &[40, 40]), ("v", &[40])], &mut rng);
}

#[test]
fn three_axes() {
    let mut rng = Rng::new(3);
    let texts = [
        "sum(a)",
        "sum(a, axis=(0, 1)), a - sum(a, axis=(0, 1), keepdims=True)",
        "sum(a, axis=(1, 2)), sum(a, axis=1)",
        "max(a, axis=(0, 2)), argmax(a)",
        "sum(a, axis=2)*v, sum(a*v)",
        "mean(a, axis=0), var(a, axis=(1, 2))",
        "sum(sum(a, axis=2), axis=0)",
    ];
    for [n, m, k] in [[50, 3, 7], [7, 16, 4], [400, 2, 2], [6, 5, 300]] {
        for _ in 0..3 {
            assert_eq!(check_all(&texts, &[("a", &[n, m, k]), ("v", &[m])], &mut rng), 0);
        }
    }
    // Which elements of each row are combined does not follow from where the row stands.
    assert_eq!(check_all(&["sum(a, axis=(0, 2))"], &[("a", &[50, 4, 3])], &mut rng), 1);
    assert_eq!(check_all(&["sum(a, axis=(0, 2))"], &[("a", &[50, 3, 4])], &mut rng), 0);
}

/// Random expressions of small arrays, all types, in all ways. `TILEXPR_FUZZ=N` runs so many.
#[test]
fn random_expressions() {
    let mut rng = Rng::new(setting("TILEXPR_SEED", 5));
    for _ in 0..setting("TILEXPR_FUZZ", 200) {
        let case = Case::random(&mut rng);
        let text = case.text();
        let Ok(e) = Expr::compile(&text) else { continue };
        let placed = case.vars.iter().map(|var| match (var.ty.weak, var.ty.dtype) {
            (true, DType::I64) => AnyPlaced::Int(i64::from_scalar(var.value.data[0])),
            (true, DType::U64) => AnyPlaced::Uint(u64::from_scalar(var.value.data[0])),
            (true, _) => AnyPlaced::Float(f64::from_scalar(var.value.data[0])),
            _ => AnyPlaced::of(&var.value, &Layout::random(&mut rng, var.value.shape.len())),
        });
        let placed: Vec<AnyPlaced> = placed.collect();
        let args: Args = case.vars.iter().zip(&placed).map(|(var, placed)| (&*var.name, placed.arg())).collect();
        let whole = match e.eval::<Vec<AnyArray>>(&args) {
            Err(error) if error.kind() == EvalErrorKind::Type => continue,
            whole => whole,
        };
        compare(&case, &e, &args, whole, &How::random(&mut rng), &mut rng);
    }
}

fn compare(
    case: &Case,
    e: &Expr,
    args: &Args,
    whole: Result<Vec<AnyArray>, tilexpr::EvalError>,
    how: &How,
    rng: &mut Rng,
) {
    let folder = Folder::new();
    let e = e.with_threads(how.threads.clone());
    let from: Vec<From> =
        case.vars.iter().map(|_| rng.pick(&[From::Memory, From::File, From::Fortran, From::Swapped])).collect();
    for ((name, arg), from) in
        args.iter().zip(&from).filter(|((_, arg), from)| !arg.is_weak() && **from != From::Memory)
    {
        let array: AnyArray = Expr::compile("a").unwrap().eval(Args::new().with("a", arg.clone())).unwrap();
        put(&folder.path(name), &array, *from);
    }
    let stream = || {
        let mut stream = e.stream();
        if let Some(bytes) = how.piece {
            stream = stream.piece(bytes);
        }
        for ((name, arg), from) in args.iter().zip(&from) {
            stream = match arg.is_weak() || *from == From::Memory {
                true => stream.arg(name, arg.clone()),
                false => stream.file(name, folder.path(name)),
            };
        }
        stream
    };
    let said = format!("{} {from:?} {how:?}", case.text());
    let plan = match (stream().plan(), &whole) {
        (Ok(plan), _) => plan,
        (Err(error), _) if error.kind() == FileErrorKind::Unsupported && error.eval().is_some() => return,
        (Err(error), Err(whole)) => return assert_eq!(error.eval().map(|e| e.kind()), Some(whole.kind()), "{said}"),
        (Err(error), Ok(_)) => panic!("{said}: {error}"),
    };
    let outputs = plan.results.iter().enumerate().filter(|(_, result)| result.to_file);
    let outputs: Vec<_> = outputs.map(|(at, _)| folder.path(&format!("out {at}"))).collect();
    let found = outputs.iter().fold(stream(), |stream, path| stream.output(path)).run::<Vec<AnyArray>>();
    match (found, whole) {
        (Ok(values), Ok(whole)) => {
            let (mut values, mut outputs) = (values.into_iter(), outputs.iter());
            for (result, whole) in plan.results.iter().zip(&whole) {
                let found =
                    if result.to_file { npy::read(outputs.next().unwrap()).unwrap() } else { values.next().unwrap() };
                assert!(bits(&found) == bits(whole), "{said}: {found:?}, whole {whole:?}");
            }
        }
        (Err(error), Err(whole)) => assert_eq!(error.eval().map(|e| e.kind()), Some(whole.kind()), "{said}"),
        (found, whole) => panic!("{said}: {:?}, whole {:?}", found.err(), whole.err()),
    }
}
