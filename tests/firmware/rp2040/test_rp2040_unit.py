"""The core's unit tests on the emulated chip, all but what does not fit it."""

import re

import pytest
from emulated import ROOT, RawRepl
from needs import needed

from firmware_tools import compiler, manifests
from firmware_tools.paths import FIRMWARE

UNIT = ROOT / "tests" / "unit"
PACKAGE = FIRMWARE / "microdot"
# Files that are left out here, with the reason; they run on the Unix port.
LEFT_OUT = {
    "test_multipart_parser": "tries every split, for minutes",
    "test_multipart_sizes": "tries every size, for minutes",
    "test_server": "connects to itself, and the board's network has no loopback; test_rp2040_http.py takes its place",
}
NAMES = sorted({path.stem for path in UNIT.glob("test_*.py")} - set(LEFT_OUT))
NOT_FROZEN = sorted({path.stem for path in PACKAGE.glob("*.py")} - set(manifests.modules("all")) - {"_cpython"})

# Tests by file that end in MemoryError on this chip.
DO_NOT_FIT = {}

# The modules that are never frozen lie beside the tests; a frozen package finds them by its path only.
IMPORT_NOT_FROZEN = """
import microdot
for name in {frozen}:
    __import__("microdot." + name)
microdot.__path__, path = "/tests/microdot", microdot.__path__
for name in {others}:
    __import__("microdot." + name)
microdot.__path__ = path
"""


@pytest.fixture(scope="module")
def chip(board, tmp_path_factory, note):
    """The raw REPL of a board whose flash holds the compiled tests, assertions included, and their runner."""
    folder = tmp_path_factory.mktemp("unit")
    with needed():
        for path in [*UNIT.glob("*.py"), ROOT / "tests" / "micropython" / "runner.py"]:
            compiler.compile_file(path, folder / f"{path.stem}.mpy", path.name, optimisation=0)
        for name in NOT_FROZEN:
            compiler.compile_file(PACKAGE / f"{name}.py", folder / "microdot" / f"{name}.mpy", f"microdot/{name}.py")
    omitted = sorted(test for tests in DO_NOT_FIT.values() for test in tests)
    note("unit tests that do not fit", ", ".join(omitted) or "none")
    for name in sorted(LEFT_OUT):
        note("unit test file left out", name + ": " + LEFT_OUT[name])
    with RawRepl(board) as repl:
        repl.run("import os\nos.mkdir('/tests')\nos.mkdir('/tests/microdot')")
        for path in sorted(folder.rglob("*.mpy")):
            repl.write_file(f"/tests/{path.relative_to(folder).as_posix()}", path.read_bytes())
        yield repl


def program(name):
    """Return what runs one file of unit tests."""
    run = f"import runner\nrunner.main(['{name}'])\n"
    if "test_client" in (UNIT / f"{name}.py").read_text():
        imported = set().union(*(manifests.imports(module) for module in NOT_FROZEN))
        run = IMPORT_NOT_FROZEN.format(frozen=sorted(imported - set(NOT_FROZEN)), others=NOT_FROZEN) + run
    return "import sys\nsys.path.append('/tests')\n" + run


@pytest.mark.parametrize("name", NAMES)
def test_unit_tests(chip, name):
    chip.restart()
    printed, error = chip.execute(program(name))
    assert not error, printed + error
    tests = re.findall(r"^(?:async )?def (test_\w+)", (UNIT / f"{name}.py").read_text(), re.MULTILINE)
    failed = set(tests) - set(re.findall(r"^PASS (\w+)", printed, re.MULTILINE))
    expected = DO_NOT_FIT.get(name, set())
    assert failed == expected, printed
    assert printed.count("MemoryError") >= len(expected), printed
