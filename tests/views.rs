//! Arrays that are only an address and strides in bytes: of records, at odd places, reversed, with gaps, in either byte order.

mod common;

use common::rng::Rng;
use ndarray::{Array2, array};
use num_complex::Complex;
use tilexpr::{AnyArray, Arg, ByteOrder, DType, Element, EvalErrorKind, Executor, Expr, IntoArg, View, ViewMut, args};

const FOREIGN: ByteOrder = ByteOrder::NATIVE.swapped();

/// Two axes of elements, with any number of bytes between them.
#[derive(Clone)]
struct Placed {
    bytes: Vec<u8>,
    first: usize,
    shape: [usize; 2],
    strides: [isize; 2],
}

impl Placed {
    /// A place for elements of this size: either axis outermost, either reversed, odd gaps, all bytes 1.
    fn new(shape: [usize; 2], size: usize, rng: &mut Rng) -> Placed {
        let outer = rng.below(2);
        let near = size + rng.below(4);
        let far = near * shape[1 - outer] + rng.below(6);
        let (mut strides, mut first) = ([0; 2], rng.below(9));
        for (axis, stride) in [(outer, far), (1 - outer, near)] {
            let reversed = rng.below(3) == 0;
            strides[axis] = if reversed { -(stride as isize) } else { stride as isize };
            first += if reversed { stride * (shape[axis] - 1) } else { 0 };
        }
        Placed { bytes: vec![1; 16 + far * shape[outer] + size], first, shape, strides }
    }

    fn of<T: Element>(values: &Array2<T>, rng: &mut Rng) -> Placed {
        let mut placed = Placed::new([values.nrows(), values.ncols()], size_of::<T>(), rng);
        for ((i, j), value) in values.indexed_iter() {
            let at = placed.at(i, j);
            // SAFETY: `Placed::new` has made room for each element.
            unsafe { placed.bytes.as_mut_ptr().add(at).cast::<T>().write_unaligned(*value) }
        }
        placed
    }

    fn at(&self, i: usize, j: usize) -> usize {
        (self.first as isize + i as isize * self.strides[0] + j as isize * self.strides[1]) as usize
    }

    fn view(&self, dtype: DType) -> View<'_> {
        // SAFETY: `new` has made room for each element, `of` has written it.
        unsafe { View::from_raw(self.bytes[self.first..].as_ptr(), dtype, &self.shape, &self.strides) }
    }

    fn view_mut(&mut self, dtype: DType) -> ViewMut<'_> {
        // SAFETY: `new` has made room for each element, and elements are apart.
        unsafe { ViewMut::from_raw(self.bytes.as_mut_ptr().add(self.first), dtype, &self.shape, &self.strides) }
    }

    /// A copy between this byte order and the machine's: the bytes of each element, of each part of a complex one.
    fn ordered(&self, order: ByteOrder, dtype: DType) -> Placed {
        let mut placed = self.clone();
        if order == ByteOrder::NATIVE {
            return placed;
        }
        let (size, part) = (dtype.size(), dtype.part().size());
        for (i, j) in (0..self.shape[0]).flat_map(|i| (0..self.shape[1]).map(move |j| (i, j))) {
            let first = self.at(i, j);
            placed.bytes[first..first + size].chunks_mut(part).for_each(<[u8]>::reverse);
        }
        placed
    }

    /// The elements, which are taken away: all bytes are 1 again.
    fn take<T: Element>(&mut self) -> Array2<T> {
        Array2::from_shape_fn(self.shape, |(i, j)| {
            let at = self.at(i, j);
            // SAFETY: within the bytes, where an element has been written.
            let value = unsafe { self.bytes.as_ptr().add(at).cast::<T>().read_unaligned() };
            self.bytes[at..at + size_of::<T>()].fill(1);
            value
        })
    }
}

