//! The loops of scans, on bytes.
//!
//! Comes in: a scan's kind and type, addresses of tiles. Goes out: the loops of [`combine`] on slices of that type, compiled for the CPU's
//! vectors where it has such. Always holds: which instructions they are changes no bit.

use std::mem::MaybeUninit;
use std::slice;

use super::combine::{self, Tile};
use super::ends::{InPlace, PastCache, Places, Rows, Sink};
use super::pairs::{Combine, ComplexProduct, Greatest, Least, Product, Sum};
use super::squares::{Loose, Wide};
use crate::dtype::{DType, with_type};
use crate::plan::schedule::BLOCK;
use crate::types::graph;

/// Where the first row of a tile lies, and how many bytes it is to the next one.
pub type Place = (*mut u8, isize);

/// Where a tile is written, whether past the cache, and what is read next.
#[derive(Clone, Copy)]
pub struct To {
    pub first: Place,
    pub past_cache: bool,
    pub ahead: Option<*const u8>,
}

/// The loops of a scan, on bytes.
pub trait Lane: Sync {
    /// See [`combine::local`]: of rows elsewhere, or of what lies at `parts`.
    ///
    /// # Safety
    /// There must be room for the tile at `parts`; there or elsewhere it must be readable. There must be a state of each run.
    unsafe fn local(&self, tile: Tile, from: Option<Place>, parts: &[*mut u8], state: &[*mut u8]);

    /// See [`combine::totals`].
    ///
    /// # Safety
    /// The tile must lie at `parts`; there must be a row of `group` states for each block.
    unsafe fn totals(&self, tile: Tile, group: usize, parts: &[*mut u8], to: &[*mut u8]);

    /// See [`combine::advance`]: of a group, so many runs and so many blocks.
    ///
    /// # Safety
    /// There must be a row of states for each block, and room for a row after them.
    unsafe fn advance(&self, sizes: [usize; 3], totals: &[*mut u8], before: Option<&[*mut u8]>, after: &[*mut u8]);

    /// See [`combine::apply`]: to rows elsewhere, past the cache or not, or to `parts`.
    ///
    /// # Safety
    /// The tile must lie at `parts`; rows elsewhere must be writable, and read by nobody meanwhile. There must be a state of each run.
    unsafe fn apply(&self, tile: Tile, to: Option<To>, parts: &[*mut u8], carry: &[*mut u8]);

    /// See [`combine::through`]: from rows elsewhere to others. The last ones are states of runs' blocks, and what comes before these.
    ///
    /// # Safety
    /// The ones must be readable, the others writable, apart from these, and read by nobody meanwhile. There must be two states of each run.
    unsafe fn through(&self, tile: Tile, from: Place, to: To, states: [&[*mut u8]; 2]);
}

/// Bytes that are fetched before they are read, where no buffer is in between: half a page, at whose end no hardware looks ahead.
const AHEAD: usize = 2048;

/// A way of combining values of `P` parts of a type.
struct Loops<T, C, const P: usize>(std::marker::PhantomData<fn() -> (T, C)>);

/// Slices of all parts (of a buffer that is only written to what they hold is unspecified).
///
/// # Safety
/// There must be so many elements at each, which nothing else uses.
unsafe fn slices<'a, T, const P: usize>(parts: &[*mut u8], elements: usize) -> [&'a mut [T]; P] {
    // SAFETY: as the caller promises; they are aligned to lines of the cache, or to elements from there on.
    std::array::from_fn(|part| unsafe { slice::from_raw_parts_mut(parts[part].cast(), elements) })
}

/// The same to read.
///
/// # Safety
/// There must be so many elements at each, which nothing else writes.
unsafe fn read<'a, T, const P: usize>(parts: &[*mut u8], elements: usize) -> [&'a [T]; P] {
    // SAFETY: as the caller promises.
    std::array::from_fn(|part| unsafe { slice::from_raw_parts(parts[part].cast_const().cast(), elements) })
}

