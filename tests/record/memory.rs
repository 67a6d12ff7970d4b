//! Arrays of random values and of every type, laid out in memory in every way that ndarray has; and what is written to them.
//!
//! Always holds: an array follows from the random generator alone; a fingerprint covers all its memory, also what a view leaves out.

use ndarray::{ArrayD, ArrayViewD, ArrayViewMutD, IxDyn, Slice};
use num_complex::Complex;
use tilexpr::{AnyArray, Arg, DType, Element, Out};

use crate::common::rng::Rng;

/// An element with random values, and bits by which it is known.
pub trait Sample: Element + Copy {
    /// A random value; a special one in so many, if that is not 0.
    fn sample(rng: &mut Rng, special: usize) -> Self;
    /// The bits, those of all NaNs the same.
    fn bits(self) -> [u64; 2];
}

impl Sample for bool {
    fn sample(rng: &mut Rng, _: usize) -> bool {
        rng.one_in(2)
    }

    fn bits(self) -> [u64; 2] {
        [u64::from(self), 0]
    }
}

macro_rules! sample {
    ($($int:ident)* ; $($float:ident $small:literal)*) => {
        $(impl Sample for $int {
            fn sample(rng: &mut Rng, special: usize) -> $int {
                if special > 0 && rng.one_in(special) {
                    return rng.pick(&[$int::MIN, $int::MAX, $int::MAX - 1, 0, 1, 7, 8, 9, 31, 32, 33, 63, 64, 65]);
                }
                let least = if $int::MIN == 0 { 0 } else { 20 };
                (rng.below(41) as i64 - least) as $int
            }

            fn bits(self) -> [u64; 2] {
                [self as u64, 0]
            }
        })*
        $(impl Sample for $float {
            fn sample(rng: &mut Rng, special: usize) -> $float {
                if special > 0 && rng.one_in(special) {
                    let all = [$float::NAN, $float::INFINITY, $float::NEG_INFINITY, -0.0, 0.0, $small, $float::MAX, $float::MIN, 1e10, -1e30];
                    return rng.pick(&all);
                }
                match rng.below(3) {
                    0 => rng.below(17) as $float - 8.0,
                    _ => (rng.unit() * 8.0 - 4.0) as $float,
                }
            }

            fn bits(self) -> [u64; 2] {
                [if self.is_nan() { $float::NAN.to_bits().into() } else { self.to_bits().into() }, 0]
            }
        }

        impl Sample for Complex<$float> {
            fn sample(rng: &mut Rng, special: usize) -> Complex<$float> {
                let (re, im) = ($float::sample(rng, special), $float::sample(rng, special));
                // On the axes are the branch cuts.
                match rng.below(8) {
                    0 => Complex::new(re, rng.pick(&[0.0, -0.0])),
                    1 => Complex::new(rng.pick(&[0.0, -0.0]), im),
                    _ => Complex::new(re, im),
                }
            }

            fn bits(self) -> [u64; 2] {
                [self.re.bits()[0], self.im.bits()[0]]
            }
        })*
    };
}

sample! { i8 i16 i32 i64 u8 u16 u32 u64; f32 1e-42 f64 5e-324 }

/// A fingerprint of bits.
#[derive(Clone, Copy)]
pub struct Print(u64);

impl Print {
    pub fn new() -> Print {
        Print(0xcbf2_9ce4_8422_2325)
    }

    pub fn add<T: Sample>(&mut self, value: T) {
        for bits in value.bits() {
            self.0 = (self.0.rotate_left(23) ^ bits).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
    }

    pub fn number(self) -> u64 {
        self.0 ^ (self.0 >> 31)
    }
}

/// How an array lies in memory.
#[derive(Clone, Debug)]
pub struct Layout {
    shape: Vec<usize>,
    /// The axes, outermost in memory first.
    order: Vec<usize>,
    /// Along each axis, 0 where all elements are one.
    steps: Vec<isize>,
    /// Elements along each axis before and after, which are not in the view.
    margins: Vec<usize>,
}

impl Layout {
    /// A random layout; with elements that are repeated by a stride of 0 only if `repeats`.
    pub fn random(rng: &mut Rng, shape: &[usize], repeats: bool) -> Layout {
        let rank = shape.len();
        let (mut order, mut steps, mut margins): (Vec<_>, _, _) = ((0..rank).collect(), vec![1; rank], vec![0; rank]);
        match rng.below(6) {
            0 | 1 => {}
            2 => order.reverse(),
            3 => order = rng.order(rank),
            _ => {
                if rng.one_in(2) {
                    order = rng.order(rank);
                }
                for axis in 0..rank {
                    steps[axis] = rng.pick(&[1, 1, 1, -1, 2, -3]);
                    margins[axis] = rng.pick(&[0, 0, 1, 3]);
                }
            }
        }
        for step in &mut steps {
            if repeats && rng.one_in(14) {
                *step = 0;
            }
        }
        Layout { shape: shape.to_vec(), order, steps, margins }
    }