/// The text with arguments and result at odd places, and as ndarray has them.
fn check<A: Element, B: Element, R: Element + PartialEq + std::fmt::Debug>(
    text: &str,
    shape: [usize; 2],
    a: fn(usize) -> A,
    b: fn(usize) -> B,
) {
    let mut rng = Rng::new(7);
    for round in 0..8 {
        let x = Array2::from_shape_fn(shape, |_| a(rng.below(100)));
        let y = Array2::from_shape_fn(shape, |_| b(rng.below(100)));
        let (px, py) = (Placed::of(&x, &mut rng), Placed::of(&y, &mut rng));
        for executor in Executor::available() {
            let e = Expr::builder()
                .executor(executor)
                .tile(if round % 2 == 0 { 1 << 20 } else { 32 })
                .compile(text)
                .unwrap();
            let expected: Array2<R> = e.eval(args![x, y]).unwrap();
            let orders = [round / 2 % 2, round / 4].map(|n| [ByteOrder::NATIVE, FOREIGN][n]);
            let view = px.ordered(orders[0], A::DTYPE);
            let args = || args![x = view.view(A::DTYPE).with_byte_order(orders[0]), y = py.view(B::DTYPE)];
            let found: Array2<R> = e.eval(args()).unwrap();
            assert_eq!(found, expected, "{text}");
            let mut out = Placed::new(shape, size_of::<R>(), &mut rng);
            e.eval_into(args(), &mut out.view_mut(R::DTYPE).with_byte_order(orders[1])).unwrap();
            let mut out = out.ordered(orders[1], R::DTYPE);
            assert_eq!(out.take::<R>(), expected, "{text}");
            assert!(out.bytes.iter().all(|&byte| byte == 1), "{text}: bytes between elements were written");
        }
    }
}

#[test]
fn any_stride_in_bytes_will_do() {
    for shape in [[1, 1], [5, 7], [40, 33], [1, 200], [90, 2]] {
        check::<f64, i16, f64>("x*y + 1.5", shape, |n| n as f64, |n| n as i16);
        check::<u8, bool, u8>("where(y, x + 200, x // 3)", shape, |n| n as u8, |n| n % 2 == 0);
        check::<f32, f32, bool>("x < y", shape, |n| n as f32, |n| n as f32);
        check::<Complex<f32>, f32, Complex<f32>>("x*y + 1j", shape, |n| Complex::new(n as f32, 1.0), |n| n as f32);
        check::<Complex<f64>, i64, Complex<f64>>("x*y", shape, |n| Complex::new(1.0, n as f64), |n| n as i64);
        check::<f64, f32, f64>("x - sum(x*y, axis=0)", shape, |n| n as f64, |n| n as f32);
        check::<u16, u64, f64>("x + sqrt(y)", shape, |n| n as u16 * 300, |n| n as u64);
        check::<i16, i32, i32>("x*y - x", shape, |n| n as i16 - 50, |n| n as i32);
        check::<u32, u8, i64>("x - i64(y)", shape, |n| n as u32 * 40_000_000, |n| n as u8);
        check::<i64, i8, i64>("cumulative(x) = x*x; cumulative(x) + y", shape, |n| n as i64 - 50, |n| n as i8);
        check::<u64, bool, u64>("where(y, x, 7)", shape, |n| (n as u64) << 57, |n| n % 3 == 0);
        check::<Complex<f32>, f64, Complex<f64>>(
            "conj(x)/(1 + y) - mean(x)",
            shape,
            |n| Complex::new(1.0, n as f32),
            |n| n as f64,
        );
        check::<f32, i64, f32>("-x + f32(argmax(x)) + f32(min(y, axis=0))", shape, |n| n as f32, |n| n as i64);
        check::<f64, i32, f64>("sin(x) + max(y, axis=1, keepdims=True)", shape, |n| n as f64, |n| n as i32);
    }
}

#[test]
fn updates_of_what_lies_at_odd_places() {
    let mut rng = Rng::new(1);
    let x = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
    for executor in Executor::available() {
        let mut placed = Placed::of(&x, &mut rng);
        let e = Expr::builder().executor(executor).compile("x - mean(x)").unwrap();
        e.update("x", &mut placed.view_mut(DType::F64), args![]).unwrap();
        assert_eq!(placed.take::<f64>(), &x - 3.5);
    }
}

