//! `log(e^x + e^y)` where it is nearly 0: the helper for the lanes in which most digits cancel.
//!
//! Integers of 256 bits throughout, 192 of them after the point, and the sizes of numbers apart from their digits: it runs
//! for one lane in many thousands. With `x` the greater:
//! 1. `1 - e^x` and, after a reduction by multiples of log 2, `e^y`, each by its Taylor series, to 2^-180 of itself.
//! 2. The difference `t` is exact. Floats are as near to each other's complement as 2^-110 of them at the very least, for
//!    there are some 2^55 of the lesser that count: so 70 bits of `t` are left and more.
//! 3. `log(1 + t)` by its series about 0, in `f64`, for `t` is at most 0.045. Error: 0.6 ulp, 0.8 if it is subnormal.

/// A number from 0 to 2^64: 192 bits after the point, the last of them first.
#[derive(Clone, Copy)]
struct Fixed([u64; 4]);

const ONE: Fixed = Fixed([0, 0, 0, 1]);

/// log 2, rounded down.
const LN_2: Fixed = Fixed([0x40f3_4326_7298_b62d, 0xc9e3_b398_03f2_f6af, 0xb172_17f7_d1cf_79ab, 0]);

impl Fixed {
    /// Times a power of 2.
    fn scaled(self, by: i32) -> Fixed {
        let (limbs, bits) = (by.div_euclid(64), by.rem_euclid(64));
        let limb = |at: i32| usize::try_from(at).ok().and_then(|at| self.0.get(at)).map_or(0, |&limb| u128::from(limb));
        Fixed([0, 1, 2, 3].map(|i| (((limb(i - limbs) << 64 | limb(i - limbs - 1)) << bits) >> 64) as u64))
    }

    fn times(self, by: Fixed) -> Fixed {
        let mut all = [0u64; 8];
        for (i, a) in self.0.into_iter().enumerate() {
            let mut carry = 0;
            for (j, b) in by.0.into_iter().enumerate() {
                let sum = u128::from(a) * u128::from(b) + u128::from(all[i + j]) + carry;
                all[i + j] = sum as u64;
                carry = sum >> 64;
            }
            all[i + 4] = carry as u64;
        }
        Fixed([all[3], all[4], all[5], all[6]])
    }

    fn over(self, by: u64) -> Fixed {
        let mut rest = 0;
        let mut all = self.0;
        for limb in all.iter_mut().rev() {
            let part = rest << 64 | u128::from(*limb);
            *limb = (part / u128::from(by)) as u64;
            rest = part % u128::from(by);
        }
        Fixed(all)
    }

    /// Less another that is not greater.
    fn less(self, other: Fixed) -> Fixed {
        let mut borrow = false;
        let mut all = self.0;
        for (limb, other) in all.iter_mut().zip(other.0) {
            let (difference, under) = limb.overflowing_sub(other);
            let (difference, again) = difference.overflowing_sub(u64::from(borrow));
            (*limb, borrow) = (difference, under | again);
        }
        Fixed(all)
    }

    fn is_less(self, other: Fixed) -> bool {
        self.0.iter().rev().lt(other.0.iter().rev())
    }

    fn leading_zeros(self) -> u32 {
        let zeros = self.0.iter().rev().take_while(|&&limb| limb == 0).count() as u32;
        64 * zeros + self.0.iter().rev().find(|&&limb| limb != 0).map_or(0, |limb| limb.leading_zeros())
    }
}

/// `(1 - e^-a)/a`, for `a` from 0 to 1: `1 - a/2 (1 - a/3 (1 - ...))`.
fn series(a: Fixed) -> Fixed {
    (2..=45).rev().fold(ONE, |s, n| ONE.less(a.times(s).over(n)))
}

/// `|x|` as a number from 1/2 to 1 and an exponent of 2, for `x` finite and not 0.
fn parts(x: f64) -> (Fixed, i32) {
    let (digits, exponent) = libm::frexp(x.abs());
    (Fixed([0, 0, libm::ldexp(digits, 64) as u64, 0]), exponent)
}

