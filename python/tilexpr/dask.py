"""Expressions over dask arrays: one fused task a chunk, lazily, on whatever cluster dask runs on.

Not imported by `import tilexpr`: `import tilexpr.dask` needs dask.

- A text whose results are computed chunk by chunk (elementwise, or reductions and scans along axes that lie within one chunk each) becomes one task a
  chunk, fused with what makes the chunks.
- A text of reductions over all axes (`sum(a*b), max(a)`) becomes one task a chunk, which gives a partial state, and a tree of tasks that merge
  those. The results have the bits of one `tilexpr.evaluate` on the whole as NumPy arrays, however the array is cut and wherever its chunks are computed.
- Expressions travel as text; a worker compiles each once.

A worker of a cluster that dask starts computes each task with one thread (dask sets `OMP_NUM_THREADS=1` there); elsewhere tasks share the threads of the
process (`tilexpr.set_num_threads`).

xarray goes by `apply_ufunc`, which calls a function of NumPy arrays for each chunk:

>>> import numpy as np, xarray as xr, tilexpr
>>> x = xr.DataArray(np.arange(6.0).reshape(2, 3), dims=("time", "place")).chunk({"time": 1})
>>> y = xr.apply_ufunc(lambda a: tilexpr.evaluate("2*a + 1", {"a": a}), x, dask="parallelized", output_dtypes=[float])
>>> y.sum().compute().item()
36.0
"""

import functools
import itertools
import math
import numbers
import operator
import warnings
from typing import Any

import dask.array as da
import numpy as np
from dask.array.core import PerformanceWarning, unify_chunks
from dask.base import is_dask_collection, normalize_token, tokenize
from dask.highlevelgraph import HighLevelGraph
from dask.layers import ArrayValuesDep

from ._errors import ArgumentError, make
from ._exchange import as_array
from ._expression import Expression

__all__ = ["evaluate"]

# Partial states are of whole blocks of so many elements.
_BLOCK = 512
# So many states are merged by one task.
_FAN_IN = 16


def evaluate(expression: str | Expression, /, **arrays: Any) -> Any:
    """Evaluates an expression over dask arrays, lazily: gives a dask array, or a tuple of them where there are several results.

    Parameters
    ----------
    expression : str or tilexpr.Expression
        As for `tilexpr.compile`.
    **arrays
        For each name a dask array, an array of NumPy's (or whatever `tilexpr.evaluate` takes), or a number. They broadcast; chunks are aligned as dask does it.

    >>> import dask.array as da, tilexpr.dask
    >>> a = da.arange(10_000, chunks=4096, dtype=float)
    >>> y = tilexpr.dask.evaluate("sqrt(a)*k", a=a, k=2)
    >>> y.chunks, y.dtype
    (((4096, 4096, 1808),), dtype('float64'))
    >>> low, total = tilexpr.dask.evaluate("min(a), sum(a)", a=a)
    >>> total.compute().item()
    49995000.0

    What needs all chunks before the first can be computed is written in steps, of which nothing is computed until it is asked for:

    >>> mean = tilexpr.dask.evaluate("sum(a)", a=a)/a.size
    >>> tilexpr.dask.evaluate("sum((a - mean)**2)/n", a=a, mean=mean, n=a.size)
    Traceback (most recent call last):
    ...
    tilexpr._errors.ArgumentError: the expression needs all chunks of `a` at once: this result is no reduction, so a part of an array says nothing of it
        sum((a - mean)**2)/n
        ^^^^^^^^^^^^^^^^^^^^
    help: write reductions over all chunks alone, and what is computed of them as a step of its own: `s = tilexpr.dask.evaluate("sum(a)", a=a)`, then `tilexpr.dask.evaluate("a - s/n", a=a, s=s, n=a.size)`; or put the array into one chunk: `a.rechunk(-1)`
    >>> (tilexpr.dask.evaluate("sum((a - mean)**2)", a=a, mean=mean)/a.size).compute().item()
    8333333.25

    Chunks for reductions over all axes are runs of elements in C order: cut along axis 0 alone, at multiples of 512 elements; best are 2^k times 512 elements. Others are
    cut anew, which a `dask.array.PerformanceWarning` says, and which chunks to use.

    Errors in types, shapes and names are raised by this call, not when chunks are computed. Sizes of chunks must be known (`compute_chunk_sizes`).
    """
    if not isinstance(expression, Expression):
        expression = Expression(expression)
    if "out" in arrays:
        raise TypeError("results are new dask arrays, so there is no `out`; a variable must have another name")
    values = {name: _value(value, name) for name, value in arrays.items()}
    stand_ins = {name: _stand_in(value) for name, value in values.items()}
    outputs = [(np.dtype(dtype), shape) for dtype, shape in expression.outputs(**stand_ins)]
    arguments, results = expression._indices(**stand_ins)
    call = _Call(expression, values)
    # What no result has cannot be cut, too.
    cut = {index for result in results for index in result}
    indices = {name: [index if index in cut else None for index in arguments[name]] for name in call.arrays}
    needed = _needed_whole(call, indices)
    if needed and not any(shape for _, shape in outputs):
        states = _states(call, needed)
        found = _merged(call, states, outputs)
    else:
        if needed:
            _rechunk_whole(call, indices, needed, outputs, results)
        found = _chunkwise(call, indices, results, outputs, warn=not needed)
    return found[0] if len(found) == 1 else tuple(found)


