//! Which layouts there are: shapes and strides, as functions of the number of points.

use tilexpr::{ByteOrder, DType, Element, View, ViewMut};

/// How the arrays of an expression lie: arguments `a`, `b`, `c` and the result, or the one argument of a reduction.
pub struct Lies {
    pub shape: Vec<usize>,
    /// For each array the stride along each axis, in bytes.
    pub arrays: Vec<Vec<isize>>,
}

impl Lies {
    /// So many arrays of one axis.
    pub fn contiguous(points: usize, arrays: usize, size: isize) -> Lies {
        Lies { shape: vec![points], arrays: vec![vec![size]; arrays] }
    }

    /// Bytes of the lines of the cache that are touched.
    pub fn touched(&self, size: usize) -> f64 {
        self.arrays
            .iter()
            .map(|strides| {
                let moving = self.shape.iter().zip(strides).filter(|(n, s)| **n > 1 && **s != 0);
                let least = moving.clone().map(|(_, s)| s.unsigned_abs()).min().unwrap_or(size);
                moving.map(|(n, _)| *n as f64).product::<f64>() * least.clamp(size, 64) as f64
            })
            .sum()
    }
}

/// Bytes by which the memory of each array begins later than that of the one before.
const APART: usize = 5 * 64;

/// Memory with elements that lie so.
#[derive(Clone)]
pub struct Array<T> {
    bytes: Vec<u8>,
    first: usize,
    strides: Vec<isize>,
    swapped: bool,
    element: std::marker::PhantomData<T>,
}

impl<T: Element + From<u8>> Array<T> {
    /// All arrays that lie so, the arguments perhaps with their bytes swapped.
    pub fn all(lies: &Lies, swapped: bool) -> Vec<Array<T>> {
        let count = lies.arrays.len();
        let new = |(at, strides): (usize, &Vec<isize>)| {
            // (Arrays that lie whole pages apart would get in each other's way, whatever their layout.)
            Array::new(&lies.shape, strides, at * APART, swapped && (count == 1 || at + 1 < count))
        };
        lies.arrays.iter().enumerate().map(new).collect()
    }

    fn new(shape: &[usize], strides: &[isize], apart: usize, swapped: bool) -> Array<T> {
        let far = |positive: bool| -> usize {
            let axes = shape.iter().zip(strides).filter(|(_, s)| (**s > 0) == positive);
            axes.map(|(n, s)| (n - 1) * s.unsigned_abs()).sum()
        };
        let (first, size) = (apart + far(false), size_of::<T>());
        let mut bytes = vec![0; first + far(true) + size];
        // Elements of an array that is repeated are written once.
        let lengths: Vec<usize> = shape.iter().zip(strides).map(|(n, s)| if *s == 0 { 1 } else { *n }).collect();
        let (mut index, mut at) = (vec![0; shape.len()], first as isize);
        for number in 0..lengths.iter().product::<usize>() {
            let value = T::from(1 + (number % 3) as u8);
            let place = &mut bytes[at as usize..][..size];
            // SAFETY: a place of the element's size.
            unsafe { place.as_mut_ptr().cast::<T>().write_unaligned(value) };
            if swapped {
                place.reverse();
            }
            for axis in (0..lengths.len()).rev() {
                index[axis] += 1;
                at += strides[axis];
                if index[axis] < lengths[axis] {
                    break;
                }
                at -= strides[axis] * lengths[axis] as isize;
                index[axis] = 0;
            }
        }
        Array { bytes, first, strides: strides.to_vec(), swapped, element: std::marker::PhantomData }
    }

    pub fn view<'a>(&'a self, shape: &'a [usize]) -> View<'a> {
        let order = if self.swapped { ByteOrder::NATIVE.swapped() } else { ByteOrder::NATIVE };
        // SAFETY: there is room for each element of this shape, and all have been written.
        unsafe { View::from_raw(self.bytes.as_ptr().add(self.first), T::DTYPE, shape, &self.strides) }
            .with_byte_order(order)
    }

    pub fn view_mut<'a>(&'a mut self, shape: &'a [usize]) -> ViewMut<'a> {
        // SAFETY: as above; results lie apart from all else, and their elements from each other.
        unsafe { ViewMut::from_raw(self.bytes.as_mut_ptr().add(self.first), T::DTYPE, shape, &self.strides) }
    }
}

