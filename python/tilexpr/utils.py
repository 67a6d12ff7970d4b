"""numexpr's functions for threads, and for Intel's VML, which is not used: those do nothing."""

from ._native import get_num_threads
from ._threads import MAX_THREADS, _init_num_threads, detect_number_of_cores, set_num_threads

__all__ = [
    "MAX_THREADS", "_init_num_threads", "detect_number_of_cores", "detect_number_of_threads", "get_num_threads", "get_vml_num_threads",
    "get_vml_version", "set_num_threads", "set_vml_accuracy_mode", "set_vml_num_threads", "use_vml",
]  # fmt: skip

use_vml = False


def detect_number_of_threads():
    """The number of threads that calls run on."""
    return get_num_threads()


def get_vml_version():
    """None: VML is not used."""


def set_vml_accuracy_mode(mode):
    """Checks the mode ('low', 'high', 'fast' or None) and returns None: VML is not used. (`tilexpr.compile` has `accuracy`.)"""
    if mode not in (None, "low", "high", "fast"):
        raise ValueError("mode argument must be one of: None, 'high', 'low', 'fast'")


def set_vml_num_threads(nthreads):
    """Returns None: VML is not used."""


def get_vml_num_threads():
    """Returns None: VML is not used."""
