//! What the benches share: data, the two expressions, hand-written loops, races, a counting allocator.
#![allow(clippy::reversed_empty_ranges, reason = "`1..-1` is an ndarray slice from both ends")]
#![allow(dead_code, unused_imports, reason = "each bench uses a part of it")]

pub mod count;
pub mod first;
pub mod hand;
pub mod heat;
pub mod ratio;

use ndarray::{Array1, ArrayD, LinalgScalar, ScalarOperand, Zip};
use tilexpr::{Element, Expr, args};

/// One temporary in ndarray if written well: three streams in, one out.
pub const SHORT: &str = "a*b + c";
/// Ten temporaries in ndarray if written as it stands.
pub const LONG: &str = "(a - b)**2/(a*b + c) + 0.5*c";

/// The element types that are measured.
pub trait Real:
    Element + LinalgScalar + ScalarOperand + Send + Sync + PartialEq + std::fmt::Debug + hand::Lanes
{
    /// Its name in the tables.
    const NAME: &'static str;

    /// The nearest number.
    fn of(x: f64) -> Self;
}

impl Real for f64 {
    const NAME: &'static str = "f64";

    fn of(x: f64) -> f64 {
        x
    }
}

impl Real for f32 {
    const NAME: &'static str = "f32";

    fn of(x: f64) -> f32 {
        x as f32
    }
}

/// `SHORT` at a point.
#[inline(always)]
pub fn short<T: Real>(a: T, b: T, c: T) -> T {
    a * b + c
}

/// `LONG` at a point.
#[inline(always)]
pub fn long<T: Real>(a: T, b: T, c: T) -> T {
    let d = a - b;
    d * d / (a * b + c) + T::of(0.5) * c
}

/// Three arrays to read and one to write, each element touched once. All contenders of a race use the same ones, on
/// ordinary memory as ndarray allocates it, so pages, alignment and caches are the same for all.
pub struct Lines<T> {
    pub a: Array1<T>,
    pub b: Array1<T>,
    pub c: Array1<T>,
    pub y: Array1<T>,
}

impl<T: Real> Lines<T> {
    /// Arrays of `n` elements between 0.5 and 1.5, none of them special.
    pub fn new(n: usize) -> Lines<T> {
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        let mut line = || {
            Array1::from_shape_simple_fn(n, || {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                T::of(0.5 + (state >> 40) as f64 / (1u64 << 24) as f64)
            })
        };
        Lines { a: line(), b: line(), c: line(), y: Array1::from_elem(n, T::zero()) }
    }

    /// The number of elements.
    pub fn n(&self) -> usize {
        self.y.len()
    }

    /// The bytes that have to be moved: three streams in, one out.
    pub fn bytes(&self) -> usize {
        4 * self.n() * size_of::<T>()
    }

    /// The arrays as slices.
    pub fn slices<'a>(&'a mut self) -> ([&'a [T]; 3], &'a mut [T]) {
        let input = |x: &'a Array1<T>| x.as_slice().expect("a line");
        ([input(&self.a), input(&self.b), input(&self.c)], self.y.as_slice_mut().expect("a line"))
    }
}

/// ndarray's ways to `a*b + c`.
pub mod ndarray_short {
    use super::*;

    /// `&a*&b + &c`: the product's memory becomes the result's.
    pub fn one_temporary<T: Real>(l: &Lines<T>) -> Array1<T> {
        &l.a * &l.b + &l.c
    }

    /// The product kept in a name and borrowed: a second allocation for the sum.
    pub fn two_temporaries<T: Real>(l: &Lines<T>) -> Array1<T> {
        let product = &l.a * &l.b;
        &product + &l.c
    }

    /// No allocation, three passes over `y`.
    pub fn in_place<T: Real>(l: &mut Lines<T>) {
        l.y.assign(&l.a);
        l.y.zip_mut_with(&l.b, |y, &b| *y = *y * b);
        l.y.zip_mut_with(&l.c, |y, &c| *y = *y + c);
    }

    /// One pass on one thread.
    pub fn zip<T: Real>(l: &mut Lines<T>) {
        Zip::from(&mut l.y).and(&l.a).and(&l.b).and(&l.c).for_each(|y, &a, &b, &c| *y = short(a, b, c));
    }

    /// One pass on rayon's threads.
    pub fn par_zip<T: Real>(l: &mut Lines<T>) {
        Zip::from(&mut l.y).and(&l.a).and(&l.b).and(&l.c).par_for_each(|y, &a, &b, &c| *y = short(a, b, c));
    }
}

/// ndarray's ways to the longer expression.
pub mod ndarray_long {
    use super::*;

    /// Operators as in the text, temporaries reused wherever one can be consumed.
    pub fn one_temporary<T: Real>(l: &Lines<T>) -> Array1<T> {
        let mut square = &l.a - &l.b;
        square.mapv_inplace(|d| d * d);
        square / (&l.a * &l.b + &l.c) + &l.c * T::of(0.5)
    }

    /// Each operation into a new array.
    pub fn two_temporaries<T: Real>(l: &Lines<T>) -> Array1<T> {
        let difference = &l.a - &l.b;
        let square = &difference * &difference;
        let product = &l.a * &l.b;
        let sum = &product + &l.c;
        let quotient = &square / &sum;
        let half = &l.c * T::of(0.5);
        &quotient + &half
    }

    /// No allocation for the result, but one for the divisor that needs a place besides.
    pub fn in_place<T: Real>(l: &mut Lines<T>) {
        let divisor = &l.a * &l.b + &l.c;
        l.y.assign(&l.a);
        l.y.zip_mut_with(&l.b, |y, &b| *y = (*y - b) * (*y - b));
        l.y.zip_mut_with(&divisor, |y, &d| *y = *y / d);
        l.y.zip_mut_with(&l.c, |y, &c| *y = *y + T::of(0.5) * c);
    }

    /// One pass on one thread.
    pub fn zip<T: Real>(l: &mut Lines<T>) {
        Zip::from(&mut l.y).and(&l.a).and(&l.b).and(&l.c).for_each(|y, &a, &b, &c| *y = long(a, b, c));
    }

    /// One pass on rayon's threads.
    pub fn par_zip<T: Real>(l: &mut Lines<T>) {
        Zip::from(&mut l.y).and(&l.a).and(&l.b).and(&l.c).par_for_each(|y, &a, &b, &c| *y = long(a, b, c));
    }
}

/// The array as a result of the library: in huge pages, as far as the system has them, like NumPy's own.
pub fn in_huge_pages<T: Element>(array: &ArrayD<T>) -> ArrayD<T> {
    let e = Expr::compile("a").expect("it compiles");
    e.eval(args![a = array]).expect("it runs")
}

/// What ndarray's arithmetic was compiled for: the comparison depends on it.
pub fn compiled_for() -> &'static str {
    if cfg!(target_feature = "avx512f") {
        "AVX-512 (target-cpu=native)"
    } else if cfg!(target_feature = "avx2") {
        "AVX2 (target-cpu=native)"
    } else {
        "the baseline of the architecture (for the native one: RUSTFLAGS=\"-C target-cpu=native\")"
    }
}
