//! Runs a program.
//!
//! The workspace: `cells` of 8 bytes, then, from a cache line's start, `slots` registers of `chunk` elements of 8 bytes.
//! Cursors of the body are located on entry to the innermost loop and then
//! move from chunk to chunk; those of outer levels are located just before they are used.

use std::sync::atomic::{AtomicU32, Ordering};

use super::lower::CELL;
use super::program::*;
use super::workspace::{self, Cursor, Workspace};
use crate::dtype::DType;
use crate::ir::LANES;
use crate::ir::helper::Code;
use crate::ir::registered::{Registered, enter};
use crate::jit::{Call, Compiled};

/// Steps of a loop at points between two looks at whether the call is over. (Each takes a chunk of points.)
const LOOK: i64 = 1 << 8;

impl Compiled for Program {
    unsafe fn run(&self, call: &Call) {
        // SAFETY: as the caller promises.
        workspace::with(|workspace| unsafe { run(self, call, workspace) });
    }
}

/// Runs the program over the call's loops.
///
/// # Safety
/// As [`Compiled::run`]; the program was made for this machine.
unsafe fn run(program: &Program, call: &Call, workspace: &mut Workspace) {
    let cells = (program.cells as usize * CELL).next_multiple_of(64);
    let registers = program.slots as usize * program.chunk * CELL;
    workspace.reserve(cells + registers, program.cursors as usize, program.loops + 1);
    let memory = workspace.lines.as_mut_ptr().cast::<u8>();
    let mut machine = Machine {
        program,
        call,
        memory,
        registers: memory.wrapping_add(cells),
        cursors: &mut workspace.cursors,
        index: &mut workspace.index,
    };
    // SAFETY: the workspace has room for what the program uses; the rest is the caller's promise.
    unsafe { machine.run() }
}

struct Machine<'a> {
    program: &'a Program,
    call: &'a Call<'a>,
    memory: *mut u8,
    registers: *mut u8,
    cursors: &'a mut [Cursor],
    /// Of each loop, and one more, so that there is one without loops too.
    index: &'a mut [usize],
}

