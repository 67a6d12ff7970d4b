"""The engines: each binds a formula to arrays once, and then is called without arguments.

An engine writes into the array that is given wherever it can, is told the number of threads, and compiles, where it
compiles, before the first timed call. What it cannot do it says by `Skip`. Import this module when the environment has
been set (`bench.py` does).
"""

import ctypes
import os
import subprocess
from importlib.metadata import version
from pathlib import Path

import numpy as np

from translate import function_source, inlined, into_out, translate

DTYPES = {"f64": np.float64, "f32": np.float32, "u8": np.uint8, "i32": np.int32}


class Skip(Exception):
    """Why an engine leaves a formula out."""


class Engine:
    """`bind` gives two functions without arguments: one that evaluates, and one that gives the last result as a NumPy
    array or number. While the first is used, the caller keeps the arrays and the second, for some engines know
    addresses alone."""

    name = ""
    package = ""

    def version(self):
        return version(self.package)

    def bind(self, formula, dtype, arrays, out):
        raise NotImplementedError

    def forget(self):
        """Lets go of what was compiled."""


class Tilexpr(Engine):
    """This library through `capi/`: a bound handle, called with a table of addresses."""

    name = "tilexpr"

    def __init__(self, threads, library):
        if not os.path.exists(library):
            raise ImportError(f"{library} is missing: build benches/peers/capi as README.md says")
        self.shared = ctypes.CDLL(library)
        handle = ctypes.c_void_p
        for function, result, arguments in (
            ("bind", handle, [ctypes.c_char_p, ctypes.c_char_p]),
            ("result", ctypes.c_char_p, [handle]),
            ("call", ctypes.c_int, None),  # Checks of types cost 100 ns a call: `bind` passes what needs none.
            ("error", ctypes.c_char_p, []),
            ("free", None, [handle]),
        ):
            entry = getattr(self.shared, f"tilexpr_{function}")
            entry.restype = result
            if arguments is not None:
                entry.argtypes = arguments
        self.handle = None

    def version(self):
        root = Path(__file__).resolve().parent.parent.parent
        stated = next(line for line in (root / "Cargo.toml").read_text().splitlines() if line.startswith("version"))
        git = ["git", "-C", str(root), "describe", "--always", "--dirty"]
        commit = subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()
        return stated.split('"')[1] + (f" ({commit})" if commit else "")

    def error(self):
        return RuntimeError(self.shared.tilexpr_error().decode())

    def bind(self, formula, dtype, arrays, out):
        self.forget()
        arguments = " ".join(f"{name}:{dtype}" for name in arrays)
        self.handle = self.shared.tilexpr_bind(formula.text.encode(), arguments.encode())
        if not self.handle:
            raise self.error()
        result = self.shared.tilexpr_result(self.handle).decode()
        if formula.reduces:
            out = np.zeros(1, DTYPES[result])
        expected = formula.result_dtype(dtype) + ("" if formula.reduces else "[n]")
        if result != expected:
            raise RuntimeError(f"the result is {result}, not {expected}")
        first = next(iter(arrays.values()))
        addresses = (ctypes.c_void_p * len(arrays))(*(array.ctypes.data for array in arrays.values()))
        handle, n, address = ctypes.c_void_p(self.handle), ctypes.c_size_t(first.size), ctypes.c_void_p(out.ctypes.data)
        call = self.shared.tilexpr_call
        if call(handle, addresses, n, address):
            raise self.error()
        return (lambda: call(handle, addresses, n, address)), lambda: out

    def forget(self):
        self.shared.tilexpr_free(self.handle)
        self.handle = None


class NumPy(Engine):
    name = "NumPy"
    package = "numpy"

    def __init__(self, threads):
        pass

    def bind(self, formula, dtype, arrays, out):
        statements, result = translate(formula.text)
        source = function_source([*arrays, "out"], statements, f"return {into_out(result)}")
        names = {name: getattr(np, name) for name in dir(np) if not name.startswith("_")}
        exec(source, names)
        function, values, found = names["formula"], (*arrays.values(), out), [None]

        def call():
            found[0] = function(*values)

        return call, lambda: found[0]


