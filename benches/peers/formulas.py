"""The formulas that are timed: each one text, which tilexpr compiles and Python can parse.

A text is statements `name = expression`, separated by `;`, and an expression at the end. It has names, float and
integer literals, operators, and the functions in `translate.py`. Statements never use a name twice.

`python formulas.py` prints how many operations each has, and checks those of seawater against the values that their
source gives.
"""

import ast
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Formula:
    name: str
    about: str
    text: str
    ranges: dict  # name of an operand -> (least, greatest) of its random elements
    dtypes: tuple = ("f64", "f32")  # of all operands
    result: str = ""  # dtype of the result; empty: that of the operands
    tolerance: dict = field(default_factory=lambda: {"f64": 1e-9, "f32": 1e-3, "u8": 1.01})
    short: bool = False  # one of the nine one-liners

    @property
    def reduces(self):
        """Whether the result is one number."""
        return self.text.startswith("sum(")

    def result_dtype(self, dtype):
        return self.result or dtype

    def operations(self):
        """Operators and calls in the text, but casts and signs of literals."""
        return sum(map(is_operation, ast.walk(ast.parse(self.text))))


def is_operation(node):
    if isinstance(node, ast.Call):
        return node.func.id not in ("int32", "float32", "uint8")
    if isinstance(node, ast.UnaryOp):
        return not isinstance(node.operand, ast.Constant)
    return isinstance(node, (ast.BinOp, ast.Compare))


def short(name, text, operands):
    return Formula(name, text, text, dict.fromkeys(operands, (0.1, 2.1)), short=True)


def horner(x, coefficients):
    """A polynomial's text; the coefficients rise with the power of `x`."""
    *lower, text = coefficients
    for coefficient in reversed(lower):
        text = f"{coefficient} + {x}*({text})" if coefficient else f"{x}*({text})"
    return f"({text})"


def derivative(coefficients):
    return [power * c for power, c in enumerate(coefficients)][1:]


# Seawater: Fofonoff and Millard, Algorithms for computation of fundamental properties of seawater, UNESCO technical
# papers in marine science 44 (1983). `s` is salinity (PSS-78), `t` temperature (degrees Celsius, IPTS-68), `p`
# pressure (bar above the atmosphere). Density is EOS-80 (Millero, Chen, Bradshaw and Schleicher 1980), the speed of
# sound Chen and Millero's (1977), heat Millero, Perron and Desnoyers' (1973). Polynomials in `t`, by the powers of `s`
# (`r` is its root) and `p` that they belong to.
RHO = {
    "1": [999.842594, 6.793952e-2, -9.095290e-3, 1.001685e-4, -1.120083e-6, 6.536332e-9],
    "s": [8.24493e-1, -4.0899e-3, 7.6438e-5, -8.2467e-7, 5.3875e-9],
    "sr": [-5.72466e-3, 1.0227e-4, -1.6546e-6],
    "ss": [4.8314e-4],
}
BULK = {
    "1": [19652.21, 148.4206, -2.327105, 1.360477e-2, -5.155288e-5],
    "s": [54.6746, -0.603459, 1.09987e-2, -6.1670e-5],
    "sr": [7.944e-2, 1.6483e-2, -5.3009e-4],
    "p": [3.239908, 1.43713e-3, 1.16092e-4, -5.77905e-7],
    "ps": [2.2838e-3, -1.0981e-5, -1.6078e-6],
    "psr": [1.91075e-4],
    "pp": [8.50935e-5, -6.12293e-6, 5.2787e-8],
    "pps": [-9.9348e-7, 2.0816e-8, 9.1697e-10],
}
SOUND = {
    "1": [1402.388, 5.03711, -5.80852e-2, 3.3420e-4, -1.47800e-6, 3.1464e-9],
    "p": [0.153563, 6.8982e-4, -8.1788e-6, 1.3621e-7, -6.1185e-10],
    "pp": [3.1260e-5, -1.7107e-6, 2.5974e-8, -2.5335e-10, 1.0405e-12],
    "ppp": [-9.7729e-9, 3.8504e-10, -2.3643e-12],
    "s": [1.389, -1.262e-2, 7.164e-5, 2.006e-6, -3.21e-8],
    "ps": [9.4742e-5, -1.2580e-5, -6.4885e-8, 1.0507e-8, -2.0122e-10],
    "pps": [-3.9064e-7, 9.1041e-9, -1.6002e-10, 7.988e-12],
    "ppps": [1.100e-10, 6.649e-12, -3.389e-13],
    "sr": [-1.922e-2, -4.42e-5],
    "psr": [7.3637e-5, 1.7945e-7],
    "ss": [1.727e-3],
    "pss": [-7.9836e-6],
}
HEAT = {
    "1": [4217.4, -3.720283, 0.1412855, -2.654387e-3, 2.093236e-5],
    "s": [-7.643575, 0.1072763, -1.38385e-3],
    "sr": [0.1770383, -4.07718e-3, 5.148e-5],
    "p": [-4.9592e-1, 1.45747e-2, -3.13885e-4, 2.0357e-6, 1.7168e-8],
    "pp": [2.4931e-4, -1.08645e-5, 2.87533e-7, -4.0027e-9, 2.2956e-11],
    "ppp": [-5.422e-8, 2.6380e-9, -6.5637e-11, 6.136e-13],
    "ps": [4.9247e-3, -1.28315e-4, 9.802e-7, 2.5941e-8, -2.9179e-10],
    "psr": [-1.2331e-4, -1.517e-6, 3.122e-8],
    "pps": [-2.9558e-6, 1.17054e-7, -2.3905e-9, 1.8448e-11],
    "ppsr": [9.971e-8],
    "ppps": [5.540e-10, -1.7682e-11, 3.513e-13],
    "pppsr": [0.0, -1.4300e-12],
}


