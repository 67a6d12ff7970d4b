//! Whether what a call writes is something that it also reads.
//!
//! Comes in: where the elements of arrays lie. Goes out: apart, the same, or overlapping. Always holds: what is called apart shares
//! no byte; what shares none may be called overlapping where finding out would take long.

use smallvec::SmallVec;

/// Where the elements of an array lie.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Footprint {
    /// The address of the element at index 0.
    pub address: usize,
    /// Bytes of an element.
    pub size: usize,
    /// The length of each axis and the stride along it, in bytes.
    pub axes: SmallVec<[(usize, isize); 6]>,
}

/// How two arrays lie to each other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Alias {
    /// They share no byte.
    Apart,
    /// Each element of the one is that of the other at the same index.
    Same,
    /// They may share bytes in any other way.
    Overlapping,
}

impl Footprint {
    /// The addresses between which all elements lie. (In 128 bits, where nothing overflows.)
    fn reach(&self) -> (i128, i128) {
        let (mut low, mut high) = (self.address as i128, self.address as i128 + self.size as i128);
        for &(length, stride) in &self.axes {
            let far = stride as i128 * (length as i128 - 1);
            if far < 0 { low += far } else { high += far }
        }
        (low, high)
    }

    fn is_empty(&self) -> bool {
        self.axes.iter().any(|&(length, _)| length == 0)
    }

    /// The strides that elements are apart by.
    fn steps(&self) -> impl Iterator<Item = i128> {
        self.axes.iter().filter(|(length, _)| *length > 1).map(|&(_, stride)| (stride as i128).abs())
    }
}

/// How two arrays, whose types are one if `of_one_type`, lie to each other.
pub fn alias(a: &Footprint, b: &Footprint, of_one_type: bool) -> Alias {
    let ((a_low, a_high), (b_low, b_high)) = (a.reach(), b.reach());
    if a.is_empty() || b.is_empty() || a_high <= b_low || b_high <= a_low || interleaved(a, b) {
        Alias::Apart
    } else if of_one_type && a == b {
        Alias::Same
    } else {
        Alias::Overlapping
    }
}

/// Whether no byte can be in both for reasons of division: all elements of each lie at the array's own distance from a multiple of what
/// divides all strides (every other element, the imaginary parts, one field of records).
fn interleaved(a: &Footprint, b: &Footprint) -> bool {
    let step = a.steps().chain(b.steps()).fold(0, gcd);
    if step == 0 {
        return false;
    }
    let distance = (b.address as i128 - a.address as i128).rem_euclid(step);
    a.size as i128 <= distance && distance + b.size as i128 <= step
}

fn gcd(mut a: i128, mut b: i128) -> i128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: usize, size: usize, axes: &[(usize, isize)]) -> Footprint {
        Footprint { address, size, axes: SmallVec::from_slice(axes) }
    }

    #[test]
    fn by_reach() {
        let (a, after, reversed) = (at(800, 8, &[(10, 8)]), at(880, 8, &[(10, 8)]), at(872, 8, &[(10, -8)]));
        assert_eq!(alias(&a, &after, true), Alias::Apart);
        assert_eq!(alias(&a, &a, true), Alias::Same);
        assert_eq!(alias(&a, &a, false), Alias::Overlapping);
        assert_eq!(alias(&a, &reversed, true), Alias::Overlapping);
        assert_eq!(alias(&a, &at(808, 8, &[(10, 8)]), true), Alias::Overlapping);
        assert_eq!(alias(&a, &at(800, 8, &[(0, 8)]), true), Alias::Apart);
        assert_eq!(alias(&at(0, 8, &[]), &at(0, 8, &[]), true), Alias::Same);
        assert_eq!(alias(&at(8, 8, &[]), &at(0, 8, &[]), true), Alias::Apart);
    }

    #[test]
    fn by_division() {
        let even = at(800, 8, &[(10, 16)]);
        assert_eq!(alias(&even, &at(808, 8, &[(10, 16)]), true), Alias::Apart);
        assert_eq!(alias(&even, &at(804, 8, &[(10, 16)]), true), Alias::Overlapping);
        assert_eq!(alias(&even, &at(808, 8, &[(10, 8)]), true), Alias::Overlapping);
        assert_eq!(alias(&even, &at(952, 8, &[(10, -16)]), true), Alias::Apart);
        assert_eq!(alias(&even, &at(809, 8, &[(10, 16)]), true), Alias::Overlapping);
    }

    /// Against all pairs of elements.
    #[test]
    fn apart_is_apart_and_same_is_same() {
        let mut seed = 1_u64;
        let mut below = |n: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) % n
        };
        let (mut apart, mut same) = (0, 0);
        for _ in 0..20_000 {
            let mut random = || {
                let axes = [(0, 0); 2].map(|_| (below(4) as usize, below(13) as isize - 6));
                at(100 + below(30) as usize, [1, 2, 4][below(3) as usize], &axes)
            };
            let (a, b) = (random(), random());
            let bytes = |f: &Footprint| {
                let [(n, s), (m, t)] = [f.axes[0], f.axes[1]];
                let points = (0..n as isize).flat_map(move |i| (0..m as isize).map(move |j| i * s + j * t));
                let first = f.address as isize;
                let size = f.size as isize;
                points.flat_map(move |p| (0..size).map(move |k| first + p + k)).collect::<Vec<_>>()
            };
            let (x, y) = (bytes(&a), bytes(&b));
            match alias(&a, &b, true) {
                Alias::Apart => {
                    assert!(!x.iter().any(|byte| y.contains(byte)), "{a:?} {b:?}");
                    apart += 1;
                }
                Alias::Same => assert_eq!(x, y),
                Alias::Overlapping => {}
            }
            same += usize::from(alias(&a, &a.clone(), true) == Alias::Same);
        }
        assert!(apart > 1000 && same > 1000);
    }
}
