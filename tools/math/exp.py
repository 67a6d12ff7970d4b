#!/usr/bin/env python3
"""The constants of src/math/exp.rs and src/math/hyperbolic.rs.

python3 tools/math/exp.py      needs Sollya (https://www.sollya.org) and mpmath

Each polynomial is the best one, or nearly, whose coefficients are floats of the type (Brisebarre & Chevillard 2007: Sollya's
fpminimax). The leading terms, which the code has on its own, are held fixed. Prints the error of each, as a power of 2.
"""

import subprocess

import mpmath as mp

mp.mp.prec = 160

# Arguments are reduced to half a period; the rounding of the reduction takes them a little beyond.
HALF_LN2 = "(log(2)/2 + 1b-17)"
HALF = "(0.5 + 1b-17)"
# Sollya's names.
FORMAT = {"f64": "D", "f32": "SG"}


def sollya(text):
    """What Sollya prints for this text."""
    head = "prec = 300!; display = powers!; verbosity = 0!;\n"
    run = subprocess.run(["sollya"], input=head + text + "quit;\n", capture_output=True, text=True, check=True)
    return [line for line in run.stdout.splitlines() if line.strip()]


def number(text):
    """A value such as -3 * 2^(-5), which a float holds exactly."""
    mantissa, _, exponent = text.replace(" ", "").partition("*2^")
    return int(mantissa) * 2.0 ** int(exponent.strip("()") or 0)


def polynomial(name, ty, function, monomials, fixed, low, high):
    powers = ", ".join(map(str, monomials))
    lines = sollya(
        f"p = fpminimax({function}, [|{powers}|], [|{FORMAT[ty]}...|], [{low}; {high}], relative, {fixed});\n"
        f"for i in [|{powers}|] do print(coeff(p, i));\n"
        f"print(round(log2(dirtyinfnorm(p/({function}) - 1, [{low}; {high}])), 20, RN));\n"
    )
    error = number(lines[-1])
    print(f"{name} {ty}: {function} = {fixed} + ..., powers {powers}, relative error 2^{error:.1f}")
    for line in lines[:-1]:
        print(f"    {number(line)!r},")


def rounded(value, ty):
    return f"round({value}, {FORMAT[ty]}, RN)"


def constant(name, ty, value):
    print(f"{name} {ty}: {number(sollya(f'print({rounded(value, ty)});')[0])!r}")


def rational_tanh(above, below, end, count=160, rounds=60):
    """tanh(x)/x as a quotient of polynomials in x^2 of these degrees, for 0 < x < end.

    Lawson's method: least squares of the relative error, linear for the denominator of the round before, each point
    weighted anew by its error, until all errors of note are alike.
    """
    x = [end * (1 - mp.cos(mp.pi * (i + mp.mpf("0.5")) / count)) / 2 for i in range(count)]
    z, f = [(v / end) ** 2 for v in x], [mp.tanh(v) / v for v in x]
    weights, q = [mp.mpf(1)] * count, [mp.mpf(1)] * count
    size = above + below + 1
    for turn in range(rounds):
        matrix, right = mp.matrix(size, size), mp.matrix(size, 1)
        for v, g, d, weight in zip(z, f, q, weights):
            row = [v**j / (g * d) for j in range(above + 1)] + [-(v**j) / d for j in range(1, below + 1)]
            for i in range(size):
                right[i] += weight * row[i] / d
                for j in range(size):
                    matrix[i, j] += weight * row[i] * row[j]
        solution = list(mp.lu_solve(matrix, right))
        p, denominator = solution[: above + 1], [mp.mpf(1)] + solution[above + 1 :]
        q = [mp.polyval(denominator[::-1], v) for v in z]
        errors = [abs(mp.polyval(p[::-1], v) / d / g - 1) for v, d, g in zip(z, q, f)]
        if turn > 2:
            weights = [weight * error for weight, error in zip(weights, errors)]
            weights = [weight / sum(weights) for weight in weights]
    print(f"TANH_ABOVE, TANH_BELOW: tanh(x)/x, relative error 2^{float(mp.log(max(errors), 2)):.1f}")
    for polynomial in p, denominator:
        print(f"    {[float(c / end ** (2 * i)) for i, c in enumerate(polynomial)]},")


for ty in FORMAT:
    hi = rounded("log(2)", ty)
    lo = rounded(f"log(2) - {hi}", ty)
    constant("LOG2_E", ty, "1/log(2)")
    constant("LN_2_HI", ty, hi)
    constant("LN_2_LO", ty, lo)
    short = ty == "f32"
    sides = f"-{HALF_LN2}", HALF_LN2
    polynomial("EXP", ty, "exp(x)", range(2, 7 if short else 12), "1 + x", *sides)
    polynomial("EXPM1", ty, "expm1(x)", range(3, 8 if short else 13), "x + x^2/2", *sides)
    polynomial("EXP2", ty, "2^x", range(2, 7 if short else 12), f"1 + x*({hi} + {lo})", f"-{HALF}", HALF)

# Even and odd functions: one half is enough, and 0 itself is left out. `f32` computes in `f64`.
for name, terms in ("", 5), ("_WIDE", 3):
    polynomial(f"COSH{name}", "f64", "cosh(x)", range(2, 2 * terms + 1, 2), "1", "1b-60", HALF_LN2)
    polynomial(f"SINH{name}", "f64", "sinh(x)", range(3, 2 * terms + 2, 2), "x", "1b-60", HALF_LN2)
polynomial("TANH", "f64", "tanh(x)", range(3, 14, 2), "x", "1b-60", f"{HALF_LN2}/2")
rational_tanh(4, 5, mp.mpf("9.1"))
