"""How many threads: numexpr's functions and environment variables, and this package's own."""

import os

from ._native import set_threads

# The most threads that can be asked for.
MAX_THREADS = 64


def detect_number_of_cores():
    """How many CPUs this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def set_num_threads(nthreads):
    """Sets how many threads calls run on, and returns how many it was before.

    >>> import tilexpr
    >>> before = tilexpr.set_num_threads(1)
    >>> tilexpr.set_num_threads(before)
    1
    """
    nthreads = int(nthreads)
    if not 1 <= nthreads <= MAX_THREADS:
        raise ValueError(f"the number of threads must be from 1 to {MAX_THREADS} (got {nthreads})")
    return set_threads(nthreads)


def _init_num_threads():
    """Sets the number of threads that the environment asks for, and returns it.

    The variables are, in this order, `TILEXPR_NUM_THREADS`, `NUMEXPR_NUM_THREADS`, `OMP_NUM_THREADS`; `NUMEXPR_MAX_THREADS` is the most there may be, and
    the number itself if no other variable is set. Without any it is the number of cores.
    """
    global MAX_THREADS
    limit = _number("NUMEXPR_MAX_THREADS")
    if limit:
        MAX_THREADS = limit
    for name in ("TILEXPR_NUM_THREADS", "NUMEXPR_NUM_THREADS", "OMP_NUM_THREADS"):
        number = _number(name)
        if number:
            break
    else:
        number = limit or min(detect_number_of_cores(), 16)
    number = min(number, MAX_THREADS)
    set_threads(number)
    return number


def _number(name):
    text = os.environ.get(name, "").strip()
    if not text:
        return None
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        import logging

        logging.getLogger(__name__).warning("%s is %r, which is no number of threads: not used", name, text)
        return None
    return number
