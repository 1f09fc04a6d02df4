"""Background work on each transport: it begins when the response has been sent, and a shutdown waits for it."""

import asyncio
import threading
import urllib.request
from wsgiref.simple_server import WSGIRequestHandler, make_server

import microdot.asgi
import microdot.wsgi
import pytest

import microdot


class Log(list):
    """What happened, in its order; other threads may wait for it."""

    def __init__(self):
        self.changed = threading.Condition()

    def add(self, what):
        with self.changed:
            self.append(what)
            self.changed.notify_all()

    def wait(self, count):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self) >= count, 20), self


def make_app(cls, log, delay=0.05):
    """Return an application whose routes leave work for after the response."""
    app = cls()

    async def work():
        log.add("work begins")
        await asyncio.sleep(delay)
        log.add("work ends")

    @app.get("/bytes")
    async def plain(request):
        request.background(work())
        return "bytes"

    @app.get("/def")
    def function(request):
        request.background(work())
        return "def"

    @app.get("/stream")
    async def stream(request):
        request.background(work())

        async def body():
            yield "str"
            await asyncio.sleep(0.01)
            yield "eam"
            log.add("body ends")

        return body()

    @app.get("/error")
    async def error(request):
        request.background(work())
        microdot.abort(409, "error")

    return app


PATHS = ["/bytes", "/def", "/stream", "/error"]


@pytest.mark.parametrize("path", PATHS)
def test_wsgi(path):
    log = Log()
    app = make_app(microdot.wsgi.Microdot, log)
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": None,
    }
    chunks = app(environ, lambda status, headers: log.add(status))
    assert b"".join(chunks) == path[1:].encode()
    assert "work begins" not in log
    log.add("sent")
    chunks.close()
    log.wait(len(log) + 2 - log.count("work begins") - log.count("work ends"))
    assert log[-3:] == ["sent", "work begins", "work ends"]


class QuietHandler(WSGIRequestHandler):
    """A request handler without a log."""

    def log_message(self, *args):
        """Do nothing."""


@pytest.mark.parametrize("path", PATHS)
def test_wsgi_server(path):
    log = Log()
    with make_server("127.0.0.1", 0, make_app(microdot.wsgi.Microdot, log), handler_class=QuietHandler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}{path}", timeout=20) as response:
                assert response.read() == path[1:].encode()
        except urllib.error.HTTPError as error:
            assert (error.code, path) == (409, "/error")
        log.wait(2 + (path == "/stream"))
        server.shutdown()
    assert log[-2:] == ["work begins", "work ends"]


@pytest.mark.parametrize("path", PATHS)
async def test_asgi(path):
    log = Log()
    app = make_app(microdot.asgi.Microdot, log)
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "headers": [],
        "http_version": "1.1",
        "query_string": b"",
    }

    async def receive():
        await asyncio.Event().wait()

    async def send(message):
        await asyncio.sleep(0)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            log.add("sent")

    await app(scope, receive, send)
    while "work ends" not in log:
        await asyncio.sleep(0.01)
    assert log[-3:] == ["sent", "work begins", "work ends"]
    assert app.background_tasks == []


async def get(port, path):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    return answer


@pytest.mark.parametrize("path", PATHS)
async def test_own_server_waits_for_it(path):
    log = Log()
    app = make_app(microdot.Microdot, log, 0.3)
    server = await app.start_server("127.0.0.1", 0, start_serving=False)
    serving = asyncio.create_task(server.serve_forever())
    answer = await get(server.sockets[0].getsockname()[1], path)
    assert path[1:4].encode() in answer and "work ends" not in log
    app.shutdown()
    await serving
    assert log[-2:] == ["work begins", "work ends"] and app.background_tasks == []


async def test_own_server_does_not_wait_for_ever():
    log = Log()
    app = make_app(microdot.Microdot, log, 1000)
    app.shutdown_timeout = 0.1
    server = await app.start_server("127.0.0.1", 0, start_serving=False)
    serving = asyncio.create_task(server.serve_forever())
    await get(server.sockets[0].getsockname()[1], "/bytes")
    app.shutdown()
    await serving
    assert log == ["work begins"] and app.background_tasks == []


async def test_a_client_that_goes_does_not_prevent_it():
    log = Log()
    app = make_app(microdot.Microdot, log)

    @app.get("/endless")
    async def endless(request):
        async def work():
            log.add("work")

        async def body():
            while True:
                yield b"x" * 65536

        request.background(work())
        return body()

    server = await app.start_server("127.0.0.1", 0, start_serving=False)
    serving = asyncio.create_task(server.serve_forever())
    reader, writer = await asyncio.open_connection("127.0.0.1", server.sockets[0].getsockname()[1])
    writer.write(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n")
    await reader.readexactly(1000)
    writer.transport.abort()
    while "work" not in log:
        await asyncio.sleep(0.01)
    app.shutdown()
    await serving
