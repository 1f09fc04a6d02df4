"""ESP32 boards: build them with ESP-IDF, or check without it as much as can be checked."""

import re

from . import debian, manifests, sources
from .console import FirmwareError, capture, run, step
from .paths import ROOT, locked

CHECK = ROOT / "tools" / "firmware" / "esp32_check"
XTENSA = ("gcc-xtensa-lx106", "picolibc-xtensa-lx106-elf")
RISCV = ("gcc-riscv64-unknown-elf", "picolibc-riscv64-unknown-elf")


def build(board, source, manifest, folder, env):
    """Build with the port's own Makefile, which runs ESP-IDF's idf.py."""
    command = ["make", "-C", source.port("esp32"), f"BOARD_DIR={board.folder}", f"BUILD={folder}",
               f"FROZEN_MANIFEST={manifest}"]
    with step(f"{board.name} with MicroPython {source.version} and ESP-IDF"):
        run(command, log=folder.with_suffix(".log"), env=env, what=f"building {board.name}")


class Check:
    """What was found out about a board without ESP-IDF.

    `frozen` is the bytes of flash that the board's whole manifest takes, `framework` the part of it that stock firmware
    does not have, `partition` the size of the app's partition, `room` what would be left in it.
    """

    def __init__(self, board, frozen, framework, partition):
        self.frozen = frozen
        self.framework = framework
        self.partition = partition
        self.room = partition - board.stock_image - framework


def check(board, source, sets=None, app=None):
    """Cross-compile the board's manifest for its chip and do the arithmetic of its partition; return a Check."""
    packages = RISCV if board.mcu == "esp32c3" else XTENSA
    debian.require((*packages, "build-essential", "cmake"), f"checking {board.name}")
    configuration = board_configuration(board, source)
    partition = app_partition(source, configuration)
    folder = source.work / "builds" / f"check-{board.name}"
    with locked(f"build-check-{board.name}"), step(f"{board.name}: frozen code for the {board.mcu}"):
        manifest = manifests.derive(folder / "manifest.py", board, sets, app)
        stock = manifests.derive(folder / "stock.py", board, "none")
        frozen = compile_frozen(board, source, manifest, folder / "build")
        framework = frozen - compile_frozen(board, source, stock, folder / "build-stock")
    found = Check(board, frozen, framework, partition)
    if found.room < 0:
        raise FirmwareError(
            f"{board.name}: MicroPython's {board.stock_image} bytes and the frozen {framework} are {-found.room} more"
            f" than the app partition's {partition}: choose a smaller --set"
        )
    return found


def compile_frozen(board, source, manifest, build):
    """Compile what *manifest* freezes against the port's configuration; return the object's bytes."""
    with locked("sources"):
        cross = source.mpy_cross()
    port = source.port("esp32")
    command = ["make", "-C", CHECK, f"-j{sources.JOBS}", f"TOP={source.mp}", f"CHIP={board.mcu}", f"BUILD={build}",
               f"BOARD_DIR={board.folder}", f"FROZEN_MANIFEST={manifest}", f"MICROPY_MANIFEST_PORT_DIR={port}"]
    if source.lib:
        command.append(f"MPY_LIB_DIR={source.lib}")
    log = build.with_suffix(".log")
    run(command, log=log, env={"MICROPY_MPYCROSS": str(cross)}, what=f"compiling frozen code for {board.name}")
    prefix = "riscv64-unknown-elf-" if board.mcu == "esp32c3" else "xtensa-lx106-elf-"
    text, data = capture([prefix + "size", build / "frozen_content.o"]).splitlines()[1].split()[:2]
    return int(text) + int(data)


def board_configuration(board, source, variant=""):
    """Evaluate the board's cmake files as the port does; return the combined text of its sdkconfig fragments.

    :raises FirmwareError: if a file that they name does not exist.
    """
    command = ["cmake", f"-DPORT={source.port('esp32')}", f"-DMICROPY_BOARD_DIR={board.folder}",
               f"-DMICROPY_BOARD_VARIANT={variant}", f"-DMCU={board.mcu}", "-P", CHECK / "board.cmake"]
    files = capture(command, what=f"the cmake files of {board.name}", cwd=source.port("esp32")).splitlines()
    return "".join((source.port("esp32") / line[3:]).read_text() for line in files if line.startswith("-- "))


def app_partition(source, configuration):
    """Return the bytes of the app partition in the table that *configuration* names; check the table's arithmetic."""
    names = re.findall(r'^CONFIG_PARTITION_TABLE_CUSTOM_FILENAME="(.*)"', configuration, re.MULTILINE)
    size = 0
    end = 0
    for line in (source.port("esp32") / names[-1]).read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        name, kind, _, offset, length = [field.strip() for field in line.split(",")][:5]
        offset, length = int(offset, 0), int(length, 0)
        if offset < end:
            raise FirmwareError(f"{names[-1]}: partition {name} overlaps the one before it")
        end = offset + length
        if kind == "app" and not size:
            size = length
    return size