class Numexpr(Engine):
    """Whole formulas in one expression; statement by statement where that would grow beyond `LONGEST` characters. For
    `f32`, float literals are passed as numbers of that type, unless there are too many: written in the text they are
    doubles, and all is with them."""

    name = "numexpr"
    package = "numexpr"
    LONGEST = 20_000
    MOST_OPERANDS = 60

    def __init__(self, threads):
        import numexpr

        numexpr.set_num_threads(threads)
        self.numexpr = numexpr

    def version(self):
        return super().version() + (" (VML)" if self.numexpr.use_vml else "")

    def compile(self, source, operands):
        """The compiled expression, and its operands in order."""
        double = self.numexpr.necompiler.double
        # What numexpr calls its types: `float` is the one of 32 bits, and small integers are `int_`.
        types = {np.float64: double, np.float32: float, np.uint8: self.numexpr.necompiler.int_}
        code = compile(source, "formula", "eval")
        used = [name for name in operands if name in code.co_names]
        signature = [(name, types[operands[name].dtype.type]) for name in used]
        return self.numexpr.NumExpr(source, signature), [operands[name] for name in used]

    def source(self, formula, dtype, operands):
        """Statements and result; literals that became operands are put there."""
        calls = {
            "clip": "where({0} < {1}, {1}, where({0} > {2}, {2}, {0}))",
            "int32": "({0})",
            "float32": "({0})",
            "uint8": "({0})",
        }
        literals = {}

        def literal(value):
            name = f"literal{len(literals)}"
            literals[name] = np.float32(value)
            return name

        if dtype == "f32":
            source = translate(formula.text, calls, literal, exponents=False)
            if len(operands) + len(literals) <= self.MOST_OPERANDS:
                operands |= literals
                return source
        return translate(formula.text, calls)

    def bind(self, formula, dtype, arrays, out):
        operands = dict(arrays)
        statements, result = self.source(formula, dtype, operands)
        whole = inlined(statements, result, self.LONGEST)
        compiled = []
        for name, source in [("", whole)] if whole else [*statements, ("", result)]:
            expression, values = self.compile(source, operands)
            target = out
            if name:
                target = operands[name] = np.empty_like(out)
            keywords = {} if formula.reduces else {"out": target, "casting": "unsafe"}
            compiled.append((expression, values, {**keywords, "ex_uses_vml": self.numexpr.use_vml}))
        found = [None]

        def call():
            for expression, values, keywords in compiled:
                found[0] = expression(*values, **keywords)

        return call, lambda: found[0]


class Numba(Engine):
    """A loop over elements with `prange`. Sums may be reassociated, as they are elsewhere; nothing else is relaxed."""

    name = "Numba"
    package = "numba"

    def __init__(self, threads):
        import numba

        numba.set_num_threads(threads)
        self.numba = numba
        self.compiled = {}

    def compile(self, formula, dtype, operands):
        import math

        functions = {name: f"math.{name}" for name in ("sin", "cos", "exp", "log", "sqrt", "tanh")}
        functions |= {"arcsin": "math.asin", "arctan2": "math.atan2", "where": "({1} if {0} else {2})"}
        functions |= {"clip": "min(max({0}, {1}), {2})", "sum": "({0})"}
        # A bare literal is a double, or an integer of 64 bits.
        literal = None if dtype == "f64" else lambda value: f"float32({value!r})"
        statements, result = translate(formula.text, functions, literal)
        body = [f"{name} = {name}_[i]" for name in operands] + [f"{name} = {source}" for name, source in statements]
        body.append(f"total += {result}" if formula.reduces else f"out[i] = {result}")
        first = next(iter(operands))
        lines = [
            f"def formula({', '.join(f'{name}_' for name in operands)}, out):",
            " total = zero",
            f" for i in prange({first}_.size):",
            *(f"  {line}" for line in body),
            " return total",
        ]
        if not formula.reduces:
            del lines[1], lines[-1]
        names = {"math": math, "prange": self.numba.prange, "zero": DTYPES[dtype](0)}
        names |= {name: getattr(np, name) for name in ("float32", "int32", "uint8")}
        exec("\n".join(lines), names)
        relaxed = {"reassoc", "nsz"} if formula.reduces else False
        return self.numba.njit(parallel=True, fastmath=relaxed, error_model="numpy")(names["formula"])

    def bind(self, formula, dtype, arrays, out):
        key = (formula.name, dtype)
        if key not in self.compiled:
            self.compiled = {key: self.compile(formula, dtype, arrays)}
        function, values, found = self.compiled[key], (*arrays.values(), out), [None]

        def call():
            found[0] = function(*values)

        call()
        return call, lambda: found[0] if formula.reduces else out


