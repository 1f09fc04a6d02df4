"""The start of a board: its application, or what keeps the board reachable without it.

A start counts as failed until the application has served for 20 seconds, or has ended in order; a number in a file is
how many have failed in a row. After three of them, or while a button is held, the board starts without the application:
the network, the log and the console are there, and every path is answered with status 503. When that has served for 20
seconds the count begins anew, so that the next start tries the application again. A wake from deep sleep counts as
nothing.

An application that cannot be imported is left out at once. If the server ends with an exception the board restarts.
"""

import asyncio
import gc
import io
import os
import sys

from .. import Microdot
from .._compat import log_error

#: Seconds of serving after which a start has not failed, and failed starts after which the application is left out.
ENOUGH = 20
_MAX_FAILED = 3
_MAX_TEXT = 1024


class Starts:
    """The failed starts in a row, and the text of the last one's traceback, in a file."""

    def __init__(self, path: str = "failed-starts"):
        self.path = path

    def read(self) -> "tuple[int, str]":
        """Return the number of failed starts, and the traceback or `''`."""
        try:
            with open(self.path) as file:
                number, _, text = file.read(_MAX_TEXT + 8).partition("\n")
            return int(number), text
        except (OSError, ValueError):  # also a file cut short by a power failure: it counts as none
            return 0, ""

    def write(self, number: int, text: str = "") -> None:
        """Write them; neither a full flash nor a lack of memory is a reason not to start."""
        try:
            with open(self.path, "w") as file:
                file.write("%d\n" % number)
                file.write(text[-_MAX_TEXT:])
        except (OSError, MemoryError) as error:
            log_error("Cannot write " + self.path + ": " + repr(error))

    def clear(self) -> None:
        """Forget them."""
        try:
            os.remove(self.path)
        except OSError:
            pass


class Runner:
    """Runs an application on a board.

    :param log: the `Log`.
    :param wifi: the `Station`.
    :param hardware: the module `_hardware`, or what has its functions.
    :param starts: the `Starts`.
    """

    #: The application that runs, or the one that takes its place.
    app = None
    #: Why the board runs without its application: the traceback, or another reason; None while it runs with it.
    error: "str | None" = None
    _restarting = False

    def __init__(self, log, wifi, hardware, starts):
        self._log = log
        self._wifi = wifi
        self._hardware = hardware
        self._starts = starts
        self._failed = 0  # starts before this one
        self._counts = False  # this start may fail
        self._dog = None
        self._uptime = hardware.ticks() if hardware.IS_BOARD else 0  # in milliseconds

    @property
    def uptime(self) -> int:
        """The seconds since the board has started, or the program on a computer."""
        return self._uptime // 1000

    def run(self, app, host: str, port: int, button: "int | None", watchdog: bool) -> None:
        """Serve an application until Ctrl-C or `restart()`; the parameters are those of `device.run()`."""
        self._log.install()
        self._begin(button)
        self._wifi.switch_on()
        self.app = self._replacement() if self.error else app or self._import()
        if self._wifi.fallback:
            self._wifi.fallback.app = self.app
            self._wifi.fallback.announce()
        self.app.task(self._wifi.keep)
        self.app.task(self._tick)
        if watchdog and not self.error:
            self._dog = self._hardware.watchdog()
        try:
            self.app.run(host, port)
        except Exception as error:
            if self.error or not self._hardware.IS_BOARD:  # a board that restarts now would never stop doing so
                raise
            self._fail(error, "The server has ended, the board restarts")
            return self._hardware.restart()
        if self._counts:
            self._starts.clear()
        if self._restarting:
            self._hardware.restart()
        if self._dog:
            self._hardware.keep_feeding(self._dog)
        return None

    def restart(self, after=None):
        """Restart the board when the running requests have ended; return *after*.

        :raises RuntimeError: if `run()` does not serve.
        """
        if self.app is None:
            raise RuntimeError("only what device.run() serves can be restarted")
        self._restarting = True
        self.app.shutdown()
        return after

    def _begin(self, button):
        """Find out whether to start without the application, and count this start."""
        hardware = self._hardware
        if not hardware.IS_BOARD or hardware.woke():
            return
        self._failed, text = self._starts.read()
        if text:
            self._log.keep("The last start failed:\n" + text)
        if button is not None and hardware.is_pressed(button):
            self.error = "the button is held"
        elif self._failed >= _MAX_FAILED:
            self.error = text or "%d starts in a row have failed" % self._failed
            self._counts = True
        else:
            self._counts = True
            self._starts.write(self._failed + 1, text)
        if self.error:
            self._log.write("Starting without the application: " + self.error)

    def _import(self):
        """Return the application in `app.py`; in its place another one, if it cannot be imported."""
        try:
            return __import__("app").app
        except Exception as error:
            if not self._hardware.IS_BOARD:
                raise
            self._fail(error, "Cannot import the application")
        gc.collect()
        self._counts = False  # a failure it stays, however long the other one serves
        return self._replacement()

    def _fail(self, error, message):
        log_error(message, error)
        text = io.StringIO()
        if hasattr(sys, "print_exception"):
            sys.print_exception(error, text)
        else:
            text.write(repr(error))
        self.error = message + ":\n" + text.getvalue()
        if self._counts:
            self._starts.write(self._failed + 1, self.error)

    @staticmethod
    def _replacement():
        """Return an application that says on every path that the board runs without its own."""
        app = Microdot()

        @app.errorhandler(404)
        async def explain(request):
            return "This board runs without its application. The log on its console says why.", 503

        return app

    async def _tick(self):
        """Keep the time, feed the watchdog, and see that the start has not failed."""
        asyncio.get_event_loop().set_exception_handler(self._report)
        hardware = self._hardware
        left = ENOUGH
        last = hardware.ticks()
        while True:
            if self._dog:
                self._dog.feed()
            if left <= 0 and self._counts:
                self._counts = False
                self._starts.clear()
            await asyncio.sleep(1)
            now = hardware.ticks()
            self._uptime += hardware.passed(last, now)
            last = now
            left -= 1

    @staticmethod
    def _report(loop, context):
        """Log the exception of a task that the application has started by itself."""
        log_error(context.get("message") or "Exception in a task", context.get("exception"))
