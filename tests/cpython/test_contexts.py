"""Context variables: what middleware sets reaches the application, nothing that the application sets gets out."""

import asyncio
import contextvars
import threading

import pytest

import microdot
import microdot.asgi
import microdot.wsgi
from cpython.traced_app import PATHS, make
from microdot._compat import isolate
from microdot.test_client import TestClient

variable = contextvars.ContextVar("variable", default="unset")
WAIT = 30
PIECES = 200  # more than a thread takes at once
LETTERS = {
    "before": "a", "before async": "b", "handler": "c", "after async": "d", "after": "e", "body": "i", "work": "w",
}  # fmt: skip


class Log(list):
    """The values that the application has seen; `done` when its background work has ended."""

    def __init__(self):
        self.done = threading.Event()

    def see(self, place):
        """Add the place's letter to the variable, and remember its value."""
        variable.set(variable.get() + LETTERS[place])
        self.append(variable.get())
        if place == "work":
            self.done.set()


def expected(path, start):
    values = [start + "abcde"[:n] for n in range(1, 6)]
    items = {"/def-items": PIECES, "/async-items": PIECES, "/file": 3}.get(path, 0)
    values += [start + "abcde" + "i" * (n + 1) for n in range(items)]
    return [*values, start + "abcde" + "i" * items + "w"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("cls", [microdot.Microdot, microdot.wsgi.Microdot])
def test_wsgi(cls, path):
    variable.set("unset")
    log = Log()
    app = make(cls, log.see, PIECES)

    def middleware(environ, start_response):
        variable.set("m")
        return app(environ, start_response)

    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": None,
    }
    for _ in range(2):
        body = middleware(environ, lambda status, headers: None)
        assert variable.get() == "m"
        assert b"".join(body).startswith(b"x")
        body.close()
        assert variable.get() == "m"
        assert log.done.wait(WAIT)
        log.done.clear()
    assert log == expected(path, "m") * 2


async def call_asgi(app, path):
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "headers": [],
        "http_version": "1.1",
        "query_string": b"",
    }
    sent = []

    async def receive():
        await asyncio.Event().wait()

    async def send(message):
        sent.append(message)

    await app(scope, receive, send)
    assert b"".join([message.get("body", b"") for message in sent]).startswith(b"x")


async def background_done(log):
    while not log.done.is_set():
        await asyncio.sleep(0.001)
    log.done.clear()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("cls", [microdot.Microdot, microdot.asgi.Microdot])
async def test_asgi(cls, path):
    variable.set("m")
    log = Log()
    app = make(cls, log.see, PIECES)
    for _ in range(2):
        await call_asgi(app, path)
        assert variable.get() == "m"
        await background_done(log)
    assert log == expected(path, "m") * 2


@pytest.mark.parametrize("path", PATHS)
async def test_own_server(path):
    """Two requests on one connection."""
    variable.set("m")
    log = Log()
    app = make(microdot.Microdot, log.see, PIECES)
    server = await app.start_server("127.0.0.1", 0, start_serving=False)
    serving = asyncio.create_task(server.serve_forever())
    reader, writer = await asyncio.open_connection("127.0.0.1", server.sockets[0].getsockname()[1])
    for _ in range(2):
        writer.write(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readuntil(b"\r\n0\r\n\r\n" if b"chunked" in head else b"x")
        await background_done(log)
    assert log == expected(path, "m") * 2
    writer.close()
    app.shutdown()
    await serving


@pytest.mark.parametrize("path", PATHS)
async def test_the_client_for_tests(path):
    variable.set("m")
    log = Log()
    client = TestClient(make(microdot.Microdot, log.see, PIECES))
    for _ in range(2):
        assert (await client.get(path)).body.startswith(b"x")
        assert variable.get() == "m"
        async with await client.stream("GET", path) as response:
            assert b"".join([piece async for piece in response]).startswith(b"x")
        assert variable.get() == "m"
    assert log == expected(path, "m") * 4


def test_a_token_of_a_coroutine_is_good_in_a_function_under_wsgi():
    app = microdot.Microdot()

    @app.before_request
    async def before(request):
        request.token = variable.set("inside")

    @app.get("/")
    def index(request):
        variable.reset(request.token)
        return variable.get()

    variable.set("outside")
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.input": None}
    assert app(environ, lambda status, headers: None) == [b"outside"]


async def test_what_is_isolated_waits_and_ends_as_any_coroutine():
    loop = asyncio.get_running_loop()
    log = []

    async def work():
        variable.set("changed")
        log.append(await loop.run_in_executor(None, int, "1"))
        try:
            await loop.run_in_executor(None, int, "x")
        except ValueError:
            log.append(variable.get())
        try:
            await asyncio.sleep(WAIT)
        except asyncio.CancelledError:
            log.append("cancelled")
            await asyncio.sleep(0)
            log.append("goes on")
        try:
            await asyncio.sleep(WAIT)
        except asyncio.CancelledError:
            return "ended"

    task = asyncio.ensure_future(around(isolate(work())))
    for seen in ("changed", "goes on"):
        while not log or log[-1] != seen:
            await asyncio.sleep(0.01)
        task.cancel()
    await asyncio.wait_for(task, WAIT)
    assert log == [1, "changed", "cancelled", "goes on"]


async def around(isolated):
    """Await something isolated; nothing that it sets is seen here."""
    variable.set("before")
    await isolated
    assert variable.get() == "before"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, GeneratorExit, asyncio.CancelledError])
@pytest.mark.parametrize("late", [False, True])
async def test_what_is_isolated_raises_as_any_coroutine(error, late):
    async def work():
        if late:
            await asyncio.sleep(0)
        raise error

    isolated = isolate(work())
    with pytest.raises(error):
        await isolated


def test_what_is_isolated_is_closed_with_its_task():
    log = []

    async def work():
        try:
            await asyncio.sleep(WAIT)
        finally:
            log.append("closed")

    async def run():
        await isolate(work())

    coroutine = run()

    async def begin():
        loop = asyncio.get_running_loop()
        loop.call_soon(coroutine.send, None)
        await asyncio.sleep(0.05)
        coroutine.close()

    asyncio.run(begin())
    assert log == ["closed"]
