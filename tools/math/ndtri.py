#!/usr/bin/env python3
"""The constants of src/math/ndtri.rs: rational minimax functions for the inverse of the normal distribution.

`ndtri.py points N` prints N points of each type with correctly rounded results, as tests/data/accuracy.csv.gz has them."""
import math
import random
import struct
import sys

import mpmath as mp
from minimax import minimax

mp.mp.prec = 200


def show(name, c):
    print(f"const {name}: [f64; {len(c)}] = [")
    for v in c:
        print(f"    {float(v)!r},")
    print("];")


def upper(a, start):
    """z with Q(z) = a, by Newton's method on log Q (a as its logarithm)."""
    z = mp.mpf(start)
    for _ in range(100):
        q = mp.erfc(z / mp.sqrt(2)) / 2
        step = (mp.log(q) - a) * q / mp.npdf(z)
        z += step
        if abs(step) < abs(z) * mp.mpf(2) ** (20 - mp.mp.prec):
            break
    return z


EDGE = mp.mpf("0.375") ** 2


def central(v):
    """(z/q - sqrt(2 pi))/(q*q) as a function of v = EDGE - q*q, with q = p - 1/2"""
    r = max(EDGE - v, mp.mpf("1e-30"))
    q = mp.sqrt(r)
    return (mp.sqrt(2) * mp.erfinv(2 * q) / q - mp.sqrt(2 * mp.pi)) / r


def tail(s):
    s = mp.mpf(s)
    return upper(-s * s, mp.sqrt(2) * s - mp.log(4 * mp.pi * s * s) / (2 * mp.sqrt(2) * s))


def line(lo, hi, bits):
    """Slope and offset of the line that z(s) is next to, the offset short."""
    lo, hi = mp.mpf(lo), mp.mpf(hi)
    # The chord, and half of what z is above it.
    slope = (tail(hi) - tail(lo)) / (hi - lo)
    d = [tail(lo + (hi - lo) * k / 64) - slope * (lo + (hi - lo) * k / 64) for k in range(65)]
    offset = -(max(d) + min(d)) / 2
    return mp.mpf(float(mp.nint(slope * 2**10) / 2**10)), mp.nint(offset * 2**bits) / 2**bits


def half(x):
    return mp.mpf(float(x))


def exact(p):
    """z, to more digits than are asked for."""
    a = min(p, 1 - p)
    if a > mp.mpf("0.25"):
        return mp.sqrt(2) * mp.erfinv(2 * p - 1)
    s = mp.sqrt(-mp.log(a))
    z = upper(mp.log(a), mp.sqrt(2) * s - mp.log(4 * mp.pi * s * s) / (2 * mp.sqrt(2) * s))
    return z if p > a else -z


def point(p, code, bits, name):
    z = exact(mp.mpf(p))
    result = float(z) if code == "d" else struct.unpack("f", struct.pack("f", float(z)))[0]
    ulp = math.ldexp(1, max(math.frexp(result)[1], -1021 if code == "d" else -125) - bits)
    hexed = lambda x: hex(int.from_bytes(struct.pack("<" + code, x), "little"))
    excess = float((z - mp.mpf(result)) / ulp)
    print(f"ndtri,{name},{hexed(p)},,{hexed(result)},{excess:.4f}")


def points(n):
    draw = random.Random(1)
    least = {"d": -1074, "f": -149}
    for code, bits, name in (("d", 53, "f64"), ("f", 24, "f32")):
        for k in range(n):
            p = (
                draw.random(),
                2 ** draw.uniform(least[code], 0),
                1 - 2 ** draw.uniform(-bits, 0),
                0.075 + draw.uniform(-1, 1) * 2.0**-6,
                0.5 + draw.uniform(-1, 1) * 2.0 ** draw.uniform(-bits, -1),
                math.exp(-(draw.uniform(1.5, 9) ** 2)),
            )[k % 6]
            if code == "f":
                p = struct.unpack("f", struct.pack("f", p))[0]
            if 0 < p < 1 and p != 0.5:
                point(p, code, bits, name)


if sys.argv[1:2] == ["points"]:
    mp.mp.prec = 140
    points(int(sys.argv[2]))
    sys.exit()


c0 = mp.sqrt(2 * mp.pi)
print(f"sqrt(2 pi): {float(c0)!r}, {float(c0 - half(c0))!r}")
for suffix, n, m, nt, mt, nf, mf in (("", 7, 7, 8, 8, 8, 8), ("_F32", 4, 4, 5, 4, 3, 2)):
    p, q, e = minimax(central, mp.mpf("-1e-4"), EDGE, n, m=m, w=lambda v: EDGE + mp.mpf("0.01") - v)
    print(f"// central {mp.nstr(mp.log(e, 2), 5)}, rest up to {mp.nstr(central(mp.mpf('0')), 5)}")
    show("CENTRAL" + suffix, p)
    show("CENTRAL_BELOW" + suffix, q)
    lo, hi = mp.mpf("1.44"), mp.mpf("6.2")
    top = {"": "27.4", "_F32": "10.2"}[suffix]
    for name, lo, hi, n, m in (("NEAR", lo, hi, nt, mt), ("FAR", hi, mp.mpf(top), nf, mf)):
        slope, offset = line(lo, hi, 8)
        at = lambda s: tail(s) - slope * s + offset
        p, q, e = minimax(at, lo, hi, n, m=m, w=lambda s: 1)
        most = max(abs(at(lo + (hi - lo) * k / 64)) for k in range(65))
        print(f"// {name} error {mp.nstr(mp.log(e, 2), 5)}, at most {mp.nstr(most, 5)}; slope {float(slope)!r}, offset {float(offset)!r}")
        show(name + suffix, p)
        show(name + "_BELOW" + suffix, q)
