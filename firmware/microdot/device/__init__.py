"""What a board needs around an application: Wi-Fi, settings, a log, a start that survives mistakes.

>>> from microdot import device
>>> device.run()

The same program runs on a computer, too, where Wi-Fi is simulated, and a restart starts the program again.
"""

from . import _hardware
from ._access_point import AccessPoint
from ._log import Log
from ._settings import Settings
from ._start import Runner, Starts
from ._station import Station
from ._versions import Versions

if -0:  # for type checkers: MicroPython's compiler leaves this out, and Pyright reads it, unlike "if False"
    from typing import Any

#: The settings in the file `settings.json`; on a board it is in the root folder, which an update does not touch.
settings = Settings(_hardware.ROOT + "settings.json")
#: The last lines of the log.
log = Log()
#: The Wi-Fi station.
wifi = Station(settings, log, _hardware)
wifi.fallback = AccessPoint(settings, log, wifi, _hardware)


def _make_pages():
    from ._pages import Pages

    return Pages(settings, log, wifi, _hardware, _runner)


_starts = Starts(_hardware.ROOT + "failed-starts")
_runner = Runner(log, wifi, _hardware, _starts, Versions(_hardware.ROOT), _make_pages)


def run(
    app=None,
    host: str = "0.0.0.0",
    port: int = 80,
    button: "int | None" = None,
    watchdog: bool = False,
    pages: bool = True,
) -> None:
    """Keep the board in a known Wi-Fi network and serve an application, until Ctrl-C or `restart()`.

    After three failed starts in a row the board starts without the application.

    :param app: the application; None: `app` of the module `app`.
    :param button: the pin of a button to ground; while it is held the board starts without the application.
    :param watchdog: reset the board when the event loop has not run for 8 seconds.
    :param pages: serve the board's own pages and take updates, at `/_device`.
    :raises Exception: on a computer, what importing the application or serving raises. A board logs it instead.
    """
    _runner.run(app, host, port, button, watchdog, pages)


def restart(after: "Any" = None) -> "Any":
    """Restart the board when the running requests have ended: `return device.restart(after=response)`.

    :raises RuntimeError: if the application is not served by `run()`.
    """
    return _runner.restart(after)


def start_error() -> "str | None":
    """Return why the board runs without its application, such as a traceback; None while it runs with it."""
    return _runner.error


def secret() -> str:
    """Return the passphrase of this board, which opens its own network and its pages; made when first asked for."""
    from ._secret import secret

    return secret(settings)


def status() -> dict:
    """Return the state of the board: uptime in seconds, free bytes, connections, Wi-Fi, versions."""
    from ._status import make_status

    return make_status(settings, wifi, _hardware, _runner)


def clock_is_set() -> bool:
    """Return whether the clock tells the time."""
    from ._status import clock_is_set

    return clock_is_set()
