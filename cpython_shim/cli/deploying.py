"""`microdot deploy`: copy an application to a board at a USB port, or send it over the network, and start it."""

import contextlib
import fnmatch
import hashlib
import os
import pathlib
import sys

from . import board, network, watching
from .console import GREEN, CommandError, paint

#: What stays on the computer: names of files and folders. A name that begins with a dot stays there, too.
NOT_FOR_BOARDS = (
    "*.egg-info", "*.md", "*.pyc", "__pycache__", "build", "dist", "node_modules", "pyproject.toml",
    "pyrightconfig.json", "requirements*.txt", "settings.json", "test_*.py", "tests", "typings", "uv.lock", "venv",
)  # fmt: skip
#: What `--delete` leaves on the board: packages, settings, what MicroPython itself starts first.
OF_THE_BOARD = ("/lib/*", "/settings.json*", "/failed-starts", "/versions/*", "/boot.py", "/webrepl_cfg.py")
#: What an update over the network leaves as it is: they start before the application, and could keep the board from it.
NOT_FOR_UPDATES = ("boot.py", "main.py")
NO_MAIN = (
    "There is no main.py, neither in the folder nor on the board: unless the firmware has one, the application does not"
    " start. Save main.py with these two lines:\n"
    "    from microdot import device\n"
    "    device.run()"
)
# Prints None without the framework, '' with it, and the name of a single file that is imported instead of its folder.
_FRAMEWORK = """
import json
try:
    import microdot
    found = "" if hasattr(microdot, "__path__") else getattr(microdot, "__file__", "microdot.py")
except ImportError:
    found = None
print({mark!r} + json.dumps(found))
"""
# Start the copied application, not a version that came over the network.
_FORGET_VERSIONS = """
import os
for path in ("/versions/state", "/versions/state.new"):
    try:
        os.remove(path)
    except OSError:
        pass
"""


def add_command(commands) -> None:
    """Add the command to the parser's commands."""
    parser = commands.add_parser(
        "deploy",
        help="copy an application to a board at a USB port or in the network, and start it",
        description="Copy what has changed in a folder to a board at a USB port, start the board's main.py, and show"
        " what it prints until Ctrl-C, which leaves the application running. With an address, send the folder over the"
        " network instead: the board tries the new version, and goes back to the one before if it fails. The board's"
        f" secret is asked for, or taken from the variable {network.VARIABLE} or the standard input.",
    )
    parser.add_argument("address", metavar="ADDRESS", nargs="?", help="the board's address or name in the network")
    parser.add_argument("folder", metavar="FOLDER", type=pathlib.Path, help="folder of the application")
    board.add_argument(parser)
    parser.add_argument("--delete", action="store_true", help="delete files of the board that the folder does not have")
    parser.add_argument("--no-logs", action="store_true", help="do not wait for what the application prints")
    parser.set_defaults(command=deploy)


def deploy(options) -> int:
    """Copy an application to a board and start it; return the status for the shell."""
    files = application_files(options.folder)
    if "/microdot.py" in files:
        raise CommandError(f"{files['/microdot.py']} would hide the framework on the board: rename or delete it")
    if options.address is not None:
        if options.port or options.delete or options.no_logs:
            raise CommandError(
                "--port, --delete and --no-logs are for a board at a USB port: leave them or ADDRESS out"
            )
        return update(options.address, {path[1:]: file for path, file in files.items()}, options.folder)
    if not {"/main.py", "/app.py"} & set(files):
        raise CommandError(f"there is neither main.py nor app.py in {options.folder}")
    found = board.find(options.port)
    check_framework(found)
    there = found.hashes("/")
    changed = {path: file for path, file in files.items() if there.get(path) != sha256(file)}
    gone = [path for path in there if path not in files and not is_of_the_board(path)] if options.delete else []
    try:
        found.check_room(changed, gone)
    except CommandError:  # what the board ran was stopped for the question
        with contextlib.suppress(CommandError):
            watching.restart(found.port, stay=False)
        raise
    found.remove(gone)  # what is copied may need the room
    for path in sorted(gone):
        print("  deleted " + path, flush=True)
    found.copy(changed, lambda path: print("  " + paint("copied ", GREEN) + path, flush=True))
    if "/versions/state" in there or "/versions/state.new" in there:
        found.ask(_FORGET_VERSIONS)
    print(f"{len(changed)} of {len(files)} files copied; starting the board", flush=True)
    if "/main.py" not in (set(there) - set(gone)) | set(files):
        print(NO_MAIN, flush=True)
    watching.restart(found.port, stay=not options.no_logs)
    return 0


