import asyncio
import sys
import time

from memory_stream import MemoryStream, exchange, get, post, split
from microdot import Microdot, Response
from microdot._dates import parse_date
from microdot.server.connection import Connection
from microdot.server.http11 import RequestParser


def make():
    app = Microdot()
    app.get("/")(lambda request: "hello")
    app.post("/echo")(lambda request: request.body)
    app.get("/none")(lambda request: None)
    app.get("/fail")(lambda request: 1 / 0)
    app.get("/<int:n>")(lambda request, n: str(n))
    return app


async def test_one_request():
    (answer,) = await exchange(make(), get())
    assert answer.status == 200
    assert answer.body == b"hello"
    assert answer.field("content-length") == "5"
    assert answer.field("content-type") == "text/plain; charset=UTF-8"
    assert answer.field("connection") is None


async def test_nothing():
    assert await exchange(make()) == []
    assert await exchange(make(), b"\r\n\r\n") == []


async def test_keep_alive():
    answers = await exchange(make(), get("/1"), get("/2"), post(b"x"), get("/3"))
    assert [answer.body for answer in answers] == [b"1", b"2", b"x", b"3"]


async def test_pipelining():
    answers = await exchange(make(), get("/1") + get("/2") + post(b"x" * 100) + get("/3"))
    assert [answer.body for answer in answers] == [b"1", b"2", b"x" * 100, b"3"]


async def test_byte_by_byte():
    data = get("/1") + post(b"abc") + get("/2")
    answers = await exchange(make(), *[data[i : i + 1] for i in range(len(data))])
    assert [answer.body for answer in answers] == [b"1", b"abc", b"2"]


async def test_connection_close():
    (answer,) = await exchange(make(), get("/1", "Connection: close") + get("/2"))
    assert answer.body == b"1"
    assert answer.field("connection") == "close"


async def test_http_1_0():
    (answer,) = await exchange(make(), get("/1", version="1.0") + get("/2", version="1.0"))
    assert answer.field("connection") == "close"
    answers = await exchange(make(), get("/1", "Connection: keep-alive", version="1.0") + get("/2", version="1.0"))
    assert [answer.body for answer in answers] == [b"1", b"2"]
    assert answers[0].field("connection") == "keep-alive"


async def test_the_applications_connection_field():
    app = make()
    app.get("/bye")(lambda request: ("bye", {"Connection": "close"}))
    (answer,) = await exchange(app, get("/bye") + get("/1"))
    assert answer.field("connection") == "close"
    app.get("/list")(lambda request: ("bye", {"Connection": "keep-alive, Close"}))
    assert len(await exchange(app, get("/list") + get("/1"))) == 1
    app.get("/stay")(lambda request: ("x", {"Connection": "keep-alive"}))
    assert len(await exchange(app, get("/stay") + get("/1"))) == 2


async def test_errors_keep_the_connection():
    answers = await exchange(make(), get("/x"), get("/", method="DELETE"), get("/fail"), get("/1"))
    assert [answer.status for answer in answers] == [404, 405, 500, 200]
    assert answers[1].field("allow")
    assert b"Traceback" not in answers[2].body and b"Zero" not in answers[2].body


async def test_head():
    stream = MemoryStream(get("/", method="HEAD") + get("/none", method="HEAD") + get("/x", method="HEAD"))
    await make().handle_request(stream, stream)
    rest = stream.sent
    answers = []
    while rest:
        answer, rest = split(rest, "HEAD")
        answers.append(answer)
    assert [answer.status for answer in answers] == [200, 204, 404]
    assert answers[0].field("content-length") == "5"


async def test_no_content():
    answers = await exchange(make(), get("/none"), get("/1"))
    assert [answer.status for answer in answers] == [204, 200]
    assert answers[0].field("content-length") is None
    assert answers[0].field("content-type") is None


async def test_head_and_body_in_one_write():
    stream = MemoryStream(get())
    await make().handle_request(stream, stream)
    assert len(stream.writes) == 1


async def test_a_large_body():
    app = make()
    app.get("/large")(lambda request: b"0123456789" * 1000)
    answers = await exchange(app, get("/large"), get("/1"))
    assert answers[0].body == b"0123456789" * 1000
    assert answers[1].body == b"1"


