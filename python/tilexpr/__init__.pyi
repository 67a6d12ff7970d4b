from ._errors import (
    ArgumentError as ArgumentError,
)
from ._errors import (
    CancelledError as CancelledError,
)
from ._errors import (
    CastingError as CastingError,
)
from ._errors import (
    ChangedTypeError as ChangedTypeError,
)
from ._errors import (
    DTypeError as DTypeError,
)
from ._errors import (
    Error as Error,
)
from ._errors import (
    ExpressionError as ExpressionError,
)
from ._errors import (
    LimitError as LimitError,
)
from ._errors import (
    OperandError as OperandError,
)
from ._errors import (
    RangeError as RangeError,
)
from ._errors import (
    TooLargeError as TooLargeError,
)
from ._errors import (
    UnknownNameError as UnknownNameError,
)
from ._expression import Explanation as Explanation
from ._expression import Expression as Expression
from ._expression import compile as compile
from ._jit import JitError as JitError
from ._jit import jit as jit
from ._native import (
    Prepared as Prepared,
)
from ._native import (
    State as State,
)
from ._native import (
    evaluate as evaluate,
)
from ._native import (
    get_num_threads as get_num_threads,
)
from ._native import (
    re_evaluate as re_evaluate,
)
from ._native import (
    validate as validate,
)
from ._pandas import use_in_pandas as use_in_pandas
from ._pandas_engine import PandasEngine as PandasEngine
from ._sympy import from_sympy as from_sympy
from ._threads import detect_number_of_cores as detect_number_of_cores
from ._threads import set_num_threads as set_num_threads
from .expressions import E as E
from .necompiler import NumExpr as NumExpr
from .necompiler import disassemble as disassemble
from .utils import (
    detect_number_of_threads as detect_number_of_threads,
)
from .utils import (
    get_vml_num_threads as get_vml_num_threads,
)
from .utils import (
    get_vml_version as get_vml_version,
)
from .utils import (
    set_vml_accuracy_mode as set_vml_accuracy_mode,
)
from .utils import (
    set_vml_num_threads as set_vml_num_threads,
)

__version__: str
MAX_THREADS: int
ncores: int
nthreads: int
use_vml: bool

def print_versions() -> None: ...
