"""pandas: its `eval`, `query` and operators on this package in place of numexpr.

pandas asks for numexpr in three places: a flag that says whether it is there, the engine named 'numexpr', and the module whose `evaluate` its
operators call. These three are exchanged within pandas; the module numexpr, if there is one, stays what it is for everybody else.
"""

import contextlib
import operator
import threading
import types
import warnings

import numpy as np

from . import _native
from ._errors import CancelledError, Error, TooLargeError
from ._threads import detect_number_of_cores, set_num_threads

_lock = threading.Lock()
# What pandas had, (dictionary, key, value), while it uses this package; empty while it does not.
_before = []
_MISSING = object()


def use_in_pandas(on=True):
    """Makes `pandas.eval`, `DataFrame.eval`, `DataFrame.query` and the operators of pandas compute with this package, whether numexpr is installed or not.

    pandas goes on calling the engine 'numexpr' (`engine="numexpr"`, the option `compute.use_numexpr`, which turns it off and on as ever), and
    hands over operators on more than a million elements alone; `%` and `//`, too, which it does not trust to numexpr. What an operator cannot
    compute here NumPy computes, or refuses in its own words, as without an engine.

    Parameters
    ----------
    on : bool
        Whether pandas is to use this package; False goes back to what it used before.

    Returns
    -------
    context manager
        As `with use_in_pandas():` it goes back at the end of the block; otherwise there is no need to keep it.

    >>> import pandas as pd, tilexpr
    >>> df = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [4.0, 0.0, 1.0]})
    >>> with tilexpr.use_in_pandas():
    ...     df.query("a**2 < b + 2", engine="numexpr")
         a    b
    0  1.0  4.0
    """
    modules = _modules()
    with _lock:
        was = bool(_before)
        _set(bool(on), *modules)
    stack = contextlib.ExitStack()
    stack.callback(use_in_pandas, was)
    return stack


def _modules():
    """The modules of pandas that know of numexpr."""
    try:
        with warnings.catch_warnings():
            # What pandas thinks of the version of numexpr that is there.
            warnings.simplefilter("ignore", UserWarning)
            import pandas
            from pandas.core.computation import check, engines, expressions
    except ImportError as error:
        raise ImportError(f"use_in_pandas needs pandas 2.2 or later, which cannot be imported: {error}") from error
    wanted = [(check, "NUMEXPR_INSTALLED"), (engines, "ENGINES"), (engines, "NumExprEngine"), (expressions, "NUMEXPR_INSTALLED"),
              (expressions, "USE_NUMEXPR"), (expressions, "set_use_numexpr"), (expressions, "_op_str_mapping"),
              (engines, "_check_ne_builtin_clash")]  # fmt: skip
    for module, name in wanted:
        if not hasattr(module, name):
            message = f"pandas {pandas.__version__} has no `{module.__name__}.{name}`: use_in_pandas knows pandas 2.2 to 3.1"
            raise RuntimeError(message)
    return check, engines, expressions


def _set(on, check, engines, expressions):
    from pandas import get_option
    from pandas.core import roperator as reversed

    if on == bool(_before):
        return
    if on:
        there = {"NUMEXPR_INSTALLED": True, "NUMEXPR_BLOCKED_VERSION": None}
        _exchange(vars(check), there)
        _exchange(vars(expressions), {**there, "USE_NUMEXPR": True, "ne": _for_operators()})
        _exchange(engines.ENGINES, {"numexpr": _engine(engines)})
        symbols = {operator.mod: "%", reversed.rmod: "%", operator.floordiv: "//", reversed.rfloordiv: "//"}
        _exchange(expressions._op_str_mapping, symbols)
    else:
        while _before:
            owner, key, value = _before.pop()
            if value is _MISSING:
                del owner[key]
            else:
                owner[key] = value
    # Chooses the functions of operators anew.
    expressions.set_use_numexpr(get_option("compute.use_numexpr"))


def _exchange(owner, values):
    for key, value in values.items():
        _before.append((owner, key, owner.get(key, _MISSING)))
        owner[key] = value


def _engine(engines):
    """pandas' engine for texts."""
    from pandas.core.computation.ops import Constant, UnaryOp

    class TilexprEngine(engines.NumExprEngine):
        """Texts that pandas has parsed, and whose arrays it has aligned."""

        # (The method `evaluate`, which aligns, stays pandas': its warnings name the line that called pandas.)
        def _evaluate(self):
            engines._check_ne_builtin_clash(self.expr)
            nodes = _nodes(self.expr.terms)
            # Numbers alone are Python's, as with numexpr: `~True` is -2, and `1/0` an error.
            if all(isinstance(node, Constant) for node in nodes if not hasattr(node, "operands")):
                return np.asarray(self.expr())
            # pandas has a plus before bools, NumPy has not; before numbers it changes nothing.
            for node in nodes:
                if isinstance(node, UnaryOp) and node.op == "+":
                    node.op = ""
            return _evaluate(self.convert(), local_dict=self.expr.env.full_scope, global_dict={}, disable_cache=True)

    return TilexprEngine


def _nodes(root):
    """All nodes of a tree of pandas'. (A loop: trees may be deep.)"""
    nodes = [root]
    for node in nodes:
        nodes.extend(getattr(node, "operands", ()))
    return nodes


# The functions of pandas call this one alone.
_evaluate = _native.evaluate


def _for_operators():
    """What the operators of pandas use of the module numexpr."""
    return types.SimpleNamespace(
        __name__="tilexpr", evaluate=_operator, detect_number_of_cores=detect_number_of_cores, set_num_threads=set_num_threads
    )


def _operator(text, local_dict, casting="safe"):
    """One operator of pandas; a TypeError, upon which pandas asks NumPy, if it cannot be computed here."""
    if " ** " in text:
        text = _power(*text.split(" ** "), local_dict)
    try:
        return _evaluate(text, local_dict=local_dict, global_dict={}, casting=casting, disable_cache=True)
    except (CancelledError, TooLargeError):
        raise
    except Error as error:
        raise TypeError(str(error)) from error


def _power(base, exponent, values):
    """The text of a power: an exponent that stands in it is a few multiplications, or a root."""
    value = values[exponent]
    if type(value) in (int, float) and abs(value) <= 16 and 2 * value == int(2 * value):
        return f"{base} ** {value!r}"
    if np.result_type(values[base], value).kind in "iu":
        raise TypeError("NumPy is faster at integers to the power of integers")
    return f"{base} ** {exponent}"