class _Call:
    """An expression with its arrays, numbers, and the token that names what is computed of them."""

    def __init__(self, expression, values):
        self.expression = expression
        self.arrays = {name: value for name, value in values.items() if isinstance(value, da.Array)}
        self.numbers = {name: value for name, value in values.items() if name not in self.arrays}
        self.token = tokenize(expression, {name: array.name for name, array in self.arrays.items()}, self.numbers)

    def align(self, symbols, warn):
        """Cuts arrays alike along axes of the same symbol; gives the chunks for each symbol."""
        pairs = [part for name, array in self.arrays.items() for part in (array, symbols[name])]
        chunks, aligned = unify_chunks(*pairs, warn=False)
        aligned = dict(zip(self.arrays, aligned))
        anew = [name for name, array in self.arrays.items() if array.npartitions > 1 and array.chunks != aligned[name].chunks]
        if anew and warn:
            named = ", ".join(f"`{name}`" for name in anew)
            cause = f"chunks of {named} do not fit to those of the other arrays: they are cut anew, which is slower; "
            largest = max(aligned.values(), key=lambda array: array.npartitions)
            warnings.warn(f"{cause}cut all arrays alike beforehand, as by `rechunk({largest.chunksize})`", PerformanceWarning, stacklevel=4)
        self.arrays = aligned
        return chunks


def _value(value, name):
    """A dask array, or a number with its type."""
    if isinstance(value, da.Array):
        if any(math.isnan(length) for length in value.shape):
            help = f"call `{name}.compute_chunk_sizes()` first"
            raise make("value", f"the sizes of the chunks of `{name}` are not known", {"argument": name, "help": help})
        if np.ma.isMaskedArray(value._meta):
            raise make("dtype", f"`{name}` is a masked array, and masks are not kept", {"argument": name, "help": "fill it first: `da.ma.filled`"})
        return value
    if is_dask_collection(value):
        help = "pass its dask array: `.data` of one of xarray's, `.to_dask_array(lengths=True)` of a column"
        raise make("dtype", f"`{name}` is a {type(value).__name__}, not a dask array", {"argument": name, "help": help})
    if isinstance(value, (numbers.Number, np.generic, np.bool_)):
        return value
    array = value if isinstance(value, np.ndarray) else as_array(value, name)
    if np.ma.isMaskedArray(array):
        raise make("dtype", f"`{name}` is a masked array, and masks are not kept", {"argument": name, "help": "fill it first: `filled`"})
    return da.from_array(array, chunks=-1) if array.ndim else array


