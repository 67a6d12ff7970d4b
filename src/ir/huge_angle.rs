//! Sine, cosine and tangent of huge numbers: what the vector code's `patch` asks for.
//!
//! Comes in: a finite number of 1024 at least (others are asked of `libm`). Goes out: its sine, cosine or tangent, within
//! 0.51 ulp. Always holds: integers do the work but for some last steps, so there is no fma to ask for; and there is no
//! branch, so a number takes as long as any other, and the processor works on several at a time.
//!
//! 1. **Reduction** (M. Payne, R. Hanek, "Radian reduction for trigonometric functions", SIGNUM 18, 1983). x = m*2^e, and
//!    x * 2/pi is wanted modulo 4. Digits of 2/pi whose product with m*2^e is a multiple of 4 are left out; the next
//!    128 (`f32`: 64) and as many as m has are multiplied by m. What comes after is below 2^-125. No `f64` but 0 is
//!    nearer than 2^-62 to a multiple of pi/2 (no `f32` than 2^-31), so 63 digits are left.
//! 2. **Back to an angle.** k = the nearest integer; the rest, at most 1/2, is shifted up until its first bit is the highest
//!    and multiplied by pi/2: r, with 63 digits.
//! 3. **Polynomials** (`f64`): Taylor's, in z = r*r, in 63 digits; there are ten terms, the first one left out is below 2^-68.
//!    sin(r)/r and cos(r) are between 0.7 and 1. (`f32`: in `f64`, the sine up to pi/2, the tangent as a fraction.)
//! 4. An odd k exchanges sine and cosine. The tangent is their quotient: that of two floats, and what it leaves, exactly.

/// The digits of 2/pi: those of 64 places before the point, which are 0, then those after it.
#[rustfmt::skip]
static TWO_OVER_PI: [u64; 23] = [
    0,
    0xa2f9_836e_4e44_1529, 0xfc27_57d1_f534_ddc0, 0xdb62_9599_3c43_9041, 0xfe51_63ab_debb_c561,
    0xb724_6e3a_424d_d2e0, 0x0649_2eea_09d1_921c, 0xfe1d_eb1c_b129_a73e, 0xe882_35f5_2ebb_4484,
    0xe99c_7026_b45f_7e41, 0x3991_d639_8353_39f4, 0x9c84_5f8b_bdf9_283b, 0x1ff8_97ff_de05_980f,
    0xef2f_118b_5a0a_6d1f, 0x6d36_7ecf_27cb_09b7, 0x4f46_3f66_9e5f_ea2d, 0x7527_bac7_ebe5_f17b,
    0x3d07_39f7_8a52_92ea, 0x6bfb_5fb1_1f8d_5d08, 0x5603_3046_fc7b_6bab, 0xf0cf_bc20_9af4_361d,
    0xa9e3_9161_5ee6_1b08, 0x6599_855f_14a0_6840,
];
/// pi/2 in units of 2^-63.
const HALF_PI: u64 = 0xc90f_daa2_2168_c235;
/// Below this an angle is not huge.
const LEAST: f64 = 1024.0;
/// How many terms of a series in integers.
const TERMS: usize = 10;
/// 1/1!, 1/3!, 1/5! ... in units of 2^-62.
static SIN: [u64; TERMS] = inverse_factorials(1);
/// 1/0!, 1/2!, 1/4! ... in units of 2^-62.
static COS: [u64; TERMS] = inverse_factorials(0);
/// 1/1!, -1/3!, 1/5! ... for angles up to pi/2: the first term left out is 2^-37.
static SIN_F32: [f64; 8] = signed_inverse_factorials();
/// tan r = r*p(z)/q(z), p and q: Lambert's continued fraction, cut off: 2^-34 for angles up to pi/4.
static TAN_F32: [&[f64]; 2] = [&[10395.0, -1260.0, 21.0], &[10395.0, -4725.0, 210.0, -1.0]];

