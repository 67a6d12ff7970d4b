#!/usr/bin/env python3
"""The constants of src/math/gamma.rs: what Stirling's formula leaves, sin(pi r)/(pi r), lgamma about 1 and 2, and a logarithm
for results in `f32`."""
import mpmath as mp
from minimax import minimax

mp.mp.prec = 300


def show(name, c):
    print(f"const {name}: [f64; {len(c)}] = [")
    for v in c:
        print(f"    {float(v)!r},")
    print("];")


def pair(name, v):
    show(name, [mp.mpf(float(v)), v - mp.mpf(float(v))])


def log2(e):
    return mp.nstr(mp.log(e, 2), 5)


def rest(v):
    """(lgamma(z) - (z - 1/2)(log(z) - 1) - (log(2 pi) - 1)/2)*z as a function of 1/z^2"""
    if v < mp.mpf("1e-4"):
        return mp.fsum(mp.bernoulli(2 * k) / (2 * k * (2 * k - 1)) * v ** (k - 1) for k in range(1, 16))
    z = 1 / mp.sqrt(v)
    return (mp.loggamma(z) - (z - 0.5) * (mp.log(z) - 1) - (mp.log(2 * mp.pi) - 1) / 2) * z


def sine(u):
    """sin(pi r) = pi r (1 + u (-pi^2/6 + u*sine)), u = r*r"""
    if u < mp.mpf("1e-6"):
        return mp.fsum((-1) ** k * mp.pi ** (2 * k) / mp.factorial(2 * k + 1) * u ** (k - 2) for k in range(2, 14))
    r = mp.sqrt(u)
    return ((mp.sin(mp.pi * r) / (mp.pi * r) - 1) / u + mp.pi**2 / 6) / u


def middle(t):
    """lgamma(x)/((x - 1)(x - 2)) - 1/2, x = t + 3/2"""
    x = t + mp.mpf(3) / 2
    if x == 1:
        return mp.euler - mp.mpf(1) / 2
    if x == 2:
        return mp.mpf(1) / 2 - mp.euler
    return mp.loggamma(x) / ((x - 1) * (x - 2)) - mp.mpf(1) / 2


def atanh(u):
    """log((1 + s)/(1 - s)) = s (2 + u*atanh), u = s*s"""
    if u < mp.mpf("1e-6"):
        return mp.fsum(2 * u ** (k - 1) / (2 * k + 1) for k in range(1, 16))
    s = mp.sqrt(u)
    return (mp.log((1 + s) / (1 - s)) / s - 2) / u


pair("LOG_2_PI", (mp.log(2 * mp.pi) - 1) / 2)
pair("SINE_1", -mp.pi**2 / 6)
pair("LN_2_200", 200 * mp.log(2))
with mp.workprec(1000):
    line = [middle(mp.mpf(0)), mp.diff(middle, 0)]
show("MIDDLE_LINE", line)


def middle_rest(s):
    """What the line leaves of middle, over t*t, s = t + 3/4"""
    t = s - mp.mpf(3) / 4
    t = t if abs(t) > mp.mpf(2) ** -80 else mp.mpf(2) ** -80
    return (middle(t) - line[0] - line[1] * t) / (t * t)


p, q, e = minimax(middle_rest, 0, 1.5, 6, w=lambda s: (s - 0.75) ** 2 + 0.1, m=7)
print("//", log2(e))
show("MIDDLE", p)
show("MIDDLE_BELOW", q)
p, q, e = minimax(middle, -0.75, 0.75, 4, w=lambda t: 1, m=4)
print("//", log2(e))
show("MIDDLE_F32", p)
show("MIDDLE_BELOW_F32", q)
for suffix, stirling_degree, sine_degree in (("", 7, 6), ("_F32", 3, 3)):
    p, _, e = minimax(rest, 0, mp.mpf(1) / 36, stirling_degree, w=lambda v: 1)
    print("//", log2(e))
    show("STIRLING" + suffix, p)
    if not suffix:
        show("STIRLING_0_LO", [p[0] - mp.mpf(float(p[0]))])
    p, _, e = minimax(sine, 0, mp.mpf(1) / 4, sine_degree, w=lambda u: u * u + mp.mpf("0.001"))
    print("//", log2(e))
    show("SINE" + suffix, p)
    if not suffix:
        show("SINE_0_LO", [p[0] - mp.mpf(float(p[0]))])
for name, degree in (("LOG", 6), ("LOG_F32", 4)):
    p, _, e = minimax(atanh, 0, ((mp.sqrt(2) - 1) / (mp.sqrt(2) + 1)) ** 2, degree, w=lambda u: u + mp.mpf("0.001"))
    print("//", log2(e))
    show(name, p)
