import asyncio
import errno
import os

import microdot.connection
from memory_stream import exchange, split
from microdot import Microdot
from support import raises

# On MicroPython a client that waits for the end after an error waits as long as the server does for the client.
microdot.connection._LINGER_SECONDS = 0.2


def get(path="/", *fields):
    return ("\r\n".join(("GET " + path + " HTTP/1.1", "Host: a") + fields) + "\r\n\r\n").encode()


class Running:
    """Asynchronous context manager: an application served on a port of 127.0.0.1."""

    def __init__(self, app, **options):
        self.app = app
        self.options = options

    async def __aenter__(self):
        while True:
            # MicroPython cannot tell which port the system chose.
            number = os.urandom(2)
            self.port = 20000 + (number[0] * 256 + number[1]) % 12000
            self.task = asyncio.create_task(self.app.start_server("127.0.0.1", self.port, **self.options))
            while not self.task.done():
                await asyncio.sleep(0.01)
                if self.app.server and self.app.server.is_serving():
                    return self
            try:
                await self.task
            except OSError as error:
                print("port", self.port, "taken:", error)

    async def __aexit__(self, *exc_info):
        self.app.shutdown()
        await self.task

    async def open(self, *requests):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        for request in requests:
            writer.write(request)
            await writer.drain()
        return reader, writer

    async def fetch(self, *requests):
        """Send requests; return the answers when the server has closed the connection."""
        reader, writer = await self.open(*requests)
        data = b""
        while True:
            piece = await reader.read(1000)
            if not piece:
                break
            data += piece
        writer.close()
        await writer.wait_closed()
        answers = []
        while data:
            answer, data = split(data)
            answers.append(answer)
        return answers


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
    for port in (-1, 65536, 80000, "http"):
        with raises(ValueError):
            await make().start_server("127.0.0.1", port)


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
    app.idle_timeout = app.head_timeout = 60
    async with Running(app) as running:
        reader, writer = await running.open()
        app.shutdown()
        assert await reader.read(10) == b""
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
    async with Running(app) as running:
        fetches = [running.fetch(get(), get("/", "Connection: close")) for _ in range(20)]
        for answers in await asyncio.gather(*fetches):
            assert [answer.body for answer in answers] == [b"hello", b"hello"]
