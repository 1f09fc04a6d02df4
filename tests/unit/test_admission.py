"""How the server takes connections: a failure leaves no socket open and no place taken, and what `Date` says."""

import asyncio
import time

import microdot.server
from memory_stream import split
from microdot import Microdot
from microdot.server import Server
from microdot.server.connection import Connection
from running import Running, all_free, get, until
from support import raises


class Socket:
    closed = False

    def close(self):
        self.closed = True


class Listener:
    """Has one newcomer."""

    def __init__(self):
        self.socket = Socket()

    async def accept(self):
        return self.socket, ("127.0.0.1", 1)


class Replaced:
    """Context manager: an attribute of a module has another value."""

    def __init__(self, module, name, value):
        self.module = module
        self.name = name
        self.value = value

    def __enter__(self):
        self.original = getattr(self.module, self.name)
        setattr(self.module, self.name, self.value)

    def __exit__(self, *exc_info):
        setattr(self.module, self.name, self.original)


class Fault(Exception):
    pass


class FailingTasks:
    """Stands for asyncio; its n-th task cannot be made."""

    def __init__(self, n):
        self.left = n

    def create_task(self, coroutine):
        self.left -= 1
        if self.left:
            return asyncio.create_task(coroutine)
        coroutine.close()
        raise Fault


def failing_connection(*args):
    raise Fault


async def test_a_failure_to_admit_closes_the_socket_and_frees_the_place():
    for name, value in (("Connection", failing_connection), ("asyncio", FailingTasks(1)), ("asyncio", FailingTasks(2))):
        server = Server(Microdot())
        server._listener = listener = Listener()
        with Replaced(microdot.server, name, value), raises(Fault):
            await server._accept_one()
        assert listener.socket.closed
        assert server.connections == []
        if server._watcher:  # it ends by itself
            await until(lambda server=server: not server._watcher)


async def test_the_more_connections_are_silent_the_sooner_they_make_room():
    app = Microdot()
    server = Server(app)
    server._newcomer = Connection(server, None)
    server._changed = asyncio.Event()

    async def looks_until_dispensable(connection):
        """Let the clock look until the connection can go; return how often."""
        looks = 0
        while not connection.is_dispensable():
            server._changed.clear()
            await server._changed.wait()
            looks += 1
        return looks

    async def silence():
        await asyncio.sleep(60)

    async def silent_connection():
        connection = Connection(server, None)
        server.waits += 1
        connection.since, connection.idle = server.clock, server.waits
        connection.task = asyncio.create_task(silence())
        await asyncio.sleep(0)
        return connection

    server.waits = 1
    kept = await silent_connection()
    kept.served = 1  # it keeps the clock going, and is nobody who says nothing
    kept.since = 0
    server.connections.append(kept)
    watcher = asyncio.create_task(server._watch())
    looks = []
    for _ in range(6):
        silent = await silent_connection()
        server.connections.append(silent)
        looks.append(await looks_until_dispensable(silent))
        assert server._evict(None)
        server.connections.remove(silent)
    assert looks[0] >= 20 and looks[-1] <= 2, looks
    watcher.cancel()
    kept.task.cancel()


async def test_no_date_before_the_clock_is_set():
    class Clock:
        """Stands for the module `time`."""

        year = 2023

        def gmtime(self, *args):
            return (self.year,) + tuple(time.gmtime(0))[1:]

    app = Microdot()
    app.get("/")(lambda request: "hello")
    clock = Clock()
    async with Running(app) as running:
        with Replaced(microdot.server, "time", clock):
            for year, dated in ((2000, False), (2023, False), (2024, True), (2030, True)):
                clock.year = year
                ticks = app.server.clock
                (answer,) = await running.fetch(get("/", "Connection: close"))
                date = answer.field("date")
                assert (date is not None) == dated, (year, date)
                assert not date or str(year) in date
                await all_free(app)
                app.server.clock = ticks + 1  # the value is made anew


async def test_an_idle_connection_counts_for_a_time_after_it_was_closed():
    """Where the network has few connections: it keeps this one until the client closes it too."""
    app = Microdot()
    app.max_connections = 2
    app.idle_timeout = app.head_timeout = 60

    @app.get("/")
    async def index(request):
        return "hello"

    with Replaced(microdot.server, "CROWDED_AT", 2):
        async with Running(app) as running:
            server = app.server
            idle, writer = await running.open(get())
            answer, _ = split(await idle.read(1000))
            assert answer.field("connection") != "close"
            await running.fetch(get("/", "Connection: close"))  # for whom the idle one is closed
            assert await idle.read(1) == b""
            await all_free(app)
            (answer,) = await running.fetch(get())  # alone, and yet one too many
            assert answer.field("connection") == "close"
            server.clock += 11 * 4
            await until(lambda: not server.fading)
            reader, other_writer = await running.open(get())
            answer, _ = split(await reader.read(1000))
            assert answer.field("connection") != "close"
            for stream in (writer, other_writer):
                stream.close()
                await stream.wait_closed()
