"""Requests inside requests: each would be served if another message length were believed."""

from wire.vector import CLOSED, CUT, OPEN, Reply, Vector, echoed, request

POST = b"POST /echo HTTP/1.1"
CHUNKED = b"Transfer-Encoding: chunked"
HIDDEN = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
TAIL = b"0\r\n\r\n" + HIDDEN


def refused(name, rfc, *fields, body=TAIL, line=POST, statuses=400):
    version = line[-3:].decode()
    return Vector(
        "smuggling: " + name, rfc, request(line, *fields, body=body), [Reply(statuses, version=version)], CLOSED
    )


BOTH = [
    refused("Content-Length, then chunked", "9112 6.3", b"Content-Length: %d" % len(TAIL), CHUNKED),
    refused("chunked, then Content-Length", "9112 6.3", CHUNKED, b"Content-Length: %d" % len(TAIL)),
    refused("chunked and Content-Length 0", "9112 6.3", CHUNKED, b"Content-Length: 0"),
    refused(
        "chunked and a short Content-Length",
        "9112 6.3",
        b"Content-Length: 4",
        CHUNKED,
        body=b"%x\r\n%s\r\n0\r\n\r\n" % (len(HIDDEN), HIDDEN),
    ),
    refused("both, agreeing", "9112 6.3", b"Content-Length: 5", CHUNKED, body=b"0\r\n\r\n" + HIDDEN),
    refused("both on GET", "9112 6.3", b"Content-Length: 5", CHUNKED, line=b"GET /echo HTTP/1.1"),
    refused("both in HTTP/1.0", "9112 6.3", b"Content-Length: 5", CHUNKED, line=b"POST /echo HTTP/1.0"),
    refused("both, other case", "9112 6.3", b"content-length: 5", b"TRANSFER-ENCODING: CHUNKED"),
    refused(
        "Content-Length and another coding",
        "9112 6.3",
        b"Content-Length: 5",
        b"Transfer-Encoding: x",
        statuses=(400, 501),
    ),
    refused(
        "Content-Length and an empty coding",
        "9112 6.3",
        b"Content-Length: 5",
        b"Transfer-Encoding:",
        statuses=(400, 501),
    ),
    refused(
        "Content-Length and identity",
        "9112 6.3",
        b"Content-Length: 5",
        b"Transfer-Encoding: identity",
        statuses=(400, 501),
    ),
    refused(
        "Content-Length and chunked behind another",
        "9112 6.3",
        b"Content-Length: 5",
        b"Transfer-Encoding: x",
        CHUNKED,
        statuses=(400, 501),
    ),
]

