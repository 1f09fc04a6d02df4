from microdot.errors import HTTPException
from microdot.server.http11 import RequestParser
from support import raises


def parse(data, **limits):
    """Return a parser that has read one whole head."""
    parser = RequestParser(**limits)
    parser.receive(data)
    assert parser.parse_head()
    return parser


def refuse(status_code, data, **limits):
    """The parser must refuse *data*, given at once and byte by byte."""
    parser = RequestParser(**limits)
    parser.receive(data)
    with raises(HTTPException) as caught:
        parser.parse_head()
    assert caught.value.status_code == status_code, (data, caught.value)
    parser = RequestParser(**limits)
    with raises(HTTPException) as caught:
        for i in range(len(data)):
            parser.receive(data[i : i + 1])
            parser.parse_head()
    assert caught.value.status_code == status_code, (data, caught.value)


def request(*fields, line=b"GET / HTTP/1.1", host=b"Host: a"):
    return b"\r\n".join((line, host) + fields + (b"", b""))


def test_request_line():
    parser = parse(b"GET /path?query HTTP/1.1\r\nHost: example.com\r\n\r\n")
    assert parser.method == "GET"
    assert parser.target == "/path?query"
    assert parser.version == "1.1"
    assert parser.fields == {b"host": b"example.com"}
    assert parser.body_complete
    assert parser.keep_alive
    assert parser.read_body(10) == b""


def test_any_token_is_a_method():
    for method in ("GET", "QUERY", "M-SEARCH", "get", "!#$%&'*+-.^_`|~09"):
        assert parse(request(line=method.encode() + b" / HTTP/1.1")).method == method


def test_byte_by_byte():
    data = b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n"
    parser = RequestParser()
    for i in range(len(data)):
        parser.receive(data[i : i + 1])
        assert parser.parse_head() == (i == len(data) - 1)
    assert parser.method == "POST"
    assert parser.content_length == 2


def test_empty_lines_before_a_request_are_skipped():
    assert parse(b"\r\n\r\n\r\n" + request()).method == "GET"
    parser = parse(b"\r\n" * 4 + request() + b"\r\n" * 4 + request())  # counted anew for each request
    assert parser.parse_head()


def test_only_a_few_empty_lines_are_skipped():
    refuse(400, b"\r\n" * 5)
    refuse(400, b"\r\n" * 5 + request())
    refuse(400, b"\r\n" * 3000 + request())
    refuse(400, b"\r\n" * 4 + b"\r" + request())
    refuse(400, b"\r\n" * 4 + b"\n" + request())


def test_the_method_of_a_refused_request_is_not_that_of_the_one_before():
    """An error's body would be left out where that was HEAD."""
    parser = parse(request(line=b"HEAD / HTTP/1.1") + b"(\r\n\r\n")
    with raises(HTTPException):
        parser.parse_head()
    assert parser.method == ""


def test_end_without_a_request():
    parser = RequestParser()
    parser.receive(b"")
    assert not parser.parse_head()
    assert parser.at_end
    assert len(parser.buffer) == 0


def test_end_within_a_head():
    parser = RequestParser()
    parser.receive(b"GET / HT")
    assert not parser.parse_head()
    parser.receive(b"")
    with raises(HTTPException) as caught:
        parser.parse_head()
    assert caught.value.status_code == 400


def test_pipelined_requests():
    parser = RequestParser()
    parser.receive(request(line=b"GET /1 HTTP/1.1") * 1 + request(line=b"GET /2 HTTP/1.1"))
    assert parser.parse_head()
    assert parser.target == "/1"
    assert parser.parse_head()
    assert parser.target == "/2"
    assert not parser.parse_head()


def test_malformed_request_lines():
    for line in (
        b"GET",
        b"GET /",
        b"GET  / HTTP/1.1",
        b"GET / HTTP/1.1 ",
        b" GET / HTTP/1.1",
        b"GET /a b HTTP/1.1",
        b"GET\t/\tHTTP/1.1",
        b"G(T / HTTP/1.1",
        b"G\xc3\xa9T / HTTP/1.1",
        b"GET /\x00 HTTP/1.1",
        b"GET /\x7f HTTP/1.1",
        b"GET / HTTP/1.\xb9",
        b"GET /path#fragment HTTP/1.1",
        b"GET /?query#fragment HTTP/1.1",
        b"GET # HTTP/1.1",
        b"GET / http/1.1",
        b"GET / HTTP/1",
        b"GET / HTTP/11",
        b"GET / HTTP/1.x",
        b"GET / HTTP/x.1",
        b"GET / HTTPS/1.1",
        b"GET / HTTP/1.11",
        b"GET path HTTP/1.1",
        b"GET ?q HTTP/1.1",
        b"GET * HTTP/1.1",
        b"GET http:///x HTTP/1.1",
        b"GET ftp://a/x HTTP/1.1",
        b"GET http://user@a/x HTTP/1.1",
        b"GET http://a#b/ HTTP/1.1",
        b"GET http://\xc3\xa9/ HTTP/1.1",
        b"GET http://\xc3\xa9?q HTTP/1.1",
        b"GET \xc3\xa9/ HTTP/1.1",
        b"GET \xc3\xa9://a/ HTTP/1.1",
    ):
        refuse(400, request(line=line))


