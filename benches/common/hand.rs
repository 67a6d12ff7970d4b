//! Hand-written loops: what the machine can do with the two expressions, and with reading alone.
//!
//! One loop for each vector width that the CPU has, unrolled twice, with plain stores or with non-temporal ones (which
//! write past the cache); multiply and add are two operations, as IEEE and every other contender have it. The best of
//! them on rayon's threads is the roofline.

use std::ops::Range;

use super::{Lines, Real};

/// How results are stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stores {
    /// As any compiler does.
    Plain,
    /// Non-temporal.
    Past,
}

/// Which expression.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Formula {
    /// [`SHORT`](super::SHORT)
    Short,
    /// [`LONG`](super::LONG)
    Long,
}

type Map<T> = unsafe fn([&[T]; 3], &mut [T]);
type Read<T> = unsafe fn(&[T], &[T]) -> T;

/// The loops of one vector width. Made only where the CPU has the instructions.
#[derive(Clone, Copy)]
pub struct Hand<T: 'static> {
    /// Bits of a vector.
    pub bits: usize,
    /// By formula and by stores.
    maps: [[Map<T>; 2]; 2],
    sum: Read<T>,
    sum_squares: Read<T>,
}

/// Pieces for each thread: enough that a thread which is held up can be helped.
const PIECES: usize = 4;

impl<T: Real> Hand<T> {
    /// Computes a line on the calling thread.
    #[inline]
    pub fn map(&self, formula: Formula, stores: Stores, lines: &mut Lines<T>) {
        let (inputs, y) = lines.slices();
        self.map_slices(formula, stores, inputs, y);
    }

    #[inline]
    fn map_slices(&self, formula: Formula, stores: Stores, inputs: [&[T]; 3], y: &mut [T]) {
        assert!(inputs.iter().all(|x| x.len() == y.len()));
        // SAFETY: the lengths are the same, and the CPU has the instructions, or this would not have been made.
        unsafe { self.maps[formula as usize][stores as usize](inputs, y) }
    }

    /// Computes a line on rayon's threads.
    pub fn par_map(&self, formula: Formula, stores: Stores, lines: &mut Lines<T>) {
        let (inputs, y) = lines.slices();
        split(inputs, y, PIECES * rayon::current_num_threads(), &|inputs, y| {
            self.map_slices(formula, stores, inputs, y);
        });
    }

    /// Reads an array: its sum, in no particular order, on rayon's threads.
    pub fn par_sum(&self, a: &[T]) -> T {
        // SAFETY: as for `map_slices`; the second slice is not read.
        gather(0..a.len(), piece(a.len()), &|range| unsafe { (self.sum)(&a[range], &[]) })
    }

    /// Reads two arrays: the sum of their squared differences, in no particular order, on rayon's threads.
    pub fn par_sum_squares(&self, a: &[T], b: &[T]) -> T {
        assert_eq!(a.len(), b.len());
        // SAFETY: as for `map_slices`.
        gather(0..a.len(), piece(a.len()), &|range| unsafe { (self.sum_squares)(&a[range.clone()], &b[range]) })
    }
}

/// Elements that are read in one go.
fn piece(n: usize) -> usize {
    n.div_ceil(PIECES * rayon::current_num_threads()).max(1024)
}

fn split<T: Real>(inputs: [&[T]; 3], y: &mut [T], pieces: usize, run: &(impl Fn([&[T]; 3], &mut [T]) + Sync)) {
    if pieces <= 1 || y.len() < 2048 {
        return run(inputs, y);
    }
    // Whole cache lines on each side.
    let middle = (y.len() / 2).next_multiple_of(64);
    let [a, b, c] = inputs.map(|x| x.split_at(middle));
    let (left, right) = y.split_at_mut(middle);
    rayon::join(
        || split([a.0, b.0, c.0], left, pieces / 2, run),
        || split([a.1, b.1, c.1], right, pieces - pieces / 2, run),
    );
}

fn gather<T: Real>(range: Range<usize>, piece: usize, read: &(impl Fn(Range<usize>) -> T + Sync)) -> T {
    if range.len() <= piece {
        return read(range);
    }
    let middle = range.start + (range.len() / 2).next_multiple_of(64).min(range.len());
    let (left, right) =
        rayon::join(|| gather(range.start..middle, piece, read), || gather(middle..range.end, piece, read));
    left + right
}

