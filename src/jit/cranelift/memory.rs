//! Loads and stores.
//!
//! | access          | address of the step's point `j`            | form                                     |
//! |-----------------|--------------------------------------------|------------------------------------------|
//! | fixed           | the base                                   | one element, in all lanes                |
//! | unit            | base + index*size + constant, one register | whole parts; a lone point as one element |
//! | paired          | base + index*2*size + constant             | whole parts with both halves of pairs, shuffled; a lone point as one element |
//! | strided         | a moving pointer, `j` strides on           | element by element                       |
//!
//! Always holds: exactly the step's points are read or written, not a byte more; of pairs both halves may be read, and what is
//! written of one half alone is so element by element.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self as clif, InstBuilder, MemFlagsData, types};
use smallvec::SmallVec;

use super::emit::{Emitter, Table, array_flags, frame_flags};
use super::lanes::{Form, Held, PART};

use crate::dtype::DType;
use crate::ir::{self, Inst};
use crate::jit::native::addresses::{Address, Inner};

impl Emitter<'_> {
    /// The pointers at level 0: addresses of the operands with the constant parts of the coordinates.
    pub fn open_bases(&mut self) {
        for base in 0..self.shape.addresses.bases.len() {
            let shape = self.shape;
            let base = &shape.addresses.bases[base];
            let mut pointer = self.table(Table::Pointers, base.operand);
            for dim in base.dims.iter().filter(|dim| dim.offset != 0) {
                let bytes = match dim.stride {
                    Ok(size) => self.b.ins().iconst(types::I64, size.wrapping_mul(i64::from(dim.offset))),
                    Err(at) => {
                        let stride = self.table(Table::Strides, at as usize);
                        self.b.ins().imul_imm_s(stride, i64::from(dim.offset))
                    }
                };
                pointer = self.b.ins().iadd(pointer, bytes);
            }
            self.bases.push(pointer);
        }
    }

    /// Moves the pointers to a point of a loop; gives them as they were.
    pub fn advance_bases(&mut self, looped: u8, index: clif::Value) -> Vec<clif::Value> {
        let before = self.bases.clone();
        for base in 0..self.shape.addresses.bases.len() {
            if let Some(stride) = self.stride_along(base, looped) {
                let bytes = self.b.ins().imul(index, stride);
                self.bases[base] = self.b.ins().iadd(self.bases[base], bytes);
            }
        }
        before
    }

    /// By how many bytes a base moves for a step of a loop; `None` if it does not.
    pub fn stride_along(&mut self, base: usize, looped: u8) -> Option<clif::Value> {
        let shape = self.shape;
        let mut sum = None;
        for dim in shape.addresses.bases[base].dims.iter().filter(|dim| dim.follows == Some(looped)) {
            let stride = match dim.stride {
                Ok(size) => self.b.ins().iconst(types::I64, size),
                Err(at) => self.table(Table::Strides, at as usize),
            };
            sum = Some(match sum {
                None => stride,
                Some(sum) => self.b.ins().iadd(sum, stride),
            });
        }
        sum
    }

    /// The address of the step's first point and how an access goes on from there.
    fn address(&mut self, v: ir::Value, size: usize) -> Option<(clif::Value, Address)> {
        let mut address = self.shape.addresses.of[v.0 as usize]?;
        let base = self.bases[address.base];
        let Some(index) = self.here.index else {
            address.inner = Inner::Fixed;
            return Some((base, address));
        };
        let apart = if let Inner::Paired { .. } = address.inner { 2 * size } else { size };
        let pointer = match address.inner {
            Inner::Fixed => base,
            Inner::Strided => known(&self.here.moving, address.base)?,
            Inner::Unit | Inner::Paired { .. } => match known(&self.here.unit, address.base) {
                Some(known) => known,
                None => {
                    let bytes = known(&self.here.bytes, apart).unwrap_or_else(|| {
                        let bytes = self.b.ins().ishl_imm_u(index, i64::from(apart.trailing_zeros()));
                        self.here.bytes.push((apart, bytes));
                        bytes
                    });
                    let pointer = self.b.ins().iadd(base, bytes);
                    self.here.unit.push((address.base, pointer));
                    pointer
                }
            },
        };
        if address.inner != Inner::Fixed && address.inner != Inner::Strided {
            address.displacement += (self.here.first * apart) as i32;
        }
        Some((pointer, address))
    }

    /// The addresses, with constants to add, of the points of an access that is met element by element.
    fn points(&mut self, first: clif::Value, address: Address, form: Form) -> SmallVec<[(clif::Value, i32); 8]> {
        let offset = address.displacement;
        if let Inner::Paired { .. } = address.inner {
            return (0..self.lanes).map(|j| (first, offset + (2 * form.width() * j) as i32)).collect();
        }
        let mut all = SmallVec::from_slice(&[(first, offset)]);
        if self.lanes == 1 {
            return all;
        }
        let innermost = (self.kernel.loops() - 1) as u8;
        let Some(stride) = self.stride_along(address.base, innermost) else { return all };
        let mut at = first;
        for _ in 1..self.lanes {
            at = self.b.ins().iadd(at, stride);
            all.push((at, offset));
        }
        all
    }

    /// Whether the pairs of a step, of halves of this form, are whole vectors, and one instruction picks lanes of them. (Bytes
    /// and halves of words are picked by one that not every CPU has.)
    fn fills_pairs(&self, form: Form) -> bool {
        self.lanes > 1 && form.width() >= 4 && 2 * self.lanes * form.width() >= PART
    }

    /// The value of a load, as it is now.
    pub fn load_at(&mut self, v: ir::Value) -> Held {
        let kernel = self.kernel;
        let Inst::Load(access) = kernel.inst(v) else { unreachable!("{v:?} is not a load") };
        let dtype = kernel.operand(access.operand).dtype;
        let form = Form::of(dtype);
        let Some((pointer, address)) = self.address(v, dtype.size()) else { unreachable!("a load has an address") };
        let offset = address.displacement;
        match address.inner {
            Inner::Fixed => self.load_fixed(dtype, pointer, offset),
            Inner::Unit => {
                let parts = (0..form.parts(self.lanes))
                    .map(|i| {
                        let bytes = (self.lanes * form.width()).min(PART);
                        let v = self.load_bytes(form, bytes, pointer, offset + (PART * i) as i32);
                        self.as_loaded(v, form)
                    })
                    .collect();
                Held { form, parts, uniform: false }
            }
            Inner::Paired { second } if self.fills_pairs(form) => self.load_halves(form, pointer, address, second),
            Inner::Paired { .. } | Inner::Strided => {
                let points = self.points(pointer, address, form);
                let mut parts = SmallVec::<[clif::Value; 4]>::new();
                for (j, &(point, offset)) in points.iter().enumerate() {
                    let at = j % form.per_part();
                    match parts.last_mut() {
                        Some(last) if at > 0 => {
                            let element = self.b.ins().load(form.lane(), array_flags(), point, offset);
                            *last = self.b.ins().insertlane(*last, element, at as u8);
                        }
                        _ => parts.push(self.load_bytes(form, form.width(), point, offset)),
                    }
                }
                let parts = parts.into_iter().map(|part| self.as_loaded(part, form)).collect();
                Held { form, parts, uniform: false }
            }
        }
    }

    /// The first or the second halves of the step's pairs, picked from vectors of whole pairs.
    fn load_halves(&mut self, form: Form, pointer: clif::Value, address: Address, second: bool) -> Held {
        let width = form.width();
        let first = address.displacement - if second { width as i32 } else { 0 };
        let place = (address.base, first);
        let pairs = match self.here.pairs.iter().find(|(known, _)| *known == place) {
            Some((_, pairs)) => pairs.clone(),
            None => {
                let count = 2 * self.lanes * width / PART;
                let vector = |i: usize| self.load_part(form.vector(), pointer, first + (PART * i) as i32);
                let pairs: SmallVec<[clif::Value; 8]> = (0..count).map(vector).collect();
                self.here.pairs.push((place, pairs.clone()));
                pairs
            }
        };
        // Lane `j` of two vectors is the half `2j` or `2j + 1` of both.
        let pick = std::array::from_fn(|byte| {
            let (lane, byte) = (byte / width, byte % width);
            ((2 * lane + usize::from(second)) * width + byte) as u8
        });
        let parts = pairs.chunks(2).map(|two| {
            let part = self.shuffle(two[0], two[two.len() - 1], pick, form.vector());
            self.as_loaded(part, form)
        });
        Held { form, parts: parts.collect(), uniform: false }
    }

    /// One element in all lanes.
    fn load_fixed(&mut self, dtype: DType, pointer: clif::Value, offset: i32) -> Held {
        let form = Form::of(dtype);
        let part = if dtype == DType::Bool {
            let byte = self.b.ins().uload8(types::I64, array_flags(), pointer, offset);
            let set = self.b.ins().icmp_imm_u(IntCC::NotEqual, byte, 0);
            let lane = self.b.ins().bmask(types::I64, set);
            let lanes = self.b.ins().splat(types::I64X2, lane);
            self.cast(lanes, form.vector())
        } else {
            let element = self.b.ins().load(form.lane(), array_flags(), pointer, offset);
            self.b.ins().splat(form.vector(), element)
        };
        Held::uniform(form, part)
    }

    /// The first `bytes` bytes of a part; nothing past them is read.
    fn load_bytes(&mut self, form: Form, bytes: usize, pointer: clif::Value, offset: i32) -> clif::Value {
        if bytes == PART {
            return self.load_part(form.vector(), pointer, offset);
        }
        let element = self.load_few(form, bytes, array_flags(), pointer, offset);
        if self.on_scalars() { element } else { self.as_part(form, element) }
    }

    /// An element of the frame, in lane 0 of a part.
    pub fn load_lane(&mut self, form: Form, pointer: clif::Value, offset: i32) -> clif::Value {
        let element = self.load_few(form, form.width(), frame_flags(), pointer, offset);
        self.as_part(form, element)
    }

    /// Fewer bytes than a part has, as a scalar that can become the low end of one.
    fn load_few(
        &mut self,
        form: Form,
        bytes: usize,
        flags: MemFlagsData,
        pointer: clif::Value,
        offset: i32,
    ) -> clif::Value {
        match bytes {
            8 if form == Form::F64 => self.b.ins().load(types::F64, flags, pointer, offset),
            4 if form == Form::F32 => self.b.ins().load(types::F32, flags, pointer, offset),
            8 => self.b.ins().load(types::I64, flags, pointer, offset),
            4 => self.b.ins().load(types::I32, flags, pointer, offset),
            2 => self.b.ins().uload16(types::I32, flags, pointer, offset),
            _ => self.b.ins().uload8(types::I32, flags, pointer, offset),
        }
    }

    fn as_part(&mut self, form: Form, element: clif::Value) -> clif::Value {
        let lane = self.b.func.dfg.value_type(element);
        let v = self.b.ins().scalar_to_vector(lane.by(PART as u32 / lane.bytes()).unwrap_or(types::I64X2), element);
        self.cast(v, form.vector())
    }

    /// A whole part.
    ///
    /// Without AVX an operand in memory must be aligned, which arrays are not. Cranelift 0.135.8 knows that, except for
    /// `cmpps` and `cmppd`, whose operands it takes from memory all the same: the code crashes. A load of another type
    /// with a cast behind it is never made an operand, and costs nothing.
    fn load_part(&mut self, ty: clif::Type, pointer: clif::Value, offset: i32) -> clif::Value {
        let other = if ty == types::I8X16 { types::I64X2 } else { types::I8X16 };
        let loaded = if self.target.machine.features.unaligned { ty } else { other };
        let v = self.b.ins().load(loaded, array_flags(), pointer, offset);
        self.cast(v, ty)
    }

    /// Bytes of bools as a mask; other forms are as in memory.
    fn as_loaded(&mut self, v: clif::Value, form: Form) -> clif::Value {
        if form != Form::Mask(1) {
            return v;
        }
        let ones = self.constant_lanes(1, 1, types::I8X16);
        self.b.ins().icmp(IntCC::Equal, v, ones)
    }

    /// Writes a value. Of stores of both halves of the same pairs the second one does all.
    pub fn store_at(&mut self, v: ir::Value, stored: ir::Value) {
        let (kernel, shape) = (self.kernel, self.shape);
        let Inst::Store(access, _) = kernel.inst(v) else { unreachable!("{v:?} is not a store") };
        let dtype = kernel.operand(access.operand).dtype;
        let form = Form::of(dtype);
        let pair = shape.addresses.together.iter().find(|pair| pair.contains(&v));
        if let (Some(&[first, second]), true) = (pair, self.fills_pairs(form)) {
            if v == second {
                self.store_pairs(first, second);
            }
            return;
        }
        let held = self.as_stored(stored, dtype);
        let Some((pointer, address)) = self.address(v, dtype.size()) else { unreachable!("a store has an address") };
        let offset = address.displacement;
        // What has been read may be what is written.
        self.here.pairs.clear();
        match address.inner {
            // Of points that go to one place the last one stays.
            Inner::Fixed => self.store_lane(&held, self.lanes - 1, pointer, offset),
            Inner::Unit => {
                let bytes = (self.lanes * form.width()).min(PART);
                if bytes == form.width() {
                    self.store_lane(&held, 0, pointer, offset);
                } else {
                    for i in 0..form.parts(self.lanes) {
                        let part = held.part(i);
                        let mark = bytes == PART;
                        if mark {
                            // Each a place of its own, or neighbours would be told of as one.
                            self.marked += 1;
                            self.b.set_srcloc(cranelift_codegen::ir::SourceLoc::new(self.marked));
                        }
                        self.store_bytes(part, bytes, pointer, offset + (PART * i) as i32);
                        if mark {
                            self.b.set_srcloc(cranelift_codegen::ir::SourceLoc::default());
                        }
                    }
                }
            }
            Inner::Paired { .. } | Inner::Strided => {
                let points = self.points(pointer, address, form);
                for (j, &(point, offset)) in points.iter().enumerate() {
                    self.store_lane(&held, j, point, offset);
                }
            }
        }
    }

    /// A value as the bytes of memory.
    fn as_stored(&mut self, v: ir::Value, dtype: DType) -> Held {
        let held = self.fetch(v);
        if dtype != DType::Bool {
            return held;
        }
        let mask = self.mask(&held, 1);
        self.map(Form::of(dtype), &[&mask], |e, x| {
            let ones = e.constant_lanes(1, 1, types::I8X16);
            e.b.ins().band(x[0], ones)
        })
    }

    /// Writes both halves of the step's pairs, as vectors of whole pairs.
    fn store_pairs(&mut self, first: ir::Value, second: ir::Value) {
        let kernel = self.kernel;
        let (Inst::Store(access, one), Inst::Store(_, other)) = (kernel.inst(first), kernel.inst(second)) else {
            unreachable!("{first:?} and {second:?} are not stores")
        };
        let dtype = kernel.operand(access.operand).dtype;
        let form = Form::of(dtype);
        let (width, per_part) = (form.width(), form.per_part());
        let [one, other] = [*one, *other].map(|v| self.as_stored(v, dtype));
        let Some((pointer, address)) = self.address(first, dtype.size()) else {
            unreachable!("a store has an address")
        };
        self.here.pairs.clear();
        for i in 0..2 * self.lanes * width / PART {
            // Lanes from the middle on are in the second vector.
            let from = i % 2 * per_part / 2;
            let pick = std::array::from_fn(|byte| {
                let (lane, byte) = (byte / width, byte % width);
                (lane % 2 * PART + (from + lane / 2) * width + byte) as u8
            });
            let vector = self.shuffle(one.part(i / 2), other.part(i / 2), pick, form.vector());
            self.store_bytes(vector, PART, pointer, address.displacement + (PART * i) as i32);
        }
    }

    fn store_lane(&mut self, held: &Held, lane: usize, pointer: clif::Value, offset: i32) {
        let element = self.extract(held, lane);
        self.b.ins().store(array_flags(), element, pointer, offset);
    }

    /// Writes the first `bytes` bytes of a part.
    fn store_bytes(&mut self, part: clif::Value, bytes: usize, pointer: clif::Value, offset: i32) {
        let whole = if bytes == PART {
            part
        } else {
            let v = self.cast(part, super::lanes::ints(bytes));
            self.b.ins().extractlane(v, 0)
        };
        self.b.ins().store(array_flags(), whole, pointer, offset);
    }
}

/// The value noted under a number; there are few.
fn known(list: &[(usize, clif::Value)], number: usize) -> Option<clif::Value> {
    list.iter().find(|(n, _)| *n == number).map(|&(_, v)| v)
}
