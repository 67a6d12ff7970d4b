//! Primitive operations: (operation, type) to the forms of Cranelift's IR that every back end lowers well.
//!
//! Comes in: arguments in registers (`Held`), of the step's lanes. Goes out: the result, uniform where all arguments
//! are. Always holds: no instruction traps, in don't-care lanes neither; bit operations are on vectors of integers.

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{self as clif, InstBuilder, types};

use super::emit::Emitter;
use super::lanes::{Form, Held};
use crate::dtype::{DType, Kind};
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
        fma_f64 crate::ir::fma::fma_f64, f64, x y z;
        fma_f32 crate::ir::fma::fma_f32, f32, x y z;
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
            Kind::Int => self.on_ints(op, arg, args),
            Kind::Float => self.on_floats(op, Form::of(arg), args),
            Kind::Complex => unreachable!("kernels compute in real numbers"),
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

    fn on_ints(&mut self, op: Op, dtype: DType, args: &[Held]) -> Held {
        let (form, signed) = (Form::of(dtype), dtype.is_signed());
        let refs: smallvec::SmallVec<[&Held; 3]> = args.iter().collect();
        if let Some(cc) = int_condition(op) {
            let cc = if signed { cc } else { cc.unsigned() };
            return self.map(Form::Mask(form.width()), &refs, |e, x| e.b.ins().icmp(cc, x[0], x[1]));
        }
        match op {
            Op::FloorDiv | Op::FloorMod => self.divide(op == Op::FloorDiv, dtype, &refs),
            // SSE4.1 has the instructions.
            Op::Shl | Op::Shr if form.width() <= 4 && self.lanes > 1 && self.target.machine.features.round => {
                self.shift_lanes(op == Op::Shl, dtype, &refs)
            }
            Op::Shl | Op::Shr => {
                self.per_lane(&refs, form, |e, x| e.shift(op == Op::Shl, signed, form.lane(), x[0], x[1]))
            }
            Op::MulHigh => self.multiply_high(dtype, &refs),
            Op::Select => self.select(form, args),
            Op::SwapBytes => self.swap_bytes(form, &args[0]),
            Op::Abs if !signed => args[0].clone(),
            _ => self.map(form, &refs, |e, x| match op {
                Op::Add => e.b.ins().iadd(x[0], x[1]),
                Op::Sub => e.b.ins().isub(x[0], x[1]),
                Op::Mul if form.width() == 1 => e.multiply_bytes(x[0], x[1]),
                Op::Mul => e.b.ins().imul(x[0], x[1]),
                Op::Neg => e.b.ins().ineg(x[0]),
                Op::Abs => e.b.ins().iabs(x[0]),
                Op::Min if signed => e.b.ins().smin(x[0], x[1]),
                Op::Min => e.b.ins().umin(x[0], x[1]),
                Op::Max if signed => e.b.ins().smax(x[0], x[1]),
                Op::Max => e.b.ins().umax(x[0], x[1]),
                Op::And => e.b.ins().band(x[0], x[1]),
                Op::Or => e.b.ins().bor(x[0], x[1]),
                Op::Xor => e.b.ins().bxor(x[0], x[1]),
                Op::Not => e.complement(x[0], form),
                _ => unreachable!("{} does not take integers", op.name()),
            }),
        }
    }
    // Long: one arm for each operation.

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
                self.map(form, &[&mask, &args[1], &args[2]], |e, x| match e.compared(x[0], x[1], x[2]) {
                    // One instruction on x86, `min` or `max`, for what is `x < y ? x : y` there.
                    Some([yes, no]) => {
                        let condition = e.cast(x[0], form.vector());
                        e.b.ins().bitselect(condition, yes, no)
                    }
                    None => e.blend(x[0], x[1], x[2], form),
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
                // Taken both ways round: the two differ where numbers are equal (zeros alone have other bits then), or one is NaN.
                Op::Minimum => {
                    let [a, b] = [[x[0], x[1]], [x[1], x[0]]].map(|pair| e.where_less(pair, pair, form));
                    e.b.ins().bor(a, b)
                }
                Op::Maximum => {
                    let [a, b] = [[x[0], x[1]], [x[1], x[0]]].map(|pair| e.where_less([pair[1], pair[0]], pair, form));
                    let v = e.b.ins().band(a, b);
                    let nan = e.b.ins().fcmp(FloatCC::Unordered, x[0], x[1]);
                    let nan = e.cast(nan, form.vector());
                    e.b.ins().bor(v, nan)
                }
                _ => unreachable!("{} does not take floats", op.name()),
            }),
        }
    }

    /// The negative of what is only read by `fma`s, whose instruction it becomes part of. (A mask of signs would be loaded for nothing:
    /// Cranelift keeps loads that nothing reads.)
    pub fn negate_factor(&mut self, dtype: DType, x: &Held) -> Held {
        self.map(Form::of(dtype), &[x], |e, x| {
            let v = e.b.ins().fneg(x[0]);
            e.negated.insert(v, x[0]);
            v
        })
    }

    /// The helper for an operation that this CPU has no instruction for.
    fn missing(&self, op: Op, form: Form) -> Option<usize> {
        let features = self.target.machine.features;
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

    /// `yes` where the first of two numbers is less than the second, else `no`: on x86 one `min` or `max` instruction, if these are
    /// the two.
    fn where_less(&mut self, pair: [clif::Value; 2], [yes, no]: [clif::Value; 2], form: Form) -> clif::Value {
        let less = self.b.ins().fcmp(FloatCC::LessThan, pair[0], pair[1]);
        let condition = self.cast(less, form.vector());
        self.b.ins().bitselect(condition, yes, no)
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

    pub fn complement(&mut self, x: clif::Value, form: Form) -> clif::Value {
        let ty = self.b.func.dfg.value_type(x);
        let ones = self.constant_lanes(u64::MAX, form.width(), ty);
        self.b.ins().bxor(x, ones)
    }

    fn select(&mut self, form: Form, args: &[Held]) -> Held {
        let mask = self.mask(&args[0], form.width());
        self.map(form, &[&mask, &args[1], &args[2]], |e, x| e.blend(x[0], x[1], x[2], form))
    }

    /// `x` in the lanes that are all ones, `y` in those that are zero.
    pub fn blend(&mut self, mask: clif::Value, x: clif::Value, y: clif::Value, form: Form) -> clif::Value {
        let (x, y) = (self.as_ints(x, form), self.as_ints(y, form));
        let v = if self.target.machine.features.blend {
            // There is none of 16 bits: all bytes of a lane agree.
            let blended = if form.width() == 2 { types::I8X16 } else { self.b.func.dfg.value_type(x) };
            let [mask, x, y] = [mask, x, y].map(|v| self.cast(v, blended));
            let v = self.b.ins().blendv(mask, x, y);
            self.cast(v, super::lanes::ints(form.width()))
        } else {
            self.b.ins().bitselect(mask, x, y)
        };
        self.cast(v, form.vector())
    }

    /// The floats of a comparison by `<`, if the mask is one of just these two.
    fn compared(&self, mask: clif::Value, x: clif::Value, y: clif::Value) -> Option<[clif::Value; 2]> {
        let dfg = &self.b.func.dfg;
        let inst = dfg.value_def(mask).inst()?;
        let &[a, b] = dfg.inst_args(inst) else { return None };
        if dfg.insts[inst].fp_cond_code() != Some(FloatCC::LessThan) {
            return None;
        }
        match (self.same(a, x) && self.same(b, y), self.same(a, y) && self.same(b, x)) {
            (true, _) => Some([a, b]),
            (_, true) => Some([b, a]),
            _ => None,
        }
    }

    /// Whether two values are one, or one constant loaded twice.
    fn same(&self, x: clif::Value, y: clif::Value) -> bool {
        let dfg = &self.b.func.dfg;
        let load = |v: clif::Value| match dfg.insts[dfg.value_def(v).inst()?] {
            clif::InstructionData::Load { arg, offset, .. } if arg == self.arguments.constants => Some(offset),
            _ => None,
        };
        x == y || load(x).is_some_and(|place| load(y) == Some(place))
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
