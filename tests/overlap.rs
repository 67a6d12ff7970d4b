//! Outputs that lie on arguments, or on each other: as if the results had been computed apart and then written in order.

mod common;

use common::rng::Rng;
use common::{executors, pool, setting};
use tilexpr::{AnyArray, Arg, Args, Casting, DType, Expr, Threads, View, ViewMut, args};

/// A window on bytes.
#[derive(Clone, Debug)]
struct Window {
    first: usize,
    dtype: DType,
    shape: Vec<usize>,
    strides: Vec<isize>,
}

const BYTES: usize = 1200;

impl Window {
    /// A window whose elements are apart from each other, or one of any kind, at a distance of whole elements mostly.
    fn new(shape: &[usize], dtype: DType, apart: bool, rng: &mut Rng) -> Window {
        let (mut strides, mut low, mut high) = (vec![0_isize; shape.len()], 0_usize, 0_usize);
        let size = dtype.size();
        let mut step = size;
        for axis in rng.order(shape.len()) {
            let gap = if rng.one_in(2) { 0 } else { size * rng.below(3) };
            let mut stride = step + gap + if rng.one_in(6) { rng.below(3) } else { 0 };
            if !apart && rng.one_in(5) {
                stride = 0;
            }
            let far = stride * shape[axis].saturating_sub(1);
            step = (far + size).max(step);
            let reversed = rng.one_in(3);
            strides[axis] = if reversed { -(stride as isize) } else { stride as isize };
            if reversed { low += far } else { high += far }
        }
        let room = BYTES - low - high - size;
        let unit = if rng.one_in(5) { 1 } else { size };
        Window { first: low + rng.below(room / unit) * unit, dtype, shape: shape.to_vec(), strides }
    }

    /// # Safety
    /// As for `View::from_raw`.
    unsafe fn view(&self, bytes: *mut u8) -> View<'_> {
        // SAFETY: as the caller promises.
        unsafe { View::from_raw(bytes.add(self.first), self.dtype, &self.shape, &self.strides) }
    }

    /// # Safety
    /// As for `ViewMut::from_raw_overlapping`.
    unsafe fn out(&self, bytes: *mut u8) -> ViewMut<'_> {
        // SAFETY: as the caller promises.
        unsafe { ViewMut::from_raw_overlapping(bytes.add(self.first), self.dtype, &self.shape, &self.strides) }
    }
}

const CASES: [(&str, usize); 7] = [
    ("x + 2*y", 1),
    ("x*y - sum(x)", 1),
    ("sum(y, axis=-1, keepdims=True) - x", 1),
    ("x*3", 1),
    ("x - y, x + y", 2),
    ("y - max(x), sum(x)", 2),
    ("x ^ y, y, x", 3),
];

#[test]
fn as_if_computed_apart_and_then_written() {
    for seed in 0..setting("TILEXPR_FUZZ", 1500) {
        let mut rng = Rng::new(seed);
        let (text, results) = rng.pick(&CASES);
        let dtype = |rng: &mut Rng| rng.pick(&[DType::I16, DType::I32, DType::I64]);
        let of_one_type = dtype(&mut rng);
        let shape: Vec<usize> = (0..1 + rng.below(2)).map(|_| 1 + rng.below(6)).collect();
        let mixed = rng.one_in(3);
        let window = |apart: bool, rng: &mut Rng| {
            let dtype = if mixed { dtype(rng) } else { of_one_type };
            Window::new(&shape, dtype, apart, rng)
        };
        let mut inputs = [window(false, &mut rng), window(false, &mut rng)];
        let outputs: Vec<Window> = (0..results).map(|_| window(true, &mut rng)).collect();
        if rng.one_in(3) {
            inputs[0] = outputs[0].clone();
        }
        let mut bytes: Vec<u8> = (0..BYTES).map(|_| rng.next() as u8).collect();
        let executor = rng.pick(&executors::all());
        let threads = if rng.one_in(2) { Threads::Serial } else { pool(2) };
        let builder = Expr::builder().executor(executor).threads(threads).casting(Casting::Unsafe);
        let e = builder.tile(if rng.one_in(2) { 4 } else { 1 << 20 }).grain(4).serial_below(4).compile(text).unwrap();

        // Copied first: the arguments, then each result written.
        let mut expected = bytes.clone();
        let copies: Vec<AnyArray> = inputs
            .iter()
            // SAFETY: within the bytes, of integers.
            .map(|x| Expr::compile("x").unwrap().eval(args![x = unsafe { x.view(bytes.as_mut_ptr()) }]).unwrap())
            .collect();
        let apart: Vec<AnyArray> = e.eval(args![x = &copies[0], y = &copies[1]]).unwrap();
        let copy = Expr::builder().casting(Casting::Unsafe).compile("x").unwrap();
        for (result, out) in apart.iter().zip(&outputs) {
            // SAFETY: within the bytes, which nothing else uses meanwhile; elements are apart.
            let first = unsafe { expected.as_mut_ptr().add(out.first) };
            // SAFETY: as above.
            let mut out = unsafe { ViewMut::from_raw(first, out.dtype, &out.shape, &out.strides) };
            copy.eval_into(args![x = result], &mut out).unwrap();
        }

        let pointer = bytes.as_mut_ptr();
        // SAFETY: within the bytes, of integers, used by the one call alone; the elements of each output are apart.
        let (x, y) = unsafe { (inputs[0].view(pointer), inputs[1].view(pointer)) };
        // SAFETY: as above.
        let mut out: Vec<ViewMut> = outputs.iter().map(|out| unsafe { out.out(pointer) }).collect();
        let prepared = rng.one_in(2);
        let call = |out: &mut dyn tilexpr::Out| match prepared {
            true => e.prepare_dyn(&["y", "x"], args![x, y]).unwrap().call(&[Arg::new(y), Arg::new(x)], out),
            false => e.eval_into(Args::new().with("x", x).with("y", y), out),
        };
        let done = match out.as_mut_slice() {
            [a] => call(a),
            [a, b] => call(&mut (a, b)),
            [a, b, c] => call(&mut (a, b, c)),
            _ => unreachable!(),
        };
        done.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        assert_eq!(bytes, expected, "seed {seed}: {text} {inputs:?} -> {outputs:?}");
    }
}

