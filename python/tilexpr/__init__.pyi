from ._errors import (
    ArgumentError as ArgumentError,
    CancelledError as CancelledError,
    CastingError as CastingError,
    ChangedTypeError as ChangedTypeError,
    DTypeError as DTypeError,
    Error as Error,
    ExpressionError as ExpressionError,
    LimitError as LimitError,
    OperandError as OperandError,
    RangeError as RangeError,
    TooLargeError as TooLargeError,
    UnknownNameError as UnknownNameError,
)
from ._expression import Explanation as Explanation, Expression as Expression, compile as compile
from ._jit import JitError as JitError, jit as jit
from ._native import (
    Prepared as Prepared,
    State as State,
    evaluate as evaluate,
    get_num_threads as get_num_threads,
    re_evaluate as re_evaluate,
    validate as validate,
)
from ._pandas import use_in_pandas as use_in_pandas
from ._pandas_engine import PandasEngine as PandasEngine
from ._sympy import from_sympy as from_sympy
from ._threads import detect_number_of_cores as detect_number_of_cores, set_num_threads as set_num_threads
from .expressions import E as E
from .necompiler import NumExpr as NumExpr, disassemble as disassemble
from .utils import (
    detect_number_of_threads as detect_number_of_threads,
    get_vml_num_threads as get_vml_num_threads,
    get_vml_version as get_vml_version,
    set_vml_accuracy_mode as set_vml_accuracy_mode,
    set_vml_num_threads as set_vml_num_threads,
)

__version__: str
MAX_THREADS: int
ncores: int
nthreads: int
use_vml: bool

def print_versions() -> None: ...
