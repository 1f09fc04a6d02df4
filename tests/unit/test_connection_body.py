import asyncio
import io

from memory_stream import MemoryStream, exchange, get, post, split
from microdot import Microdot, Request
from microdot.server.network import READ_SIZE


def chunked(*chunks, path="/echo", fields=()):
    data = get(path, "Transfer-Encoding: chunked", *fields, method="POST")
    return data + b"".join([b"%x\r\n" % len(chunk) + chunk + b"\r\n" for chunk in chunks]) + b"0\r\n\r\n"


class Source:
    """The pieces that an iterator gives, of which exceptions are raised; `closed` counts how often it was closed."""

    def __init__(self, *pieces):
        self.pieces = list(pieces)
        self.closed = 0

    def take(self, end):
        if not self.pieces:
            raise end
        piece = self.pieces.pop(0)
        if isinstance(piece, Exception):
            raise piece
        return piece


class Pieces(Source):
    """An asynchronous iterator."""

    def __aiter__(self):
        return self

    async def __anext__(self):
        await asyncio.sleep(0)
        return self.take(StopAsyncIteration)

    async def aclose(self):
        self.closed += 1


class Items(Source):
    """A synchronous iterator."""

    def __iter__(self):
        return self

    def __next__(self):
        return self.take(StopIteration)

    def close(self):
        self.closed += 1


def make(body=None, **headers):
    app = Microdot()
    app.post("/echo")(lambda request: request.body)
    app.post("/ignore")(lambda request: "ignored")
    app.get("/1")(lambda request: "1")
    app.get("/")(lambda request: (body, {name.replace("_", "-"): headers[name] for name in headers}))

    @app.post("/stream")
    async def stream(request):
        parts = []
        while True:
            data = await request.stream.read(100)
            if not data:
                return b"|".join(parts)
            parts.append(data)

    return app


async def test_chunked_request():
    answers = await exchange(make(), chunked(b"hello", b" ", b"world") + get("/1"))
    assert [answer.body for answer in answers] == [b"hello world", b"1"]


async def test_malformed_chunk():
    data = get("/echo", "Transfer-Encoding: chunked", method="POST") + b"5\r\nhello\r\nx\r\n" + get("/1")
    (answer,) = await exchange(make(), data)
    assert answer.status == 400
    assert answer.field("connection") == "close"


async def test_expect_continue():
    stream = MemoryStream(get("/echo", "Content-Length: 3", "Expect: 100-continue", method="POST"), b"abc", get("/1"))
    await make().handle_request(stream, stream)
    assert stream.sent.startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
    answer, rest = split(stream.sent[25:])
    assert answer.body == b"abc"
    answer, rest = split(rest)
    assert answer.body == b"1"


async def test_no_continue_for_a_body_that_nobody_wants():
    head = get("/none", "Content-Length: 3", "Expect: 100-continue", method="POST")
    (answer,) = await exchange(make(), head)
    assert answer.status == 404
    assert answer.field("connection") == "close"
    head = get("/echo", "Content-Length: 99999", "Expect: 100-continue", method="POST")
    (answer,) = await exchange(make(), head)
    assert answer.status == 413


async def test_a_body_that_the_handler_does_not_read():
    data = post(b"x" * 1000, path="/none") + get("/1")
    answers = await exchange(make(), data)
    assert [answer.status for answer in answers] == [404, 200]
    answers = await exchange(make(), post(b"x", path="/ignore") + chunked(b"x", path="/ignore") + get("/1"))
    assert [answer.body for answer in answers] == [b"ignored", b"ignored", b"1"]


async def test_a_body_too_large():
    saved = Request.max_content_length
    Request.max_content_length = 1000
    try:
        answers = await exchange(make(), post(b"x" * 1001) + get("/1"))
        assert [answer.status for answer in answers] == [413, 200]  # a body of this size is read to its end
        (answer,) = await exchange(make(), chunked(*[b"x" * 100] * 11) + get("/1"))
        assert answer.status == 413
        assert answer.field("connection") == "close"
    finally:
        Request.max_content_length = saved


async def test_streamed_request():
    saved = Request.max_body_length
    Request.max_body_length = 10
    try:
        for data in (post(b"x" * 250, path="/stream"), chunked(b"x" * 250, path="/stream")):
            answers = await exchange(make(), data + get("/1"))
            assert answers[0].body.replace(b"|", b"") == b"x" * 250
            assert answers[1].body == b"1"
    finally:
        Request.max_body_length = saved


async def test_streamed_response():
    answers = await exchange(make(iter(["a", b"b", "", "ż"])), get() + get("/1"))
    assert answers[0].body == "abż".encode()
    assert answers[0].field("transfer-encoding") == "chunked"
    assert answers[1].body == b"1"


async def test_asynchronous_response():
    body = Pieces("a", b"b")
    answers = await exchange(make(body), get() + get("/1", "Connection: close"), end=False)
    assert [answer.body for answer in answers] == [b"ab", b"1"]
    assert body.closed == 1


async def test_an_empty_stream():
    answers = await exchange(make(iter([])), get() + get("/1"))
    assert [answer.body for answer in answers] == [b"", b"1"]


