//! Loops at points.

use super::*;

/// What loops in Python, and NumPy's shapes, give.
#[test]
fn loops() {
    let x = array![1.0, 2.0, 100.0, f64::NAN, f64::INFINITY];
    let k = array![0i64, 1, 2, 27, -5];
    let i = array![3i32, 250];
    let f = array![0.5f32, 3.0];
    let m = Array2::from_shape_fn((2, 3), |(i, j)| (3 * i + j) as i64);
    let none = Array1::<f64>::zeros(0);
    check(
        &args![x, k, i, f, m, none, n = 4, big = 1e300],
        &[
            // Halvings until it is below 1; a NaN never begins, an infinity never ends.
            ("iterate(lambda v, n: (v/2, n + 1), (x, 0), lambda v, n: v >= 1, 50)[1]", "i64 [1, 2, 7, 0, 50]"),
            ("iterate(lambda v: v/2, x, lambda v: v >= 1, 50)", "f64 [0.5, 0.5, 0.78125, NaN, inf]"),
            (
                "iterate(lambda v, n: (v/2, n + 1), (x, 0), lambda v, n: v >= 1, 50)",
                "f64 [0.5, 0.5, 0.78125, NaN, inf]; i64 [1, 2, 7, 0, 50]",
            ),
            // Collatz.
            (
                "iterate(lambda c, n: (where(c % 2 == 0, c//2, 3*c + 1), n + 1), (k, 0), lambda c, n: c > 1, 1000)[1]",
                "i64 [0, 0, 1, 111, 0]",
            ),
            // Newton's square root, and as many steps as an argument says.
            (
                "repeat(lambda r: (r + x/r)/2, 1.0 + 0*x, n)",
                "f64 [1.0, 1.4142135623746899, 10.840434673026925, NaN, NaN]",
            ),
            ("repeat(lambda r: r + x, 0.0, n)", "f64 [4.0, 8.0, 400.0, NaN, inf]"),
            ("repeat(lambda r: r + x, 0.0, 0)", "f64 [0.0, 0.0, 0.0, 0.0, 0.0]"),
            ("repeat(lambda r: r + x, 0.0, n - 9)", "f64 [0.0, 0.0, 0.0, 0.0, 0.0]"),
            // The types are those of the start, which wrap as ever.
            ("repeat(lambda r: r*2, i, 7), repeat(lambda r: r*2, f, 7)", "i32 [384, 32000]; f32 [64.0, 384.0]"),
            ("repeat(lambda r, w: (r*2, w), (u8(i), f), 7)", "u8 [128, 0]; f32 [0.5, 3.0]"),
            ("repeat(lambda r, w: (r*2, w + r), (1.0, f), 10)", "f32 [1024.0, 1024.0]; f32 [1023.5, 1026.0]"),
            ("repeat(lambda r, w: (r*2, w + r), (1, f64(f)), 10)", "i64 [1024, 1024]; f64 [1023.5, 1026.0]"),
            // Everything has the shape of all that is read, written out or not.
            ("a, b = repeat(lambda a, b: (a + 1, b), (0, m), 3); a", "i64 [[3, 3, 3],\n [3, 3, 3]]"),
            ("a, b = repeat(lambda a, b: (a + 1, b), (0, m), 30); a", "i64 [[30, 30, 30],\n [30, 30, 30]]"),
            ("iterate(lambda a: a + 1, 0, lambda a: a < m, 9)", "i64 [[0, 1, 2],\n [3, 4, 5]]"),
            ("iterate(lambda a: a + 1, 0, lambda a: a < sum(m, axis=0), 9)", "i64 [3, 5, 7]"),
            ("sum(iterate(lambda a: a + 1, 0, lambda a: a < m, 9), axis=1)", "i64 [3, 12]"),
            ("iterate(lambda a: a + 1, none, lambda a: a < 3, 9)", "f64 []"),
            ("iterate(lambda a: a + 1, 0, lambda a: a < n, 9)", "i64 4"),
            ("iterate(lambda a: a*10, 1.0, lambda a: a < big, 1000)", "f64 1.0000000000000002e300"),
            // What has stopped raises no fault.
            ("iterate(lambda a: a + 2**(3 - a), m, lambda a: a < 3, 9)", "i64 [[8, 5, 4],\n [3, 4, 5]]"),
            // Tuples of results, by names, by numbers.
            ("p, q = repeat(lambda p, q: (q, p + q), (m, 1), 5); p*q", "i64 [[40, 104, 198],\n [322, 476, 660]]"),
        ],
    );
}
