"""The core's unit tests on the emulated chip, all but what does not fit it."""

import board_tests
import pytest
from emulated import RawRepl
from needs import needed

# Files that are left out here, with the reason; they run on the Unix port.
LEFT_OUT = {
    "test_multipart_parser": "tries every split, for minutes",
    "test_multipart_sizes": "tries every size, for minutes",
    "test_server": "connects to itself, and the board's network has no loopback; test_rp2040_http.py takes its place",
}
# Tests by file that end in MemoryError on this chip.
DO_NOT_FIT = {}


@pytest.fixture(scope="module")
def chip(board, tmp_path_factory, note):
    """The raw REPL of a board whose flash holds the compiled tests, assertions included, and their runner."""
    folder = tmp_path_factory.mktemp("unit")
    with needed():
        board_tests.compile_files(folder)
    omitted = sorted(test for tests in DO_NOT_FIT.values() for test in tests)
    note("unit tests that do not fit", ", ".join(omitted) or "none")
    for name in sorted(LEFT_OUT):
        note("unit test file left out", name + ": " + LEFT_OUT[name])
    with RawRepl(board) as repl:
        repl.run("import os\nos.mkdir('/tests')\nos.mkdir('/tests/microdot')")
        for path in sorted(folder.rglob("*.mpy")):
            repl.write_file(f"/tests/{path.relative_to(folder).as_posix()}", path.read_bytes())
        yield repl


@pytest.mark.parametrize("name", [name for name in board_tests.NAMES if name not in LEFT_OUT])
def test_unit_tests(chip, name):
    chip.restart()
    printed, error = chip.execute(board_tests.program(name, "/tests"))
    assert not error, printed + error
    expected = DO_NOT_FIT.get(name, set())
    assert board_tests.failures(name, printed) == expected, printed
    assert printed.count("MemoryError") >= len(expected), printed
