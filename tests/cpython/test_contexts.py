"""Context variables: what middleware sets reaches the application, nothing that the application sets gets out."""

import asyncio
import contextvars
import threading

import pytest

import microdot
import microdot.asgi
import microdot.wsgi
from microdot.test_client import TestClient

variable = contextvars.ContextVar("variable", default="unset")
WAIT = 30
PATHS = ["/def", "/async", "/def-items", "/async-items", "/file"]


def make(cls, log):
    """Return an application whose hooks, handlers and bodies each add a letter to the variable and log its value."""
    app = cls()

    def add(letter):
        variable.set(variable.get() + letter)
        log.append(variable.get())

    @app.before_request
    def before(request):
        add("a")

    @app.before_request
    async def before_async(request):
        request.token = variable.set(variable.get() + "b")

    @app.after_request
    async def after_async(request, response):
        add("d")

    @app.after_request
    def after(request, response):
        add("e")

    async def work():
        add("w")
        log.done.set()

    def handle(request):
        request.background(work())
        add("c")

    @app.get("/def")
    def function(request):
        handle(request)
        return "x"

    @app.get("/async")
    async def coroutine(request):
        handle(request)
        await asyncio.sleep(0)
        return "x"

    @app.get("/def-items")
    def items(request):
        handle(request)

        def generate():
            for _ in range(200):  # more than a thread takes at once
                add("i")
                yield "x"

        return generate()

    @app.get("/async-items")
    async def async_items(request):
        handle(request)

        async def generate():
            for _ in range(200):
                add("i")
                await asyncio.sleep(0)
                yield "x"

        return generate()

    @app.get("/file")
    def file(request):
        handle(request)

        class File:
            async def read(self, n, left=[3]):  # noqa: B006
                add("i")
                left[0] -= 1
                return b"x" * left[0]

        return File()

    return app


class Log(list):
    """The values that the application has seen; `done` when its background work has ended."""

    def __init__(self):
        self.done = threading.Event()


def expected(path, start):
    values = [start + "abcde"[:n] for n in (1, 3, 4, 5)]
    items = {"/def-items": 200, "/async-items": 200, "/file": 3}.get(path, 0)
    values += [start + "abcde" + "i" * (n + 1) for n in range(items)]
    return [*values, start + "abcde" + "i" * items + "w"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("cls", [microdot.Microdot, microdot.wsgi.Microdot])
def test_wsgi(cls, path):
    variable.set("unset")
    log = Log()
    app = make(cls, log)

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
    app = make(cls, log)
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
    app = make(microdot.Microdot, log)
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
    client = TestClient(make(microdot.Microdot, log))
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
