"""Expressions as objects, and how they show how they are computed."""

from . import _native


def compile(text, *, order="K", casting="same_kind", accuracy="high", relaxed=None):
    """Compiles an expression, to be called with arrays by name.

    Parameters
    ----------
    text : str
        The expression; several of them, separated by commas, give a tuple of results; statements (`t = a*b; t + 1`) and functions
        (`f(x) = x*exp(-x); f(a)`) may come before it.
    order : {'K', 'C', 'F', 'A'}
        How new results lie in memory.
    casting : {'same_kind', 'safe', 'no', 'equiv', 'unsafe'}
        Which conversions a result may take on its way into `out`.
    accuracy : {'high', 'low'}
        'high': functions are within 1 ulp; 'low': within 4, where that is faster.
    relaxed : {None, 'contract', 'library'}
        'contract': `a*b + c`, and each step of `sum(a*b)`, round once; the same bits on any machine. 'library': a large product of matrices
        in index notation may also be done by a library, whose bits depend on the machine and the threads.

    >>> import numpy as np, tilexpr
    >>> f = tilexpr.compile("sqrt(x*x + y*y), x < y")
    >>> f.names
    ['x', 'y']
    >>> f(x=np.array([3.0, 5.0]), y=np.array([4.0, 12.0]))
    (array([ 5., 13.]), array([ True,  True]))
    """
    return Expression(text, order=order, casting=casting, accuracy=accuracy, relaxed=relaxed)


class Expression(_native.Expression):
    """An expression, compiled; made by `compile`. Safe to call from many threads at once; it can be pickled."""

    __slots__ = ()

    def explain(self, **arrays):
        """How the expression is computed for these arrays: passes over memory, bytes, operations, machine code.

        >>> import numpy as np, tilexpr
        >>> explained = tilexpr.compile("a*2 + 1").explain(a=np.arange(10.0))  # print it
        >>> [(stage["elements"], stage["operations"]) for stage in explained.stages]
        [(10, 2)]
        """
        return Explanation(self.text, *self._explain(**arrays))


def _make(text, options):
    order, casting, accuracy, relaxed = options
    return Expression(text, order=order, casting=casting, accuracy=accuracy, relaxed=relaxed)


class Explanation:
    """How an expression is computed: `str` is the text of it, `stages` has a dictionary for each pass over memory, and a notebook shows a table with
    the time that bytes and operations take side by side."""

    def __init__(self, text, explanation, stages):
        self.text, self.stages, self._explanation = text, stages, explanation

    def __str__(self):
        return self._explanation

    def __repr__(self):
        return self._explanation

    def _repr_html_(self):
        import html

        most = max((max(_bytes(s), s["operations"] * s["elements"]) for s in self.stages), default=1) or 1
        rows = "".join(_row(at, stage, most) for at, stage in enumerate(self.stages))
        head = "<tr><th>pass</th><th>elements</th><th>run by</th><th>bytes moved / operations</th><th>estimate</th><th>why it is slow</th></tr>"
        nest = html.escape(self._explanation.split("\nkernel of stage")[0])
        return (
            f"<p><code>{html.escape(self.text)}</code></p><table>{head}{rows}</table>"
            f"<details><summary>loops</summary><pre>{nest}</pre></details>"
            f"<details><summary>kernels and machine code</summary><pre>{html.escape(self._explanation[len(nest) :])}</pre></details>"
        )


def _bytes(stage):
    return stage["bytes"] * stage["elements"]


def _row(at, stage, most):
    import html

    bytes, operations = _bytes(stage), stage["operations"] * stage["elements"]
    bars = "".join(
        f'<div style="background:{colour};width:{max(2, round(180 * amount / most))}px;height:8px" title="{amount:.3g} {what}"></div>'
        for amount, colour, what in ((bytes, "#4477aa", "bytes"), (operations, "#ee9944", "operations"))
    )
    by = ("machine code" if stage["native"] else "interpreter") + f", {stage['threads']} thread" + "s" * (stage["threads"] != 1)
    bound = "memory" if stage["memory_bound"] else "arithmetic"
    time = f"{stage['nanoseconds'] / 1e3:.3g} µs ({bound})"
    slow = "<br>".join(html.escape(reason) for reason in stage["slow"])
    return f"<tr><td>{at}</td><td>{stage['elements']:,}</td><td>{by}</td><td>{bars}</td><td>{time}</td><td>{slow}</td></tr>"
