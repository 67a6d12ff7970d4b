#!/usr/bin/env python3
"""The constants of src/math/exp.rs and src/math/hyperbolic.rs.

python3 tools/math/exp.py      needs Sollya (https://www.sollya.org) and mpmath

Each polynomial is the best one, or nearly, whose coefficients are floats of the type (Brisebarre & Chevillard 2007: Sollya's
fpminimax). The leading terms, which the code has on its own, are held fixed. Prints the error of each, as a power of 2.
"""

import subprocess

import mpmath as mp
from minimax import minimax

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

end = mp.mpf("9.1")
above, below, error = minimax(lambda z: mp.tanh(mp.sqrt(z)) / mp.sqrt(z) if z else mp.mpf(1), 0, end**2, 4, m=5)
print(f"TANH_ABOVE, TANH_BELOW: tanh(x)/x in x^2, relative error 2^{float(mp.log(abs(error), 2)):.1f}")
for coefficients in above, below:
    print(f"    {[float(c) for c in coefficients]},")
