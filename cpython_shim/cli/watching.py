"""`microdot logs`: what a board prints, read from its serial port."""

import codecs
import sys
import time

from . import board
from .console import CommandError

#: Seconds between two attempts to open the port of a board that has gone.
INTERVAL = 0.5
#: Seconds for a board to begin anew.
PATIENCE = 20
_INTERRUPT = b"\r\x03\x03"
_PROMPT = b"\x02"  # the prompt for people, rather than for programs
_RESTART = b"\x04"


def add_command(commands) -> None:
    """Add the command to the parser's commands."""
    parser = commands.add_parser(
        "logs",
        help="show what a board at a USB port prints",
        description="Show what a board at a USB port prints until Ctrl-C, which leaves its application running. A board"
        " that is disconnected is waited for.",
    )
    board.add_argument(parser)
    parser.add_argument("--restart", action="store_true", help="stop the application and start it again first")
    parser.set_defaults(command=show)


def show(options) -> int:
    """Show what a board prints; return the status for the shell."""
    port = board.find(options.port).port
    if options.restart:
        restart(port, stay=True)
        return 0
    with open_port(port) as serial:
        follow(port, serial)
    return 0


def restart(port: str, stay: bool) -> None:
    """Stop what runs on a board and start its main.py.

    :param stay: show what it prints until Ctrl-C; else end as soon as it has begun.
    :raises CommandError: if the board does not begin anew.
    """
    with open_port(port) as serial:
        serial.timeout = INTERVAL
        limit = time.monotonic() + PATIENCE
        received = b""
        serial.write(_INTERRUPT + _PROMPT)
        while not received.endswith(b">>> "):  # an interrupted application may first finish its requests
            received += _read(serial)
            if time.monotonic() > limit:
                raise CommandError(f"the board at {port} does not answer: disconnect it, and connect it again")
        serial.write(_RESTART)
        received = b""
        while b"soft reboot" not in received:
            received += _read(serial)
            if time.monotonic() > limit:
                raise CommandError(f"the board at {port} does not start again: disconnect it, and connect it again")
        if stay:
            _print(received.partition(b"soft reboot")[2].decode("utf-8", "replace").lstrip())
            follow(port, serial)


def follow(port: str, serial) -> None:
    """Show what a board prints until Ctrl-C."""
    serial.timeout = INTERVAL
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    try:
        while True:
            try:
                _print(decoder.decode(_read(serial)))
            except OSError:
                print(f"the board at {port} is disconnected: waiting for it", file=sys.stderr)
                serial.close()
                _open_again(serial)
    except KeyboardInterrupt:
        print()


def open_port(port: str):
    """Return an open serial port, a context manager.

    :raises CommandError: if it cannot be opened.
    """
    try:
        import serial  # mpremote brings it
    except ImportError:
        raise CommandError(f"mpremote is not installed: {board.INSTALL}") from None
    try:
        return serial.serial_for_url(port, baudrate=115200, exclusive=True)
    except (OSError, ValueError):
        raise CommandError(board.cannot_open(port)) from None


def _open_again(serial):
    while not serial.is_open:
        time.sleep(INTERVAL)
        try:
            serial.open()
        except OSError:
            pass


def _read(serial):
    return serial.read(serial.in_waiting or 1)


def _print(text):
    sys.stdout.write(text.replace("\r", ""))
    sys.stdout.flush()
