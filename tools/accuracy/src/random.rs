//! Random numbers: the same for the same seed, on every machine and any number of threads.

/// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
pub struct Random(u64);

impl Random {
    /// A generator for each of many places.
    pub fn new(seed: u64, place: u64) -> Random {
        let mut first = Random(seed);
        Random(first.bits() ^ place.wrapping_mul(0xD6E8_FEB8_6659_FD93))
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A whole number from 0 to `n - 1`.
    pub fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(n)) >> 64) as u64
    }

    /// A whole number from `low` to `high`.
    pub fn whole(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1) as u64) as i64
    }

    /// A number from `low` to `high`, with 64 random bits: small ones near 0 have all their bits.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        let unit = self.bits() as f64 / 18_446_744_073_709_551_616.0;
        low + (high - low) * unit
    }

    /// 1 or -1.
    pub fn sign(&mut self) -> f64 {
        if self.bits() & 1 == 0 { 1.0 } else { -1.0 }
    }

    /// 2 to the power of a random number from `low` to `high`, which may lie outside the exponents of normal numbers.
    pub fn magnitude(&mut self, low: f64, high: f64) -> f64 {
        let exponent = self.between(low, high);
        let whole = exponent.floor();
        scale((exponent - whole).exp2() * (1.0 + self.between(0.0, 1e-9)), whole as i32)
    }

    /// One of them.
    pub fn choose<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }
}

/// `x * 2^exponent` of an ordinary `x`, rounded once where the result is subnormal.
pub fn scale(x: f64, exponent: i32) -> f64 {
    let (mut x, mut exponent) = (x, exponent);
    while exponent > 1000 {
        (x, exponent) = (x * 2.0_f64.powi(1000), exponent - 1000);
    }
    while exponent < -900 {
        (x, exponent) = (x * 2.0_f64.powi(-900), exponent + 900);
    }
    x * 2.0_f64.powi(exponent)
}
