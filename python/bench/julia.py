"""Times a Julia set by `iterate` beside the same loop by Numba: steps until |z| is 2, for each point of a grid.

    python bench/julia.py                  # 2000 x 2000 points, 300 steps at most, 2 threads, 5 rounds
    python bench/julia.py --size 500 --rounds 3

Each measurement is a process of its own, for both have threads of their own, in turns; the results are compared first. A time is the least of some calls
in its process, all of them warm; the ratio is the median of the rounds' ratios.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

C = complex(-0.7, 0.27015)
TEXT = """
step = lambda z, n: (z*z + c, n + 1)
iterate(step, (complex(x, y), 0), lambda z, n: z.real**2 + z.imag**2 < 4, most)[1]
"""


def grid(size):
    import numpy as np

    at = np.linspace(-1.5, 1.5, size)
    return at[None, :], at[:, None]


def by_tilexpr(size, most):
    import tilexpr

    x, y = grid(size)
    values = {"x": x, "y": y, "c": C, "most": most}
    return lambda: tilexpr.evaluate(TEXT, local_dict=values)


def by_numba(size, most):
    import numba
    import numpy as np

    @numba.njit(parallel=True, fastmath=False)
    def julia(x, y, c, most):
        steps = np.empty((len(y), len(x)), np.int64)
        for i in numba.prange(len(y)):
            for j in range(len(x)):
                z = complex(x[j], y[i])
                n = 0
                while n < most and z.real * z.real + z.imag * z.imag < 4.0:
                    z = z * z + c
                    n += 1
                steps[i, j] = n
        return steps

    x, y = grid(size)
    return lambda: julia(x[0], y[:, 0], C, most)


SIDES = {"tilexpr": by_tilexpr, "numba": by_numba}


def measure(side, options):
    """In a process of its own: the least time of some calls, and the sum of the counts."""
    call = SIDES[side](options.size, options.most)
    total, times = int(call().sum()), []
    for _ in range(options.calls):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    print(json.dumps({"seconds": min(times), "total": total}))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=2000)
    parser.add_argument("--most", type=int, default=300)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=5)
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        return measure(options.side, options)
    threads = str(options.threads)
    environment = {**os.environ, "RAYON_NUM_THREADS": threads, "NUMBA_NUM_THREADS": threads, "TILEXPR_NUM_THREADS": threads}
    ratios = []
    for _ in range(options.rounds):
        found = {}
        for side in SIDES:
            command = [sys.executable, __file__, *sys.argv[1:], "--side", side]
            found[side] = json.loads(subprocess.run(command, env=environment, check=True, capture_output=True).stdout)
        assert found["tilexpr"]["total"] == found["numba"]["total"], found
        ratios.append(found["tilexpr"]["seconds"] / found["numba"]["seconds"])
        print(", ".join(f"{side} {of['seconds'] * 1e3:.1f} ms" for side, of in found.items()), f"ratio {ratios[-1]:.3f}")
    print(f"median ratio {statistics.median(ratios):.3f}")


if __name__ == "__main__":
    main()