const fn inverse_factorials(first: u128) -> [u64; TERMS] {
    let mut values = [0; TERMS];
    let (mut n, mut factorial, mut i) = (first, 1, 0);
    while i < TERMS {
        values[i] = (((1 << 62) + factorial / 2) / factorial) as u64;
        factorial *= (n + 1) * (n + 2);
        n += 2;
        i += 1;
    }
    values
}

const fn signed_inverse_factorials() -> [f64; 8] {
    let mut values = [1.0; 8];
    let mut i = 1;
    while i < values.len() {
        values[i] = values[i - 1] / -((2 * i * (2 * i + 1)) as f64);
        i += 1;
    }
    values
}

/// The high half of a product.
fn high(x: u64, y: u64) -> u64 {
    ((u128::from(x) * u128::from(y)) >> 64) as u64
}

/// Significand and exponent of a finite normal number: `|x| = significand * 2^exponent`.
fn parts(x: f64) -> (u64, i32) {
    let bits = x.to_bits();
    (bits & ((1 << 52) - 1) | 1 << 52, (bits >> 52 & 0x7ff) as i32 - 1075)
}

/// `N` words of the digits of 2/pi, the first digit being that which times 2^exponent is 2. The exponent is from -62 to 971.
fn window<const N: usize>(exponent: i32) -> [u64; N] {
    let first = (exponent + 62) as usize;
    let (word, shift) = (first / 64, first % 64);
    std::array::from_fn(|i| {
        let [high, low] = [word + i, word + i + 1].map(|at| TWO_OVER_PI[at]);
        high << shift | low >> 1 >> (63 - shift)
    })
}

/// |x| * 2/pi modulo 4, in units of 2^-126.
fn quarters(x: f64) -> u128 {
    let (m, exponent) = parts(x);
    let [first, second, third] = window(exponent);
    (u128::from(m.wrapping_mul(first)) << 64)
        .wrapping_add(u128::from(m) * u128::from(second))
        .wrapping_add(high(m, third).into())
}

/// The same of an `f32` in units of 2^-62.
fn quarters_f32(x: f32) -> u64 {
    let (m, exponent) = parts(x.into());
    let [first, second] = window(exponent + 29);
    (m >> 29).wrapping_mul(first).wrapping_add(high(m >> 29, second))
}

/// The angle |x|, which is k*pi/2 + r and some whole turns.
struct Reduced {
    /// Modulo 4.
    k: u64,
    /// Whether r is.
    negative: bool,
    /// |r| = digits * 2^-(63 + zeros), with one of the two highest bits set.
    digits: u64,
    zeros: u32,
    /// r*r in units of 2^-64.
    z: u64,
}

impl Reduced {
    fn of(x: f64) -> Reduced {
        let all = quarters(x);
        let k = all.wrapping_add(1 << 125) >> 126;
        let rest = all.wrapping_sub(k << 126) as i128;
        // No rest is 0, for pi is no fraction. Of the greatest, 2^125, the first two bits are 0.
        let size = rest.unsigned_abs() | 1;
        let zeros = size.leading_zeros();
        let digits = high((size << zeros >> 64) as u64, HALF_PI);
        let zeros = zeros - 2;
        let fixed = u128::from(digits.checked_shr(zeros).unwrap_or(0));
        Reduced { k: k as u64, negative: rest < 0, digits, zeros, z: ((fixed * fixed) >> 62) as u64 }
    }

    /// A series in z with signs that alternate, in units of 2^-62.
    fn series(&self, terms: &[u64; TERMS]) -> u64 {
        terms.iter().rev().fold(0, |sum, &term| term - high(self.z, sum))
    }

    /// sin |r| in units of 2^-(61 + zeros), from its series.
    fn sin(&self, series: u64) -> u64 {
        high(self.digits, series)
    }
}

