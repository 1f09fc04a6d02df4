"""What is imported late: nothing when memory or places are short, and never half of a module."""

import asyncio
import sys

from microdot import Microdot, _request
from running import Running, all_free, get, until


def post(size, sent=b""):
    return b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size + sent


def make():
    app = Microdot()
    app.head_timeout = app.body_timeout = app.idle_timeout = 60
    app.shutdown_timeout = 0.2
    app.max_connections = 1
    app.place_timeout = 0.5
    app.hold = asyncio.Event()
    app.get("/")(lambda request: "hello")
    app.post("/")(lambda request: "not read")

    @app.get("/wait")
    async def wait(request):
        await app.hold.wait()
        return "waited"

    @app.get("/memory")
    async def memory(request):
        raise MemoryError

    return app


async def statuses(running, *requests):
    return [answer.status for answer in await running.fetch(*requests)]


async def refuse(app, running):
    """The only place is taken: a newcomer is told so."""
    reader, writer = await running.open(get("/wait", "Connection: close"))
    await until(lambda: app.server.connections and app.server.connections[0].served)
    assert await statuses(running, get()) == [503]
    app.hold.set()
    while await reader.read(1000):
        pass
    await close(writer)


async def evict(app, running):
    """An idle connection makes room."""
    reader, writer = await running.open(get())
    assert await reader.read(5) == b"HTTP/"
    assert await statuses(running, get("/", "Connection: close")) == [200]
    while await reader.read(1000):
        pass
    await close(writer)


async def drain(app, running):
    """A body that the handler leaves is read for the sake of the next request, and a large one is not."""
    assert await statuses(running, post(2000, b"x" * 2000), get("/", "Connection: close")) == [200, 200]
    assert await statuses(running, post(100000, b"x")) == [413]


async def malformed(app, running):
    """A request that cannot be parsed."""
    assert await statuses(running, b"GET / HTTP/3.0\r\n\r\n") == [505]
    assert await statuses(running, get("/", "X : y")) == [400]


async def out_of_memory(app, running):
    """Memory ends in a handler."""
    assert await statuses(running, get("/memory")) == [503]


async def leave(app, running):
    """A client leaves in the middle of a request."""
    _, writer = await running.open(get()[:10])
    await until(lambda: app.server.connections)
    await close(writer)
    await all_free(app)


async def close(writer):
    writer.close()
    await writer.wait_closed()


async def test_nothing_is_imported_late():
    app = make()
    async with Running(app) as running:
        assert await statuses(running, get("/", "Connection: close")) == [200]
        before = set(sys.modules)
        for way in (leave, evict, refuse, out_of_memory, malformed, drain):
            await way(app, running)
            await all_free(app)
            assert set(sys.modules) == before, (way, set(sys.modules) - before)
        await running.open(get("/wait"))  # the shutdown ends it
    assert set(sys.modules) == before, set(sys.modules) - before


class Full:
    """Takes the place of a module for whose names there is no memory."""

    def __getattr__(self, name):
        raise MemoryError


def make_late():
    """Return an application, and for each late module one that it imports itself, and a request that needs it."""
    app = Microdot()

    @app.post("/<what>")
    async def late(request, what):
        if what == "json":
            return str(request.json)
        return (request.args if what == "args" else request.cookies)["a"]

    def request(target, body):
        head = ("POST " + target + " HTTP/1.1", "Host: a", "Cookie: a=1", "Connection: close",
                "Content-Type: application/json", "Content-Length: %d" % len(body))  # fmt: skip
        return "\r\n".join(head + ("", body)).encode()

    return app, (
        ("_forms", "errors", request("/args?a=1", "")),
        ("_cookies", "_urls", request("/cookies", "")),
        ("jsondata", "errors", request("/json", "1")),
    )


async def test_a_late_module_for_which_there_is_no_memory():
    app, cases = make_late()
    async with Running(app) as running:
        for late, needed, request in cases:
            sys.modules.pop("microdot." + late, None)
            _request.parse_json = None  # which is kept once it is there
            whole = sys.modules["microdot." + needed]
            sys.modules["microdot." + needed] = Full()  # memory ends when the late module has been imported in part
            try:
                assert await statuses(running, request) == [503], late
            finally:
                sys.modules["microdot." + needed] = whole
            answers = await running.fetch(request)
            assert [(answer.status, answer.body) for answer in answers] == [(200, b"1")], late