def test_versions():
    assert parse(request(line=b"GET / HTTP/1.0")).version == "1.0"
    assert parse(b"GET / HTTP/1.0\r\n\r\n").version == "1.0"
    for minor in b"23456789":
        later = parse(request(line=b"GET / HTTP/1.%c" % minor))
        assert (later.version, later.keep_alive) == ("1.1", True)
    for version in (b"HTTP/0.9", b"HTTP/2.0", b"HTTP/2.1", b"HTTP/3.0", b"HTTP/9.9"):
        refuse(505, request(line=b"GET / " + version))
    for version in (b"HTTP/1.+", b"HTTP/1. ", b"HTTP/+.1", b"HTTP/1/1", b"HTTP/111", b"HTTP/1.-", b"HTTP/..1"):
        refuse(400, request(line=b"GET / " + version))


def test_later_minor_versions_need_a_host():
    refuse(400, b"GET / HTTP/1.2\r\n\r\n")


def test_bytes_that_are_not_ascii_in_a_target():
    """They count as percent-encoded in the path and the query, and nowhere else."""
    for sent, target in (
        (b"/\xc3\xa9", "/%C3%A9"),
        (b"/q?a=K\xc3\xbcche&b=%20\xe2\x82\xac", "/q?a=K%C3%BCche&b=%20%E2%82%AC"),
        (b"/\x80\xff", "/%80%FF"),  # no UTF-8, but a path
        (b"http://a/\xc3\xa9?\xfc", "/%C3%A9?%FC"),
        (b"http://a?\xfc=/", "/?%FC=/"),
    ):
        assert parse(request(line=b"GET " + sent + b" HTTP/1.1")).target == target, sent


def test_connect_is_for_proxies():
    for target in (b"a:80", b"[::1]:443", b"a", b"*", b"http://a/"):
        refuse(501, request(line=b"CONNECT " + target + b" HTTP/1.1"))
    assert parse(request(line=b"CONNECT /x HTTP/1.1")).method == "CONNECT"  # a path: the application's to refuse


def test_absolute_form():
    for target, path in (
        (b"http://other/x?y", "/x?y"),
        (b"HTTP://other", "/"),
        (b"https://other?q", "/?q"),
        (b"http://other/http://b/", "/http://b/"),
    ):
        parser = parse(request(line=b"GET " + target + b" HTTP/1.1"))
        assert parser.target == path
        assert parser.fields[b"host"] == b"other"


def test_asterisk_form():
    assert parse(request(line=b"OPTIONS * HTTP/1.1")).target == "*"


def test_field_names_are_lower_case_and_values_stripped():
    fields = parse(request(b"X-One:1", b"X-TWO: \t 2 \t ", b"Empty:", b"colons: a:b:c", b"tab: a\tb")).fields
    assert fields[b"x-one"] == b"1"
    assert fields[b"x-two"] == b"2"
    assert fields[b"empty"] == b""
    assert fields[b"colons"] == b"a:b:c"
    assert fields[b"tab"] == b"a\tb"


def test_values_may_hold_any_byte_but_controls():
    value = bytes(range(33, 127)) + bytes(range(128, 256))
    assert parse(request(b"x: " + value)).fields[b"x"] == value


def test_repeated_fields_are_joined():
    fields = parse(request(b"X: 1", b"x: 2", b"X: 3", b"Cookie: a=1", b"Cookie: b=2")).fields
    assert fields[b"x"] == b"1, 2, 3"
    assert fields[b"cookie"] == b"a=1; b=2"