def _stand_in(value, length=lambda length: length):
    """An array of the same type and shape that takes no memory."""
    if not isinstance(value, da.Array):
        return value
    dtype = np.dtype("f4") if value.dtype == np.float16 else value.dtype
    return np.broadcast_to(np.zeros((), dtype), tuple(map(length, value.shape)))


def _needed_whole(call, indices):
    """The arrays that are cut along axes that cannot be, and along which."""
    needed = {}
    for name, array in call.arrays.items():
        axes = [axis for axis, index in enumerate(indices[name]) if index is None and array.numblocks[axis] > 1]
        if axes:
            needed[name] = axes
    return needed


# Chunk by chunk.


def _rechunk_whole(call, indices, needed, outputs, results):
    """Puts axes that cannot be cut into one chunk each, if results are cut along others."""
    if not any(index is not None and length > 1 for result, (_, shape) in zip(results, outputs) for index, length in zip(result, shape)):
        raise _at_once(list(needed))
    for name in needed:
        chunks = {axis: -1 if index is None else "auto" for axis, index in enumerate(indices[name])}
        call.arrays[name] = call.arrays[name].rechunk(chunks)
    axes = " and ".join(f"axis {', '.join(map(str, axes))} of `{name}`" for name, axes in needed.items())
    advice = "; ".join(f"`{name}.rechunk({call.arrays[name].chunksize})`" for name in needed)
    text = f"the expression needs {axes} in one chunk: cut anew, which is slower; cut so beforehand: {advice}"
    warnings.warn(text, PerformanceWarning, stacklevel=3)


def _at_once(names, cause=None):
    """The error for what needs several chunks at once."""
    text = f"the expression needs all chunks of {', '.join(f'`{name}`' for name in names)} at once"
    one = names[0]
    help = (
        "write reductions over all chunks alone, and what is computed of them as a step of its own: "
        f'`s = tilexpr.dask.evaluate("sum({one})", {one}={one})`, then `tilexpr.dask.evaluate("{one} - s/n", {one}={one}, s=s, n={one}.size)`; '
        f"or put the array into one chunk: `{one}.rechunk(-1)`"
    )
    fields = {"argument": one, "help": help}
    if cause is not None:
        text += f": {cause.args[0].splitlines()[0]}"
        fields |= {"text": cause.text, "span": cause.span}
    return make("value", text, fields)


def _chunkwise(call, indices, results, outputs, warn):
    """Results of which each chunk is computed from the chunks at the same place."""
    fresh = itertools.count(1 + max((index for result in results for index in result if index is not None), default=0))
    # An axis that is not cut has a symbol of its own.
    symbols = {name: [next(fresh) if index is None else index for index in indices[name]] for name in call.arrays}
    chunks = call.align(symbols, warn)
    grid = sorted({index for result in results for index in result if index is not None})
    pairs = [part for name, array in call.arrays.items() for part in (array, symbols[name])]
    block = functools.partial(_evaluate, call.expression, list(call.arrays), call.numbers)
    name = f"tilexpr-{call.token}"
    if len(results) == 1:
        [(dtype, shape)], [result] = outputs, results
        out = [next(fresh) if index is None else index for index in result]
        new = {symbol: length for symbol, index, length in zip(out, result, shape) if index is None}
        meta = np.empty((0,) * len(shape), dtype)
        return [da.blockwise(block, out, *pairs, new_axes=new, align_arrays=False, dtype=dtype, meta=meta, name=name)]
    # Each task gives a tuple, of which each result takes its part: where a result has no axis that is cut, from the first task along it.
    tuples = da.blockwise(block, grid, *pairs, align_arrays=False, dtype=object, meta=np.empty((0,) * len(grid), object), name=name)
    found = []
    for at, (result, (dtype, shape)) in enumerate(zip(results, outputs)):
        cut = [(length,) if index is None else chunks[index] for index, length in zip(result, shape)]
        layer = {}
        for place in itertools.product(*(range(len(axis)) for axis in cut)):
            of = dict(zip(result, place))
            layer[(f"{name}-{at}", *place)] = (operator.getitem, (name, *(of.get(index, 0) for index in grid)), at)
        found.append(_array(layer, f"{name}-{at}", tuples, cut, dtype))
    return found


