#!/usr/bin/env python3
"""Times tilexpr beside NumPy, numexpr, Numba, JAX, PyTorch and symjit, on the same formulas and arrays, in one process.

Engines take turns in blocks of calls, so that the threads of all others are asleep while one is timed, and a drift of
the machine is everybody's. A figure is the median of the blocks. Before anything is timed each result is compared with
NumPy's. Install and build as README.md says.

A run of everything writes docs/peers.md and docs/peers.svg; one of a part writes to target/peers/.
"""

import argparse
import gc
import json
import os
import statistics
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SIZES = "1e3,1e5,3e6,3e7"


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="W,W", default="", help="formulas whose names have one of these words")
    parser.add_argument(
        "--engines", metavar="E,E", default="", help="these alone, besides NumPy, which checks them, and tilexpr"
    )
    parser.add_argument("--sizes", metavar="N,N", default="", help=f"numbers of elements (default: {SIZES})")
    parser.add_argument(
        "--dtypes", metavar="T,T", default="f64,f32,u8", help="types of operands (default: %(default)s)"
    )
    parser.add_argument(
        "--quick", action="store_true", help="1e3 and 1e5 elements, few and short blocks: to see that it works"
    )
    parser.add_argument(
        "--threads", type=int, default=2, help="threads and CPUs for each engine (default: %(default)s)"
    )
    parser.add_argument("--rounds", type=int, default=0, help="blocks of each engine (default: 9, quick: 3)")
    parser.add_argument(
        "--seconds", type=float, default=0.0, help="of each engine on each row (default: 0.6, quick: 0.03)"
    )
    parser.add_argument(
        "--limit",
        type=float,
        default=10.0,
        help="seconds after which an engine whose single calls are slow has no more blocks (default: %(default)s)",
    )
    parser.add_argument(
        "--library",
        dest="shared",
        metavar="FILE",
        default=str(HERE / "capi/target/release/libtilexpr_peers.so"),
        help="tilexpr by its C interface",
    )
    parser.add_argument("--json", metavar="FILE", help="write what is measured here too, after each row")
    parser.add_argument("--load", metavar="FILE", help="measure nothing: table and chart of what --json wrote")
    parser.add_argument("--out", metavar="DIR", help="where table and chart go")
    chosen = parser.parse_args()
    part = (
        chosen.quick or chosen.only or chosen.engines or chosen.sizes or chosen.dtypes != parser.get_default("dtypes")
    )
    chosen.out = Path(chosen.out or (ROOT / "target/peers" if part else ROOT / "docs"))
    chosen.sizes = [int(float(size)) for size in (chosen.sizes or ("1e3,1e5" if chosen.quick else SIZES)).split(",")]
    chosen.rounds = chosen.rounds or (3 if chosen.quick else 9)
    chosen.seconds = chosen.seconds or (0.03 if chosen.quick else 0.6)
    return chosen


def set_threads(count):
    """For all engines, before they are imported: some look at variables, some at the CPUs that they may use. Threads
    of OpenMP sleep when idle."""
    for variable in (
        "OMP_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "NUMEXPR_MAX_THREADS",
        "NUMBA_NUM_THREADS",
        "MKL_NUM_THREADS",
        "RAYON_NUM_THREADS",
    ):
        os.environ[variable] = str(count)
    os.environ["OMP_WAIT_POLICY"] = "passive"
    os.environ["KMP_BLOCKTIME"] = "0"
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])


def load_engines(chosen):
    """Those that are there; why others are not is said."""
    from engines import ENGINES, NumPy, Tilexpr

    wanted = [word.strip().lower() for word in chosen.engines.split(",") if word.strip()]
    for word in wanted:
        if word not in ENGINES:
            sys.exit(f"there is no engine `{word}`; there are {', '.join(ENGINES)}")
    engines = []
    for name, engine in ENGINES.items():
        if wanted and name not in wanted and engine not in (NumPy, Tilexpr):
            continue
        try:
            engines.append(engine(chosen.threads, chosen.shared) if engine is Tilexpr else engine(chosen.threads))
        except ImportError as error:
            if engine in (NumPy, Tilexpr):
                sys.exit(str(error))
            print(f"without {engine.name}: {error}", file=sys.stderr)
    return engines


class Progress:
    """One line for each row on standard error; on a terminal also what is being done at the moment."""

    def __init__(self, rows):
        self.rows, self.row, self.start = rows, 0, time.monotonic()

    def doing(self, text):
        if sys.stderr.isatty():
            print(f"\r\033[K[{self.row + 1}/{self.rows}] {text}", end="", file=sys.stderr, flush=True)

    def done(self, text):
        self.row += 1
        end = "\r\033[K" if sys.stderr.isatty() else ""
        print(
            f"{end}[{self.row}/{self.rows}, {time.monotonic() - self.start:.0f} s] {text}", file=sys.stderr, flush=True
        )


def aligned(size, dtype):
    """A new array that starts at a line of the cache."""
    import numpy as np

    length = size * np.dtype(dtype).itemsize
    buffer = np.empty(length + 64, np.uint8)
    start = -buffer.ctypes.data % 64
    return buffer[start : start + length].view(dtype)


def operands(formula, dtype, size):
    """Random arrays, the same in each run."""
    import numpy as np

    from engines import DTYPES

    random = np.random.default_rng(7)
    arrays = {}
    for name, (least, greatest) in formula.ranges.items():
        arrays[name] = aligned(size, DTYPES[dtype])
        if dtype == "u8":
            arrays[name][:] = random.integers(least, greatest, size, np.uint8)
        else:
            arrays[name][:] = random.random(size, DTYPES[dtype]) * (greatest - least) + least
    return arrays


