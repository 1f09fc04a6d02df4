"""Header fields: names, values, line ends, Host."""

from wire.vector import CLOSED, EITHER, OPEN, Reply, Vector, request

LINE = b"GET /field/X-Test HTTP/1.1"


def field(name, rfc, fields, replies, then, line=LINE, **kwargs):
    fields = [fields] if isinstance(fields, bytes) else fields
    return Vector("field: " + name, rfc, request(line, *fields, **kwargs), replies, then)


def value(text):
    return [Reply(200, body=repr(text).encode())]


GOOD = [
    field("ordinary", "9112 5", b"X-Test: a b", value("a b"), OPEN),
    field("no space after the colon", "9112 5", b"X-Test:a", value("a"), OPEN),
    field("spaces and tabs around the value", "9112 5", b"X-Test: \t a b\t \t", value("a b"), OPEN),
    field("tab inside the value", "9110 5.5", b"X-Test: a\tb", value("a\tb"), OPEN),
    field("empty value", "9110 5.5", b"X-Test:", value(""), OPEN),
    field("blank value", "9110 5.5", b"X-Test: \t ", value(""), OPEN),
    field("colons in the value", "9112 5", b"X-Test: a:b: c", value("a:b: c"), OPEN),
    field("name in other case", "9110 5.1", b"x-tEST: a", value("a"), OPEN),
    field("repeated field is a list", "9110 5.2", [b"X-Test: a", b"X-Other: c", b"X-Test: b"], value("a, b"), OPEN),
    field("all token characters in a name", "9110 5.6.2", b"!#$%&'*+-.^_`|~09azAZ: a", [200], OPEN),
    field("obs-text in the value", "9110 5.5", b"X-Test: \xfc", [200], OPEN),
    field("UTF-8 in the value", "9110 5.5", b"X-Test: \xc3\xbc", [200], OPEN),
    field(
        "cookie in two fields",
        "6265 5.4",
        [b"Cookie: a=1", b"Cookie: b=2"],
        [Reply(200, body=b"'a=1; b=2'")],
        OPEN,
        line=b"GET /field/Cookie HTTP/1.1",
    ),
    field("ends with bare LF", "9112 2.2", b"X-Test: a\nX-Other: b", [(200, 400)], EITHER),
]

CONTENT_TYPES = [
    field("two equal Content-Types", "9110 5.3", [b"Content-Type: a/b"] * 2, [(200, 400)], EITHER),
    field("two different Content-Types", "9110 5.3", [b"Content-Type: a/b", b"Content-Type: a/c"], [400], CLOSED),
]

NAMES = [
    field("space before the colon", "9112 5.1", b"X-Test : a", [400], CLOSED),
    field("tab before the colon", "9112 5.1", b"X-Test\t: a", [400], CLOSED),
    field("empty name", "9110 5.1", b": a", [400], CLOSED),
    field("only a colon", "9110 5.1", b":", [400], CLOSED),
    field("no colon", "9112 5", b"X-Test", [400], CLOSED),
    field("no colon, with space", "9112 5", b"GET / HTTP/1.1", [400], CLOSED),
    *[
        field(f"name with {chr(bad)!r}", "9110 5.6.2", b"X%cTest: a" % bad, [400], CLOSED)
        for bad in b'\0\x01\x08\t\x0b\x0c\r\x1b\x1f "(),/;<=>?@[\\]{}\x7f\x80\xc3\xff'
    ],
    field("name in UTF-8", "9110 5.1", b"\xc3\xbc: a", [400], CLOSED),
]

VALUES = [
    *[
        field(f"value with {chr(bad)!r}", "9110 5.5", b"X-Test: a%cb" % bad, [400], CLOSED)
        for bad in [*range(9), *range(11, 32), 127]
    ],
    *[
        field(f"value that starts with {chr(bad)!r}", "9110 5.5", b"X-Test: %cb" % bad, [400], CLOSED)
        for bad in b"\0\x0b\r"
    ],
    *[
        field(f"value that ends with {chr(bad)!r}", "9110 5.5", b"X-Test: a%c" % bad, [400], CLOSED)
        for bad in b"\0\x0b\r"
    ],
]

FOLDS = [
    field("folded with a space", "9112 5.2", b"X-Test: a\r\n b", [400], CLOSED),
    field("folded with a tab", "9112 5.2", b"X-Test: a\r\n\tb", [400], CLOSED),
    field("folded with blanks only", "9112 5.2", b"X-Test: a\r\n ", [400], CLOSED),
    field("folded after a bare LF", "9112 5.2", b"X-Test: a\n b", [400], CLOSED),
    field("space before the first field", "9112 2.2", b" X-Test: a", [400], CLOSED, host=b" Host: a"),
    field("space before a later field", "9112 5.2", b" X-Test: a", [400], CLOSED),
    Vector("field: folded Host", "9112 5.2", b"GET /echo HTTP/1.1\r\nHost:\r\n a\r\n\r\n", [400], CLOSED),
    Vector(
        "field: CR before the empty line", "9112 2.2", b"GET /echo HTTP/1.1\r\nHost: a\r\n\r\r\n\r\n", [400], CLOSED
    ),
    Vector("field: CR CR LF", "9112 2.2", b"GET /echo HTTP/1.1\r\nHost: a\r\r\n\r\n", [400], CLOSED),
    Vector(
        "field: bare CR hides a field",
        "9112 2.2",
        request(LINE, b"X-Test: a\rTransfer-Encoding: chunked"),
        [400],
        CLOSED,
    ),
]

HOSTS = [
    field("no Host", "9112 3.2", b"X-Test: a", [400], CLOSED, host=None),
    field("two different Hosts", "9112 3.2", b"Host: b", [400], CLOSED),
    field("two equal Hosts", "9112 3.2", b"Host: a", [400], CLOSED),
    field(
        "two Hosts in HTTP/1.0", "9112 3.2", b"Host: b", [Reply(400, version="1.0")], CLOSED, line=b"GET /echo HTTP/1.0"
    ),
    field("two Hosts, other case", "9112 3.2", b"HOST: b", [400], CLOSED),
    field("empty Host", "9112 3.2", b"X-Test: a", [(200, 400)], EITHER, host=b"Host:"),
    *[
        field("Host " + text.decode(), "9112 3.2", b"X-Test: a", [200], OPEN, host=b"Host: " + text)
        for text in (
            b"a:80",
            b"a:",
            b"192.168.4.1",
            b"[::1]",
            b"[::1]:5000",
            b"my_board.local",
            b"xn--bcher-kva.example",
        )
    ],
    *[
        field("Host " + text.decode("latin-1"), "9112 3.2", b"X-Test: a", [400], CLOSED, host=b"Host: " + text)
        for text in (b"a b", b"a/b", b"a?b", b"a#b", b"user@a", b"a\\b", b"http://a", b"a:b", b"a:-1", b"<a>", b'a"b')
    ],
]

VECTORS = GOOD + CONTENT_TYPES + NAMES + VALUES + FOLDS + HOSTS
