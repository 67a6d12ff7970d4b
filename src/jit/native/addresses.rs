//! How the accesses of a kernel are addressed.
//!
//! Comes in: a kernel. Goes out: pointers that are advanced from loop to loop (bases), and for each load and store the base
//! that it stands on, how far from it, and how it moves along the innermost loop. Always holds: accesses that differ by a
//! constant number of bytes share a base.

use foldhash::{HashMap, HashMapExt};
use smallvec::SmallVec;

use crate::ir::{Access, Inst, Kernel, Stride, Value};
use crate::jit::Unsupported;

/// How an access moves along the innermost loop.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Inner {
    /// Not at all.
    Fixed,
    /// By one element a point.
    Unit,
    /// By two elements a point: it is the first or the second half of a pair.
    Paired { second: bool },
    /// By a stride known at the call.
    Strided,
}

/// Where an access goes: a base, a constant number of bytes on.
#[derive(Clone, Copy, Debug)]
pub struct Address {
    pub base: usize,
    pub displacement: i32,
    pub inner: Inner,
}

/// A dimension of a base.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Dim {
    pub follows: Option<u8>,
    pub offset: i32,
    /// Its stride: a constant, or else the index in the call's table.
    pub stride: Result<i64, u32>,
}

/// A pointer that is advanced from level to level.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Base {
    pub operand: usize,
    pub dims: SmallVec<[Dim; 2]>,
    pub inner_strided: bool,
}

/// The addresses of a kernel's accesses.
#[derive(Debug)]
pub struct Addresses {
    /// For each instruction that is a load or store its address.
    pub of: Vec<Option<Address>>,
    pub bases: Vec<Base>,
    /// Stores of both halves of the same pairs, one right after the other.
    pub together: Vec<[Value; 2]>,
}

impl Addresses {
    /// # Errors
    /// Where an access does not fit its operand.
    pub fn new(kernel: &Kernel) -> Result<Addresses, Unsupported> {
        let strides = kernel.stride_bases();
        let mut known: HashMap<Base, usize> = HashMap::new();
        let mut all = Addresses { of: vec![None; kernel.insts.len()], bases: Vec::new(), together: Vec::new() };
        for (at, inst) in kernel.insts.iter().enumerate() {
            let (Inst::Load(access) | Inst::Store(access, _)) = inst else { continue };
            let (base, displacement, inner) = locate(kernel, access, &strides)?;
            let base = *known.entry(base).or_insert_with_key(|base| {
                all.bases.push(base.clone());
                all.bases.len() - 1
            });
            all.of[at] = Some(Address { base, displacement, inner });
        }
        let body = kernel.levels.last().map_or(&[][..], |level| &level.before);
        for pair in body.windows(2) {
            let [one, other] = [pair[0], pair[1]];
            if all.stores_halves(kernel, one, other) {
                all.together.push([one, other]);
            }
        }
        Ok(all)
    }

    /// Whether these are stores of the first and then of the second halves of the same pairs.
    fn stores_halves(&self, kernel: &Kernel, one: Value, other: Value) -> bool {
        let address = |v: Value| match kernel.inst(v) {
            Inst::Store(access, _) => {
                Some((self.of[v.0 as usize]?, kernel.operand(access.operand).dtype.size() as i32))
            }
            _ => None,
        };
        let (Some((one, size)), Some((other, _))) = (address(one), address(other)) else { return false };
        one.inner == Inner::Paired { second: false }
            && other.inner == Inner::Paired { second: true }
            && one.base == other.base
            && one.displacement + size == other.displacement
    }
}

/// The base of an access, how far from it, and how it moves, where the strides of operands begin there in the call's table.
fn locate(kernel: &Kernel, access: &Access, strides: &[usize]) -> Result<(Base, i32, Inner), Unsupported> {
    let innermost = kernel.loops().checked_sub(1).map(|l| l as u8);
    let operand = kernel.operand(access.operand);
    let half = operand.dims.last().copied();
    // Second halves are reached from the base of the first ones.
    let partner = half == Some(Stride::Partner);
    let at = (access.operand.0 as usize).checked_sub(usize::from(partner));
    let at = at.ok_or_else(|| Unsupported("second halves without first ones".into()))?;
    let first = strides[at];
    if operand.dims.len() != access.map.len() {
        return Err(Unsupported("an access with too few or too many coordinates".into()));
    }
    let size = operand.dtype.size() as i64;
    let mut displacement = if partner { size } else { 0 };
    let (mut moves, mut strided, mut paired) = (0, false, false);
    let mut dims = SmallVec::new();
    for (d, (coordinate, stride)) in access.map.iter().zip(&operand.dims).enumerate() {
        let mut dim = Dim {
            follows: coordinate.follows.map(|l| l.0),
            offset: coordinate.offset,
            stride: stride.bytes(size as usize).map(|bytes| bytes as i64).ok_or((first + d) as u32),
        };
        // Displacements of vectors and lanes are added later: leave room.
        if let Ok(bytes) = dim.stride {
            let moved = displacement + i64::from(dim.offset) * bytes;
            if moved.unsigned_abs() < 1 << 30 {
                displacement = moved;
                dim.offset = 0;
            }
        }
        if dim.follows.is_some() && dim.follows == innermost {
            strided |= *stride == Stride::Any;
            paired |= stride.is_of_pairs();
            moves += 1;
        }
        dims.push(dim);
    }
    let inner = match moves {
        0 => Inner::Fixed,
        1 if paired => Inner::Paired { second: half != Some(Stride::First) },
        1 if !strided => Inner::Unit,
        _ => Inner::Strided,
    };
    let base = Base { operand: at, dims, inner_strided: inner == Inner::Strided };
    Ok((base, displacement as i32, inner))
}
