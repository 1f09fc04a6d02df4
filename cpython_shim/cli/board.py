"""A board at a USB port, reached with mpremote, which runs as a process of its own."""

import importlib.util
import json
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection

from .console import CommandError

INSTALL = "pip install 'microdot-cpython[boards]'"
#: Seconds for a program on a board that should end by itself.
PATIENCE = 120
#: Bytes that a board writes to its flash in a second, at least.
BYTES_A_SECOND = 2000
#: Files that one run of mpremote copies: a command line of Windows holds 32,767 characters.
FILES_AT_ONCE = 40
# Marks a line of JSON among everything else that is printed, for instance by boot.py.
_MARK = "microdot: "

_DESCRIBE = """
import sys
import json
kind = sys.implementation
format = getattr(kind, "_mpy", 0)
print({mark!r} + json.dumps([getattr(kind, "_machine", sys.platform), list(kind.version[:3]), format & 255]))
"""
_HASHES = """
import os
import json
import hashlib
from binascii import hexlify

def walk(folder):
    for entry in os.ilistdir(folder or "/"):
        path = folder + "/" + entry[0]
        if entry[1] == 0x4000:
            walk(path)
        else:
            found = hashlib.sha256()
            with open(path, "rb") as file:
                while True:
                    data = file.read(1024)
                    if not data:
                        break
                    found.update(data)
            print({mark!r} + json.dumps([path, hexlify(found.digest()).decode()]))

try:
    walk({folder!r})
except OSError as error:
    if error.errno != 2:
        raise
"""
# Prints the size of a block of flash, the number of free ones, and {path: size} of those files that there are.
_ROOM = """
import os
import json
sizes = {{}}
for path in {paths!r}:
    try:
        sizes[path] = os.stat(path)[6]
    except OSError:
        pass
stat = os.statvfs("/")
print({mark!r} + json.dumps([stat[0], stat[3], sizes]))
"""
_MAKE_FOLDERS = """
import os
for path in {paths!r}:
    try:
        os.mkdir(path)
    except OSError as error:
        if error.errno != 17:
            raise
"""
_REMOVE = """
import os
for path in {paths!r}:
    os.remove(path)
    while "/" in path[1:]:
        path = path[:path.rindex("/")]
        try:
            os.rmdir(path)
        except OSError:
            break
"""


def add_argument(parser) -> None:
    """Let a command take the port of the board."""
    parser.add_argument("--port", help="serial port of the board, such as COM3 or /dev/ttyACM0 (default: the only one)")


