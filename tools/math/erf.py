#!/usr/bin/env python3
"""The constants of src/math/erf.rs: minimax polynomials for erf and erfc, `f64` and for results in `f32`."""
import itertools
import math

import mpmath as mp
from minimax import minimax

mp.mp.prec = 240


def show(name, c):
    print(f"const {name}: [f64; {len(c)}] = [")
    for v in c:
        print(f"    {float(v)!r},")
    print("];")


def rounded(c, count, at, weight):
    """Coefficients rounded to floats, the first few up or down, whichever makes the weighted error at these points least."""
    near = [float(v) for v in c]
    ways = [[v, math.nextafter(v, math.inf if x > v else -math.inf)] for v, x in zip(near[:count], c)]

    def error(first):
        off = [mp.mpf(v) - x for v, x in zip(list(first) + near[count:], c)]
        return max(abs(mp.polyval(off[::-1], t)) * weight(t) for t in at)

    return list(min(itertools.product(*ways), key=error)) + near[count:]


def erf_over_x(u):
    """erf(x)/x - 1 as a function of x*x"""
    return mp.erf(mp.sqrt(u)) / mp.sqrt(u) - 1 if u else 2 / mp.sqrt(mp.pi) - 1


def exp_rest(r):
    """exp(r) = 1 + r + r*r*rest"""
    return (mp.expm1(r) - r) / (r * r) if abs(r) > 1e-20 else mp.mpf(1) / 2


def scaled(r):
    """erfc(a)*exp(a*a)*(a + 2) as a function of r = 1/(a + 2)"""
    a = 1 / r - 2
    return mp.erfc(a) * mp.exp(a * a) / r


LN2_HALF = mp.log(2) / 2 * mp.mpf("1.0001")

for suffix, small_top, small, bottom, top, degree, exp_degree in (
    ("", "0.875", 11, "0.71875", "27.3", 22, 9),
    ("_F32", "1", 7, "1", "10.1", 9, 5),
):
    p, _, e = minimax(erf_over_x, 0, mp.mpf(small_top) ** 2, small, w=lambda u: 1)
    print(f"// {mp.nstr(mp.log(e, 2), 5)}")
    show("SMALL" + suffix, p)
    p, _, e = minimax(exp_rest, -LN2_HALF, LN2_HALF, exp_degree, w=lambda r: r * r + mp.mpf("0.001"))
    print(f"// {mp.nstr(mp.log(e, 2), 5)}")
    show("EXP" + suffix, p)
    # t = SLOPE*r + SHIFT goes from about -1 to 1.
    lo, hi = 1 / (mp.mpf(top) + 2), 1 / (mp.mpf(bottom) + 2)
    slope = mp.mpf(float(mp.floor(128 * 2 / (hi - lo)) / 128))
    shift = mp.mpf(float(mp.nint(-slope * (hi + lo) / 2 * 1024) / 1024))
    print(f"// slope {float(slope)!r}, shift {float(shift)!r}: t from {mp.nstr(slope*lo+shift, 8)} to {mp.nstr(slope*hi+shift, 8)}")
    linear = (lambda r: mp.mpf("0.5625") + 2 * r) if suffix == "" else (lambda r: 0)
    p, _, e = minimax(
        lambda t: scaled((t - shift) / slope) - linear((t - shift) / slope),
        slope * lo + shift, slope * hi + shift, degree, w=lambda t: 1 / scaled((t - shift) / slope),
    )
    print(f"// {mp.nstr(mp.log(e, 2), 5)}")
    weight = lambda t: 1 / scaled((t - shift) / slope)
    show("SCALED" + suffix, rounded(p, 6, [mp.mpf(k) / 25 for k in range(-25, 26)], weight))
