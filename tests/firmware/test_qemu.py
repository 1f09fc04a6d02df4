"""The frozen framework on an emulated Cortex-M3 and an emulated 32-bit RISC-V, with a heap of 64 KB."""

import re

import pytest
from needs import NOTES, needed

from firmware_tools import compiler, emulation, images, manifests, sizes
from firmware_tools.paths import FIRMWARE, ROOT

UNIT = ROOT / "tests" / "unit"
TESTS = sorted(path.stem for path in UNIT.glob("test_*.py"))

# Tests of the framework's files need a filesystem to write to, which these machines do not have.
NEED_FILES = {"test_files"}
# What 64 KB cannot hold: these may end in MemoryError here.
TOO_LARGE = {
    "test_frames": {"test_lengths"},
    "test_request_body": {"test_no_limit"},
    "test_routing": {"test_many_routes", "test_regular_expression_on_a_long_path"},
}


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


@pytest.mark.parametrize("name", [name for name in TESTS if name not in NEED_FILES])
def test_unit_tests(board, romfs, name):
    with needed(), emulation.QemuBoard(board, romfs) as emulated:
        printed, error = emulated.execute(program(name))
    assert not error, error
    tests = re.findall(r"^(?:async )?def (test_\w+)", (UNIT / f"{name}.py").read_text(), re.MULTILINE)
    passed = set(re.findall(r"^PASS (\w+)", printed, re.MULTILINE))
    failed = set(tests) - passed
    assert failed <= TOO_LARGE.get(name, set()), printed
    assert printed.count("MemoryError") >= len(failed), printed


def test_requests_leave_no_heap_taken(board):
    with needed():
        heap = sizes.heap_sizes(board)
    start = heap["start_free"]
    NOTES[f"{board.board.name} heap free at start / after import / after 100 requests"] = (
        f"{start} / {start - heap['import']} / {start - heap['hundred_requests']} bytes"
    )
    assert heap["two_hundred_requests"] - heap["hundred_requests"] <= 128, heap