/// Every method is unsafe for the same reason, and sound for the same: places lie in the workspace, which has room for
/// the program's, or where accesses reach, which the caller has promised to be valid for indices below the extents.
impl Machine<'_> {
    /// All levels but the innermost are walked by steps, one loop's end or entry at a time.
    unsafe fn run(&mut self) {
        let program = self.program;
        let inside = program.loops.saturating_sub(1);
        // SAFETY: see above.
        unsafe {
            let mut level = 0;
            self.code_at(&program.before, 0);
            loop {
                while level < inside {
                    self.index[level] = 0;
                    level += 1;
                    self.code_at(&program.before, level);
                }
                self.innermost();
                self.code_at(&program.after, level);
                loop {
                    if level == 0 {
                        return;
                    }
                    self.index[level - 1] += 1;
                    if self.index[level - 1] < self.call.extents[level - 1] {
                        self.code_at(&program.before, level);
                        break;
                    }
                    level -= 1;
                    self.code_at(&program.after, level);
                }
            }
        }
    }

    unsafe fn code_at(&mut self, levels: &[Vec<Step>], level: usize) {
        if let Some(code) = levels.get(level) {
            // SAFETY: see above.
            unsafe { self.steps(code, 1) }
        }
    }

    unsafe fn innermost(&mut self) {
        let program = self.program;
        let (at, extent) = match program.loops {
            0 => (0, 1),
            n => (n - 1, self.call.extents[n - 1]),
        };
        self.index[at] = 0;
        // SAFETY: see above.
        unsafe {
            for &cursor in &program.moving {
                self.locate(cursor);
            }
            for splat in &program.splats {
                let (dst, src) = (self.place(splat.dst), self.place(splat.src));
                copy(splat.size, dst, splat.size as isize, src, 0, extent.min(program.chunk));
            }
            for accumulator in &program.accumulators {
                self.start(accumulator);
            }
            let mut first = 0;
            while first < extent {
                let n = program.chunk.min(extent - first);
                self.steps(&program.body, n);
                for &cursor in &program.moving {
                    let cursor = &mut self.cursors[cursor as usize];
                    cursor.at = cursor.at.wrapping_offset(cursor.stride.wrapping_mul(n as isize));
                }
                first += n;
                self.index[at] = first;
            }
            for accumulator in &program.accumulators {
                self.merge(accumulator);
            }
        }
    }

    /// Runs code over `n` points.
    unsafe fn steps(&mut self, code: &[Step], n: usize) {
        for step in code {
            // SAFETY: see above.
            unsafe {
                match step {
                    Step::Compute { code, dst, args: [a, b, c] } => {
                        code(self.place(*dst), self.place(*a), self.place(*b), self.place(*c), n);
                    }
                    Step::Copy(c) => {
                        let size = c.size as isize;
                        copy(c.size, self.place(c.dst), size, self.place(c.src), size, n);
                    }
                    Step::Locate(cursor) => self.locate(*cursor),
                    Step::Load { cursor, dst, size } => {
                        let from = self.cursors[*cursor as usize];
                        copy(*size, self.place(*dst), *size as isize, from.at, from.stride, n);
                    }
                    Step::Store { cursor, src, size } => {
                        let to = self.cursors[*cursor as usize];
                        copy(*size, to.at, to.stride, self.place(src.place), (src.step * size) as isize, n);
                    }
                    Step::Index { dst, of, step } => {
                        let first = self.call.origin[*of].wrapping_add(self.index[*of] as i64);
                        let dst = self.place(*dst).cast::<i64>();
                        for i in 0..n {
                            dst.add(i).write_unaligned(first.wrapping_add((i * step) as i64));
                        }
                    }
                    Step::Patch(patch) => self.patch(patch, n),
                    Step::Rarely(rarely) => self.rarely(rarely, n),
                    Step::Fault { mask, bit } => {
                        if any(self.place(mask.place), mask.step, n) {
                            self.call.signals.faults.fetch_or(*bit, Ordering::Relaxed);
                        }
                    }
                    Step::Accumulate(number) => self.accumulate(*number, n),
                    Step::While(of) => self.iterate(of, n),
                }
            }
        }
    }

    #[inline]
    fn place(&self, place: Place) -> *mut u8 {
        match place {
            // Constants are never a destination.
            Place::Const(i) => self.program.consts[i as usize..].as_ptr().cast_mut().cast(),
            Place::Cell(i) => self.memory.wrapping_add(i as usize * CELL),
            Place::Slot(i) => self.registers.wrapping_add(i as usize * self.program.chunk * CELL),
            Place::Cursor(i) => self.cursors[i as usize].at,
        }
    }

    /// Points a cursor at its access for the indices at hand.
    unsafe fn locate(&mut self, cursor: u32) {
        let reach = &self.program.accesses[cursor as usize];
        let innermost = self.program.loops.checked_sub(1);
        let mut at = self.call.pointers[reach.operand];
        let mut slope = 0isize;
        for term in &reach.terms {
            let stride = term.stride.map_or(reach.size as isize, |s| self.call.strides[s]);
            let index = term.follows.map_or(0, |l| self.index[l] as isize);
            at = at.wrapping_offset(stride.wrapping_mul(index.wrapping_add(term.offset)));
            if term.follows == innermost {
                slope = slope.wrapping_add(stride);
            }
        }
        self.cursors[cursor as usize] = Cursor { at, stride: slope };
    }

    unsafe fn start(&mut self, accumulator: &Accumulator) {
        for c in &accumulator.state {
            let size = c.size as isize;
            let init: *const u64 = &c.init;
            // SAFETY: the component has eight cells, and no element is wider than one.
            unsafe { copy(c.size, self.place(Place::Cell(c.cell)), size, init.cast(), 0, LANES) }
        }
    }

    /// Takes a chunk in. Chunks begin at multiples of 8, so element `k` of the chunk belongs to lane `k mod 8`.
    unsafe fn accumulate(&mut self, number: u32, n: usize) {
        let accumulator = &self.program.accumulators[number as usize];
        // SAFETY: see above.
        unsafe {
            match &accumulator.step {
                Stepper::Fold { code, arg } => {
                    let Some(state) = accumulator.state.first() else { return };
                    code(self.place(Place::Cell(state.cell)), self.place(*arg), n);
                }
                Stepper::Code { args, code } => {
                    for first in (0..n).step_by(LANES) {
                        for (place, cursor, size) in args {
                            let at = self.place(*place).wrapping_add(first * size);
                            self.cursors[*cursor as usize].at = at;
                        }
                        self.fragment(code, LANES.min(n - first));
                    }
                }
            }
        }
    }

    unsafe fn merge(&mut self, accumulator: &Accumulator) {
        for apart in [4, 2, 1] {
            for (c, &later) in accumulator.state.iter().zip(&accumulator.later) {
                self.cursors[later as usize].at = self.place(Place::Cell(c.cell)).wrapping_add(apart * c.size);
            }
            // SAFETY: lanes `apart` and on are there.
            unsafe { self.fragment(&accumulator.merge, apart) }
        }
    }

    unsafe fn fragment(&mut self, fragment: &Fragment, n: usize) {
        // SAFETY: see above; a fragment's code is plain operations, so this does not come back here.
        unsafe {
            self.steps(&fragment.code, n);
            for c in &fragment.commit {
                let size = c.size as isize;
                copy(c.size, self.place(c.dst), size, self.place(c.src), size, n);
            }
        }
    }

    unsafe fn rarely(&mut self, rarely: &Rarely, n: usize) {
        let (fast, size) = (rarely.fast, rarely.size);
        // SAFETY: see above. Regions stand in regions, so this comes back here as often as the library's own do.
        unsafe {
            if any(self.place(rarely.mask.place), rarely.mask.step, n) {
                self.steps(&rarely.code, n);
            } else {
                let from = self.place(fast.place);
                copy(size, self.place(rarely.dst), size as isize, from, (fast.step * size) as isize, n);
            }
        }
    }

    /// A loop at each of `n` points.
    unsafe fn iterate(&mut self, of: &While, n: usize) {
        // SAFETY: see above; loops are not nested, so this does not come back here.
        unsafe {
            let starts = of.state.iter().map(|(start, now)| (*start, now.src, now.size));
            let own_max = of.own_max.map(|place| (of.max, place, size_of::<i64>()));
            for (from, to, size) in starts.chain(of.captured.iter().copied()).chain(own_max) {
                let step = (from.step * size) as isize;
                copy(size, self.place(to), size as isize, self.place(from.place), step, n);
            }
            let order = self.place(of.order).cast::<u32>();
            for i in 0..n {
                order.add(i).write_unaligned(i as u32);
            }
            let (mut left, mut k) = (n, 0i64);
            loop {
                left = self.below_max(of, k, left);
                if let (Some((cond, result)), true) = (&of.cond, left > 0) {
                    self.steps(cond, left);
                    left = self.keep(of, (self.place(result.place), result.step), left);
                }
                if left == 0 {
                    return;
                }
                self.steps(&of.body, left);
                for &(to, from, size) in &of.next {
                    let step = (from.step * size) as isize;
                    copy(size, self.place(to), size as isize, self.place(from.place), step, left);
                }
                k += 1;
            }
        }
    }

    /// Keeps the points that may take more than `k` steps: none where the call is over.
    unsafe fn below_max(&mut self, of: &While, k: i64, left: usize) -> usize {
        let keep = self.place(of.keep);
        let over = k % LOOK == LOOK - 1 && self.call.signals.is_over();
        // SAFETY: see above.
        unsafe {
            let Some(max) = of.own_max.filter(|_| !over) else {
                *keep = u8::from(!over && k < self.place(of.max.place).cast::<i64>().read_unaligned());
                return self.keep(of, (keep, 0), left);
            };
            let max = self.place(max).cast::<i64>();
            for i in 0..left {
                *keep.add(i) = u8::from(k < max.add(i).read_unaligned());
            }
            self.keep(of, (keep, 1), left)
        }
    }

    /// Keeps the points for which the bool holds, of as many as are left; the state of others goes where it ends. Gives how many are kept.
    unsafe fn keep(&mut self, of: &While, (mask, step): (*const u8, usize), left: usize) -> usize {
        let order = self.place(of.order).cast::<u32>();
        // SAFETY: see above; the bools lie apart from what is moved.
        unsafe {
            let holds = |i: usize| *mask.add(i * step) != 0;
            if (step == 0 && left > 0 && holds(0)) || (step > 0 && all(mask, left)) {
                return left;
            }
            // The first that does not go on: what is before it stays where it is.
            let first = (0..left).find(|&i| !holds(i)).unwrap_or(left);
            for (_, Transfer { dst, src, size }) in &of.state {
                let (now, to) = (self.place(*src), self.place(*dst));
                for i in (first..left).filter(|&i| !holds(i)) {
                    let at = order.add(i).read_unaligned() as usize;
                    copy(*size, to.add(at * size), 0, now.add(i * size), 0, 1);
                }
            }
            let mut kept = first;
            for i in first..left {
                // (Where the next one goes, if this one stays behind.)
                order.add(kept).write_unaligned(order.add(i).read_unaligned());
                kept += usize::from(holds(i));
            }
            let state = of.state.iter().map(|(_, now)| (now.src, now.size));
            let own_max = of.own_max.map(|place| (place, size_of::<i64>()));
            for (place, size) in state.chain(of.captured.iter().map(|&(_, place, size)| (place, size))).chain(own_max) {
                let now = self.place(place);
                match size {
                    1 => pack::<u8>(now.cast(), (mask, step), first..left),
                    2 => pack::<u16>(now.cast(), (mask, step), first..left),
                    4 => pack::<u32>(now.cast(), (mask, step), first..left),
                    _ => pack::<u64>(now.cast(), (mask, step), first..left),
                }
            }
            kept
        }
    }

    unsafe fn patch(&mut self, patch: &Patch, n: usize) {
        let size = patch.helper.result().size();
        let dst = self.place(patch.dst);
        // SAFETY: see above; the helper's code takes the types that it is called with, as the verifier has checked.
        unsafe {
            let fast = patch.fast;
            copy(size, dst, size as isize, self.place(fast.place), (fast.step * size) as isize, n);
            let mask = (self.place(patch.mask.place).cast_const(), patch.mask.step);
            if !any(mask.0, mask.1, n) {
                return;
            }
            let arg = |i: usize| {
                let source = patch.args.get(i).copied().unwrap_or(fast);
                (self.place(source.place).cast_const(), source.step)
            };
            match patch.helper.code {
                Code::F64(f) => patch_one(f, dst, mask, arg(0), n),
                Code::F32(f) => patch_one(f, dst, mask, arg(0), n),
                Code::F64F64(f) => patch_two(f, dst, mask, [arg(0), arg(1)], n),
                Code::F32F32(f) => patch_two(f, dst, mask, [arg(0), arg(1)], n),
                Code::I32I32(f) => patch_two(f, dst, mask, [arg(0), arg(1)], n),
                Code::I64I64(f) => patch_two(f, dst, mask, [arg(0), arg(1)], n),
                Code::U32U32(f) => patch_two(f, dst, mask, [arg(0), arg(1)], n),
                Code::U64U64(f) => patch_two(f, dst, mask, [arg(0), arg(1)], n),
                Code::Rust(registered) => {
                    let mut args = [(fast.step, 0, arg(0).0); 3];
                    for (i, (slot, ty)) in args.iter_mut().zip(registered.args()).enumerate() {
                        let (pointer, step) = arg(i);
                        *slot = (step, ty.size(), pointer);
                    }
                    patch_registered(registered, &self.call.signals.faults, (dst, size), mask, args, n);
                }
                // A step of its own.
                Code::Region(_) => {}
            }
        }
    }
}

