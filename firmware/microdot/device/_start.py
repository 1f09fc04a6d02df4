"""The start of a board: its application, or what keeps the board reachable without it.

A start counts as failed until the application has served for 20 seconds, or has ended in order. A file holds the number
of failed starts in a row. After three of them, or while a button is held, the board starts without the application: the
network, the log and the console are there, and every path is answered with status 503. When the board has served for 20
seconds in this way, the count begins anew, so that the next start tries the application again. A wake from deep sleep
does not count.

An application that cannot be imported is left out at once. If the server ends with an exception, the board restarts. It
also restarts if memory runs out: at once while the application is imported, because what that has taken may never be
free again; while the application serves, if there is no memory for ten seconds. That is little memory, or as much as
the board's pages need if one of them has failed for lack of it. An application that has left less from its start on is
not restarted for the sake of the pages, because that would not help.

A version that has come over the network is on trial: the watchdog is on, and after 20 seconds of serving the board asks
the application for `/`, and loads its own pages, which take the next update. A status below 500 shows that the version
is good. If any of this fails, the board restarts with the previous version.
"""

import asyncio
import gc
import io
import os
import sys

from .. import Microdot, Request
from .._compat import log_error
from ._access_point import forget
from ._versions import GOOD, NEW, TRIED

#: Seconds of serving after which a start has succeeded, and failed starts after which the application is left out.
ENOUGH = 20
_MAX_FAILED = 3
_MAX_TEXT = 1024
#: Seconds that a version on trial may take until it serves, and to answer.
_TIME_TO_BEGIN = 30
_TIME_TO_ANSWER = 10
#: Bytes without which no request is served, and seconds without them after which a board restarts.
_ROOM = 2048
_TIME_WITHOUT_ROOM = 10
#: Bytes that must be free for a request to the pages of a board, such as an update, and for loading their modules.
_ROOM_FOR_PAGES = _ROOM_TO_LOAD = 8 * 1024


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
        except (OSError, ValueError):  # a file cut short by a power failure counts as none, too
            return 0, ""

    def write(self, number: int, text: str = "") -> None:
        """Write both; a full flash or a lack of memory does not keep the board from starting."""
        try:
            with open(self.path, "w") as file:
                file.write("%d\n" % number)
                file.write(text if len(text) <= _MAX_TEXT else text[-_MAX_TEXT:])  # a slice takes memory
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
    :param hardware: the module `_hardware`, or an object with its functions.
    :param starts: the `Starts`.
    :param versions: the `Versions`.
    :param make_pages: function that returns the `Pages`, called with the first request for one.
    """

    #: The application that runs, or the one that takes its place.
    app = None
    #: Why the board runs without its application: the traceback, or another reason; None while it runs with it.
    error: "str | None" = None
    #: Why this start has given up a version from the network; None if it has not.
    update_error: "str | None" = None
    #: Whether the next start may run another version: the board's own program must let `run()` choose it.
    can_update = False
    _on_trial = False
    _watchdog = False  # wanted even without a trial
    _restarting = False
    _had_room = False  # for the pages, when the start had succeeded
    _lacks_room = False  # for a page that was asked for

    def __init__(self, log, wifi, hardware, starts, versions, make_pages):
        self._log = log
        self._wifi = wifi
        self._hardware = hardware
        self._starts = starts
        self.versions = versions
        self._make_pages = make_pages
        self._pages = None
        self._failed = 0  # starts before this one
        self._counts = False  # this start may fail
        self._reserve = None  # memory of a board to write down why it has none
        self._dog = None
        self._uptime = hardware.ticks() if hardware.IS_BOARD else 0  # in milliseconds

    @property
    def uptime(self) -> int:
        """The seconds since the board has started, or the program on a computer."""
        return self._uptime // 1000

    def run(self, app, host: str, port: int, button: "int | None", watchdog: bool, pages: bool = True) -> None:
        """Serve an application until Ctrl-C or `restart()`; the parameters are those of `device.run()`."""
        self._log.install()
        if self._hardware.IS_BOARD:
            self._reserve = bytearray(_ROOM)
        self.can_update = app is None and self._hardware.IS_BOARD
        self._begin(button)
        if watchdog and not self.error or self._on_trial:
            self._dog = self._hardware.watchdog()
        if self._on_trial:
            self._hardware.keep_feeding(self._dog, _TIME_TO_BEGIN)
        self._wifi.switch_on()
        self.app = self._replacement() if self.error else app or self._import()
        if self.app is None:
            return self._hardware.restart()
        if self._wifi.fallback:
            self._wifi.fallback.app = self.app
            self._wifi.fallback.announce()
        self.app.task(self._wifi.keep)
        self.app.task(self._tick)
        tasks = self.app.lifespan.functions
        tasks[:0] = [tasks.pop(), tasks.pop()]  # the first to begin: one of the application may take all memory
        self._watchdog = watchdog
        if not self.error:
            self._log.keep("Starting the application on port %d" % port)
        if pages:
            self._put_pages_first()
        try:
            self.app.run(host, port)
        except Exception as error:
            if self.error or not self._hardware.IS_BOARD:  # a board that restarts now would never stop doing so
                raise
            self._fail(error, "The server has ended, the board restarts")
            return self._hardware.restart()
        if self._on_trial:  # whoever has ended it: a version that ends itself must not be tried for ever
            self._keep("it stopped before the end of its trial")
        elif self._counts:
            self._starts.clear()
        if self._restarting or self._on_trial:
            return self._hardware.restart()
        if self._dog:
            self._hardware.release(self._dog)
        return None

    def _put_pages_first(self):
        """Let the board's pages be served before everything of the application, so that they open whatever it does.

        As a mounted application they would come after its hooks, and a board whose hooks fail could not be repaired.
        """
        serve_request = self.app.serve_request

        def choose(request):
            path = request.path
            if path[:8] != "/_device" or path[8:9] not in ("", "/"):
                return serve_request(request)
            return self._serve_page(request)

        self.app.serve_request = choose

    async def _serve_page(self, request):
        try:
            self._load_pages()
            await self._pages.app.serve_request(request)
        except MemoryError:
            self._lacks_room = self._had_room
            raise

    def _load_pages(self):
        if self._pages is None and self._make_pages:
            self._pages = self._make_pages()

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
        """Find out whether to start without the application, or which version of it; count this start."""
        hardware = self._hardware
        if not hardware.IS_BOARD:
            return
        if self.can_update:
            self.versions.load()
        if hardware.woke():
            if self.versions.state == TRIED:  # an application that sends the board to sleep may never serve for long
                self._mark(GOOD)
        else:
            self._count(button)
        if self.can_update:
            try:
                self.versions.enter()
            except OSError as error:
                log_error("The version " + self.versions.name + " is missing: " + repr(error))

    def _count(self, button):
        self._failed, text = self._starts.read()
        if text:
            self._log.keep(("The last start failed:\n" if self._failed else "The board has restarted:\n") + text)
        if self.versions.state != GOOD:
            if self.versions.state == TRIED:
                self._give_up(text or "it blocked the board, or the power went off, before the end of its trial")
            self._starts.clear()  # those were another version's
            self._failed, text = 0, ""
        if button is not None and self._hardware.is_pressed(button):
            self.error = "the button is held"
        elif self._failed >= _MAX_FAILED:
            self.error = text or "%d starts in a row have failed" % self._failed
            self._counts = True
        else:
            self._counts = True
            self._starts.write(self._failed + 1, text)
            if self.versions.state == NEW:
                self._log.write("Trying the update " + self.versions.name)
                self._on_trial = self._mark(TRIED)
                if not self._on_trial:  # a version that fails would be tried for ever
                    self._give_up("its trial could not be recorded")
        if self.error:
            self._log.write("Starting without the application: " + self.error)

    def _give_up(self, why):
        """Return to the previous version."""
        name = self.versions.name
        self.versions.go_back()
        self.update_error = why
        self._log.write("The update %s has failed, the previous version runs again: %s" % (name, why))

    def _mark(self, state):
        """Write the state of the version; return whether that was possible."""
        try:
            self.versions.mark(state)
        except OSError as error:
            log_error("Cannot write the state of the version: " + repr(error))
            return False
        return True

    def _import(self):
        """Return the application in `app.py`, or the replacement if it cannot be imported.

        None if the board must restart: with the previous version, or because memory has run out.
        """
        known = set(sys.modules)
        start_server = Microdot.start_server
        Microdot.start_server = _refuse_to_serve
        try:
            return __import__("app").app
        except Exception as error:
            if not self._hardware.IS_BOARD:
                raise
            self._reserve = None
            forget([name for name in sys.modules if name not in known])  # what they have taken is needed from here on
            if isinstance(error, MemoryError):
                _free_failed("app")
            has_memory = self._fail(error, "Cannot import the application")
        finally:
            Microdot.start_server = start_server
        if self._on_trial or not has_memory:
            return None
        gc.collect()
        self._counts = False  # this start stays a failure, however long the replacement serves
        return self._replacement()

    def _fail(self, error, message):
        """Keep until the next start why this one failed; return whether there is still memory."""
        self._reserve = None
        has_memory = not isinstance(error, MemoryError)
        try:
            text = io.StringIO()
            if hasattr(sys, "print_exception"):
                sys.print_exception(error, text)
            else:
                text.write(repr(error))
            self._keep(message + ":\n" + text.getvalue())
        except MemoryError:
            has_memory = False
        log_error(message, error)
        return has_memory

    def _keep(self, text):
        self.error = text
        self._starts.write(self._failed + 1 if self._counts else 0, text)

    @staticmethod
    def _replacement():
        """Return an application that answers every path by saying that the board runs without its own."""
        app = Microdot()

        @app.errorhandler(404)
        async def explain(request):
            return "This board runs without its application. The log on its console says why.", 503

        return app

    async def _tick(self):
        """Watch over the application; restart a board that has run out of memory."""
        asyncio.get_event_loop().set_exception_handler(self._report)
        try:
            await self._watch()
        except MemoryError as error:
            if not self._hardware.IS_BOARD:
                raise
            self._fail(error, "The application has taken all memory, the board restarts")
            self._hardware.restart()

    async def _watch(self):
        """Keep the time, feed the watchdog, and see that the start has not failed.

        :raises MemoryError: if there is no room for a request, or a page that was asked for, and has been none for some
            time.
        """
        hardware = self._hardware
        if self._on_trial:  # from here on a version that blocks the event loop is found out
            hardware.stop_feeding()
        left = ENOUGH
        short = 0
        last = hardware.ticks()
        while True:
            if self._dog:
                self._dog.feed()
            if left == 0 and not self._had_room:
                self._had_room = _has_room(_ROOM_FOR_PAGES + _ROOM_TO_LOAD)
            if left <= 0 and self._on_trial:
                await self._end_trial()
                left = ENOUGH
            elif left <= 0 and self._counts:
                self._counts = False
                self._starts.clear()
            try:
                if self._lacks_room:
                    self._load_pages()
                    bytearray(_ROOM_FOR_PAGES)
                    self._lacks_room = False
                bytearray(_ROOM)
                short = 0
            except MemoryError:
                short += 1
                if short > _TIME_WITHOUT_ROOM:
                    raise
            await asyncio.sleep(1)
            now = hardware.ticks()
            self._uptime += hardware.passed(last, now)
            last = now
            left -= 1

    async def _end_trial(self):
        """Ask the application whether it works: the version is good, or the board restarts with the one before."""
        number = self._log.lines()[1]
        problem = await self._ask()
        if problem:
            self._reserve = None
            lines = self._log.lines()[0][-12:]  # they may hold a traceback
            logged = self._log.lines(number)[0]
            if logged:
                problem += ": " + logged[-1]
            self._keep("\n".join(["The last lines of its log:"] + lines + [problem]))  # its end is what a sender sees
            self._log.write(problem)
            self._on_trial = self._counts = False  # so that nothing overwrites what was written
            self.restart()
        elif self._mark(GOOD):  # else try again later
            self._on_trial = False
            self._log.write("The update %s works" % self.versions.name)
            if not self._watchdog:
                dog, self._dog = self._dog, None
                self._hardware.release(dog)

    async def _ask(self):
        """Ask the application for `/`, and load the pages beside it; return what is wrong, None if all works."""
        try:
            self._load_pages()
            if self._pages:
                self._pages.load_updates()
        except MemoryError:
            return "The application leaves too little memory for the pages of the board"
        request = Request(self.app, ("127.0.0.1", 0), "GET", "/", "1.1", {"Host": "localhost"})
        try:
            response = await asyncio.wait_for(self.app.dispatch_request(request), _TIME_TO_ANSWER)
            if not isinstance(response.body, bytes):
                await response.body_iter().aclose()
        except Exception as error:  # also TimeoutError, and MemoryError
            return "The application does not answer: " + repr(error)
        if response.status_code >= 500:
            return "The application answers with status %d" % response.status_code
        return None

    @staticmethod
    def _report(loop, context):
        """Log the exception of a task that the application itself has started."""
        log_error(context.get("message") or "Exception in a task", context.get("exception"))


def _refuse_to_serve(*args, **kwargs):
    """Take the place of `start_server()` while the application is imported, which would not end."""
    raise RuntimeError("app.py serves while it is imported: leave that out, or put it below if __name__ == '__main__':")


def _has_room(size):
    try:
        bytearray(size)
    except MemoryError:
        return False
    return True


def _free_failed(name):
    """Free the memory of a module that could not be imported, and of those that failed while it imported them.

    MicroPython removes such a module from `sys.modules`, but its address stays in the table until another entry takes
    the place. The garbage collector finds the address there, and keeps the module with all that it holds.
    """
    sys.modules[name] = None  # takes the place, and `pop()` clears it: without memory, too
    sys.modules.pop(name)
    gc.collect()
    try:
        modules = dict(sys.modules)
        sys.modules.clear()
        sys.modules.update(modules)
    except MemoryError:
        pass  # the board restarts now, as memory had run out before
    gc.collect()
