//! Random numbers from a counter: number `i` of a seed follows from both alone, so that any thread can make any part of an array
//! and all make the same one.
//!
//! SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).

/// A sequence of random numbers.
#[derive(Clone, Copy)]
pub struct Random(u64);

/// 2^64 by the golden ratio: what the counter moves by.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl Random {
    /// That of a seed. The seed is mixed, so that sequences of neighbouring seeds do not overlap.
    pub fn new(seed: u64) -> Random {
        Random(mix(seed.wrapping_mul(STEP)))
    }

    /// 64 random bits.
    pub fn bits(self, i: u64) -> u64 {
        mix(self.0.wrapping_add((i + 1).wrapping_mul(STEP)))
    }

    /// A number from 0 to 1, 1 left out: a multiple of 2^-53.
    pub fn uniform(self, i: u64) -> f64 {
        (self.bits(i) >> 11) as f64 * (0.5_f64).powi(53)
    }

    /// A whole number below `n`, which is to be far below 2^64: then all are as good as equally likely.
    pub fn below(self, i: u64, n: u64) -> u64 {
        self.bits(i) % n.max(1)
    }

    /// Exchanges elements until all orders are equally likely.
    pub fn shuffle<T>(self, elements: &mut [T]) {
        for i in (1..elements.len()).rev() {
            elements.swap(i, self.below(i as u64, i as u64 + 1) as usize);
        }
    }
}

fn mix(bits: u64) -> u64 {
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