/// Where elements are, and the step in elements from one to the next.
type Lanes = (*const u8, usize);

unsafe fn patch_one<T: Copy>(f: extern "C" fn(T) -> T, dst: *mut u8, mask: Lanes, a: Lanes, n: usize) {
    for i in 0..n {
        // SAFETY: `i` is below `n`, of which there are elements at each place.
        unsafe {
            if *mask.0.add(i * mask.1) != 0 {
                dst.cast::<T>().add(i).write_unaligned(f(element(a, i)));
            }
        }
    }
}

unsafe fn patch_two<T: Copy>(f: extern "C" fn(T, T) -> T, dst: *mut u8, mask: Lanes, args: [Lanes; 2], n: usize) {
    for i in 0..n {
        // SAFETY: as in `patch_one`.
        unsafe {
            if *mask.0.add(i * mask.1) != 0 {
                dst.cast::<T>().add(i).write_unaligned(f(element(args[0], i), element(args[1], i)));
            }
        }
    }
}

/// Arguments are steps in elements, sizes of an element (0: there is no such argument), and pointers.
unsafe fn patch_registered(
    registered: &Registered,
    faults: &AtomicU32,
    (dst, size): (*mut u8, usize),
    mask: Lanes,
    args: [(usize, usize, *const u8); 3],
    n: usize,
) {
    for i in 0..n {
        // SAFETY: as in `patch_one`.
        unsafe {
            if *mask.0.add(i * mask.1) == 0 {
                continue;
            }
            let [x, y, z] = args.map(|(step, size, from)| match size {
                0 => 0,
                4 => u64::from(element::<u32>((from, step), i)),
                _ => element::<u64>((from, step), i),
            });
            let bits = enter(registered, faults, x, y, z);
            match size {
                4 => dst.cast::<u32>().add(i).write_unaligned(bits as u32),
                _ => dst.cast::<u64>().add(i).write_unaligned(bits),
            }
        }
    }
}