def agrees(found, expected, formula, dtype):
    """Whether a result is NumPy's but for rounding, looked at in parts that take little memory."""
    import numpy as np

    found, expected = np.ravel(found), np.ravel(expected)
    if found.shape != expected.shape:
        return False
    tolerance = formula.tolerance[dtype]
    absolute = tolerance * (1.0 if dtype == "u8" else float(np.abs(expected[:1000]).mean()))
    relative = 0.0 if dtype == "u8" else tolerance
    part = 1 << 20
    return all(
        np.allclose(found[at : at + part].astype(float), expected[at : at + part].astype(float), relative, absolute)
        for at in range(0, found.size, part)
    )


def bind_all(engines, formula, dtype, size, progress):
    """The calls of those engines that can do it and give what NumPy does, why others are left out, and what must live
    as long as the calls."""
    import numpy as np

    from engines import DTYPES, NumPy, Skip

    arrays = operands(formula, dtype, size)
    calls, skipped, expected, kept = {}, {}, None, [arrays]
    for engine in sorted(engines, key=lambda engine: not isinstance(engine, NumPy)):
        progress.doing(f"{formula.name} {dtype} {size:,}: {engine.name} compiles")
        out = aligned(size, DTYPES[formula.result_dtype(dtype)])
        out[:] = 0
        try:
            call, result = engine.bind(formula, dtype, arrays, out)
            call()
        except Skip as reason:
            skipped[engine.name] = str(reason)
            continue
        except Exception as error:  # Whatever another engine raises, the rest goes on.
            skipped[engine.name] = f"fails: {type(error).__name__}: {' '.join(str(error).split())[:160]}"
            continue
        if expected is None:
            expected = np.array(result())
        if agrees(result(), expected, formula, dtype):
            calls[engine.name] = call
            kept.append(result)
        else:
            skipped[engine.name] = "another result than NumPy's"
    return calls, skipped, kept


def timed(call, count):
    start = time.perf_counter()
    for _ in range(count):
        call()
    return time.perf_counter() - start


def measure(calls, chosen, progress, what):
    """Median seconds of a call of each engine: blocks that take turns, each after a pause in which threads fall
    asleep, and a warm start."""
    once = {name: timed(call, 1) for name, call in calls.items()}
    blocks, spent = {name: [] for name in calls}, dict.fromkeys(calls, 0.0)
    names = list(calls)
    gc.disable()
    for turn in range(chosen.rounds):
        progress.doing(f"{what}: round {turn + 1} of {chosen.rounds}")
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            if spent[name] > chosen.limit and blocks[name]:
                continue
            call = calls[name]
            time.sleep(0.005)
            warm = time.perf_counter()
            while once[name] < 0.02 and time.perf_counter() - warm < 0.002:
                call()
            count = max(1, round(chosen.seconds / chosen.rounds / once[name]))
            seconds = timed(call, count)
            spent[name] += seconds
            blocks[name].append(seconds / count)
            once[name] = seconds / count
    gc.enable()
    return {name: statistics.median(block) for name, block in blocks.items()}


def machine():
    """What the figures depend on."""
    with open("/proc/cpuinfo") as info:
        fields = dict(part.split(":", 1) for part in info.read().split("\n\n")[0].splitlines() if ":" in part)
    fields = {key.strip(): value.strip() for key, value in fields.items()}
    flags = fields.get("flags", "").split()
    return {
        "vendor": fields.get("vendor_id", "?"),
        "family": int(fields.get("cpu family", 0)),
        "model": fields.get("model name", "?"),
        "vectors": "AVX-512" if "avx512f" in flags else "AVX2" if "avx2" in flags else "SSE",
    }


def run(chosen):
    """Measures all that is asked for."""
    from formulas import FORMULAS

    words = [word for word in chosen.only.split(",") if word]
    formulas = [f for f in FORMULAS if not words or any(word in f.name for word in words)]
    engines = load_engines(chosen)
    rows = [
        (f, dtype, size)
        for size in chosen.sizes
        for f in formulas
        for dtype in f.dtypes
        if dtype in chosen.dtypes.split(",")
    ]
    progress = Progress(len(rows))
    found = {
        "machine": machine(),
        "threads": chosen.threads,
        "versions": {engine.name: engine.version() for engine in engines},
        "python": sys.version.split()[0],
        "rounds": chosen.rounds,
        "quick": chosen.quick,
        "date": time.strftime("%Y-%m-%d"),
        "rows": [],
    }
    for formula, dtype, size in rows:
        what = f"{formula.name} {dtype} {size:,}"
        calls, skipped, kept = bind_all(engines, formula, dtype, size, progress)
        seconds = measure(calls, chosen, progress, what)
        times = {name: value / size * 1e9 for name, value in seconds.items()}
        found["rows"].append({"name": formula.name, "dtype": dtype, "n": size, "times": times, "skipped": skipped})
        progress.done(
            f"{what}: "
            + "  ".join(f"{name} {times[name]:.3g}" for name in times)
            + " ns"
            + "".join(
                f"; {name} {reason}" for name, reason in skipped.items() if "fails" in reason or "another" in reason
            )
        )
        if chosen.json:
            Path(chosen.json).write_text(json.dumps(found))
        del calls, kept
        for engine in engines:
            engine.forget()
        gc.collect()
    return found


def main():
    chosen = options()
    set_threads(chosen.threads)
    found = json.loads(Path(chosen.load).read_text()) if chosen.load else run(chosen)
    from report import write

    print(write(found, chosen.out))


if __name__ == "__main__":
    main()
