"""A board for unit tests, from its power on to the end of its program."""

import asyncio

from microdot import Microdot
from microdot.device import _start
from microdot.device._log import Log
from microdot.device._start import Runner, Starts
from microdot.device._versions import Versions
from support import folder

PATH = folder() + "/failed-starts"
LOG = Log()  # one for all boards: what is installed stays


class Hardware:
    """A board with a button and a watchdog."""

    IS_BOARD = True

    def __init__(self):
        self.events = []
        self.pressed = False
        self.awake = False
        self.now = 0

    def ticks(self):
        self.now += 1000
        return self.now

    def passed(self, begin, end):
        return end - begin

    def woke(self):
        return self.awake

    def is_pressed(self, pin):
        return self.pressed and pin == 14

    def restart(self):
        self.events.append("restart")

    def watchdog(self):
        self.events.append("watchdog")
        return self

    def feed(self):
        self.events.append("feed")

    def release(self, dog):
        assert dog is self
        self.events.append("release")

    def keep_feeding(self, dog, seconds=0):
        assert dog is self
        self.events.append("timer for %d seconds" % seconds)

    def stop_feeding(self):
        self.events.append("no timer")

    def heap(self):
        return 5000, 4000

    def reset_cause(self):
        return "power on"

    def flash_free(self):
        return 100000


class Wifi:
    state = "off"
    signal = address = fallback = None

    def __init__(self):
        self.on = False

    def switch_on(self):
        self.on = True

    async def keep(self):
        await asyncio.sleep(60)


class Board:
    """A board from its power on to the end of its program; the file of its failed starts stays."""

    def __init__(self, **hardware):
        self.hardware = Hardware()
        for name, value in hardware.items():
            setattr(self.hardware, name, value)
        self.log = LOG
        LOG.__init__()
        self.runner = Runner(self.log, Wifi(), self.hardware, Starts(PATH), Versions(folder() + "/"), None)

    def start(self, app=None, button=None, watchdog=False, enough=0):
        """Run until the replacement, or the application, has been up for a moment."""
        original, _start.ENOUGH = _start.ENOUGH, enough
        replace = self.runner._replacement

        def replacement():
            return brief(replace())

        self.runner._replacement = replacement
        try:
            self.runner.run(app, "127.0.0.1", 0, button, watchdog)
        finally:
            _start.ENOUGH = original
        return self


def brief(app):
    """Let an application shut itself down when it has started."""

    @app.task
    async def end():
        await asyncio.sleep(0.05)
        app.shutdown()

    return app


def hello():
    app = Microdot()

    @app.get("/")
    async def index(request):
        return "hello"

    return app
