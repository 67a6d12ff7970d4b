//! Random numbers: those of the published generator, whatever the types of seed, index and stream.

use super::*;

/// Computed by another program, with whole numbers of any length; the normal ones to many digits, then rounded (one of them is the float beside).
#[test]
fn random_numbers() {
    let i = array![0i64, 1, 2, 3];
    let (short, unsigned) = (array![0u8, 1, 2], array![0u64, 1]);
    let (large, seeds) = (array![(1i64 << 40) + 3], array![0i16, 1, 2]);
    let (negative, top) = (array![-2i32], array![(1u64 << 63) + 7]);
    check(
        &args![i, short, unsigned, large, seeds, negative, top, k = 1],
        &[
            ("random(0, 0), normal(0, 0)", "f64 0.6004990931643306; f64 0.2546391560433305"),
            ("random(1, i)", "f64 [0.5895256711412089, 0.17780922005365485, 0.5007298726146377, 0.8721208581529984]"),
            ("random(1, short)", "f64 [0.5895256711412089, 0.17780922005365485, 0.5007298726146377]"),
            ("random(k, unsigned)", "f64 [0.5895256711412089, 0.17780922005365485]"),
            (
                "random(1, index(i, 0))",
                "f64 [0.5895256711412089, 0.17780922005365485, 0.5007298726146377, 0.8721208581529984]",
            ),
            ("random(1, large), normal(1, large)", "f64 [0.049905316450062576]; f64 [-1.645772369722674]"),
            ("random(seeds, 7)", "f64 [0.4641017308808544, 0.874013435483897, 0.05398370645604211]"),
            ("random(1, 2, seeds)", "f64 [0.6472315288539109, 0.8503195391556229, 0.652434085475181]"),
            ("random(1, 0, stream=1), random(1, 1, 7)", "f64 0.389434347820215; f64 0.8904872549626347"),
            ("random(-1, 5), random(2**64 - 1, 5)", "f64 0.8241223630454716; f64 0.8241223630454716"),
            ("random(top, negative), normal(top, -2)", "f64 [0.13599548938998796]; f64 [-1.098489090657143]"),
            ("random(True, False)", "f64 0.5895256711412089"),
            ("normal(1, 0, 0), normal(1, 1, stream=7)", "f64 -0.34503233189899823; f64 1.2291235411188248"),
            ("randint(1, index(ones_like(i)), 0, 6)", "i64 [3, 1, 3, 5]"),
            ("randint(1, i, 0, 10, 0*i), randint(1, 1, 0, 10, stream=7)", "i64 [3, 2, 6, 4]; i64 8"),
            (
                "randint(0, 0, -5, 2**62), randint(1, short, -5, 2**62)",
                "i64 2769313272024268884; i64 [2718707295105935868, 820000294068918808, 2309208952545851986]",
            ),
            ("randint(3, 4, -2**63, 2**63 - 1)", "i64 6789168441586935105"),
            ("randint(3, 4, 0, 2**64 - 1), randint(3, 4, u64(5), 6)", "u64 16012540478441710913; u64 5"),
        ],
    );
}

/// Computed to many digits, then rounded.
#[test]
fn the_inverse_of_the_normal_distribution() {
    let p = array![0.5, 0.975, 1e-10, 1.0];
    let narrow = array![0.25f32, 0.999];
    check(
        &args![p, narrow],
        &[
            ("ndtri(p)", "f64 [0.0, 1.9599639845400538, -6.361340902404057, inf]"),
            ("ndtri(narrow)", "f32 [-0.67448974, 3.0902362]"),
            ("ndtri(0), ndtri(2), ndtri(1e-320)", "f64 -inf; f64 NaN; f64 -38.26912534303265"),
        ],
    );
}
