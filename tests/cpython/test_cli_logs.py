"""`microdot logs` at a serial port, whose other end plays a board; the real thing is in tests/firmware."""

import os
import pty
import select
import signal
import subprocess
import sys
import threading
import tty

import pytest

from microdot import cli
from microdot.cli import board, watching
from microdot.cli.console import CommandError
from server_process import open_files, wait_until

BANNER = b"MPY: soft reboot\r\n"


class PlayedBoard:
    """The end of a pseudo-terminal that plays a board; use as a context manager.

    deaf: it does not answer Ctrl-C; stuck: it does not answer Ctrl-D
    """

    def __init__(self, deaf=False, stuck=False):
        self.deaf = deaf
        self.stuck = stuck
        self.received = b""

    def __enter__(self):
        self.end, other = pty.openpty()
        tty.setraw(other)
        self.port = os.ttyname(other)
        self.other = other
        self.ended, self.end_now = os.pipe()
        self.thread = threading.Thread(target=self.play)
        self.thread.start()
        return self

    def __exit__(self, *exc_info):
        os.write(self.end_now, b"x")
        self.thread.join()
        for file in (self.end, self.other, self.ended, self.end_now):
            os.close(file)

    def play(self):
        while True:
            ready, _, _ = select.select([self.end, self.ended], [], [])
            if self.ended in ready:
                return
            data = os.read(self.end, 100)
            self.received += data
            if b"\x03" in data and not self.deaf:
                self.say(b"Traceback (most recent call last):\r\nKeyboardInterrupt: \r\n>>> ")
            if b"\x04" in data and not self.stuck:
                self.say(BANNER + "Serving\r\ncafé\r\n".encode())

    def say(self, data):
        os.write(self.end, data)


class Logs:
    """`microdot logs` in a process of its own; use as a context manager."""

    def __init__(self, port, *options):
        code = "import sys; from microdot.cli import main; sys.exit(main())"
        self.command = [sys.executable, "-c", code, "logs", "--port", port, *options]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.printed = b""
        self.thread = threading.Thread(target=self.read)
        self.thread.start()
        return self

    def read(self):
        while data := os.read(self.process.stdout.fileno(), 1000):
            self.printed += data

    def shows(self, data):
        return wait_until(lambda: data in self.printed)

    def end(self):
        """Press Ctrl-C; return the status and what was printed on the standard error."""
        self.process.send_signal(signal.SIGINT)
        self.thread.join()
        _, errors = self.process.communicate()
        return self.process.returncode, errors.decode()

    def __exit__(self, *exc_info):
        self.process.kill()
        self.thread.join()
        self.process.communicate()


def test_what_a_board_prints_is_shown_until_ctrl_c():
    with PlayedBoard() as played, Logs(played.port) as logs:
        assert wait_until(lambda: played.port in open_files(logs.process.pid))  # what comes before is lost
        played.say("21 °C\r\n".encode())
        assert logs.shows("21 °C\n".encode())
        assert logs.end() == (0, "")
        assert played.received == b""  # nothing is sent to the board: its application goes on


def test_a_board_is_started_again_first():
    with PlayedBoard() as played, Logs(played.port, "--restart") as logs:
        assert logs.shows("Serving\ncafé\n".encode())
        assert b"KeyboardInterrupt" not in logs.printed  # of the application that was stopped
        assert played.received == b"\r\x03\x03\x02\x04"
        played.say(b"and on\r\n")
        assert logs.shows(b"and on\n")
        assert logs.end() == (0, "")


@pytest.mark.parametrize(("played", "message"), [
    (PlayedBoard(deaf=True), "does not answer"), (PlayedBoard(stuck=True), "does not start again"),
])  # fmt: skip
def test_a_board_that_does_not_begin_anew(monkeypatch, played, message):
    monkeypatch.setattr(watching, "PATIENCE", 0.3)
    monkeypatch.setattr(watching, "INTERVAL", 0.05)
    with played, pytest.raises(CommandError, match=f"the board at {played.port} {message}: disconnect it"):
        watching.restart(played.port, stay=False)


def test_a_board_that_has_begun_anew_is_left_alone():
    with PlayedBoard() as played:
        watching.restart(played.port, stay=False)
        assert played.received.endswith(b"\x04")


def test_a_port_that_cannot_be_opened(capsys, tmp_path):
    assert cli.main(["logs", "--port", str(tmp_path / "none")]) == 1
    assert capsys.readouterr().err == f"microdot: {board.cannot_open(str(tmp_path / 'none'))}\n"


def test_a_computer_without_the_serial_port_library(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "serial", None)
    assert cli.main(["logs", "--port", "/dev/ttyACM0"]) == 1
    assert capsys.readouterr().err == f"microdot: mpremote is not installed: {board.INSTALL}\n"
