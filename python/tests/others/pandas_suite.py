"""Runs pandas' own tests of its `eval`, `query` and operators, from the pandas that is installed, with `use_in_pandas` in place of numexpr.

    python tests/others/pandas_suite.py            # fails if another test fails than those in pandas_differs.txt
    python tests/others/pandas_suite.py --list     # print what fails
    python tests/others/pandas_suite.py -n 2       # other options are pytest's (this one needs pytest-xdist)

pandas' tests need hypothesis. A line of pandas_differs.txt is the name of a test, and behind `#` the reason why it is expected to fail.
"""

import argparse
import importlib.util
import os
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml

HERE = pathlib.Path(__file__).parent
TESTS = [
    "computation",
    "frame/test_query_eval.py",
    "test_expressions.py",
    "arithmetic/test_numeric.py",
    "series/test_arithmetic.py",
    "frame/test_arithmetic.py",
]
# pandas is imported where there is no numexpr, and then told to use this package. The tests themselves import numexpr to compare: they get this one.
PLUGIN = """import os, sys, types
sys.modules["numexpr"] = None
from pandas.core.computation import check, expressions
assert not check.NUMEXPR_INSTALLED and not expressions.USE_NUMEXPR
import tilexpr
from tilexpr import _pandas

calls, evaluate = 0, _pandas._evaluate

def counted(*args, **kwargs):
    global calls
    calls += 1
    return evaluate(*args, **kwargs)

_pandas._evaluate = counted
tilexpr.use_in_pandas()
numexpr = sys.modules["numexpr"] = types.ModuleType("numexpr")
numexpr.evaluate, numexpr.__version__ = tilexpr.evaluate, "2.14.2"

def pytest_sessionfinish():
    with open(os.path.join(os.path.dirname(__file__), f"calls-{os.getpid()}"), "w") as file:
        file.write(str(calls))
"""


def run(folder, options):
    """The names of tests that fail, how many have run, and how often they have called this package."""
    folder = pathlib.Path(folder)
    (folder / "tilexpr_in_pandas.py").write_text(PLUGIN)
    paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(paths), PYTHONDONTWRITEBYTECODE="1")
    tests = pathlib.Path(importlib.util.find_spec("pandas").origin).parent / "tests"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tilexpr_in_pandas", "-p", "no:cacheprovider", "--tb=short", "--durations=0",
               "--junitxml", str(folder / "report.xml"), *options, *(str(tests / name) for name in TESTS)]  # fmt: skip
    with open(folder / "log", "w") as log:
        subprocess.run(command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT)
    if not (folder / "report.xml").exists():
        sys.exit((folder / "log").read_text()[-3000:])
    cases = list(xml.parse(folder / "report.xml").iter("testcase"))
    whys = {_name(case): next((why for why in (case.find("failure"), case.find("error")) if why is not None), None) for case in cases}
    failed = {test: " ".join(why.get("message", "").split()) for test, why in whys.items() if why is not None}
    skipped = sum(case.find("skipped") is not None for case in cases)
    return failed, len(cases) - skipped, sum(int(file.read_text()) for file in folder.glob("calls-*"))


def _name(case):
    """`frame.test_query_eval.TestClass::test[parameters]`: without what stands before pandas' folder of tests."""
    return (".".join(case.get("classname", "").partition("tests.")[2:]) or case.get("classname")) + "::" + case.get("name")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="print what fails, with the beginning of why")
    given, options = parser.parse_known_args()
    lines = (HERE / "pandas_differs.txt").read_text().splitlines()
    expected = {line.split(" #")[0].strip() for line in lines if not line.startswith("#")} - {""}
    with tempfile.TemporaryDirectory() as folder:
        failed, count, calls = run(folder, options)
    if given.list:
        for test, why in sorted(failed.items()):
            print(test, "#", why[:200])
    unexpected, mended = sorted(set(failed) - expected), sorted(expected - set(failed))
    print(f"{count} tests of pandas: {count - len(failed)} pass, {len(failed)} fail, {len(expected)} were expected to; {calls} calls of tilexpr")
    for test in unexpected:
        print("fails, unexpectedly:", test, failed[test][:400])
    for test in mended:
        print("passes now, take it off the list:", test)
    return 1 if unexpected or mended or count < 11000 or calls < 5000 else 0


if __name__ == "__main__":
    sys.exit(main())
