"""Array expressions as text, compiled into fused, multi-threaded loops over NumPy arrays.

>>> import numpy as np
>>> import tilexpr as ne
>>> a, b = np.arange(3.0), np.array([4.0, 5.0, 6.0])
>>> ne.evaluate("2*a + 3*b")
array([12., 17., 22.])

`import tilexpr as ne` takes the place of `import numexpr as ne`. Beyond numexpr there are:

- `compile`: an expression as an object, called with arrays by name, several results, prepared calls, `explain`.
- `jit`: a Python function whose body is an expression, compiled from its source.
- `tilexpr.dask.evaluate`: on dask arrays, one fused task a chunk.
- `use_in_pandas`: pandas' `eval`, `query` and operators; and `engine=tilexpr.jit` in its `map` and `apply`.
- `from_sympy`: a SymPy expression.
"""

from . import _threads
from ._errors import (
    ArgumentError,
    CancelledError,
    CastingError,
    ChangedTypeError,
    DTypeError,
    Error,
    ExpressionError,
    LimitError,
    OperandError,
    RangeError,
    TooLargeError,
    UnknownNameError,
)
from ._expression import Explanation, Expression, compile
from ._jit import JitError, jit
from ._native import Prepared, State, evaluate, get_num_threads, re_evaluate, validate
from ._pandas import use_in_pandas
from ._pandas_engine import PandasEngine
from ._sympy import from_sympy
from ._threads import _init_num_threads, detect_number_of_cores, set_num_threads
from .expressions import E
from .necompiler import NumExpr, disassemble
from .utils import (
    detect_number_of_threads,
    get_vml_num_threads,
    get_vml_version,
    set_vml_accuracy_mode,
    set_vml_num_threads,
    use_vml,
)

__version__ = "0.1.0"

ncores = detect_number_of_cores()
nthreads = _init_num_threads()
MAX_THREADS = _threads.MAX_THREADS

# numexpr's blocks are of so many elements; tiles are of as many as the caches like.
__BLOCK_SIZE1__ = 1024


def print_versions():
    """Prints the versions of what this package builds on, and the number of threads."""
    import platform

    import numpy

    print(f"tilexpr {__version__}, NumPy {numpy.__version__}, Python {platform.python_version()}, {platform.platform()}")
    print(f"{get_num_threads()} threads, {ncores} cores")


__all__ = [
    "ArgumentError",
    "CancelledError",
    "CastingError",
    "ChangedTypeError",
    "DTypeError",
    "E",
    "Error",
    "Explanation",
    "Expression",
    "ExpressionError",
    "LimitError",
    "MAX_THREADS",
    "NumExpr",
    "JitError",
    "OperandError",
    "PandasEngine",
    "Prepared",
    "RangeError",
    "State",
    "TooLargeError",
    "UnknownNameError",
    "compile",
    "detect_number_of_cores",
    "detect_number_of_threads",
    "disassemble",
    "evaluate",
    "from_sympy",
    "get_num_threads",
    "get_vml_num_threads",
    "get_vml_version",
    "jit",
    "print_versions",
    "re_evaluate",
    "set_num_threads",
    "set_vml_accuracy_mode",
    "set_vml_num_threads",
    "use_in_pandas",
    "use_vml",
    "validate",
]
