"""Each call in the framework fails in its turn while a connection is served: the server gets everything back.

tools/robustness/alloc_faults does the same to the allocations of MicroPython.
"""

import asyncio
import gc
import itertools
import logging
import os
import pathlib
import ssl
import subprocess
import sys

import pytest

import microdot.server
from microdot import Microdot, send_file
from microdot.sse import with_sse
from microdot.websocket import with_websocket
from running import HANDSHAKE, Running, all_free, get, until

PACKAGE = str(pathlib.Path(microdot.__file__).resolve().parent)
PATIENCE = 20  # seconds for what has to happen
# The last steps of a connection's or stream's end. They allocate nothing, and nobody could do them in their place.
LAST = {"connection.serve", "server.release", "network_cpython.abort_stream", "server._report", "_cpython.log_error",
        "_queues.close"}  # fmt: skip
# Coroutines of tasks: before their first line there is nothing that could fail.
TASKS = {"server._watch", "_background._run_task", "sse._run"}
# After its wait this one has a transport, of which nobody knows yet; the second test below is for that.
WAITS = {"network_cpython.open_streams"}



class Failing:
    """Context manager: a call of a function or resumption of a coroutine of the framework raises an error, once.

    It is the n-th one; or, if *known* is given, the first of a function that is not in this set of names.
    """

    def __init__(self, error, n=1, known=()):
        self.error = error
        self.left = n
        self.known = known
        self.where = None

    def __enter__(self):
        self.tracer = sys.gettrace()
        sys.settrace(self.trace)
        return self

    def __exit__(self, *exc_info):
        sys.settrace(self.tracer)

    def trace(self, frame, event, arg):
        code = frame.f_code
        if event != "call" or not is_framework(code.co_filename):
            return
        path = pathlib.Path(code.co_filename)
        name = f"{path.parent.name if path.stem == '__init__' else path.stem}.{code.co_name}"
        begins = frame.f_lineno == code.co_firstlineno
        if name in LAST or name in TASKS and begins or name in WAITS and not begins or name in self.known:
            return
        self.left -= 1
        if self.left == 0:
            self.where = name
            raise self.error("any")


KNOWN = {}


def is_framework(filename):
    if filename not in KNOWN:
        KNOWN[filename] = str(pathlib.Path(filename).resolve()).startswith(PACKAGE)
    return KNOWN[filename]


def make(path):
    app = Microdot()
    app.max_connections = 2
    app.head_timeout = app.body_timeout = app.idle_timeout = app.write_timeout = 20  # of the clock below

    @app.get("/")
    async def index(request):
        return "hello"

    @app.post("/json")
    async def json(request):
        return request.json

    @app.post("/stream")
    async def stream(request):
        return b"%d" % len(await request.stream.read())

    @app.get("/pieces")
    async def pieces(request):
        async def body():
            yield "one"
            await asyncio.sleep(0)
            yield "two"

        return body()

    @app.get("/file")
    async def file(request):
        return send_file(str(path))

    @app.get("/fails")
    async def fails(request):
        raise ValueError("the application's")

    @app.get("/later")
    async def later(request):
        request.background(asyncio.sleep(0))
        return "later"

    @app.get("/events")
    @with_sse
    async def events(request, sse):
        await sse.send("event")

    @app.get("/socket")
    @with_websocket
    async def socket(request, ws):
        await ws.send(await ws.receive())

    @app.errorhandler(ValueError)
    async def failed(request, error):
        return "failed", 500

    return app


def post(path, body, *fields):
    head = [f"POST {path} HTTP/1.1", "Host: a", "Connection: close", *fields]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


HELLO = get("/", "Connection: close")
MESSAGE = b"\x81\x85\0\0\0\0hello" + b"\x88\x80\0\0\0\0"
# What a client sends; it reads to the end, except for "left", where it leaves at once.
REQUESTS = {
    "get": HELLO,
    "kept": get() + HELLO,
    "json": post("/json", b'{"a": [1]}', "Content-Type: application/json", "Content-Length: 10"),
    "stream": post("/stream", b"3\r\nabc\r\n0\r\n\r\n", "Transfer-Encoding: chunked"),
    "unread": post("/", b"x" * 100, "Content-Length: 100"),
    "pieces": get("/pieces", "Connection: close"),
    "file": get("/file", "Connection: close"),
    "fails": get("/fails", "Connection: close"),
    "later": get("/later", "Connection: close"),
    "malformed": get("/", "Bad : field"),
    "events": get("/events", "Connection: close"),
    "socket": get("/socket", *HANDSHAKE) + MESSAGE,
    "left": get("/pieces"),
}