def nested(terms, through="sr"):
    """The text of a sum of polynomials in `t` times powers, by Horner's rule in `s`, with `r` within."""
    if not through:
        return horner("t", terms["1"])
    x, rest = through[0], through[1:]
    without = {powers: c for powers, c in terms.items() if x not in powers}
    within = {powers.replace(x, "", 1) or "1": c for powers, c in terms.items() if x in powers}
    if not within:
        return nested(without, rest)
    factor = f"{x}*{nested(within, through)}"
    return f"({nested(without, rest)} + {factor})" if without else factor


def by_powers(name, terms):
    """A statement for each power of `p`, and one for their sum."""
    parts = {}
    for powers, c in terms.items():
        parts.setdefault(powers.count("p"), {})[powers.replace("p", "") or "1"] = c
    statements = [f"{name}{power} = {nested(part)}" for power, part in parts.items()]
    return "; ".join([*statements, f"{name} = {horner_of_names('p', [f'{name}{power}' for power in parts])}"])


def horner_of_names(x, names):
    *lower, text = names
    for name in reversed(lower):
        text = f"{name} + {x}*({text})"
    return text


def in_t(terms):
    """The derivative by temperature."""
    return {powers: derivative(c) for powers, c in terms.items() if len(c) > 1}


ROOT = "r = sqrt(s)"
DENSITY = f"{by_powers('q', RHO)}; {by_powers('k', BULK)}"
IN_SITU = "q/(1.0 - p/k)"
EXPANSION = f"{by_powers('dq', in_t(RHO))}; {by_powers('dk', in_t(BULK))}; alpha = p*dk/(k*(k - p)) - dq/q"
SEA = {"s": (30.0, 40.0), "t": (5.0, 30.0), "p": (0.0, 1000.0)}


def normal(x, at):
    """Statements that leave the normal distribution at `x` in `n{at}`: Abramowitz and Stegun 26.2.17."""
    series = horner(f"w{at}", [0.0, 0.319381530, -0.356563782, 1.781477937, -1.821255978, 1.330274429])
    return (
        f"w{at} = 1.0/(1.0 + 0.2316419*abs({x})); tail{at} = 0.3989422804014327*exp(-0.5*{x}*{x})*{series}; "
        f"n{at} = where({x} < 0.0, tail{at}, 1.0 - tail{at})"
    )


BLACK_SCHOLES = (
    f"sigma = v*sqrt(t); d1 = (log(s/k) + (0.03 + 0.5*v*v)*t)/sigma; d2 = d1 - sigma; {normal('d1', 1)}; "
    f"{normal('d2', 2)}; s*n1 - k*exp(-0.03*t)*n2"
)


def mandelbrot(steps):
    """|z|^2 after so many steps of z*z + c from z = c on."""
    statements = []
    x, y = "a", "b"
    for step in range(steps):
        statements.append(f"x{step} = {x}*{x} - {y}*{y} + a; y{step} = 2.0*{x}*{y} + b")
        x, y = f"x{step}", f"y{step}"
    return "; ".join([*statements, f"{x}*{x} + {y}*{y}"])


