"""The application under attack; runs on CPython and MicroPython: `app.py PORT PROFILE [CERTIFICATE KEY]`."""

import asyncio
import gc
import os
import sys

import microdot.server
from microdot import Microdot, Request, Response, abort, send_file

state = {"smuggled": 0, "closed": 0, "started": 0}


class App(Microdot):
    """An application that reports what is left when its server has ended, before the event loop ends too."""

    async def start_server(self, *args, **kwargs):
        before = open_files()
        try:
            await super().start_server(*args, **kwargs)
        finally:
            print(f"left: {tasks()} tasks, {open_files() - before} files or sockets, {state['closed']} bodies closed")


def tasks():
    """How many tasks there are besides the one that runs; MicroPython only tells whether any waits."""
    if hasattr(asyncio, "all_tasks"):
        return len(asyncio.all_tasks()) - 1
    return int(asyncio.core._task_queue.peek() is not None) + len(asyncio.core._io_queue.map)


def open_files():
    """How many file descriptors the process has."""
    return len(os.listdir("/proc/self/fd"))


app = App()

PROFILES = {
    # small sizes, so that attacks on them are short; deadlines that no test reaches
    "strict": {
        "max_connections": 8,
        "max_head_length": 4096,
        "max_headers": 32,
        "max_requests_per_connection": 50,
        "head_timeout": 60,
        "body_timeout": 60,
        "idle_timeout": 60,
        "write_timeout": 60,
    },
    # deadlines that tests wait for
    "impatient": {
        "max_connections": 16,
        "head_timeout": 0.3,
        "body_timeout": 0.3,
        "idle_timeout": 0.3,
        "write_timeout": 1,
        "shutdown_timeout": 0.3,
    },
    # long deadlines with a small connection budget
    "crowded": {
        "max_connections": 3,
        "max_requests_per_connection": 3,
        "head_timeout": 60,
        "body_timeout": 60,
        "idle_timeout": 60,
        "write_timeout": 60,
        "shutdown_timeout": 0.5,
    },
    # deadlines that nothing reaches: what ends, ends for another reason
    "timeless": {
        "head_timeout": 3600,
        "body_timeout": 3600,
        "idle_timeout": 3600,
        "write_timeout": 3600,
        "shutdown_timeout": 3600,
    },
    # a clock that stands still: nobody has waited for long, and no place becomes free by itself
    "stopped": {"max_connections": 3, "shutdown_timeout": 0.5},
    "proxied": {"max_connections": 3, "shutdown_timeout": 0.5, "is_proxy": lambda host: host == "127.0.0.2"},
    "patient": {},
}


class Countdown:
    """An asynchronous iterator as MicroPython can write it; counts its `aclose()` calls."""

    def __init__(self, count, pause=0):
        self.count = count
        self.pause = pause

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self.count == 0:
            raise StopAsyncIteration
        self.count -= 1
        await asyncio.sleep(self.pause)
        return b"%d\n" % self.count

    async def aclose(self):
        state["closed"] += 1


class Short:
    """A file-like object whose reads are shorter than asked for."""

    def __init__(self, data, failing=False):
        self.data = data
        self.failing = failing

    def read(self, size=-1):
        if self.failing and len(self.data) < 20:
            raise ValueError("the file ends in a fault")
        piece, self.data = self.data[:3], self.data[3:]
        return piece

    def close(self):
        state["closed"] += 1


@app.get("/")
async def index(request):
    return "hello"


@app.route("/echo", methods=["GET", "POST", "PUT"])
async def echo(request):
    return b"%s %s %d\n%s" % (request.method.encode(), request.url.encode(), len(request.body), request.body)


@app.get("/a.b")
async def dotted(request):
    return "dotted"


@app.get("/name/<name>")
async def name(request, name):
    return name.encode()


@app.get("/field/<name>")
async def field(request, name):
    return repr(request.headers.get(name))


@app.get("/args")
async def args(request):
    return repr(request.args.getlist("x"))


@app.post("/json")
async def json(request):
    return {"got": request.json}


@app.post("/stream")
async def stream(request):
    """Read the body in pieces; twice past its end."""
    total = 0
    while True:
        piece = await request.stream.read(100)
        if not piece:
            break
        total += len(piece)
    piece = await request.stream.read(100)
    return f"{total} {len(piece)}"


@app.post("/first")
async def first(request):
    """Read a little of the body and leave the rest."""
    return await request.stream.read(5)


@app.post("/ignore")
async def ignore(request):
    return "ignored"


@app.get("/smuggled")
async def smuggled(request):
    state["smuggled"] += 1
    return "smuggled"


@app.get("/count")
async def count(request):
    return str(state["smuggled"])


