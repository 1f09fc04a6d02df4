"""Content-Length and Transfer-Encoding: how long is the body?"""

from wire.vector import CLOSED, EITHER, OPEN, Reply, Vector, echoed, request

POST = b"POST /echo HTTP/1.1"
NEXT = request()
CHUNKED = b"5\r\nhello\r\n0\r\n\r\n"
HELLO = Reply(200, body=echoed(b"hello"))
NEXT_REPLY = Reply(200, body=echoed(b"", b"GET"))


def length(name, rfc, fields, replies, then, body=b"hello", line=POST):
    fields = [fields] if isinstance(fields, bytes) else fields
    return Vector("length: " + name, rfc, request(line, *fields, body=body), replies, then)


def refused(name, rfc, *fields, body=b"hello", line=POST, statuses=400):
    version = line[-3:].decode()
    return length(name, rfc, fields, [Reply(statuses, version=version)], CLOSED, body, line)


GOOD = [
    length("ordinary", "9112 6.2", b"Content-Length: 5", [HELLO], OPEN),
    length("zero", "9112 6.2", b"Content-Length: 0", [Reply(200, body=echoed())], OPEN, b""),
    length("leading zeros", "9110 8.6", b"Content-Length: 0005", [HELLO], OPEN),
    length("space around", "9112 5", b"Content-Length:  5 ", [HELLO], OPEN),
    length("name in other case", "9110 5.1", b"content-LENGTH: 5", [HELLO], OPEN),
    length("none means no body", "9112 6.3", [], [Reply(200, body=echoed()), NEXT_REPLY], OPEN, NEXT),
    length("then another request", "9112 6.3", b"Content-Length: 5", [HELLO, NEXT_REPLY], OPEN, b"hello" + NEXT),
    length(
        "body of GET",
        "9110 9.3.1",
        b"Content-Length: 5",
        [Reply(200, body=echoed(b"hello", b"GET")), NEXT_REPLY],
        OPEN,
        b"hello" + NEXT,
        b"GET /echo HTTP/1.1",
    ),
    length(
        "HTTP/1.0",
        "9112 6.3",
        b"Content-Length: 5",
        [Reply(200, version="1.0", body=echoed(b"hello"))],
        CLOSED,
        line=b"POST /echo HTTP/1.0",
    ),
    length(
        "body that looks like a request",
        "9112 6.3",
        b"Content-Length: %d" % len(NEXT),
        [Reply(200, body=echoed(NEXT))],
        OPEN,
        NEXT,
    ),
    length(
        "body with CR, LF and NUL",
        "9112 6.3",
        b"Content-Length: 5",
        [Reply(200, body=echoed(b"\r\n\0\r\n"))],
        OPEN,
        b"\r\n\0\r\n",
    ),
    length(
        "other field of a similar name",
        "9110 8.6",
        b"Content_Length: 5",
        [Reply(200, body=echoed()), NEXT_REPLY],
        OPEN,
        NEXT,
    ),
]

LENGTHS = [
    refused("two different", "9112 6.3", b"Content-Length: 5", b"Content-Length: 6"),
    refused("two different, shorter second", "9112 6.3", b"Content-Length: 5", b"Content-Length: 0"),
    refused("two different, other case", "9112 6.3", b"Content-Length: 5", b"content-length: 6"),
    refused("two equal", "9112 6.3", b"Content-Length: 5", b"Content-Length: 5"),
    refused("list of different", "9112 6.3", b"Content-Length: 5, 6"),
    refused("list of equal", "9112 6.3", b"Content-Length: 5, 5"),
    *[
        refused(repr(text.decode("latin-1")), "9110 8.6", b"Content-Length: " + text)
        for text in (
            b"",
            b"+5",
            b"-5",
            b"-0",
            b"0x5",
            b"5x",
            b"1_0",
            b"5 5",
            b"5,",
            b",5",
            b"5;",
            b"5.0",
            b"5e0",
            b'"5"',
            b"five",
            b"0b1",
            b"5\t5",
            b"\xb2",
            b"\xd9\xa5",
            b"\xef\xbc\x95",
            b"\x0b5",
            b"5\x0c",
            b"5\0",
            b"(5)",
            b"chunked",
        )
    ],
    refused("2**63", "9110 8.6", b"Content-Length: 9223372036854775808", body=b"", statuses=(400, 413)),
    refused("2**64 + 5", "9110 8.6", b"Content-Length: 18446744073709551621", statuses=(400, 413)),
    refused("500 digits", "9110 8.6", b"Content-Length: " + b"9" * 500, body=b"", statuses=(400, 413)),
    length(
        "500 digits that mean 5", "9110 8.6", b"Content-Length: " + b"5".rjust(500, b"0"), [(200, 400, 413)], EITHER
    ),
    refused("space before the colon", "9112 5.1", b"Content-Length : 5"),
    refused("folded", "9112 5.2", b"Content-Length:\r\n 5"),
    refused("invalid in HTTP/1.0", "9112 6.3", b"Content-Length: x", line=b"POST /echo HTTP/1.0"),
    refused("invalid on GET", "9112 6.3", b"Content-Length: -1", line=b"GET /echo HTTP/1.1"),
]

