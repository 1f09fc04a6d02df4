import asyncio
import errno

import microdot.server
from memory_stream import exchange
from microdot import Microdot, Response
from running import Running, get
from support import raises


def make():
    app = Microdot()
    app.head_timeout = app.body_timeout = app.idle_timeout = app.shutdown_timeout = 0.2
    app.get("/")(lambda request: "hello")
    app.post("/")(lambda request: request.body)
    return app


async def test_serving():
    async with Running(make()) as running:
        answers = await running.fetch(get(), get("/", "Connection: close"))
        assert [answer.body for answer in answers] == [b"hello", b"hello"]
        assert answers[1].field("date").endswith(" GMT")


async def test_address_in_use():
    async with Running(make()) as running:
        with raises(OSError) as raised:
            await make().start_server("127.0.0.1", running.port)
        assert "cannot listen on 127.0.0.1, port %d" % running.port in str(raised.value)
        assert raised.value.errno == errno.EADDRINUSE


async def test_an_address_that_is_not_there():
    app = make()
    with raises(OSError) as raised:
        await app.start_server("192.0.2.1", 8000)
    assert "192.0.2.1, port 8000" in str(raised.value)
    assert app.servers == []


async def test_the_server_of_an_application():
    app = make()
    assert app.server is None
    app.shutdown()
    async with Running(app):
        assert len(app.server.sockets) == 1
        assert app.server.is_serving()
    assert app.server.sockets == []
    assert not app.server.is_serving()
    app.shutdown()


async def test_several_servers_of_an_application():
    app = make()
    first, second = Running(app), Running(app)
    for running in (first, second):
        await running.__aenter__()
    for running in (first, second):
        assert len(await running.fetch(get("/", "Connection: close"))) == 1
    app.shutdown()
    for running in (first, second):
        await running.task
    assert app.servers == []


async def test_numbers_that_are_no_port():
    for port in (-1, 65536, 80000, "80000", "http"):
        with raises(ValueError):
            await make().start_server("127.0.0.1", port)


async def test_a_port_may_be_text():
    """As it is in a variable of the environment; here it is one that is taken."""
    async with Running(make()) as running:
        with raises(OSError):
            await make().start_server("127.0.0.1", str(running.port))


async def test_serving_again_after_shutdown():
    app = make()
    for _ in range(2):
        async with Running(app) as running:
            assert len(await running.fetch(get("/", "Connection: close"))) == 1


async def test_shutdown_from_a_handler():
    app = make()

    @app.get("/bye")
    async def bye(request):
        app.shutdown()
        await asyncio.sleep(0.05)
        return "bye"

    running = Running(app)
    await running.__aenter__()
    (answer,) = await running.fetch(get("/bye"))
    assert answer.body == b"bye"
    assert answer.field("connection") == "close"
    await running.task
    with raises(OSError):
        await running.fetch(get())


async def test_the_server_as_a_context():
    app = make()
    async with await app.start_server("127.0.0.1", 0, start_serving=False) as server:
        assert len(server.sockets) == 1
        await server.start_serving()
        assert server.is_serving()
    assert server.sockets == []


async def test_a_handle_request_of_the_application():
    class App(Microdot):
        streams = None
        ended = 0

        async def handle_request(self, reader, writer):
            self.streams = reader, writer
            await super().handle_request(reader, writer)
            self.ended += 1

    app = App()
    app.head_timeout = app.idle_timeout = app.shutdown_timeout = 0.2
    app.get("/")(lambda request: "hello")
    app.get("/stream")(lambda request: iter(["a", "b"]))
    async with Running(app) as running:
        answers = await running.fetch(get(), get("/stream"), get("/", "Connection: close"))
        assert [answer.body for answer in answers] == [b"hello", b"ab", b"hello"]
        assert await running.fetch() == []  # its deadlines hold
        assert app.streams and app.ended == 2
        assert app.server.connections == []


async def test_a_handle_request_that_replaces_the_classes_or_the_applications():
    serve = Microdot.handle_request
    served = []

    def replacement(name):
        async def handle_request(*args):  # as a function of the class it gets the application too
            served.append(name)
            await serve(app, args[-2], args[-1])

        return handle_request

    try:
        for where in ("class", "application"):
            app = make()
            app.shutdown_timeout = 0.2
            (Microdot if where == "class" else app).handle_request = replacement(where)
            async with Running(app) as running:
                (answer,) = await running.fetch(get("/", "Connection: close"))
                assert answer.status == 200
            assert served.pop() == where and not served
            Microdot.handle_request = serve
    finally:
        Microdot.handle_request = serve


