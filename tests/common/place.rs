//! Lays values out in memory: permuted, reversed, with steps and offsets, repeated by stride 0.

use ndarray::{ArrayD, ArrayViewD, ArrayViewMutD, Axis, IxDyn, Slice};
use tilexpr::{Arg, DType, Memory, Out, Real, Scalar};

use super::rng::Rng;
use super::tensor::Tensor;
use crate::{for_all_types, with_type};

/// How the axes of an array lie in memory.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Memory axes, outermost first: which axis of the array each is.
    pub order: Vec<usize>,
    /// For each axis of the array the step between elements, negative ones from the end; 0 repeats the one element.
    pub step: Vec<isize>,
    /// Unused elements before and after, along each axis.
    pub margin: Vec<usize>,
}

impl Layout {
    pub fn contiguous(rank: usize) -> Layout {
        Layout { order: (0..rank).collect(), step: vec![1; rank], margin: vec![0; rank] }
    }

    pub fn fortran(rank: usize) -> Layout {
        Layout { order: (0..rank).rev().collect(), ..Layout::contiguous(rank) }
    }

    pub fn random(rng: &mut Rng, rank: usize) -> Layout {
        let mut layout = Layout::contiguous(rank);
        match rng.below(4) {
            0 => {}
            1 => layout.order = rng.order(rank),
            _ => {
                if rng.one_in(2) {
                    layout.order = rng.order(rank);
                }
                layout.step.iter_mut().for_each(|step| *step = rng.pick(&[1, 1, 1, -1, 2, -3]));
                layout.margin.iter_mut().for_each(|margin| *margin = rng.pick(&[0, 0, 1, 3]));
            }
        }
        layout
    }
}

/// An array laid out in memory of its own.
#[derive(Clone)]
pub struct Placed<T> {
    base: ArrayD<T>,
    layout: Layout,
    shape: Vec<usize>,
}

impl<T: Real> Placed<T> {
    /// Memory for an array, filled with one value.
    pub fn new(shape: &[usize], layout: &Layout, fill: T) -> Placed<T> {
        let length = |axis: usize| {
            let own = match layout.step[axis] {
                0 => 1,
                step => shape[axis] * step.unsigned_abs(),
            };
            own + 2 * layout.margin[axis]
        };
        let lengths: Vec<usize> = layout.order.iter().map(|&axis| length(axis)).collect();
        Placed { base: ArrayD::from_elem(IxDyn(&lengths), fill), layout: layout.clone(), shape: shape.to_vec() }
    }

    /// These values. Along axes of step 0 they must be equal.
    pub fn of(tensor: &Tensor, layout: &Layout, fill: T) -> Placed<T> {
        let mut placed = Placed::new(&tensor.shape, layout, fill);
        let mut values = tensor.to_array::<T>();
        for (axis, &step) in layout.step.iter().enumerate() {
            if step == 0 {
                values.slice_axis_inplace(Axis(axis), Slice::from(..1));
            }
        }
        placed.single_mut().assign(&values);
        placed
    }

    fn slice(&self, axis: usize) -> Slice {
        let (first, step) = (self.layout.margin[axis], self.layout.step[axis]);
        let length = if step == 0 { 1 } else { self.shape[axis] };
        let span = if length == 0 { 0 } else { (length - 1) * step.unsigned_abs() + 1 };
        Slice::new(first as isize, Some((first + span) as isize), if step == 0 { 1 } else { step })
    }

    /// Array axes to memory axes.
    fn back(&self) -> Vec<usize> {
        (0..self.shape.len()).map(|axis| self.layout.order.iter().position(|&o| o == axis).unwrap()).collect()
    }

