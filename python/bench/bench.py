"""Times this package beside numexpr, NumPy and Numba, in turns, in one process.

    python bench/bench.py                     # all groups
    python bench/bench.py calls comparison    # some of them
    python bench/bench.py --json times.json   # rows to keep

Groups: `calls` (what a call costs on 8 elements), and the subjects of numexpr's own benchmarks: `comparison` (one operation from 1,024 elements on), `column`
(an array of one column), `shapes` (1, 2, 3 axes of float32), `unaligned` (fields of records), `texts` (an expression that changes at each call), `threads`
(Python's threads, a chunk each). All results are compared before anything is timed. A time is the median of rounds in which every side has its
turn; the last lines are ratios.
"""

import argparse
import json
import math
import statistics
import sys
import threading
import time

import numexpr
import numpy as np

import tilexpr

try:
    import numba
except ImportError:
    numba = None

ROUNDS = 9


def seconds(call, least=0.004):
    """How long a call takes, of so many that they take a while."""
    count = 1
    while True:
        start = time.perf_counter()
        for _ in range(count):
            call()
        took = time.perf_counter() - start
        if took >= least or count >= 1 << 22:
            return took / count
        count = max(2 * count, int(1.2 * least / max(took, 1e-9) * count))


def in_turns(sides, rounds=ROUNDS):
    """The median time of each side."""
    for call in sides.values():
        call()
    times = {name: [] for name in sides}
    for _ in range(rounds):
        for name, call in sides.items():
            times[name].append(seconds(call))
    return {name: statistics.median(of) for name, of in times.items()}


def agree(sides):
    """All sides compute the same, within the rounding of numexpr's and NumPy's own functions."""
    first, *others = (np.asarray(call()) for call in sides.values())
    for other in others:
        np.testing.assert_allclose(first, other, rtol=1e-4 if first.dtype == np.float32 else 1e-9)


def expression(text, names, numpy_function=None, numba_function=None):
    """Sides for one expression over these arrays."""
    sides = {
        "tilexpr": lambda: tilexpr.evaluate(text, names, {}),
        "numexpr": lambda: numexpr.evaluate(text, names, {}),
    }
    if numpy_function:
        sides["numpy"] = lambda: numpy_function(**names)
    if numba and numba_function:
        compiled = numba.vectorize(nopython=True)(numba_function)
        values = list(names.values())
        sides["numba"] = lambda: compiled(*values)
    agree(sides)
    return sides


def calls():
    a, b, c = np.random.default_rng(0).random((3, 8))
    names, out = {"a": a, "b": b, "c": c}, np.empty(8)
    text = "a*b + c"
    prepared = tilexpr.compile(text).prepare(**names, out=out)
    compiled = tilexpr.compile(text)
    vectorized = numba.vectorize(["f8(f8, f8, f8)"])(lambda a, b, c: a * b + c) if numba else None
    yield (
        "evaluate, names of the caller",
        {
            "tilexpr": lambda a=a, b=b, c=c: tilexpr.evaluate("a*b + c"),
            "numexpr": lambda a=a, b=b, c=c: numexpr.evaluate("a*b + c"),
            "numpy": lambda: a * b + c,
            **({"numba": lambda: vectorized(a, b, c)} if numba else {}),
        },
    )
    yield (
        "evaluate, a dictionary",
        {
            "tilexpr": lambda: tilexpr.evaluate(text, names),
            "numexpr": lambda: numexpr.evaluate(text, names),
        },
    )
    tilexpr.evaluate(text, names)
    numexpr.evaluate(text, names)
    yield (
        "re_evaluate, a dictionary",
        {
            "tilexpr": lambda: tilexpr.re_evaluate(names),
            "numexpr": lambda: numexpr.re_evaluate(names),
        },
    )
    yield "Expression, by name", {"tilexpr": lambda: compiled(a=a, b=b, c=c)}
    yield "prepared", {"tilexpr": prepared}


def comparison():
    for power in (10, 13, 16, 19):
        a = np.arange(2**power)
        yield f"a>1000, {2**power:,} int64", expression("a>1000", {"a": a}, lambda a: a > 1000, lambda a: a > 1000)


def column():
    t = np.linspace(0, 1, 4_410_000).reshape(-1, 1)
    names = {"x0": 0, "x1": 1, "x2": 2, "x3": 3, "x4": 4, "x5": 5, "t": t}
    text = "(x0+x1*t+x2*t**2)*cos(x3+x4*t+x5**t)"
    yield (
        "4,410,000 x 1, powers and a cosine",
        expression(text, names, lambda x0, x1, x2, x3, x4, x5, t: (x0 + x1 * t + x2 * t**2) * np.cos(x3 + x4 * t + x5**t)),
    )