#[test]
fn what_does_not_fit_leaves_all_as_it_was() {
    let mut a = [1.0, 2.0, 3.0, 4.0];
    let before = a;
    let first = a.as_mut_ptr().cast::<u8>();
    // SAFETY: the elements of `a`, used by the calls below alone.
    let x = unsafe { View::from_raw(first, DType::F64, &[4], &[8]) };
    // SAFETY: as above.
    let mut short = unsafe { ViewMut::from_raw_overlapping(first, DType::F64, &[2], &[16]) };
    let e = Expr::compile("x + 1").unwrap();
    let error = e.eval_into(args![x], &mut short).unwrap_err();
    assert_eq!(error.message(), "the output has the shape [2], but the result has the shape [4]");
    // SAFETY: as above.
    let mut narrow = unsafe { ViewMut::from_raw_overlapping(first, DType::F32, &[4], &[4]) };
    assert!(e.eval_into(args![x], &mut narrow).unwrap_err().message().contains("is an array of f32"));
    assert_eq!(a, before);
}

#[test]
fn a_smaller_result_fills_what_it_was_made_of() {
    let mut a = [1.0, 2.0, 3.0, 4.0];
    let first = a.as_mut_ptr().cast::<u8>();
    // SAFETY: the elements of `a`, used by the call below alone.
    let (x, mut out) = unsafe {
        let x = View::from_raw(first, DType::F64, &[4], &[8]);
        (x, ViewMut::from_raw_overlapping(first, DType::F64, &[4], &[8]))
    };
    Expr::compile("sum(x)").unwrap().eval_into(args![x], &mut out).unwrap();
    assert_eq!(a, [10.0; 4]);
}

#[test]
fn updates_prepared_beforehand() {
    let e = Expr::compile("u + v*k, v - u*k").unwrap();
    let like = ([0.0; 3], [0.0; 3]);
    let step = e.prepare_update(["u", "v"], &["k"], args![u = &like.0, v = &like.1, k = 1.0]).unwrap();
    let (mut u, mut v) = ([1.0, 2.0, 3.0], [10.0, 20.0, 30.0]);
    step.call(&mut (&mut u, &mut v), &[Arg::new(2.0)]).unwrap();
    assert_eq!((u, v), ([21.0, 42.0, 63.0], [8.0, 16.0, 24.0]));
    let text = |error: tilexpr::EvalError| error.to_string();
    assert_eq!(text(step.call(&mut u, &[Arg::new(2.0)]).unwrap_err()), "2 names are given for 1 array to update");
    let none = step.call(&mut (&mut u, &mut v), &[]).unwrap_err();
    assert_eq!(text(none), "0 arguments are given, but the call was prepared for 1");
    let e = Expr::compile("u + 1").unwrap();
    let one = e.prepare_update("u", &[], args![u = 1.0]).unwrap();
    one.call(&mut u, &[]).unwrap();
    assert_eq!(u, [22.0, 43.0, 64.0]);
    let two = e.prepare_update(["u", "v"], &[], args![u = 1.0]).map(|_| ()).unwrap_err();
    assert_eq!(text(two), "2 names are given for 1 result to update");
    let mut whole = [1, 2];
    assert!(one.call(&mut whole, &[]).unwrap_err().message().starts_with("argument 0 is an array of i32"));
}

#[test]
fn any_number_of_names() {
    let names: Vec<String> = (0..40).map(|i| format!("a{i}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let arrays: Vec<Vec<f64>> = (0..40).map(|i| vec![i as f64; 5]).collect();
    let like: Args = names.iter().zip(&arrays).map(|(name, array)| (*name, Arg::new(array))).collect();
    let f = Expr::compile(&names.join(" + ")).unwrap().prepare_dyn(&names, like).unwrap();
    let all: Vec<Arg> = arrays.iter().map(Arg::new).collect();
    let mut y = [0.0; 5];
    f.call(&all, &mut y).unwrap();
    assert_eq!(y, [780.0; 5]);
    let error = f.call(&all[..39], &mut y).unwrap_err();
    assert_eq!(error.to_string(), "39 arguments are given, but the call was prepared for 40");
}

#[test]
fn layouts_are_those_of_new_results() {
    let mut rng = Rng::new(5);
    let a = ndarray::Array3::<f32>::zeros((4, 3, 5));
    for text in ["a + 1", "sum(a, axis=1)", "a, a > 0, mean(a)"] {
        for _ in 0..6 {
            let axes = rng.order(3);
            let view = a.view().permuted_axes([axes[0], axes[1], axes[2]]);
            for order in [tilexpr::Order::K, tilexpr::Order::C, tilexpr::Order::F, tilexpr::Order::A] {
                let e = Expr::builder().order(order).compile(text).unwrap();
                let expected: Vec<AnyArray> = e.eval(args![a = view]).unwrap();
                let layouts = e.layouts(args![a = view]).unwrap();
                assert_eq!(layouts.len(), expected.len());
                for (layout, array) in layouts.iter().zip(&expected) {
                    assert_eq!((layout.dtype, &layout.shape[..]), (array.dtype(), array.shape()));
                    assert_eq!(layout.strides, array.strides(), "{text} {order:?} {axes:?}");
                }
            }
        }
    }
}