/// A row of the table.
#[derive(Clone)]
pub struct Case {
    pub name: &'static str,
    pub text: &'static str,
    /// What contiguous arrays are taken through.
    pub beside: &'static str,
    pub dtype: DType,
    /// Whether the result is small, and new.
    pub reduces: bool,
    pub swapped: bool,
    /// So many times fewer points, for less than one in each line of the cache is read.
    pub fewer: usize,
    pub lies: fn(usize, isize) -> Lies,
}

/// Strides of an array whose axes lie in this order, outermost first, each element of so many bytes.
fn order(shape: &[usize], axes: &[usize], size: isize) -> Vec<isize> {
    let (mut strides, mut step) = (vec![0; shape.len()], size);
    for &axis in axes.iter().rev() {
        strides[axis] = step;
        step *= shape[axis] as isize;
    }
    strides
}

/// C order.
pub fn c(shape: &[usize], size: isize) -> Vec<isize> {
    order(shape, &(0..shape.len()).collect::<Vec<_>>(), size)
}

/// F order.
fn f(shape: &[usize], size: isize) -> Vec<isize> {
    order(shape, &(0..shape.len()).rev().collect::<Vec<_>>(), size)
}

fn square(n: usize) -> Vec<usize> {
    vec![n.isqrt(); 2]
}

fn cube(n: usize) -> Vec<usize> {
    vec![(n as f64).cbrt() as usize; 3]
}

/// Three arguments and a result, of which the first argument lies otherwise.
fn first(shape: Vec<usize>, a: Vec<isize>, size: isize) -> Lies {
    let c = c(&shape, size);
    Lies { shape, arrays: vec![a, c.clone(), c.clone(), c] }
}

/// The same of all four, or of the result alone.
fn all(shape: Vec<usize>, lies: Vec<isize>) -> Lies {
    Lies { shape, arrays: vec![lies; 4] }
}

fn result(shape: Vec<usize>, y: Vec<isize>, size: isize) -> Lies {
    let c = c(&shape, size);
    Lies { shape, arrays: vec![c.clone(), c.clone(), c, y] }
}

/// A table of which every so manyth element along the last axis is used.
fn stepped(shape: &[usize], step: isize, size: isize) -> Vec<isize> {
    c(shape, size * step)
}

fn negative(strides: Vec<isize>, axes: &[usize]) -> Vec<isize> {
    strides.iter().enumerate().map(|(at, s)| if axes.contains(&at) { -s } else { *s }).collect()
}