def test_repeated_content_type():
    """Of two that differ, programs on the way may have judged the other one."""
    assert parse(request(b"Content-Type: a/b", b"content-type:a/b ")).fields[b"content-type"] == b"a/b"
    refuse(400, request(b"Content-Type: a/b", b"Content-Type: a/c"))
    refuse(400, request(b"Content-Type: a/b", b"X: y", b"content-type: a/b;charset=x"))
    refuse(400, request(b"Content-Type: a/b", b"Content-Type:"))


def test_malformed_fields():
    for field in (
        b"x",
        b": value",
        b"x : value",
        b" x: value",
        b"\tfolded",
        b" folded",
        b"x\x00: value",
        b"x: a\x00b",
        b"x: a\x1fb",
        b"x: a\x7fb",
        b"x(y): value",
        b"x\xc3\xa9: value",
        b"x: a\rb",
    ):
        refuse(400, request(field))


def test_fields_that_must_not_be_repeated():
    for field in (b"Host: a", b"host: b", b"Content-Length: 0"):
        refuse(400, request(b"Content-Length: 0", field))
    refuse(400, request(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"))


def test_bare_line_feeds():
    for data in (
        b"GET / HTTP/1.1\nHost: a\n\n",
        b"GET / HTTP/1.1\r\nHost: a\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nx: 1\ny: 2\r\n\r\n",
    ):
        refuse(400, data)


def test_host():
    refuse(400, b"GET / HTTP/1.1\r\n\r\n")
    for host in (b"a b", b"a/b", b"u@a", b"a?b", b"a#b", b"a\\b", b"<a>", b"a:b", b"a:-1", b'a"b'):
        refuse(400, request(host=b"Host: " + host))
    for host in (b"a]", b"[", b"[a", b"a[b]", b"[::1]x", b"[[a]]", b"[::1]:x"):
        refuse(400, request(host=b"Host: " + host))
    for host in (b"", b"a", b"a.b:80", b"[::1]", b"[::1]:8080", b"192.0.2.1:5000"):
        assert parse(request(host=b"Host: " + host)).fields[b"host"] == host


def test_keep_alive():
    for version, connection, expected in (
        (b"1.1", None, True),
        (b"1.1", b"close", False),
        (b"1.1", b"Close", False),
        (b"1.1", b"keep-alive", True),
        (b"1.1", b"upgrade, close", False),
        (b"1.1", b"keep-alive , close", False),
        (b"1.1", b"closed", True),
        (b"1.0", None, False),
        (b"1.0", b"keep-alive", True),
        (b"1.0", b"Keep-Alive", True),
        (b"1.0", b"keep-alive, close", False),
    ):
        fields = () if connection is None else (b"Connection: " + connection,)
        parser = parse(request(*fields, line=b"GET / HTTP/" + version))
        assert parser.keep_alive == expected, (version, connection)


def test_expect():
    assert parse(request(b"Expect: 100-Continue", b"Content-Length: 1")).expects_continue
    assert not parse(request(b"Expect: 100-continue")).expects_continue
    assert not parse(request(b"Content-Length: 1")).expects_continue
    old = request(b"Expect: 100-continue", b"Content-Length: 1", line=b"POST / HTTP/1.0")
    assert not parse(old).expects_continue
    refuse(417, request(b"Expect: payment"))


def test_limit_of_the_request_line():
    parse(request(line=b"GET /" + b"x" * 86 + b" HTTP/1.1"), max_line=100)
    refuse(414, request(line=b"GET /" + b"x" * 87 + b" HTTP/1.1"), max_line=100)
    refuse(414, b"GET /" + b"x" * 96, max_line=100)
    refuse(414, b"GET /" + b" " * 96, max_line=100)
    refuse(501, b"x" * 101, max_line=100)  # a method longer than any there is
    refuse(501, request(line=b"x" * 12000 + b" / HTTP/1.1"))
    parse(request(line=b"x" * 89 + b" / HTTP/1.1"), max_line=100)


def test_limit_of_a_field():
    parse(request(b"x: " + b"v" * 97), max_line=100)
    refuse(431, request(b"x: " + b"v" * 98), max_line=100)


def test_limit_of_the_number_of_fields():
    parse(request(b"a: 1", b"b: 2"), max_fields=3)
    refuse(431, request(b"a: 1", b"b: 2", b"c: 3"), max_fields=3)
    refuse(431, request(b"a: 1", b"a: 2", b"a: 3"), max_fields=3)


def test_limit_of_the_head():
    data = request(b"x: " + b"v" * 50)
    parse(data, max_head=len(data))
    refuse(431, data, max_head=len(data) - 1)
