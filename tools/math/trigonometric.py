#!/usr/bin/env python3
"""The constants of src/math/trigonometric.rs: parts of pi and pi/2, polynomials and fractions.

    python3 tools/math/trigonometric.py

The polynomials are the best ones in relative error (Remez's exchange), in z = r*r. Coefficients are rounded one after
another from the constant term on, and those that are left are fitted anew to the rounded ones. Each line is a constant as
the source has it; each comment tells the greatest relative error on the interval, in powers of two.
"""

import struct

from mpmath import cos, findroot, floor, linspace, log, lu_solve, matrix, mp, mpf, pi, sin, sqrt, tan

mp.dps = 60


def single(v):
    """The nearest f32."""
    return mpf(struct.unpack("f", struct.pack("f", float(v)))[0])


def double(v):
    """The nearest f64."""
    return mpf(float(v))


def floored(digits):
    """The greatest float of so many binary digits that is not above a positive number."""

    def nearest(v):
        scale = mpf(2) ** (digits - 1 - floor(log(v, 2)))
        return floor(v * scale) / scale

    return nearest


def show(name, values, round_to):
    values = [round_to(v) for v in values]
    text = [repr(float(v)) for v in values]
    print(f"{name}: {text[0]}" if len(text) == 1 else f"{name}: [" + ", ".join(text) + "]")


def chebyshev(count, end):
    """Points of (0, end], dense at both ends."""
    return [end * (1 - cos(pi * (i + mpf(1) / 2) / count)) / 2 for i in range(count)]


def extremes(error, count, end):
    """`count` places of (0, end] where the error is greatest, of alternating sign."""
    grid = [end * (1 - cos(pi * i / 600)) / 2 for i in range(1, 601)]
    values = [error(z) for z in grid]
    runs = []
    for z, v in zip(grid, values):
        if runs and (runs[-1][1] > 0) == (v > 0):
            if abs(v) > abs(runs[-1][1]):
                runs[-1] = (z, v)
        else:
            runs.append((z, v))
    while len(runs) > count:
        runs.pop(0 if abs(runs[0][1]) < abs(runs[-1][1]) else -1)
    return [z for z, _ in runs]


def greatest(error, end):
    return max(abs(error(end * (1 - cos(pi * i / 3000)) / 2)) for i in range(1, 3001))


def remez(f, weight, degree, end):
    """The polynomial p for which the greatest of |weight*(p - f)| on (0, end] is least."""
    points = chebyshev(degree + 2, end)
    for _ in range(20):
        rows = [[z**j for j in range(degree + 1)] + [(-1) ** i / weight(z)] for i, z in enumerate(points)]
        c = list(lu_solve(matrix(rows), matrix([f(z) for z in points])))[:-1]
        found = extremes(lambda z: weight(z) * (sum(a * z**j for j, a in enumerate(c)) - f(z)), degree + 2, end)
        if len(found) < degree + 2 or all(abs(a - b) < end / 10**4 for a, b in zip(found, points)):
            break
        points = found
    return c


def polynomial(f, weight, degree, end, round_to):
    """Such a polynomial with rounded coefficients, and its error."""
    c = []
    for k in range(degree + 1):
        # What is left is z**k times a polynomial.
        rest = lambda z: (f(z) - sum(a * z**j for j, a in enumerate(c))) / z**k
        c.append(round_to(remez(rest, lambda z: weight(z) * z**k, degree - k, end)[0]))
    return c, greatest(lambda z: weight(z) * (sum(a * z**j for j, a in enumerate(c)) - f(z)), end)


def fraction(above, below, end, round_to):
    """tan(r) = r*p(z)/q(z): p and q with the constant term 1, of these degrees, of the least relative error."""
    f = lambda z: tan(sqrt(z)) / sqrt(z)
    value = lambda p, q, z: (1 + sum(a * z ** (j + 1) for j, a in enumerate(p))) / (
        1 + sum(a * z ** (j + 1) for j, a in enumerate(q))
    )

    def fit(p, q, points):
        """The unrounded coefficients that are left, where the error alternates on the points."""
        left, level = above + below - len(p) - len(q), mpf(0)
        for _ in range(30):
            rows, right = [], []
            for i, z in enumerate(points):
                g = f(z) * (1 + (-1) ** i * level)
                known = 1 + sum(a * z ** (j + 1) for j, a in enumerate(p))
                known -= g * (1 + sum(a * z ** (j + 1) for j, a in enumerate(q)))
                row = [z ** (j + 1) for j in range(len(p), above)] + [-g * z ** (j + 1) for j in range(len(q), below)]
                rows.append(row + [-((-1) ** i) * f(z)])
                right.append(-known)
            s = list(lu_solve(matrix(rows), matrix(right)))
            level += s[-1]
            if abs(s[-1]) < abs(level) / 10**6:
                break
        free = above - len(p)
        return p + s[:free], q + s[free:left]

    def best(p, q):
        count = above + below - len(p) - len(q) + 1
        points = chebyshev(count, end)
        for _ in range(20):
            whole = fit(p, q, points)
            found = extremes(lambda z: value(*whole, z) / f(z) - 1, count, end)
            if len(found) < count or all(abs(a - b) < end / 10**4 for a, b in zip(found, points)):
                break
            points = found
        return whole

    p, q = [], []
    while len(p) < above or len(q) < below:
        whole = best(p, q)
        if len(p) <= len(q) and len(p) < above or len(q) == below:
            p = p + [round_to(whole[0][len(p)])]
        else:
            q = q + [round_to(whole[1][len(q)])]
    return p, q, greatest(lambda z: value(p, q, z) / f(z) - 1, end)