/// Calls a function of this module with this CPU's vectors if it has wide ones, compiled for them.
macro_rules! with_vectors {
    ($function:ident, $wide:ident, $($argument:expr),*) => {{
        #[cfg(target_arch = "x86_64")]
        if let Some(wide) = Wide::here() {
            // SAFETY: the CPU has the instructions; else as the caller promises.
            return unsafe { $wide::<T, C, P>(wide, $($argument),*) };
        }
        // SAFETY: as the caller promises.
        unsafe { $function::<T, C, P>(None, $($argument),*) }
    }};
}

impl<T: Copy, C: Combine<T, P>, const P: usize> Lane for Loops<T, C, P> {
    unsafe fn local(&self, tile: Tile, from: Option<Place>, parts: &[*mut u8], state: &[*mut u8]) {
        with_vectors!(local, local_wide, tile, from, [parts, state])
    }

    unsafe fn apply(&self, tile: Tile, to: Option<To>, parts: &[*mut u8], carry: &[*mut u8]) {
        with_vectors!(apply, apply_wide, tile, to, [parts, carry])
    }

    unsafe fn through(&self, tile: Tile, from: Place, to: To, states: [&[*mut u8]; 2]) {
        with_vectors!(through, through_wide, tile, (from, to), states)
    }

    unsafe fn totals(&self, tile: Tile, group: usize, parts: &[*mut u8], to: &[*mut u8]) {
        let rows = tile.elements.div_ceil(BLOCK) - 1;
        // SAFETY: as the caller promises.
        let (parts, to) = unsafe { (read::<T, P>(parts, tile.room()), slices(to, rows * group + tile.points)) };
        combine::totals(tile, group, parts, to);
    }

    unsafe fn advance(
        &self,
        [group, points, blocks]: [usize; 3],
        totals: &[*mut u8],
        before: Option<&[*mut u8]>,
        after: &[*mut u8],
    ) {
        // SAFETY: as the caller promises.
        unsafe {
            let before = before.map(|before| read::<T, P>(before, points));
            let totals = read::<T, P>(totals, (blocks - 1) * group + points);
            combine::advance::<T, P, C>([group, points], totals, before, slices(after, points));
        }
    }
}

/// Rows of a tile that begins here, to read.
///
/// # Safety
/// They must be readable; the elements may lie anywhere.
unsafe fn rows_from<'a, T: Copy + 'a>(tile: Tile, (first, pitch): Place) -> Rows<impl Fn(usize) -> &'a [Loose<T>]> {
    Rows(move |row: usize| {
        let at = first.wrapping_offset(row as isize * pitch).cast_const();
        // SAFETY: as the caller promises.
        unsafe { slice::from_raw_parts(at.cast::<Loose<T>>(), tile.columns()) }
    })
}

/// Rows of a tile that begins here, to write.
///
/// # Safety
/// They must be writable, and each is written once, after what was before; the elements may lie anywhere.
unsafe fn rows_to<'a, T: Copy + 'a>(tile: Tile, (first, pitch): Place) -> impl Fn(usize) -> &'a mut Places<T> {
    move |row: usize| {
        let at = first.wrapping_offset(row as isize * pitch);
        // SAFETY: as the caller promises.
        unsafe { slice::from_raw_parts_mut(at.cast::<MaybeUninit<Loose<T>>>(), tile.columns()) }
    }
}

/// See [`Lane::local`].
///
/// # Safety
/// As for it.
#[inline(always)]
unsafe fn local<T: Copy, C: Combine<T, P>, const P: usize>(
    wide: Option<Wide>,
    tile: Tile,
    from: Option<Place>,
    [parts, state]: [&[*mut u8]; 2],
) {
    // SAFETY: as the caller promises.
    let (parts, state) = unsafe { (slices(parts, tile.room()), slices(state, tile.points)) };
    match from {
        None => combine::local::<T, P, C>(wide, tile, &InPlace, parts, state),
        // SAFETY: as the caller promises.
        Some(from) => combine::local::<T, P, C>(wide, tile, &unsafe { rows_from(tile, from) }, parts, state),
    }
}

