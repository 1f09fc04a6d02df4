"""Build a board's firmware: choose the source, derive the manifest, hand over to the port's builder, check the size."""

import os
import pathlib
import shutil

from . import boards, debian, esp32, manifests, release, sources
from .console import FirmwareError, capture, run, step
from .paths import locked

ARM = ("gcc-arm-none-eabi", "libnewlib-arm-none-eabi", "libstdc++-arm-none-eabi-newlib")
COMMON = ("build-essential", "pkg-config")
# Debian packages that each port needs. For esp32, ESP-IDF brings all but the compiler of mpy-cross.
PACKAGES = {
    "rp2": (*COMMON, "cmake", "ninja-build", *ARM),
    "unix": (*COMMON, "libffi-dev"),
    "qemu": (*COMMON, *ARM, "gcc-riscv64-unknown-elf", "picolibc-riscv64-unknown-elf"),
    "esp32": ("build-essential",),
}
PROGRAMS = {"rp2": "firmware.uf2", "unix": "micropython", "qemu": "firmware.elf", "esp32": "firmware.bin"}


class Firmware:
    """A finished build: `image` is the file to run or flash, `elf` what to measure, `size` the bytes of flash used."""

    def __init__(self, board, folder, source):
        self.board = board
        self.folder = folder
        self.source = source
        self.image = folder / PROGRAMS[board.port]
        self.elf = folder / "firmware.elf" if board.port in ("rp2", "qemu") else self.image
        self.size = flash_size(board, self.elf)

    def check(self):
        """Raise FirmwareError when the image does not fit, which the linker scripts of the ports do not check."""
        if self.size > self.board.flash_budget:
            over = self.size - self.board.flash_budget
            raise FirmwareError(
                f"the image for {self.board.name} is {over} bytes too large for its {self.board.flash_budget} bytes of"
                " flash: choose a smaller --set"
            )


def flash_size(board, path):
    """Return the bytes of flash that the program at *path* takes."""
    if board.port == "esp32":
        return path.stat().st_size - (0x10000 - board.flash_offset)
    prefix = {"rp2040": "arm-none-eabi-", "cortex-m3": "arm-none-eabi-", "rp2350": "arm-none-eabi-",
              "rv32imac": "riscv64-unknown-elf-"}.get(board.mcu, "")
    text, data = capture([prefix + "size", path]).splitlines()[1].split()[:2]
    return int(text) + int(data)


def build(name, micropython=None, sets=None, app=None):
    """Build the board called *name*, or the `Board` itself, and return its Firmware."""
    board = name if isinstance(name, boards.Board) else boards.load(name)
    name = board.name
    board.check_source(full=micropython is not None)
    manifests.check(sets, app)
    if board.port == "esp32" and not os.environ.get("IDF_PATH"):
        raise FirmwareError("ESP32 firmware is linked with ESP-IDF: run its export.sh first (IDF_PATH is not set)")
    debian.require(PACKAGES[board.port], f"building {name}")
    source = sources.checkout(pathlib.Path(micropython), board) if micropython else sources.pinned()
    label = "-".join([name, *(sets or "").split(), *([app.resolve().name] if app else [])])
    folder = source.work / "builds" / label
    with locked(f"build-{label}"):
        manifest = manifests.derive(manifest_path(folder), board, sets, app)
        moment = str(release.epoch())
        forget_other(folder, f"{board.folder} {source.mp} {source.version} {moment}")
        forget_frozen(folder, "\n".join(manifests.frozen_files(manifest, source, board.port)))
        # MicroPython's tools write some names in the order of a set: a fixed seed makes that the same each time.
        env = {**source.env, "SOURCE_DATE_EPOCH": moment, "PYTHONHASHSEED": "0"}
        if board.port != "esp32":
            with locked("sources"):
                env["MICROPY_MPYCROSS"] = str(source.mpy_cross())
        BUILDERS[board.port](board, source, manifest, folder, env)
    firmware = Firmware(board, folder, source)
    firmware.check()
    return firmware


def manifest_path(folder):
    """Return where the manifest of the build in *folder* is."""
    return folder.with_name(f"{folder.name}-manifest.py")


def forget_other(folder, origin):
    """Delete the build in *folder* if it was made from another checkout or source, or with another date.

    Files that are not built again would keep the old paths and the old date.
    """
    if has_changed(folder, "origin", origin):
        shutil.rmtree(folder, ignore_errors=True)


def forget_frozen(folder, names):
    """Delete the frozen code of the build in *folder* if other modules are frozen now, called *names*.

    MicroPython's makemanifest compares only the times of the modules that are there: it would keep those that are gone.
    """
    if has_changed(folder, "frozen", names):
        (folder / "frozen_content.c").unlink(missing_ok=True)


def has_changed(folder, what, text):
    """Return whether *text* differs from that of the build in *folder* before, and remember it."""
    stamp = folder.with_name(f"{folder.name}-{what}.txt")
    if stamp.exists() and stamp.read_text() == text:
        return False
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(text)
    return True


def build_rp2(board, source, manifest, folder, env):
    """Build with cmake directly: the port's Makefile insists on a Pico SDK inside the checkout."""
    command = ["cmake", "-GNinja", "-S", source.port("rp2"), "-B", folder, f"-DMICROPY_BOARD={board.name}",
               f"-DMICROPY_BOARD_DIR={board.folder}", f"-DMICROPY_FROZEN_MANIFEST={manifest}", "-DPICO_BUILD_DOCS=0"]
    if not source.full:
        command += [f"-DPICO_SDK_PATH_OVERRIDE={source.sdk}", f"-DMICROPY_LIB_DIR={source.lib}"]
    picotool = source.picotool()
    if picotool:
        command.append(f"-Dpicotool_DIR={picotool}")
    log = folder.with_suffix(".log")
    with step(f"{board.name} with MicroPython {source.version}"):
        if not (folder / "build.ninja").exists():
            configure(command, board, log, env)
        run(["ninja", f"-j{sources.JOBS}", "-C", folder], log=log, env=env, what=f"building {board.name}")


def configure(command, board, log, env):
    """Run cmake; if the Pico SDK cannot fetch picotool, say how to give it one."""
    try:
        run(command, log=log, env=env, what=f"configuring {board.name}")
    except FirmwareError as error:
        if "picotool" not in str(error):
            raise
        raise FirmwareError(
            "the Pico SDK found no picotool and could not fetch it: install it, and set picotool_DIR to the folder of"
            f" its picotoolConfig.cmake (whole output: {log})"
        ) from None


def build_make(board, source, manifest, folder, env):
    """Build the ports whose Makefile takes the board's folder and a BUILD folder: unix and qemu."""
    command = ["make", "-C", source.port(board.port), f"-j{sources.JOBS}", f"{board.folder_variable}={board.folder}",
               f"BUILD={folder}", f"FROZEN_MANIFEST={manifest}"]
    if source.lib:
        command.append(f"MPY_LIB_DIR={source.lib}")
    with step(f"{board.name} with MicroPython {source.version}"):
        run(command, log=folder.with_suffix(".log"), env=env, what=f"building {board.name}")


BUILDERS = {"rp2": build_rp2, "unix": build_make, "qemu": build_make, "esp32": esp32.build}