def parts(value, bits):
    """Parts that add up to the value: multiples of 2**-b downwards for a number b, then the nearest float."""
    found = []
    for b in bits:
        part = b(value) if callable(b) else floor(value * mpf(2) ** b) / mpf(2) ** b
        found.append(part)
        value -= part
    return found, value


def least_distance(limit, digits):
    """The floats of so many digits from 2 to 2^limit: the least distance of one from a multiple of pi/2, and which it is.

    The floats that are multiples of 2^e are m*2^e with m < 2^digits; of these m*2^e*2/pi is nearest to an integer where m is
    the denominator of a convergent of 2^e*2/pi (an algorithm by Kahan and McDonald; Muller, "Elementary Functions", 2016).
    """
    best = None
    for e in range(2 - digits, limit - digits + 1):
        value = mpf(2) ** e * 2 / pi
        rest, last, now = value, (1, 0), (int(floor(value)), 1)
        while now[1] < 2**digits:
            k, m = now
            distance = abs(m * value - k) * pi / 2
            if k > 0 and (best is None or distance < best[0]):
                best = distance, float(m * mpf(2) ** e)
            rest = 1 / (rest - floor(rest))
            a = int(floor(rest))
            last, now = now, (a * k + last[0], a * m + last[1])
    return best


def bits(error):
    return f"2^{float(log(abs(error), 2)):.1f}"


def constant(name, values, round_to, comment):
    print(f"// {comment}")
    show(name, values, round_to)


def main():
    of_sin = lambda z: sin(sqrt(z)) / sqrt(z)
    for name, value, cut, nearest in [
        ("HALF_PI", pi / 2, [double, 83, double], double),
        ("HALF_PI of large.rs", pi / 2, [double] * 3, double),
        ("pi", pi, [floored(53)] * 3, double),
        ("pi of FAST_F32", pi, [floored(24)] * 3, single),
    ]:
        found, rest = parts(value, cut)
        constant(name, found, nearest, f"what is left: {bits(rest)}")

    for name, limit, digits in [("f64 up to 2^42", 42, 53), ("f32", 128, 24)]:
        distance, x = least_distance(limit, digits)
        print(f"// no {name} is nearer to a multiple of pi/2 than {bits(distance)}: {x!r}")

    # The reduced argument exceeds its interval by the error of the quotient, and the cosine's by what rounding it down lacks.
    quarter, half = (pi / 4 + mpf(2) ** -20) ** 2, (pi / 2 + mpf(2) ** -9) ** 2
    wide_quarter, wide_half = (pi / 4 + mpf(2) ** -8) ** 2, (pi / 2 + mpf(2) ** -4) ** 2

    c, e = polynomial(lambda z: (1 - of_sin(z)) / z, lambda z: z / of_sin(z), 5, quarter, double)
    constant("SIN", c, double, f"sin r = r - r*z*SIN(z) on pi/4: {bits(e)}")
    c, e = polynomial(lambda z: (cos(sqrt(z)) - 1 + z / 2) / z**2, lambda z: z**2 / cos(sqrt(z)), 5, quarter, double)
    constant("COS", c, double, f"cos r = 1 - z/2 + z*z*COS(z) on pi/4: {bits(e)}")
    for name, degree, end, nearest in [
        ("BEST_F32", 4, half, double),
        ("FAST", 8, half, double),
        ("FAST_F32", 4, wide_half, single),
    ]:
        c, e = polynomial(of_sin, lambda z: 1 / of_sin(z), degree, end, nearest)
        constant(f"{name}.sin", c, nearest, f"sin r = r*sin(z) on pi/2: {bits(e)}")
    for name, above, below, end, nearest in [
        ("BEST_F32", 2, 2, quarter, double),
        ("FAST", 3, 4, quarter, double),
        ("FAST_F32", 2, 2, wide_quarter, single),
    ]:
        p, q, e = fraction(above, below, end, nearest)
        constant(f"{name}.tan[0]", [mpf(1)] + p, nearest, f"tan r = r*p(z)/q(z) on pi/4: {bits(e)}")
        show(f"{name}.tan[1]", [mpf(1)] + q, nearest)


main()
