"""Background work on each transport: it begins when the response has been sent, and a shutdown waits for it."""

import asyncio
import subprocess
import sys
import threading
import urllib.request
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

import microdot
import microdot.asgi
import microdot.wsgi


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


PROGRAM = """
import asyncio, io
from microdot.wsgi import Microdot

app = Microdot()


@app.get("/")
async def index(request):
    async def work():
        await asyncio.sleep(0.2)
        print("work ends")

    request.background(work())
    return "ok"


environ = dict(REQUEST_METHOD="GET", PATH_INFO="/", SERVER_PROTOCOL="HTTP/1.1")
environ.update({"wsgi.url_scheme": "http", "wsgi.input": io.BytesIO()})
body = app(environ, lambda status, headers: print(status))
list(body)
body.close()
print("end of the program")
"""


def test_a_wsgi_process_waits_for_it_when_it_ends():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60)
    assert (done.stdout.splitlines(), done.stderr) == (["200 OK", "end of the program", "work ends"], "")


@pytest.mark.parametrize("limit", [5, 0.05])
async def test_an_asgi_server_waits_for_it_when_it_ends(limit):
    log = Log()
    app = make_app(microdot.asgi.Microdot, log, 0.3)
    app.shutdown_timeout = limit

    async def shutdown(scope):
        log.add("shutdown")

    app.lifespan_shutdown = shutdown
    messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

    async def receive():
        if len(messages) == 1:  # the server has served a request
            request = microdot.Request(app, None, "GET", "/bytes", "1.1", {})
            await app.dispatch_request(request)
            request.start_background()
            await asyncio.sleep(0.01)
        return messages.pop(0)

    sent = []

    async def send(message):
        sent.append(message["type"])

    await app({"type": "lifespan"}, receive, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert log == (["work begins", "work ends", "shutdown"] if limit > 1 else ["work begins", "shutdown"])