/// The widths of an element type.
pub trait Lanes: Sized {
    /// Loops for every vector width that this CPU has, narrowest first.
    fn widths() -> Vec<Hand<Self>>;
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::super::{long, short};
    use super::{Hand, Lanes};

    macro_rules! width {
        (
            $width:ident: $t:ident x $lanes:literal, $vector:ident, $feature:tt,
            $load:ident $store:ident $stream:ident $set:ident $add:ident $sub:ident $mul:ident $div:ident
        ) => {
            mod $width {
                use super::*;

                const LANES: usize = $lanes;

                /// # Safety
                /// All four must have the same length.
                #[target_feature(enable = $feature)]
                unsafe fn map<const LONG: bool, const PAST: bool>(inputs: [&[$t]; 3], y: &mut [$t]) {
                    let n = y.len();
                    let [a, b, c] = inputs.map(<[$t]>::as_ptr);
                    let y = y.as_mut_ptr();
                    // SAFETY: for indices below the common length.
                    let point = |at: usize| unsafe {
                        let (a, b, c) = (*a.add(at), *b.add(at), *c.add(at));
                        *y.add(at) = if LONG { long(a, b, c) } else { short(a, b, c) };
                    };
                    // SAFETY: for indices at least a vector below the common length.
                    let vector = |at: usize| unsafe {
                        let (a, b, c) = ($load(a.add(at)), $load(b.add(at)), $load(c.add(at)));
                        let sum = $add($mul(a, b), c);
                        if LONG {
                            let d = $sub(a, b);
                            $add($div($mul(d, d), sum), $mul($set(0.5), c))
                        } else {
                            sum
                        }
                    };
                    // Non-temporal stores have to be aligned.
                    let head = if PAST { y.align_offset(LANES * size_of::<$t>()).min(n) } else { 0 };
                    (0..head).for_each(point);
                    let mut at = head;
                    while at + 2 * LANES <= n {
                        let (first, second) = (vector(at), vector(at + LANES));
                        // SAFETY: both lie below the length; `head` has aligned the non-temporal ones.
                        unsafe {
                            if PAST {
                                $stream(y.add(at), first);
                                $stream(y.add(at + LANES), second);
                            } else {
                                $store(y.add(at), first);
                                $store(y.add(at + LANES), second);
                            }
                        }
                        at += 2 * LANES;
                    }
                    (at..n).for_each(point);
                    if PAST {
                        // Orders them before what tells another thread of the result.
                        _mm_sfence();
                    }
                }

                /// Sums `a`, or the squares of `a - b`.
                ///
                /// # Safety
                /// With `SQUARES`, both must have the same length.
                #[target_feature(enable = $feature)]
                unsafe fn read<const SQUARES: bool>(a: &[$t], b: &[$t]) -> $t {
                    let n = a.len();
                    let (a, b) = (a.as_ptr(), b.as_ptr());
                    // SAFETY: for indices at least a vector below the length.
                    let vector = |at: usize| unsafe {
                        let a = $load(a.add(at));
                        if SQUARES {
                            let d = $sub(a, $load(b.add(at)));
                            $mul(d, d)
                        } else {
                            a
                        }
                    };
                    // Eight chains of additions, so that their latency does not count.
                    let mut sums: [$vector; 8] = [$set(0.0); 8];
                    let mut at = 0;
                    while at + 8 * LANES <= n {
                        for (i, sum) in sums.iter_mut().enumerate() {
                            *sum = $add(*sum, vector(at + i * LANES));
                        }
                        at += 8 * LANES;
                    }
                    let mut total = 0.0;
                    for sum in sums {
                        let mut lanes = [0.0; LANES];
                        // SAFETY: a vector of elements.
                        unsafe { $store(lanes.as_mut_ptr(), sum) }
                        total += lanes.iter().sum::<$t>();
                    }
                    for at in at..n {
                        // SAFETY: below the length.
                        total += unsafe {
                            if SQUARES { (*a.add(at) - *b.add(at)) * (*a.add(at) - *b.add(at)) } else { *a.add(at) }
                        };
                    }
                    total
                }

                pub fn hand() -> Option<Hand<$t>> {
                    std::is_x86_feature_detected!($feature).then_some(Hand {
                        bits: LANES * size_of::<$t>() * 8,
                        maps: [[map::<false, false>, map::<false, true>], [map::<true, false>, map::<true, true>]],
                        sum: read::<false>,
                        sum_squares: read::<true>,
                    })
                }
            }
        };
    }