async def test_a_handle_request_that_serves_by_itself():
    class App(Microdot):
        async def handle_request(self, reader, writer):
            writer.write(await reader.readline())
            await writer.drain()

    app = App()
    app.head_timeout = app.shutdown_timeout = 0.2
    async with Running(app) as running:
        reader, writer = await running.open()
        await asyncio.sleep(0.8)  # no request is waited for here
        writer.write(b"echo\n")
        await writer.drain()
        assert await reader.read(10) == b"echo\n"
        assert await reader.read(10) == b""
        writer.close()
        await writer.wait_closed()


async def test_shutdown_where_asyncio_listens():
    app = make()
    app.get("/bye")(lambda request: app.shutdown() or "bye")
    (answer,) = await exchange(app, get("/bye") + get())
    assert (answer.body, answer.field("connection")) == (b"bye", "close")


async def test_a_client_that_closes_sees_the_answer_to_a_body_nobody_reads():
    app = make()
    async with Running(app) as running:
        for field in ("Connection: close", "X: y"):
            head = "POST / HTTP/1.1\r\nHost: a\r\n" + field + "\r\nContent-Length: 20000\r\n\r\n"
            (answer,) = await running.fetch(head.encode(), b"x" * 20000)  # which fails if the connection is reset
            assert answer.status == 413


async def test_shutdown_closes_idle_connections():
    app = make()
    app.idle_timeout = app.head_timeout = app.shutdown_timeout = 3600
    async with Running(app) as running:
        silent, writer = await running.open()
        idle, other_writer = await running.open(get())
        assert await idle.read(5) == b"HTTP/"
        app.shutdown()
        assert await silent.read(10) == b""
        while await idle.read(1000):
            pass
        writer.close()
        other_writer.close()


async def test_cancelling_a_server():
    app = make()
    running = Running(app)
    await running.__aenter__()
    reader, writer = await running.open(get())
    assert await reader.read(5) == b"HTTP/"
    server = app.server
    running.task.cancel()
    with raises(asyncio.CancelledError):
        await running.task
    assert server.connections == [] and server.sockets == []
    writer.close()


async def test_shutdown_ends_what_takes_too_long():
    app = make()
    ended = []

    @app.get("/slow")
    async def slow(request):
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(1)

    async with Running(app) as running:
        reader, writer = await running.open(get("/slow"))
        await asyncio.sleep(0.05)
        app.shutdown()
        assert await reader.read(10) == b""
        writer.close()
    assert ended == [1]


async def test_a_client_that_says_nothing():
    async with Running(make()) as running:
        assert await running.fetch() == []


async def test_a_client_that_stops_within_the_head():
    async with Running(make()) as running:
        (answer,) = await running.fetch(b"GET / HT")
        assert answer.status == 408


