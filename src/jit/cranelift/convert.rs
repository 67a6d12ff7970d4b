//! Conversions: between types, and between widths of masks.
//!
//! Where widths differ, one part becomes two or two become one. A uniform value is its own other half.

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{self as clif, InstBuilder, types};

use super::emit::Emitter;
use super::lanes::{Form, Held, PART, ints};
use crate::dtype::DType;

/// The even lanes of 4 bytes of two vectors: the low halves of their lanes of 8.
pub(super) const EVEN: [u8; PART] = [0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27];
/// The low halves of two vectors.
const LOW: [u8; PART] = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];
/// The high half of a vector, twice.
pub(super) const HIGH: [u8; PART] = [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15];

impl Emitter<'_> {
    /// A value of type `from` as `to`.
    // Long: one arm for each pair of kinds.
    pub fn convert(&mut self, x: &Held, from: DType, to: DType) -> Held {
        use DType::*;
        let form = Form::of(to);
        match (from, to) {
            _ if from == to => x.clone(),
            (Bool, _) => {
                let mask = self.mask(x, form.width());
                let one = match to {
                    F64 => 1f64.to_bits(),
                    F32 => u64::from(1f32.to_bits()),
                    _ => 1,
                };
                self.map(form, &[&mask], |e, x| {
                    let ones = e.constant_lanes(one, form.width(), ints(form.width()));
                    let v = e.b.ins().band(x[0], ones);
                    e.cast(v, form.vector())
                })
            }
            (_, Bool) => {
                let form = x.form;
                self.map(Form::Mask(form.width()), &[x], |e, x| {
                    let zero = e.constant_lanes(0, 8, form.vector());
                    if from.is_float() {
                        e.b.ins().fcmp(FloatCC::NotEqual, x[0], zero)
                    } else {
                        e.b.ins().icmp(IntCC::NotEqual, x[0], zero)
                    }
                })
            }
            // Between integers: narrower ones are low bits, wider ones are extended by the sign that the value had.
            _ if from.is_int() && to.is_int() => self.resize(x, form.width(), from.is_signed()),
            // The conversion of one register's low half is a single instruction, that of a high half is not.
            (I32, F64) => self.widen(x, form, |e, part, high| {
                let low = if high { e.shuffle(part, part, HIGH, types::I32X4) } else { part };
                let wide = e.b.ins().swiden_low(low);
                e.b.ins().fcvt_from_sint(types::F64X2, wide)
            }),
            // With the bits of 2^52 above it an unsigned integer is that much more.
            (U32, F64) => {
                let wide = self.resize(x, 8, false);
                self.map(form, &[&wide], |e, x| {
                    let base = 2f64.powi(52).to_bits();
                    let bits = e.constant_lanes(base, 8, types::I64X2);
                    let sum = e.b.ins().bor(x[0], bits);
                    let (sum, base) = (e.cast(sum, types::F64X2), e.constant_lanes(base, 8, types::F64X2));
                    e.b.ins().fsub(sum, base)
                })
            }
            (I64, F64) => self.map(form, &[x], |e, x| e.b.ins().fcvt_from_sint(types::F64X2, x[0])),
            (U64, F64) => self.map(form, &[x], |e, x| e.b.ins().fcvt_from_uint(types::F64X2, x[0])),
            (I32, F32) => self.map(form, &[x], |e, x| e.b.ins().fcvt_from_sint(types::F32X4, x[0])),
            (U32, F32) => self.map(form, &[x], |e, x| e.b.ins().fcvt_from_uint(types::F32X4, x[0])),
            (I64, F32) => self.per_lane(&[x], form, |e, x| e.b.ins().fcvt_from_sint(types::F32, x[0])),
            (U64, F32) => self.per_lane(&[x], form, |e, x| e.b.ins().fcvt_from_uint(types::F32, x[0])),
            // Short integers are `i32`s.
            (_, F32 | F64) if from.is_int() => {
                let wide = self.resize(x, 4, from.is_signed());
                self.convert(&wide, I32, to)
            }
            (F32, F64) => self.widen(x, form, |e, part, high| {
                let low = if high { e.shuffle(part, part, HIGH, types::F32X4) } else { part };
                e.b.ins().fvpromote_low(low)
            }),
            (F64, F32) => self.narrow(x, form, |e, low, high| {
                let a = e.b.ins().fvdemote(low);
                let b = if high == low { a } else { e.b.ins().fvdemote(high) };
                e.shuffle(a, b, LOW, types::F32X4)
            }),
            (F64, I32) => self.narrow(x, form, |e, low, high| {
                let a = e.saturate(low);
                let b = if high == low { a } else { e.saturate(high) };
                e.shuffle(a, b, LOW, types::I32X4)
            }),
            (F32, I32) => self.map(form, &[x], |e, x| e.b.ins().fcvt_to_sint_sat(types::I32X4, x[0])),
            (F32, U32) => self.map(form, &[x], |e, x| e.b.ins().fcvt_to_uint_sat(types::I32X4, x[0])),
            (_, I64) => self.per_lane(&[x], form, |e, x| e.b.ins().fcvt_to_sint_sat(types::I64, x[0])),
            (_, U64) => self.per_lane(&[x], form, |e, x| e.b.ins().fcvt_to_uint_sat(types::I64, x[0])),
            // Brought into range, and truncated: then the low bits of its sum with 2^52 and more.
            (F64, U32) if self.target.machine.features.round => {
                let wide = self.map(Form::Int(8), &[x], |e, x| {
                    let (zero, most) = (e.constant_lanes(0, 8, types::F64X2), f64::from(u32::MAX).to_bits());
                    let most = e.constant_lanes(most, 8, types::F64X2);
                    // Where `x` is NaN, that is 0.
                    let above = e.b.ins().fcmp(FloatCC::LessThan, zero, x[0]);
                    let v = e.pick(above, x[0], zero);
                    let below = e.b.ins().fcmp(FloatCC::LessThan, v, most);
                    let v = e.pick(below, v, most);
                    let v = e.b.ins().trunc(v);
                    e.low_bits(v, Form::F64)
                });
                self.resize(&wide, 4, false)
            }
            (_, U32) => self.per_lane(&[x], form, |e, x| e.b.ins().fcvt_to_uint_sat(types::I32, x[0])),
            // To the ends of a short type what is beyond them in 32 bits, too: saturated twice is saturated once.
            (_, _) => {
                let wide = self.convert(x, from, I32);
                self.saturate_to(&wide, to)
            }
        }
    }

    /// Integers as ones of another width: the low bits, or extended by the sign or by zeros.
    pub fn resize(&mut self, x: &Held, width: usize, signed: bool) -> Held {
        let mut held = x.clone();
        while held.form.width() < width {
            let form = Form::Int(2 * held.form.width());
            held = self.widen(&held, form, |e, part, high| match (signed, high) {
                (true, false) => e.b.ins().swiden_low(part),
                (true, true) => e.b.ins().swiden_high(part),
                (false, false) => e.b.ins().uwiden_low(part),
                (false, true) => e.b.ins().uwiden_high(part),
            });
        }
        while held.form.width() > width {
            let form = Form::Int(held.form.width() / 2);
            held = self.narrow(&held, form, |e, low, high| e.low_halves(low, high, form.width()));
        }
        held
    }

    /// The low halves of the lanes of two vectors, as lanes of this width. What packs lanes saturates: so each is brought
    /// into range first.
    fn low_halves(&mut self, low: clif::Value, high: clif::Value, width: usize) -> clif::Value {
        match width {
            4 => self.shuffle(low, high, EVEN, types::I32X4),
            // Without SSE4.1 there is no unsigned packing of 32 bits.
            2 if !self.target.machine.features.blend => {
                let [low, high] = [low, high].map(|v| {
                    let v = self.b.ins().ishl_imm_u(v, 16);
                    self.b.ins().sshr_imm_u(v, 16)
                });
                self.b.ins().snarrow(low, high)
            }
            _ => {
                let ty = ints(2 * width);
                let mask = self.constant_lanes(u64::MAX >> (64 - 8 * width), 2 * width, ty);
                let [low, high] = [low, high].map(|v| self.b.ins().band(v, mask));
                self.b.ins().unarrow(low, high)
            }
        }
    }

    /// A choice between floats, in the form that x86 has one instruction for.
    fn pick(&mut self, condition: clif::Value, x: clif::Value, y: clif::Value) -> clif::Value {
        let ty = self.b.func.dfg.value_type(x);
        let condition = self.cast(condition, ty);
        self.b.ins().bitselect(condition, x, y)
    }

    /// `i32`s as a short type, the nearest there.
    fn saturate_to(&mut self, x: &Held, to: DType) -> Held {
        let mut held = x.clone();
        while held.form.width() > to.size() {
            let form = Form::Int(held.form.width() / 2);
            let unsigned = form.width() == to.size() && !to.is_signed();
            held = self.narrow(&held, form, |e, low, high| {
                if unsigned { e.b.ins().unarrow(low, high) } else { e.b.ins().snarrow(low, high) }
            });
        }
        held
    }

    /// Two `f64` as saturated `i32` in the low half: a form that x86 has a rule for.
    fn saturate(&mut self, x: clif::Value) -> clif::Value {
        let wide = self.b.ins().fcvt_to_sint_sat(types::I64X2, x);
        let zeros = self.b.func.dfg.constants.insert(clif::ConstantData::from(&[0u8; PART][..]));
        let zero = self.b.ins().vconst(types::I64X2, zeros);
        self.b.ins().snarrow(wide, zero)
    }

    /// To a form of twice the width: each part gives two, its low half and its high half.
    fn widen(
        &mut self,
        x: &Held,
        form: Form,
        mut half: impl FnMut(&mut Self, clif::Value, bool) -> clif::Value,
    ) -> Held {
        let count = if x.uniform { 1 } else { form.parts(self.lanes) };
        let parts = (0..count).map(|i| half(self, x.part(i / 2), i % 2 == 1)).collect();
        Held { form, parts, uniform: x.uniform }
    }

    /// To a form of half the width: two parts give one.
    fn narrow(
        &mut self,
        x: &Held,
        form: Form,
        mut join: impl FnMut(&mut Self, clif::Value, clif::Value) -> clif::Value,
    ) -> Held {
        let count = if x.uniform { 1 } else { form.parts(self.lanes) };
        let last = x.parts.len() - 1;
        let parts = (0..count).map(|i| join(self, x.part(2 * i), x.part((2 * i + 1).min(last)))).collect();
        Held { form, parts, uniform: x.uniform }
    }

    /// A mask with lanes of this width.
    pub fn mask(&mut self, x: &Held, width: usize) -> Held {
        let form = Form::Mask(width);
        if x.form.width() == width {
            return x.clone();
        }
        // All bytes of a lane agree, so those of a uniform mask do, and narrowing keeps lane 0 in place.
        if x.uniform || (self.lanes == 1 && x.form.width() > width) {
            let part = self.cast(x.part(0), form.vector());
            return Held { form, parts: smallvec::SmallVec::from_slice(&[part]), uniform: x.uniform };
        }
        let step = |e: &mut Self, x: &Held, to: usize| {
            let form = Form::Mask(to);
            if to > x.form.width() {
                e.widen(
                    x,
                    form,
                    |e, part, high| {
                        if high { e.b.ins().swiden_high(part) } else { e.b.ins().swiden_low(part) }
                    },
                )
            } else if to == 4 {
                e.narrow(x, form, |e, low, high| e.shuffle(low, high, EVEN, types::I32X4))
            } else {
                e.narrow(x, form, |e, low, high| e.b.ins().snarrow(low, high))
            }
        };
        let mut held = x.clone();
        while held.form.width() != width {
            let at = held.form.width();
            held = step(self, &held, if width > at { at * 2 } else { at / 2 });
        }
        held
    }
}
