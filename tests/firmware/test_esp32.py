"""ESP32 boards as far as they can be checked without ESP-IDF: nothing here links, flashes or runs."""

import os
import pathlib
import shutil
import types

import pytest
from needs import needed, not_run

from firmware_tools import boards, esp32, sources
from firmware_tools.console import FirmwareError

NAMES = [name for name in boards.names() if boards.load(name).port == "esp32"]
VARIANTS = [
    (name, path.stem.removeprefix("mpconfigvariant_"))
    for name in NAMES
    for path in sorted(boards.load(name).folder.glob("mpconfigvariant_*.cmake"))
]
KIB = 1024


@pytest.mark.parametrize("name", NAMES)
def test_frozen_code_compiles_and_fits(source, name):
    board = boards.load(name)
    with needed():
        found = esp32.check(board, source)
    assert found.partition == board.flash_budget
    assert 10 * KIB < found.framework < found.frozen
    assert found.room > 24 * KIB


@pytest.mark.parametrize("name", NAMES)
def test_frozen_code_compiles_with_a_checkout(name):
    folder = os.environ.get("MICROPYTHON_CHECKOUT")
    if not folder:
        not_run(
            "no ESP32 board was checked with a newer MicroPython; with a full checkout in DIR:"
            " MICROPYTHON_CHECKOUT=DIR pytest tests/firmware/test_esp32.py"
        )
    board = boards.load(name)
    with needed():
        found = esp32.check(board, sources.checkout(pathlib.Path(folder), board))
    assert found.partition == board.flash_budget
    assert found.room > 24 * KIB


def test_what_does_not_fit_is_an_error(source, monkeypatch):
    board = boards.load("ESP32_GENERIC_C3")
    monkeypatch.setattr(board, "stock_image", board.flash_budget - KIB)
    with needed(), pytest.raises(FirmwareError, match="are [0-9]+ more than the app partition's 2031616"):
        esp32.check(board, source)


@pytest.mark.parametrize("name, variant", VARIANTS)
def test_variants_name_files_that_exist(source, name, variant):
    with needed():
        configuration = esp32.board_configuration(boards.load(name), source, variant)
    assert esp32.app_partition(source, configuration) == boards.load(name).flash_budget


def test_a_variant_that_later_releases_lack_is_the_plain_board_there(source, tmp_path):
    later = tmp_path / "esp32"
    shutil.copytree(source.port("esp32") / "boards", later / "boards")
    for name in ("mpconfigvariant_FLASH_4M.cmake", "sdkconfig.flash_4m"):
        (later / "boards" / "ESP32_GENERIC_S3" / name).unlink()
    tree = types.SimpleNamespace(port=lambda name: later)
    board = boards.load("ESP32_GENERIC_S3")
    with needed():
        assert esp32.board_configuration(board, tree, "FLASH_4M") == esp32.board_configuration(board, tree)


def test_a_missing_fragment_is_an_error(source, tmp_path):
    board = boards.load("ESP32_GENERIC_S3")
    folder = tmp_path / board.name
    folder.mkdir()
    (folder / "mpconfigboard.cmake").write_text(
        "set(IDF_TARGET esp32s3)\nset(SDKCONFIG_DEFAULTS boards/sdkconfig.nowhere)\n"
        f"set(MICROPY_FROZEN_MANIFEST {board.manifest})\n"
    )
    board.folder = folder
    with needed(), pytest.raises(FirmwareError, match="cmake files of ESP32_GENERIC_S3"):
        esp32.board_configuration(board, source)


@pytest.mark.parametrize("name, offset", [("ESP32_GENERIC", 0x1000), ("ESP32_GENERIC_S3", 0), ("ESP32_GENERIC_C3", 0)])
def test_the_image_begins_where_the_chips_boot_loader_does(name, offset):
    assert boards.load(name).flash_offset == offset
