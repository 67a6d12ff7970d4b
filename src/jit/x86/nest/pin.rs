//! Who has a machine register throughout the innermost loop.
//!
//! Comes in: the block of a whole step. Goes out: registers given to states of reductions first, then to constants and values that are
//! known outside, beyond what the block's own values take. Always holds: [`LEAST`] vectors at least are left to the block.

use super::super::emit::Emitter;
use super::super::mir::{Arg, Class, Constant, Home, Inst, Reg, What};
use super::super::select::Code;

/// Vector registers that are always left to a block.
const LEAST: usize = 8;
/// Mask registers that are given away at most, of the six that blocks may use.
const MOST_MASKS: usize = 2;

/// Gives machine registers to what the innermost loop reads most, beyond what its own values take.
pub fn pin(e: &mut Emitter, block: &[Inst], registers: usize) {
    let code = e.code;
    let kept = |reg: Reg| matches!(code.registers[reg.0 as usize].home, Home::Kept(_) | Home::Constant(_));
    // Whether it is written, and how often it is read: what must be in a register counts more than what may be an operand in memory.
    let mut uses: Vec<(bool, u32)> = vec![(false, 0); code.registers.len()];
    for inst in block {
        let last = inst.args.len().wrapping_sub(1);
        for (i, arg) in inst.args.iter().enumerate() {
            let Arg::Reg(reg) = *arg else { continue };
            let foldable = match inst.what {
                What::Row(row) => i == last && row.reads_memory(),
                What::Fma { .. } => true,
                _ => false,
            };
            uses[reg.0 as usize].1 += if foldable { 1 } else { 3 };
        }
        if let Some(masked) = inst.masked {
            uses[masked.by.0 as usize].1 += 3;
        }
        if let Some(result) = inst.result {
            uses[result.0 as usize].0 = true;
        }
    }
    let used = uses.into_iter().enumerate().map(|(at, uses)| (Reg(at as u32), uses));
    let mut wanted: Vec<(Reg, (bool, u32))> = used.filter(|&(reg, uses)| uses != (false, 0) && kept(reg)).collect();
    wanted.sort_by_key(|&(reg, uses)| (std::cmp::Reverse(uses), reg));
    let pressure = pressure(code, block);
    let mut vectors = registers.saturating_sub((pressure + 1).max(LEAST));
    let mut masks = MOST_MASKS;
    let (mut next_vector, mut next_mask) = (registers as u8, 7u8);
    for (reg, _) in wanted {
        // (A zero costs no more than an instruction that names it.)
        let zero = matches!(code.registers[reg.0 as usize].home, Home::Constant(id) if code.pool.all[id.0 as usize] == Constant::Splat(0));
        match code.registers[reg.0 as usize].class {
            Class::Vector(_) if vectors > 0 && !zero => {
                vectors -= 1;
                next_vector -= 1;
                e.pin(reg, next_vector);
            }
            Class::Mask if masks > 0 => {
                masks -= 1;
                next_mask -= 1;
                e.pin(reg, next_mask);
            }
            _ => {}
        }
    }
}

/// The greatest number of a block's own vectors that are alive at once.
fn pressure(code: &Code, block: &[Inst]) -> usize {
    let own = |reg: &Reg| {
        let described = &code.registers[reg.0 as usize];
        described.home == Home::Block && described.class != Class::Mask
    };
    let mut alive = vec![false; code.registers.len()];
    let (mut count, mut most) = (0usize, 0);
    for inst in block.iter().rev() {
        if let Some(result) = inst.result.filter(own) {
            count -= usize::from(std::mem::take(&mut alive[result.0 as usize]));
        }
        for arg in &inst.args {
            if let Arg::Reg(reg) = arg
                && own(reg)
            {
                count += usize::from(!std::mem::replace(&mut alive[reg.0 as usize], true));
            }
        }
        most = most.max(count);
    }
    most
}
