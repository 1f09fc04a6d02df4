"""Request lines: method, target and version."""

from wire.vector import CLOSED, CUT, EITHER, OPEN, Reply, Vector, echoed, request

ECHO = Reply(200, body=echoed(b"", b"GET"))


def line(name, rfc, text, replies, then, **kwargs):
    return Vector("line: " + name, rfc, request(text, **kwargs), replies, then)


GOOD = [
    line("ordinary", "9112 3", b"GET /echo HTTP/1.1", [ECHO], OPEN),
    line(
        "query",
        "9112 3.2.1",
        b"GET /echo?a=b&c=%20 HTTP/1.1",
        [Reply(200, body=echoed(b"", b"GET", b"/echo?a=b&c=%20"))],
        OPEN,
    ),
    line("empty query", "9112 3.2.1", b"GET /echo? HTTP/1.1", [Reply(200, body=echoed(b"", b"GET", b"/echo?"))], OPEN),
    line("second question mark", "3986 3.4", b"GET /echo?a?b HTTP/1.1", [200], OPEN),
    line("HTTP/1.0", "9112 2.3", b"GET /echo HTTP/1.0", [Reply(200, version="1.0")], CLOSED),
    line("HTTP/1.0 without Host", "9112 3.2", b"GET /echo HTTP/1.0", [Reply(200, version="1.0")], CLOSED, host=None),
    *[line(f"HTTP/1.{minor}", "9110 2.5", b"GET /echo HTTP/1.%d" % minor, [ECHO], OPEN) for minor in range(2, 10)],
    line("raw UTF-8 in the path", "3986 2.5", b"GET /name/\xc3\xbc HTTP/1.1", [Reply(200, body=b"\xc3\xbc")], OPEN),
    line(
        "raw UTF-8 in the query",
        "3986 2.5",
        b"GET /echo?x=K\xc3\xbcche HTTP/1.1",
        [Reply(200, body=echoed(b"", b"GET", b"/echo?x=K%C3%BCche"))],
        OPEN,
    ),
    line(
        "raw bytes in the URL as it is kept",
        "3986 2.1",
        b"GET /echo?\xff HTTP/1.1",
        [Reply(200, body=echoed(b"", b"GET", b"/echo?%FF"))],
        OPEN,
    ),
    line(
        "raw UTF-8 in the absolute form", "3986 2.5", b"GET http://b/name/\xc3\xbc HTTP/1.1", [200], OPEN
    ),
    line("percent-encoded path", "3986 2.1", b"GET /name/a%20b HTTP/1.1", [Reply(200, body=b"a b")], OPEN),
    line("percent-encoded UTF-8", "3986 2.5", b"GET /name/%C3%BC HTTP/1.1", [Reply(200, body=b"\xc3\xbc")], OPEN),
    line("dot in a route is a dot", "pitfall 9", b"GET /a.b HTTP/1.1", [200], OPEN),
    line("dot in a route is no wildcard", "pitfall 9", b"GET /aXb HTTP/1.1", [404], OPEN),
    line("unknown path", "9110 15.5.5", b"GET /unknown HTTP/1.1", [404], OPEN),
    line("absolute form", "9112 3.2.2", b"GET http://b/echo HTTP/1.1", [200], OPEN),
    line("absolute form with port and query", "9112 3.2.2", b"GET http://b:80/echo?x=1 HTTP/1.1", [200], OPEN),
    line("absolute form without path", "9112 3.2.2", b"GET http://b HTTP/1.1", [Reply(200, body=b"hello")], OPEN),
    line(
        "absolute form without path, with query",
        "9112 3.2.2",
        b"GET http://b?x=1 HTTP/1.1",
        [Reply(200, body=b"hello")],
        OPEN,
    ),
    line("absolute form, scheme in upper case", "3986 3.1", b"GET HTTP://B/echo HTTP/1.1", [200], OPEN),
    line("asterisk form", "9112 3.2.4", b"OPTIONS * HTTP/1.1", [Reply((200, 204), to="OPTIONS")], OPEN),
    Vector("line: too many empty lines first", "9112 2.2", b"\r\n" * 40 + request(), [400], CUT),
    Vector("line: nothing but empty lines", "9112 2.2", b"\r\n" * 40_000, [400], CUT),
    Vector("line: one empty line first", "9112 2.2", b"\r\n" + request(), [ECHO], OPEN),
    Vector("line: three empty lines first", "9112 2.2", b"\r\n" * 3 + request(), [ECHO], OPEN),
    Vector(
        "line: empty line between requests",
        "9112 2.2",
        request(b"POST /echo HTTP/1.1", b"Content-Length: 1", body=b"x") + b"\r\n" + request(),
        [200, ECHO],
        OPEN,
    ),
    Vector("line: ends with bare LF", "9112 2.2", b"GET /echo HTTP/1.1\nHost: a\n\n", [(200, 400)], EITHER),
]

METHODS = [
    line("unknown method", "9110 9.1", b"BREW /echo HTTP/1.1", [(405, 501)], EITHER),
    line("methods are case-sensitive", "9110 9.1", b"get /echo HTTP/1.1", [(405, 501)], EITHER),
    line("method not allowed", "9110 15.5.6", b"DELETE /echo HTTP/1.1", [405], OPEN),
    line("CONNECT", "9110 9.3.6", b"CONNECT b:80 HTTP/1.1", [(405, 501)], EITHER),
    line("CONNECT without a port", "9110 9.3.6", b"CONNECT b HTTP/1.1", [(400, 405, 501)], EITHER),
    line("long method", "9110 9.1", b"A" * 300 + b" /echo HTTP/1.1", [(400, 405, 501)], EITHER),
    line("very long method", "9112 3", b"A" * 100_000 + b" /echo HTTP/1.1", [(400, 501)], CUT),
    line("empty method", "9112 3.1", b" /echo HTTP/1.1", [400], CLOSED),
    *[
        line(f"method with {chr(bad)!r}", "9110 5.6.2", b"GE%cT /echo HTTP/1.1" % bad, [400], CLOSED)
        for bad in b'\0\x01\t\r\x1b"(),/:;<=>?@[\\]{}\x7f\x80\xff'
    ],
]