#[test]
fn what_is_smaller_is_copied_along_an_output_of_bytes() {
    let mut rng = Rng::new(2);
    for _ in 0..10 {
        let mut out = Placed::new([4, 3], 8, &mut rng);
        Expr::compile("x + 1").unwrap().eval_into(args![x = &[1.0, 2.0, 3.0]], &mut out.view_mut(DType::F64)).unwrap();
        assert_eq!(out.take::<f64>(), Array2::from_shape_fn((4, 3), |(_, j)| j as f64 + 2.0));
        assert!(out.bytes.iter().all(|&byte| byte == 1));
    }
}

#[test]
fn accessors_count_bytes() {
    let mut a = Array2::<i32>::zeros((3, 5));
    let address = a.as_ptr().cast::<u8>();
    let view = View::from(&a);
    assert_eq!((view.as_ptr(), view.dtype(), view.shape()), (address, DType::I32, &[3, 5][..]));
    assert_eq!(view.strides().collect::<Vec<_>>(), [20, 4]);
    let twice = (view, view);
    assert_eq!(Arg::new(twice.1).shape(), [3, 5]);
    let mut out = ViewMut::from(&mut a);
    assert_eq!(
        (out.dtype(), out.shape(), out.strides().rev().collect::<Vec<_>>()),
        (DType::I32, &[3, 5][..], vec![4, 20])
    );
    Expr::compile("7").unwrap().eval_into(args![], &mut out.reborrow()).unwrap_err();
    Expr::builder().casting(tilexpr::Casting::Unsafe).compile("7").unwrap().eval_into(args![], &mut out).unwrap();
    assert_eq!(Expr::compile("sum(a)").unwrap().eval::<i64>(args![a = out.as_view()]).unwrap(), 105);
    assert_eq!(out.as_view().into_arg().dtype(), DType::I32);
}

#[test]
fn views_go_between_threads() {
    fn check<T: Send + Sync>() {}
    check::<View>();
    check::<ViewMut>();
}

#[test]
fn an_array_of_no_elements_may_lie_anywhere() {
    // SAFETY: there are no elements.
    let view = unsafe { View::from_raw(std::ptr::null(), DType::F64, &[0, 3], &[1, -7]) };
    let y: AnyArray = Expr::compile("x + 1").unwrap().eval(args![x = view]).unwrap();
    assert_eq!(y.shape(), [0, 3]);
    assert_eq!(Expr::compile("sum(x)").unwrap().eval::<f64>(args![x = view]).unwrap(), 0.0);
}

#[test]
fn explain_says_bytes_where_strides_are_no_whole_elements() {
    let bytes = [0_u8; 64];
    // SAFETY: within the bytes.
    let odd = unsafe { View::from_raw(bytes.as_ptr(), DType::F64, &[5], &[11]) };
    // SAFETY: within the bytes.
    let even = unsafe { View::from_raw(bytes.as_ptr(), DType::F64, &[4], &[16]) };
    let text = |x: View| Expr::compile("x + 1").unwrap().explain(args![x]).unwrap().to_string();
    assert!(text(odd).contains("strides [11] bytes"), "{}", text(odd));
    assert!(text(even).contains("strides [2] elements"), "{}", text(even));
}

/// Big-endian or little-endian bytes, whichever is not the machine's.
fn foreign<T: Element, const N: usize>(values: [T; N]) -> Vec<u8> {
    let size = T::DTYPE.part().size();
    // SAFETY: numbers, which are bytes.
    let bytes = unsafe { std::slice::from_raw_parts(values.as_ptr().cast::<u8>(), size_of_val(&values)) };
    bytes.chunks(size).flat_map(|part| part.iter().rev()).copied().collect()
}

fn foreign_view<'a>(bytes: &'a [u8], dtype: DType, shape: &'a [usize; 1], strides: &'a [isize; 1]) -> View<'a> {
    assert_eq!(bytes.len(), shape[0] * dtype.size());
    // SAFETY: as many bytes as asserted.
    unsafe { View::from_raw(bytes.as_ptr(), dtype, shape, strides) }.with_byte_order(FOREIGN)
}

