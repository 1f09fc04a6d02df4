"""The core's unit tests on the emulated chip, all but what does not fit it."""

import board_tests
import pytest
from emulated import RawRepl
from needs import needed

# Files that are left out here, with the reason; they run on the Unix port.
NO_LOOPBACK = "connects to itself, and the board's network has no loopback; test_rp2040_http.py takes its place"
LEFT_OUT = {
    "test_admission": NO_LOOPBACK,
    "test_late_imports": NO_LOOPBACK,
    "test_memory_budget": NO_LOOPBACK,
    "test_multipart_parser": "tries every split, for minutes",
    "test_multipart_sizes": "tries every size, for minutes",
    "test_places": NO_LOOPBACK,
    "test_server": NO_LOOPBACK,
}
# Tests by file that end in MemoryError on this chip.
DO_NOT_FIT = {}
# Tests by file that may fail here: the clock is not set, and an answer has no Date then; seconds have 32 bits, too few
# for the years to come that are tried; the modules are frozen, not files that a test can list; a request is made while
# another one is served, for which the chip's stack is too small; and there is no loopback to leave through.
EXCEPTED = {
    "test_connection": {"test_date"},
    "test_defaults": {"test_no_class_has_a_default_that_can_change"},
    "test_device_start": {"test_status"},
    "test_session_store": {"test_a_deleted_session_does_not_come_back"},
    "test_transport_contract_leave": {"test_disconnect"},
    "test_wrong_clock": {"test_cookies_of_the_test_client"},
}


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
        inner = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_dir()]
        folders = ["/tests", *(f"/tests/{name}" for name in inner)]
        repl.run("import os\n" + "".join(f"os.mkdir('{name}')\n" for name in folders))
        for path in sorted(folder.rglob("*.mpy")):
            repl.write_file(f"/tests/{path.relative_to(folder).as_posix()}", path.read_bytes())
        yield repl


@pytest.mark.parametrize("name", [name for name in board_tests.NAMES if name not in LEFT_OUT])
def test_unit_tests(chip, name):
    chip.restart()
    printed, error = chip.execute(board_tests.program(name, "/tests"))
    assert not error, printed + error
    expected = DO_NOT_FIT.get(name, set())
    assert board_tests.failures(name, printed) - EXCEPTED.get(name, set()) == expected, printed
    assert printed.count("MemoryError") >= len(expected), printed