class Board:
    """A board with MicroPython.

    :param port: its serial port, as mpremote takes it.
    """

    def __init__(self, port: str):
        self.port = port

    def describe(self) -> "tuple[str, tuple[int, ...], int]":
        """Return the board's name, MicroPython's version, and the version of the .mpy files that it takes, 0 for none.

        :raises CommandError: if the board does not answer, as in the other methods.
        """
        ((name, version, mpy),) = self.ask(_DESCRIBE)
        return name, tuple(version), mpy

    def ask(self, script: str, patience: int = PATIENCE, **values) -> list:
        """Run a program on the board and return what it prints as JSON.

        The program, which may hold a password, is in a file that nobody else can read; every user of the computer could
        see it on a command line.

        :param script: a template of `str.format()`, with *values* and with what begins a line of JSON as `mark`.
        :param patience: seconds for the program to end.
        """
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "script.py"
            file.write_text(script.format(mark=_MARK, **values), "utf-8")
            lines = self._mpremote(["run", str(file)], patience).splitlines()
        try:
            return [json.loads(line[len(_MARK) :]) for line in lines if line.startswith(_MARK)]
        except ValueError:
            raise CommandError(f"the board at {self.port} does not answer like MicroPython") from None

    def hashes(self, folder: str) -> "dict[str, str]":
        """Return the files in a folder on the board and in those below it: {path: SHA-256}."""
        return dict(self.ask(_HASHES, folder=folder.rstrip("/")))

    def check_room(self, files: "dict[str, pathlib.Path]", gone: "Collection[str]" = ()) -> None:
        """Check that the board's flash has room for files, in place of those that have their names.

        :param files: {path on the board: file here}.
        :param gone: paths of the files on the board that will be deleted before.
        :raises CommandError: if they cannot fit. If they just fit, the flash may be full in the end, because folders
            take room, too.
        """
        ((block, free, replaced),) = self.ask(_ROOM, paths=sorted({*files, *gone}))
        sizes = {path: file.stat().st_size for path, file in files.items()}
        needed = sum(_blocks(size, block) for size in sizes.values())
        free += sum(_blocks(size, block) for size in replaced.values())
        if needed > free:
            largest = max(sizes, key=sizes.get)
            raise CommandError(
                f"the files need {needed * block // 1024} KB, and the board's flash has room for"
                f" {free * block // 1024} KB: leave some out, such as {largest} with {sizes[largest] // 1024} KB"
            )

    def copy(self, files: "dict[str, pathlib.Path]", progress: "Callable[[str], None]") -> None:
        """Copy files to the board, and make their folders.

        :param files: {path on the board: file here}.
        :param progress: called with the path of each file when it is there.
        """
        folders = {path[:end] for path in files for end in range(1, len(path)) if path[end] == "/"}
        if folders:
            self.ask(_MAKE_FOLDERS, paths=sorted(folders))
        paths = sorted(files)
        for start in range(0, len(paths), FILES_AT_ONCE):
            some = paths[start : start + FILES_AT_ONCE]
            arguments = [a for path in some for a in ("+", "fs", "cp", "-f", str(files[path]), ":" + path)]
            size = sum(files[path].stat().st_size for path in some)
            self._mpremote(arguments[1:], PATIENCE + size // BYTES_A_SECOND)
            for path in some:
                progress(path)

    def remove(self, paths: "list[str]") -> None:
        """Remove files from the board, and folders that become empty."""
        if paths:
            self.ask(_REMOVE, paths=sorted(paths))

    def _mpremote(self, arguments, patience=PATIENCE):
        command = [*mpremote(), "connect", self.port, *arguments]
        options = {"stdin": subprocess.DEVNULL, "capture_output": True, "timeout": patience}
        try:
            done = subprocess.run(command, text=True, encoding="utf-8", errors="replace", **options)
        except subprocess.TimeoutExpired:
            raise CommandError(f"the board at {self.port} did not answer within {patience} seconds") from None
        if done.returncode:
            raise CommandError(explain(self.port, done.stderr.strip() or done.stdout.strip()))
        return done.stdout


def _blocks(size, block):
    return (size + block - 1) // block


def explain(port: str, text: str) -> str:
    """Return in one line what went wrong, given what mpremote printed."""
    if "failed to access" in text:
        return cannot_open(port)
    if "could not enter raw repl" in text or "could not complete raw paste" in text:
        return f"the board at {port} does not answer: connect it anew, and check that MicroPython is installed on it"
    if "ENOSPC" in text or "OSError: 28" in text or "No space left" in text:
        return "the board's flash is full: leave files out, or delete some on the board"
    last = text.splitlines()[-1] if text else "no message"
    return f"the board at {port}: {last.removeprefix('mpremote: ')}"


def cannot_open(port: str) -> str:
    """Return why a serial port may have failed to open; systems do not distinguish these cases well."""
    return f"cannot open {port}: it is gone, in use by another program, or not yours to use (on Linux: group dialout)"


def mpremote() -> "list[str]":
    """Return the beginning of mpremote's command line.

    :raises CommandError: if it is not installed.
    """
    if importlib.util.find_spec("mpremote") is None:
        raise CommandError(f"mpremote is not installed: {INSTALL}")
    return [sys.executable, "-m", "mpremote"]


def find(port: "str | None") -> Board:
    """Return the board at *port*, or the only one that is connected by USB if that is None.

    :raises CommandError: if there is none, or if there are several.
    """
    if port:
        return Board(port)
    listed = subprocess.run([*mpremote(), "connect", "list"], capture_output=True, text=True)
    ports = usb_ports(listed.stdout)
    if not ports:
        raise CommandError("no board is connected by USB: use a cable that carries data, or name its port with --port")
    if len(ports) > 1:
        raise CommandError(f"several boards are connected: choose one with --port, of {', '.join(ports)}")
    return Board(ports[0])


def usb_ports(listing: str) -> "list[str]":
    """Return the ports that belong to USB devices, given what `mpremote connect list` prints."""
    rows = [line.split() for line in listing.splitlines()]
    return [row[0] for row in rows if len(row) > 2 and ":" in row[2] and row[2] != "0000:0000"]