    /// Axes of step 0 with length 1.
    fn single_mut(&mut self) -> ArrayViewMutD<'_, T> {
        let slices: Vec<Slice> = (0..self.shape.len()).map(|axis| self.slice(axis)).collect();
        let back = self.back();
        let mut view = self.base.view_mut().permuted_axes(IxDyn(&back));
        view.slice_each_axis_inplace(|axis| slices[axis.axis.index()]);
        view
    }

    pub fn view(&self) -> ArrayViewD<'_, T> {
        let mut view = self.base.view().permuted_axes(IxDyn(&self.back()));
        view.slice_each_axis_inplace(|axis| self.slice(axis.axis.index()));
        if self.layout.step.contains(&0) {
            let repeated = view.broadcast(IxDyn(&self.shape)).unwrap().raw_view();
            // SAFETY: the view reaches elements of `self`, which stays borrowed.
            return unsafe { repeated.deref_into_view() };
        }
        view
    }

    pub fn view_mut(&mut self) -> ArrayViewMutD<'_, T> {
        assert!(!self.layout.step.contains(&0));
        self.single_mut()
    }

    /// What lies in memory, used or not.
    pub fn memory(&self) -> Tensor {
        Tensor::from_array(&self.base)
    }
}

macro_rules! placed {
    ([$($variant:ident $t:ty),*]) => {
        /// An array of any type, laid out in memory.
        #[derive(Clone)]
        pub enum AnyPlaced {
            $($variant(Placed<$t>),)*
            /// A bare number.
            Int(i64),
            /// A bare number beyond `i64`.
            Uint(u64),
            Float(f64),
        }

        macro_rules! each {
            ($any:expr, $placed:ident, $body:expr) => {
                match $any {
                    $(AnyPlaced::$variant($placed) => $body,)*
                    AnyPlaced::Int(_) | AnyPlaced::Uint(_) | AnyPlaced::Float(_) => unreachable!("a bare number"),
                }
            };
        }

        impl AnyPlaced {
            pub fn of(tensor: &Tensor, layout: &Layout) -> AnyPlaced {
                match tensor.dtype {
                    $(DType::$variant => AnyPlaced::$variant(Placed::of(tensor, layout, filler::<$t>())),)*
                    other => unreachable!("a new type {other}"),
                }
            }

            pub fn view_mut(&mut self) -> AnyViewMut<'_> {
                match self {
                    $(AnyPlaced::$variant(p) => AnyViewMut::$variant(p.view_mut()),)*
                    AnyPlaced::Int(_) | AnyPlaced::Uint(_) | AnyPlaced::Float(_) => unreachable!("a bare number"),
                }
            }
        }

        /// A mutable view of an array of any type.
        pub enum AnyViewMut<'a> {
            $($variant(ArrayViewMutD<'a, $t>),)*
        }

        // SAFETY: the views are apart from each other, and each keeps the promise itself.
        unsafe impl Out for Outs<'_> {
            fn memories<'s>(&'s mut self, give: &mut dyn FnMut(Memory<'s>)) {
                for view in &mut self.0 {
                    match view {
                        $(AnyViewMut::$variant(v) => v.memories(give),)*
                    }
                }
            }
        }
    };
}

for_all_types!(placed!);

/// What lies between elements: no value that often is a result.
fn filler<T: Real>() -> T {
    T::from_scalar(Scalar::from_bits(T::DTYPE, 0xc053_6000_c29a_b3b3))
}

impl AnyPlaced {
    /// Memory for such an array, its margins as [`of`](AnyPlaced::of) makes them and its elements something else.
    pub fn room(dtype: DType, shape: &[usize], layout: &Layout) -> AnyPlaced {
        let filler = with_type!(dtype, T, T::from_scalar(super::tensor::value(&mut Rng::new(3), dtype, 0)).to_scalar());
        let data = vec![filler; shape.iter().product()];
        AnyPlaced::of(&Tensor { dtype, shape: shape.to_vec(), data }, layout)
    }

    pub fn arg(&self) -> Arg<'_> {
        match self {
            AnyPlaced::Int(k) => Arg::new(*k),
            AnyPlaced::Uint(k) => Arg::new(*k),
            AnyPlaced::Float(k) => Arg::new(*k),
            array => each!(array, placed, Arg::new(placed.view())),
        }
    }

    pub fn memory(&self) -> Tensor {
        each!(self, placed, placed.memory())
    }

    pub fn values(&self) -> Tensor {
        each!(self, placed, Tensor::from_array(&placed.view().to_owned()))
    }
}

/// Mutable views as outputs.
pub struct Outs<'a>(pub Vec<AnyViewMut<'a>>);
