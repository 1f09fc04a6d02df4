"""Persistence and pipelining."""

from wire.vector import CLOSED, CUT, EITHER, OPEN, Reply, Vector, echoed, request

GET = b"GET /echo HTTP/1.1"
OLD = b"GET /echo HTTP/1.0"
NEXT = request()
NEXT_REPLY = Reply(200, body=echoed(b"", b"GET"))
OLD_REPLY = Reply(200, version="1.0", body=echoed(b"", b"GET"))


def connection(name, rfc, sent, replies, then):
    return Vector("connection: " + name, rfc, sent, replies, then)


PERSISTENCE = [
    connection("kept by default", "9112 9.3", NEXT, [NEXT_REPLY], OPEN),
    *[
        connection(
            "closed on " + repr(text.decode()), "9112 9.6", request(GET, b"Connection: " + text), [NEXT_REPLY], CLOSED
        )
        for text in (
            b"close",
            b"Close",
            b"CLOSE",
            b"keep-alive, close",
            b"close, keep-alive",
            b"foo,close",
            b"close,foo",
            b"close ,\tfoo",
            b", close",
            b"close,",
            b"TE,close,Upgrade",
        )
    ],
    *[
        connection(
            "kept on " + repr(text.decode()), "9112 9.3", request(GET, b"Connection: " + text), [NEXT_REPLY], OPEN
        )
        for text in (b"keep-alive", b"Keep-Alive", b"foo", b"", b"closed", b"xclose", b"close-x", b"not close")
    ],
    connection(
        "closed in the second of two fields",
        "9110 5.2",
        request(GET, b"Connection: foo", b"Connection: close"),
        [NEXT_REPLY],
        CLOSED,
    ),
    connection(
        "closed in the first of two fields",
        "9110 5.2",
        request(GET, b"Connection: close", b"Connection: foo"),
        [NEXT_REPLY],
        CLOSED,
    ),
    connection("HTTP/1.0 closed by default", "9112 9.3", request(OLD), [OLD_REPLY], CLOSED),
    connection("HTTP/1.0 closed on close", "9112 9.3", request(OLD, b"Connection: close"), [OLD_REPLY], CLOSED),
    connection(
        "HTTP/1.0 closed on both", "9112 9.3", request(OLD, b"Connection: keep-alive, close"), [OLD_REPLY], CLOSED
    ),
    connection("HTTP/1.0 kept on keep-alive", "9112 9.3", request(OLD, b"Connection: keep-alive"), [OLD_REPLY], OPEN),
    connection("HTTP/1.0 kept on Keep-Alive", "9112 9.3", request(OLD, b"Connection: Keep-Alive"), [OLD_REPLY], OPEN),
    connection(
        "HTTP/1.0 kept, then HTTP/1.1",
        "9112 9.3",
        request(OLD, b"Connection: keep-alive") + NEXT,
        [OLD_REPLY, NEXT_REPLY],
        OPEN,
    ),
    connection("HTTP/1.1, then HTTP/1.0", "9112 9.3", NEXT + request(OLD), [NEXT_REPLY, OLD_REPLY], CLOSED),
]

PIPELINES = [
    connection("two requests", "9112 9.3.2", NEXT * 2, [NEXT_REPLY] * 2, OPEN),
    connection("twenty requests", "9112 9.3.2", NEXT * 20, [NEXT_REPLY] * 20, OPEN),
    connection(
        "twenty requests in order",
        "9112 9.3.2",
        b"".join(request(b"GET /name/%d HTTP/1.1" % n) for n in range(20)),
        [Reply(200, body=b"%d" % n) for n in range(20)],
        OPEN,
    ),
    connection(
        "slow before fast",
        "9112 9.3.2",
        request(b"GET /wait/1 HTTP/1.1") + NEXT,
        [Reply(200, body=b"waited"), NEXT_REPLY],
        OPEN,
    ),
    connection(
        "bodies of both kinds",
        "9112 9.3.2",
        request(b"POST /echo HTTP/1.1", b"Content-Length: 3", body=b"abc")
        + request(b"PUT /echo HTTP/1.1", b"Transfer-Encoding: chunked", body=b"3\r\ndef\r\n0\r\n\r\n")
        + NEXT,
        [Reply(200, body=echoed(b"abc")), Reply(200, body=echoed(b"def", b"PUT")), NEXT_REPLY],
        OPEN,
    ),
    connection(
        "all kinds of replies",
        "9112 9.3.2",
        b"".join(
            request(line + b" HTTP/1.1")
            for line in (
                b"HEAD /echo",
                b"GET /nothing",
                b"GET /sync",
                b"GET /unknown",
                b"GET /unchanged",
                b"GET /short",
                b"GET /echo",
            )
        ),
        [Reply(200, to="HEAD"), 204, Reply(200, body=b"one two three"), 404, 304, 200, NEXT_REPLY],
        OPEN,
    ),
    connection(
        "closed in the middle", "9112 9.6", NEXT + request(GET, b"Connection: close") + NEXT, [NEXT_REPLY] * 2, CUT
    ),
    connection("bad in the middle", "9112 9.3.2", NEXT + request(GET, b"X : y") + NEXT, [NEXT_REPLY, 400], CLOSED),
    connection(
        "bad in the middle, much behind",
        "9112 9.6",
        NEXT + request(GET, b"X : y") + NEXT * 500,
        [NEXT_REPLY, 400],
        CLOSED,
    ),
    connection("closed, much behind", "9112 9.6", request(GET, b"Connection: close") + NEXT * 500, [NEXT_REPLY], CUT),
    connection("bytes that are no request", "9112 2.2", NEXT + b"\0\1\2\3\r\n\r\n", [NEXT_REPLY, 400], CLOSED),
    connection(
        "a failure does not end it",
        "9112 9.3.2",
        request(b"POST /json HTTP/1.1", b"Content-Type: application/json", b"Content-Length: 1", body=b"{") + NEXT,
        [400, NEXT_REPLY],
        OPEN,
    ),
    connection(
        "abort does not end it", "9112 9.3.2", request(b"GET /fail/abort HTTP/1.1") + NEXT, [403, NEXT_REPLY], OPEN
    ),
    connection("more requests than one connection may make", "9112 9.3", NEXT * 60, [NEXT_REPLY] * 50, CLOSED),
    connection("options that are no token", "9110 7.6.1", request(GET, b"Connection: @"), [(200, 400)], EITHER),
]

VECTORS = PERSISTENCE + PIPELINES
