"""The frozen framework on an emulated Cortex-M3 and an emulated 32-bit RISC-V, with a heap of 64 KB."""

import board_tests
import pytest
from needs import NOTES, needed

from firmware_tools import emulation, images, sizes

# These files are not run here: the machines have no filesystem to write to, and no network.
NEED_FILES = {"test_files", "test_multipart_files", "test_static"}
NEED_NETWORK = {"test_server"}

# Single tests that may fail here, by file and reason.
# 64 KB cannot hold what they need.
TOO_LARGE = {
    "test_connection": {
        "test_a_large_body",
        "test_a_raised_limit_of_lines_is_one_of_the_head_too",
        "test_malformed_requests_end_it",
    },
    "test_frames": {"test_lengths"},
    "test_multipart_parser": {"test_header_limit_does_not_depend_on_the_pieces"},
    "test_request_body": {"test_no_limit"},
    "test_routing": {"test_many_routes", "test_regular_expression_on_a_long_path"},
    "test_session_store": {"test_large_session"},
}
# They write a file.
WRITE_FILES = {"test_multipart": {"test_body_streamed", "test_files_of_each_kind_of_storage"}}
# They add fractions of seconds to the time of day, for which single-precision floats have no bits left.
DOUBLE_PRECISION = {"test_client_cookies": {"test_expires"}}
EXCEPTIONS = (TOO_LARGE, WRITE_FILES, DOUBLE_PRECISION)


@pytest.fixture(scope="session", params=["QEMU_CORTEX_M", "QEMU_RV32"])
def board(request, firmware):
    """The Firmware of each emulated board."""
    return firmware(request.param)


@pytest.fixture(scope="session")
def romfs(tmp_path_factory):
    """A ROMFS image with the unit tests and what they need."""
    folder = tmp_path_factory.mktemp("romfs")
    with needed():
        board_tests.compile_files(folder / "files")
        images.pack_romfs(folder / "rom.img", folder / "files")
    return folder / "rom.img"


@pytest.mark.parametrize("name", [name for name in board_tests.NAMES if name not in NEED_FILES | NEED_NETWORK])
def test_unit_tests(board, romfs, name):
    with needed(), emulation.QemuBoard(board, romfs) as emulated:
        printed, error = emulated.execute(board_tests.program(name, "/rom"), timeout=600)
    assert not error, error
    failed = board_tests.failures(name, printed)
    excepted = set().union(*(exceptions.get(name, ()) for exceptions in EXCEPTIONS))
    assert failed <= excepted, printed
    if failed:
        NOTES[f"{board.board.name} cannot run of {name}"] = ", ".join(sorted(failed))


def test_the_exceptions_are_tests_that_there_are():
    for exceptions in EXCEPTIONS:
        for name, tests in exceptions.items():
            text = (board_tests.UNIT / f"{name}.py").read_text()
            assert all(f"def {test}(" in text for test in tests), name
    assert set(board_tests.NAMES) >= NEED_FILES | NEED_NETWORK


def test_requests_leave_no_heap_taken(board):
    with needed():
        heap = sizes.heap_sizes(board)
    start = heap["start_free"]
    NOTES[f"{board.board.name} heap free at start / after import / after 100 requests"] = (
        f"{start} / {start - heap['import']} / {start - heap['hundred_requests']} bytes"
    )
    assert heap["two_hundred_requests"] - heap["hundred_requests"] <= 128, heap
