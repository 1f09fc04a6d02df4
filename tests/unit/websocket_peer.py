"""A client's end of a WebSocket in memory, and the transport at the server's end; runs on CPython and MicroPython."""

import asyncio

from microdot import Microdot, Request
from microdot._compat import invoke_handler
from microdot._datastructures import NoCaseDict
from microdot.websocket.frames import Connection
from microdot.websocket.handshake import request_headers

KEY = "dGhlIHNhbXBsZSBub25jZQ=="


class Transport:
    """What a server offers to a request: bytes from the peer with `read()`, bytes for it in `sent`.

    Its clock runs fast, so that no test waits for seconds.
    """

    def __init__(self):
        self.incoming = []
        self.arrived = asyncio.Event()
        self.sent = b""
        self.sent_more = asyncio.Event()
        self.accepted = None  # the header fields of the 101 response
        self.gone = False
        self.watch = None

    cancelled = False  # the server has cancelled what runs
    invoke = staticmethod(invoke_handler)

    async def upgrade(self, request, headers):
        self.accepted = headers
        asyncio.create_task(self._tick())
        return b""

    async def _tick(self):
        await asyncio.sleep(0.005)
        while self.watch:
            self.watch.look()
            await asyncio.sleep(0.005)

    async def read(self):
        while not self.incoming:
            self.arrived.clear()
            await self.arrived.wait()
        return self.incoming.pop(0)

    async def send(self, data):
        if self.gone:
            raise OSError(104, "reset")
        self.sent += data
        self.sent_more.set()
        await asyncio.sleep(0)

    def arrive(self, data):
        """Let the server read *data*, `b''` for the end of the stream."""
        self.incoming.append(data)
        self.arrived.set()


class Peer:
    """A client: it asks an application for a WebSocket at *path*, in a task."""

    def __init__(self, app, path="/", extension=None, **headers):
        self.transport = Transport()
        self.connection = Connection(True, 0, extension)
        fields = NoCaseDict(request_headers(KEY))
        for name, value in headers.items():
            fields[name.replace("_", "-")] = value
        self.error = None  # what the handler raised
        self._report, app.report_exception = app.report_exception, self._note
        self.request = Request(app, None, "GET", path, "1.1", fields, b"", transport=self.transport)
        self.task = asyncio.create_task(app.dispatch_request(self.request))

    def _note(self, request, error, handled=False):
        if request is self.request:
            self.error = error
        else:
            self._report(request, error, handled)

    def send(self, data):
        self.transport.arrive(self.connection.message(data))

    def close(self, code=1000, reason=""):
        self.transport.arrive(self.connection.close(code, reason))

    async def event(self):
        """Return the next (opcode, payload) from the server; answers as a peer has to."""
        while True:
            event = self.connection.next_event()
            if self.connection.reply:
                self.transport.arrive(self.connection.reply)
            if event is not None:
                return event
            while not self.transport.sent:
                self.transport.sent_more.clear()
                await self.transport.sent_more.wait()
            data, self.transport.sent = self.transport.sent, b""
            self.connection.feed(data)

    async def response(self):
        """Return the response that the application gives to the server in the end; raises what the handler raised."""
        response = await self.task
        if self.error:
            raise self.error
        return response


def application(handler, decorator):
    """Return an application with *handler* at / ."""
    app = Microdot()
    app.get("/")(decorator(handler))
    return app
