"""The frozen framework on an emulated Cortex-M3 and an emulated 32-bit RISC-V, with a heap of 64 KB."""

import re

import pytest
from needs import NOTES, needed

from firmware_tools import compiler, emulation, images, manifests, sizes
from firmware_tools.paths import FIRMWARE, ROOT

UNIT = ROOT / "tests" / "unit"
TESTS = sorted(path.stem for path in UNIT.glob("test_*.py"))

# These files are not run here: the machines have no filesystem to write to, and no network.
NEED_FILES = {"test_files", "test_multipart_files", "test_static"}
NEED_NETWORK = {"test_server"}

# Single tests that may fail here, by file and reason.
# 64 KB cannot hold what they need.
TOO_LARGE = {
    "test_connection": {"test_a_large_body", "test_malformed_requests_end_it"},
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


PACKAGE = FIRMWARE / "microdot"
NOT_FROZEN = sorted({path.stem for path in PACKAGE.glob("*.py")} - set(manifests.modules("all")) - {"_cpython"})

# A frozen package looks for its modules in the firmware only. Its path is changed while those are imported that are not
# frozen, when what they import is there already.
CLIENT = """
import microdot
for name in {frozen}:
    __import__("microdot." + name)
microdot.__path__, path = "/rom/microdot", microdot.__path__
for name in {others}:
    __import__("microdot." + name)
microdot.__path__ = path
"""


@pytest.fixture(scope="session")
def romfs(tmp_path_factory):
    """A ROMFS image with the unit tests, their runner, and the test client, which is never frozen."""
    folder = tmp_path_factory.mktemp("romfs")
    with needed():
        for path in [*UNIT.glob("*.py"), ROOT / "tests" / "micropython" / "runner.py"]:
            compiler.compile_file(path, folder / "files" / f"{path.stem}.mpy", path.name, optimisation=0)
        for name in NOT_FROZEN:
            target = folder / "files" / "microdot" / f"{name}.mpy"
            compiler.compile_file(PACKAGE / f"{name}.py", target, f"microdot/{name}.py")
        images.pack_romfs(folder / "rom.img", folder / "files")
    return folder / "rom.img"


def program(name):
    """Return what runs one file of unit tests on a board."""
    run = f"import runner\nrunner.main(['{name}'])\n"
    if "test_client" not in (UNIT / f"{name}.py").read_text():
        return run
    imported = set().union(*(manifests.imports(module) for module in NOT_FROZEN))
    return CLIENT.format(frozen=sorted(imported - set(NOT_FROZEN)), others=NOT_FROZEN) + run


@pytest.mark.parametrize("name", [name for name in TESTS if name not in NEED_FILES | NEED_NETWORK])
def test_unit_tests(board, romfs, name):
    with needed(), emulation.QemuBoard(board, romfs) as emulated:
        printed, error = emulated.execute(program(name), timeout=300)
    assert not error, error
    tests = re.findall(r"^(?:async )?def (test_\w+)", (UNIT / f"{name}.py").read_text(), re.MULTILINE)
    failed = set(tests) - set(re.findall(r"^PASS (\w+)", printed, re.MULTILINE))
    excepted = set().union(*(exceptions.get(name, ()) for exceptions in EXCEPTIONS))
    assert failed <= excepted, printed
    if failed:
        NOTES[f"{board.board.name} cannot run of {name}"] = ", ".join(sorted(failed))


def test_the_exceptions_are_tests_that_there_are():
    for exceptions in EXCEPTIONS:
        for name, tests in exceptions.items():
            text = (UNIT / f"{name}.py").read_text()
            assert all(f"def {test}(" in text for test in tests), name
    assert set(TESTS) >= NEED_FILES | NEED_NETWORK


def test_requests_leave_no_heap_taken(board):
    with needed():
        heap = sizes.heap_sizes(board)
    start = heap["start_free"]
    NOTES[f"{board.board.name} heap free at start / after import / after 100 requests"] = (
        f"{start} / {start - heap['import']} / {start - heap['hundred_requests']} bytes"
    )
    assert heap["two_hundred_requests"] - heap["hundred_requests"] <= 128, heap
