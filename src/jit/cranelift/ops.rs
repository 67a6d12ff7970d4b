//! Primitive operations: (operation, type) to the forms of Cranelift's IR that every back end lowers well.
//!
//! Comes in: arguments in registers (`Held`), of the step's lanes. Goes out: the result, uniform where all arguments
//! are. Always holds: no instruction traps, in don't-care lanes neither; bit operations are on vectors of integers.

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{self as clif, InstBuilder};

use super::emit::Emitter;
use super::lanes::{Form, Held};
use crate::dtype::{DType, Kind, Scalar};
use crate::ir::Op;

/// The sign bit of lanes of this width.
fn sign(width: usize) -> u64 {
    1 << (8 * width - 1)
}

/// Helpers for CPUs that lack the instruction. The same bits: each is rounded correctly.
mod helpers {
    macro_rules! helpers {
        ($($name:ident $code:path, $t:ty, $($x:ident)*;)*) => { $(
            pub extern "C" fn $name($($x: $t),*) -> $t {
                $code($($x),*)
            }
        )* };
    }
    helpers! {
        fma_f64 libm::fma, f64, x y z;
        fma_f32 libm::fmaf, f32, x y z;
        floor_f64 libm::floor, f64, x;
        floor_f32 libm::floorf, f32, x;
        ceil_f64 libm::ceil, f64, x;
        ceil_f32 libm::ceilf, f32, x;
        trunc_f64 libm::trunc, f64, x;
        trunc_f32 libm::truncf, f32, x;
        round_f64 libm::rint, f64, x;
        round_f32 libm::rintf, f32, x;
    }
}

