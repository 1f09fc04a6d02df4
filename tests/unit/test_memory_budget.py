"""What clients send that stays in memory counts towards one budget, `Microdot.max_buffered`."""

import asyncio

from memory_stream import split
from microdot import Microdot, Request
from microdot.multipart import with_form_data
from microdot.websocket import with_websocket
from microdot.websocket.frames import BINARY, TRY_AGAIN, FrameParser, encode
from running import HANDSHAKE, Running, all_free, get, until

BUDGET = 3000


def make():
    app = Microdot()
    app.head_timeout = app.idle_timeout = app.body_timeout = 60
    app.shutdown_timeout = 0.2
    app.max_buffered = BUDGET
    app.post("/")(lambda request: str(len(request.body)))
    return app


def post(path, size, *fields):
    head = "POST %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" % path
    return (head + "".join([field + "\r\n" for field in fields]) + "Content-Length: %d\r\n\r\n" % size).encode()


def reserved(app):
    return app.server.reserved if app.server else 0


async def to_end(reader):
    data = b""
    while True:
        piece = await reader.read(1000)
        if not piece:
            return data
        data += piece


async def leave(*writers):
    for writer in writers:
        writer.close()
        await writer.wait_closed()


class Stalled:
    """Asynchronous context manager: a client has sent a part of a body of 2,000 bytes and stops."""

    def __init__(self, running):
        self.running = running

    async def __aenter__(self):
        self.reader, self.writer = await self.running.open(post("/", 2000) + b"x")
        await until(lambda: reserved(self.running.app) == 2000)
        return self

    async def __aexit__(self, *exc_info):
        await leave(self.writer)
        await all_free(self.running.app)
        assert reserved(self.running.app) == 0


def refused(answer):
    return answer.status == 503 and int(answer.field("retry-after")) > 0


async def test_bodies_have_one_budget():
    app = make()
    async with Running(app) as running:
        async with Stalled(running) as stalled:
            (answer,) = await running.fetch(post("/", 2000))  # nothing of which is waited for
            assert refused(answer)
            (answer,) = await running.fetch(post("/", 500), b"x" * 500)
            assert answer.body == b"500"
            stalled.writer.write(b"x" * 1999)
            await stalled.writer.drain()
            answer, _ = split(await to_end(stalled.reader))
            assert answer.body == b"2000"
        (answer,) = await running.fetch(post("/", 3500), b"x" * 3500)  # alone
        assert answer.body == b"3500"
        await all_free(app)
        assert reserved(app) == 0


async def test_a_larger_body_of_a_route_counts_before_it_is_read():
    app = make()
    app.post("/json", max_content_length=100000)(lambda request: request.json)
    async with Running(app) as running:
        async with Stalled(running):
            (answer,) = await running.fetch(post("/json", 50000, "Content-Type: application/json"))
            assert refused(answer)
            (answer,) = await running.fetch(post("/json", 7, "Content-Type: application/json"), b'["low"]')
            assert answer.status == 200
        reader, writer = await running.open(post("/json", 50000, "Content-Type: application/json") + b"[")
        await until(lambda: reserved(app) == 50000)  # alone
        await leave(writer)
        await all_free(app)


async def test_a_chunked_body_counts_as_it_comes():
    app = make()
    head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    async with Running(app) as running, Stalled(running):
        reader, writer = await running.open(head + b"100\r\n" + b"x" * 256 + b"\r\n")
        await until(lambda: reserved(app) == 2256)
        for _ in range(3):
            writer.write(b"100\r\n" + b"x" * 256 + b"\r\n")
            await writer.drain()
        answer, _ = split(await to_end(reader))
        assert refused(answer)
        await leave(writer)
        await until(lambda: reserved(app) == 2000)
        (answer,) = await running.fetch(head + b"5\r\nhello\r\n0\r\n\r\n")
        assert answer.body == b"5"


def form(field, file):
    return b"".join((
        b"--b\r\nContent-Disposition: form-data; name=n\r\n\r\n", field,
        b"\r\n--b\r\nContent-Disposition: form-data; name=f; filename=f\r\n\r\n", file,
        b"\r\n--b--\r\n",
    ))  # fmt: skip


FORM = "Content-Type: multipart/form-data; boundary=b"