def _array(layer, name, of, chunks, dtype):
    graph = HighLevelGraph.from_collections(name, layer, dependencies=[of])
    return da.Array(graph, name, tuple(chunks), meta=np.empty((0,) * len(chunks), dtype))


def _evaluate(expression, names, numbers, *blocks):
    """The task of a chunk."""
    return expression(**dict(zip(names, map(_only, blocks))), **numbers)


def _only(block):
    """The chunk of an array; those of an axis that is not cut come in a list of one."""
    while isinstance(block, list):
        (block,) = block
    return block


# Reductions over all chunks.


def _states(call, needed):
    """The states of all parts, in order: a dask array with one axis."""
    shape = _check_reductions(call, needed)
    symbols, axis, cuts = _cut_in_blocks(call, shape)
    offsets = np.cumsum([0, *cuts[:-1]], dtype=np.int64) * (math.prod(shape) // max(1, sum(cuts)))
    pairs = [part for name, array in call.arrays.items() for part in (array, symbols[name])]
    block = functools.partial(_partial, call.expression, math.prod(shape), list(call.arrays), call.numbers)
    place, name = ArrayValuesDep((cuts,), offsets), f"tilexpr-partial-{call.token}"
    return da.blockwise(block, [axis], place, [axis], *pairs, align_arrays=False, dtype=object, meta=np.empty(0, object), name=name)


def _check_reductions(call, needed):
    """The shape that the reductions run over, if all results are reductions, and over one shape."""

    def partial(length):
        arrays = {name: _stand_in(array, lambda n: 1 if n == 1 else length) for name, array in call.arrays.items()}
        call.expression.partial(0, math.prod(1 if n == 1 else length for n in shape), **arrays, **call.numbers)

    try:
        shape = np.broadcast_shapes(*(array.shape for array in call.arrays.values()))
    except ValueError:
        cause = make("value", "its reductions run over different shapes: evaluate each by itself", {})
        raise _at_once(list(needed), cause) from None
    try:
        partial(0)
    except ArgumentError as cause:
        raise _at_once(list(needed), cause) from None
    try:
        # Over how many elements each runs is the same question for small arrays of as many axes.
        partial(2)
    except ArgumentError as cause:
        # (What is said of a place in the text is of the values, which here are others than those that are computed with.)
        if not cause.span:
            raise _at_once(list(needed), cause) from None
    return shape


def _cut_in_blocks(call, shape):
    """Cuts arrays into runs of whole blocks in C order: gives the symbols of their axes, that of the axis that is cut, and the rows of each part."""
    given = dict(call.arrays)
    largest = max(math.prod(array.chunksize) for array in given.values() if array.npartitions > 1)
    symbols, axis = _of_axes(call, shape)
    row = math.prod(shape[axis + 1 :])
    unit = _BLOCK // math.gcd(_BLOCK, row)
    flat = unit * row > largest and axis + 1 < len(shape) and all(array.shape in ((), shape) for array in given.values())
    if flat:
        # So few rows make no whole blocks: pieces are runs of elements.
        call.arrays = {name: array.reshape(-1) if array.ndim else array for name, array in given.items()}
        shape, row, unit = (math.prod(shape),), 1, _BLOCK
        symbols, axis = _of_axes(call, shape)
    pairs = (part for name, array in call.arrays.items() for part in (array, symbols[name]))
    chunks, aligned = unify_chunks(*pairs, warn=False)
    fits = all(len(chunks[at]) == 1 for at in range(axis + 1, len(shape))) and all(end % unit == 0 for end in np.cumsum(chunks[axis])[:-1])
    if fits:
        aligned = dict(zip(call.arrays, aligned))
    else:
        # The power of two of blocks that is next to what chunks had (of rows that take more than one, at least one row).
        rows = unit << max(0, (largest // max(1, row * unit)).bit_length() - 1)
        aligned = {name: _cut_rows(array, symbols[name], axis, rows) for name, array in call.arrays.items()}
    call.arrays = aligned
    anew = [name for name, array in given.items() if array.npartitions > 1 and array.chunks != aligned[name].chunks]
    if anew and math.prod(shape):
        _warn_of_blocks(anew, aligned, ".reshape(-1)" if flat else "")
    return symbols, axis, next(array.chunks[symbols[name].index(axis)] for name, array in aligned.items() if axis in symbols[name])


def _of_axes(call, shape):
    """Symbols of the axes of arrays that broadcast to a shape, and the first axis that can be cut."""
    rank, fresh = len(shape), itertools.count(len(shape))
    axes = {name: range(rank - array.ndim, rank) for name, array in call.arrays.items()}
    symbols = {name: [next(fresh) if n == 1 else at for at, n in zip(axes[name], array.shape)] for name, array in call.arrays.items()}
    return symbols, next((at for at, length in enumerate(shape) if length != 1), 0)


def _warn_of_blocks(anew, aligned, flat):
    named = ", ".join(f"`{name}`" for name in anew)
    lies = f"chunks of {named} are no runs of whole blocks of {_BLOCK} elements in C order that are the same in all arrays"
    advice = "; ".join(f"`{name}{flat}.rechunk({aligned[name].chunksize})`" for name in anew)
    text = f"{lies}: they are cut anew, so that sums have the bits of one machine, which is slower; cut them so beforehand: {advice}"
    warnings.warn(text, PerformanceWarning, stacklevel=5)


def _cut_rows(array, symbols, axis, rows):
    return array.rechunk(tuple(min(rows, length) or length if symbol == axis else -1 for symbol, length in zip(symbols, array.shape)))


def _partial(expression, total, names, numbers, offset, *blocks):
    """The task of a part."""
    return expression.partial(int(offset), total, **dict(zip(names, map(_only, blocks))), **numbers)


def _merged(call, states, outputs):
    """The results, by a tree of tasks over the states."""
    name = f"tilexpr-merge-{call.token}"
    level, layer = [(states.name, at) for at in range(states.numblocks[0])], {}
    while len(level) > _FAN_IN:
        groups = [level[at : at + _FAN_IN] for at in range(0, len(level), _FAN_IN)]
        level = [(name, len(layer) + at) for at in range(len(groups))]
        layer |= {key: (_merge, group) for key, group in zip(level, groups)}
    if len(outputs) == 1:
        layer[(name,)] = (_finish, level)
        return [_array(layer, name, states, (), outputs[0][0])]
    layer[(name, "results")] = (_finish, level)
    graph = HighLevelGraph.from_collections(name, layer, dependencies=[states])
    found = []
    for at, (dtype, _) in enumerate(outputs):
        part = f"{name}-{at}"
        layers = graph.layers | {part: {(part,): (operator.getitem, (name, "results"), at)}}
        joined = HighLevelGraph(layers, graph.dependencies | {part: {name}})
        found.append(da.Array(joined, part, (), meta=np.empty((), dtype)))
    return found


def _merge(states):
    """The state of neighbouring parts."""
    return functools.reduce(lambda before, later: before.merge(later), states)


def _finish(states):
    """The results of the whole."""
    return _merge(states).finish()


@normalize_token.register(Expression)
def _token(expression):
    return expression.__reduce__()