/// `log(e^x + e^y)`, where it is small against the greater of the two, which is negative.
pub(super) fn logaddexp(x: f64, y: f64) -> f64 {
    let (x, y) = if x < y { (y, x) } else { (x, y) };
    // No lane with other arguments asks.
    if !((-1.0..0.0).contains(&x) && (-746.0..-0.5).contains(&y)) {
        return x + libm::log1p(libm::exp(y - x));
    }
    // 1 - e^x is `of_x` times 2 to this.
    let (digits, exponent) = parts(x);
    let of_x = digits.times(series(digits.scaled(exponent)));
    // e^y = e^-b / 2^k, b from 0.1 to 0.9.
    let k = libm::ceil(-y / std::f64::consts::LN_2 - 1.25).max(0.0);
    let (digits, of_digits) = parts(y);
    let b = digits.scaled(of_digits).less(LN_2.times(Fixed([0, 0, 0, k as u64])));
    let of_y = ONE.less(b.times(series(b)));
    let k = -(k as i32);

    let larger = exponent.max(k);
    let (of_x, of_y) = (of_x.scaled(exponent - larger), of_y.scaled(k - larger));
    let (t, sign) = if of_y.is_less(of_x) { (of_x.less(of_y), -1.0) } else { (of_y.less(of_x), 1.0) };
    let zeros = t.leading_zeros() as i32;
    let [.., low, high] = t.scaled(zeros).0;
    // |t| is the sum of these times 2 to that.
    let scale = larger - zeros;
    let hi = high as f64;
    let lo = (i128::from(high) - hi as i128) as f64 + low as f64 / 2f64.powi(64);
    let t = sign * libm::ldexp(hi, scale);
    // log(1 + t) = t - t^2 s, s = 1/2 - t (1/3 - t (1/4 - ...))
    let s = (2..=15).rev().fold(0.0, |s, n| 1.0 / f64::from(n) - t * s);
    sign * libm::ldexp(hi + (lo - hi * t * s), scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_many_digits() {
        // From 500-bit arithmetic.
        for (x, y, expected) in VALUES {
            for found in [logaddexp(x, y), logaddexp(y, x)] {
                let apart = found.to_bits().abs_diff(expected.to_bits());
                assert!(found == expected || apart <= 1, "{x} {y}: {found} {expected}");
            }
        }
    }

    /// The executors may be given any.
    #[test]
    fn other_arguments_do_no_harm() {
        let numbers = [0.0, -0.0, 1.0, -0.6, -1.0, -5e-324, -745.9, -746.1, 1e300, -1e300, f64::INFINITY, f64::NAN];
        for (x, y) in numbers.iter().flat_map(|&x| numbers.map(|y| (x, y))) {
            logaddexp(x, y);
            logaddexp(-x, -y);
        }
    }

    const VALUES: [(f64, f64, f64); 45] = [
        (-0.16419559269340503, -1.8876716306687906, 2.892758728213912e-17),
        (-1.0261491818145921e-13, -29.907793071365077, 1.3153812678774905e-28),
        (-0.41670482663137415, -1.0767755672701345, -9.223431884466349e-05),
        (-0.04521491287547104, -3.1188505907270683, 7.723614083735512e-18),
        (-2.8966978366925376e-28, -63.40881119262863, 1.0846426250315293e-43),
        (-0.3237703129571249, -1.2853726313609148, -3.610382990721814e-05),
        (-0.13230343175675666, -2.0880797496441805, 1.8718933214930667e-16),
        (-2.4757403106320328e-18, -40.53999220719138, -1.521764768975634e-33),
        (-0.3792455052486338, -1.1529713828645902, 7.488768552315997e-05),
        (-0.5941052548134723, -0.8030877122004771, 6.355929329683183e-17),
        (-7.223741996484626e-21, -46.376913852170404, -1.6450120794192883e-35),
        (-0.5989512619288747, -0.7971844630779789, -1.6653427228520086e-05),
        (-0.5114637807790282, -0.9153342592886924, 1.5379788518912348e-17),
        (-4.9682292391325385e-08, -16.817617282084274, 5.402434567883868e-23),
        (-0.6606729797859393, -0.7260469323739609, 0.00032134858665854965),
        (-0.5382527774676539, -0.8765108800500673, 1.0415997968525869e-16),
        (-1.7209751763499723e-16, -36.298470394747994, -3.584340295265566e-32),
        (-0.4959885076054041, -0.9396789022630252, -0.0002781139172978752),
        (-0.49274934369172974, -0.9440329814167736, 1.2195072501463816e-16),
        (-2.1676446688581233e-14, -31.462550129900187, 3.5846622090891937e-29),
        (-0.5526270519798074, -0.8565979217461026, 4.028604962183891e-05),
        (-0.6455548379761195, -0.7431182340114917, 1.186938424300832e-16),
        (-2.337403216119626e-06, -12.966471150210763, 1.515135365722432e-21),
        (-0.09381851353846153, -2.411569822664401, 0.0001223848381935166),
        // 2^-71 of the arguments
        (-0.5826373605116222, -0.8174043593820184, 2.3814698296389813e-22),
        // 2^-67 of the arguments
        (-0.3373322818349649, -1.2506160859955127, -1.8604141955813283e-21),
        // 2^-66 of the arguments
        (-0.21253277419498853, -1.6530440752096573, 3.1976327253019967e-21),
        // 2^-68 of the arguments
        (-0.036994162647961897, -3.3154352033603423, -1.6014171799457888e-22),
        // 2^-64 of the arguments
        (-0.0002929364538291859, -8.135701318249803, -1.9145816402634068e-23),
        // 2^-61 of the arguments
        (-8.600132737740523e-06, -11.66373722026622, -4.7265586921753405e-24),
        // 2^-61 of the arguments
        (-8.947256269308964e-12, -25.439674192734405, 5.1453634148088935e-30),
        // 2^-60 of the arguments
        (-1.2736776483354463e-32, -73.44081447395986, -1.0021610616362941e-50),
        // 2^-60 of the arguments
        (-5.9869551214312314e-71, -161.69395864666492, -3.873779831455168e-89),
        // 2^-58 of the arguments
        (-3.6182546721514776e-142, -325.68109143034593, -1.43783760693611e-159),
        // 2^-56 of the arguments
        (-1.041102561834039e-261, -600.9344289642511, 1.3648947534223827e-278),
        // 2^-57 of the arguments
        (-1.590968765e-315, -724.8499611761985, 0.0),
        (-1e-280, -645.0, -2.413190621201094e-281),
        (-1e-300, -600.5, 1.6075467697937942e-261),
        (-1e-290, -667.0, 1.1163162688838254e-290),
        (-5e-324, -744.0, 5e-324),
        (-1e-310, -713.9, -9.39141061381e-312),
        (-3e-261, -599.5, 1.3697651727285067e-261),
        (-0.0435, -3.17, -0.0005640070276532215),
        (-0.7, -0.7, -0.006852819440054646),
        (-0.65, -0.74, -0.0008406609743899339),
    ];
}
