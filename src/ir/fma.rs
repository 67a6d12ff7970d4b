//! `x*y + z` rounded once, for machines without an instruction for it.
//!
//! Comes in: any three floats. Goes out: the float next to the exact `x*y + z`, ties to even, whether the result is normal,
//! subnormal or overflows; what IEEE 754 says of zeros, infinities and NaNs. Always holds: the bits are those of the
//! instruction (those of a NaN aside).
//!
//! Constant folding, the oracle and the interpreter's portable loops use it, and it is the helper that machine code calls on CPUs
//! without the instruction. The platform's library is not asked, for there are many; nor is the crate `libm`, whose `fmaf` rounds
//! subnormal results twice (rust-lang/compiler-builtins, issue 1262).

/// Whether all machines that this is compiled for have the instruction.
const INSTRUCTION: bool = cfg!(any(
    target_feature = "fma",
    target_arch = "aarch64",
    target_arch = "powerpc64",
    target_arch = "s390x",
    all(target_arch = "riscv64", target_feature = "d"),
    all(target_arch = "loongarch64", target_feature = "d"),
));

/// `x*y + z`, rounded once.
#[inline(always)]
pub fn fma_f32(x: f32, y: f32, z: f32) -> f32 {
    if INSTRUCTION { x.mul_add(y, z) } else { emulated_f32(x, y, z) }
}

/// `x*y + z`, rounded once.
#[inline(always)]
pub fn fma_f64(x: f64, y: f64, z: f64) -> f64 {
    if INSTRUCTION { x.mul_add(y, z) } else { emulated_f64(x, y, z) }
}

/// Through `f64`, by rounding to odd (S. Boldo, G. Melquiond, "Emulation of FMA and correctly rounded sums: proved
/// algorithms using rounding to odd", IEEE Transactions on Computers 57, 2008).
///
/// 1. The product of two `f32` is an `f64`, exactly: 48 digits, and no exponent that `f64` has not.
/// 2. The sum with `z` and its error, exactly (Knuth).
/// 3. Where there is an error, the neighbour of the sum that is odd, on the side of the error: it tells that the exact sum is
///    between, and is never halfway between two `f32`, subnormal ones included, which have 26 digits fewer at least.
/// 4. So one rounding to `f32` is that of the exact sum.
#[inline(always)]
fn emulated_f32(x: f32, y: f32, z: f32) -> f32 {
    let (product, z) = (f64::from(x) * f64::from(y), f64::from(z));
    let sum = product + z;
    let of_z = sum - product;
    let error = (product - (sum - of_z)) + (z - of_z);
    let bits = sum.to_bits();
    // The error of an infinite sum, and of none, is NaN: neither more nor less.
    let (more, less) = (error > 0.0, error < 0.0);
    let even = (more | less) & (bits & 1 == 0);
    let away = more == (sum > 0.0);
    let step = if away { 1 } else { u64::MAX };
    f64::from_bits(bits.wrapping_add(if even { step } else { 0 })) as f32
}

/// The bit of a significand above which a sum may carry.
const TOP: u32 = 125;
/// The exponent of the least `f64`.
const LEAST: i32 = -1074;

/// In integers of 128 bits.
///
/// 1. The product's significand has 106 bits, exactly. It and that of `z` are shifted until their highest bit is bit 125.
/// 2. The lesser is shifted right by the difference of exponents. Bits that leave are kept as one bit, the last, if any is set:
///    there are 73 bits below the 53 of a result, one fewer if the difference cancels a bit. (It cancels more only where the
///    exponents differ by 1 at most, and then nothing has left, for the last 20 bits were 0.)
/// 3. The sum is rounded at the last bit of the result, which for a subnormal is that of the least one.
fn emulated_f64(x: f64, y: f64, z: f64) -> f64 {
    if !x.is_finite() || !y.is_finite() || x == 0.0 || y == 0.0 {
        return x * y + z;
    }
    if !z.is_finite() {
        return z;
    }
    if z == 0.0 {
        return x * y;
    }
    let ((x_bits, x_exponent), (y_bits, y_exponent), (z_bits, z_exponent)) = (parts(x), parts(y), parts(z));
    let product = shifted(u128::from(x_bits) * u128::from(y_bits), x_exponent + y_exponent);
    let added = shifted(z_bits.into(), z_exponent);
    let (product_negative, z_negative) = ((x < 0.0) != (y < 0.0), z < 0.0);

    let swap = (product.1, product.0) < (added.1, added.0);
    let ((great, exponent), (small, small_exponent)) = if swap { (added, product) } else { (product, added) };
    let negative = if swap { z_negative } else { product_negative };
    let small = keeping_last(small, (exponent - small_exponent) as u32);
    let sum = if product_negative == z_negative { great + small } else { great - small };
    if sum == 0 {
        return 0.0;
    }
    let magnitude = rounded(sum, exponent);
    if negative { -magnitude } else { magnitude }
}

