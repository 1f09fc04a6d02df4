"""A board's own network and the memory that it takes: its modules come when it opens, and go when it closes."""

import asyncio
import gc
import os
import sys

import microdot.device
from device_portal import ADDRESS, Hardware, Log, Wifi, until
from microdot import Microdot, Request
from microdot.device._access_point import AccessPoint, forget
from microdot.device._settings import Settings
from support import folder

FILE = folder() + "/device-access-point.json"
PACKAGE = "microdot.device."
OWN = [PACKAGE + name for name in ("_portal", "_portal_page", "_dns")]


def current(name):
    """Return a module of the package as it is now, None if it is not loaded."""
    return sys.modules.get(PACKAGE + name)


class Quiet(Hardware):
    """An access point whose portal answers no DNS queries."""

    def open_access_point(self, wlan, name, password):
        current("_portal")._open_socket = lambda address, log: None
        super().open_access_point(wlan, name, password)


class Board:
    """Context manager: a board whose own network is closed, and which knows none of its modules.

    What other tests of this process have imported is there again afterwards.
    """

    def __enter__(self):
        self.known = {name: sys.modules[name] for name in OWN if name in sys.modules}
        forget(OWN)
        with open(FILE, "w") as file:
            file.write('{"device": {"name": "attic", "secret": "on-the-label"}}')
        self.app = Microdot()
        self.app.get("/")(lambda request: "application")
        self.hardware, self.log = Quiet(), Log()
        self.point = AccessPoint(Settings(FILE), self.log, Wifi(), self.hardware)
        self.point.app = self.app
        return self

    def __exit__(self, *exc_info):
        forget(OWN)
        for name, module in self.known.items():
            sys.modules[name] = module
            setattr(microdot.device, name[len(PACKAGE) :], module)
        os.remove(FILE)

    async def open(self):
        self.point.open()
        await until(lambda: self.hardware.open)

    async def close(self):
        self.point.end()
        await asyncio.sleep(0)  # its task ends
        await asyncio.sleep(0)

    async def ask(self, path):
        """Return (status, text) of the answer to somebody in the board's own network."""
        headers = {"Host": ADDRESS}
        request = Request(self.app, (ADDRESS, 40000), "GET", path, "1.1", headers)
        response = await self.app.dispatch_request(request)
        body = response.body
        return response.status_code, body if isinstance(body, bytes) else "".join(body).encode()


async def test_its_modules_are_there_while_it_is_open():
    with Board() as board:
        for name in OWN:
            assert name not in sys.modules
        for _ in range(3):
            await board.open()
            for name in OWN:
                assert name in sys.modules and hasattr(microdot.device, name[len(PACKAGE) :])
            status, page = await board.ask("/_wifi")
            assert status == 200 and b"home (strong)" in page
            assert await board.ask("/") == (200, b"application")
            await board.close()
            for name in OWN:
                assert name not in sys.modules and not hasattr(microdot.device, name[len(PACKAGE) :])
            assert (await board.ask("/_wifi"))[0] == 404
            assert await board.ask("/") == (200, b"application")


async def test_what_others_have_imported_stays():
    import microdot.csrf

    with Board() as board:
        await board.open()
        await board.close()
        assert sys.modules["microdot.csrf"] is microdot.csrf


async def test_a_closed_network_gives_its_memory_back():
    if not hasattr(gc, "mem_alloc"):
        return
    with Board() as board:
        await board.ask("/")  # a server has this memory without it
        gc.collect()
        before = gc.mem_alloc()
        left = []
        for _ in range(2):
            await board.open()
            assert (await board.ask("/_wifi"))[0] == 200
            await board.close()
            board.log.lines.clear()
            gc.collect()
            left.append(gc.mem_alloc() - before)
        # MicroPython keeps for ever what it calls names: here those of compiled files, for which no flash has a place.
        assert left[0] < 4096, left
        assert left[1] - left[0] < 256, left


async def test_a_lack_of_memory_while_it_opens():
    with Board() as board:
        address_end = board.hardware.address_end
        tries = []

        def fail(*args):
            tries.append(1)
            raise MemoryError

        board.point._settings.device["name"] = "microdot"  # so that the radio is asked for its address
        board.hardware.address_end = fail
        board.point.open()
        assert tries and not board.hardware.open and not board.point.is_busy()
        for name in OWN:
            assert name not in sys.modules
        board.hardware.address_end = address_end
        await board.open()
        await board.close()
