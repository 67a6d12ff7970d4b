//! Long bodies without a tail: the points that are left of a line go through the vector loop too, in a buffer.
//!
//! A body's code stands twice in a kernel, for steps and for single points, and most of a compilation's time follows from its
//! length. So a long body has steps alone, and whoever runs it calls it with whole ones: first all that there are, then, line
//! by line, one step on copies of what is left, with the last point repeated to fill it.
//!
//! Always holds: a point's result is that of its own lane, as in any other step; what is beyond the last point is neither read
//! nor written; a fault of a repeated point is a fault of the point.

use std::ptr;

use smallvec::SmallVec;

use crate::ir::{Coordinate, Inst, Kernel, LoopId, Role, Stride};
use crate::jit::Call;

/// Bodies with more operations than this have no tail.
const LONG: usize = 40;
/// Bytes of a buffer: a step's points of the widest type.
const ROOM: usize = 16 * 8;

/// By how many bytes an operand moves along a loop.
#[derive(Clone, Copy, Debug)]
enum By {
    Bytes(isize),
    /// As this place of the call's table says.
    Stride(usize),
}

#[derive(Clone, Debug)]
struct Moves {
    size: usize,
    role: Role,
    inner: Option<By>,
    outer: Option<By>,
    /// Where in the buffers its elements are, and how far apart: those of a pair's halves are side by side.
    buffer: usize,
    apart: usize,
}

/// How to run a kernel that has whole steps alone.
#[derive(Clone, Debug)]
pub struct Padded {
    /// Points of a step.
    lanes: usize,
    operands: Box<[Moves]>,
    /// The length of all buffers, in lines.
    lines: usize,
    /// The places of the call's table that are strides along the innermost loop, and the elements' sizes.
    inner: Box<[(usize, usize)]>,
}

/// A buffer's bytes.
type Line = [u128; ROOM / 16];

impl Padded {
    /// For a kernel that is long and simple enough: a map, each of whose operands is met at one point.
    // Long: all that must hold of it, one after another.
    pub fn of(kernel: &Kernel, lanes: usize) -> Option<Padded> {
        let body = kernel.levels.last()?;
        let operations = body.before.iter().filter(|v| matches!(kernel.inst(**v), Inst::Op { .. })).count();
        let simple = kernel.insts.iter().all(|inst| match inst {
            Inst::Accumulate { .. } | Inst::Reduced { .. } => false,
            // A function of the caller's is called for points alone.
            Inst::Patch { helper, .. } => helper.folds(),
            Inst::While { body, .. } => body.regions().all(|region| {
                let folds = |inst: &Inst| !matches!(inst, Inst::Patch { helper, .. } if !helper.folds());
                region.kernel().insts.iter().all(folds)
            }),
            _ => true,
        });
        let loops = kernel.loops();
        let after = kernel.levels.iter().any(|level| !level.after.is_empty());
        if !(1..=2).contains(&loops)
            || !(operations > LONG || kernel.iterates())
            || !simple
            || after
            || lanes * 8 > ROOM
        {
            return None;
        }
        let innermost = (loops - 1) as u8;
        // Indices go on beyond the last point: what is repeated there is not its point, which no fault may tell of, and no loop go on for.
        let has = |of: fn(&Inst) -> bool| kernel.insts.iter().any(of);
        let counts = kernel.insts.contains(&Inst::Index(LoopId(innermost)));
        if counts && has(|inst| matches!(inst, Inst::Fault(..) | Inst::While { .. })) {
            return None;
        }
        let mut operands: Vec<Moves> = Vec::with_capacity(kernel.operands.len());
        let mut lines = 0;
        for o in &kernel.operands {
            let (size, half) = (o.dtype.size(), o.dims.last().filter(|stride| stride.is_of_pairs()));
            let buffer = match (half, operands.last()) {
                (Some(Stride::Partner), Some(first)) => first.buffer + size,
                _ => lines * ROOM + if half == Some(&Stride::Second) { size } else { 0 },
            };
            lines += match half {
                None => 1,
                Some(Stride::Partner) => 0,
                Some(_) => 2,
            };
            let apart = if half.is_some() { 2 * size } else { size };
            operands.push(Moves { size, role: o.role, inner: None, outer: None, buffer, apart });
        }
        let mut inner = Vec::new();
        let mut met: Vec<Option<&[Coordinate]>> = vec![None; operands.len()];
        let bases = kernel.stride_bases();
        for inst in &kernel.insts {
            let (Inst::Load(access) | Inst::Store(access, _)) = inst else { continue };
            let at = access.operand.0 as usize;
            let operand = kernel.operand(access.operand);
            match met[at].replace(&access.map) {
                Some(map) if map == access.map.as_slice() => continue,
                Some(_) => return None,
                None => {}
            }
            for (d, (coordinate, stride)) in access.map.iter().zip(&operand.dims).enumerate() {
                let place = bases[at] + d;
                let size = operand.dtype.size();
                let by = stride.bytes(size).map_or(By::Stride(place), |bytes| By::Bytes(bytes as isize));
                let loop_of = coordinate.follows.filter(|_| coordinate.offset == 0)?;
                let slot = if loop_of.0 == innermost { &mut operands[at].inner } else { &mut operands[at].outer };
                if slot.replace(by).is_some() {
                    return None;
                }
                if loop_of.0 == innermost && *stride == Stride::Any {
                    inner.push((place, size));
                }
            }
        }
        // Partners are reached from the first halves.
        let partner = |at: &usize| kernel.operands[*at].dims.last() == Some(&Stride::Partner) && met[*at].is_some();
        if (0..met.len()).filter(partner).any(|at| at == 0 || met[at] != met[at - 1]) {
            return None;
        }
        let stored = operands.iter().all(|o| o.role == Role::In || o.inner.is_some());
        stored.then(|| Padded { lanes, operands: operands.into(), lines, inner: inner.into() })
    }

