"""A board's own network that is open, in front of an application, for unit tests."""

import asyncio
import os

from device_portal import Hardware, Log, Wifi, until
from microdot import Microdot, Request
from microdot.device import _portal
from microdot.device._access_point import AccessPoint
from microdot.device._portal import PATH
from microdot.device._settings import Settings
from support import folder

FILE = folder() + "/device-portal.json"
GUEST = ("127.0.0.16", 40000)


async def soon():
    await asyncio.sleep(0)


class Fast:
    """The module `asyncio` for the portal: each sleep is one turn of the event loop."""

    def __getattr__(self, name):
        return getattr(asyncio, name)

    async def sleep(self, seconds):
        await asyncio.sleep(0)


class Opened:
    """Asynchronous context manager: an open portal in front of an application."""

    def __init__(self, text='{"device": {"name": "attic", "secret": "on-the-label"}}'):
        for ending in ("", ".new", ".bad"):
            try:
                os.remove(FILE + ending)
            except OSError:
                pass
        with open(FILE, "w") as file:
            file.write(text)
        self.settings = Settings(FILE)
        self.app = Microdot()
        self.app.get("/")(lambda request: "application")
        self.app.get("/<path:path>")(lambda request, path: "path " + path)
        self.app.before_request(lambda request: ("no", 401) if request.args.get("locked") else None)
        self.hardware, self.wifi, self.log = Hardware(), Wifi(), Log()
        self.point = AccessPoint(self.settings, self.log, self.wifi, self.hardware)
        self.point.app = self.app
        self.sock = None

    async def __aenter__(self):
        self.originals = _portal.asyncio, _portal._pause, _portal._open_socket, _portal._answer_queries
        _portal.asyncio, _portal._pause = Fast(), soon
        _portal._open_socket = lambda address, log: self.sock
        self.point.open()
        await until(lambda: self.hardware.open or self.hardware.closed)
        return self

    async def __aexit__(self, *exc_info):
        self.point.end()
        await asyncio.sleep(0)
        _portal.asyncio, _portal._pause, _portal._open_socket, _portal._answer_queries = self.originals

    async def seconds(self, number):
        """Let the portal count seconds."""
        for _ in range(number):
            self.point._portal and self.point._portal._count_second()

    async def ask(self, path=PATH, method="GET", form=None, host="attic.local", client=GUEST, **fields):
        """Return (status, header fields, text) of the answer to a request."""
        headers = {name.replace("_", "-"): value for name, value in fields.items()}
        if host is not None:
            headers["Host"] = host
        body = b""
        if form is not None:
            method, body = "POST", form.encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        headers["Content-Length"] = str(len(body))
        request = Request(self.app, client, method, path, "1.1", headers, body)
        response = await self.app.dispatch_request(request)
        body = response.body
        if not isinstance(body, bytes):
            body = "".join(body).encode()
        return response.status_code, response.headers, body

    async def page(self, **options):
        """Return the text of the page."""
        status, _, body = await self.ask(**options)
        assert status == 200, body
        return body.decode()

    async def join(self, form):
        """Send the form; return the answer when the attempt has ended."""
        status, _, body = await self.ask(form=form)
        await until(lambda: not self.point._portal.is_trying())
        return status, body.decode()
