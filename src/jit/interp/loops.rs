//! The loops: one for each operation, type and pattern of repeated arguments, for the compiler to vectorise.
//!
//! Comes in: an operation and its types. Goes out: a function over a chunk of points. On x86-64 each is there twice, the
//! second time for AVX2 and FMA, and those that gain a third time for AVX-512: the same Rust code, and so the same bits. Elements
//! need not be aligned.

use super::super::Unsupported;
#[cfg(target_arch = "x86_64")]
use crate::dtype::Element;
use crate::dtype::{DType, Real};
use crate::ir::semantics::{Binary, Ternary, Unary, Visitor, visit, visit_fma_instruction};
use crate::ir::{LANES, Op};

/// A loop over points: destination, three sources (those that the operation has not are not read), count.
///
/// # Safety
/// Each source holds `n` elements of its type (one, if the loop was made for it to repeat), the destination has room
/// for `n` of the result's; it is apart from each source, or the very elements of one that is not repeated: each point is read
/// before it is written. The machine has the features of the loop's [`Isa`].
pub(super) type Loop = unsafe fn(*mut u8, *const u8, *const u8, *const u8, usize);

/// Takes `n` elements into the eight lanes of a state, element `k` into lane `k mod 8`.
///
/// # Safety
/// As for [`Loop`]: the state holds eight elements and does not overlap the source, which holds `n`.
pub(super) type FoldLoop = unsafe fn(*mut u8, *const u8, usize);

/// For which machines loops are compiled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Isa {
    /// All of this architecture.
    Portable,
    /// x86-64 with AVX2 and FMA.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// x86-64 with AVX-512 (F, DQ, VL, BW) and FMA.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Isa {
    /// The best that this machine has.
    pub(super) fn best() -> Isa {
        Isa::present().last().unwrap_or(Isa::Portable)
    }

    /// Those that this machine runs, better ones later.
    pub(super) fn present() -> impl Iterator<Item = Isa> {
        #[cfg(target_arch = "x86_64")]
        let all = [Isa::Portable, Isa::Avx2, Isa::Avx512];
        #[cfg(not(target_arch = "x86_64"))]
        let all = [Isa::Portable];
        all.into_iter().filter(|isa| isa.is_present())
    }

    fn is_present(self) -> bool {
        match self {
            Isa::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("fma")
            }
        }
    }

    /// Whether the loops may use the instruction for `x*y + z`.
    fn has_fma(self) -> bool {
        self != Isa::Portable
    }
}

/// The loop of an operation on arguments of type `arg`. Bit `i` of `repeat`: the loop repeats one element for argument
/// `i`; not all of them may be repeated.
pub(super) fn compute(isa: Isa, op: Op, arg: DType, result: DType, repeat: u8) -> Result<Loop, Unsupported> {
    let pick = Pick { isa, repeat };
    let found =
        if op == Op::Fma && isa.has_fma() { visit_fma_instruction(arg, pick) } else { visit(op, arg, result, pick) };
    found.flatten().ok_or_else(|| Unsupported(format!("{} of {arg}, with pattern {repeat}", op.name())))
}

/// The loop that folds with an operation on two values of one type.
pub(super) fn fold(isa: Isa, op: Op, ty: DType) -> Option<FoldLoop> {
    visit(op, ty, ty, PickFold(isa)).flatten()
}

/// Whether a loop is there for AVX-512 too: where that has an instruction for what AVX2 needs several for.
///
/// 1. Comparisons of 4 and 8 bytes, and integers made narrower: AVX2 has to pack their results.
/// 2. Shifts by counts of their own, of any width, and products of 64 bits.
/// 3. Conversions between integers of 64 bits, or unsigned ones, and floats.
///
/// Elsewhere the wider register is all there is to gain, and it does not (Zen 4, points in the L1 cache: 0 to 6 % more time; arrays
/// at the 16 bytes of an allocator: 5 to 15 %, for then each vector lies in two cache lines). Divisions of bytes take 1.7 times as
/// long, and folds of 64 bits 6 times: the compiler then gathers the elements of each lane. Selections gain 1 to 5 %
/// from such arrays, which is not worth their code.
#[cfg(target_arch = "x86_64")]
const fn gains_by_avx512(op: Op, arg: DType, result: DType) -> bool {
    use DType::*;
    match op {
        Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge => arg.size() > 2,
        Op::Shl | Op::Shr => true,
        Op::Mul => matches!(result, I64 | U64),
        Op::Convert => match (arg, result) {
            (I64 | U64 | U32, F32) | (I64 | U64, F64) | (F64, F32) | (F32 | F64, U64 | Bool) => true,
            (F32 | F64, _) => false,
            _ => result.size() < arg.size(),
        },
        _ => false,
    }
}

