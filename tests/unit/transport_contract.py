"""What every server does for a request: the checks, to be run at the doors of each; runs on CPython and MicroPython.

A door is one way into an application, with:

- `async http(app, method, path, body=b"")`: send a request; return status (None if nothing answers) and body. The door
  notes `"sent"` in `app.events` when all of the response has been sent.
- `async cut(app, path)`: send a request with ten bytes of a body of twenty, and leave.
- `async leave(app, path)`: send a request and leave when a piece of the response has come.
- `async websocket(app, path, messages)`: open a WebSocket, send the messages and close it; return the status and what
  was received.

One that cannot do something does not have the method.
"""

import asyncio
import sys

from microdot import Microdot, Request, Response, abort
from microdot.websocket import with_websocket


class Pieces:
    """A body that notes in *events* what becomes of it; *endless*: it waits after the first piece."""

    def __init__(self, events, endless):
        self.events = events
        self.left = ["one", "two"]
        self.endless = endless

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self.left:
            raise StopAsyncIteration
        if self.endless and len(self.left) == 1:
            await asyncio.Event().wait()
        await asyncio.sleep(0)
        self.events.append("piece")
        return self.left.pop(0)

    async def aclose(self):
        self.events.append("closed")


class EmptyError(ValueError):
    """An exception that is false, as those that list several errors may be."""

    def __len__(self):
        return 0


class Stubborn(Pieces):
    """A body that cannot be closed."""

    async def aclose(self):
        self.events.append("closed")
        raise EmptyError("of the body's end")


class Ticks:
    """What a transport's clock calls; `enough` is set after two ticks."""

    def __init__(self):
        self.count = 0
        self.enough = asyncio.Event()

    def look(self):
        self.count += 1
        if self.count == 2:
            self.enough.set()


def make_app():
    """Return an application that notes in `events` what happens."""
    app = Microdot()
    app.events = events = []
    app.access_log = lambda request, response: events.append(("log", response.status_code))

    async def work():
        await asyncio.sleep(0)
        events.append("work")

    def begin(request):
        events.append("handler")
        request.background(work())
        app.request = request

    @app.get("/function/<int:n>")
    def function(request, n):
        begin(request)
        # Where it may block there is no event loop.
        app.in_loop = sys.implementation.name == "cpython" and asyncio._get_running_loop() is not None
        return str(n)

    @app.get("/coroutine/<int:n>")
    async def coroutine(request, n):
        begin(request)
        await asyncio.sleep(0)
        return str(n)

    @app.route("/body", methods=["GET", "POST"])
    async def body(request):
        begin(request)
        return request.body

    @app.post("/stream-in")
    async def stream_in(request):
        begin(request)
        size = 0
        while True:
            data = await request.stream.read(200)
            if not data:
                return str(size)
            assert len(data) <= 200
            size += len(data)

    @app.get("/stream-out")
    async def stream_out(request):
        begin(request)
        return Pieces(events, False)

    @app.get("/stubborn")
    async def stubborn(request):
        begin(request)
        return Stubborn(events, False)

    @app.get("/endless")
    async def endless(request):
        begin(request)
        return Pieces(events, True)

    @app.get("/fail")
    async def fail(request):
        begin(request)
        raise EmptyError("of the handler")

    @app.get("/abort")
    async def stop(request):
        begin(request)
        abort(409)

    @app.get("/handled")
    async def handled(request):
        begin(request)
        return Response.already_handled

    @app.get("/echo")
    @with_websocket
    async def echo(request, ws):
        begin(request)
        async for message in ws:
            events.append(message)
            await ws.send(message)

    @app.get("/ticks")
    @with_websocket
    async def ticks(request, ws):
        begin(request)
        ws.close_timeout = 0
        own, request.transport.watch = request.transport.watch, Ticks()
        await request.transport.watch.enough.wait()
        request.transport.watch = own
        await ws.send("ticked")

    return app


async def settled(app):
    """Wait for the background work; return what happened."""
    for _ in range(2000):
        if "work" in app.events:
            break
        await asyncio.sleep(0.01)
    return app.events


async def check_invoke(door):
    app = make_app()
    assert await door.http(app, "GET", "/function/-5") == (200, b"-5")
    assert not app.in_loop
    assert await door.http(app, "GET", "/coroutine/6") == (200, b"6")
    await settled(app)


async def check_body(door):
    limits = Request.max_body_length, Request.max_content_length
    Request.max_body_length, Request.max_content_length = 200, 600
    try:
        for method, path, body, expected in (
            ("GET", "/body", b"", b""),
            ("POST", "/body", b"", b""),
            ("POST", "/body", b"a" * 200, b"a" * 200),
            ("POST", "/stream-in", b"b" * 600, b"600"),
        ):
            app = make_app()
            assert await door.http(app, method, path, body) == (200, expected)
            await settled(app)
        app = make_app()
        status, _ = await door.http(app, "POST", "/stream-in", b"c" * 601)
        assert status == 413
        assert app.events == ["sent", ("log", 413)]
    finally:
        Request.max_body_length, Request.max_content_length = limits


async def check_cut_body(door):
    app = make_app()
    await door.cut(app, "/stream-in")
    # The body was loaded before the handler: it does not see a request that is not whole.
    assert ("log", 400) in app.events and ("log", 200) not in app.events, app.events


async def check_order(door):
    for path, status, events in (
        ("/function/1", 200, ["handler", "sent", ("log", 200), "work"]),
        ("/stream-out", 200, ["handler", "piece", "piece", "sent", ("log", 200), "work"]),
        ("/fail", 500, ["handler", "sent", ("log", 500), "work"]),
        ("/abort", 409, ["handler", "sent", ("log", 409), "work"]),
        ("/handled", None, ["handler", "work"]),
    ):
        app = make_app()
        assert (await door.http(app, "GET", path))[0] == status, path
        happened = await settled(app)
        assert [event for event in happened if event != "closed"] == events, (path, happened)
        if path == "/stream-out":
            assert happened.index("closed") < happened.index(("log", 200))
    app = make_app()
    assert (await door.http(app, "GET", "/nowhere"))[0] == 404
    assert app.events == ["sent", ("log", 404)]


async def check_failing_close(door):
    """The client gets the whole response, and everything after it happens."""
    for method, body, pieces in (("GET", b"onetwo", ["piece", "piece"]), ("HEAD", b"", [])):
        app = make_app()
        assert await door.http(app, method, "/stubborn") == (200, body)
        events = await settled(app)
        assert events.count("closed") == 1, (method, events)
        events.remove("closed")
        assert events == ["handler"] + pieces + ["sent", ("log", 200), "work"], (method, events)


async def check_disconnect(door):
    app = make_app()
    await door.leave(app, "/endless")
    events = await settled(app)
    assert events == ["handler", "piece", "closed", "work"], events


async def check_upgrade(door):
    app = make_app()
    assert await door.websocket(app, "/echo", ["a", b"b"]) == (101, ["a", b"b"])
    assert await settled(app) == [("log", 101), "handler", "a", b"b", "work"]
    assert app.request.transport.upgraded and app.request.transport.watch is None
    app = make_app()
    status, received = await door.websocket(app, "/nowhere", [])
    assert (status, received) == (404, [])
    assert app.events == ["sent", ("log", 404)]


async def check_tick(door):
    app = make_app()
    assert await door.websocket(app, "/ticks", None) == (101, ["ticked"])
    await settled(app)
    assert app.request.transport.watch is None