/// 2^exponent, within the normal numbers.
fn power_of_2(exponent: i32) -> f64 {
    f64::from_bits(((1023 + exponent) as u64) << 52)
}

/// A number below 2^63, rounded.
fn float(digits: u64) -> f64 {
    digits as i64 as f64
}

/// With the other sign where asked.
fn turned(x: f64, negative: bool) -> f64 {
    f64::from_bits(x.to_bits() ^ u64::from(negative) << 63)
}

/// The sine of |x| and this many quarters of a turn.
fn sin_of(x: f64, quarters: u64) -> f64 {
    let r = Reduced::of(x);
    let k = r.k + quarters;
    let odd = k & 1 == 1;
    let series = r.series(if odd { &COS } else { &SIN });
    let (digits, exponent) = if odd { (series, 62) } else { (r.sin(series), 61 + r.zeros as i32) };
    turned(float(digits) * power_of_2(-exponent), (k & 2 != 0) ^ (r.negative & !odd))
}

fn tan_of(x: f64) -> f64 {
    let r = Reduced::of(x);
    let (sin, cos) = (r.sin(r.series(&SIN)), r.series(&COS));
    let odd = r.k & 1 == 1;
    let (n, d) = if odd { (cos, sin) } else { (sin, cos) };
    // Both are from 2^60 to 2^62: their quotient as floats is below 2^2, and a multiple of 2^-54.
    let inverse = 1.0 / float(d);
    let q = float(n) * inverse;
    let whole = (q * power_of_2(58)) as i64 as u64;
    let left = (u128::from(n) << 58).wrapping_sub(u128::from(whole) * u128::from(d)) as i128;
    let rest = (left >> 32) as i64 as f64 * (inverse * power_of_2(-26));
    let exponent = r.zeros as i32 - 1;
    let size = (q + rest) * power_of_2(if odd { exponent } else { -exponent });
    turned(size, r.negative ^ odd)
}

/// The polynomial of z by Horner's rule.
fn polynomial(z: f64, coefficients: &[f64]) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, &c| sum * z + c)
}

/// A number of quarters of a turn in units of 2^-62 as an angle.
fn angle(quarters: i64) -> f64 {
    quarters as f64 * (std::f64::consts::FRAC_PI_2 * power_of_2(-62))
}

/// The sine of a number of quarters of a turn in units of 2^-62.
fn sin_of_quarters(quarters: u64) -> f64 {
    // Modulo 2: from -1 to 1.
    let r = angle((quarters << 1) as i64 >> 1);
    turned(r * polynomial(r * r, &SIN_F32), quarters.wrapping_add(1 << 62) >> 63 == 1)
}

fn tan_of_quarters(quarters: u64) -> f64 {
    // Modulo 1: from -1/2 to 1/2.
    let r = angle((quarters << 2) as i64 >> 2);
    let [p, q] = TAN_F32.map(|c| polynomial(r * r, c));
    let odd = quarters.wrapping_add(1 << 61) >> 62 & 1 == 1;
    let (n, d) = if odd { (-q, r * p) } else { (r * p, q) };
    n / d
}

/// Whether it is a number of the size that this is for.
fn is_huge(x: f64) -> bool {
    (LEAST..f64::INFINITY).contains(&x.abs())
}

/// Sine.
pub fn sin(x: f64) -> f64 {
    if is_huge(x) { turned(sin_of(x, 0), x < 0.0) } else { libm::sin(x) }
}

/// Cosine.
pub fn cos(x: f64) -> f64 {
    if is_huge(x) { sin_of(x, 1) } else { libm::cos(x) }
}

/// Tangent.
pub fn tan(x: f64) -> f64 {
    if is_huge(x) { turned(tan_of(x), x < 0.0) } else { libm::tan(x) }
}

/// Sine.
pub fn sin_f32(x: f32) -> f32 {
    if is_huge(x.into()) { turned(sin_of_quarters(quarters_f32(x)), x < 0.0) as f32 } else { libm::sinf(x) }
}

