"""A computer in place of a board: it has the functions of `_board`, and its Wi-Fi is simulated."""

import os
import sys
import time

#: Whether this is a board, which has to help itself.
IS_BOARD = False
#: The beginning of the names of the board's own files: they are in the current folder.
ROOT = ""


class PretendedStation:
    """A simulated station near some networks, which can be joined with any password."""

    _NETWORKS = ((b"Home", -48, True), (b"Office", -67, True), (b"Guests", -80, False))

    def __init__(self):
        self._joined = None

    def scan(self):
        """Return the networks as MicroPython does."""
        return [(name, bytes(6), 1, signal, 3 if locked else 0, 0) for name, signal, locked in self._NETWORKS]

    def isconnected(self):
        """Return whether a network has been joined."""
        return self._joined is not None

    def disconnect(self):
        """Leave the network."""
        self._joined = None

    def status(self, param):
        """Return the signal in dBm, the only thing asked for."""
        return -48

    def ifconfig(self):
        """Return the addresses of this computer as its own programs see it."""
        return "127.0.0.1", "255.0.0.0", "127.0.0.1", "127.0.0.1"

    def join(self, name):
        """Join a network if it is there."""
        if name in [known for known, _, _ in self._NETWORKS]:
            self._joined = name


def station():
    """Return the simulated station."""
    return PretendedStation()


def access_point():
    """Return None: no access point is simulated."""


def open_access_point(wlan, name: str, password: str) -> None:
    """Do nothing: there is none."""


def close_access_point(wlan) -> None:
    """Do nothing: there is none."""


def address_end(wlan) -> str:
    """Return four digits in place of an address."""
    return "0000"


def set_up_wifi(wlan, name: str, country: str, power_saving: bool) -> None:
    """Do nothing."""


def join(wlan, name: bytes, password: str, addresses: "tuple[str, str, str, str] | None") -> None:
    """Join a simulated network."""
    wlan.join(name)


def failure(wlan) -> "str | None":
    """Return why a network was not joined."""
    return None if wlan.isconnected() else "not found"


def restart() -> None:
    """Start this program again in its own process."""
    if hasattr(os, "execv"):
        os.execv(sys.executable, [sys.executable] + sys.argv)
    raise SystemExit  # the unix port cannot start itself again


def reset_cause() -> str:
    """Return why the program has started."""
    return "power on"


def woke() -> bool:
    """Return False: there is no deep sleep."""
    return False


def is_pressed(pin: int) -> bool:
    """Return False: there is no button."""
    return False


def flash_free() -> int:
    """Return the free bytes of the filesystem that the program runs in."""
    if hasattr(os, "statvfs"):
        stat = os.statvfs(".")
        return stat[1] * stat[4] if hasattr(stat, "f_bavail") else stat[0] * stat[3]
    return 0


def heap() -> "tuple[int, int]":
    """Return (0, 0): ask the system what is free."""
    return 0, 0


def watchdog():
    """Return None: there is no watchdog."""


def release(dog) -> None:
    """Do nothing."""


def keep_feeding(dog, seconds: int = 0) -> None:
    """Do nothing."""


def stop_feeding() -> None:
    """Do nothing."""


def set_clock(seconds: int) -> None:
    """Do nothing: the system sets its clock."""


if hasattr(time, "ticks_ms"):
    ticks = time.ticks_ms

    def passed(begin: int, end: int) -> int:
        """Return the milliseconds between two values of `ticks()`."""
        return time.ticks_diff(end, begin)

else:

    def ticks() -> int:
        """Return milliseconds."""
        return int(time.monotonic() * 1000)

    def passed(begin: int, end: int) -> int:
        """Return the milliseconds between two values of `ticks()`."""
        return end - begin
