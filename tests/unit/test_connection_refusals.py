"""What a connection answers to a request that it refuses, and where its limits are."""

import sys

from memory_stream import MemoryStream, exchange, get, post, split
from microdot import Microdot, Request

LINE = 2048 if sys.implementation.name == "micropython" else 8000  # bytes of the longest request line, unless set
LONG = LINE + 500


def make():
    app = Microdot()
    app.get("/")(lambda request: "hello")
    app.get("/<int:n>")(lambda request, n: str(n))
    app.post("/echo")(lambda request: request.body)
    return app


async def test_malformed_requests_end_it():
    for data, status in (
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nx\r\n\r\n", 400),
        (get("/", "Content-Length: x"), 400),
        (get("/", "Transfer-Encoding: gzip"), 400),
        (get("/", "Transfer-Encoding: gzip, chunked"), 501),
        (get("/", version="2.0"), 505),
        (get("/", *["X: y"] * 100), 431),
        (get("/", "Expect: money"), 417),
    ):
        await expect_the_end(data, status)


async def test_lines_over_the_limit_end_it():
    await expect_the_end(get("/" + "x" * LONG), 414)
    await expect_the_end(get("/", "X: " + "x" * LONG), 431)


async def expect_the_end(data, status):
    """Check that a request is answered with this status and that the connection then ends."""
    (answer,) = await exchange(make(), data + get("/1"))
    assert answer.status == status, data[:50]
    assert answer.field("connection") == "close"


async def test_handlers_of_parse_errors():
    app = make()
    app.errorhandler(414)(lambda request: ("too long: " + str(request), 414))
    seen = []
    app.after_error_request(lambda request, response: seen.append((request, response.status_code)))
    (answer,) = await exchange(app, get("/" + "x" * LONG))
    assert answer.body == b"too long: None"
    assert seen == [(None, 414)]


async def test_end_within_a_request():
    (answer,) = await exchange(make(), b"GET / HT")
    assert answer.status == 400
    (answer,) = await exchange(make(), post(b"abcdef")[:-1])
    assert answer.status == 400


async def test_a_refused_head_has_no_body():
    stream = MemoryStream(b"HEAD / HTTP/1.1\r\n\r\n")
    await make().handle_request(stream, stream)
    answer, rest = split(stream.sent, "HEAD")
    assert answer.status == 400
    assert rest == b""


async def test_limits_of_the_application():
    app = make()
    app.max_headers = 2
    app.max_head_length = 100
    assert [answer.status for answer in await exchange(app, get("/1", "X: y"))] == [200]
    assert [answer.status for answer in await exchange(app, get("/1", "X: y", "X: y"))] == [431]
    assert [answer.status for answer in await exchange(app, get("/1", "X: " + "y" * 100))] == [431]


async def test_a_raised_limit_of_lines_is_one_of_the_head_too():
    line = Request.max_readline
    try:
        Request.max_readline = 2500
        answers = await exchange(make(), get("/?x=" + "x" * 2400, "X: " + "y" * 2400))  # more than 4096 together
        assert [answer.status for answer in answers] == [200]
        assert [answer.status for answer in await exchange(make(), get("/?x=" + "x" * 2500))] == [414]
    finally:
        Request.max_readline = line


async def statuses_of_lines(*sizes):
    """Return the status of requests whose request lines have these sizes in bytes."""
    answers = []
    for size in sizes:
        answers += await exchange(make(), get("/?x=" + "x" * (size - len("GET /?x= HTTP/1.1"))))
    return [answer.status for answer in answers]


async def test_the_longest_request_line():
    """RFC 9112, section 3, recommends 8,000 bytes at least; a board has no memory for that."""
    assert Request.max_readline == 2048
    assert await statuses_of_lines(LINE, LINE + 1) == [200, 414]


async def test_a_limit_of_lines_that_is_set_counts():
    default = Request.max_readline
    try:
        for limit in (2048, 1000, 3000):
            Request.max_readline = limit
            assert await statuses_of_lines(limit, limit + 1) == [200, 414]
    finally:
        Request.max_readline = default