HIDING = [
    refused("space before the colon of the coding", "9112 5.1", b"Content-Length: 5", b"Transfer-Encoding : chunked"),
    refused("tab before the colon of the coding", "9112 5.1", b"Content-Length: 5", b"Transfer-Encoding\t: chunked"),
    refused("space before the coding's name", "9112 5.2", b"Content-Length: 5", b" Transfer-Encoding: chunked"),
    refused("folded coding", "9112 5.2", b"Content-Length: 5", b"Transfer-Encoding:\r\n chunked"),
    refused(
        "folded behind another field", "9112 5.2", b"Content-Length: 5", b"X-Test: a\r\n Transfer-Encoding: chunked"
    ),
    refused(
        "CR before the coding's name", "9112 2.2", b"Content-Length: 5", b"X-Test: a\r\rTransfer-Encoding: chunked"
    ),
    refused("CR before the coding", "9112 2.2", b"Content-Length: 5", b"Transfer-Encoding: \rchunked"),
    refused("LF before the coding", "9112 2.2", b"Content-Length: 5", b"Transfer-Encoding: \n chunked"),
    refused("NUL in the coding's name", "9110 5.1", b"Content-Length: 5", b"Transfer\0-Encoding: chunked"),
    refused("NUL after the coding", "9110 5.5", b"Content-Length: 5", b"Transfer-Encoding: chunked\0"),
    refused("raw byte in the coding's name", "9110 5.1", b"Content-Length: 5", b"Transfer-Encoding\xa0: chunked"),
    refused("colon first", "9110 5.1", b"Content-Length: 5", b":Transfer-Encoding: chunked"),
    refused(
        "LF in a field hides a length",
        "9112 6.3",
        b"Content-Length: 0",
        b"X-Test: a\nContent-Length: %d" % len(HIDDEN),
        body=HIDDEN,
    ),
    refused("plus hides a length", "9110 8.6", b"Content-Length: +%d" % len(HIDDEN), body=HIDDEN),
    refused("two lengths", "9112 6.3", b"Content-Length: 0", b"Content-Length: %d" % len(HIDDEN), body=HIDDEN),
    refused("list of lengths", "9112 6.3", b"Content-Length: 0, %d" % len(HIDDEN), body=HIDDEN),
    refused("size with a prefix", "9112 7.1", CHUNKED, body=b"0x0\r\n\r\n" + HIDDEN),
    refused("size with a sign", "9112 7.1", CHUNKED, body=b"+0\r\n\r\n" + HIDDEN),
    refused(
        "size that overflows to zero",
        "9112 7.1",
        CHUNKED,
        body=b"10000000000000000\r\n\r\n" + HIDDEN,
        statuses=(400, 413),
    ),
    refused(
        "LF ends an extension",
        "9112 7.1.1",
        CHUNKED,
        body=b"2;\nxx\r\n%x\r\n0\r\n\r\n%s\r\n0\r\n\r\n" % (5 + len(HIDDEN), HIDDEN),
    ),
    refused("spilled data", "9112 7.1", CHUNKED, body=b"5\r\nAAAAAXX%x\r\n%s\r\n0\r\n\r\n" % (len(HIDDEN), HIDDEN)),
    refused("nothing after the last chunk", "9112 7.1", CHUNKED, body=b"0\r\n" + HIDDEN),
    refused("request in the target", "9112 3", line=b"GET /x HTTP/1.1\r\n\r\nGET /smuggled HTTP/1.1"),
]

OBEYED = [
    Vector(
        "smuggling: request in a body of known length",
        "9112 6.3",
        request(POST, b"Content-Length: %d" % len(HIDDEN), body=HIDDEN),
        [Reply(200, body=echoed(HIDDEN))],
        OPEN,
    ),
    Vector(
        "smuggling: request in a chunk",
        "9112 7.1",
        request(POST, CHUNKED, body=b"%x\r\n%s\r\n0\r\n\r\n" % (len(HIDDEN), HIDDEN)),
        [Reply(200, body=echoed(HIDDEN))],
        OPEN,
    ),
    Vector(
        "smuggling: request in a chunk extension",
        "9112 7.1.1",
        request(POST, CHUNKED, body=b'5;a="GET /smuggled HTTP/1.1"\r\nhello\r\n0\r\n\r\n'),
        [Reply(200, body=echoed(b"hello"))],
        OPEN,
    ),
    Vector(
        "smuggling: request in a body that no handler reads",
        "9112 6.3",
        request(b"POST /ignore HTTP/1.1", b"Content-Length: %d" % len(HIDDEN), body=HIDDEN),
        [Reply(200, body=b"ignored")],
        OPEN,
    ),
    Vector(
        "smuggling: request in the body of a request to nowhere",
        "9112 6.3",
        request(b"POST /nowhere HTTP/1.1", b"Content-Length: %d" % len(HIDDEN), body=HIDDEN),
        [404],
        OPEN,
    ),
    Vector(
        "smuggling: request behind Connection: close",
        "9112 9.6",
        request(POST, b"Connection: close", body=HIDDEN),
        [200],
        CUT,
    ),
    Vector(
        "smuggling: request behind an HTTP/1.0 request",
        "9112 9.3",
        request(b"GET /echo HTTP/1.0", body=HIDDEN),
        [Reply(200, version="1.0")],
        CUT,
    ),
    Vector(
        "smuggling: request behind a refused one",
        "9112 9.3.2",
        request(POST, b"Content-Length: x", body=HIDDEN),
        [400],
        CLOSED,
    ),
    Vector(
        "smuggling: request behind an upgrade",
        "9110 7.8",
        request(b"GET /echo HTTP/1.1", b"Connection: upgrade", b"Upgrade: h2c") + request(),
        [200, 200],
        OPEN,
    ),
]

VECTORS = BOTH + HIDING + OBEYED