@app.get("/closed")
async def closed(request):
    return str(state["closed"])


@app.get("/nothing")
async def nothing(request):
    return None


@app.get("/unchanged")
async def unchanged(request):
    return Response("", 304)


@app.get("/sync")
async def sync(request):
    return (part for part in ("one ", b"two ", "three"))


@app.get("/countdown/<int:number>")
async def countdown(request, number):
    return Countdown(number)


@app.get("/slow/<int:number>")
async def slow(request, number):
    """One line each tenth of a second."""
    return Countdown(number, 0.1)


@app.get("/wait/<int:tenths>")
async def wait(request, tenths):
    """Answer late."""
    state["started"] += 1
    await asyncio.sleep(tenths / 10)
    return "waited"


@app.get("/started")
async def started(request):
    return str(state["started"])


@app.get("/short")
async def short(request):
    return Short(b"0123456789" * 10)


@app.get("/large/<int:size>")
async def large(request, size):
    """A body of known length that is never in memory as a whole."""

    def pieces():
        for _ in range(size // 1000):
            yield piece

    piece = b"x" * 1000
    return pieces(), 200, {"Content-Length": str(size)}


@app.get("/file")
async def file(request):
    return send_file(__file__)


@app.get("/send/<path:name>")
async def send(request, name):
    """Any file of the machine."""
    return send_file("/" + name)


@app.get("/split/<what>")
async def split(request, what):
    """Every way by which an application can set a header with CR or LF in it."""
    if what == "value":
        return "body", {"X-Field": "a\r\nX-Injected: 1"}
    if what == "name":
        return "body", {"X-Field\r\nX-Injected": "1"}
    if what == "lf":
        return "body", {"X-Field": "a\nX-Injected: 1"}
    if what == "cr":
        return "body", {"X-Field": "a\rX-Injected: 1"}
    if what == "redirect":
        return Response.redirect("/\r\nX-Injected: 1")
    response = Response("body")
    if what == "cookie":
        response.set_cookie("a", "b\r\nX-Injected: 1")
    elif what == "late":
        response.headers["X-Field"] = "a\r\nX-Injected: 1"
    elif what == "reason":
        response = Response("body", 200, reason="OK\r\nX-Injected: 1")
    return response


@app.get("/fail/<where>")
async def fail(request, where):
    """Raise at different moments of a request."""
    if where == "handler":
        raise ValueError("the handler's fault")
    if where == "handled":
        raise KeyError("for the error handler that fails")
    if where == "aborting":
        raise IndexError("for the error handler that aborts")
    if where == "abort":
        abort(403)
    if where == "file":
        return Short(b"0123456789" * 10, failing=True)
    return failing(), 200, {"Content-Length": "100"} if where == "known" else {}


def failing():
    yield "some "
    raise ValueError("the generator's fault")


@app.errorhandler(KeyError)
async def on_key_error(request, error):
    raise ValueError("the error handler's fault")


@app.errorhandler(IndexError)
async def on_index_error(request, error):
    abort(409)


@app.get("/memory")
async def memory(request):
    """Bytes in use after a collection; 0 on CPython."""
    gc.collect()
    return str(gc.mem_alloc() if hasattr(gc, "mem_alloc") else 0)


@app.get("/exhaust/<where>")
async def exhaust(request, where):
    """Allocate until the memory ends, in the handler or in the body."""
    if where == "handler":
        grow()
    return exhausting() if where == "generator" else Exhausting()


def grow():
    hoard = []
    while True:
        hoard.append(bytearray(1024))


def exhausting():
    yield "some "
    grow()


class Exhausting(Countdown):
    def __init__(self):
        super().__init__(3)

    async def __anext__(self):
        grow()


@app.get("/interrupted")
async def interrupted(request):
    raise KeyboardInterrupt


@app.get("/interrupted/next")
async def interrupted_next(request):
    """Let Ctrl-C come while the next connection is accepted."""

    def interrupt(*_):
        raise KeyboardInterrupt

    microdot.server.Connection = interrupt
    return "waiting"


@app.get("/shutdown")
async def shutdown(request):
    request.app.shutdown()
    return "shutting down"


def tls_context(certificate, key):
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def main(port, profile, certificate=None, key=None):
    for setting, value in PROFILES[profile].items():
        setattr(app, setting, value)
    if profile == "strict":
        Request.max_content_length = 4000
        Request.max_body_length = 1000
        Request.max_readline = 1024
    context = tls_context(certificate, key) if key else certificate
    if profile in ("stopped", "proxied"):
        microdot.server.TICK_MS = 3600 * 1000
    app.run("127.0.0.1", int(port), ssl=context)


main(*sys.argv[1:])
