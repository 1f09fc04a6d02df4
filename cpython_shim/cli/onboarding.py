"""`microdot setup`: the framework and a Wi-Fi network for a board with MicroPython's own firmware."""

import getpass
import pathlib
import sys
import tempfile

from . import board, framework, wifi
from .console import BOLD, DIM, GREEN, CommandError, paint
from .deploying import sha256

_FROZEN = """
import json
import sys
try:
    import microdot
    file = getattr(microdot, "__file__", "")
    found = None if file[:1] == "/" else microdot.__version__
except Exception:  # missing or incomplete
    found = None
print({mark!r} + json.dumps(found))
"""
#: Attempts to give the password of a network.
ATTEMPTS = 3


def add_command(commands) -> None:
    """Add the command to the parser's commands."""
    parser = commands.add_parser(
        "setup",
        help="install the framework on a board at a USB port, and connect the board to Wi-Fi",
        description="Install the framework on a board with MicroPython at a USB port, and let it join a Wi-Fi network.",
    )
    board.add_argument(parser)
    parser.add_argument("--network", help="name of the Wi-Fi network; without it you choose from those the board sees")
    parser.add_argument("--no-wifi", action="store_true", help="install the framework only")
    parser.set_defaults(command=set_up)


def set_up(options) -> int:
    """Set up a board; return the status for the shell."""
    found = board.find(options.port)
    name, version, mpy_version = found.describe()
    print(f"{paint(name, BOLD)}, MicroPython {'.'.join(map(str, version))}, at {found.port}", flush=True)
    install(found, mpy_version)
    if options.no_wifi:
        show_secret(wifi.read_settings(found))
    else:
        connect(found, options.network)
    print(f"Next: {paint('microdot deploy FOLDER', BOLD)}")
    return 0


def install(found: board.Board, mpy_version: int) -> None:
    """Copy the framework to a board, unless its firmware has it."""
    (version,) = found.ask(_FROZEN)
    if version:
        print(f"The framework {version} is part of the board's firmware", flush=True)
        return
    with tempfile.TemporaryDirectory() as folder:
        files = framework.compile_modules(pathlib.Path(folder), mpy_version)
        there = found.hashes(framework.TARGET)
        # Source beside a compiled module would be imported instead of it, and the flash has no room for both.
        found.remove([path for path in there if path not in files])
        changed = {path: file for path, file in files.items() if there.get(path) != sha256(file)}
        progress = Progress("Installing the framework", len(changed))
        found.copy(changed, progress.step)
    print(paint("Installed the framework", GREEN) + f": {len(files)} modules, {len(changed)} of them new", flush=True)


class Progress:
    """Shows how far something is, on a terminal only.

    :param total: the number of steps.
    """

    def __init__(self, title: str, total: int):
        self._title = title
        self._total = total
        self._done = 0

    def step(self, _what: str) -> None:
        """Count one more step as done."""
        self._done += 1
        if sys.stdout.isatty():
            end = "\n" if self._done == self._total else ""
            print(f"\r{self._title}: {self._done} of {self._total}", end=end, flush=True)


def connect(found: board.Board, name: "str | None") -> None:
    """Make a board join a network, and save the network in the board's settings."""
    networks = wifi.scan(found)
    if networks is None:
        print("This board has no Wi-Fi: there is no network to join", flush=True)
        return
    chosen = name.encode() if name else choose(networks)
    settings = wifi.read_settings(found)
    is_open = (chosen, False) in [(network, protected) for network, _, protected in networks]
    for attempt in range(1, ATTEMPTS + 1):
        password = "" if is_open else ask_password(chosen)
        wifi.check_password(password)
        print(paint(f"Joining {wifi.shown(chosen)} ...", DIM), flush=True)
        result, address = wifi.join(found, chosen, password, settings)
        if result == "joined":
            break
        message = f"the board cannot join '{wifi.shown(chosen)}': {result}"
        if result != "wrong password" or attempt == ATTEMPTS or not sys.stdin.isatty():
            raise CommandError(message)
        print(message, file=sys.stderr)
    settings = wifi.with_secret(wifi.with_network(settings, chosen, password))
    wifi.save_settings(found, settings)
    names = f"the board is {address}, and {wifi.host_name(settings)}.local"
    print(paint("Joined", GREEN) + f" {wifi.shown(chosen)}: {names}", flush=True)
    show_secret(settings)


def show_secret(settings: dict) -> None:
    """Show the passphrase of a board; one that has none yet makes it at its first start."""
    secret = wifi.secret(settings)
    if secret:
        shown = paint(secret, BOLD)
        print(f"Passphrase of the board: {shown}, for its pages at /_device and for its own network", flush=True)


def choose(networks: "list[tuple[bytes, int, bool]]") -> bytes:
    """Return the name of the network that the user chooses by its number or its name."""
    if not networks:
        raise CommandError("the board sees no Wi-Fi network; boards use 2.4 GHz only. For a hidden one use --network")
    if not sys.stdin.isatty():
        raise CommandError("there is no terminal to ask on: name the Wi-Fi network with --network")
    for number, (name, signal, protected) in enumerate(networks, 1):
        print(f"{number:3}  {wifi.shown(name):32}  {signal:4} dBm  {'' if protected else 'open'}".rstrip())
    while True:
        answer = input("Number or name of the network: ").strip()
        if answer.isdecimal() and 1 <= int(answer) <= len(networks):
            return networks[int(answer) - 1][0]
        if answer and not answer.isdecimal():
            return answer.encode()


def ask_password(name: bytes) -> str:
    """Return the password for a network: typed without being shown, else the next line of the standard input."""
    if sys.stdin.isatty():
        return getpass.getpass(f"Password of {wifi.shown(name)}: ")
    return sys.stdin.readline().rstrip("\r\n")