#[test]
fn reductions_read_bytes_in_either_order() {
    let bytes = foreign([1.5_f32, -2.0, 40.0, 7.0]);
    for executor in Executor::available() {
        let value = |text: &str| {
            let e = Expr::builder().executor(executor).compile(text).unwrap();
            e.eval::<f64>(args![x = foreign_view(&bytes, DType::F32, &[4], &[4])]).unwrap()
        };
        assert_eq!(value("f64(sum(x))"), 46.5);
        assert_eq!(value("f64(max(x))"), 40.0);
        assert_eq!(value("f64(argmin(x))"), 1.0);
        assert_eq!(value("f64(any(x == 7))"), 1.0);
        assert_eq!(value("f64(var(x))"), 278.671_875);
    }
}

#[test]
fn an_update_keeps_the_byte_order() {
    for executor in Executor::available() {
        let mut bytes = foreign([1.5_f64, -2.0, 40.0]);
        // SAFETY: three numbers of eight bytes.
        let view = unsafe { ViewMut::from_raw(bytes.as_mut_ptr(), DType::F64, &[3], &[8]) };
        let e = Expr::builder().executor(executor).compile("where(x < 0, 0, x + 1)").unwrap();
        e.update("x", &mut view.with_byte_order(FOREIGN), args![]).unwrap();
        assert_eq!(bytes, foreign([2.5_f64, 0.0, 41.0]));
        // SAFETY: as above; the argument is what is written.
        let (x, out) = unsafe {
            let x = View::from_raw(bytes.as_ptr(), DType::F64, &[3], &[8]).with_byte_order(FOREIGN);
            (x, ViewMut::from_raw_overlapping(bytes.as_mut_ptr(), DType::F64, &[3], &[8]))
        };
        Expr::compile("x").unwrap().eval_into(args![x], &mut out.with_byte_order(ByteOrder::NATIVE)).unwrap();
        let native: Vec<u8> = [2.5_f64, 0.0, 41.0].into_iter().flat_map(f64::to_ne_bytes).collect();
        assert_eq!(bytes, native);
    }
}

#[test]
fn one_expression_keeps_byte_orders_apart() {
    let e = Expr::compile("x + 1").unwrap();
    let bytes = foreign([1_u16, 2]);
    for _ in 0..2 {
        let found: Vec<u16> = e.eval(args![x = foreign_view(&bytes, DType::U16, &[2], &[2])]).unwrap();
        assert_eq!(found, [2, 3]);
        assert_eq!(e.eval::<Vec<u16>>(args![x = &[1_u16, 2]]).unwrap(), [2, 3]);
    }
}

#[test]
fn prepared_calls_refuse_another_byte_order() {
    let bytes = foreign([1.0_f64, 2.0]);
    let view = foreign_view(&bytes, DType::F64, &[2], &[8]);
    let mut y = [0.0; 2];
    let swapped = Expr::compile("x*10").unwrap().prepare(["x"], args![x = view]).unwrap();
    swapped.call([Arg::new(view)], &mut y).unwrap();
    assert_eq!(y, [10.0, 20.0]);
    let error = swapped.call([Arg::new(&[1.0, 2.0])], &mut y).unwrap_err();
    assert_eq!(error.kind(), EvalErrorKind::Prepared);
    let text = "argument 0 is an array of f64, but the call was prepared for an array of f64 with swapped bytes";
    assert!(error.to_string().contains(text), "{error}");
    let native = Expr::compile("x*10").unwrap().prepare(["x"], args![x = &[1.0, 2.0]]).unwrap();
    assert!(native.call([Arg::new(view)], &mut y).unwrap_err().to_string().contains("with swapped bytes, but"));
    // An output is written as it lies.
    let mut out = vec![0; 16];
    // SAFETY: two numbers of eight bytes.
    let to = unsafe { ViewMut::from_raw(out.as_mut_ptr(), DType::F64, &[2], &[8]) };
    native.call([Arg::new(&[3.0, 4.0])], &mut to.with_byte_order(FOREIGN)).unwrap();
    assert_eq!(out, foreign([30.0, 40.0]));
}

