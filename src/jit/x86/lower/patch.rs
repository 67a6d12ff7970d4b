//! Patches, faults, and the regions behind patches.
//!
//! Comes in: an instruction of the IR with a mask. Goes out: one over virtual registers, with its [`Patch`]; a region's code once for
//! each number of lanes and depth that it is run at. Always holds: nothing is selected behind a mask that is clear everywhere.

use smallvec::SmallVec;

use super::super::mir::{Arg, Behind, Class, Home, Lanes, Patch, Region, Test, What};
use super::super::rows::Row;
use super::super::select::Held;
use super::super::site::Callee;
use super::{Lower, Place};
use crate::ir::helper::{self, Helper};
use crate::ir::{self, FaultCode};

impl Lower<'_> {
    /// Which lanes of a mask count here.
    pub fn which(&self) -> Lanes {
        if self.place == Place::Outside && self.code.depth == 0 { Lanes::First } else { Lanes::Step }
    }

    /// `fast`, except where `mask` is set: there the helper's value.
    pub fn patch(&mut self, mask: ir::Value, fast: ir::Value, helper: &Helper, args: &[ir::Value]) -> Held {
        let mask = self.fetch(mask);
        let mask = self.where_active(mask);
        let always = match mask {
            Held::Constant(c) if c.bits() == 0 => return self.fetch(fast),
            Held::Constant(_) => true,
            _ => false,
        };
        let args: SmallVec<[Held; 3]> = args.iter().map(|&v| self.fetch(v)).collect();
        let fast = (!always).then(|| self.fetch(fast));
        let widths = helper.args().iter().map(|ty| ty.size()).collect();
        let width = helper.result().size();
        let behind = match helper.code {
            helper::Code::Region(region) => Behind::Region(self.region(region)),
            function => Behind::Call(self.code.site(Callee::Function(function), width, &widths)),
        };
        let mut all: SmallVec<[Arg; 4]> = SmallVec::new();
        if let Some(fast) = fast {
            let mask = if self.code.is_evex() { self.code.mask(&mask) } else { self.code.lanes(&mask, width) };
            all.push(mask.into());
            all.push(self.code.reg(&fast).into());
        }
        for arg in &args {
            all.push(self.code.reg(arg).into());
        }
        let test = Test { which: self.which(), width, lanes: self.code.lanes };
        let (depth, valid) = (self.code.depth, self.valid);
        Held::Vector(self.code.patch(Patch { behind, always, test, width, widths, depth, valid }, &all))
    }

    /// An error where `mask` is set.
    pub fn fault(&mut self, mask: ir::Value, code: FaultCode) {
        let mask = self.fetch(mask);
        let mask = self.where_active(mask);
        if matches!(mask, Held::Constant(c) if c.bits() == 0) {
            return;
        }
        let (mask, width) = match mask {
            Held::Lanes(reg, width) => (reg, width),
            _ if self.code.is_evex() => (self.code.mask(&mask), 1),
            _ => {
                let width = (self.code.widest.bytes() / self.code.lanes).min(8);
                (self.code.lanes(&mask, width), width)
            }
        };
        let test = Test { which: self.which(), width, lanes: self.code.lanes };
        let valid = if self.code.is_evex() || self.place != Place::Tail { None } else { Some(self.valid_of(width)) };
        // (Lanes that hold no points are no errors. Mask registers are tested together with those that do.)
        let mask = match valid {
            Some(valid) => self.code.emit(Row::Pandd, self.code.size(width), &[mask.into(), valid.into()]),
            None => mask,
        };
        self.gpr(What::Fault { code, test }, &[mask.into()]);
    }

    /// The number of a region's code for patches here.
    fn region(&mut self, region: &'static ir::Region) -> usize {
        let key = (std::ptr::from_ref(region) as usize, self.code.lanes, self.code.depth);
        if let Some(&known) = self.regions.get(&key) {
            return known;
        }
        let kernel = region.kernel();
        let widest = kernel.types.iter().flatten().map(|ty| ty.size()).max().unwrap_or(1);
        let lanes = self.code.lanes.min(self.code.widest.bytes() / widest);
        let word = |e: &mut Self| e.code.frame.word();
        let (valid, back) = (word(self), word(self));
        let slots: SmallVec<[i32; 3]> = region.params().iter().map(|_| self.code.frame.room(80, 64)).collect();
        let result = self.code.frame.room(80, 64);
        // What is being selected waits.
        let (block, negated) = (std::mem::take(&mut self.code.block), std::mem::take(&mut self.code.negated));
        let outer = (self.kernel, self.place, self.copy, self.code.depth, self.valid, self.code.lanes);
        let homes = std::mem::replace(&mut self.homes, vec![vec![None; kernel.insts.len()]]);
        (self.kernel, self.place, self.copy, self.valid, self.code.lanes) = (kernel, Place::Outside, 0, valid, lanes);
        self.code.depth += 1;
        for &v in region.code() {
            match kernel.inst(v) {
                ir::Inst::Load(access) => {
                    let at = access.operand.0 as usize;
                    let size = self.code.size(region.params()[at].size());
                    let reg = self.code.register(Class::Vector(size), Home::Kept(slots[at]));
                    self.set(v, Held::Vector(reg));
                }
                ir::Inst::Store(_, stored) => {
                    let held = self.fetch(*stored);
                    let reg = self.code.reg(&held);
                    let size = self.code.size(region.params()[0].size());
                    self.code.store_in_frame(reg, size, result);
                }
                _ => self.inst(v),
            }
        }
        let selected = std::mem::replace(&mut self.code.block, block);
        self.code.negated = negated;
        self.homes = homes;
        (self.kernel, self.place, self.copy, self.code.depth, self.valid, self.code.lanes) = outer;
        self.code.regions.push(Region { block: selected, lanes, params: slots, result, valid, back });
        self.regions.insert(key, self.code.regions.len() - 1);
        self.code.regions.len() - 1
    }
}