async def test_what_the_request_knows():
    app = Microdot()

    @app.get("/<x>")
    async def handler(request, x):
        reader, writer = request.sock
        assert reader is writer
        return [request.client_addr[0], request.scheme, request.http_version, request.headers["x-one"]]

    (answer,) = await exchange(app, get("/1", "X-One: 1"))
    assert answer.body == b'["192.0.2.1", "http", "1.1", "1"]'


async def test_several_cookies():
    app = Microdot()

    @app.get("/")
    def handler(request):
        response = Response("x")
        response.set_cookie("a", "1")
        response.set_cookie("b", "2")
        return response

    (answer,) = await exchange(app, get())
    assert answer.fields["set-cookie"] == ["a=1", "b=2"]


async def test_limit_of_requests():
    app = make()
    app.max_requests_per_connection = 2
    answers = await exchange(app, get("/1") + get("/2") + get("/3"))
    assert [answer.body for answer in answers] == [b"1", b"2"]
    assert answers[0].field("connection") is None
    assert answers[1].field("connection") == "close"


async def test_a_stream_that_is_not_of_asyncio():
    class Stream(MemoryStream):
        def readinto(self, buffer):
            raise AssertionError("read() is all that is asked for")

    stream = Stream(get())
    del stream.s
    await make().handle_request(stream, stream)
    assert split(stream.sent)[0].body == b"hello"


async def test_already_handled():
    app = Microdot()

    @app.get("/")
    async def handler(request):
        request.sock[1].write(b"HTTP/1.1 299 Mine\r\nConnection: close\r\n\r\nmine")
        return Response.already_handled

    (answer,) = await exchange(app, get() + get())
    assert (answer.status, answer.body) == (299, b"mine")


async def test_a_lost_client_is_no_error():
    for stream in (
        MemoryStream(get("/1"), OSError(104)),
        MemoryStream(OSError(104)),
        MemoryStream(post(b"abc")[:-1], OSError(104)),
        MemoryStream(get("/1"), broken=OSError(32)),
        MemoryStream(get("/1"), broken=OSError(103)),
    ):
        await make().handle_request(stream, stream)
        assert stream.closed


async def test_out_of_memory():
    app = make()
    app.get("/memory")(_no_memory)
    (answer,) = await exchange(app, get("/memory") + get("/1"))
    assert answer.status == 503
    assert answer.field("connection") == "close"
    answers = await exchange(app, get("/1"), get("/memory"))  # also after a response on the same connection
    assert [answer.status for answer in answers] == [200, 503]


def _no_memory(request):
    raise MemoryError


async def test_the_applications_date():
    app = make()
    app.get("/then")(lambda request: ("x", {"Date": "Thu, 01 Jan 1970 00:00:00 GMT"}))
    (answer,) = await exchange(app, get("/then"))
    assert answer.field("date") == "Thu, 01 Jan 1970 00:00:00 GMT"


async def test_date():
    """The clocks of both runtimes are set here: the date is now."""
    before = time.gmtime()[:4]
    (answer,) = await exchange(make(), get())
    assert tuple(parse_date(answer.field("date"))[:4]) in (before, time.gmtime()[:4])


class Stuck(MemoryStream):
    """A client that takes nothing: what is written stays where it is until `taken` is set."""

    out_buf = b"unsent"

    def __init__(self, *pieces):
        super().__init__(*pieces)
        self.taken = asyncio.Event()
        self.events = []

    def get_write_buffer_size(self):
        return len(self.out_buf)

    async def drain(self):
        await self.taken.wait()

    def abort(self):
        self.events.append("abort")
        super().abort()

    def close(self):
        self.events.append("close")
        super().close()


async def test_no_more_is_written_than_the_client_takes():
    app = make()
    app.get("/pieces")(lambda request: iter(["piece"] * 100))
    stream = Stuck(get("/pieces"))
    serving = asyncio.create_task(app.handle_request(stream, stream))
    while not stream.writes:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    assert len(stream.writes) == 1
    stream.taken.set()
    await serving
    assert len(stream.writes) == 101


async def outcome_of_sending(end):
    """Return what a handler that sends to a client that takes nothing sees, when `end(connection)` has been called."""
    app = make()
    app.write_timeout = app.shutdown_timeout = 3600
    seen = []

    @app.get("/send")
    async def send(request):
        try:
            await request.transport.send(b"never taken")
            seen.append("sent")
        except BaseException as error:
            seen.append(error)
            stream.taken.set()
            raise

    stream = Stuck(get("/send"))
    task = asyncio.create_task(app.handle_request(stream, stream))
    while not stream.writes:
        await asyncio.sleep(0.01)
    (connection,) = app.server.connections
    end(connection)
    await task
    (error,) = seen
    return error, stream