impl Emitter<'_> {
    /// The value of an operation with arguments of the type `arg` (of `select`: the later ones) and a result of `ty`.
    pub fn lower(&mut self, op: Op, arg: DType, ty: DType, args: &[Held]) -> Held {
        match op {
            Op::Convert => return self.convert(&args[0], arg, ty),
            Op::Bitcast => {
                let form = Form::of(ty);
                return self.map(form, &[&args[0]], |e, x| e.cast(x[0], form.vector()));
            }
            _ => {}
        }
        match arg.kind() {
            Kind::Bool => self.on_bools(op, args),
            Kind::Int => self.on_ints(op, Form::of(arg), args),
            Kind::Float => self.on_floats(op, Form::of(arg), args),
        }
    }

    /// Part by part: the arguments' parts in, a part of the result out.
    pub fn map(
        &mut self,
        form: Form,
        args: &[&Held],
        mut part: impl FnMut(&mut Self, &[clif::Value]) -> clif::Value,
    ) -> Held {
        let uniform = args.iter().all(|arg| arg.uniform);
        let count = if uniform { 1 } else { form.parts(self.lanes) };
        let parts = (0..count)
            .map(|i| {
                let args: smallvec::SmallVec<[clif::Value; 3]> = args.iter().map(|arg| arg.part(i)).collect();
                part(self, &args)
            })
            .collect();
        Held { form, parts, uniform }
    }

    fn on_bools(&mut self, op: Op, args: &[Held]) -> Held {
        let width = common_width(args);
        let form = Form::Mask(width);
        let args: smallvec::SmallVec<[Held; 3]> = args.iter().map(|arg| self.mask(arg, width)).collect();
        let args: smallvec::SmallVec<[&Held; 3]> = args.iter().collect();
        self.map(form, &args, |e, x| match op {
            Op::And => e.b.ins().band(x[0], x[1]),
            Op::Or => e.b.ins().bor(x[0], x[1]),
            Op::Xor | Op::Ne => e.b.ins().bxor(x[0], x[1]),
            Op::Eq => {
                let differs = e.b.ins().bxor(x[0], x[1]);
                e.complement(differs, form)
            }
            Op::Not => e.complement(x[0], form),
            Op::Select => e.blend(x[0], x[1], x[2], form),
            _ => unreachable!("{} does not take bools", op.name()),
        })
    }

    fn on_ints(&mut self, op: Op, form: Form, args: &[Held]) -> Held {
        let refs: smallvec::SmallVec<[&Held; 3]> = args.iter().collect();
        if let Some(cc) = int_condition(op) {
            return self.map(Form::Mask(form.width()), &refs, |e, x| e.b.ins().icmp(cc, x[0], x[1]));
        }
        match op {
            Op::FloorDiv | Op::FloorMod => {
                self.per_lane(&refs, form, |e, x| e.divide(op == Op::FloorDiv, form.lane(), x[0], x[1]))
            }
            Op::Shl | Op::Shr => self.per_lane(&refs, form, |e, x| e.shift(op == Op::Shl, form.lane(), x[0], x[1])),
            Op::Select => self.select(form, args),
            _ => self.map(form, &refs, |e, x| match op {
                Op::Add => e.b.ins().iadd(x[0], x[1]),
                Op::Sub => e.b.ins().isub(x[0], x[1]),
                Op::Mul => e.b.ins().imul(x[0], x[1]),
                Op::Neg => e.b.ins().ineg(x[0]),
                Op::Abs => e.b.ins().iabs(x[0]),
                Op::Min => e.b.ins().smin(x[0], x[1]),
                Op::Max => e.b.ins().smax(x[0], x[1]),
                Op::And => e.b.ins().band(x[0], x[1]),
                Op::Or => e.b.ins().bor(x[0], x[1]),
                Op::Xor => e.b.ins().bxor(x[0], x[1]),
                Op::Not => e.complement(x[0], form),
                _ => unreachable!("{} does not take integers", op.name()),
            }),
        }
    }

    fn on_floats(&mut self, op: Op, form: Form, args: &[Held]) -> Held {
        let refs: smallvec::SmallVec<[&Held; 3]> = args.iter().collect();
        if let Some((cc, swapped)) = float_condition(op) {
            let (i, j) = if swapped { (1, 0) } else { (0, 1) };
            return self.map(Form::Mask(form.width()), &refs, |e, x| e.b.ins().fcmp(cc, x[i], x[j]));
        }
        if let Some(helper) = self.missing(op, form) {
            return self.per_lane(&refs, form, |e, x| e.call(helper, form.lane(), x));
        }
        match op {
            Op::Select => {
                let mask = self.mask(&args[0], form.width());
                self.map(form, &[&mask, &args[1], &args[2]], |e, x| match e.is_less(x[0], x[1], x[2]) {
                    // One instruction on x86, `min` or `max`, for what is `x < y ? x : y` there.
                    true => {
                        let condition = e.cast(x[0], form.vector());
                        e.b.ins().bitselect(condition, x[1], x[2])
                    }
                    false => e.blend(x[0], x[1], x[2], form),
                })
            }
            _ => self.map(form, &refs, |e, x| match op {
                Op::Add => e.b.ins().fadd(x[0], x[1]),
                Op::Sub => e.b.ins().fsub(x[0], x[1]),
                Op::Mul => e.b.ins().fmul(x[0], x[1]),
                Op::Div => e.b.ins().fdiv(x[0], x[1]),
                Op::Fma => {
                    let [x, y, z] = [x[0], x[1], x[2]].map(|v| match e.negated.get(&v) {
                        // Part of the instruction then, on x86 and on aarch64.
                        Some(&v) => e.b.ins().fneg(v),
                        None => v,
                    });
                    e.b.ins().fma(x, y, z)
                }
                Op::Sqrt => e.b.ins().sqrt(x[0]),
                Op::Floor => e.b.ins().floor(x[0]),
                Op::Ceil => e.b.ins().ceil(x[0]),
                Op::Trunc => e.b.ins().trunc(x[0]),
                Op::Round => e.b.ins().nearest(x[0]),
                Op::Neg => {
                    let bits = e.as_ints(x[0], form);
                    let mask = e.constant_lanes(sign(form.width()), form.width(), e.b.func.dfg.value_type(bits));
                    let v = e.b.ins().bxor(bits, mask);
                    let v = e.cast(v, form.vector());
                    e.negated.insert(v, x[0]);
                    v
                }
                Op::Abs => {
                    let v = e.magnitude(x[0], form);
                    e.cast(v, form.vector())
                }
                Op::CopySign => e.copy_sign(x[0], x[1], form),
                Op::Min => {
                    let less = e.b.ins().fcmp(FloatCC::LessThan, x[0], x[1]);
                    e.extreme(less, x[0], x[1], form)
                }
                Op::Max => {
                    let more = e.b.ins().fcmp(FloatCC::LessThan, x[1], x[0]);
                    e.extreme(more, x[0], x[1], form)
                }
                _ => unreachable!("{} does not take floats", op.name()),
            }),
        }
    }

    /// The helper for an operation that this CPU has no instruction for.
    fn missing(&self, op: Op, form: Form) -> Option<usize> {
        let features = self.target.features;
        let pick = |f64: usize, f32: usize| Some(if form == Form::F64 { f64 } else { f32 });
        match op {
            Op::Fma if !features.fma => {
                pick(helpers::fma_f64 as *const () as usize, helpers::fma_f32 as *const () as usize)
            }
            _ if features.round => None,
            Op::Floor => pick(helpers::floor_f64 as *const () as usize, helpers::floor_f32 as *const () as usize),
            Op::Ceil => pick(helpers::ceil_f64 as *const () as usize, helpers::ceil_f32 as *const () as usize),
            Op::Trunc => pick(helpers::trunc_f64 as *const () as usize, helpers::trunc_f32 as *const () as usize),
            Op::Round => pick(helpers::round_f64 as *const () as usize, helpers::round_f32 as *const () as usize),
            _ => None,
        }
    }

    /// `x` where the condition holds, else `y`, but NaN if either is.
    ///
    /// On x86 the select is one `min` or `max` instruction, which gives `y` if either is NaN. So only a NaN in `x` is
    /// lost, and all ones are a NaN too.
    fn extreme(&mut self, condition: clif::Value, x: clif::Value, y: clif::Value, form: Form) -> clif::Value {
        let condition = self.cast(condition, form.vector());
        let picked = self.b.ins().bitselect(condition, x, y);
        let nan = self.b.ins().fcmp(FloatCC::Unordered, x, x);
        let picked = self.as_ints(picked, form);
        let v = self.b.ins().bor(picked, nan);
        self.cast(v, form.vector())
    }

    fn magnitude(&mut self, x: clif::Value, form: Form) -> clif::Value {
        let x = self.as_ints(x, form);
        let mask = self.constant_lanes(sign(form.width()) - 1, form.width(), self.b.func.dfg.value_type(x));
        self.b.ins().band(x, mask)
    }

    fn copy_sign(&mut self, x: clif::Value, y: clif::Value, form: Form) -> clif::Value {
        let magnitude = self.magnitude(x, form);
        let number = self.b.ins().fcmp(FloatCC::Ordered, y, y);
        let y = self.as_ints(y, form);
        let mask = self.constant_lanes(sign(form.width()), form.width(), self.b.func.dfg.value_type(y));
        let sign = self.b.ins().band(y, mask);
        let sign = self.b.ins().band(sign, number);
        let v = self.b.ins().bor(magnitude, sign);
        self.cast(v, form.vector())
    }

    fn complement(&mut self, x: clif::Value, form: Form) -> clif::Value {
        let ty = self.b.func.dfg.value_type(x);
        let ones = self.constant_lanes(u64::MAX, form.width(), ty);
        self.b.ins().bxor(x, ones)
    }

    fn select(&mut self, form: Form, args: &[Held]) -> Held {
        let mask = self.mask(&args[0], form.width());
        self.map(form, &[&mask, &args[1], &args[2]], |e, x| e.blend(x[0], x[1], x[2], form))
    }

    /// `x` in the lanes that are all ones, `y` in those that are zero.
    fn blend(&mut self, mask: clif::Value, x: clif::Value, y: clif::Value, form: Form) -> clif::Value {
        let zero = self.is_zero(y);
        let (x, y) = (self.as_ints(x, form), self.as_ints(y, form));
        let v = if zero {
            self.b.ins().band(mask, x)
        } else if self.target.features.blend {
            self.b.ins().blendv(mask, x, y)
        } else {
            self.b.ins().bitselect(mask, x, y)
        };
        self.cast(v, form.vector())
    }

    /// Whether a mask is `x < y` or `y < x` of just these floats.
    fn is_less(&self, mask: clif::Value, x: clif::Value, y: clif::Value) -> bool {
        let dfg = &self.b.func.dfg;
        let Some(inst) = dfg.value_def(mask).inst() else { return false };
        dfg.insts[inst].fp_cond_code() == Some(FloatCC::LessThan)
            && matches!(*dfg.inst_args(inst), [a, b] if (a, b) == (x, y) || (a, b) == (y, x))
    }

    /// Floored quotient or remainder of scalars.
    fn divide(&mut self, quotient: bool, ty: clif::Type, x: clif::Value, y: clif::Value) -> clif::Value {
        let b = self.b.ins();
        // Divisors 0 and -1 are replaced by 1, which no dividend traps on: then the remainder is 0, and the quotient
        // is x*y (0, and -x with MIN*-1 = MIN).
        let shifted = b.iadd_imm_s(y, 1);
        let special = self.b.ins().icmp_imm_u(IntCC::UnsignedLessThan, shifted, 2);
        let one = self.b.ins().iconst(ty, 1);
        let divisor = self.b.ins().select(special, one, y);
        let q = self.b.ins().sdiv(x, divisor);
        let product = self.b.ins().imul(q, divisor);
        let r = self.b.ins().isub(x, product);
        // Towards minus infinity: one down where there is a remainder of the other sign.
        let zero = self.b.ins().iconst(ty, 0);
        let signs = self.b.ins().bxor(r, divisor);
        let apart = self.b.ins().icmp(IntCC::SignedLessThan, signs, zero);
        let inexact = self.b.ins().icmp(IntCC::NotEqual, r, zero);
        let down = self.b.ins().band(apart, inexact);
        if quotient {
            let lower = self.b.ins().iadd_imm_s(q, -1);
            let floored = self.b.ins().select(down, lower, q);
            let product = self.b.ins().imul(x, y);
            self.b.ins().select(special, product, floored)
        } else {
            let moved = self.b.ins().iadd(r, divisor);
            self.b.ins().select(down, moved, r)
        }
    }

    /// A shift of scalars. Cranelift takes the count modulo the width, so other counts are caught.
    fn shift(&mut self, left: bool, ty: clif::Type, x: clif::Value, count: clif::Value) -> clif::Value {
        let width = i64::from(ty.bits());
        let valid = self.b.ins().icmp_imm_u(IntCC::UnsignedLessThan, count, width);
        if left {
            let shifted = self.b.ins().ishl(x, count);
            let zero = self.b.ins().iconst(ty, 0);
            self.b.ins().select(valid, shifted, zero)
        } else {
            let most = self.b.ins().iconst(ty, width - 1);
            let count = self.b.ins().select(valid, count, most);
            self.b.ins().sshr(x, count)
        }
    }

    /// A shift of all lanes by one constant.
    pub fn shift_by(&mut self, left: bool, form: Form, x: &Held, count: Scalar) -> Held {
        let width = 8 * form.width() as i64;
        let bits = count.bits() as i64;
        let count = if count.dtype() == DType::I32 { i64::from(bits as i32) } else { bits };
        let valid = (0..width).contains(&count);
        self.map(form, &[x], |e, x| {
            if left && !valid {
                return e.constant_lanes(0, 8, form.vector());
            }
            let amount = e.b.ins().iconst(clif::types::I32, if valid { count } else { width - 1 });
            if left { e.b.ins().ishl(x[0], amount) } else { e.b.ins().sshr(x[0], amount) }
        })
    }
}

