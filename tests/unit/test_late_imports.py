"""When memory or places are short nothing more is imported: that would take the memory that is missing."""

import asyncio
import sys

from microdot import Microdot
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
