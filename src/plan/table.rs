//! A kernel's layout and the table of strides that it is called with, operand by operand.

use smallvec::SmallVec;

use super::kernels::Use;
use super::layout::{Class, Layout, OperandSpec};
use super::program::Program;
use super::schedule::{Called, Operand, Place};
use super::target::Target;
use crate::ir::Role;
use crate::math::complex::Part;

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
    /// The operand before, if its innermost class is [`Class::First`].
    first: Option<First>,
}

/// Parts of an array of complex numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Half {
    array: Complex,
    /// Bytes from the array's first element on.
    offset: isize,
    part: Part,
}

/// An array of complex numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Complex {
    /// The argument of a name.
    Input(u32),
    /// The result whose real parts are this output of the graph.
    Output(usize),
}

/// Real parts, and how they move.
#[derive(PartialEq, Eq)]
struct First {
    array: Complex,
    offset: isize,
    role: Role,
    strides: SmallVec<[isize; 2]>,
}

impl Half {
    /// Whether the operand is one. (Elsewhere than in arguments and results parts lie apart.)
    fn of(program: &Program, operand: &Operand) -> Option<Half> {
        let (array, part) = match operand.place {
            Place::Input(i) => {
                let input = &program.graph.inputs[i as usize];
                (Complex::Input(input.name), input.part?)
            }
            Place::Output(i) => {
                // (States of a part of an array are outputs, too, and not those of the graph.)
                let part = program.halves.get(i as usize).copied().flatten()?;
                (Complex::Output(i as usize - usize::from(part == Part::Imaginary)), part)
            }
            _ => return None,
        };
        Some(Half { array, offset: operand.offset, part })
    }
}

impl Table {
    /// For a kernel of so many loops.
    pub fn new(loops: usize) -> Table {
        let layout = Layout { loops, ..Layout::default() };
        Table { layout, strides: SmallVec::new(), steps: SmallVec::new(), first: None }
    }

    /// Adds an operand of memory of the library's own, which moves by these strides along the loops.
    pub fn push(&mut self, spec: &OperandSpec, strides: &[isize]) {
        self.add(spec, strides, false, None);
    }

    /// Adds an operand, which moves by these strides along the loops. Where they have a single `point`, what is stored there is
    /// still stored in the loop.
    pub fn push_operand(&mut self, program: &Program, operand: &Operand, strides: &[isize], point: bool) {
        self.add(&operand.spec, strides, point, Half::of(program, operand));
    }

    /// Adds an affine operand whose numbers have been put into a buffer, side by side.
    pub fn push_stored(&mut self, spec: &OperandSpec, strides: &[isize]) {
        if spec.is_affine() {
            self.layout.stored.push((self.layout.classes.len() / self.layout.loops) as u32);
        }
        self.push(spec, strides);
    }

    fn add(&mut self, spec: &OperandSpec, strides: &[isize], point: bool, half: Option<Half>) {
        let is_affine = self.layout.is_affine(self.layout.classes.len() / self.layout.loops, spec);
        let unit = if is_affine { 1 } else { spec.dtype.size() as isize };
        let before = self.first.take();
        let of_half = |half: Half| {
            let real = First { array: half.array, offset: half.offset, role: spec.role, strides: strides.into() };
            match half.part {
                Part::Real => (Class::First, Some(real)),
                Part::Imaginary if before.as_ref() == Some(&real) => (Class::Partner, None),
                Part::Imaginary => (Class::Second, None),
            }
        };
        let half = half.map(of_half);
        for (l, &stride) in strides.iter().enumerate() {
            let innermost = l + 1 == strides.len();
            let class = match stride {
                _ if innermost && point && spec.role != Role::In => Class::Unit,
                0 => Class::Zero,
                _ if stride == unit && (innermost || is_affine) => Class::Unit,
                _ => match &half {
                    Some((class, _)) if innermost && stride == 2 * unit => *class,
                    _ => Class::Any,
                },
            };
            self.layout.classes.push(class);
            match class {
                Class::Zero => {}
                _ if is_affine => self.steps.extend((class == Class::Any).then_some(stride)),
                Class::Unit => self.strides.push(unit),
                _ => self.strides.push(stride),
            }
        }
        if self.layout.classes.last() == Some(&Class::First) {
            self.first = half.and_then(|(_, first)| first);
        }
    }

    /// Adds an operand that lies in a buffer whose rows are so many bytes apart.
    pub fn push_packed(&mut self, spec: &OperandSpec, pitch: usize) {
        self.push(spec, &[pitch as isize, spec.dtype.size() as isize]);
    }

    /// The kernel, with the table.
    pub fn called(self, target: &Target, of: Use, numbers: &mut Numbers) -> Called {
        let kernel = target.kernels.get(target.program, of, &self.layout);
        let steps = self.steps.iter().map(|&step| numbers.index(step as i64)).collect();
        Called { kernel, table: self.strides, steps }
    }
}
