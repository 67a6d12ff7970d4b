//! Random numbers as functions: Threefry 2x32 with 20 rounds, lowered to the kernel IR.
//!
//! Comes in: a key and a counter of 64 bits each. Goes out: a word of 64 bits, or what is made of it. Always holds: the bits are those of the
//! published generator, with the low half of key, counter and word as its word 0, the high half as word 1; they never change.
//!
//! 1. The key's words are added to the counter's; a third one is their exclusive or with a constant.
//! 2. Twenty rounds: `x0 += x1`, `x1` rotated, `x1 ^= x0`. After each four, two of the three words of the key are added, and the number of these
//!    additions so far.
//! 3. A number in [0, 1) is `(word >> 11)*2^-53`: the high half times 2^-32 and the upper 21 bits of the low half times 2^-53, whose sum is exact.
//!
//! 4. A normal number: see `ndtri`.
//!
//! All operations are on 32 bits; what is wider is made once, of the result.
//!
//! Source: J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011; the constants are those of
//! Random123.

use std::cell::RefCell;
use std::sync::OnceLock;

use super::formula::V;
use super::{DType, instructions, ndtri};
use crate::dtype::Scalar;
use crate::ir::{Builder, Value};

/// By how many bits the rounds rotate, over and over.
const ROTATIONS: [i64; 8] = [13, 15, 26, 6, 17, 29, 16, 24];
const ROUNDS: usize = 20;
/// What makes the third word of a key.
const PARITY: i64 = 0x1BD1_1BDA;
/// 2^-32, 2^-53.
const HIGH_UNIT: f64 = 1.0 / 4294967296.0;
const LOW_UNIT: f64 = 1.0 / 9007199254740992.0;

/// What is made of a key and a counter.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Random {
    /// The generator's word, `u64`.
    Word,
    /// A number in [0, 1), `f64`.
    Uniform,
    /// A number of the standard normal distribution, `f64`.
    Normal,
}

impl Random {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Random::Word => "random_word",
            Random::Uniform => "random",
            Random::Normal => "normal",
        }
    }

    /// The type of the result.
    pub fn dtype(self) -> DType {
        match self {
            Random::Word => DType::U64,
            Random::Uniform | Random::Normal => DType::F64,
        }
    }

    /// How many instructions it is lowered to, about.
    pub fn operations(self) -> usize {
        static COUNTS: [OnceLock<usize>; 3] = [const { OnceLock::new() }; 3];
        *COUNTS[self as usize].get_or_init(|| instructions(DType::U64, 2, |b, args| _ = lower(b, self, args)))
    }
}

/// What is asked for, of a key and a counter, which are `u64`.
pub fn lower(b: &mut Builder, which: Random, args: &[Value]) -> Value {
    let shared = RefCell::new(b);
    let [key, counter] = [0, 1].map(|at| V::new(&shared, args[at]));
    let [low, high] = threefry(halves(key), halves(counter));
    match which {
        Random::Word => low.convert(DType::U64) | high.convert(DType::U64) << 32,
        Random::Uniform => {
            // (What has no sign bit is an `i32` as well, which every machine converts at once.)
            let low = (low >> 11).convert(DType::I32).to_f64();
            high.to_f64().fma(HIGH_UNIT, low * LOW_UNIT)
        }
        Random::Normal => {
            let sign = high.convert(DType::I32) >> 31;
            let [low, high] = [low, high].map(|half| half.convert(DType::I32) ^ sign);
            let low = (low.convert(DType::U32) >> 11).convert(DType::I32).to_f64();
            let z = ndtri::lower(high.to_f64().fma(HIGH_UNIT, low.fma(LOW_UNIT, LOW_UNIT / 2.0)));
            sign.lt(0).select(z, -z)
        }
    }
    .id()
}

/// The same at a point.
pub fn eval(which: Random, args: &[Scalar]) -> Option<Scalar> {
    let mut b = Builder::new(0);
    let args: Vec<Value> = args.iter().map(|&c| b.constant(c)).collect();
    let v = lower(&mut b, which, &args);
    b.as_const(v)
}

/// The low and the high half.
fn halves(x: V) -> [V; 2] {
    [x, x >> 32].map(|half| half.convert(DType::U32))
}

/// The generator.
fn threefry<'c>(key: [V<'c>; 2], counter: [V<'c>; 2]) -> [V<'c>; 2] {
    let key = [key[0], key[1], key[0] ^ key[1] ^ PARITY];
    let mut x = [counter[0] + key[0], counter[1] + key[1]];
    for round in 0..ROUNDS {
        x[0] = x[0] + x[1];
        let by = ROTATIONS[round % ROTATIONS.len()];
        x[1] = ((x[1] << by) | (x[1] >> (32 - by))) ^ x[0];
        if round % 4 == 3 {
            let times = round / 4 + 1;
            x[0] = x[0] + key[times % 3];
            x[1] = x[1] + (key[(times + 1) % 3] + times as i64);
        }
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From `kat_vectors` of Random123: counter, key, result.
    #[test]
    fn the_published_vectors() {
        for (counter, key, result) in [
            ([0, 0], [0, 0], [0x6b20_0159, 0x99ba_4efe]),
            ([u32::MAX; 2], [u32::MAX; 2], [0x1cb9_96fc, 0xbb00_2be7]),
            ([0x243f_6a88, 0x85a3_08d3], [0x1319_8a2e, 0x0370_7344], [0xc492_3a9c, 0x483d_f7a0]),
        ] {
            let whole = |[low, high]: [u32; 2]| u64::from(low) | u64::from(high) << 32;
            let args = [Scalar::from(whole(key)), Scalar::from(whole(counter))];
            assert_eq!(eval(Random::Word, &args), Some(Scalar::from(whole(result))));
            let uniform = (whole(result) >> 11) as f64 / 2f64.powi(53);
            assert_eq!(eval(Random::Uniform, &args), Some(Scalar::from(uniform)));
        }
    }
}