async def test_streamed_response_for_http_1_0():
    (answer,) = await exchange(make(iter(["a", "b"])), get("/", "Connection: keep-alive", version="1.0") + get("/1"))
    assert answer.body == b"ab"
    assert answer.field("transfer-encoding") is None
    assert answer.field("connection") == "close"


async def test_streamed_response_of_known_length():
    answers = await exchange(make(iter(["ab", "c"]), Content_Length="3"), get() + get("/1"))
    assert answers[0].body == b"abc"
    assert answers[0].field("transfer-encoding") is None
    assert answers[1].body == b"1"


async def test_a_stream_shorter_than_announced():
    stream = MemoryStream(get() + get("/1"))
    await make(iter(["ab"]), Content_Length="3").handle_request(stream, stream)
    assert stream.sent.endswith(b"\r\n\r\nab")
    assert stream.closed


async def test_a_stream_longer_than_announced():
    stream = MemoryStream(get() + get("/1"))
    await make(iter(["ab", "cd"]), Content_Length="3").handle_request(stream, stream)
    assert stream.sent.endswith(b"\r\n\r\nab")
    assert stream.closed


async def test_a_stream_with_a_content_length_that_is_none():
    body = Items("ab")
    (answer,) = await exchange(make(body, Content_Length="x"), get())
    assert answer.status == 500
    assert body.closed == 1


async def test_a_forgotten_await():
    async def page():
        return "page"

    app = make()
    pages = [page()]

    @app.get("/page")
    async def handler(request):
        return pages[0]

    (answer,) = await exchange(app, get("/page"))
    assert answer.status == 500
    pages[0].close()


async def test_a_wrong_content_length_of_bytes():
    for length in ("0", "2", "10", "x"):
        answers = await exchange(make("abc", Content_Length=length), get() + get("/1"))
        assert [answer.body for answer in answers] == [b"abc", b"1"]


async def test_the_content_length_of_a_response_to_head():
    stream = MemoryStream(get(method="HEAD") + get("/1"))
    await make("", Content_Length="12345").handle_request(stream, stream)
    answer, rest = split(stream.sent, "HEAD")
    assert answer.field("content-length") == "12345"
    assert split(rest)[0].body == b"1"


async def test_how_a_body_is_delimited_is_not_the_applications_to_say():
    for body in ("abc", iter(["a", "bc"])):
        answers = await exchange(make(body, Transfer_Encoding="chunked"), get() + get("/1"))
        assert [answer.body for answer in answers] == [b"abc", b"1"]


async def test_a_large_piece_is_sent_in_several():
    piece = b"x" * (2 * READ_SIZE)  # each of which has a deadline of its own
    stream = MemoryStream(get())
    await make(iter([piece])).handle_request(stream, stream)
    assert split(stream.sent)[0].body == piece
    assert max(stream.writes) <= READ_SIZE + 64


async def test_file():
    class File(io.BytesIO):
        ended = False

        def close(self):
            self.ended = True

    file = File(b"0123456789" * 300)
    answers = await exchange(make(file), get() + get("/1"))
    assert answers[0].body == b"0123456789" * 300
    assert answers[1].body == b"1"
    assert file.ended


async def test_a_stream_that_fails_at_once():
    body = Pieces(ValueError("private"))
    (answer,) = await exchange(make(body), get() + get("/1"))
    assert answer.status == 500
    assert b"private" not in answer.body
    assert body.closed >= 1


async def test_a_stream_that_fails_at_once_and_an_error_handler_that_streams():
    for pieces, status, text in (
        (("so", "rry"), 503, b"sorry"),
        ((ValueError("private"),), 500, b"Internal server error"),
    ):
        error_body = Items(*pieces)
        app = make(Items(ValueError("private")))
        app.errorhandler(500)(lambda request, body=error_body: (body, 503))
        (answer,) = await exchange(app, get() + get("/1"))
        assert (answer.status, answer.body) == (status, text)
        assert error_body.closed == 1


async def test_a_stream_that_fails_later():
    body = Pieces("a", ValueError("private"))
    stream = MemoryStream(get() + get("/1"))
    await make(body).handle_request(stream, stream)
    assert stream.sent.endswith(b"\r\n\r\n1\r\na\r\n")  # no last chunk: the client sees that it is cut short
    assert stream.closed
    assert body.closed == 1


async def test_a_client_that_leaves_a_stream():
    class Leaving(MemoryStream):
        def write(self, data):
            if self.sent:
                raise OSError(32)
            super().write(data)

    body = Pieces("a", "b", "c")
    stream = Leaving(get())
    await make(body).handle_request(stream, stream)
    assert stream.closed
    assert body.closed == 1


async def test_head_closes_a_stream():
    body = Pieces("a")
    stream = MemoryStream(get("/", method="HEAD"))
    await make(body).handle_request(stream, stream)
    answer, rest = split(stream.sent, "HEAD")
    assert answer.status == 200
    assert rest == b""
    assert body.closed == 1
    assert body.pieces == ["a"]
