"""Minimax polynomials and rational functions, by Remez' exchange (needs mpmath)."""
import mpmath as mp


def _solve(f, w, points, n, m, q, e):
    """Coefficients with equal, alternating weighted errors at the points, and that error, by Newton's method from q and e:
    p(x) - (f(x) - s e/w(x)) q(x) = 0 with q(0) = 1."""
    for _ in range(1 if m == 0 else 30):
        rows, right = [], []
        for k, x in enumerate(points):
            s = (-1) ** k / w(x)
            near = f(x) - s * e
            rows.append([x**i for i in range(n + 1)] + [-near * x**j for j in range(1, m + 1)] + [s * mp.polyval(q[::-1], x)])
            right.append(near)
        c = list(mp.lu_solve(mp.matrix(rows), mp.matrix(right)))
        q, e = [mp.mpf(1)] + c[n + 1 : n + 1 + m], e + c[-1]
        if abs(c[-1]) < abs(e) * mp.mpf(2) ** -30:
            break
    return c[: n + 1], q, e


def minimax(f, lo, hi, n, w=None, m=0, grid=24, rounds=12):
    """The polynomial of degree n (or the quotient of degrees n and m) nearest to f on [lo, hi].

    w(x) is the weight of the error, 1/f(x) if it is not given (relative error). Returns (numerator, denominator, error)."""
    lo, hi = mp.mpf(lo), mp.mpf(hi)
    values = {}

    def g(x):
        if x not in values:
            values[x] = mp.mpf(f(x))
        return values[x]

    weight = (lambda x: 1 / g(x)) if w is None else w
    count = n + m + 2
    at = lambda u: (lo + hi) / 2 - (hi - lo) / 2 * mp.cos(mp.pi * u)
    dense = [at(mp.mpf(k) / (grid * count)) for k in range(grid * count + 1)]
    # To begin with: interpolation between zeros as those of a Chebyshev polynomial.
    zeros = [at((k + mp.mpf(1) / 2) / (count - 1)) for k in range(count - 1)]
    rows = [[x**i for i in range(n + 1)] + [-g(x) * x**j for j in range(1, m + 1)] for x in zeros]
    c = list(mp.lu_solve(mp.matrix(rows), mp.matrix([g(x) for x in zeros])))
    p, q, e = c[: n + 1], [mp.mpf(1)] + c[n + 1 :], None
    for _ in range(rounds):
        if e is not None:
            p, q, e = _solve(g, weight, points, n, m, q, e)
        error = lambda x: (mp.polyval(p[::-1], x) / mp.polyval(q[::-1], x) - g(x)) * weight(x)
        errors = [error(x) for x in dense]
        # The extrema: in each run of one sign, the greatest.
        best = []
        for x, v in zip(dense, errors):
            if best and (best[-1][1] > 0) == (v > 0):
                if abs(v) > abs(best[-1][1]):
                    best[-1] = (x, v)
            else:
                best.append((x, v))
        while len(best) > count:
            best.pop(0 if abs(best[0][1]) < abs(best[-1][1]) else -1)
        worst = max(abs(v) for v in errors)
        if len(best) < count:
            return p, q, worst
        points = [x for x, _ in best]
        if worst < min(abs(v) for _, v in best) * 1.02:
            break
        # The sign of e is that of q f - p at the first point.
        e = mp.fsum(abs(v) for _, v in best) / count * (-1 if best[0][1] > 0 else 1) if e is None else e
    return p, q, worst
