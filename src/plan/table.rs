//! A kernel's layout and the table of strides that it is called with, operand by operand.

use smallvec::SmallVec;

use super::kernels::Use;
use super::layout::{Class, Layout, OperandSpec};
use super::schedule::{Called, Place};
use super::target::Target;
use crate::ir::Role;

/// Numbers that operands point to; each has one place.
#[derive(Default)]
pub struct Numbers(Vec<i64>);

impl Numbers {
    /// Which one is this number.
    pub fn index(&mut self, number: i64) -> u32 {
        let at = self.0.iter().position(|&n| n == number).unwrap_or_else(|| {
            self.0.push(number);
            self.0.len() - 1
        });
        at as u32
    }

    /// The place of a number.
    pub fn place(&mut self, number: i64) -> Place {
        Place::Number(self.index(number))
    }

    /// All of them.
    pub fn all(self) -> Vec<i64> {
        self.0
    }
}

/// A layout and a table in the making.
pub struct Table {
    layout: Layout,
    strides: SmallVec<[isize; 16]>,
    steps: SmallVec<[isize; 2]>,
}

impl Table {
    /// For a kernel of so many loops.
    pub fn new(loops: usize) -> Table {
        let layout = Layout { loops, classes: SmallVec::new() };
        Table { layout, strides: SmallVec::new(), steps: SmallVec::new() }
    }

    /// Adds an operand, which moves by these strides along the loops. Where they have a single `point`, what is stored there is
    /// still stored in the loop.
    pub fn push(&mut self, spec: &OperandSpec, strides: &[isize], point: bool) {
        let unit = if spec.is_affine() { 1 } else { spec.dtype.size() as isize };
        for (l, &stride) in strides.iter().enumerate() {
            let innermost = l + 1 == strides.len();
            let class = match stride {
                _ if innermost && point && spec.role != Role::In => Class::Unit,
                0 => Class::Zero,
                _ if stride == unit && (innermost || spec.is_affine()) => Class::Unit,
                _ => Class::Any,
            };
            self.layout.classes.push(class);
            match class {
                Class::Zero => {}
                _ if spec.is_affine() => self.steps.extend((class == Class::Any).then_some(stride)),
                Class::Unit => self.strides.push(unit),
                Class::Any => self.strides.push(stride),
            }
        }
    }

    /// Adds an operand that lies in a buffer whose rows are so many bytes apart.
    pub fn push_packed(&mut self, spec: &OperandSpec, pitch: usize) {
        self.push(spec, &[pitch as isize, spec.dtype.size() as isize], false);
    }

    /// The kernel, with the table.
    pub fn called(self, target: &Target, of: Use, numbers: &mut Numbers) -> Called {
        let kernel = target.kernels.get(target.program, of, &self.layout);
        let steps = self.steps.iter().map(|&step| numbers.index(step as i64)).collect();
        Called { kernel, table: self.strides, steps }
    }
}