/// One of the copies of a loop: for AVX-512 the one for AVX2, but for operations that gain.
macro_rules! copy_for {
    ($isa:expr, $name:ident::<$op:ident $(; $repeat:literal)?>) => {
        match $isa {
            Isa::Portable => $name::<$op, $($repeat)?>,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => avx2::$name::<$op, $($repeat)?>,
            // In a constant, so that of those that do not gain no code is made.
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => {
                if const { gains_by_avx512($op::OP, <$op::A as Element>::DTYPE, <$op::R as Element>::DTYPE) } {
                    avx512::$name::<$op, $($repeat)?>
                } else {
                    avx2::$name::<$op, $($repeat)?>
                }
            }
        }
    };
}

struct Pick {
    isa: Isa,
    repeat: u8,
}

impl Pick {
    fn two<O: Binary>(self) -> Option<Loop> {
        Some(match self.repeat {
            0 => copy_for!(self.isa, binary::<O; 0>),
            1 => copy_for!(self.isa, binary::<O; 1>),
            2 => copy_for!(self.isa, binary::<O; 2>),
            _ => return None,
        })
    }
}

impl Visitor for Pick {
    type Out = Option<Loop>;

    fn unary<O: Unary>(self) -> Option<Loop> {
        Some(match self.repeat {
            0 => copy_for!(self.isa, unary::<O>),
            _ => return None,
        })
    }

    fn binary<T: Real, O: Binary<A = T, R = T>>(self) -> Option<Loop> {
        self.two::<O>()
    }

    fn compare<O: Binary<R = bool>>(self) -> Option<Loop> {
        self.two::<O>()
    }

    fn ternary<O: Ternary>(self) -> Option<Loop> {
        Some(match self.repeat {
            0 => copy_for!(self.isa, ternary::<O; 0>),
            1 => copy_for!(self.isa, ternary::<O; 1>),
            2 => copy_for!(self.isa, ternary::<O; 2>),
            3 => copy_for!(self.isa, ternary::<O; 3>),
            4 => copy_for!(self.isa, ternary::<O; 4>),
            5 => copy_for!(self.isa, ternary::<O; 5>),
            6 => copy_for!(self.isa, ternary::<O; 6>),
            _ => return None,
        })
    }
}

struct PickFold(Isa);

impl Visitor for PickFold {
    type Out = Option<FoldLoop>;

    fn unary<O: Unary>(self) -> Option<FoldLoop> {
        None
    }

    fn binary<T: Real, O: Binary<A = T, R = T>>(self) -> Option<FoldLoop> {
        Some(match self.0 {
            Isa::Portable => fold_lanes::<T, O>,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 | Isa::Avx512 => fold_lanes_avx2::<T, O>,
        })
    }

    fn compare<O: Binary<R = bool>>(self) -> Option<FoldLoop> {
        None
    }

    fn ternary<O: Ternary>(self) -> Option<FoldLoop> {
        None
    }
}

/// The element at a point: the `i`-th, or the one that is repeated.
///
/// # Safety
/// There is one.
#[inline(always)]
unsafe fn read<T: Real, const REPEAT: bool>(from: *const u8, i: usize) -> T {
    // SAFETY: the caller's promise; no alignment is assumed.
    unsafe { from.cast::<T>().add(if REPEAT { 0 } else { i }).read_unaligned() }
}

#[inline(always)]
unsafe fn unary<O: Unary>(dst: *mut u8, a: *const u8, _: *const u8, _: *const u8, n: usize) {
    for i in 0..n {
        // SAFETY: `i` is below `n`, and there are `n` elements at each place, by the contract of `Loop`.
        unsafe { dst.cast::<O::R>().add(i).write_unaligned(O::at(read::<O::A, false>(a, i))) }
    }
}