    /// Runs a call by calls of whole steps: `enter` takes those whose innermost trip count is a multiple of the step, and
    /// `copy` copies bytes between elements that the call reaches and buffers of this function.
    pub fn run(&self, call: &Call, enter: impl Fn(&Call), copy: impl Fn(*const u8, *mut u8, usize)) {
        let Some((&points, outer)) = call.extents.split_last() else { return };
        let whole = points - points % self.lanes;
        let mut extents: SmallVec<[usize; 2]> = SmallVec::from_slice(call.extents);
        if whole > 0 {
            extents[outer.len()] = whole;
            enter(&Call { extents: &extents, ..*call });
        }
        let rest = points - whole;
        if rest == 0 {
            return;
        }
        let mut strides: SmallVec<[isize; 32]> = SmallVec::from_slice(call.strides);
        for &(place, size) in &self.inner {
            strides[place] = size as isize;
        }
        let by = |moves: Option<By>| match moves {
            None => 0,
            Some(By::Bytes(bytes)) => bytes,
            Some(By::Stride(at)) => call.strides[at],
        };
        let mut buffers: SmallVec<[Line; 8]> = SmallVec::from_elem([0; ROOM / 16], self.lines);
        let buffers = buffers.as_mut_ptr().cast::<u8>();
        let mut pointers: SmallVec<[*mut u8; 16]> = SmallVec::from_elem(ptr::null_mut(), self.operands.len());
        let mut origin: SmallVec<[i64; 2]> = SmallVec::from_slice(call.origin);
        origin[outer.len()] += whole as i64;
        extents.fill(1);
        extents[outer.len()] = self.lanes;
        for row in 0..outer.first().copied().unwrap_or(1) {
            if !outer.is_empty() {
                origin[0] = call.origin[0] + row as i64;
            }
            let first = |at: usize, moves: &Moves| {
                let line = call.pointers[at].wrapping_offset(row as isize * by(moves.outer));
                line.wrapping_offset(whole as isize * by(moves.inner))
            };
            for (at, moves) in self.operands.iter().enumerate() {
                if moves.inner.is_none() {
                    pointers[at] = first(at, moves);
                    continue;
                }
                let buffer = buffers.wrapping_add(moves.buffer);
                pointers[at] = buffer;
                if moves.role == Role::Out {
                    continue;
                }
                for lane in 0..self.lanes {
                    let from = first(at, moves).wrapping_offset(lane.min(rest - 1) as isize * by(moves.inner));
                    copy(from, buffer.wrapping_add(lane * moves.apart), moves.size);
                }
            }
            enter(&Call { pointers: &pointers, strides: &strides, extents: &extents, origin: &origin, ..*call });
            for (at, moves) in self.operands.iter().enumerate().filter(|(_, moves)| moves.role != Role::In) {
                for lane in 0..rest {
                    let to = first(at, moves).wrapping_offset(lane as isize * by(moves.inner));
                    copy(buffers.wrapping_add(moves.buffer + lane * moves.apart), to, moves.size);
                }
            }
        }
    }
}
