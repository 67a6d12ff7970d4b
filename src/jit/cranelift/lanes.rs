//! How values are held in registers.
//!
//! A step covers some number of points, its *lanes*. A value whose lanes are `w` bytes wide is held in
//! `lanes * w / 16` vectors of 128 bits, its *parts*; if that is less than one, in one that is filled from lane 0.
//!
//! | value         | form       | vector | lanes 16 | 8       | 4 | 1            |
//! |---------------|------------|--------|----------|---------|---|--------------|
//! | f64, i64, u64 | F64 Int(8) | x2     | 8 parts  | 4       | 2 | 1, half      |
//! | f32, i32, u32 | F32 Int(4) | x4     | 4        | 2       | 1 | 1, a quarter |
//! | i16, u16      | Int(2)     | x8     | 2        | 1       | 1, half | 1, an eighth |
//! | i8, u8        | Int(1)     | x16    | 1        | 1, half | 1, a quarter | 1, a sixteenth |
//! | bool          | Mask(w)    | lanes of w bytes, all ones or all zeros, as wide as what was compared ||||
//!
//! Whether integers have a sign is not the form's but the operation's business.
//!
//! Always holds: lanes from the step's count on are don't-care; a *uniform* value has one part in which all lanes
//! agree, and stands for any number of parts.

use cranelift_codegen::ir as clif;
use cranelift_codegen::ir::types;
use smallvec::SmallVec;

use crate::dtype::DType;

/// Bytes of a part.
pub(super) const PART: usize = 16;

/// What the lanes of a value are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    F64,
    F32,
    /// Integers of so many bytes.
    Int(usize),
    /// A bool, as lanes of 1, 2, 4 or 8 bytes.
    Mask(usize),
}

impl Form {
    /// The form of a type; for bool that of its bytes in memory.
    pub fn of(dtype: DType) -> Form {
        match dtype {
            DType::Bool => Form::Mask(1),
            DType::F32 => Form::F32,
            DType::F64 => Form::F64,
            int => Form::Int(int.size()),
        }
    }

    /// Bytes of a lane.
    pub fn width(self) -> usize {
        match self {
            Form::F64 => 8,
            Form::F32 => 4,
            Form::Int(width) | Form::Mask(width) => width,
        }
    }

    /// Lanes of a part.
    pub fn per_part(self) -> usize {
        PART / self.width()
    }

    /// How many parts hold a value of this form.
    pub fn parts(self, lanes: usize) -> usize {
        (lanes * self.width() / PART).max(1)
    }

    /// The type of a part.
    pub fn vector(self) -> clif::Type {
        match self {
            Form::F64 => types::F64X2,
            Form::F32 => types::F32X4,
            other => ints(other.width()),
        }
    }

    /// The type of a lane.
    pub fn lane(self) -> clif::Type {
        self.vector().lane_type()
    }
}

/// The vector of integers of this width.
pub(super) fn ints(width: usize) -> clif::Type {
    match width {
        8 => types::I64X2,
        4 => types::I32X4,
        2 => types::I16X8,
        _ => types::I8X16,
    }
}

/// A value in registers.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub form: Form,
    pub parts: SmallVec<[clif::Value; 4]>,
    pub uniform: bool,
}

impl Held {
    /// One part in which all lanes agree.
    pub fn uniform(form: Form, part: clif::Value) -> Held {
        Held { form, parts: SmallVec::from_slice(&[part]), uniform: true }
    }

    /// A part; of a uniform value any.
    pub fn part(&self, i: usize) -> clif::Value {
        self.parts[if self.uniform { 0 } else { i }]
    }

    /// All parts, a uniform one repeated.
    pub fn expanded(&self, lanes: usize) -> Held {
        let parts = (0..self.form.parts(lanes)).map(|i| self.part(i)).collect();
        Held { form: self.form, parts, uniform: false }
    }

    /// The parts of lanes `first..first + lanes` of a value that is not uniform: whole parts, or all of it.
    pub fn chunk(&self, first: usize, lanes: usize) -> Held {
        let (at, count) = (first * self.form.width() / PART, self.form.parts(lanes));
        Held { form: self.form, parts: self.parts[at..at + count].into(), uniform: false }
    }

    /// Puts such parts back.
    pub fn set_chunk(&mut self, first: usize, parts: &Held) {
        let at = first * self.form.width() / PART;
        self.parts[at..at + parts.parts.len()].copy_from_slice(&parts.parts);
    }
}
