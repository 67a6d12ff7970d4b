//! Scans.

use super::*;

/// What NumPy 2.4 gives (of `cummin` and `cummax`: `np.minimum.accumulate`, `np.maximum.accumulate`, which have no scalars, and of
/// zeros give either).
#[test]
fn scans() {
    let m = Array2::from_shape_fn((2, 3), |(i, j)| (3 * i + j) as i32);
    let x = array![1.5, -0.5, f64::NAN, 2.0];
    let f = array![1e8f32, 1.0, -1e8, 1.0];
    let k = array![100i8, 100, -100];
    let u = array![200u8, 100, 50];
    let yes = array![true, false, true];
    let zeros = array![-0.0, -0.0, 0.0, -0.0];
    let one = ArrayD::from_elem(IxDyn(&[]), 5);
    check(
        &args![m, x, f, k, u, yes, zeros, one],
        &[
            ("cumsum(m)", "i64 [0, 1, 3, 6, 10, 15]"),
            ("cumsum(m, axis=0)", "i64 [[0, 1, 2],\n [3, 5, 7]]"),
            ("cumsum(m, 1)", "i64 [[0, 1, 3],\n [3, 7, 12]]"),
            ("np.cumsum(m, axis=-1)", "i64 [[0, 1, 3],\n [3, 7, 12]]"),
            ("m.cumsum(axis=0)", "i64 [[0, 1, 2],\n [3, 5, 7]]"),
            ("cumsum(m, axis=None)", "i64 [0, 1, 3, 6, 10, 15]"),
            ("cumprod(m + 1, axis=1)", "i64 [[1, 2, 6],\n [4, 20, 120]]"),
            ("cumsum(m, axis=0, dtype=f32)", "f32 [[0.0, 1.0, 2.0],\n [3.0, 5.0, 7.0]]"),
            ("cumsum(x), cumprod(x)", "f64 [1.5, 1.0, NaN, NaN]; f64 [1.5, -0.75, NaN, NaN]"),
            ("cummin(x), cummax(x)", "f64 [1.5, -0.5, NaN, NaN]; f64 [1.5, 1.5, NaN, NaN]"),
            (
                "cumsum(f), cumsum(f, dtype=f64)",
                "f32 [100000000.0, 100000000.0, 0.0, 1.0]; f64 [100000000.0, 100000001.0, 1.0, 2.0]",
            ),
            ("cumsum(k), cumsum(k, dtype=i8)", "i64 [100, 200, 100]; i8 [100, -56, 100]"),
            ("cumprod(k, dtype=int)", "i64 [100, 10000, -1000000]"),
            ("cumsum(u), cumprod(u)", "u64 [200, 300, 350]; u64 [200, 20000, 1000000]"),
            ("cummin(u), cummax(k)", "u8 [200, 100, 50]; i8 [100, 100, 100]"),
            ("cumsum(yes), cumprod(yes)", "i64 [1, 1, 2]; i64 [1, 0, 0]"),
            ("cumsum(yes, dtype=bool), cumprod(yes, dtype=bool)", "bool [true, true, true]; bool [true, false, false]"),
            ("cummin(yes), cummax(~yes)", "bool [true, false, false]; bool [false, true, true]"),
            ("cumsum(zeros), cumprod(zeros)", "f64 [-0.0, -0.0, 0.0, 0.0]; f64 [-0.0, 0.0, 0.0, -0.0]"),
            ("cummax(zeros), cummin(-zeros)", "f64 [-0.0, -0.0, 0.0, 0.0]; f64 [0.0, 0.0, -0.0, -0.0]"),
            ("cumsum(one), cumsum(one, axis=0), cumsum(2)", "i64 [5]; i64 [5]; i64 [2]"),
            ("sum(cumsum(m, axis=0)), cumsum(sum(m, axis=0))", "i64 18; i64 [3, 8, 15]"),
            ("m - cumsum(mean(m, axis=0))", "f64 [[-1.5, -3.0, -5.5],\n [1.5, 0.0, -2.5]]"),
            ("cumsum(m + 1j).imag", "f64 [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]"),
        ],
    );
}
