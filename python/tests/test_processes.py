"""Processes, threads and signals: forks after parallel calls, one object on many threads, keys that interrupt."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import tilexpr as ne

needs_fork = pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")
needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT here")

# So many that calls go by way of another thread, which a child has not.
SIZE = 3_000_000


def _sum(seed):
    a = np.random.default_rng(seed).standard_normal(SIZE)
    return ne.evaluate("sum(sin(a)*a)", {"a": a}).item()


def _sum_in_a_child(seed):
    with multiprocessing.get_context("fork").Pool(1) as pool:
        return pool.apply(_sum, (seed,))


@needs_fork
def test_fork_after_a_parallel_call():
    want = [_sum(seed) for seed in range(6)]
    with multiprocessing.get_context("fork").Pool(3) as pool:
        assert pool.map_async(_sum, range(6)).get(timeout=60) == want
    # The parent goes on as before, and forks again.
    assert _sum(0) == want[0]
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply_async(_sum, (1,)).get(timeout=60) == want[1]


@needs_fork
def test_children_of_children():
    want = _sum(0)
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    # (A worker of a pool may have no children; a process may.)
    child = context.Process(target=lambda: queue.put(_sum_in_a_child(0)))
    child.start()
    assert queue.get(timeout=60) == want
    child.join()


@needs_fork
def test_fork_with_what_was_made_before():
    a, out = np.arange(float(SIZE)), np.empty(SIZE)
    f, call = ne.compile("sin(a)*2"), ne.compile("sin(a)*2").prepare(a=a, out=out)
    want = f(a=a).tobytes()
    pid = os.fork()
    if not pid:
        # Nothing of the parent's may run at the end of the child: neither its tests nor what waits for its exit.
        os._exit(0 if f(a=a).tobytes() == want and call().tobytes() == want else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def on_threads(count, work):
    """Runs `work(at)` on so many threads at once, and raises what one has raised."""
    start = threading.Barrier(count)

    def run(at):
        start.wait()
        work(at)

    with ThreadPoolExecutor(count) as pool:
        list(pool.map(run, range(count)))


def test_one_expression_on_eight_threads():
    f = ne.compile("a*k + sum(a, axis=-1, keepdims=True), max(a)")
    rng = np.random.default_rng(0)
    # Types and shapes that the expression has not seen, at the same time.
    arrays = [rng.standard_normal((1 + at, 5_000 * (1 + at % 3))).astype("f4" if at % 2 else "f8") for at in range(8)]

    def work(at):
        want = ne.compile("a*k + sum(a, axis=-1, keepdims=True), max(a)")(a=arrays[at].copy(), k=at)
        for _ in range(20):
            got = f(a=arrays[at], k=at)
            assert all(np.asarray(x).tobytes() == np.asarray(y).tobytes() for x, y in zip(got, want))

    on_threads(8, work)


def test_one_text_on_eight_threads():
    def work(at):
        a = np.full(10_000 * (1 + at), float(at))
        for round in range(20):
            assert (ne.evaluate("a*2 + round") == 2 * at + round).all()
            a[:] = at
            assert (ne.re_evaluate() == 2 * at + round).all()

    on_threads(8, work)


def test_one_prepared_call_on_eight_threads():
    a, out = np.arange(100_000.0), np.empty(100_000)
    call = ne.compile("a*2 + 1").prepare(a=a, out=out)
    on_threads(8, lambda at: [call() for _ in range(20)])
    np.testing.assert_array_equal(out, a * 2 + 1)


def test_threads_are_set_while_others_compute():
    a = np.random.default_rng(0).standard_normal(300_000)
    want, before = ne.evaluate("sum(a*a)"), ne.get_num_threads()

    def work(at):
        for round in range(20):
            if at < 2:
                ne.set_num_threads(1 + (round + at) % 3)
            assert ne.evaluate("sum(a*a)", {"a": a}) == want

    try:
        on_threads(8, work)
    finally:
        ne.set_num_threads(before)


SINES = "'+'.join(f'sin(a*{i})' for i in range(60))"
LONG = {
    "elementwise": ("a = np.ones(60_000_000)", f"ne.evaluate({SINES})"),
    "reduction": ("a = np.ones(60_000_000)", f"ne.evaluate('sum(' + {SINES} + ')')"),
    "small arrays that broadcast": (
        "x, y = np.ones((20_000, 1, 64)), np.ones((1, 20_000, 64))",
        "ne.evaluate('sum(sqrt(sum((x - y)**2, axis=-1)))')",
    ),
    "compiled and called": ("a = np.ones(10_000_000)", f"[ne.evaluate({SINES} + f' + {{i}}') for i in range(100)]"),
    "compiled": ("a = np.ones(8)", f"[ne.evaluate({SINES} + f' + {{i}}') for i in range(1_000_000)]"),
    "prepared": ("a = np.ones(60_000_000); f = ne.compile('1')", f"ne.compile({SINES}).prepare(a=a, out=np.empty_like(a))()"),
    "part": ("a = np.ones(60_000_000)", f"ne.compile('sum(' + {SINES} + ')').partial(0, a.size, a=a)"),
    "one costly function": ("a = np.full(5_000_000, 0.3 + 1j)", "[ne.evaluate('a**a') for _ in range(1000)]"),
}
CHILD = """
import time, numpy as np, tilexpr as ne
{before}
print("ready", flush=True)
try:
    {call}
    print("it ran to its end", flush=True)
except KeyboardInterrupt:
    print(time.time(), flush=True)
    raise
"""


@needs_signals
@pytest.mark.parametrize("case", LONG)
def test_a_key_interrupts(case):
    before, call = LONG[case]
    text = CHILD.format(before=before, call=call)
    child = subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "ready\n"
    time.sleep(0.4)
    sent = time.time()
    child.send_signal(signal.SIGINT)
    said, errors = child.communicate(timeout=120)
    ended = time.time()
    assert child.returncode == -signal.SIGINT and "KeyboardInterrupt" in errors, (said, errors)
    # How soon is for a machine with nothing else to do: said, not asserted.
    print(f"{case}: raised after {float(said) - sent:.3f} s, the process ended after {ended - sent:.3f} s")


@needs_signals
def test_after_an_interrupt_calls_work():
    a = np.ones(4_000_000)
    text = "+".join(f"sin(a*{i})" for i in range(60))
    timer = threading.Timer(0.2, signal.raise_signal, [signal.SIGINT])
    f = ne.compile(f"sum({text})")
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        for _ in range(1000):
            f(a=a)
    timer.join()
    small = a[:1000]
    np.testing.assert_allclose(f(a=small), sum(np.sin(small * i).sum() for i in range(60)))
    assert f(a=a) == f(a=a)


def test_that_arrays_must_not_change_during_a_call_is_documented():
    assert "written to, nor resized, by another thread" in ne.evaluate.__doc__