def shapes():
    for shape in ((1_000_000,), (10_000, 100), (100, 100, 100)):
        a = np.arange(1_000_000, dtype="f4").reshape(shape)
        names = {"a": a, "b": a + 1, "c": a * 2}
        function = lambda a, b, c: 63 + (a * b) + (c**2) + b  # noqa: E731
        yield f"63 + a*b + c**2 + b, {shape}, f4", expression("63 + (a*b) + (c**2) + b", names, function, function)


def unaligned():
    for name, fields in {"aligned": [("x", "f8"), ("y", "i8")], "unaligned": [("p", "i1"), ("x", "f8"), ("q", "i1", (7,))]}.items():
        x = np.zeros((1000, 1000), fields)["x"]
        yield f"x*x, a field of records, {name}", expression("x*x", {"x": x}, lambda x: x * x)


def texts():
    a = np.arange(10)
    text = "+".join(f"(a + {i})*{i}" for i in range(50))
    count = iter(range(10**9))
    yield (
        "50 terms on 10 elements, the same text",
        {
            "tilexpr": lambda: tilexpr.evaluate(text + "+ i", {"a": a, "i": 1}),
            "numexpr": lambda: numexpr.evaluate(text + "+ i", {"a": a, "i": 1}),
            "numpy": lambda: eval(text + "+ i", {"a": a, "i": 1}),  # noqa: S307
        },
    )
    yield (
        "50 terms on 10 elements, another text each time",
        {
            "tilexpr": lambda: tilexpr.evaluate(f"{text}+ {next(count)}", {"a": a}),
            "numexpr": lambda: numexpr.evaluate(f"{text}+ {next(count)}", {"a": a}),
            "numpy": lambda: eval(f"{text}+ {next(count)}", {"a": a}),  # noqa: S307
        },
    )


def threads():
    a, b = np.random.default_rng(0).random((2, 4_000_000))
    chunks = [slice(at, at + 250_000) for at in range(0, 4_000_000, 250_000)]

    def over_threads(work):
        def run():
            todo = iter(chunks)
            lock = threading.Lock()

            def one():
                while True:
                    with lock:
                        chunk = next(todo, None)
                    if chunk is None:
                        return
                    work(a[chunk], b[chunk])

            running = [threading.Thread(target=one) for _ in range(2)]
            for thread in running:
                thread.start()
            for thread in running:
                thread.join()

        return run

    for text, function in {
        "a + b*2": lambda a, b: a + b * 2,
        "sin(a) + exp(-b)*a": lambda a, b: np.sin(a) + np.exp(-b) * a,
        "a**2 + b**2 + 2*a*b": lambda a, b: a**2 + b**2 + 2 * a * b,
    }.items():
        # What threads run is one thread's work each.
        yield (
            f"{text}, 2 Python threads over 16 chunks",
            {
                "tilexpr": over_threads(lambda a, b, text=text: tilexpr.evaluate(text, {"a": a, "b": b})),
                "numexpr": over_threads(lambda a, b, text=text: numexpr.evaluate(text, {"a": a, "b": b})),
                "numpy": over_threads(function),
            },
        )


GROUPS = {group.__name__: group for group in (calls, comparison, column, shapes, unaligned, texts, threads)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("groups", nargs="*", default=list(GROUPS), metavar="GROUP", help="which groups (default: all)")
    parser.add_argument("--threads", type=int, default=2, help="threads of tilexpr and numexpr (default: 2)")
    parser.add_argument("--json", help="write the rows to this file")
    given = parser.parse_args()
    tilexpr.set_num_threads(given.threads)
    numexpr.set_num_threads(given.threads)
    versions = {module.__name__: module.__version__ for module in (tilexpr, numexpr, np, numba) if module}
    print(", ".join(f"{name} {version}" for name, version in versions.items()), f"; {given.threads} threads, Python {sys.version.split()[0]}")
    print(f"{'microseconds':60} {'tilexpr':>10} {'numexpr':>10} {'numpy':>10} {'numba':>10}   numexpr/tilexpr")
    rows = []
    for name in given.groups or GROUPS:
        if name == "threads":
            tilexpr.set_num_threads(1)
            numexpr.set_num_threads(1)
        for row, sides in GROUPS[name]():
            times = in_turns(sides)
            cells = " ".join(f"{times[side] * 1e6:10.3f}" if side in times else " " * 10 for side in ("tilexpr", "numexpr", "numpy", "numba"))
            ratio = times["numexpr"] / times["tilexpr"] if "numexpr" in times else None
            print(f"{row:60} {cells}   {ratio:.2f}" if ratio else f"{row:60} {cells}", flush=True)
            rows.append({"group": name, "row": row, **times})
    ratios = [row["numexpr"] / row["tilexpr"] for row in rows if "numexpr" in row]
    if ratios:
        mean = math.exp(statistics.fmean(map(math.log, ratios)))
        print(f"numexpr takes {mean:.2f} times as long (geometric mean of {len(ratios)}); at least {min(ratios):.2f} times")
    if given.json:
        with open(given.json, "w") as file:
            json.dump(rows, file, indent=1)


if __name__ == "__main__":
    main()