/// Cosine.
pub fn cos_f32(x: f32) -> f32 {
    if is_huge(x.into()) { sin_of_quarters(quarters_f32(x).wrapping_add(1 << 62)) as f32 } else { libm::cosf(x) }
}

/// Tangent.
pub fn tan_f32(x: f32) -> f32 {
    if is_huge(x.into()) { turned(tan_of_quarters(quarters_f32(x)), x < 0.0) as f32 } else { libm::tanf(x) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the `f64` that is nearest to a multiple of pi/2, of the greatest, and of others; rounded correctly, from 2,200 bits.
    #[test]
    fn known_values() {
        for (x, expected) in KNOWN {
            let found = [sin(x), cos(x), tan(x)];
            for (found, expected) in found.into_iter().zip(expected) {
                assert!(
                    found.to_bits().abs_diff(f64::to_bits(expected)) <= 1,
                    "{x:e}: {found:e}, expected {expected:e}"
                );
            }
            let found = [sin(-x), cos(-x), tan(-x)];
            assert_eq!(found, [-sin(x), cos(x), -tan(x)]);
        }
    }

    #[allow(clippy::excessive_precision)]
    const KNOWN: [(f64, [f64; 3]); 11] = [
        (5.319372648326541e+255, [1.0, -4.687165924254628e-19, -2.133485385753704e+18]),
        (1.7976931348623157e+308, [0.004961954789184062, -0.9999876894265599, -0.004962015874444895]),
        (1024.0, [-0.15853338004399595, 0.9873536182198484, -0.16056393283879805]),
        (10000000.0, [0.4205477931907825, -0.9072703861817396, -0.46353082785018906]),
        (6588398.0, [0.6313857191528323, 0.7754689379013584, 0.814198594287404]),
        (12345678.9, [-0.8973068124812599, 0.44140739037166243, -2.0328314207103166]),
        (1000000000000000.0, [0.8582727931702359, -0.5131937377869703, -1.672414782127583]),
        (1e+22, [-0.8522008497671888, 0.523214785395139, -1.6287782256068988]),
        (1.0715086071862673e+301, [-0.15920170308624243, 0.9872460775989135, -0.16125837995065806]),
        (3.5e+100, [-0.3260415222894159, 0.9453554494174138, -0.34488775887455114]),
        (14461176.67027838, [-1.0, -1.6985038298986004e-18, 5.88753456069451e+17]),
    ];

    #[test]
    fn what_is_no_huge_number() {
        for f in [sin, cos, tan] {
            assert!([f64::INFINITY, f64::NEG_INFINITY, f64::NAN].iter().all(|&x| f(x).is_nan()));
        }
        for f in [sin_f32, cos_f32, tan_f32] {
            assert!([f32::INFINITY, f32::NEG_INFINITY, f32::NAN].iter().all(|&x| f(x).is_nan()));
        }
        assert_eq!([sin(-0.0).to_bits(), tan(-0.0).to_bits()], [(-0f64).to_bits(); 2]);
        assert!((sin(1.0) - 0.841_470_984_807_896_5).abs() < 1e-15);
    }

    /// The `f32` functions beside those of `f64`.
    #[test]
    fn single_precision() {
        let mut worst = 0.0f64;
        for i in 0..200_000u32 {
            let x = f32::from_bits(0x4480_0000 + i.wrapping_mul(2_654_435_761) % 0x3b00_0000);
            for (f, g) in [(sin_f32 as fn(f32) -> f32, sin as fn(f64) -> f64), (cos_f32, cos), (tan_f32, tan)] {
                let (found, expected) = (f(x), g(x.into()));
                let ulp = f64::from((expected as f32).abs().next_up()) - f64::from((expected as f32).abs());
                worst = worst.max((f64::from(found) - expected).abs() / ulp);
            }
        }
        assert!(worst < 0.51, "{worst}");
    }
}
