"""Put firmware, filesystem images and packages on a board: the commands, and the checks before they are run."""

import glob
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

from .build import PROGRAMS
from .console import FirmwareError, MissingError, beside_python

# Byte 12 of an ESP image names its chip; a UF2 block has its family in bytes 28 to 31.
ESP_CHIPS = {0: "esp32", 2: "esp32s2", 5: "esp32c3", 9: "esp32s3", 12: "esp32c2", 13: "esp32c6", 16: "esp32h2"}
UF2_FAMILIES = {0xE48BFF56: "rp2040", 0xE48BFF59: "rp2350", 0xE48BFF5A: "rp2350"}
DRIVES = ("/media/*/*", "/run/media/*/*", "/Volumes/*", "/mnt/*")
BAUD = 460800


def image_chip(path):
    """Return the chip that the firmware image at *path* is for.

    :raises FirmwareError: if it is not a firmware image.
    """
    try:
        head = path.open("rb").read(32)
    except OSError as error:
        raise FirmwareError(f"{path}: {error.strerror}") from None
    if head[:8] == b"UF2\n\x57\x51\x5d\x9e" and len(head) == 32:
        family = int.from_bytes(head[28:32], "little")
        if family in UF2_FAMILIES:
            return UF2_FAMILIES[family]
    elif head[:1] == b"\xe9" and len(head) == 32:
        chip = int.from_bytes(head[12:14], "little")
        if chip in ESP_CHIPS:
            return ESP_CHIPS[chip]
    raise FirmwareError(f"{path} is neither a UF2 file nor an ESP32 firmware image")


def check_image(board, path):
    """Raise FirmwareError when the image is for another chip than the board's, or too large for its flash."""
    chip = image_chip(path)
    if chip != board.mcu:
        raise FirmwareError(f"{path} is for the {chip}; {board.name} has the {board.mcu}")
    size = path.stat().st_size
    # A UF2 block of 512 bytes carries 256; an ESP32 file has bootloader and table before the app at 0x10000.
    used = size // 2 if path.suffix == ".uf2" else size - (0x10000 - board.flash_offset)
    if used > board.flash_budget:
        raise FirmwareError(f"{path} needs {used} bytes of flash; {board.name} has {board.flash_budget} for it")


def usb_serial_ports():
    """Return the serial ports that belong to USB devices."""
    try:
        from serial.tools import list_ports
    except ImportError:
        raise MissingError("pyserial is not installed: pip install mpremote") from None
    return [item.device for item in list_ports.comports() if item.vid is not None]


def serial_port(port, dry_run):
    """Return the serial port to use: the one given, or the only one found."""
    if port:
        return port
    found = usb_serial_ports()
    if len(found) == 1:
        return found[0]
    if dry_run:
        return "PORT"
    if found:
        raise FirmwareError(f"several boards are connected, at {', '.join(found)}: pass --port")
    raise FirmwareError("no board found on a serial port: connect one, or pass --port")


def uf2_drive(drive, dry_run):
    """Return the folder of the boot loader's drive, where a UF2 file is copied to."""
    if drive:
        return pathlib.Path(drive)
    for pattern in DRIVES:
        for folder in glob.glob(pattern):
            if os.path.exists(os.path.join(folder, "INFO_UF2.TXT")):
                return pathlib.Path(folder)
    if dry_run:
        return pathlib.Path("DRIVE")
    raise FirmwareError(
        "no UF2 drive is mounted: hold BOOTSEL while connecting the board, or run flash --bootloader, or pass --drive"
    )


def check_romfs(board, path):
    """Raise FirmwareError when the board's ROMFS partition is known, and too small for the image at *path*."""
    size = path.stat().st_size
    if board.romfs_size is not None and size > board.romfs_size:
        raise FirmwareError(f"{path} has {size} bytes; the ROMFS partition of {board.name} has {board.romfs_size}")


def check_target(board, erase=False):
    """Raise FirmwareError when there is no such board to flash, or its flash cannot be erased."""
    if board.port not in ("rp2", "esp32"):
        raise FirmwareError(f"{board.name} is not hardware: use `emulate`")
    if board.port == "rp2" and erase:
        raise FirmwareError("--erase is for ESP32 boards")


def firmware_plan(board, image, *, port=None, drive=None, erase=False, dry_run=False):
    """Return the commands that put firmware on *board*, each a list of words.

    *image* is the file; None, in a dry run, for one that is not built yet.
    """
    if image:
        check_image(board, image)
    else:
        image = PROGRAMS[board.port]
    if board.port == "rp2":
        return [["cp", str(image), f"{uf2_drive(drive, dry_run)}/"]]
    tool = ["esptool", "--chip", board.mcu, "--port", serial_port(port, dry_run)]
    plan = [[*tool, "erase-flash"]] if erase else []
    return [*plan, [*tool, "--baud", str(BAUD), "write-flash", hex(board.flash_offset), str(image)]]


def filesystem_plan(board, image, *, port=None, dry_run=False):
    """Return the command that writes a LittleFS image to the partition behind the stock app of an ESP32 board."""
    if board.port != "esp32":
        raise FirmwareError(f"a LittleFS image is written with esptool; for {board.name} use --copy DIR")
    offset = 0x10000 + board.flash_budget
    if image.stat().st_size % 4096:
        raise FirmwareError(f"{image} is not a whole number of 4096-byte blocks")
    tool = ["esptool", "--chip", board.mcu, "--port", serial_port(port, dry_run)]
    return [[*tool, "--baud", str(BAUD), "write-flash", hex(offset), str(image)]]


def mpremote_plan(words, *, port=None, dry_run=False):
    """Return the command that runs mpremote's *words* on the board: `romfs deploy`, `fs cp`, `mip install`."""
    return [["mpremote", "connect", serial_port(port, dry_run), *words]]


def carry_out(plan, dry_run):
    """Print the commands of *plan*; run them unless *dry_run*.

    :raises FirmwareError: if one fails.
    """
    for words in plan:
        print(shlex.join(words), flush=True)
        if dry_run:
            continue
        if words[0] == "cp":
            try:
                shutil.copy(words[1], words[2])
            except OSError as error:
                raise FirmwareError(f"copying to {words[2]} failed: {error.strerror}") from None
            continue
        execute(words)


def execute(words):
    """Run one tool from this Python's environment and show its output.

    :raises FirmwareError: with its last line, if it fails.
    """
    program = beside_python(words[0])
    if program is None:
        raise MissingError(f"{words[0]} is not installed: pip install {words[0]}")
    process = subprocess.Popen([program, *words[1:]], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    last = ""
    for line in process.stdout:
        sys.stderr.write(line)
        last = line.strip() or last
    if process.wait():
        wrong = re.search(r"This chip is (\S+),? not (\S+)", last)
        raise FirmwareError(f"wrong chip: {last}" if wrong else f"{words[0]} failed: {last}")
