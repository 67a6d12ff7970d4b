#!/usr/bin/env python3
"""Writes values of the complex elementary functions: tests/data/complex.csv.gz (needs mpmath and numpy).

usage: complex.py OUT.csv.gz

A line: function, real and imaginary part of the argument, of the result; the hexadecimal of the bits of doubles. Ordinary points are
from 200-bit arithmetic (mpmath); points on the cuts, with zeros of both signs, are from numpy, which follows C99 there.
"""
import gzip, random, struct, sys
import mpmath as mp
import numpy as np
np.seterr(all="ignore")
mp.mp.prec = 2400
R = random.Random(5)
F = {"sqrt": mp.sqrt, "exp": mp.exp, "expm1": lambda z: mp.exp(z) - 1, "log": mp.log, "log2": lambda z: mp.log(z) / mp.log(2),
     "log10": lambda z: mp.log(z) / mp.log(10), "log1p": lambda z: mp.log(1 + z), "sin": mp.sin, "cos": mp.cos, "tan": mp.tan,
     "sinh": mp.sinh, "cosh": mp.cosh, "tanh": mp.tanh, "arcsin": mp.asin, "arccos": mp.acos, "arctan": mp.atan, "arcsinh": mp.asinh,
     "arccosh": mp.acosh, "arctanh": mp.atanh}
GROWING = {"exp", "expm1", "sin", "cos", "sinh", "cosh", "tan", "tanh"}

def bits(x): return hex(struct.unpack("<Q", struct.pack("<d", x))[0])

def point(k, name):
    s = lambda: R.choice([-1, 1])
    if k % 6 == 0: return R.uniform(-2, 2), R.uniform(-2, 2)
    if k % 6 == 1: return R.uniform(-40, 40), R.uniform(-40, 40)
    if k % 6 == 2:
        a = R.uniform(0, 6.3); r = 1 + s() * 2.0 ** -R.randint(1, 40)     # about the unit circle
        return r * float(mp.cos(a)), r * float(mp.sin(a))
    if k % 6 == 3: return s() + s() * 2.0 ** -R.randint(1, 50), s() * 2.0 ** -R.randint(1, 60)   # about 1 and -1
    if k % 6 == 4: return s() * 2.0 ** R.uniform(-60, 5), s() * 2.0 ** R.uniform(-60, 5)
    if name in GROWING: return R.uniform(-720, 720), R.uniform(-720, 720)
    return s() * 2.0 ** R.uniform(-500, 1020), s() * 2.0 ** R.uniform(-500, 1020)

with gzip.GzipFile(sys.argv[1], "wb", mtime=0) as fh:
    def line(name, x, y, w): fh.write(f"{name},{bits(x)},{bits(y)},{bits(w.real)},{bits(w.imag)}\n".encode())
    for name, f in F.items():
        for k in range(150):
            x, y = point(k, name)
            w = complex(f(mp.mpc(x, y)))
            if any(v != v or abs(v) > 1.7e308 for v in (w.real, w.imag)): continue
            line(name, x, y, w)
        for x in (-2.5, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 2.5):
            for y in (0.0, -0.0):
                for a, b in ((x, y), (y, x)):
                    line(name, a, b, complex(getattr(np, name)(np.array([complex(a, b)]))[0]))