/// # Safety
/// There is an `i`-th element, and any bits are a value of the type.
unsafe fn element<T: Copy>(lanes: Lanes, i: usize) -> T {
    // SAFETY: the caller's promise.
    unsafe { lanes.0.cast::<T>().add(i * lanes.1).read_unaligned() }
}

/// Whether any of `n` bools holds.
unsafe fn any(mask: *const u8, step: usize, n: usize) -> bool {
    if step == 0 {
        // SAFETY: there is one element, at the least.
        return unsafe { *mask != 0 };
    }
    // SAFETY: there are `n` elements, and bools are initialised bytes.
    let mask = unsafe { std::slice::from_raw_parts(mask, n) };
    mask.iter().fold(0, |all, &one| all | one) != 0
}

/// Moves the elements for which a bool holds side by side, from the first of the range on.
unsafe fn pack<T: Copy>(elements: *mut T, mask: Lanes, range: std::ops::Range<usize>) {
    let mut kept = range.start;
    for i in range {
        // SAFETY: there are as many elements and bools, and no more are kept than have been read.
        unsafe {
            elements.add(kept).write_unaligned(elements.add(i).read_unaligned());
            kept += usize::from(*mask.0.add(i * mask.1) != 0);
        }
    }
}

/// Whether all of `n` bools hold.
unsafe fn all(mask: *const u8, n: usize) -> bool {
    // SAFETY: there are `n` elements, and bools are initialised bytes.
    let mask = unsafe { std::slice::from_raw_parts(mask, n) };
    mask.iter().fold(1, |all, &one| all & one) != 0
}