@pytest.fixture(scope="module")
def contexts(tmp_path_factory):
    """The contexts of a server and a client over TLS."""
    folder = tmp_path_factory.mktemp("tls")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
               "-subj", "/CN=localhost", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    client = ssl.create_default_context(cafile=folder / "cert.pem")
    client.check_hostname = False
    return server, client


async def ask(running, data, tls, leaves=False):
    """Send *data*; return what comes until the connection ends, however it does."""
    received = b""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port, ssl=tls)
    except OSError:
        return received
    try:
        writer.write(data)
        await writer.drain()
        while not leaves and (piece := await reader.read(4096)):
            received += piece
    except OSError:
        pass
    writer.transport.abort()
    return received


def sockets():
    """The descriptors that this process has open."""
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


async def settled(app):
    """Wait until no connection has a place and no background task runs."""
    await all_free(app)
    await until(lambda: not app.background_tasks)


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")  # because its caller fails before
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the same
@pytest.mark.parametrize("kind", [*REQUESTS, "tls"])
async def test_any_call_may_fail(kind, contexts, tmp_path, monkeypatch):
    monkeypatch.setattr(microdot.server, "TICK_MS", 10)  # the server's clock goes 25 times as fast
    monkeypatch.setattr(logging.getLogger("microdot.error"), "disabled", True)  # pytest keeps the tracebacks' variables
    (tmp_path / "file.txt").write_text("content")
    app = make(tmp_path / "file.txt")
    server_context, client_context = contexts if kind == "tls" else (None, None)
    data = REQUESTS.get(kind, HELLO)
    failed = []
    async with Running(app, **({"ssl": server_context} if server_context else {})) as running:

        async def attempt(error, **which):
            with Failing(error, **which) as failing:
                try:
                    await asyncio.wait_for(serve(), PATIENCE)
                except asyncio.TimeoutError:
                    raise AssertionError(f"{error.__name__} in {failing.where} costs a place") from None
            return failing.where

        async def serve():
            await ask(running, data, client_context, kind == "left")
            await settled(app)

        async def fails(error, **which):
            where = await attempt(error, **which)
            if where:
                failed.append(where)
                answer = await asyncio.wait_for(ask(running, HELLO, client_context), PATIENCE)
                assert answer.endswith(b"hello"), f"after {error.__name__} in {where}"
            return where

        await attempt(None, n=-1)  # what is imported at first use
        before = sockets()
        calls = itertools.count(1)
        while await fails(MemoryError, n=next(calls)):
            pass
        for error in (OSError, Exception):  # in one call of each function
            known = set()
            while where := await fails(error, known=known):
                known.add(where)
        await asyncio.wait_for(settled(app), PATIENCE)
        assert sockets() <= before
        clock = app.server.clock
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        await asyncio.wait_for(until(lambda: app.server.clock > clock), PATIENCE)
        writer.transport.abort()
    assert len(failed) > 20


@pytest.mark.parametrize("kind", ["get", "tls"])
async def test_streams_that_cannot_be_made_cost_no_socket(kind, contexts, tmp_path, monkeypatch):
    """The event loop would take the next connection for this one, whose socket has the same number."""
    server_context, client_context = contexts if kind == "tls" else (None, None)
    made = asyncio.StreamWriter
    app = make(tmp_path)
    async with Running(app, **({"ssl": server_context} if server_context else {})) as running:
        before = sockets()

        def fail(*args):  # once, and not for the client, which takes it from asyncio.streams
            monkeypatch.setattr(asyncio, "StreamWriter", made)
            raise MemoryError

        for _ in range(3):
            monkeypatch.setattr(asyncio, "StreamWriter", fail)
            assert await asyncio.wait_for(ask(running, HELLO, client_context), PATIENCE) == b""
            await asyncio.wait_for(settled(app), PATIENCE)
            answer = await asyncio.wait_for(ask(running, HELLO, client_context), PATIENCE)
            assert answer.endswith(b"hello")
        await asyncio.wait_for(settled(app), PATIENCE)
        assert sockets() <= before
