//! Loads and stores.
//!
//! | access  | a step                                                                  | what is left of a line                  |
//! |---------|-------------------------------------------------------------------------|-----------------------------------------|
//! | fixed   | one element, in all lanes                                               | the same                                |
//! | unit    | a vector, in memory until an instruction reads it                       | a vector with a mask; of AVX2 and short elements one by one |
//! | paired  | vectors of whole pairs, from which lanes are picked; written together   | one by one                              |
//! | strided | elements of 4 and 8 bytes put together in registers                     | one by one                              |
//!
//! One by one: through the frame, from which a whole vector is read, or to which it is written.
//!
//! Always holds: exactly the step's points are read or written, not a byte more; of pairs both halves may be read.

use smallvec::SmallVec;

use super::super::mir::{Arg, Base, Constant, ElementStride, Elements, Gpr, Inst, Masked, Mem, Reg, What};
use super::super::rows::{Row, Size};
use super::super::select::{Held, by_width};
use super::{Lower, Place};
use crate::dtype::DType;
use crate::ir;
use crate::jit::native::addresses::{Address, Inner};

const MASKED_STORE: [Row; 4] = [Row::Movdqu8Store, Row::Movdqu16Store, Row::Movdqu32Store, Row::Movdqu64Store];

impl Lower<'_> {
    fn address(&self, v: ir::Value) -> Address {
        let Some(mut address) = self.shape.addresses.of[v.0 as usize] else { unreachable!("an access has an address") };
        if self.place == Place::Outside {
            address.inner = Inner::Fixed;
        }
        address
    }

    /// Where the first point's element is, for elements that are side by side, or pairs.
    fn memory(&self, address: Address, size: usize) -> Mem {
        let (index, apart) = match address.inner {
            Inner::Unit => (Some((Gpr::Index, size as u8)), size),
            Inner::Paired { .. } if size == 8 => (Some((Gpr::PairIndex, 8)), 16),
            Inner::Paired { .. } => (Some((Gpr::Index, 2 * size as u8)), 2 * size),
            _ => (None, 0),
        };
        let displacement = address.displacement + (self.first * apart) as i32;
        Mem { base: Base::Pointer(address.base as u32), index, displacement }
    }

    /// The value of a load.
    pub fn load(&mut self, v: ir::Value) -> Held {
        let kernel = self.kernel;
        let ir::Inst::Load(access) = kernel.inst(v) else { unreachable!("{v:?} is not a load") };
        let dtype = kernel.operand(access.operand).dtype;
        let width = dtype.size();
        let address = self.address(v);
        let size = self.code.size(width);
        let mem = self.memory(address, width);
        let whole = self.code.lanes * width == size.bytes();
        let reg = match (address.inner, self.place) {
            (Inner::Fixed, _) => self.code.emit(by_width(width, Row::SPREAD), size, &[Arg::Mem(mem)]),
            (Inner::Unit, Place::Tail) => self.load_masked(address, mem, width),
            (Inner::Unit, _) if whole => {
                if dtype != DType::Bool && self.shape.liveness.floats[v.0 as usize] {
                    return Held::Memory(mem, width);
                }
                self.code.emit(Row::Movups, size, &[Arg::Mem(mem)])
            }
            (Inner::Unit, _) if self.code.lanes * width == 8 => self.code.emit(Row::Movq, Size::X, &[Arg::Mem(mem)]),
            (Inner::Unit, _) if self.code.lanes * width == 4 => self.code.emit(Row::Movd, Size::X, &[Arg::Mem(mem)]),
            (Inner::Paired { second }, Place::Step) if width >= 4 && whole => self.load_half(address, width, second),
            (Inner::Strided, Place::Step) if width >= 4 => self.load_strided(address, width),
            _ => self.load_elements(address, width),
        };
        if dtype == DType::Bool { self.code.of_bytes(reg) } else { Held::Vector(reg) }
    }

    /// What is left of a line, side by side.
    fn load_masked(&mut self, address: Address, mem: Mem, width: usize) -> Reg {
        let size = self.code.size(width);
        if self.code.is_evex() {
            let masked = Masked { by: self.code.valid_mask(), zero: true };
            return self.code.emit_with(by_width(width, Row::MASKED_LOAD), size, &[Arg::Mem(mem)], None, Some(masked));
        }
        if width < 4 || self.code.lanes * width < 16 {
            return self.load_elements(address, width);
        }
        let valid = self.valid_of(width);
        let row = if width == 4 { Row::Maskmovps } else { Row::Maskmovpd };
        self.code.emit(row, size, &[valid.into(), Arg::Mem(mem)])
    }

    /// Elements that are moved one by one, to or from the frame.
    fn elements(&mut self, address: Address, width: usize, store: bool) -> Elements {
        let stride = match address.inner {
            Inner::Fixed => ElementStride::Bytes(0),
            Inner::Unit => ElementStride::Bytes(width as i32),
            Inner::Paired { .. } => ElementStride::Bytes(2 * width as i32),
            Inner::Strided => ElementStride::Inner,
        };
        let (base, displacement) = (address.base, address.displacement);
        let (frame, count) = (self.code.frame.room(64, 64), self.code.lanes);
        let perhaps_fewer = self.place == Place::Tail;
        Elements {
            base,
            stride,
            first: self.first as i32,
            displacement,
            size: width,
            frame,
            count,
            perhaps_fewer,
            store,
        }
    }

    fn load_elements(&mut self, address: Address, width: usize) -> Reg {
        let elements = self.elements(address, width, false);
        self.gpr(What::Elements(Box::new(elements)), &[]);
        let mem = Mem { base: Base::Frame, index: None, displacement: elements.frame };
        let size = self.code.size(width);
        self.code.emit(Row::Movups, size, &[Arg::Mem(mem)])
    }

    /// Goes through the step's points of a strided access: for each four of them their addresses.
    fn strided(&mut self, address: Address, mut four: impl FnMut(&mut Self, [Mem; 4])) {
        let [stride, thrice, at] = [Gpr::Scratch(0), Gpr::Scratch(1), Gpr::Scratch(2)];
        let base = address.base;
        let mem = |base: Base, index: Option<(Gpr, u8)>, displacement: i32| Mem { base, index, displacement };
        let pointer = Base::Pointer(base as u32);
        if self.first > 0 {
            self.gpr(What::Stride { to: at, base, times: self.first as i32 }, &[]);
            self.gpr(What::Address(at), &[Arg::Mem(mem(pointer, Some((at, 1)), address.displacement))]);
        } else {
            self.gpr(What::Address(at), &[Arg::Mem(mem(pointer, None, address.displacement))]);
        }
        self.gpr(What::Stride { to: stride, base, times: 1 }, &[]);
        self.gpr(What::Address(thrice), &[Arg::Mem(mem(Base::Gpr(stride), Some((stride, 2)), 0))]);
        let here = Base::Gpr(at);
        for group in 0..self.code.lanes / 4 {
            if group > 0 {
                self.gpr(What::Address(at), &[Arg::Mem(mem(here, Some((stride, 4)), 0))]);
            }
            let points = [None, Some((stride, 1)), Some((stride, 2)), Some((thrice, 1))];
            four(self, points.map(|index| mem(here, index, 0)));
        }
    }

    /// Elements of 4 or 8 bytes at any stride, put together.
    fn load_strided(&mut self, address: Address, width: usize) -> Reg {
        let mut parts: SmallVec<[Reg; 8]> = SmallVec::new();
        self.strided(address, |e, points| {
            let [a, b, c, d] = points.map(Arg::Mem);
            if width == 4 {
                let mut part = e.code.emit(Row::MovssLoad, Size::X, &[a]);
                for (i, point) in [b, c, d].into_iter().enumerate() {
                    part = e.code.emit_i(Row::Insertps, Size::X, &[part.into(), point], (i as u8 + 1) << 4);
                }
                parts.push(part);
                return;
            }
            for [low, high] in [[a, b], [c, d]] {
                let low = e.code.emit(Row::MovsdLoad, Size::X, &[low]);
                parts.push(e.code.emit(Row::MovhpdLoad, Size::X, &[low.into(), high]));
            }
        });
        let mut size = Size::X;
        while parts.len() > 1 {
            let (row, wider) = if size == Size::X { (Row::Insert128, Size::Y) } else { (Row::Insert256, Size::Z) };
            let joined = parts.chunks(2).map(|two| self.code.emit_i(row, wider, &[two[0].into(), two[1].into()], 1));
            parts = joined.collect();
            size = wider;
        }
        parts[0]
    }

    /// The first or the second halves of the step's pairs, picked from two vectors of whole pairs.
    fn load_half(&mut self, address: Address, width: usize, second: bool) -> Reg {
        let size = self.code.size(width);
        let first = address.displacement - if second { width as i32 } else { 0 };
        let place = (address.base, first);
        let known =
            self.pairs.iter().find(|(copy, known, _)| *copy == self.copy && *known == place).map(|found| found.2);
        let [low, high] = match known {
            Some(both) => both,
            None => {
                let mem = self.memory(Address { displacement: first, ..address }, width);
                let next = Mem { displacement: mem.displacement + size.bytes() as i32, ..mem };
                let both = [mem, next].map(|mem| self.code.emit(Row::Movups, size, &[Arg::Mem(mem)]));
                self.pairs.push((self.copy, place, both));
                both
            }
        };
        if self.code.is_evex() {
            let lanes = (0..self.code.lanes).map(|lane| 2 * lane + usize::from(second));
            let pick = self.picks(lanes, width);
            let row = if width == 4 { Row::Permt2ps } else { Row::Permt2pd };
            return self.code.emit_tied(row, size, &[low.into(), pick.into(), high.into()], None);
        }
        let args = [low.into(), high.into()];
        let picked = match (width, second) {
            (4, _) => self.code.emit_i(Row::Shufps, size, &args, if second { 0xdd } else { 0x88 }),
            (_, false) => self.code.emit(Row::Unpcklpd, size, &args),
            (_, true) => self.code.emit(Row::Unpckhpd, size, &args),
        };
        // Halves of 16 bytes were picked from apart.
        if size == Size::Y { self.code.emit_i(Row::Permqi, size, &[picked.into()], 0xd8) } else { picked }
    }

    /// Numbers of lanes, of two vectors, as a constant.
    fn picks(&mut self, lanes: impl Iterator<Item = usize>, width: usize) -> Reg {
        let mut bytes = [0; 64];
        for (at, lane) in bytes.chunks_mut(width).zip(lanes) {
            at[0] = lane as u8;
        }
        self.code.constant(Constant::Bytes(bytes))
    }

    /// Writes a value. Of stores of both halves of the same pairs the second one does all.
    pub fn store(&mut self, v: ir::Value, stored: ir::Value) {
        let (kernel, shape) = (self.kernel, self.shape);
        let ir::Inst::Store(access, _) = kernel.inst(v) else { unreachable!("{v:?} is not a store") };
        let dtype = kernel.operand(access.operand).dtype;
        let width = dtype.size();
        let address = self.address(v);
        let size = self.code.size(width);
        let whole = self.code.lanes * width == size.bytes();
        let together = shape.addresses.together.iter().find(|pair| pair.contains(&v));
        if let (Some(&[first, second]), Place::Step, true) = (together, self.place, whole && width >= 4) {
            if v == second {
                self.store_pairs(first, second, width);
            }
            return;
        }
        let reg = self.as_stored(stored, dtype);
        // What has been read may be what is written.
        let copy = self.copy;
        self.pairs.retain(|(of, ..)| *of != copy);
        let mem = self.memory(address, width);
        if self.place == Place::Outside {
            return self.store_first(reg, mem, width);
        }
        let args = [Arg::Mem(mem), reg.into()];
        match (address.inner, self.place) {
            (Inner::Unit, Place::Tail) if self.code.is_evex() => {
                let masked = Some(Masked { by: self.code.valid_mask(), zero: false });
                let what = What::Row(by_width(width, MASKED_STORE));
                self.code.push(Inst { masked, ..Inst::new(what, size, None, &args) });
            }
            (Inner::Unit, Place::Tail) if width >= 4 && self.code.lanes * width >= 16 => {
                let valid = self.valid_of(width);
                let row = if width == 4 { Row::MaskmovpsStore } else { Row::MaskmovpdStore };
                self.code.store(row, size, &[Arg::Mem(mem), valid.into(), reg.into()]);
            }
            (Inner::Unit, Place::Step) if whole => self.code.store(Row::MovupsStore, size, &args),
            (Inner::Unit, Place::Step) if self.code.lanes * width == 8 => {
                self.code.store(Row::MovqStore, Size::X, &args);
            }
            (Inner::Unit, Place::Step) if self.code.lanes * width == 4 => {
                self.code.store(Row::MovdStore, Size::X, &args);
            }
            _ => {
                // (Of points that go to one place the last one stays.)
                let elements = self.elements(address, width, true);
                self.code.store_in_frame(reg, size, elements.frame);
                self.gpr(What::Elements(Box::new(elements)), &[]);
            }
        }
    }

    /// Writes lane 0.
    fn store_first(&mut self, reg: Reg, mem: Mem, width: usize) {
        let args = [Arg::Mem(mem), reg.into()];
        match width {
            8 => self.code.store(Row::MovsdStore, Size::X, &args),
            4 => self.code.store(Row::MovssStore, Size::X, &args),
            _ => {
                let what = What::Row(if width == 2 { Row::Pextrw } else { Row::Pextrb });
                self.code.push(Inst { immediate: Some(0), ..Inst::new(what, Size::X, None, &args) });
            }
        }
    }

    /// A value as the bytes of memory.
    fn as_stored(&mut self, v: ir::Value, dtype: DType) -> Reg {
        let held = self.fetch(v);
        if dtype == DType::Bool { self.code.to_bytes(&held) } else { self.code.reg(&held) }
    }

    /// Writes both halves of the step's pairs, as vectors of whole pairs.
    fn store_pairs(&mut self, first: ir::Value, second: ir::Value, width: usize) {
        let kernel = self.kernel;
        let (ir::Inst::Store(access, one), ir::Inst::Store(_, other)) = (kernel.inst(first), kernel.inst(second))
        else {
            unreachable!("{first:?} and {second:?} are not stores")
        };
        let dtype = kernel.operand(access.operand).dtype;
        let [one, other] = [*one, *other].map(|v| self.as_stored(v, dtype));
        let copy = self.copy;
        self.pairs.retain(|(of, ..)| *of != copy);
        let size = self.code.size(width);
        let lanes = self.code.lanes;
        let both = [one.into(), other.into()];
        let vectors = if self.code.is_evex() {
            let row = if width == 4 { Row::Permt2ps } else { Row::Permt2pd };
            [0, lanes / 2].map(|from| {
                let picks = (0..lanes).map(|lane| lane % 2 * lanes + from + lane / 2);
                let pick = self.picks(picks, width);
                self.code.emit_tied(row, size, &[one.into(), pick.into(), other.into()], None)
            })
        } else {
            let [low, high] = if width == 4 { [Row::Unpcklps, Row::Unpckhps] } else { [Row::Unpcklpd, Row::Unpckhpd] }
                .map(|row| self.code.emit(row, size, &both));
            match size {
                Size::X => [low, high],
                _ => [0x20, 0x31]
                    .map(|halves| self.code.emit_i(Row::Perm2i128, size, &[low.into(), high.into()], halves)),
            }
        };
        let mem = self.memory(self.address(first), width);
        for (i, vector) in vectors.into_iter().enumerate() {
            let mem = Mem { displacement: mem.displacement + (i * size.bytes()) as i32, ..mem };
            self.code.store(Row::MovupsStore, size, &[Arg::Mem(mem), vector.into()]);
        }
    }
}
