"""Run a board's firmware on this machine: the RP2040 in node, Cortex-M and RV32 in QEMU, unix as it is."""

import os
import socket
import subprocess
import sys
import time

from . import debian
from .console import FirmwareError, MissingError
from .paths import ROOT

EMULATOR = ROOT / "tools" / "emulator"

# The one network around an emulated board without a scenario; tools/emulator/wifi/scenario.mjs has it.
DEFAULT_NETWORK = "one network, `emulator`, whose password is `emulated radio`"

# The machine's options, and an address in memory that its firmware does not use, for a ROMFS image.
MACHINES = {
    "cortex-m3": (["qemu-system-arm", "-machine", "mps2-an385"], 0x21000000, "qemu-system-arm"),
    "rv32imac": (["qemu-system-riscv32", "-machine", "virt", "-bios", "none"], 0x80800000, "qemu-system-misc"),
}


def prepare():
    """Install what the RP2040's emulator runs on.

    :raises MissingError: if that is not possible on this machine.
    """
    done = subprocess.run([sys.executable, EMULATOR / "setup.py"], capture_output=True, text=True)
    if done.returncode:
        raise MissingError(done.stderr.strip().splitlines()[-1].removeprefix("emulator: "))


class GivenFirmware:
    """An image from elsewhere, such as MicroPython's own firmware for a board.

    :raises FirmwareError: if there is no such file.
    """

    def __init__(self, board, image):
        if not image.is_file():
            raise FirmwareError(f"{image}: no such file")
        self.board = board
        self.image = self.elf = image


def check(board, scenario=None, flash=None):
    """Raise FirmwareError when *board* has no emulator, no Wi-Fi for the *scenario*, or nothing to keep in *flash*."""
    if board.mcu != "rp2040" and board.port not in ("qemu", "unix"):
        hint = f"; `check {board.name}` does what can be done" if board.port == "esp32" else ""
        raise FirmwareError(f"there is no emulator for {board.name} here{hint}")
    if scenario and not board.has_wifi:
        raise FirmwareError(f"a scenario is for a board with emulated Wi-Fi, RPI_PICO_W, not for {board.name}")
    if flash and board.mcu != "rp2040":
        raise FirmwareError(f"only the emulated RP2040 keeps its flash in a file, not {board.name}")


def command(firmware, *, repl_port=None, http_port=None, scenario=None, flash=None):
    """Return the command that runs *firmware* with its serial port on 127.0.0.1:*repl_port*."""
    board = firmware.board
    check(board, scenario, flash)
    if board.port == "rp2":
        prepare()
        line = ["node", str(EMULATOR / "serve.mjs"), str(firmware.image)]
        options = {"--repl-port": repl_port, "--http-port": http_port, "--scenario": scenario, "--flash": flash}
        for option, value in options.items():
            line += [] if value is None else [option, str(value)]
        return [*line, "--wifi"] if board.has_wifi else line
    if board.port == "qemu":
        return qemu(firmware, f"tcp:127.0.0.1:{repl_port},server=on,wait=off" if repl_port else "stdio")
    return [str(firmware.image)]


def qemu(firmware, serial, romfs=None):
    """Return QEMU's command line for *firmware*, its UART on *serial*, the image *romfs* in memory if given."""
    machine, address, package = MACHINES[firmware.board.mcu]
    debian.require([package], f"emulating {firmware.board.name}")
    line = [*machine, "-nographic", "-monitor", "null", "-semihosting", "-serial", serial]
    if romfs is not None:
        line += ["-device", f"loader,file={romfs},addr={address:#x},force-raw=on"]
    return [*line, "-kernel", str(firmware.elf)]


def run(firmware, *, repl_port=None, http_port=None, scenario=None, flash=None):
    """Run *firmware* in the foreground until it or the user ends it; return its exit status."""
    line = command(firmware, repl_port=repl_port, http_port=http_port, scenario=scenario, flash=flash)
    if firmware.board.has_wifi:
        print("Wi-Fi:", f"the networks of {scenario}" if scenario else DEFAULT_NETWORK)
    if repl_port:
        print(f"serial port: mpremote connect socket://127.0.0.1:{repl_port}")
    try:
        return subprocess.call(line)
    except KeyboardInterrupt:
        return 0


class QemuBoard:
    """An emulated QEMU board whose raw REPL runs programs; a context manager.

    With a ROMFS image *romfs* its files are at /rom, and their modules run in place.
    """

    def __init__(self, firmware, romfs=None):
        self.romfs = romfs
        self.address = MACHINES[firmware.board.mcu][1]
        self.line = qemu(firmware, "stdio", romfs)

    def __enter__(self):
        ours, theirs = socket.socketpair()
        self.socket = ours
        # QEMU's own messages come the same way: if there is no prompt, what came before is the error to show.
        try:
            self.process = subprocess.Popen(self.line, stdin=theirs, stdout=theirs, stderr=subprocess.STDOUT)
        except FileNotFoundError:
            raise MissingError(f"{self.line[0]} is not installed") from None
        theirs.close()
        try:
            self.socket.sendall(b"\x01")
            self.read_until(b"raw REPL; CTRL-B to exit\r\n>", 120)
            if self.romfs:
                place = f"{self.address}, {os.path.getsize(self.romfs)}"
                self.execute(
                    "import sys, uctypes, vfs\n"
                    f"vfs.mount(vfs.VfsRom(uctypes.bytearray_at({place})), '/rom')\n"
                    "sys.path += ['/rom', '/rom/lib']\n"
                )
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc):
        self.process.kill()
        self.process.wait()
        self.socket.close()

    def read_until(self, end, timeout):
        """Return what the board prints up to *end*, without it.

        :raises FirmwareError: if that takes more than *timeout* seconds.
        """
        data = b""
        deadline = time.monotonic() + timeout
        while not data.endswith(end):
            self.socket.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                more = self.socket.recv(1)
            except TimeoutError:
                more = b""
            if not more:
                printed = data[-300:].decode(errors="replace")
                raise FirmwareError(f"the emulated board did not answer; it printed: {printed}")
            data += more
        return data[: -len(end)]

    def execute(self, program, timeout=120):
        """Run the text *program* on the board; return (what it printed, its traceback or an empty string)."""
        code = program.encode()
        # The UART has no flow control: a byte that the board has not read when the next comes may be lost.
        for start in range(0, len(code), 64):
            self.socket.sendall(code[start : start + 64])
        self.socket.sendall(b"\x04")
        self.read_until(b"OK", timeout)
        printed = self.read_until(b"\x04", timeout)
        error = self.read_until(b"\x04>", timeout)
        return printed.decode().replace("\r\n", "\n"), error.decode().replace("\r\n", "\n")
