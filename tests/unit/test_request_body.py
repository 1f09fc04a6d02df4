from microdot import AsyncBytesIO, Microdot, Request
from microdot._request_body import BodyStream
from microdot.errors import HTTPException
from support import raises


class limits:
    """Context manager: Request's limits are others."""

    def __init__(self, **values):
        self.values = values

    def __enter__(self):
        self.saved = {name: getattr(Request, name) for name in self.values}
        for name in self.values:
            setattr(Request, name, self.values[name])

    def __exit__(self, *exc_info):
        for name in self.saved:
            setattr(Request, name, self.saved[name])


def create(*fields, body=b"", line=b"POST /path HTTP/1.1", app=None):
    data = b"\r\n".join((line, b"Host: a") + fields + (b"", body))
    return Request.create(app or Microdot(), AsyncBytesIO(data), "writer", ("127.0.0.1", 1234))


async def test_create():
    request = await create(b"Content-Length: 5", b"X-One: 1", body=b"hello and more")
    assert request.method == "POST"
    assert request.path == "/path"
    assert request.http_version == "1.1"
    assert request.headers["X-One"] == "1"
    assert request.client_addr == ("127.0.0.1", 1234)
    assert request.body == b"hello"
    assert request.scheme == "http"


async def test_create_at_the_end():
    assert await Request.create(Microdot(), AsyncBytesIO(b""), None, None) is None


async def test_create_from_what_is_no_request():
    for data in (b"x", b"x\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"):
        with raises(HTTPException) as caught:
            await Request.create(Microdot(), AsyncBytesIO(data), None, None)
        assert caught.value.status_code == 400, data


async def test_create_with_scheme():
    request = await Request.create(Microdot(), AsyncBytesIO(b"GET / HTTP/1.0\r\n\r\n"), None, None, "https")
    assert request.scheme == "https"
    assert request.http_version == "1.0"


async def test_chunked_body():
    request = await create(b"Transfer-Encoding: chunked", body=b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")
    assert request.body == b"hello world"
    assert request.content_length == 0


async def test_body_also_as_a_stream():
    request = await create(b"Content-Length: 11", body=b"hello world")
    assert not request.body_used
    assert await request.stream.read(5) == b"hello"
    assert request.body_used
    assert await request.stream.read() == b" world"
    assert await request.stream.read() == b""
    assert request.body == b"hello world"


async def test_a_large_body_is_on_the_stream_only():
    for fields, body in (
        ((b"Content-Length: 40",), b"0123456789" * 4),
        ((b"Transfer-Encoding: chunked",), b"28\r\n" + b"0123456789" * 4 + b"\r\n0\r\n\r\n"),
    ):
        with limits(max_body_length=20, max_content_length=50):
            request = await create(*fields, body=body)
            assert request.body == b""
            stream = request.stream
            assert await stream.read(3) == b"012"
            assert await stream.readexactly(9) == b"345678901"
            assert await stream.read() == b"2345678901234567890123456789"[:28]
            assert await stream.read() == b""


async def test_limit_of_the_body():
    for length in (20, 21):
        with limits(max_body_length=20, max_content_length=50):
            request = await create(b"Content-Length: %d" % length, body=b"x" * length)
            assert (request.body == b"x" * length) == (length == 20)
            assert await request.stream.read() == b"x" * length


async def test_a_body_too_large_is_refused_before_it_is_read():
    with limits(max_content_length=20):
        with raises(HTTPException) as caught:
            await create(b"Content-Length: 21")
        assert caught.value.status_code == 413
        assert (await create(b"Content-Length: 20", body=b"x" * 20)).body == b"x" * 20


async def test_a_chunked_body_too_large_is_refused():
    body = b"15\r\n" + b"x" * 21 + b"\r\n0\r\n\r\n"
    with limits(max_content_length=20):
        with raises(HTTPException) as caught:
            await create(b"Transfer-Encoding: chunked", body=body)
        assert caught.value.status_code == 413
    with limits(max_content_length=20, max_body_length=4):
        request = await create(b"Transfer-Encoding: chunked", body=body)
        with raises(HTTPException) as caught:
            await request.stream.read()
        assert caught.value.status_code == 413


async def test_no_limit():
    with limits(max_content_length=None, max_body_length=10):
        request = await create(b"Content-Length: 30000", body=b"x" * 30000)
        total = 0
        while True:
            data = await request.stream.read(1000)
            if not data:
                break
            total += len(data)
        assert total == 30000


async def test_a_body_cut_short():
    with raises(HTTPException) as caught:
        await create(b"Content-Length: 5", body=b"hell")
    assert caught.value.status_code == 400


async def test_load_body_twice():
    request = await create(b"Content-Length: 5", body=b"hello")
    await request.load_body()
    assert request.body == b"hello"


def stream_of(*pieces, limit=None):
    pieces = list(pieces)

    async def receive(n):
        if not pieces:
            return b""
        data = pieces[0][:n]
        pieces[0] = pieces[0][n:]
        if not pieces[0]:
            pieces.pop(0)
        return data

    return BodyStream(receive, limit)


async def test_stream_of_a_request_without_body():
    request = Request(Microdot(), None, "GET", "/", "1.1", {})
    assert await request.stream.read() == b""
    assert await request.stream.readline() == b""


async def test_json_of_a_stream_that_came_in_pieces():
    headers = {"Content-Type": "application/json"}
    request = Request(Microdot(), None, "POST", "/", "1.1", headers, None, stream_of(b'{"a"', b": ", b"1}"))
    await request.load_body()
    assert request.json == {"a": 1}
