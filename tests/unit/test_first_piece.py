"""The first piece of a body: an error before it is answered as any other, and the head does not wait for ever."""

import asyncio

from memory_stream import MemoryStream, exchange, split
from microdot import Microdot, abort
from microdot import server as servers
from microdot.cors import CORS
from microdot.server import writing
from microdot.test_client import TestClient

REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\nOrigin: http://b\r\nConnection: close\r\n\r\n"


def make(body, status=500):
    app = Microdot()
    CORS(app, allowed_origins=["http://b"])
    app.get("/")(lambda request: body())
    app.errorhandler(status)(lambda request: ("handled", status))
    return app


def aborts():
    abort(404)
    yield "never"


async def aborts_async():
    await asyncio.sleep(0)
    abort(404)
    yield "never"


class Aborts:
    def __iter__(self):
        return self

    def __next__(self):
        abort(404)


async def serve_until_head(app):
    stream = MemoryStream(REQUEST, end=False)
    task = asyncio.create_task(app.handle_request(stream, stream))
    while b"\r\n\r\n" not in stream.sent:
        await asyncio.sleep(0.01)
    return stream, task


async def test_an_error_goes_through_the_error_handlers():
    for body in (aborts, aborts_async, Aborts):
        app = make(body, 404)
        stream, task = await serve_until_head(app)
        answer, _ = split(stream.sent)
        task.cancel()
        assert (answer.status, answer.body) == (404, b"handled"), body
        assert answer.field("access-control-allow-origin") == "http://b"
        assert answer.field("vary") == "Origin"
        res = await TestClient(app).get("/", headers={"Origin": "http://b"})
        assert (res.status_code, res.text, res.headers["Vary"]) == (404, "handled", "Origin"), body
        async with await TestClient(app).stream("GET", "/", headers={"Origin": "http://b"}) as res:
            assert (res.status_code, res.headers["Vary"]) == (404, "Origin"), body
            assert await res.__anext__() == b"handled"


async def test_an_os_error_of_the_application_is_no_lost_client():
    def fails():
        raise OSError(2)
        yield "never"

    (answer,) = await exchange(make(fails), REQUEST)
    assert (answer.status, answer.body) == (500, b"handled")


async def test_an_error_handler_whose_body_begins_with_an_error():
    async def fails():
        raise ValueError("of the body")
        yield "never"

    for path in ("/", "/late"):
        app = make(fails)
        app.get("/late")(lambda request: fails())
        app.errorhandler(500)(lambda request: fails())
        app.errorhandler(ValueError)(lambda request, error: fails())
        (answer,) = await exchange(app, REQUEST)
        assert (answer.status, answer.body) == (500, b"Internal server error")
        client = TestClient(app)
        res = await client.get(path)
        assert (res.status_code, res.text) == (500, "Internal server error")
        async with await client.stream("GET", path) as res:
            assert (res.status_code, await res.__anext__()) == (500, b"Internal server error")


async def test_the_head_does_not_come_before_an_error_handler_is_ready():
    async def fails():
        raise ValueError("of the body")
        yield "never"

    async def handle(request, error):
        await asyncio.sleep(0.6)  # longer than the head waits
        return "handled", 500

    app = make(fails)
    app.errorhandler(ValueError)(handle)
    app.first_piece_timeout = 0.1
    (answer,) = await exchange(app, REQUEST)
    assert (answer.status, answer.body) == (500, b"handled")


class Logged:
    """Takes the place of `log_error()` in modules; keeps the messages."""

    def __init__(self, *modules):
        self.messages = []
        self._kept = [(module, module.log_error) for module in modules]

    def __enter__(self):
        for module, _ in self._kept:
            module.log_error = lambda message, error=None: self.messages.append(message)
        return self.messages

    def __exit__(self, *exception):
        for module, log_error in self._kept:
            module.log_error = log_error


async def test_a_head_that_was_sent_with_the_first_piece_is_not_waited_for():
    async def body():
        yield "1"
        await asyncio.sleep(0.6)
        yield "2"

    app = make(body)
    app.first_piece_timeout = 0.1
    with Logged(servers) as messages:
        (answer,) = await exchange(app, REQUEST)
    assert (answer.status, answer.body, messages) == (200, b"12", [])


async def test_who_is_to_blame_for_an_error_after_the_first_piece():
    def body():
        yield "1"
        yield "2"
        raise OSError(2)

    app = make(body)
    for broken, blamed in ((None, 1), (OSError(32), 0)):  # the application, the client that has left
        stream = MemoryStream(REQUEST, broken=broken)
        with Logged(writing) as messages:
            await app.handle_request(stream, stream)
        assert messages == ["Exception in the body of a response"] * blamed, messages


class Slow:
    """An asynchronous iterator whose first piece waits for an event; counts its calls."""

    def __init__(self):
        self.event = asyncio.Event()
        self.calls = 0

    def __aiter__(self):
        return self

    async def __anext__(self):
        self.calls += 1
        if self.calls > 2:
            raise StopAsyncIteration
        if self.calls == 1:
            await self.event.wait()
        return str(self.calls)


async def test_the_head_does_not_wait_for_ever_and_the_piece_is_not_lost():
    for timeout in (0.1, 0):
        body = Slow()
        app = make(lambda body=body: body)
        app.first_piece_timeout = timeout
        stream, task = await serve_until_head(app)
        assert body.calls == 1
        assert stream.sent.endswith(b"\r\n\r\n")
        body.event.set()
        while not stream.sent.endswith(b"0\r\n\r\n"):
            await asyncio.sleep(0.01)
        answer, rest = split(stream.sent)
        assert (answer.status, answer.body, rest) == (200, b"12", b"")
        task.cancel()
        later = Slow()
        app.get("/later")(lambda request, later=later: later)
        async with await TestClient(app).stream("GET", "/later") as res:
            assert res.status_code == 200
            later.event.set()
            assert await res.__anext__() == b"1"
            assert await res.__anext__() == b"2"
