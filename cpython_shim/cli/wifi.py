"""The Wi-Fi network of a board: the networks that it sees, the attempt to join one, and the settings that keep it."""

import contextlib
import json
import pathlib
import tempfile

from ..device._portal_page import visible
from ..device._secret import make_secret
from .board import Board
from .console import CommandError

#: The file that `microdot.device` reads.
SETTINGS = "/settings.json"
#: Seconds for a board to join a network.
PATIENCE = 20
#: Networks that the settings hold at most.
MOST = 8

# These programs use what the framework knows about the chips' Wi-Fi: it is on the board by now.
_SCAN = """
import json
from binascii import hexlify
from microdot.device import _hardware
wlan = _hardware.station()
if wlan is None:
    print({mark!r} + "null")
else:
    wlan.active(True)
    for found in wlan.scan():
        print({mark!r} + json.dumps([hexlify(found[0]).decode(), found[3], bool(found[4])]))
"""
_JOIN = """
import json
import time
from binascii import unhexlify
from microdot.device import _hardware
wlan = _hardware.station()
_hardware.set_up_wifi(wlan, {host_name!r}, {country!r}, True)
wlan.disconnect()
_hardware.join(wlan, unhexlify({name!r}), {password!r}, None)
result = None
for _ in range({seconds} * 4):
    result = "joined" if wlan.isconnected() else _hardware.failure(wlan)
    if result:
        break
    time.sleep(0.25)
print({mark!r} + json.dumps([result or "failed", wlan.ifconfig()[0]]))
"""
_READ = """
import json
text = None
for name in ({path!r}, {path!r} + ".new"):
    try:
        with open(name) as file:
            text = json.load(file)
        break
    except (OSError, ValueError):
        pass
print({mark!r} + json.dumps(text))
"""
_REPLACE = """
import os
try:
    os.rename({path!r} + ".new", {path!r})
except OSError:
    os.remove({path!r})
    os.rename({path!r} + ".new", {path!r})
"""


def scan(board: Board) -> "list[tuple[bytes, int, bool]] | None":
    """Return the networks that a board sees, strongest first: [(name, signal in dBm, whether it has a password)].

    None if the board has no Wi-Fi.
    """
    lines = board.ask(_SCAN)
    if None in lines:
        return None
    strongest = {}
    # Of several networks with one name an open one counts only if none has a password: it may be an impostor.
    for name, signal, protected in sorted(lines, key=lambda line: (line[2], line[1])):
        if bytes.fromhex(name).strip(b"\0"):  # a hidden network has no name
            strongest[bytes.fromhex(name)] = (signal, protected)
    rows = [(name, signal, protected) for name, (signal, protected) in strongest.items()]
    return sorted(rows, key=lambda row: -row[1])


def join(board: Board, name: bytes, password: str, settings: dict) -> "tuple[str, str]":
    """Make a board join a network.

    :param settings: those on the board, with its name and country.
    :return: "joined", "wrong password", "not found" or "failed"; and the board's address.
    """
    values = {"name": name.hex(), "password": password, "seconds": PATIENCE}
    values["host_name"] = host_name(settings)
    values["country"] = _device_value(settings, "country", "")
    (answer,) = board.ask(_JOIN, PATIENCE + 60, **values)
    return tuple(answer)


def read_settings(board: Board) -> dict:
    """Return the settings on a board; {} if there are none that can be read."""
    (settings,) = board.ask(_READ, path=SETTINGS)
    return settings if isinstance(settings, dict) else {}


def with_network(settings: dict, name: bytes, password: str) -> dict:
    """Return settings with a network as the first one; what is known of it beside the password stays."""
    known = {"ssid_hex": name.hex()}
    with contextlib.suppress(UnicodeDecodeError):
        known = {"ssid": name.decode()}
    device = settings.get("device")
    device = dict(device) if isinstance(device, dict) else {}
    networks = device.get("networks")
    others = []
    for network in networks if isinstance(networks, list) else []:
        if isinstance(network, dict) and known.items() <= network.items():
            known = {**network, **known}
        else:
            others.append(network)
    device["networks"] = [{**known, "password": password}, *others][:MOST]
    return {**settings, "device": device}


def with_secret(settings: dict) -> dict:
    """Return settings with a passphrase for the board: a new one unless they have one."""
    if secret(settings):
        return settings
    device = settings.get("device")
    return {**settings, "device": {**(device if isinstance(device, dict) else {}), "secret": make_secret()}}


def secret(settings: dict) -> str:
    """Return the passphrase of the board, empty without one."""
    return _device_value(settings, "secret", "")


def save_settings(board: Board, settings: dict) -> None:
    """Write the settings on a board; the old ones stay until the new ones are complete."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "settings.json"
        file.write_text(json.dumps(settings), "utf-8")
        board.copy({SETTINGS + ".new": file}, lambda path: None)
    board.ask(_REPLACE, path=SETTINGS)


def host_name(settings: dict) -> str:
    """Return the name under which the network knows the board."""
    return _device_value(settings, "name", "microdot")


def _device_value(settings, name, default):
    device = settings.get("device")
    value = device.get(name) if isinstance(device, dict) else None
    return value if isinstance(value, str) and value else default


def check_password(password: str) -> None:
    """Refuse what cannot be the password of a network.

    :raises CommandError: if it is none.
    """
    if password and not 8 <= len(password.encode()) <= 64:
        raise CommandError("a Wi-Fi password has 8 to 63 characters")


def shown(name: bytes) -> str:
    """Return a network's name as text that a terminal can show; what it has no shape for is a code."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in visible(name))