TARGETS = [
    *[
        line(f"target with {chr(bad)!r}", "9112 3.2", b"GET /ec%cho HTTP/1.1" % bad, [400], CLOSED)
        for bad in b"\0\x01\t\r\x0b\x0c\x1b \x7f"
    ],
    line("raw UTF-8 in an authority", "3986 3.2.2", b"GET http://\xc3\xbc/echo HTTP/1.1", [400], CLOSED),
    line("raw UTF-8 before the path", "9112 3.2", b"GET \xc3\xbc/echo HTTP/1.1", [400], CLOSED),
    line("fragment", "9110 7.1", b"GET /echo#x HTTP/1.1", [400], CLOSED),
    line("fragment behind a query", "9110 7.1", b"GET /echo?a=b#x HTTP/1.1", [400], CLOSED),
    line("fragment in the absolute form", "9110 7.1", b"GET http://b/echo#x HTTP/1.1", [400], CLOSED),
    line("no target", "9112 3", b"GET HTTP/1.1", [400], CLOSED),
    line("empty target", "9112 3", b"GET  HTTP/1.1", [400], CLOSED),
    line("relative path", "9112 3.2", b"GET echo HTTP/1.1", [400], CLOSED),
    line("authority form without CONNECT", "9112 3.2.3", b"GET b:80 HTTP/1.1", [400], CLOSED),
    line("asterisk form without OPTIONS", "9112 3.2.4", b"GET * HTTP/1.1", [400], CLOSED),
    line("absolute form with an empty host", "9110 4.2.1", b"GET http:///echo HTTP/1.1", [400], CLOSED),
    line("absolute form, unknown scheme", "9112 3.2.2", b"GET ftp://b/echo HTTP/1.1", [(400, 421)], CLOSED),
    line("absolute form still needs Host", "9112 3.2", b"GET http://b/echo HTTP/1.1", [400], CLOSED, host=None),
]

SPACES = [
    line("two spaces before the target", "9112 3", b"GET  /echo HTTP/1.1", [400], CLOSED),
    line("two spaces before the version", "9112 3", b"GET /echo  HTTP/1.1", [400], CLOSED),
    line("space after the version", "9112 3", b"GET /echo HTTP/1.1 ", [400], CLOSED),
    line("tab for space", "9112 3", b"GET\t/echo\tHTTP/1.1", [400], CLOSED),
    line("tab before the version", "9112 3", b"GET /echo\tHTTP/1.1", [400], CLOSED),
    line("vertical tab for space", "9112 3", b"GET\x0b/echo HTTP/1.1", [400], CLOSED),
    line("space first", "9112 3", b" GET /echo HTTP/1.1", [400], CLOSED),
    line("bare CR at the end", "9112 2.2", b"GET /echo HTTP/1.1\r", [400], CLOSED),
    Vector("line: bare CR for line end", "9112 2.2", b"GET /echo HTTP/1.1\rHost: a\r\n\r\n", [400], CLOSED),
    Vector("line: space before the request after an empty line", "9112 2.2", b"\r\n " + request(), [400], CLOSED),
    Vector("line: bare CR first", "9112 2.2", b"\r" + request(), [400], CLOSED),
    Vector("line: NUL first", "9112 3", b"\0" + request(), [400], CLOSED),
    Vector("line: TLS in plain text", "9112 3", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n\r\n", [400], CLOSED),
    Vector("line: response in place of a request", "9112 2.1", b"HTTP/1.1 200 OK\r\nHost: a\r\n\r\n", [400], CLOSED),
]

VERSIONS = [
    line("HTTP/0.9", "9112 3", b"GET /echo", [400], CLOSED),
    line("HTTP/0.9 in words", "9110 2.5", b"GET /echo HTTP/0.9", [(400, 505)], CLOSED),
    line("HTTP/2.0", "9110 15.6.6", b"GET /echo HTTP/2.0", [505], CLOSED),
    line("HTTP/3.0", "9110 15.6.6", b"GET /echo HTTP/3.0", [505], CLOSED),
    Vector("line: HTTP/2 preface", "9113 3.4", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [(400, 505)], CLOSED),
    *[
        line("version " + text.decode("latin-1"), "9112 2.3", b"GET /echo " + text, [(400, 505)], CLOSED)
        for text in (
            b"http/1.1",
            b"Http/1.1",
            b"HTTP/1",
            b"HTTP/1.",
            b"HTTP/.1",
            b"HTTP/1.10",
            b"HTTP/01.1",
            b"HTTP/1.01",
            b"HTTP/1.1x",
            b"HTTP/1,1",
            b"HTTP/-1.1",
            b"HTTP/+1.1",
            b"HTTP/1.-1",
            b"HTTP/x.y",
            b"HTP/1.1",
            b"HTTP",
            b"HTTP/",
            b"HTTPS/1.1",
            b"HTTP/1.1\0",
            b"HTTP 1.1",
            b"XHTTP/1.1",
            b"HTTP/\xb9.1",
        )
    ],
]

VECTORS = GOOD + METHODS + TARGETS + SPACES + VERSIONS
