//! What code calls: a function for some lanes, one after the other.
//!
//! Comes in: what is called and how wide its arguments and result are (a [`Site`]), the room in the caller's frame, the lanes' bits. Goes
//! out: results in that room. Always holds: lanes whose bits are clear are neither read nor written.

use std::sync::atomic::AtomicU32;

use smallvec::SmallVec;

use crate::dtype::{DType, Scalar};
use crate::ir::helper::Code as Function;
use crate::ir::{Op, semantics};

/// What a site calls for each lane.
#[derive(Clone, Copy, Debug)]
pub enum Callee {
    /// A helper's function.
    Function(Function),
    /// An operation, by its meaning.
    Operation { op: Op, arg: DType, ty: DType },
}

/// A place that calls: what, and how wide result and arguments are. The code refers to it by its address.
#[derive(Debug)]
pub struct Site {
    pub callee: Callee,
    pub result: usize,
    pub args: SmallVec<[usize; 3]>,
}

/// Runs a site's function for the lanes whose bits are set. In `area` the result stands first, then the arguments, 64 bytes each.
///
/// # Safety
/// `area` must be the room that the code has for the site, with its arguments in it.
pub unsafe extern "sysv64" fn call_lanes(site: &Site, area: *mut u8, bits: u64, faults: &AtomicU32) {
    let mut rest = bits;
    while rest != 0 {
        let lane = rest.trailing_zeros() as usize;
        rest &= rest - 1;
        let mut words = [0u64; 3];
        for (i, (word, &width)) in words.iter_mut().zip(&site.args).enumerate() {
            let from = area.wrapping_add(64 * (i + 1) + lane * width);
            // SAFETY: the lane lies in the argument's 64 bytes, and a word has room for it.
            unsafe { std::ptr::copy_nonoverlapping(from, std::ptr::from_mut(word).cast(), width) };
        }
        let value = match site.callee {
            Callee::Function(code) => code.call(&words[..site.args.len()], faults),
            Callee::Operation { op, arg, ty } => {
                let scalars: SmallVec<[Scalar; 3]> =
                    words[..site.args.len()].iter().map(|&bits| Scalar::from_bits(arg, bits)).collect();
                semantics::eval(op, ty, &scalars).map_or(0, |c| c.bits())
            }
        };
        // SAFETY: the lane lies in the result's 64 bytes.
        unsafe {
            std::ptr::copy_nonoverlapping(
                std::ptr::from_ref(&value).cast(),
                area.wrapping_add(lane * site.result),
                site.result,
            )
        };
    }
}