#[test]
fn parts_of_either_byte_order_come_to_one_whole() {
    let values: Vec<f32> = (0..1024).map(|n| (n as f32).sin()).collect();
    let first: [f32; 512] = values[..512].try_into().unwrap();
    let e = Expr::compile("sum(x*x), max(x)").unwrap();
    let whole: (f32, f32) = e.eval(args![x = &values]).unwrap();
    let bytes = foreign(first);
    let state = e.partial(args![x = foreign_view(&bytes, DType::F32, &[512], &[4])], 0, 1024).unwrap();
    let state = state.merge(e.partial(args![x = &values[512..]], 512, 1024).unwrap()).unwrap();
    assert_eq!(state.finish::<(f32, f32)>().unwrap(), whole);
}

#[test]
fn elements_of_one_byte_have_no_order() {
    // SAFETY: two bytes.
    let view = unsafe { View::from_raw([1_u8, 2].as_ptr(), DType::U8, &[2], &[1]) };
    assert_eq!(view.with_byte_order(FOREIGN).byte_order(), ByteOrder::NATIVE);
    let bytes = foreign([1_i16]);
    let view = foreign_view(&bytes, DType::I16, &[1], &[2]);
    assert_eq!(view.byte_order(), FOREIGN);
    assert_eq!(view.with_byte_order(ByteOrder::NATIVE).byte_order(), ByteOrder::NATIVE);
}

#[test]
fn explain_says_that_bytes_are_swapped() {
    let bytes = foreign([1.0_f64, 2.0]);
    let view = foreign_view(&bytes, DType::F64, &[2], &[8]);
    let text = Expr::compile("x + 1").unwrap().explain(args![x = view]).unwrap().to_string();
    assert!(text.contains("f64   [2], byte-swapped"), "{text}");
    assert!(text.contains("reads      f64 `x`: i0 next; byte-swapped"), "{text}");
}

/// A bound call reads what is in its arguments then, whether they go straight to the kernel or in the ordinary way.
#[test]
fn bound_calls() {
    for (step, overlapping) in [(1, false), (2, false), (1, true)] {
        let mut a: Vec<f64> = (0..40).map(f64::from).collect();
        let (mut k, mut y) = (2.0, vec![0.0; 20]);
        let call = Expr::compile("a*k + 1").unwrap().prepare_dyn(&["k", "a"], args![a = &a[..20], k]).unwrap();
        let strides = [8 * step];
        for round in 0..3 {
            a.iter_mut().for_each(|x| *x += f64::from(round));
            k += 1.0;
            let expected: Vec<f64> = (0..20).map(|at| a[at * step as usize] * k + 1.0).collect();
            // SAFETY: elements of `a`, and those of `y`, which nothing else uses meanwhile.
            let (view, out) = unsafe {
                let out = if overlapping { ViewMut::from_raw_overlapping } else { ViewMut::from_raw };
                let view = View::from_raw(a.as_ptr().cast(), DType::F64, &[20], &strides);
                (view, out(y.as_mut_ptr().cast(), DType::F64, &[20], &[8]))
            };
            let mut bound = call.bind(&[Arg::new(k), Arg::new(view)], out).unwrap();
            bound.call().unwrap();
            bound.call().unwrap();
            drop(bound);
            assert_eq!(y, expected);
        }
    }
    let (a, n, mut y) = ([2_i64, 3], [2_i64, -1], [0_i64; 2]);
    let power = Expr::compile("a**n").unwrap().prepare_dyn(&["a", "n"], args![a, n]).unwrap();
    let pointer = y.as_mut_ptr().cast();
    // SAFETY: the elements of `y`, which nothing else uses while a view of them does.
    let out = || unsafe { ViewMut::from_raw(pointer, DType::I64, &[2], &[8]) };
    let fault = power.bind(&[Arg::new(&a), Arg::new(&n)], out()).unwrap().call().unwrap_err();
    assert_eq!(fault.kind(), EvalErrorKind::Fault);
    let wrong = |args: &[Arg]| power.bind(args, out()).err().map(|error| error.kind());
    assert_eq!(wrong(&[Arg::new(&a)]), Some(EvalErrorKind::Prepared));
    assert_eq!(wrong(&[Arg::new(&a), Arg::new(&[1.0, 2.0])]), Some(EvalErrorKind::Prepared));
}
