"""The places of a server's connections: whatever fails, each comes back; and who gets one when they are short."""

import asyncio

import microdot.server
import microdot.server.connection
from memory_stream import split
from microdot import Microdot
from microdot.sse import with_sse
from microdot.websocket import with_websocket
from running import HANDSHAKE, Running, all_free, get, until
from test_server import make


class Failing:
    """Context manager: a function of a module or class fails at its n-th call, once."""

    def __init__(self, owner, name, error, n=1):
        self.owner = owner
        self.name = name
        self.error = error
        self.left = n
        self.failed = False

    def __enter__(self):
        self.original = original = getattr(self.owner, self.name)

        def function(*args, **kwargs):
            self.left -= 1
            if self.left == 0:
                self.failed = True
                raise self.error
            return original(*args, **kwargs)

        setattr(self.owner, self.name, function)
        return self

    def __exit__(self, *exc_info):
        setattr(self.owner, self.name, self.original)


async def serves(running):
    (answer,) = await running.fetch(get("/", "Connection: close"))
    return answer.body == b"hello"


async def attempt(running, request):
    """Send a request and read what comes, be it nothing."""
    try:
        reader, writer = await running.open(request)
        while await reader.read(1000):
            pass
        writer.close()
        await writer.wait_closed()
    except OSError:
        pass


async def first_answer(running, request):
    """Send a request; return its answer, a short one."""
    reader, writer = await running.open(request)
    answer, _ = split(await reader.read(1000))
    writer.close()
    await writer.wait_closed()
    return answer


POINTS = (
    (microdot.server, "Connection"),
    (microdot.server.connection, "open_streams"),
    (microdot.server.connection, "receive"),
    (Microdot, "serve_request"),
    (microdot.server.connection, "send_response"),
    (microdot.server.connection, "close_stream"),
    (microdot.server.connection.RequestParser, "receive"),
    (microdot.server.connection.RequestParser, "parse_head"),
    (microdot.server.connection.Connection, "serve"),
    (microdot.server.connection.Connection, "send"),
    (microdot.server.connection.Connection, "_read_head"),
    (microdot.server.connection.Connection, "_out_of_memory"),
    (microdot.server.connection.Connection, "_close"),
    (microdot.server.connection.Connection, "check"),
    (microdot.server, "sleep_ms"),
)


async def test_a_failure_at_any_point_costs_no_place():
    for owner, name in POINTS:
        for error in (MemoryError(), OSError(24, "too many"), ValueError("any")):
            app = make()
            app.max_connections = 1
            ends_late = name in ("check", "sleep_ms")
            if not ends_late:  # a busy machine may be late, too
                app.head_timeout = app.idle_timeout = 60
            async with Running(app) as running:
                with Failing(owner, name, error) as failing:
                    await attempt(running, get("/", "Connection: close"))
                    if name == "_out_of_memory":
                        await all_free(app)  # the connection that is closing reads, too
                        with Failing(microdot.server.connection, "receive", MemoryError()):
                            await attempt(running, get("/", "Connection: close"))
                    if ends_late:
                        await attempt(running, b"")  # until its deadline
                    await all_free(app)
                    assert failing.failed, name
                app.head_timeout = app.idle_timeout = 60
                assert await serves(running), name


async def test_a_log_line_that_fails_costs_no_place():
    """Neither the connection's, nor the acceptor's, nor the clock's."""
    for module, failing_too in (
        (microdot.server.connection, (Microdot, "serve_request")),
        (microdot.server.connection, (microdot.server.connection, "receive")),
        (microdot.server, (microdot.server, "Connection")),
        (microdot.server, (microdot.server.connection.Connection, "check")),
    ):
        for error in (MemoryError(), ValueError("a log handler's")):
            app = make()
            app.max_connections = 1
            async with Running(app) as running:
                with Failing(module, "log_error", error) as failing:
                    with Failing(failing_too[0], failing_too[1], MemoryError()):
                        await attempt(running, b"" if failing_too[1] == "check" else get())
                    await all_free(app)
                    assert failing.failed
                app.head_timeout = app.idle_timeout = 60
                assert await serves(running)


async def test_a_clock_whose_watch_fails_keeps_the_deadlines():
    class Watch:
        looks = 0

        def look(self):
            self.looks += 1
            raise ValueError("the watch's")

    app = make()
    watch = Watch()

    @app.get("/watched")
    async def watched(request):
        request.transport.watch = watch
        await until(lambda: watch.looks > 1)
        request.transport.watch = None
        return "seen"

    async with Running(app) as running:
        (answer,) = await running.fetch(get("/watched"))  # which its idle deadline ends
        assert answer.body == b"seen"