def check_framework(found: board.Board) -> None:
    """Check that a board's programs get the framework when they import it.

    :raises CommandError: if it is not there, or a single-file `microdot.py` is found before it.
    """
    (hidden_by,) = found.ask(_FRAMEWORK)
    if hidden_by is None:
        raise CommandError("the framework is not on the board: run microdot setup first")
    if hidden_by:
        path = "/" + hidden_by.lstrip("/")
        command = f"mpremote connect {found.port} rm :{path}"
        raise CommandError(f"{path} on the board hides the framework, which is a folder: delete it with {command}")


def update(address: str, files: "dict[str, pathlib.Path]", folder: pathlib.Path) -> int:
    """Send an application to a board in the network, and wait until the board has confirmed it; return the status."""
    files = {name: file for name, file in files.items() if name not in NOT_FOR_UPDATES}
    if not {"app.py", "app/__init__.py"} & set(files):
        raise CommandError(f"there is no app.py in {folder}: a board starts the application of that name")
    network.make_list([(name, b"") for name in files])  # report what cannot be sent before asking for the secret
    found = network.NetworkBoard(address, network.ask_secret())
    state = found.describe()
    if not state["possible"]:
        raise CommandError(
            "the board's main.py passes an application to device.run(): a board takes updates only without that"
        )
    if state["state"] != "good":
        raise CommandError("the board is still trying the last update: try again in a minute")
    name = found.send(files, state["nonce"], show_progress)
    print(paint("Sent ", GREEN) + f"{count(files)}, version {name}; the board restarts", flush=True)
    found.wait(name, lambda state: print(_STATES[state], flush=True))
    return 0


def count(files: "dict[str, pathlib.Path]") -> str:
    """Return how many files there are, in words."""
    return "1 file" if len(files) == 1 else f"{len(files)} files"


_STATES = {
    "new": "The board has taken it",
    "tried": "The board tries it, which takes 20 seconds",
    "good": "The board has confirmed it",
}


def show_progress(done: int, total: int) -> None:
    """Show how much has been sent, on a terminal only."""
    if sys.stdout.isatty():
        end = "\n" if done == total else ""
        print(f"\rSending: {100 * done // total} % of {(total + 1023) // 1024} KB", end=end, flush=True)


def application_files(folder: pathlib.Path) -> "dict[str, pathlib.Path]":
    """Return the files of an application that a board is to have: {path on the board: file}.

    :raises CommandError: if there is no such folder, a part of it cannot be read, or a name is no text.
    """
    found = {}
    try:
        if not folder.is_dir():
            raise CommandError(f"{folder} is not a folder")
        for path, folders, names in os.walk(folder, onerror=_raise):
            folders[:] = [name for name in folders if not stays(name)]
            for file in [pathlib.Path(path, name) for name in names if not stays(name)]:
                if file.is_file():
                    open(file, "rb").close()  # before anything is copied
                    name = file.relative_to(folder).as_posix()
                    name.encode()
                    found["/" + name] = file
    except OSError as error:
        raise CommandError(f"cannot read {error.filename}: {error.strerror}") from None
    except UnicodeEncodeError as error:
        raise CommandError(f"the name {error.object!r} is not UTF-8, as it has to be on a board: rename it") from None
    return dict(sorted(found.items()))


def _raise(error):
    raise error


def stays(name: str) -> bool:
    """Return whether a file or folder of a name stays on the computer."""
    return name.startswith(".") or any(fnmatch.fnmatch(name, pattern) for pattern in NOT_FOR_BOARDS)


def is_of_the_board(path: str) -> bool:
    """Return whether a file on the board does not belong to an application."""
    return any(fnmatch.fnmatch(path, pattern) for pattern in OF_THE_BOARD)


def sha256(file: pathlib.Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()
