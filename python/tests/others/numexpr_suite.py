"""Runs numexpr's own tests against this package: from its source distribution, which is fetched, and not kept.

    python tests/others/numexpr_suite.py            # fetch and run; fails if another test fails than those in numexpr_differs.txt
    python tests/others/numexpr_suite.py --list     # print what fails

A line of numexpr_differs.txt is the name of a test, and behind `#` the reason why it is expected to fail.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import xml.etree.ElementTree as xml

HERE = pathlib.Path(__file__).parent
VERSION = "2.14.2"
STUB = """import sys
import tilexpr
import tilexpr.cpuinfo, tilexpr.expressions, tilexpr.necompiler, tilexpr.utils
for name in ("", ".cpuinfo", ".expressions", ".necompiler", ".utils"):
    sys.modules["numexpr" + name] = sys.modules["tilexpr" + name]
"""


def fetch(folder):
    """The file of tests."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "numexpr", "-d", folder]
    subprocess.run([*command, f"numexpr=={VERSION}"], check=True)
    with tarfile.open(next(pathlib.Path(folder).glob("numexpr-*.tar.gz"))) as archive:
        return archive.extractfile(f"numexpr-{VERSION}/numexpr/tests/test_numexpr.py").read()


def run(folder, text, options):
    """The names of tests that fail, and how many there are."""
    folder = pathlib.Path(folder)
    (folder / "stub" / "numexpr").mkdir(parents=True)
    (folder / "stub" / "numexpr" / "__init__.py").write_text(STUB)
    (folder / "test_numexpr.py").write_bytes(text)
    (folder / "conftest.py").write_text("def pytest_configure(config):\n    config.addinivalue_line('markers', 'thread_unsafe: not in parallel')\n")
    paths = [str(folder / "stub"), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(paths), PYTHONDONTWRITEBYTECODE="1")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml", str(folder / "report.xml"), *options]
    with open(folder / "log", "w") as log:
        subprocess.run([*command, "test_numexpr.py"], cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT)
    cases = list(xml.parse(folder / "report.xml").iter("testcase"))
    name = lambda case: case.get("classname", "").removeprefix("test_numexpr").lstrip(".") + "::" + case.get("name")  # noqa: E731
    failed = {name(case): (case.find("failure") if case.find("failure") is not None else case.find("error")) for case in cases}
    return {test: why.get("message", "").splitlines()[:1] for test, why in failed.items() if why is not None}, len(cases)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="print what fails, with the first line of why")
    parser.add_argument("--sdist", help="a numexpr source distribution that is there already")
    given, options = parser.parse_known_args()
    lines = (HERE / "numexpr_differs.txt").read_text().splitlines()
    expected = {line.split("#")[0].strip() for line in lines} - {""}
    with tempfile.TemporaryDirectory() as folder:
        if given.sdist:
            with tarfile.open(given.sdist) as archive:
                text = archive.extractfile(f"numexpr-{VERSION}/numexpr/tests/test_numexpr.py").read()
        else:
            text = fetch(folder)
        failed, count = run(folder, text, options)
    if given.list:
        for test, why in sorted(failed.items()):
            print(test, "#", *why)
    unexpected, mended = sorted(set(failed) - expected), sorted(expected - set(failed))
    print(f"{count} tests of numexpr {VERSION}: {count - len(failed)} pass, {len(failed)} fail, {len(expected)} were expected to")
    for test in unexpected:
        print("fails, unexpectedly:", test, *failed[test])
    for test in mended:
        print("passes now, take it off the list:", test)
    return 1 if unexpected or mended or count < 6000 else 0


if __name__ == "__main__":
    sys.exit(main())