    width! {
        f64x2: f64 x 2, __m128d, "sse2",
        _mm_loadu_pd _mm_storeu_pd _mm_stream_pd _mm_set1_pd _mm_add_pd _mm_sub_pd _mm_mul_pd _mm_div_pd
    }
    width! {
        f64x4: f64 x 4, __m256d, "avx",
        _mm256_loadu_pd _mm256_storeu_pd _mm256_stream_pd _mm256_set1_pd
        _mm256_add_pd _mm256_sub_pd _mm256_mul_pd _mm256_div_pd
    }
    width! {
        f64x8: f64 x 8, __m512d, "avx512f",
        _mm512_loadu_pd _mm512_storeu_pd _mm512_stream_pd _mm512_set1_pd
        _mm512_add_pd _mm512_sub_pd _mm512_mul_pd _mm512_div_pd
    }
    width! {
        f32x4: f32 x 4, __m128, "sse2",
        _mm_loadu_ps _mm_storeu_ps _mm_stream_ps _mm_set1_ps _mm_add_ps _mm_sub_ps _mm_mul_ps _mm_div_ps
    }
    width! {
        f32x8: f32 x 8, __m256, "avx",
        _mm256_loadu_ps _mm256_storeu_ps _mm256_stream_ps _mm256_set1_ps
        _mm256_add_ps _mm256_sub_ps _mm256_mul_ps _mm256_div_ps
    }
    width! {
        f32x16: f32 x 16, __m512, "avx512f",
        _mm512_loadu_ps _mm512_storeu_ps _mm512_stream_ps _mm512_set1_ps
        _mm512_add_ps _mm512_sub_ps _mm512_mul_ps _mm512_div_ps
    }

    impl Lanes for f64 {
        fn widths() -> Vec<Hand<f64>> {
            [f64x2::hand(), f64x4::hand(), f64x8::hand()].into_iter().flatten().collect()
        }
    }

    impl Lanes for f32 {
        fn widths() -> Vec<Hand<f32>> {
            [f32x4::hand(), f32x8::hand(), f32x16::hand()].into_iter().flatten().collect()
        }
    }
}

/// Elsewhere: loops that the compiler vectorises, and no stores past the cache.
#[cfg(not(target_arch = "x86_64"))]
mod portable {
    use super::super::{Real, long, short};
    use super::{Hand, Lanes};

    unsafe fn map<T: Real, const LONG: bool>([a, b, c]: [&[T]; 3], y: &mut [T]) {
        for (((y, &a), &b), &c) in y.iter_mut().zip(a).zip(b).zip(c) {
            *y = if LONG { long(a, b, c) } else { short(a, b, c) };
        }
    }

    unsafe fn read<T: Real, const SQUARES: bool>(a: &[T], b: &[T]) -> T {
        let mut sums = [T::zero(); 32];
        for (at, &x) in a.iter().enumerate() {
            let d = if SQUARES { x - b[at] } else { x };
            sums[at % 32] = sums[at % 32] + if SQUARES { d * d } else { d };
        }
        sums.into_iter().fold(T::zero(), |x, y| x + y)
    }

    fn widths<T: Real>() -> Vec<Hand<T>> {
        let (short, long) = (map::<T, false>, map::<T, true>);
        vec![Hand { bits: 128, maps: [[short; 2], [long; 2]], sum: read::<T, false>, sum_squares: read::<T, true> }]
    }

    impl Lanes for f64 {
        fn widths() -> Vec<Hand<f64>> {
            widths()
        }
    }

    impl Lanes for f32 {
        fn widths() -> Vec<Hand<f32>> {
            widths()
        }
    }
}