    /// The length of an axis in memory.
    fn length(&self, axis: usize) -> usize {
        match self.steps[axis] {
            0 => 1,
            step => self.shape[axis] * step.unsigned_abs() + 2 * self.margins[axis],
        }
    }

    /// Which elements along an axis are in the view.
    fn slice(&self, axis: usize) -> Slice {
        let (step, first) = (self.steps[axis], self.margins[axis]);
        if step == 0 {
            return Slice::new(0, None, 1);
        }
        let span = self.shape[axis].checked_sub(1).map_or(0, |more| more * step.unsigned_abs() + 1);
        Slice::new(first as isize, Some((first + span) as isize), step)
    }

    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Whether no element lies where another does.
    pub fn is_apart(&self) -> bool {
        !self.steps.contains(&0)
    }

    /// In one word for the record.
    pub fn describe(&self) -> String {
        format!("{:?}/{:?}/{:?}/{:?}", self.shape, self.order, self.steps, self.margins).replace(' ', "")
    }
}

/// An array of any type.
pub trait Memory {
    fn arg(&self) -> Arg<'_>;
    fn out(&mut self) -> Box<dyn Out + '_>;
    fn print(&self) -> u64;
    fn copied(&self) -> Box<dyn Memory>;
    fn layout(&self) -> &Layout;
}

#[derive(Clone)]
struct Laid<T> {
    /// Its axes are in the order of the view's, wherever they lie.
    base: ArrayD<T>,
    layout: Layout,
}

impl<T: Sample> Laid<T> {
    fn new(layout: &Layout, mut value: impl FnMut() -> T) -> Laid<T> {
        let rank = layout.shape.len();
        let lengths: Vec<usize> = layout.order.iter().map(|&axis| layout.length(axis)).collect();
        let back: Vec<usize> = (0..rank).map(|axis| layout.order.iter().position(|&o| o == axis).unwrap()).collect();
        let base = ArrayD::from_shape_simple_fn(IxDyn(&lengths), &mut value).permuted_axes(IxDyn(&back));
        Laid { base, layout: layout.clone() }
    }

    fn view(&self) -> ArrayViewD<'_, T> {
        let layout = &self.layout;
        let length = |axis: usize| if layout.steps[axis] == 0 { layout.shape[axis] } else { layout.length(axis) };
        let lengths: Vec<usize> = (0..layout.shape.len()).map(length).collect();
        let mut view = self.base.broadcast(IxDyn(&lengths)).unwrap();
        view.slice_each_axis_inplace(|axis| layout.slice(axis.axis.index()));
        view
    }

    fn view_mut(&mut self) -> ArrayViewMutD<'_, T> {
        let mut view = self.base.view_mut();
        view.slice_each_axis_inplace(|axis| self.layout.slice(axis.axis.index()));
        view
    }
}

impl<T: Sample> Memory for Laid<T> {
    fn arg(&self) -> Arg<'_> {
        Arg::new(self.view())
    }

    fn out(&mut self) -> Box<dyn Out + '_> {
        Box::new(self.view_mut())
    }

    fn print(&self) -> u64 {
        let mut print = Print::new();
        self.base.iter().for_each(|&x| print.add(x));
        print.number()
    }

    fn copied(&self) -> Box<dyn Memory> {
        Box::new(self.clone())
    }

    fn layout(&self) -> &Layout {
        &self.layout
    }
}

macro_rules! of_every_type {
    ($($variant:ident $t:ty;)*) => {
        /// An array of random values; a special one in so many of them, if that is not 0.
        pub fn random(rng: &mut Rng, dtype: DType, layout: &Layout, special: usize) -> Box<dyn Memory> {
            match dtype {
                $(DType::$variant => Box::new(Laid::new(layout, || <$t>::sample(rng, special))),)*
                other => unreachable!("a new type {other}"),
            }
        }

        /// Type, shape, strides and elements of a result in one word.
        pub fn describe(result: &AnyArray) -> String {
            match result {
                $(AnyArray::$variant(array) => {
                    let mut print = Print::new();
                    array.iter().for_each(|&x| print.add(x));
                    // An axis of length 1 has no stride that means anything.
                    let strides = array.shape().iter().zip(array.strides());
                    let strides: Vec<isize> = strides.map(|(&n, &stride)| if n == 1 { 0 } else { stride }).collect();
                    let lies = format!("{:?}/{strides:?}", array.shape()).replace(' ', "");
                    format!("{}{lies}={:016x}", result.dtype(), print.number())
                })*
                other => unreachable!("a new type {}", other.dtype()),
            }
        }
    };
}

of_every_type! {
    Bool bool;
    I8 i8;
    I16 i16;
    I32 i32;
    I64 i64;
    U8 u8;
    U16 u16;
    U32 u32;
    U64 u64;
    F32 f32;
    F64 f64;
    C64 Complex<f32>;
    C128 Complex<f64>;
}
