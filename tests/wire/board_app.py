"""A computer in place of a board that takes updates: board_app.py PORT FOLDER; status 3 asks for a restart."""

import os
import sys

from microdot.device import _laptop, _start
from microdot.device._log import Log
from microdot.device._pages import Pages
from microdot.device._settings import Settings
from microdot.device._start import Runner, Starts
from microdot.device._station import Station
from microdot.device._versions import Versions

port, folder = int(sys.argv[1]), sys.argv[2] + "/"
_start.ENOUGH = _start._TIME_WITHOUT_ROOM = 1


class Hardware:
    """A board's hardware, as far as a computer can pretend it."""

    IS_BOARD = True

    def __getattr__(self, name):
        return getattr(_laptop, name)

    def restart(self):
        sys.exit(3)


hardware, log, settings = Hardware(), Log(), Settings(folder + "settings.json")
wifi = Station(settings, log, hardware)
runner = Runner(
    log, wifi, hardware, Starts(folder + "failed-starts"), Versions(folder),
    lambda: Pages(settings, log, wifi, hardware, runner),
)  # fmt: skip
os.chdir(folder)
sys.path.insert(0, folder)
log.write("Ready")
runner.run(None, "127.0.0.1", port, None, False)