async def test_a_client_that_stops_within_the_body():
    async with Running(make()) as running:
        (answer,) = await running.fetch(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx")
        assert answer.status == 408


async def test_an_idle_connection_is_closed():
    async with Running(make()) as running:
        (answer,) = await running.fetch(get())
        assert answer.status == 200


async def test_a_newcomer_takes_the_place_of_an_idle_connection():
    app = make()
    app.max_connections = 2
    app.idle_timeout = app.head_timeout = 60
    async with Running(app) as running:
        first, writer = await running.open(get())
        assert await first.read(5) == b"HTTP/"
        second, other_writer = await running.open(get())
        assert await second.read(5) == b"HTTP/"
        (answer,) = await running.fetch(get("/", "Connection: close"))
        assert answer.status == 200
        while await first.read(100):
            pass  # the one that was idle longest is closed
        writer.close()
        other_writer.close()


async def test_a_newcomer_where_all_are_busy():
    app = make()
    app.max_connections = 1
    release = asyncio.Event()

    @app.get("/busy")
    async def busy(request):
        await release.wait()
        return "done"

    async with Running(app) as running:
        reader, writer = await running.open(get("/busy", "Connection: close"))
        await asyncio.sleep(0.05)
        (answer,) = await running.fetch(get())
        assert answer.status == 503
        assert answer.field("retry-after")
        release.set()
        data = b""
        while not data.endswith(b"done"):
            data += await reader.read(1000)
        writer.close()


async def test_many_clients_at_once():
    app = make()
    app.max_connections = 30
    app.head_timeout = app.idle_timeout = 60  # a busy machine may take its time
    async with Running(app) as running:
        fetches = [running.fetch(get(), get("/", "Connection: close")) for _ in range(20)]
        for answers in await asyncio.gather(*fetches):
            assert [answer.body for answer in answers] == [b"hello", b"hello"]


async def until(condition):
    """Wait until *condition* returns something true."""
    while not condition():
        await asyncio.sleep(0.01)


async def leave(running, request):
    """Send a request and close the connection without an answer."""
    reader, writer = await running.open(request)
    await asyncio.sleep(0.05)
    writer.close()
    await writer.wait_closed()


class Waiting:
    """A body that waits for ever after its first piece."""

    pieces = 1

    def __init__(self, closed):
        self.closed = closed

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self.pieces:
            await asyncio.sleep(3600)
        self.pieces -= 1
        return "piece"

    async def aclose(self):
        self.closed.append("class")


def streams():
    """Return an application with bodies that wait for ever, and the list of those that were closed."""
    app = make()
    app.idle_timeout = app.head_timeout = 60
    closed = []

    @app.get("/class")
    async def iterator(request):
        return Waiting(closed)

    @app.get("/generator")
    async def generator(request):
        async def pieces():
            try:
                yield "piece"
                await asyncio.sleep(3600)
            finally:
                closed.append("generator")

        return pieces()

    @app.get("/events")
    async def events(request):
        return Waiting(closed), {"Content-Type": "text/event-stream"}

    return app, closed


async def test_a_client_that_leaves_a_body_that_waits():
    app, closed = streams()
    async with Running(app) as running:
        for path in ("/class", "/generator"):
            await leave(running, get(path))
            await until(lambda: not app.server.connections)
            assert closed.pop() == path[1:]


async def test_a_client_that_sends_much_behind_a_stream_and_leaves():
    app, closed = streams()
    app.max_head_length = 4096
    async with Running(app) as running:
        for path in ("/class", "/generator"):
            await leave(running, get(path) + get() * 300)
            await until(lambda: not app.server.connections)
            assert closed.pop() == path[1:]


async def test_requests_behind_a_stream_are_served():
    app = make()
    app.head_timeout = 10  # a busy machine may take a while to send them

    @app.get("/slow")
    async def slow(request):
        async def pieces():
            for _ in range(3):
                await asyncio.sleep(0.4)  # so that the client is looked after in between
                yield "piece"

        return pieces()

    async with Running(app) as running:
        answers = await running.fetch(get("/slow"), get(), get("/", "Connection: close"))
        assert [answer.body for answer in answers] == [b"piece" * 3, b"hello", b"hello"]


def polls(release):
    """Return an application with two places, and a handler that waits for *release*; and what became of it."""
    app = make()
    app.max_connections = 2
    app.idle_timeout = app.head_timeout = app.place_timeout = 3600
    ended = []

    @app.get("/poll")
    async def poll(request):
        try:
            await release.wait()
            ended.append("answered")
            return "news"
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    return app, ended


async def test_clients_that_leave_a_long_poll_make_room():
    app, ended = polls(asyncio.Event())
    async with Running(app) as running:
        for _ in range(2):
            await leave(running, get("/poll"))
        (answer,) = await running.fetch(get("/", "Connection: close"))
        assert answer.body == b"hello"
        assert ended == ["cancelled"]


async def test_a_long_poll_whose_client_closes_its_side_is_answered():
    """MicroPython cannot close a side only: there the connection is simply not there any more."""
    release = asyncio.Event()
    app, ended = polls(release)
    async with Running(app) as running:
        reader, writer = await running.open(get("/poll"))
        if hasattr(writer, "write_eof"):
            writer.write_eof()
        await until(lambda: app.server.connections and app.server.clock > 4)
        release.set()
        data = await reader.read(1000)
        assert data.endswith(b"news")
        writer.close()
        await writer.wait_closed()
    assert ended == ["answered"]


async def test_an_application_that_reads_by_itself_gets_what_comes():
    app = make()

    @app.get("/raw")
    async def raw(request):
        reader, writer = request.sock
        clock = app.server.clock
        await until(lambda: app.server.clock > clock + 2)  # bytes have come, and nobody else has taken them
        writer.write(b"got " + await reader.read(100))
        await writer.drain()
        return Response.already_handled

    async with Running(app) as running:
        reader, writer = await running.open(get("/raw"))
        await asyncio.sleep(0.1)
        writer.write(b"these")
        await writer.drain()
        assert await reader.read(100) == b"got these"
        writer.close()
        await writer.wait_closed()


async def test_others_get_their_turn_between_pipelined_requests():
    order = []
    app = Microdot()

    @app.get("/<name>")
    async def handler(request, name):
        order.append(name)
        return name

    await asyncio.gather(exchange(app, get("/many") * 50), exchange(app, get("/one")))
    assert order.count("many") == 50
    assert order.index("one") < 5


async def test_shutdown_ends_event_streams_at_once():
    app, closed = streams()
    app.shutdown_timeout = 3600
    async with Running(app) as running:
        reader, writer = await running.open(get("/events"))
        assert await reader.read(5) == b"HTTP/"
        app.shutdown()
        await running.task
    assert closed == ["class"]
    writer.close()


async def test_an_event_stream_that_asks_for_the_shutdown():
    app = make()
    app.shutdown_timeout = 3600

    @app.get("/bye")
    async def events(request):
        async def pieces():
            yield "data: bye\n\n"
            app.shutdown()
            yield "data: gone\n\n"

        return pieces(), {"Content-Type": "text/event-stream"}

    running = Running(app)
    await running.__aenter__()
    reader, writer = await running.open(get("/bye"))
    assert await reader.read(5) == b"HTTP/"
    await running.task
    writer.close()


async def ticks_to_the_end(app, *requests):
    """Send requests; return the status of the answer and the ticks from that to the end of the connection."""
    async with Running(app) as running:
        reader, writer = await running.open(*requests)
        head = await reader.read(12)
        clock = app.server.clock
        while await reader.read(1000):
            pass
        writer.close()
        return head[9:12], app.server.clock - clock


async def test_a_refused_client_that_waits_for_the_end():
    """It has to be silent for a quarter of a second where a connection cannot be half closed: one or two ticks."""
    for request in (b"GET / HTTP/1.1\r\n\r\n", get("/", "X : y"), get("/", "Expect: money", "Content-Length: 5")):
        status, ticks = await ticks_to_the_end(make(), request)
        assert status[:1] == b"4"
        assert ticks <= 3, request


async def test_a_refused_body_that_is_read_to_its_end():
    """Then the connection ends without any silence."""
    app = make()
    app.head_timeout = 60

    @app.post("/refuse")
    async def refuse(request):
        return "no", 413, {"Connection": "close"}

    body = b"x" * 9000
    for fields, data in (
        (("Content-Length: 9000",), body),
        (("Transfer-Encoding: chunked",), b"2328\r\n" + body + b"\r\n0\r\n\r\n"),
        ((), b""),
    ):
        head = get("/refuse", *fields).replace(b"GET", b"POST")
        status, ticks = await ticks_to_the_end(app, head, data)
        assert status == b"413"
        assert ticks <= 1, fields


class StoppedClock:
    """Context manager: no deadline of a server that starts in the block is reached."""

    def __enter__(self):
        self.tick = microdot.server.TICK_MS
        microdot.server.TICK_MS = 3600 * 1000

    def __exit__(self, *exc_info):
        microdot.server.TICK_MS = self.tick


async def test_a_client_that_says_it_closes_is_not_waited_for():
    with StoppedClock():
        async with Running(make()) as running:
            reader, writer = await running.open(get("/", "Connection: close"))
            assert await reader.read(5) == b"HTTP/"
            await until(lambda: not running.app.server.connections)
            writer.close()


async def test_a_client_that_still_sends_is_waited_for():
    with StoppedClock():
        async with Running(make()) as running:
            reader, writer = await running.open(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n")
            assert (await reader.read(12))[9:] == b"413"
            await asyncio.sleep(0.1)
            assert running.app.server.connections
            writer.write(b"x" * 20000)
            await writer.drain()
            if hasattr(writer, "write_eof"):  # CPython waits for the client's end, MicroPython for that of the body
                writer.write_eof()
            await until(lambda: not running.app.server.connections)
            writer.close()
