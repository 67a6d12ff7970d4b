#!/usr/bin/env python3
"""Constants of src/math/inverse_trigonometric.rs and src/math/root.rs, printed as they stand there.

Needs Sollya (`sollya` in the path) and mpmath. Polynomials are Sollya's `fpminimax`: the coefficients are of the type
itself, and the relative error of the whole approximation is minimised. Run: python3 tools/math/inverse_trigonometric.py
"""

import struct
import subprocess

import mpmath

mpmath.mp.prec = 300


def minimax(comment, function, start, powers, kind, low, high):
    """`start` plus a polynomial of these powers, near the function on [low, high]; prints the coefficients."""
    script = f"""
        prec = 400!;
        m = [|{", ".join(map(str, powers))}|];
        s = [|{", ".join([kind] * len(powers))}|];
        f = {function};
        p = fpminimax(f, m, s, [{low}; {high}], relative, floating, {start});
        for i from 0 to length(m) - 1 do print("coefficient", coeff(p, m[i]));
        print("error", dirtyinfnorm(p/f - 1, [{low}; {high}]));
        quit;
    """
    out = subprocess.run(["sollya"], input=script, capture_output=True, text=True, check=True).stdout
    lines = [line.split() for line in out.splitlines()]
    error = next(float(line[1]) for line in lines if line[:1] == ["error"])
    print(f"// {comment}: error 2^{mpmath.nstr(mpmath.log(error, 2), 5)}")
    for line in lines:
        if line[:1] == ["coefficient"]:
            print(f"    {exact(line[1])!r},")
    print()


def exact(text):
    """A coefficient of Sollya, which is a float of 53 bits at most."""
    value = float(mpmath.mpf(text))
    assert mpmath.mpf(value) == mpmath.mpf(text), text
    return value


def f32(value):
    return struct.unpack("f", struct.pack("f", value))[0]


def odd(count):
    return [2 * i + 3 for i in range(count)]


def half_pi(comment, digits, rounded):
    """The first digits of pi/2, few enough for 3/4 pi to be exact, and what they lack, as a part of them."""
    unit = 2.0 ** (1 - digits)
    hi = float(mpmath.nint(mpmath.pi / 2 / unit)) * unit
    assert rounded(1.5 * hi) == mpmath.mpf(1.5) * hi
    tail = rounded(float((mpmath.pi / 2 - hi) / hi))
    print(f"// {comment}: {hi!r} * (1 + {tail!r})\n")


half_pi("pi/2, f64", 53, float)
half_pi("pi/2, f32", 22, f32)
minimax("(atan(x) - x)/x^3 in x^2, |x| <= 1/2, f64", "atan(x)", "x", odd(12), "D", "1b-20", "0.5")
minimax("(atan(x) - x)/x^3 in x^2, |x| <= 1/2, f32", "atan(x)", "x", odd(5), "single", "1b-20", "0.5")
minimax("(asin(x) - x)/x^3 in x^2, |x| <= 1/2, f64", "asin(x)", "x", odd(12), "D", "1b-20", "0.5")
minimax("(asin(x) - x)/x^3 in x^2, |x| <= 1/2, f32", "asin(x)", "x", odd(5), "single", "1b-20", "0.5")
# |e| is at most 0.1021 for the seed of the code, and the argument of the root is 1 - e.
minimax("((1 - e)^(-1/3) - 1)/e in e, f64", "(1 - x)^(-1/3)", "1", range(1, 7), "D", "-0.103", "0.103")
minimax("((1 - e)^(-1/3) - 1)/e in e, f32", "(1 - x)^(-1/3)", "1", range(1, 4), "single", "-0.103", "0.103")
