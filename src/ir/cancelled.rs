//! `log(e^x + e^y)` where it is nearly 0: the helper for the lanes in which most digits cancel.
//!
//! Pairs of `f64` throughout, some 100 bits, by plain series: it runs for one lane in many thousands. That is 1 ulp unless the
//! result is below 2^-46 of the arguments (where they are as near to each other's complement as floats can be: then 4).
//! With `x` the greater:
//! 1. `t = (e^x - 1) + e^y`, each by its Taylor series after a reduction by multiples of log 2;
//! 2. `log(1 + t)` by its series, for `t` is small.

/// A pair whose sum is the value.
#[derive(Clone, Copy)]
struct Pair(f64, f64);

fn sum(a: f64, b: f64) -> Pair {
    let s = a + b;
    let of_b = s - a;
    Pair(s, (a - (s - of_b)) + (b - of_b))
}

fn product(a: f64, b: f64) -> Pair {
    let p = a * b;
    Pair(p, libm::fma(a, b, -p))
}

impl Pair {
    fn plus(self, b: Pair) -> Pair {
        let s = sum(self.0, b.0);
        let t = sum(self.1, b.1);
        let s = sum(s.0, s.1 + t.0);
        sum(s.0, s.1 + t.1)
    }

    fn times(self, b: Pair) -> Pair {
        let p = product(self.0, b.0);
        sum(p.0, p.1 + (self.0 * b.1 + self.1 * b.0))
    }

    fn over(self, n: f64) -> Pair {
        let q = self.0 / n;
        let rest = libm::fma(-q, n, self.0) + self.1;
        sum(q, rest / n)
    }
}

/// log 2 as a pair.
const LN_2: Pair = Pair(std::f64::consts::LN_2, 2.3190468138462996e-17);

/// `e^x - 1` and `k`, so that `e^x = 2^k (1 + that)`, for `x` from -745 to 1.
fn reduced(x: f64) -> (Pair, i32) {
    let k = libm::rint(x / LN_2.0);
    let r = Pair(x, 0.0).plus(Pair(-k, 0.0).times(LN_2));
    // r (1 + r/2 (1 + r/3 (...)))
    let mut series = Pair(1.0, 0.0);
    for n in (2..=26).rev() {
        series = Pair(1.0, 0.0).plus(series.times(r).over(f64::from(n)));
    }
    (series.times(r), k as i32)
}

fn scaled(x: Pair, k: i32) -> Pair {
    Pair(libm::ldexp(x.0, k), libm::ldexp(x.1, k))
}

/// `log(e^x + e^y)`, where it is small against the greater of the two, which is negative.
pub(super) fn logaddexp(x: f64, y: f64) -> f64 {
    let (x, y) = if x < y { (y, x) } else { (x, y) };
    let (m, k) = reduced(x);
    let less_one = scaled(m, k).plus(sum(libm::ldexp(1.0, k), -1.0));
    let (m, k) = reduced(y);
    let t = less_one.plus(scaled(Pair(1.0, 0.0).plus(m), k));
    // t (1 - t/2 + t^2/3 - ...)
    let mut series = Pair(0.0, 0.0);
    for n in (1..=40).rev() {
        let sign = if n % 2 == 1 { 1.0 } else { -1.0 };
        series = series.times(t).plus(Pair(sign, 0.0).over(f64::from(n)));
    }
    let value = series.times(t);
    value.0 + value.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_many_digits() {
        // From 200-bit arithmetic.
        for (x, y, expected) in VALUES {
            let found = logaddexp(x, y);
            assert!((found - expected).abs() <= expected.abs() * 1e-15, "{x} {y}: {found} {expected}");
        }
    }

    const VALUES: [(f64, f64, f64); 24] = [
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
    ];
}
