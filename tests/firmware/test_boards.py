"""The boards' folders: what they say agrees with MicroPython's own files for those boards."""

import re

import pytest

from firmware_tools import boards, manifests
from firmware_tools.console import FirmwareError
from firmware_tools.paths import BOARDS, FIRMWARE, ROOT

NAMES = boards.names()
RP2 = [name for name in NAMES if boards.load(name).port == "rp2"]
FLASH = {"rp2040": 2 * 1024 * 1024, "rp2350": 4 * 1024 * 1024}
STOCK = {"RPI_PICO_PPP": "RPI_PICO"}
MACHINES = {"QEMU_CORTEX_M": "MPS2_AN385", "QEMU_RV32": "VIRT_RV32"}


def test_every_folder_is_a_board():
    assert sorted(path.name for path in BOARDS.iterdir() if path.name != "common") == NAMES
    assert set(NAMES) == {
        "RPI_PICO", "RPI_PICO_W", "RPI_PICO2_W", "RPI_PICO_PPP", "ESP32_GENERIC", "ESP32_GENERIC_S3",
        "ESP32_GENERIC_C3", "UNIX", "QEMU_CORTEX_M", "QEMU_RV32",
    }


@pytest.mark.parametrize("name", NAMES)
def test_the_board_freezes_all_beside_what_the_stock_board_does(source, name):
    board = boards.load(name)
    frozen = manifests.frozen_files(board.manifest, source, board.port)
    assert {f"microdot/{module}.py" for module in manifests.modules("all")} <= set(frozen)
    assert len(frozen) == len(set(frozen))
    assert "asyncio/core.py" in frozen
    if board.port in ("rp2", "esp32"):
        assert "_boot.py" in frozen


@pytest.mark.parametrize("name", NAMES)
def test_other_freeze_sets(source, tmp_path, name):
    board = boards.load(name)
    manifest = manifests.derive(tmp_path / "manifest.py", board, "core")
    frozen = manifests.frozen_files(manifest, source, board.port)
    modules = {f"microdot/{module}.py" for module in manifests.modules("core")}
    assert {path for path in frozen if path.startswith("microdot/")} == modules


def storage(text, flash):
    """Return the bytes that a board header reserves for the filesystem and, if it does, for a ROMFS."""
    expressions = re.findall(r"#define MICROPY_HW_(?:FLASH_STORAGE|ROMFS)_BYTES\s+\((.+)\)", text)
    numbers = [expression.replace("PICO_FLASH_SIZE_BYTES", str(flash)) for expression in expressions]
    assert all(re.fullmatch(r"[\d *-]+", text) for text in numbers)
    return sum(eval(text) for text in numbers)


@pytest.mark.parametrize("name", RP2)
def test_the_flash_budget_is_what_the_filesystem_leaves(source, name):
    board = boards.load(name)
    stock = source.port("rp2") / "boards" / STOCK.get(name, name)
    header = (board.folder / "mpconfigboard.h").read_text()
    if "MICROPY_HW_FLASH_STORAGE_BYTES" not in header:
        assert header.startswith(f'#include "boards/{name}/mpconfigboard.h"\n')
        header = (stock / "mpconfigboard.h").read_text()
    flash = FLASH[board.mcu]
    assert board.flash_budget == flash - storage(header, flash)
    assert (board.folder / "pins.csv").read_text() == (stock / "pins.csv").read_text()


@pytest.mark.parametrize("name", [name for name in RP2 if name != "RPI_PICO"])
def test_lwip_has_room_for_the_connections_that_the_server_allows(name):
    defaults = re.findall(r"^DEFAULT_MAX_CONNECTIONS = (\d+)", (FIRMWARE / "microdot" / "_compat.py").read_text(), re.M)
    header = (boards.load(name).folder / "mpconfigboard.h").read_text()
    blocks = re.search(r"^#define MEMP_NUM_TCP_PCB +\((\d+)\)$", header, re.M).group(1)
    # The server answers two more that it refuses.
    assert int(blocks) >= int(*defaults) + 2


@pytest.mark.parametrize("name", MACHINES)
def test_emulated_machines_are_the_stock_ones(source, name):
    board = boards.load(name)
    makefile = (board.folder / "mpconfigboard.mk").read_text()
    assert f"include boards/{MACHINES[name]}/mpconfigboard.mk" in makefile
    stock = source.port("qemu") / "boards" / MACHINES[name] / "mpconfigboard.mk"
    script = re.search(r"LDSCRIPT = (.+)", stock.read_text())
    first = re.search(r"LENGTH = (\d+)M", (source.port("qemu") / script.group(1)).read_text())
    assert board.flash_budget == int(first.group(1)) * 1024 * 1024


def test_the_documentation_lists_every_board_with_its_budget():
    text = (ROOT / "docs" / "boards.md").read_text()
    rows = re.findall(r"^\| (\w+) \|.*\| (?:(\d+) (KiB|MiB) )?\| all \|$", text, re.MULTILINE)
    assert sorted(name for name, _, _ in rows) == NAMES
    for name, number, unit in rows:
        if number:
            assert int(number) * {"KiB": 1024, "MiB": 1024 * 1024}[unit] == boards.load(name).flash_budget


def test_the_documentations_flash_arithmetic_is_right():
    text = (ROOT / "docs" / "boards.md").read_text()
    row = r"^\| (RPI_\w+) \| (\d+) KiB \| (\d+) KiB \| (?:(\d+) KiB|none) \| (\d+) KiB \|$"
    rows = re.findall(row, text, re.MULTILINE)
    assert sorted(name for name, *_ in rows) == RP2
    for name, *numbers in rows:
        flash, files, romfs, code = [int(number or 0) * 1024 for number in numbers]
        assert flash == FLASH[boards.load(name).mcu] == files + romfs + code
        assert code == boards.load(name).flash_budget
        assert romfs == (boards.load(name).romfs_size or 0)


def test_a_board_is_refused_what_it_cannot_be_built_from():
    with pytest.raises(FirmwareError, match="RPI_PICO_W needs drivers .*: pass --micropython DIR"):
        boards.load("RPI_PICO_W").check_source(full=False)
    with pytest.raises(FirmwareError, match="QEMU_RV32 is built from Debian's sources only"):
        boards.load("QEMU_RV32").check_source(full=True)
    with pytest.raises(FirmwareError, match="no board PICO in boards/; there are ESP32_GENERIC, "):
        boards.load("PICO")
