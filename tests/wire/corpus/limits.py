"""Sizes: the strict profile allows 1024 bytes a line, 4096 bytes a head and 32 fields."""

from wire.vector import CLOSED, EITHER, OPEN, Vector, request

GET = b"GET /echo HTTP/1.1"


def limit(name, rfc, sent, replies, then):
    return Vector("limit: " + name, rfc, sent, replies, then)


VECTORS = [
    limit("request line of 900 bytes", "9112 3", request(b"GET /echo?" + b"a" * 881 + b" HTTP/1.1"), [200], OPEN),
    limit(
        "request line of 2000 bytes", "9110 15.5.15", request(b"GET /echo?" + b"a" * 1981 + b" HTTP/1.1"), [414], CLOSED
    ),
    limit(
        "request line of 40000 bytes",
        "9110 15.5.15",
        request(b"GET /echo?" + b"a" * 40000 + b" HTTP/1.1"),
        [414],
        CLOSED,
    ),
    limit("request line that never ends", "9110 15.5.15", b"GET /" + b"a" * 6000, [414], CLOSED),
    limit("field of 900 bytes", "9110 15.5", request(GET, b"X-Test: " + b"a" * 892), [200], OPEN),
    limit("field of 2000 bytes", "6585 5", request(GET, b"X-Test: " + b"a" * 2000), [431], CLOSED),
    limit("field name of 2000 bytes", "6585 5", request(GET, b"X" * 2000 + b": a"), [431], CLOSED),
    limit("field of 40000 bytes", "6585 5", request(GET, b"X-Test: " + b"a" * 40000), [431], CLOSED),
    limit("field that never ends", "6585 5", request(GET)[:-2] + b"X-Test: " + b"a" * 6000, [431], CLOSED),
    limit("field name that never ends", "6585 5", request(GET)[:-2] + b"X" * 6000, [431], CLOSED),
    limit("blanks that never end", "6585 5", request(GET)[:-2] + b"X-Test:" + b" " * 6000, [431], CLOSED),
    limit("30 fields", "6585 5", request(GET, *[b"X-Test: a"] * 29), [200], OPEN),
    limit("40 fields", "6585 5", request(GET, *[b"X-Test: a"] * 39), [431], CLOSED),
    limit("40 different fields", "6585 5", request(GET, *[b"X-%d: a" % n for n in range(39)]), [431], CLOSED),
    limit("5000 fields", "6585 5", request(GET, *[b"a:"] * 5000), [431], CLOSED),
    limit("fields of 6000 bytes together", "6585 5", request(GET, *[b"X-Test: " + b"a" * 500] * 12), [431], CLOSED),
    limit(
        "thousands of empty lines, then a request",
        "9112 2.2",
        b"\r\n" * 3000 + request(GET),
        [(200, 400, 414, 431)],
        EITHER,
    ),
    limit("host of 900 bytes", "9112 3.2", request(GET, host=b"Host: " + b"a" * 900), [(200, 400)], EITHER),
    limit("path of 200 segments", "3986 3.3", request(b"GET " + b"/a" * 200 + b" HTTP/1.1"), [404], OPEN),
    limit("query of 60 arguments", "3986 3.4", request(b"GET /args?" + b"x=1&" * 60 + b" HTTP/1.1"), [200], OPEN),
    # over the board's limit of fields, under CPython's
    limit(
        "query of 200 arguments", "3986 3.4", request(b"GET /args?" + b"x=1&" * 200 + b" HTTP/1.1"), [(200, 400)], OPEN
    ),
]
