"""What a board knows about itself."""

import sys
import time

from .. import __version__
from .._dates import CLOCK_SET
from ._fields import name_fields


def clock_is_set() -> bool:
    """Return whether the clock tells the time; a board without a battery starts in 1970, 2000 or 2021."""
    return time.gmtime()[0] >= CLOCK_SET


def make_status(settings, wifi, hardware, runner) -> dict:
    """Return the state of the board as a dict for JSON; see `device.status()`."""
    free, largest = hardware.heap()
    server = runner.app.server if runner.app else None
    network = {"state": wifi.state, "signal": wifi.signal, "address": wifi.address}
    if wifi.state == "joined" and wifi.network is not None:  # the name is unknown if it was joined before a soft reset
        network.update(name_fields(wifi.network))
    return {
        "name": settings.device["name"],
        "uptime": runner.uptime,
        "reset_cause": hardware.reset_cause(),
        "heap_free": free,
        "heap_largest": largest,
        "flash_free": hardware.flash_free(),
        "connections": len(server.connections) if server else 0,
        "max_connections": runner.app.max_connections if runner.app else 0,
        "wifi": network,
        "clock_is_set": clock_is_set(),
        "has_application": runner.error is None,
        "microdot": __version__,
        "python": sys.implementation.name + " " + ".".join([str(part) for part in sys.implementation.version[:3]]),
    }