/// See [`Lane::apply`].
///
/// # Safety
/// As for it.
#[inline(always)]
unsafe fn apply<T: Copy, C: Combine<T, P>, const P: usize>(
    _: Option<Wide>,
    tile: Tile,
    to: Option<To>,
    [parts, carry]: [&[*mut u8]; 2],
) {
    // SAFETY: as the caller promises.
    let (mut parts, carry) = unsafe { (slices(parts, tile.room()), slices(carry, tile.points)) };
    let Some(To { first, past_cache, ahead }) = to else {
        return combine::apply::<T, P, C>(tile, &InPlace, parts, carry);
    };
    let gapless = tile.pitch == tile.columns() && first.1 == (tile.pitch * size_of::<T>()) as isize;
    let (line, one) = (tile.as_one(), gapless && tile.columns() < BLOCK);
    if one {
        // Short rows that follow each other, there and here, are written as one.
        combine::apply::<T, P, C>(tile, &InPlace, parts.each_mut().map(|part| &mut **part), carry);
        // SAFETY: as the caller promises.
        let row = unsafe { rows_to(line, first) };
        return match past_cache {
            true => PastCache(row, ahead).keep::<C>(0, 0, parts),
            false => Rows(row).keep::<C>(0, 0, parts),
        };
    }
    // SAFETY: as the caller promises.
    let row = unsafe { rows_to(tile, first) };
    match past_cache {
        true => combine::apply::<T, P, C>(tile, &PastCache(row, ahead), parts, carry),
        false => combine::apply::<T, P, C>(tile, &Rows(row), parts, carry),
    }
}

/// See [`Lane::through`].
///
/// # Safety
/// As for it.
#[inline(always)]
unsafe fn through<T: Copy, C: Combine<T, P>, const P: usize>(
    _: Option<Wide>,
    tile: Tile,
    (from, to): (Place, To),
    [state, carry]: [&[*mut u8]; 2],
) {
    // SAFETY: as the caller promises.
    unsafe {
        let [[state], [carry]] = [state, carry].map(|part| slices::<T, 1>(part, tile.points));
        let (ahead, from, row) = (from.0.wrapping_add(AHEAD), rows_from(tile, from), rows_to(tile, to.first));
        match to.past_cache {
            true => combine::through::<T, P, C, _>(tile, &from, &PastCache(row, Some(ahead)), [state, carry]),
            false => combine::through::<T, P, C, _>(tile, &from, &Rows(row), [state, carry]),
        }
    }
}

/// The same, compiled for vectors of 256 bits.
#[cfg(target_arch = "x86_64")]
macro_rules! for_wide_vectors {
    ($($wide:ident: $function:ident($arguments:ty);)*) => { $(
        /// # Safety
        /// As for the function; the CPU has AVX2.
        #[target_feature(enable = "avx2")]
        unsafe fn $wide<T: Copy, C: Combine<T, P>, const P: usize>(
            wide: Wide,
            tile: Tile,
            arguments: $arguments,
            parts: [&[*mut u8]; 2],
        ) {
            // SAFETY: as the caller promises.
            unsafe { $function::<T, C, P>(Some(wide), tile, arguments, parts) }
        }
    )* };
}

#[cfg(target_arch = "x86_64")]
for_wide_vectors! {
    local_wide: local(Option<Place>);
    apply_wide: apply(Option<To>);
    through_wide: through((Place, To));
}

/// The loops of a scan of this type.
pub fn lane(of: graph::Scan, dtype: DType) -> &'static dyn Lane {
    fn new<T: Copy + 'static, C: Combine<T, P> + 'static, const P: usize>() -> &'static dyn Lane {
        const { &Loops::<T, C, P>(std::marker::PhantomData) }
    }
    let lane = match of {
        graph::Scan::Sum => with_type!(dtype, T: Number; new::<T, Sum, 1>()),
        graph::Scan::Prod => with_type!(dtype, T: Number; new::<T, Product, 1>()),
        graph::Scan::Min => with_type!(dtype, T: Number; new::<T, Least, 1>()),
        graph::Scan::Max => with_type!(dtype, T: Number; new::<T, Greatest, 1>()),
        graph::Scan::Product(_) => with_type!(dtype, T: Float; new::<T, ComplexProduct, 2>()),
    };
    match lane {
        Some(lane) => lane,
        None => unreachable!("scans of {dtype} are of another type"),
    }
}