#[inline(always)]
unsafe fn binary<O: Binary, const REPEAT: u8>(dst: *mut u8, a: *const u8, b: *const u8, _: *const u8, n: usize) {
    if n == 0 {
        return;
    }
    // SAFETY: there is a first element at each place, and what is repeated is read once, so that the loop need not.
    let first: [O::A; 2] = unsafe { [read::<O::A, true>(a, 0), read::<O::A, true>(b, 0)] };
    for i in 0..n {
        // SAFETY: `i` is below `n`, and there are `n` elements at each place that is not repeated.
        unsafe {
            let x = if REPEAT & 1 != 0 { first[0] } else { read::<O::A, false>(a, i) };
            let y = if REPEAT & 2 != 0 { first[1] } else { read::<O::A, false>(b, i) };
            dst.cast::<O::R>().add(i).write_unaligned(O::at(x, y));
        }
    }
}

#[inline(always)]
unsafe fn ternary<O: Ternary, const REPEAT: u8>(dst: *mut u8, a: *const u8, b: *const u8, c: *const u8, n: usize) {
    if n == 0 {
        return;
    }
    // SAFETY: as in `binary`.
    let (first, others) = unsafe { (read::<O::A, true>(a, 0), [read::<O::R, true>(b, 0), read::<O::R, true>(c, 0)]) };
    for i in 0..n {
        // SAFETY: as in `binary`.
        unsafe {
            let x = if REPEAT & 1 != 0 { first } else { read::<O::A, false>(a, i) };
            let y = if REPEAT & 2 != 0 { others[0] } else { read::<O::R, false>(b, i) };
            let z = if REPEAT & 4 != 0 { others[1] } else { read::<O::R, false>(c, i) };
            dst.cast::<O::R>().add(i).write_unaligned(O::at(x, y, z));
        }
    }
}

#[inline(always)]
unsafe fn fold_lanes<T: Real, O: Binary<A = T, R = T>>(state: *mut u8, a: *const u8, n: usize) {
    let state = state.cast::<[T; LANES]>();
    // SAFETY: the state holds eight elements.
    let mut lanes = unsafe { state.read_unaligned() };
    let whole = n - n % LANES;
    for k in (0..whole).step_by(LANES) {
        // SAFETY: elements `k..k + 8` are below `n`.
        let block = unsafe { a.cast::<T>().add(k).cast::<[T; LANES]>().read_unaligned() };
        for (lane, x) in lanes.iter_mut().zip(block) {
            *lane = O::at(*lane, x);
        }
    }
    for (k, lane) in (whole..n).zip(&mut lanes) {
        // SAFETY: `k` is below `n`.
        *lane = O::at(*lane, unsafe { read::<T, false>(a, k) });
    }
    // SAFETY: as above.
    unsafe { state.write_unaligned(lanes) }
}

/// # Safety
/// As for [`FoldLoop`]; the machine has AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn fold_lanes_avx2<T: Real, O: Binary<A = T, R = T>>(state: *mut u8, a: *const u8, n: usize) {
    // SAFETY: the same contract.
    unsafe { fold_lanes::<T, O>(state, a, n) }
}

/// The loops again, compiled for more features of the CPU.
#[cfg(target_arch = "x86_64")]
macro_rules! copies {
    ($isa:ident, $features:literal) => {
        mod $isa {
            use super::{Binary, Ternary, Unary};

            #[target_feature(enable = $features)]
            pub(super) unsafe fn unary<O: Unary>(dst: *mut u8, a: *const u8, b: *const u8, c: *const u8, n: usize) {
                // SAFETY: the same contract.
                unsafe { super::unary::<O>(dst, a, b, c, n) }
            }

            #[target_feature(enable = $features)]
            pub(super) unsafe fn binary<O: Binary, const REPEAT: u8>(
                dst: *mut u8,
                a: *const u8,
                b: *const u8,
                c: *const u8,
                n: usize,
            ) {
                // SAFETY: the same contract.
                unsafe { super::binary::<O, REPEAT>(dst, a, b, c, n) }
            }

            #[target_feature(enable = $features)]
            pub(super) unsafe fn ternary<O: Ternary, const REPEAT: u8>(
                dst: *mut u8,
                a: *const u8,
                b: *const u8,
                c: *const u8,
                n: usize,
            ) {
                // SAFETY: the same contract.
                unsafe { super::ternary::<O, REPEAT>(dst, a, b, c, n) }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
copies!(avx2, "avx2,fma");
#[cfg(target_arch = "x86_64")]
copies!(avx512, "avx512f,avx512dq,avx512vl,avx512bw,fma");