/// Copies `n` elements of `size` bytes; strides are in bytes.
// Many arguments: two places, each with its stride.
unsafe fn copy(size: usize, dst: *mut u8, dst_stride: isize, src: *const u8, src_stride: isize, n: usize) {
    if dst_stride == size as isize && src_stride == dst_stride {
        // SAFETY: the elements of each side are adjacent. (A kernel may store what it has loaded to the same place.)
        return unsafe { std::ptr::copy(src, dst, n * size) };
    }
    // SAFETY: the caller's promise.
    unsafe {
        match size {
            1 => copy_strided::<u8>(dst, dst_stride, src, src_stride, n),
            2 => copy_strided::<u16>(dst, dst_stride, src, src_stride, n),
            4 => copy_strided::<u32>(dst, dst_stride, src, src_stride, n),
            _ => copy_strided::<u64>(dst, dst_stride, src, src_stride, n),
        }
    }
}

unsafe fn copy_strided<T: Copy>(dst: *mut u8, dst_stride: isize, src: *const u8, src_stride: isize, n: usize) {
    let adjacent = dst_stride == size_of::<T>() as isize;
    // SAFETY: all `n` elements of each side are there; `offset` stays within the array that they are of.
    unsafe {
        if src_stride == 0 && adjacent {
            let x = src.cast::<T>().read_unaligned();
            for i in 0..n {
                dst.cast::<T>().add(i).write_unaligned(x);
            }
        } else if adjacent {
            for i in 0..n {
                let x = src.offset(src_stride * i as isize).cast::<T>().read_unaligned();
                dst.cast::<T>().add(i).write_unaligned(x);
            }
        } else {
            for i in 0..n {
                let x = src.offset(src_stride * i as isize).cast::<T>().read_unaligned();
                dst.offset(dst_stride * i as isize).cast::<T>().write_unaligned(x);
            }
        }
    }
}

/// Elements are no wider than a cell.
const _: () = {
    let mut i = 0;
    while i < DType::REAL.len() {
        assert!(DType::REAL[i].size() <= CELL);
        i += 1;
    }
};