CODINGS = [
    length("chunked", "9112 6.1", b"Transfer-Encoding: chunked", [HELLO], OPEN, CHUNKED),
    length("Chunked", "9112 7", b"Transfer-Encoding: Chunked", [HELLO], OPEN, CHUNKED),
    length("CHUNKED with space", "9112 7", b"TRANSFER-ENCODING:\t CHUNKED \t", [HELLO], OPEN, CHUNKED),
    length(
        "chunked body of GET",
        "9110 9.3.1",
        b"Transfer-Encoding: chunked",
        [Reply(200, body=echoed(b"hello", b"GET")), NEXT_REPLY],
        OPEN,
        CHUNKED + NEXT,
        b"GET /echo HTTP/1.1",
    ),
    length(
        "chunked, then another request",
        "9112 6.3",
        b"Transfer-Encoding: chunked",
        [HELLO, NEXT_REPLY],
        OPEN,
        CHUNKED + NEXT,
    ),
    refused("unknown coding", "9112 6.1", b"Transfer-Encoding: br", body=CHUNKED, statuses=(400, 501)),
    refused("identity", "9112 7", b"Transfer-Encoding: identity", statuses=(400, 501)),
    refused("gzip, then chunked", "9112 6.1", b"Transfer-Encoding: gzip, chunked", body=CHUNKED, statuses=(400, 501)),
    refused("chunked, then gzip", "9112 6.3", b"Transfer-Encoding: chunked, gzip", body=CHUNKED, statuses=(400, 501)),
    refused(
        "chunked, then identity", "9112 6.3", b"Transfer-Encoding: chunked, identity", body=CHUNKED, statuses=(400, 501)
    ),
    refused("chunked twice", "9112 6.1", b"Transfer-Encoding: chunked, chunked", body=CHUNKED, statuses=(400, 501)),
    refused(
        "chunked in two fields",
        "9112 6.1",
        b"Transfer-Encoding: chunked",
        b"Transfer-Encoding: chunked",
        body=CHUNKED,
        statuses=(400, 501),
    ),
    refused(
        "chunked, then another in a second field",
        "9112 6.1",
        b"Transfer-Encoding: chunked",
        b"Transfer-Encoding: x",
        body=CHUNKED,
        statuses=(400, 501),
    ),
    refused(
        "another, then chunked in a second field",
        "9112 6.1",
        b"Transfer-Encoding: x",
        b"Transfer-Encoding: chunked",
        body=CHUNKED,
        statuses=(400, 501),
    ),
    *[
        refused(
            f"coding {text.decode('latin-1')!r}",
            "9112 6.1",
            b"Transfer-Encoding: " + text,
            body=CHUNKED,
            statuses=(400, 501),
        )
        for text in (
            b"",
            b"xchunked",
            b"chunkedx",
            b"chunk",
            b'"chunked"',
            b"chunked;q=1",
            b"chunked x",
            b"x chunked",
            b"'chunked'",
            b"\x0bchunked",
            b"chunked\0",
            b"\xa0chunked",
            b"chun\xc4\xb1ked",
            b"cow",
            b"chunked,x",
            b"x,chunked",
        )
    ],
    refused(
        "chunked in HTTP/1.0", "9112 6.1", b"Transfer-Encoding: chunked", body=CHUNKED, line=b"POST /echo HTTP/1.0"
    ),
    refused(
        "chunked in HTTP/1.0 with keep-alive",
        "9112 6.1",
        b"Transfer-Encoding: chunked",
        b"Connection: keep-alive",
        body=CHUNKED,
        line=b"POST /echo HTTP/1.0",
    ),
]

VECTORS = GOOD + LENGTHS + CODINGS