class Jax(Engine):
    """The last result's memory is donated to the next: JAX takes no `out`, and a new array each time costs more."""

    name = "JAX"
    package = "jax"

    def __init__(self, threads):
        import jax

        jax.config.update("jax_enable_x64", True)
        self.jax = jax

    def bind(self, formula, dtype, arrays, out):
        jnp = self.jax.numpy
        statements, result = translate(formula.text)
        names = {name: getattr(jnp, name) for name in dir(jnp) if not name.startswith("_")}
        exec(function_source([*arrays, "out"], statements, f"return {result}"), names)
        values = [jnp.asarray(array) for array in arrays.values()]
        last = [jnp.zeros((), DTYPES[dtype]) if formula.reduces else jnp.asarray(out)]
        function = self.jax.jit(names["formula"], donate_argnums=len(values), keep_unused=True)

        def call():
            last[0] = function(*values, last[0])
            last[0].block_until_ready()

        call()
        return call, lambda: np.asarray(last[0])

    def forget(self):
        self.jax.clear_caches()


class Torch(Engine):
    """`torch.compile` of a function that copies its result into `out`, which the compiler fuses."""

    name = "PyTorch"
    package = "torch"

    def __init__(self, threads):
        import torch

        torch.set_num_threads(threads)
        torch.set_grad_enabled(False)
        self.torch = torch

    def bind(self, formula, dtype, arrays, out):
        torch = self.torch
        functions = {
            "clip": "clamp",
            "arctan2": "atan2",
            "arcsin": "asin",
            "int32": "({0}).to(int32)",
            "float32": "({0}).to(float32)",
            "uint8": "({0}).to(uint8)",
        }
        statements, result = translate(formula.text, functions)
        names = {name: getattr(torch, name) for name in dir(torch) if not name.startswith("_")}
        last = f"return {result}" if formula.reduces else f"out.copy_({result})"
        exec(function_source([*arrays, "out"], statements, last), names)
        function = torch.compile(names["formula"], dynamic=False)
        values = [torch.from_numpy(array) for array in (*arrays.values(), out)]
        found = [None]

        def call():
            found[0] = function(*values)

        call()
        return call, lambda: found[0].numpy() if formula.reduces else out

    def forget(self):
        self.torch._dynamo.reset()


class Symjit(Engine):
    """SymPy's expression, statements as hidden observables. Its own call makes a new array for the result; the
    functions beneath write into `out`. They take matrices of addresses, which cannot be used again (2.28 crashes), so
    each call makes them, of pointers that are made once."""

    name = "symjit"
    package = "symjit"

    def __init__(self, threads):
        import symjit
        import sympy

        with open("/proc/cpuinfo") as info:
            self.wide = "avx512f" in info.read()
        self.symjit, self.sympy = symjit, sympy

    def bind(self, formula, dtype, arrays, out):
        if dtype != "f64":
            raise Skip("has doubles and complex numbers alone")
        if formula.reduces:
            raise Skip("has no sums of arrays")
        sympy = self.sympy
        statements, result = translate(
            formula.text,
            {"where": "Piecewise(({1}, {0}), ({2}, True))", "abs": "Abs", "arcsin": "asin", "arctan2": "atan2"},
        )
        names = {name: getattr(sympy, name) for name in dir(sympy) if not name.startswith("_")}
        names |= {name: sympy.Symbol(name) for name in arrays}
        names |= {name: sympy.Symbol(f"__{name}") for name, _ in statements}
        equations = [eval(source, names) for _, source in [*statements, ("", result)]]
        observed = [*(names[name] for name, _ in statements), sympy.Symbol("result")]
        function = self.symjit.compile_func(
            [names[name] for name in arrays], equations, obs=observed, enable_simd512=self.wide
        )
        pointer = ctypes.POINTER(ctypes.c_double)
        inputs, output = [array.ctypes.data_as(pointer) for array in arrays.values()], out.ctypes.data_as(pointer)
        library, code, size = self.symjit.engine.lib, function.compiler.p, out.size

        def call(keep=function):
            states, results = library.create_matrix(), library.create_matrix()
            for row in inputs:
                library.add_row(states, row, size)
            library.add_row(results, output, size)
            done = library.execute_matrix(code, states, results)
            library.finalize_matrix(states)
            library.finalize_matrix(results)
            return done

        return call, lambda: out


ENGINES = {engine.name.lower(): engine for engine in (Tilexpr, NumPy, Numexpr, Numba, Jax, Torch, Symjit)}
