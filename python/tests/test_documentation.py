"""The examples in docstrings give what they say, those of the native part among them; the stubs have the names that there are."""

import ast
import doctest
import importlib
import pathlib
import pkgutil

import pytest

import tilexpr

PACKAGE = pathlib.Path(tilexpr.__file__).parent
NATIVE = [tilexpr.evaluate, tilexpr.re_evaluate, tilexpr.validate, tilexpr.Expression.prepare, tilexpr.Expression.partial]
OPTIONAL = {"dask", "_sympy", "_pandas"}


@pytest.mark.parametrize("function", NATIVE, ids=lambda function: function.__name__)
def test_native(function):
    test = doctest.DocTestParser().get_doctest(function.__doc__, {}, function.__name__, None, 0)
    assert test.examples
    runner = doctest.DocTestRunner()
    runner.run(test)
    assert not runner.failures


@pytest.mark.parametrize("name", [module.name for module in pkgutil.iter_modules([str(PACKAGE)]) if module.name != "_native"])
def test_modules(name):
    package = name.lstrip("_").partition("_")[0]
    if package in {"dask", "sympy", "pandas"}:
        pytest.importorskip(package)
    assert not doctest.testmod(importlib.import_module(f"tilexpr.{name}")).failed


def test_everything_public_is_documented():
    for name in tilexpr.__all__:
        value = getattr(tilexpr, name)
        if callable(value):
            assert value.__doc__, name


def test_stubs_have_what_there_is():
    tree = ast.parse((PACKAGE / "__init__.pyi").read_text())
    names = {alias.asname or alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    names |= {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    names |= {node.target.id for node in tree.body if isinstance(node, ast.AnnAssign)}
    assert set(tilexpr.__all__) <= names