/// What lies so of elementwise expressions.
type Layout = (&'static str, usize, fn(usize, isize) -> Lies);

#[rustfmt::skip]
const ELEMENTWISE: &[Layout] = &[
    ("all C", 1, |n, s| { let shape = square(n); all(shape.clone(), c(&shape, s)) }),
    ("all F", 1, |n, s| { let shape = square(n); all(shape.clone(), f(&shape, s)) }),
    ("a F", 1, |n, s| { let shape = square(n); first(shape.clone(), f(&shape, s), s) }),
    ("a, b F", 1, |n, s| { let shape = square(n); let (c, f) = (c(&shape, s), f(&shape, s)); Lies { shape, arrays: vec![f.clone(), f, c.clone(), c] } }),
    ("result F", 1, |n, s| { let shape = square(n); result(shape.clone(), f(&shape, s), s) }),
    ("a step 2", 2, |n, s| { let shape = square(n); first(shape.clone(), stepped(&shape, 2, s), s) }),
    ("a step 3", 3, |n, s| { let shape = square(n); first(shape.clone(), stepped(&shape, 3, s), s) }),
    ("a step 8", 8, |n, s| { let shape = square(n); first(shape.clone(), stepped(&shape, 8, s), s) }),
    ("all step 2", 2, |n, s| { let shape = square(n); all(shape.clone(), stepped(&shape, 2, s)) }),
    ("all step 8", 8, |n, s| { let shape = square(n); all(shape.clone(), stepped(&shape, 8, s)) }),
    ("result step 2", 2, |n, s| { let shape = square(n); result(shape.clone(), stepped(&shape, 2, s), s) }),
    ("result step 3", 3, |n, s| { let shape = square(n); result(shape.clone(), stepped(&shape, 3, s), s) }),
    ("a every second row", 1, |n, s| { let shape = square(n); first(shape.clone(), vec![2 * s * shape[1] as isize, s], s) }),
    ("a[:, :-1]", 1, |n, s| { let shape = square(n); first(shape.clone(), vec![s * (shape[1] as isize + 1), s], s) }),
    ("a reversed, one axis", 1, |n, s| first(vec![n], vec![-s], s)),
    ("a columns reversed", 1, |n, s| { let shape = square(n); first(shape.clone(), negative(c(&shape, s), &[1]), s) }),
    ("a rows reversed", 1, |n, s| { let shape = square(n); first(shape.clone(), negative(c(&shape, s), &[0]), s) }),
    ("a both reversed", 1, |n, s| { let shape = square(n); first(shape.clone(), negative(c(&shape, s), &[0, 1]), s) }),
    ("all reversed", 1, |n, s| all(vec![n], vec![-s])),
    ("result columns reversed", 1, |n, s| { let shape = square(n); result(shape.clone(), negative(c(&shape, s), &[1]), s) }),
    ("a scalar", 1, |n, s| first(vec![n], vec![0], s)),
    ("a row", 1, |n, s| { let shape = square(n); first(shape, vec![0, s], s) }),
    ("a column", 1, |n, s| { let shape = square(n); first(shape, vec![s, 0], s) }),
    ("a row, b column", 1, |n, s| { let shape = square(n); let c = c(&shape, s); Lies { shape, arrays: vec![vec![0, s], vec![s, 0], c.clone(), c] } }),
    ("a middle axis", 1, |n, s| { let shape = cube(n); first(shape, vec![0, s, 0], s) }),
    ("a without middle axis", 1, |n, s| { let shape = cube(n); let w = shape[2] as isize; first(shape, vec![s * w, 0, s], s) }),
    ("a, b, c column", 1, |n, s| { let shape = square(n); let c = c(&shape, s); Lies { shape, arrays: vec![vec![s, 0], vec![s, 0], vec![s, 0], c] } }),
    ("a, b, c row", 1, |n, s| { let shape = square(n); let c = c(&shape, s); Lies { shape, arrays: vec![vec![0, s], vec![0, s], vec![0, s], c] } }),
    ("a column, result F", 1, |n, s| { let shape = square(n); let f = f(&shape, s); Lies { shape, arrays: vec![vec![s, 0], f.clone(), f.clone(), f] } }),
    ("a of axes (0, 2, 1)", 1, |n, s| { let shape = cube(n); first(shape.clone(), order(&shape, &[0, 2, 1], s), s) }),
    ("a of axes (1, 0, 2)", 1, |n, s| { let shape = cube(n); first(shape.clone(), order(&shape, &[1, 0, 2], s), s) }),
    ("a of axes (1, 2, 0)", 1, |n, s| { let shape = cube(n); first(shape.clone(), order(&shape, &[1, 2, 0], s), s) }),
    ("a of axes (2, 0, 1)", 1, |n, s| { let shape = cube(n); first(shape.clone(), order(&shape, &[2, 0, 1], s), s) }),
    ("a of axes (2, 1, 0)", 1, |n, s| { let shape = cube(n); first(shape.clone(), order(&shape, &[2, 1, 0], s), s) }),
    ("a of axes (2, 1, 0), b of (1, 2, 0)", 1, |n, s| { let shape = cube(n); let c = c(&shape, s); Lies { arrays: vec![order(&shape, &[2, 1, 0], s), order(&shape, &[1, 2, 0], s), c.clone(), c], shape } }),
    ("(n, 1), a of every second", 2, |n, s| first(vec![n, 1], vec![2 * s, s], s)),
    ("(n, 1)", 1, |n, s| { let shape = vec![n, 1]; all(shape.clone(), c(&shape, s)) }),
    ("(1, n)", 1, |n, s| { let shape = vec![1, n]; all(shape.clone(), c(&shape, s)) }),
    ("(3, n)", 1, |n, s| { let shape = vec![3, n / 3]; all(shape.clone(), c(&shape, s)) }),
    ("(3, n), a F", 1, |n, s| { let shape = vec![3, n / 3]; first(shape.clone(), f(&shape, s), s) }),
    ("(n, 3)", 1, |n, s| { let shape = vec![n / 3, 3]; all(shape.clone(), c(&shape, s)) }),
    ("(n, 3), all F", 1, |n, s| { let shape = vec![n / 3, 3]; all(shape.clone(), f(&shape, s)) }),
    ("(n, 3), a F", 1, |n, s| { let shape = vec![n / 3, 3]; first(shape.clone(), f(&shape, s), s) }),
    ("(n, 3), a row", 1, |n, s| { let shape = vec![n / 3, 3]; first(shape, vec![0, s], s) }),
    ("(n, 3), a column", 1, |n, s| { let shape = vec![n / 3, 3]; first(shape, vec![s, 0], s) }),
    ("(n, 3), result F", 1, |n, s| { let shape = vec![n / 3, 3]; result(shape.clone(), f(&shape, s), s) }),
    ("(n, 3) of (n, 4)", 1, |n, s| { let shape = vec![n / 3, 3]; all(shape, vec![4 * s, s]) }),
    ("(n, 2), a F", 1, |n, s| { let shape = vec![n / 2, 2]; first(shape.clone(), f(&shape, s), s) }),
    ("(n, 20), a F", 1, |n, s| { let shape = vec![n / 20, 20]; first(shape.clone(), f(&shape, s), s) }),
    ("(n, 20), a[:, :-1]", 1, |n, s| { let shape = vec![n / 20, 20]; first(shape, vec![21 * s, s], s) }),
    ("(n, 5), a column", 1, |n, s| { let shape = vec![n / 5, 5]; first(shape, vec![s, 0], s) }),
    ("(2, n, 2)", 1, |n, s| { let shape = vec![2, n / 4, 2]; all(shape.clone(), c(&shape, s)) }),
    ("(2, n, 2), a F", 1, |n, s| { let shape = vec![2, n / 4, 2]; first(shape.clone(), f(&shape, s), s) }),
    ("(2, n, 2), a of axes (1, 0, 2)", 1, |n, s| { let shape = vec![2, n / 4, 2]; first(shape.clone(), order(&shape, &[1, 0, 2], s), s) }),
    ("a in records of size + 3 bytes", 1, |n, s| first(vec![n], vec![s + 3], s)),
    ("a unaligned rows", 1, |n, s| { let shape = square(n); first(shape.clone(), vec![s * shape[1] as isize + 1, s], s) }),
];

#[rustfmt::skip]
const REDUCED: &[Layout] = &[
    ("C", 1, |n, s| { let shape = square(n); Lies { arrays: vec![c(&shape, s)], shape } }),
    ("F", 1, |n, s| { let shape = square(n); Lies { arrays: vec![f(&shape, s)], shape } }),
    ("step 2", 2, |n, s| { let shape = square(n); Lies { arrays: vec![stepped(&shape, 2, s)], shape } }),
    ("step 8", 8, |n, s| { let shape = square(n); Lies { arrays: vec![stepped(&shape, 8, s)], shape } }),
    ("every second row", 1, |n, s| { let shape = square(n); Lies { arrays: vec![vec![2 * s * shape[1] as isize, s]], shape } }),
    ("F, step 2", 2, |n, s| { let shape = square(n); Lies { arrays: vec![f(&shape, 2 * s)], shape } }),
    ("columns reversed", 1, |n, s| { let shape = square(n); Lies { arrays: vec![negative(c(&shape, s), &[1])], shape } }),
    ("rows reversed", 1, |n, s| { let shape = square(n); Lies { arrays: vec![negative(c(&shape, s), &[0])], shape } }),
    ("F, reversed", 1, |n, s| { let shape = square(n); Lies { arrays: vec![negative(f(&shape, s), &[0, 1])], shape } }),
    ("(n, 3)", 1, |n, s| { let shape = vec![n / 3, 3]; Lies { arrays: vec![c(&shape, s)], shape } }),
    ("(n, 3) F", 1, |n, s| { let shape = vec![n / 3, 3]; Lies { arrays: vec![f(&shape, s)], shape } }),
    ("(3, n)", 1, |n, s| { let shape = vec![3, n / 3]; Lies { arrays: vec![c(&shape, s)], shape } }),
    ("(3, n) F", 1, |n, s| { let shape = vec![3, n / 3]; Lies { arrays: vec![f(&shape, s)], shape } }),
    ("(n, 1)", 1, |n, s| { let shape = vec![n, 1]; Lies { arrays: vec![c(&shape, s)], shape } }),
    ("(1, n)", 1, |n, s| { let shape = vec![1, n]; Lies { arrays: vec![c(&shape, s)], shape } }),
    ("(n, 40)", 1, |n, s| { let shape = vec![n / 40, 40]; Lies { arrays: vec![c(&shape, s)], shape } }),
    ("(n, 40) F", 1, |n, s| { let shape = vec![n / 40, 40]; Lies { arrays: vec![f(&shape, s)], shape } }),
    ("in records of size + 3 bytes", 1, |n, s| Lies { shape: vec![n / 1000, 1000], arrays: vec![vec![(s + 3) * 1000, s + 3]] }),
];

#[rustfmt::skip]
const REDUCED_THRICE: &[Layout] = &[
    ("cube C", 1, |n, s| { let shape = cube(n); Lies { arrays: vec![c(&shape, s)], shape } }),
    ("cube F", 1, |n, s| { let shape = cube(n); Lies { arrays: vec![f(&shape, s)], shape } }),
    ("cube of axes (1, 2, 0)", 1, |n, s| { let shape = cube(n); Lies { arrays: vec![order(&shape, &[1, 2, 0], s)], shape } }),
    ("cube of axes (1, 0, 2)", 1, |n, s| { let shape = cube(n); Lies { arrays: vec![order(&shape, &[1, 0, 2], s)], shape } }),
    ("(2, n, 2)", 1, |n, s| { let shape = vec![2, n / 4, 2]; Lies { arrays: vec![c(&shape, s)], shape } }),
    ("(n/3, 1000, 3) planar", 1, |n, s| { let shape = vec![n / 3000 + 1, 1000, 3]; Lies { arrays: vec![order(&shape, &[2, 0, 1], s)], shape } }),
];

/// All rows.
pub fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    let light =
        [("a*b + c", DType::F64), ("a*b + c", DType::F32), ("a*b + c", DType::U8), ("exp(a)*sin(b) + c", DType::F64)];
    for (text, dtype) in light {
        for &(name, fewer, lies) in ELEMENTWISE {
            let case = Case { name, text, beside: text, dtype, reduces: false, swapped: false, fewer, lies };
            if (name == "all C" || name == "a F") && dtype != DType::U8 {
                let name = if name == "a F" { "a F, byte-swapped" } else { "all byte-swapped" };
                all.push(Case { name, swapped: true, ..case.clone() });
            }
            all.push(case);
        }
    }
    let sums = [
        ["sum(a)", "sum(a)"],
        ["sum(a, axis=0)", "sum(a)"],
        ["sum(a, axis=1)", "sum(a)"],
        ["max(a)", "max(a)"],
        ["max(a, axis=0)", "max(a)"],
        ["max(a, axis=1)", "max(a)"],
    ];
    let third = [["sum(a, axis=2)", "sum(a)"], ["sum(a, axis=(0, 2))", "sum(a)"], ["max(a, axis=2)", "max(a)"]];
    for dtype in [DType::F64, DType::F32, DType::U8] {
        let mut push = |[text, beside]: [&'static str; 2], layouts: &[Layout]| {
            let case = |&(name, fewer, lies): &Layout| Case {
                name,
                text,
                beside,
                dtype,
                reduces: true,
                swapped: false,
                fewer,
                lies,
            };
            all.extend(layouts.iter().map(case));
        };
        for texts in sums {
            push(texts, REDUCED);
            push(texts, REDUCED_THRICE);
        }
        third.into_iter().for_each(|texts| push(texts, REDUCED_THRICE));
    }
    let swapped: Vec<Case> =
        all.iter().filter(|c| c.reduces && c.name == "C" && c.dtype != DType::U8).cloned().collect();
    all.extend(swapped.into_iter().map(|case| Case { name: "C, byte-swapped", swapped: true, ..case }));
    all
}