async def test_a_newcomer_waits_for_a_place():
    app = make()
    app.max_connections = 1
    app.head_timeout = 60
    release = asyncio.Event()

    @app.get("/busy")
    async def busy(request):
        await release.wait()
        return "done"

    async with Running(app) as running:
        first = asyncio.create_task(running.fetch(get("/busy")))
        await until(lambda: app.server.connections and app.server.connections[0].served)
        second = asyncio.create_task(running.fetch(get("/", "Connection: close")))
        await until(lambda: app.server.is_crowded())
        release.set()
        (answer,) = await first
        assert (answer.body, answer.field("connection")) == (b"done", "close")
        (answer,) = await second
        assert answer.body == b"hello"
        assert not app.server.is_crowded()


async def test_newcomers_are_refused_one_at_a_time():
    app = make()
    app.max_connections = 1
    app.place_timeout = 0.5
    release = asyncio.Event()

    @app.get("/busy")
    async def busy(request):
        await release.wait()
        return "done"

    async with Running(app) as running:
        first = asyncio.create_task(running.fetch(get("/busy")))
        await until(lambda: app.server.connections and app.server.connections[0].served)
        for answers in await asyncio.gather(*[running.fetch(get()) for _ in range(4)]):
            assert [answer.status for answer in answers] == [503]
            assert int(answers[0].field("retry-after")) > 0
        assert len(app.server.connections) <= 2
        release.set()
        await first
        assert await serves(running)


async def test_a_handler_that_catches_its_cancellation_is_cancelled_again():
    """As a bare `except` does; its client has left."""
    app = make()
    app.max_connections = 1
    app.place_timeout = 0.1
    app.head_timeout = 60
    caught = []

    @app.get("/deaf")
    async def deaf(request):
        while len(caught) < 3:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                caught.append(request)

    async with Running(app) as running:
        _, writer = await running.open(get("/deaf"))
        await until(lambda: app.server.connections and app.server.connections[0].served)
        writer.close()
        await writer.wait_closed()
        while (await running.fetch(get("/", "Connection: close")))[0].status != 200:
            await asyncio.sleep(0.02)
        assert len(caught) == 3


async def test_a_silent_client_makes_room():
    for data in (b"", b"GET / HT"):
        app = make()
        app.max_connections = 1
        app.head_timeout = 60
        async with Running(app) as running:
            reader, writer = await running.open(data)
            await asyncio.sleep(0.05)
            assert await serves(running)
            assert await reader.read(10) == b""
            writer.close()


async def test_sockets_that_run_out_end_an_idle_connection():
    app = make()
    app.idle_timeout = app.head_timeout = 60
    async with Running(app) as running:
        reader, writer = await running.open(get())
        assert await reader.read(5) == b"HTTP/"
        listener = app.server._listener
        with Failing(listener, "accept", OSError(24, "too many")):
            await attempt(running, get("/", "Connection: close"))  # for which the acceptor has begun to wait already
            while await reader.read(100):
                pass
        writer.close()
        assert await serves(running)


def events_app():
    app = make()
    app.max_connections = 3
    app.idle_timeout = app.head_timeout = 60
    app.seen = []

    @app.get("/events")
    @with_sse
    async def events(request, sse):
        app.seen.append(request)
        await asyncio.Event().wait()

    @app.get("/ws")
    @with_websocket
    async def ws(request, ws):
        await ws.receive()

    return app


async def test_streams_leave_two_places():
    app = events_app()
    async with Running(app) as running:
        reader, writer = await running.open(get("/events"))
        await until(lambda: app.seen)
        answer = await first_answer(running, get("/ws", *HANDSHAKE))
        assert answer.status == 503
        assert answer.field("retry-after")
        assert await serves(running)
        newer, other_writer = await running.open(get("/events"))  # of the same client
        await until(lambda: len(app.seen) == 2)
        while await reader.read(100):
            pass
        assert await newer.read(5) == b"HTTP/"
        for stream in (writer, other_writer):
            stream.close()
            await stream.wait_closed()


async def test_an_event_stream_for_which_there_is_no_place_is_closed_without_an_answer():
    app = events_app()
    async with Running(app) as running:
        reader, writer = await running.open(get("/ws", *HANDSHAKE))
        assert await reader.read(12) == b"HTTP/1.1 101"
        assert await running.fetch(get("/events")) == []
        assert app.seen == []
        writer.close()
        await writer.wait_closed()
        await all_free(app)
        reader, writer = await running.open(get("/events"))
        assert await reader.read(12) == b"HTTP/1.1 200"
        writer.close()


async def test_a_bound_of_streams():
    app = events_app()
    app.max_streams = 2
    async with Running(app) as running:
        streams = []
        for _ in range(2):
            streams.append(await running.open(get("/ws", *HANDSHAKE)))
            assert await streams[-1][0].read(12) == b"HTTP/1.1 101"
        answer = await first_answer(running, get("/ws", *HANDSHAKE))
        assert answer.status == 503
        for _, writer in streams:
            writer.close()
            await writer.wait_closed()