FORMULAS = [
    short("axpb", "a*b+c", "abc"),
    short("poly3", "((0.25*a + 0.75)*a - 1.5)*a - 2.0", "a"),
    short("trig", "sin(a)**2 + cos(b)**2", "ab"),
    short("gauss", "exp(-a*a/2.0)*log(1.0+b*b)", "ab"),
    short("where", "where(a > b, sqrt(a), b*b - a)", "ab"),
    short("tanhmix", "tanh(a*b) + arctan2(a, c)", "abc"),
    short("powmix", "(a*a + b*b)**0.5 + a**3", "ab"),
    short("sumsq", "sum((a-b)**2)", "ab"),
    short("sumexp", "sum(exp(-a)*b)", "ab"),
    Formula(
        "density", "Density of seawater: the equation of state EOS-80 of UNESCO", f"{ROOT}; {DENSITY}; {IN_SITU}", SEA
    ),
    Formula(
        "grueneisen",
        "Seawater's Grüneisen parameter: thermal expansion times the square of the speed of sound over the specific "
        "heat, from EOS-80 and UNESCO's algorithms",
        f"{ROOT}; {DENSITY}; {EXPANSION}; {by_powers('c', SOUND)}; {by_powers('h', HEAT)}; alpha*c*c/h",
        SEA,
        tolerance={"f64": 1e-9, "f32": 1e-2},
    ),
    Formula(
        "blackscholes",
        "Price of a European call by Black and Scholes, the normal distribution by a polynomial",
        BLACK_SCHOLES,
        {"s": (50.0, 150.0), "k": (50.0, 150.0), "t": (0.1, 2.0), "v": (0.1, 0.5)},
        tolerance={"f64": 1e-9, "f32": 1e-2},
    ),
    Formula(
        "haversine",
        "Distance of two points on a sphere, in kilometres",
        "u = sin((d - b)*0.5); w = sin((c - a)*0.5); 12742.0*arcsin(sqrt(u*u + cos(b)*cos(d)*w*w))",
        {"a": (-3.0, 3.0), "b": (-1.4, 1.4), "c": (-3.0, 3.0), "d": (-1.4, 1.4)},
        tolerance={"f64": 1e-7, "f32": 1e-2},
    ),
    Formula(
        "mandelbrot",
        "Ten steps of Mandelbrot's z*z + c in real numbers, then the square of the modulus",
        mandelbrot(10),
        {"a": (-0.5, 0.2), "b": (-0.3, 0.3)},
        tolerance={"f64": 1e-9, "f32": 1e-2},
    ),
    Formula(
        "luma",
        "Luma of RGB in 8 bits, by integers",
        "uint8((77*int32(r) + 150*int32(g) + 29*int32(b) + 128) >> 8)",
        dict.fromkeys("rgb", (0, 256)),
        ("u8",),
        "u8",
    ),
    Formula(
        "chroma",
        "Blue-difference chroma (Cb of JPEG) of RGB in 8 bits, by floats",
        "uint8(clip(128.5 - 0.168736*float32(r) - 0.331264*float32(g) + 0.5*float32(b), 0.0, 255.0))",
        dict.fromkeys("rgb", (0, 256)),
        ("u8",),
        "u8",
    ),
]


def check_seawater():
    """The check values of the UNESCO paper: s, t, p, the value, and the digits that are given."""
    import math

    values = [
        (f"{ROOT}; {DENSITY}", IN_SITU, (0.0, 5.0, 0.0), 999.96675, 5),
        (f"{ROOT}; {DENSITY}", IN_SITU, (35.0, 5.0, 0.0), 1027.67547, 5),
        (f"{ROOT}; {DENSITY}", IN_SITU, (35.0, 25.0, 1000.0), 1062.53817, 5),
        (f"{ROOT}; {by_powers('c', SOUND)}", "c", (40.0, 40.0, 1000.0), 1731.995, 3),
        (f"{ROOT}; {by_powers('h', HEAT)}", "h", (40.0, 40.0, 1000.0), 3849.500, 3),
    ]
    for statements, result, (s, t, p), expected, digits in values:
        names = {"sqrt": math.sqrt, "s": s, "t": t, "p": p}
        exec(statements, names)
        found = eval(result, names)
        assert abs(found - expected) < 10.0**-digits, (result, found, expected)
    # Expansion is what density changes by.
    densities = []
    for t in (9.999, 10.001):
        names = {"sqrt": math.sqrt, "s": 35.0, "t": t, "p": 300.0}
        exec(f"{ROOT}; {DENSITY}; {EXPANSION}", names)
        densities.append(eval(IN_SITU, names))
    slope = (densities[0] - densities[1]) / 0.002 / densities[0]
    assert abs(slope / names["alpha"] - 1.0) < 1e-3, (slope, names["alpha"])


if __name__ == "__main__":
    check_seawater()
    for formula in FORMULAS:
        print(f"{formula.name:<14} {formula.operations():>4} operations  {formula.about}")