/// The width in which masks meet: the widest, of those that are not uniform if there are such.
fn common_width(args: &[Held]) -> usize {
    let widest = |uniform: bool| args.iter().filter(|arg| arg.uniform == uniform).map(|arg| arg.form.width()).max();
    widest(false).or_else(|| widest(true)).unwrap_or(1)
}

fn int_condition(op: Op) -> Option<IntCC> {
    Some(match op {
        Op::Eq => IntCC::Equal,
        Op::Ne => IntCC::NotEqual,
        Op::Lt => IntCC::SignedLessThan,
        Op::Le => IntCC::SignedLessThanOrEqual,
        Op::Gt => IntCC::SignedGreaterThan,
        Op::Ge => IntCC::SignedGreaterThanOrEqual,
        _ => return None,
    })
}

/// The condition, and whether it is on exchanged arguments: SSE has no "greater".
fn float_condition(op: Op) -> Option<(FloatCC, bool)> {
    Some(match op {
        Op::Eq => (FloatCC::Equal, false),
        Op::Ne => (FloatCC::NotEqual, false),
        Op::Lt => (FloatCC::LessThan, false),
        Op::Le => (FloatCC::LessThanOrEqual, false),
        Op::Gt => (FloatCC::LessThan, true),
        Op::Ge => (FloatCC::LessThanOrEqual, true),
        _ => return None,
    })
}
