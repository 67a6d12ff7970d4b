"""The constants of src/math/log.rs and src/math/power.rs.

Needs Sollya (https://www.sollya.org). Prints Rust constants, each with the greatest relative error that it leaves.

With s = f/(2 + f) and z = s^2: log(1 + f) = 2 atanh(s) = s (2 + z (2/3 + 2/5 z + ...)), a polynomial in z. Its coefficients
are fitted so that the greatest relative error of the logarithm is least.
"""

import struct
import subprocess

SOLLYA = """
prec = 300;
display = decimal!;
procedure coefficients(p) { var i; for i from 0 to degree(p) do print(coeff(p, i)); };
procedure series(first) { var sum, j; sum = 0; for j from 0 to 60 do sum = sum + 2/(2*(first + j) + 1)*x^j; return sum; };
"""


def sollya(code):
    """The lines that Sollya prints, as numbers."""
    done = subprocess.run(["sollya", "--warnonstderr"], input=SOLLYA + code + "quit;", capture_output=True, text=True, check=True)
    if done.stderr:
        raise SystemExit(done.stderr)
    return [float(line) for line in done.stdout.split("\n") if line and not line.startswith("The precision")]


def show(name, numbers, error=None):
    if error is not None:
        print(f"// error 2^{error:.1f}")
    print(f"{name} = {[repr(c) for c in numbers]}".replace("'", ""))


def pair(name, value, bits=53, low=53):
    """The number as a sum of two; the first has few enough bits that its product with an exponent is exact."""
    show(name, sollya(f"hi = round({value}, {bits}, RN); print(hi); print(round({value} - hi, {low}, RN));"))


def taylor(name, powers, interval):
    """log(1 + f) = f - f^2/2 + c0 f^3 + c1 f^4 + ... of f32."""
    *c, error = sollya(f"""
        h = 0; for j from 0 to 160 do h = h + (-1)^j*x^j/(j + 1);
        m = [||]; for i from 2 to {powers + 1} do m = m:.i;
        p = fpminimax(h, m, [|SG...|], {interval}, absolute, 1 - x/2);
        for i from 2 to {powers + 1} do print(coeff(p, i));
        print(round(log2(dirtyinfnorm(p/h - 1, {interval})), 20, RN));
    """)
    show(name, c, error)


def atanh(name, first, count, limit, scale="1"):
    """The part of the series in z from z^first on, |s| <= limit."""
    *c, error = sollya(f"""
        h = {scale}*series({first});
        p = fpminimax(h, {count - 1}, [|D...|], [1b-60; ({limit})^2], absolute);
        coefficients(p);
        print(round(log2(dirtyinfnorm((p - h)*x^{first}/(2*{scale}), [0; ({limit})^2])), 20, RN));
    """)
    show(name, c, error)


MIDDLE = "[sqrt(1/2) - 1; sqrt(2) - 1]"
WIDE = "[-1/4; 1/2 + 1b-20]"

for suffix, base in ("", "log(2)"), ("_OVER_LN_10", "log(2)/log(10)"):
    pair(f"f64 LN_2{suffix}", base, 42)
    pair(f"f32 LN_2{suffix}", base, 16, 24)
for name, value in ("1/LN_2", "1/log(2)"), ("1/LN_10", "1/log(10)"):
    pair(f"f64 {name}", value)
    pair(f"f32 {name}", value, 24, 24)
pair("TWO_THIRDS", "2/3")
atanh("PAIR", 2, 9, "1/5")
atanh("SQRT", 1, 7, "3 - 2*sqrt(2)")
atanh("WIDE", 1, 8, "1/5")
taylor("f32 SQRT", 8, MIDDLE)
taylor("f32 WIDE", 8, WIDE)
print("// power.rs")
PER_LN_2 = "1/log(2)"
pair("f64 FIRST", "2/log(2)")
pair("f64 SECOND", "2/3/log(2)")
atanh("f64 SERIES", 2, 8, "3 - 2*sqrt(2)", PER_LN_2)
atanh("f32 SERIES", 0, 6, "3 - 2*sqrt(2)", PER_LN_2)
# The power of 0 is 1, so that the powers of 2 are exact.
*c, error = sollya("""
    p = fpminimax(2^x, [|1, 2, 3, 4, 5, 6, 7|], [|D...|], [-1/2; 1/2], relative, 1);
    coefficients(p);
    print(round(log2(dirtyinfnorm(p/2^x - 1, [-1/2; 1/2])), 20, RN));
""")
show("f32 EXP2", c, error)