async def test_fields_and_files_of_a_form_count():
    app = make()
    seen = []

    @app.post("/form")
    @with_form_data
    async def handler(request):
        seen.append(reserved(app))
        return "kept"

    loaded = Request.max_body_length
    Request.max_body_length = 500  # a larger body comes as a stream
    try:
        async with Running(app) as running:
            for field, file in ((b"x" * 1100, b""), (b"", b"x" * 900)):
                body = form(field, file)
                (answer,) = await running.fetch(post("/form", len(body), FORM), body)
                assert answer.body == b"kept"
                assert seen.pop() == len(field + file)
                await all_free(app)
                assert reserved(app) == 0
            Request.max_body_length = 2000
            async with Stalled(running):
                Request.max_body_length = 500
                for body in (form(b"x" * 1100, b""), form(b"x" * 550, b"x" * 550)):
                    (answer,) = await running.fetch(post("/form", len(body), FORM), body)
                    assert refused(answer)
            assert not seen
    finally:
        Request.max_body_length = loaded


class Talk:
    """Asynchronous context manager: a WebSocket of a client."""

    def __init__(self, running):
        self.running = running
        self.parser = FrameParser(client=True)

    async def __aenter__(self):
        self.reader, self.writer = await self.running.open(get("/ws", *HANDSHAKE))
        data = b""
        while not data.endswith(b"\r\n\r\n"):
            data += await self.reader.read(1)
        return self

    async def __aexit__(self, *exc_info):
        await leave(self.writer)

    async def send(self, data):
        self.writer.write(data)
        await self.writer.drain()

    async def next_event(self):
        while True:
            event = self.parser.next_event()
            if event:
                return event
            self.parser.feed(await self.reader.read(1000))


async def test_messages_count():
    app = make()
    release = asyncio.Event()

    @app.get("/ws")
    @with_websocket
    async def ws(request, ws):
        async for message in ws:
            await ws.send(str(len(message)))
            await release.wait()

    message = encode(BINARY, b"x" * 2000, mask=b"mask")
    async with Running(app) as running:
        async with Talk(running) as first, Talk(running) as second:
            await first.send(message[:1000])
            await until(lambda: reserved(app) == 2000)  # what is announced counts
            (answer,) = await running.fetch(post("/", 2000))
            assert refused(answer)
            await second.send(message[:1000])
            code, (status, reason) = await second.next_event()
            assert (status, bool(reason)) == (TRY_AGAIN, True)
            await first.send(message[1000:])
            assert (await first.next_event())[1] == "2000"
            assert reserved(app) == 2000  # the handler has it
            release.set()
            await until(lambda: reserved(app) == 0)
            await first.send(message[:1000])
            await until(lambda: reserved(app) == 2000)
        await all_free(app)
        assert reserved(app) == 0


async def test_messages_that_wait_for_the_handler_count():
    app = make()
    release = asyncio.Event()

    @app.get("/ws")
    @with_websocket
    async def ws(request, ws):
        await release.wait()
        async for message in ws:
            await ws.send(str(len(message)))

    async with Running(app) as running, Talk(running) as talk:
        await talk.send(encode(BINARY, b"x" * 2000, mask=b"mask"))
        await until(lambda: reserved(app) == 2000)
        await asyncio.sleep(0.1)
        assert reserved(app) == 2000
        release.set()
        assert (await talk.next_event())[1] == "2000"
        await until(lambda: reserved(app) == 0)


async def test_requests_ahead_of_their_turn_count():
    app = make()
    app.max_head_length = 100000
    release = asyncio.Event()

    @app.get("/wait")
    async def wait(request):
        await release.wait()
        return "waited"

    ahead = get("/wait", "X: " + "x" * 1000)
    async with Running(app) as running:
        reader, writer = await running.open(get("/wait"))
        await until(lambda: app.server.connections and app.server.connections[0].served)
        writer.write(ahead * 12)
        await writer.drain()
        await until(lambda: reserved(app) > BUDGET)
        parser = app.server.connections[0].parser
        ticks = app.server.clock
        await until(lambda: app.server.clock > ticks + 1)
        size = len(parser.buffer)
        await until(lambda: app.server.clock > ticks + 3)
        assert len(parser.buffer) == size  # nothing more is read
        (answer,) = await running.fetch(post("/", 2000))
        assert refused(answer)
        release.set()
        data = b""
        while data.count(b"waited") < 13:
            data += await reader.read(1000)
        await until(lambda: reserved(app) == 0)
        await leave(writer)