async def test_a_client_that_takes_nothing_in_time():
    error, stream = await outcome_of_sending(lambda connection: connection.check(connection.write_deadline))
    assert isinstance(error, OSError) and error.args[0] == 110
    assert stream.closed


async def test_a_send_that_the_server_cancels():
    error, stream = await outcome_of_sending(lambda connection: connection.cancel())
    assert isinstance(error, asyncio.CancelledError)
    assert stream.closed


async def test_what_comes_with_a_handshake_is_the_new_protocols():
    app = make()
    rest = []

    @app.get("/upgrade")
    async def upgrade(request):
        rest.append(await request.transport.upgrade(request, {"Upgrade": "x", "Connection": "Upgrade"}))

    stream = MemoryStream(get("/upgrade") + b"more")
    await app.handle_request(stream, stream)
    assert rest == [b"more"]
    assert stream.sent.startswith(b"HTTP/1.1 101 ")


async def test_out_of_memory_within_a_body():
    """The client must not take the body for a whole one, nor find another response in its middle."""

    class Failing:
        pieces = 1

        def __aiter__(self):
            return self

        async def __anext__(self):
            if not self.pieces:
                raise MemoryError
            self.pieces -= 1
            return "piece"

    app = make()
    app.get("/body")(lambda request: Failing())
    for version in ("1.0", "1.1"):
        stream = Stuck(get("/body", version=version) + get("/1"))
        stream.taken.set()
        await app.handle_request(stream, stream)
        head, _, body = stream.sent.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        assert body == (b"piece" if version == "1.0" else b"5\r\npiece\r\n")
        assert stream.closed
        assert sys.implementation.name == "micropython" or stream.events[0] == "abort"


async def test_a_status_without_a_body_leaves_a_stream_out():
    app = make()
    closed = []

    @app.get("/status/<int:status>")
    async def handler(request, status):
        def pieces():
            try:
                yield "HTTP/1.1 200 OK"
            finally:
                closed.append(status)

        return pieces(), status

    answers = await exchange(app, get("/status/304"), get("/status/204"), get("/1"))
    assert [answer.status for answer in answers] == [304, 204, 200]
    assert [answer.field("transfer-encoding") for answer in answers] == [None] * 3
    assert answers[2].body == b"1"


class Told(MemoryStream):
    """A client that can be told that nothing more comes, as CPython's streams can."""

    def can_write_eof(self):
        return True

    def write_eof(self):
        pass


async def test_what_a_client_sends_behind_the_last_request_is_read_so_that_nothing_resets_the_answer():
    app = make()
    app.max_requests_per_connection = 1
    for fields, left in (((), 0), (("Connection: close",), 1)):  # one that wanted to go on, and one that did not
        if sys.implementation.name == "micropython":  # where nobody can be told
            left = 1
        stream = Told(get("/1", *fields), get("/2"))
        await app.handle_request(stream, stream)
        assert stream.sent.endswith(b"\r\n\r\n1") and stream.closed
        assert len(stream.pieces) == left


async def test_a_body_that_the_connections_end_ends_does_not_wait_for_the_client():
    def cut():
        yield "piece"
        raise ValueError("in the middle")

    app = make()
    app.get("/old")(lambda request: iter(["piece"]))
    app.get("/cut")(lambda request: cut())
    for request in (get("/old", "Connection: keep-alive", version="1.0"), get("/cut")):
        stream = Told(request, b"what comes now is not read", end=False)
        await app.handle_request(stream, stream)
        assert b"piece" in stream.sent and stream.closed
        assert len(stream.pieces) == 1


async def test_a_body_shorter_than_its_length_ends_the_connection():
    app = make()
    app.get("/short")(lambda request: (iter(["abc"]), 200, {"Content-Length": "5"}))
    stream = MemoryStream(get("/short") + get("/1"))
    await app.handle_request(stream, stream)
    assert stream.sent.partition(b"\r\n\r\n")[2] == b"abc"


def test_what_is_set_for_each_request_has_no_properties():
    for cls in (Connection, RequestParser):  # a single one makes each attribute of its class slow on MicroPython
        assert not [name for name in dir(cls) if isinstance(getattr(cls, name), property)], cls