/// The significand and the exponent of a finite number that is not 0: `|x| = significand * 2^exponent`.
fn parts(x: f64) -> (u64, i32) {
    let field = (x.to_bits() >> 52 & 0x7ff) as i32;
    let digits = x.to_bits() & ((1 << 52) - 1);
    if field == 0 { (digits, LEAST) } else { (digits | 1 << 52, field - 1 + LEAST) }
}

/// The same number with its highest bit at [`TOP`].
fn shifted(bits: u128, exponent: i32) -> (u128, i32) {
    let by = TOP as i32 - bits.ilog2() as i32;
    (bits << by, exponent - by)
}

/// Shifted to the right; the last bit is set if one that has left was.
fn keeping_last(bits: u128, by: u32) -> u128 {
    if by > TOP {
        return 1;
    }
    let kept = bits >> by;
    kept | u128::from(kept << by != bits)
}

/// The float next to `bits * 2^exponent`, for `bits` not 0, ties to even.
fn rounded(bits: u128, exponent: i32) -> f64 {
    let last = (exponent + bits.ilog2() as i32 - 52).max(LEAST);
    let by = last - exponent;
    let digits = if by <= 0 {
        (bits << -by) as u64
    } else if by as u32 > TOP + 2 {
        0
    } else {
        let (whole, rest, half) = ((bits >> by) as u64, bits & ((1 << by) - 1), 1 << (by - 1));
        whole + u64::from(rest > half || rest == half && whole & 1 == 1)
    };
    // The hidden bit of a normal number counts one up in the exponent, as does a carry.
    let result = ((last - LEAST) as u64) << 52;
    f64::from_bits((result + digits).min(f64::INFINITY.to_bits()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::random::Rng;

    fn same(found: f64, expected: f64) -> bool {
        found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan()
    }

    #[test]
    fn subnormal_results_are_rounded_once() {
        let fma = |x, y, z| emulated_f32(f32::from_bits(x), f32::from_bits(y), f32::from_bits(z)).to_bits();
        assert_eq!(fma(0x9700_0800, 0x1cff_f001, 0x0001_0002), 0x0001_0001);
    }

    #[test]
    fn special_values() {
        let (inf, nan, max, least) = (f64::INFINITY, f64::NAN, f64::MAX, f64::from_bits(1));
        for (x, y, z, expected) in [
            (0.0, 1.0, -0.0, 0.0),
            (-0.0, 1.0, -0.0, -0.0),
            (1.0, -1.0, 1.0, 0.0),
            (least, least, -0.0, 0.0),
            (-least, least, 0.0, -0.0),
            (least, 0.5, -least, -0.0),
            (inf, 0.0, 1.0, nan),
            (inf, 1.0, -inf, nan),
            (max, max, -inf, -inf),
            (max, -max, inf, inf),
            (max, 2.0, -max, max),
            (max, 1.0, 2f64.powi(970), inf),
            (max, 1.0, 2f64.powi(970).next_down(), max),
            (1.0, 1.0, nan, nan),
            (nan, 1.0, inf, nan),
        ] {
            let found = emulated_f64(x, y, z);
            assert!(same(found, expected), "{x:e}*{y:e} + {z:e}: {found:e}, expected {expected:e}");
        }
        for (x, y, z, expected) in [
            (f32::MAX, f32::MAX, f32::NEG_INFINITY, f32::NEG_INFINITY),
            (f32::MAX, 2.0, -f32::MAX, f32::MAX),
            (f32::from_bits(1), 0.5, -f32::from_bits(1), -0.0),
            (-0.0, 1.0, -0.0, -0.0),
            (1.0, -1.0, 1.0, 0.0),
        ] {
            assert_eq!(emulated_f32(x, y, z).to_bits(), expected.to_bits(), "{x:e}*{y:e} + {z:e}");
        }
    }

    /// A float of this many digits: few bits set, or few not, as ties need, or random ones.
    fn digits(rng: &mut Rng, count: u32) -> u64 {
        let mask = (1u64 << count) - 1;
        let within = if rng.once_in(2) { 3 } else { count as usize };
        let few = (0..rng.below(3)).fold(0, |bits, _| bits | 1 << rng.below(within));
        match rng.below(6) {
            0 | 1 => few,
            2 | 3 => !few & mask,
            4 => rng.bits() & mask & (u64::MAX << rng.below(count as usize)),
            _ => rng.bits() & mask,
        }
    }

    /// Three floats, as bits, of a format with this many digits and exponents: the product as a rule not far from `z`,
    /// often near the least numbers, sometimes near the greatest.
    fn triple(rng: &mut Rng, count: u32, exponents: i64) -> [u64; 3] {
        let bias = exponents / 2;
        let z = match rng.below(4) {
            0 => rng.below(4),
            1 => rng.below(2 * count as usize),
            2 => exponents as usize - 2 - rng.below(4),
            _ => rng.below(exponents as usize),
        } as i64;
        // Where the product begins: beside z, at its end, or anywhere.
        let apart = match rng.below(3) {
            0 => rng.below(8) as i64 - 4,
            1 => rng.below(8) as i64 - 4 - i64::from(count),
            _ => rng.below(260) as i64 - 130,
        };
        let sum = (z + bias + apart).clamp(1, 2 * exponents - 4);
        let low = (sum - (exponents - 2)).max(0);
        let x = low + rng.below(((sum.min(exponents - 2)) - low + 1) as usize) as i64;
        let float = |rng: &mut Rng, exponent: i64| {
            let exponent = exponent.clamp(0, exponents - 2) as u64;
            let sign = (rng.below(2) as u64) << (count + exponents.ilog2());
            sign | exponent << count | digits(rng, count)
        };
        [float(rng, x), float(rng, sum - x), float(rng, z)]
    }

    /// Products within a few last digits of half the least number, beside subnormal and least normal numbers: what a second
    /// rounding would get wrong.
    fn beside_ties(count: u32, exponents: i64) -> Vec<[u64; 3]> {
        let (mask, sign) = ((1u64 << count) - 1, 1u64 << (count + exponents.ilog2()));
        let ends = [0, 1, 2, 3, mask, mask - 1, mask - 2, 1 << (count / 2)];
        let mut triples = Vec::new();
        for low in -4..2 {
            let sum = (exponents / 2 - i64::from(count) + low) as u64;
            for z in ends.iter().flat_map(|z| [*z, z | 1 << count, z << (count / 2)]) {
                for (x, y) in ends.iter().flat_map(|x| ends.map(|y| (*x, y))) {
                    let (x, y) = ((sum / 2) << count | x, (sum - sum / 2) << count | y);
                    triples.extend([[x, y, z], [sign | x, y, z]]);
                }
            }
        }
        triples
    }

    /// Against the C library, which uses the instruction where the CPU has it. `TILEXPR_FUZZ` is the number of random triples.
    #[test]
    #[cfg(any(target_arch = "aarch64", all(target_arch = "x86_64", target_os = "linux", target_env = "gnu")))]
    #[cfg_attr(miri, ignore = "the instruction is foreign")]
    fn the_instruction_gives_the_same() {
        #[cfg(target_arch = "x86_64")]
        if !std::arch::is_x86_feature_detected!("fma") {
            return;
        }
        let check_f32 = |triple: [u64; 3]| {
            let [x, y, z] = triple.map(|bits| f32::from_bits(bits as u32));
            let (found, expected) = (emulated_f32(x, y, z), x.mul_add(y, z));
            assert!(same(found.into(), expected.into()), "f32 {triple:#x?}: {found:e}, expected {expected:e}");
        };
        let check_f64 = |triple: [u64; 3]| {
            let [x, y, z] = triple.map(f64::from_bits);
            let (found, expected) = (emulated_f64(x, y, z), x.mul_add(y, z));
            assert!(same(found, expected), "f64 {triple:#x?}: {found:e}, expected {expected:e}");
        };
        beside_ties(23, 256).into_iter().for_each(check_f32);
        beside_ties(52, 2048).into_iter().for_each(check_f64);
        let count = std::env::var("TILEXPR_FUZZ").ok().and_then(|n| n.parse().ok()).unwrap_or(200_000);
        let mut rng = Rng::new(7);
        for _ in 0..count {
            check_f32(triple(&mut rng, 23, 256));
            check_f64(triple(&mut rng, 52, 2048));
        }
    }
}
