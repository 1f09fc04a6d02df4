from microdot.errors import HTTPException
from microdot.server.http11 import LAST_CHUNK, RequestParser, format_chunk
from support import raises


def head(*fields):
    return b"\r\n".join((b"POST / HTTP/1.1", b"Host: a") + fields + (b"", b""))


CHUNKED = head(b"Transfer-Encoding: chunked")


def start(*fields):
    """Return a parser that has read a head with these fields."""
    parser = RequestParser()
    parser.receive(head(*fields))
    assert parser.parse_head()
    return parser


def read_all(data, size):
    """Parse *data* given in pieces of *size* bytes; return the body and the parser."""
    parser = RequestParser()
    body = b""
    in_head = True
    for i in range(0, len(data), size):
        parser.receive(data[i : i + size])
        if in_head:
            if not parser.parse_head():
                continue
            in_head = False
        while True:
            piece = parser.read_body(7)
            if not piece:
                break
            assert len(piece) <= 7
            body += piece
    return body, parser


def refuse(data, *more):
    """The parser must refuse this chunked body, in pieces of every size up to the whole."""
    for size in (1, 2, 3, 5, 1000):
        with raises(HTTPException) as caught:
            _, parser = read_all(CHUNKED + data, size)
            parser.receive(b"")
            parser.read_body(10)
        assert caught.value.status_code in (400,) + more, (data, size)


def test_content_length():
    for size in (1, 2, 7, 1000):
        body, parser = read_all(head(b"Content-Length: 11") + b"hello world", size)
        assert body == b"hello world"
        assert parser.body_complete
        assert parser.content_length == 11
        assert parser.read_body(10) == b""
        assert len(parser.buffer) == 0


def test_no_content():
    for fields in ((), (b"Content-Length: 0",)):
        parser = start(*fields)
        assert parser.body_complete
        assert parser.read_body(10) == b""
    assert start().content_length is None
    assert start(b"Content-Length: 0").content_length == 0


def test_what_follows_the_body_stays():
    parser = start(b"Content-Length: 3")
    parser.receive(b"abc" + head(b"Content-Length: 1") + b"x")
    assert parser.read_body(100) == b"abc"
    assert parser.read_body(100) == b""
    assert parser.parse_head()
    assert parser.read_body(100) == b"x"
    assert len(parser.buffer) == 0


def test_body_that_has_not_come():
    parser = start(b"Content-Length: 3")
    assert parser.read_body(100) is None
    parser.receive(b"a")
    assert parser.read_body(100) == b"a"
    assert parser.read_body(100) is None
    parser.receive(b"")
    with raises(HTTPException) as caught:
        parser.read_body(100)
    assert caught.value.status_code == 400


def test_malformed_lengths():
    for length in (b"", b"x", b"-1", b"+1", b"1 2", b"1,1", b"0x1", b"1_0", b"1.0", b"\xd9\xa1", b"9" * 16):
        parser = RequestParser()
        parser.receive(head(b"Content-Length: " + length))
        with raises(HTTPException) as caught:
            parser.parse_head()
        assert caught.value.status_code == 400, length


def test_ambiguous_framing():
    for fields in (
        (b"Content-Length: 1", b"Transfer-Encoding: chunked"),
        (b"Transfer-Encoding: chunked", b"Content-Length: 0"),
        (b"Transfer-Encoding: identity",),
        (b"Transfer-Encoding:",),
        (b"Transfer-Encoding: chunked, gzip",),
        (b"Transfer-Encoding: chunked, chunked",),
        (b"Transfer-Encoding: xchunked",),
    ):
        parser = RequestParser()
        parser.receive(head(*fields))
        with raises(HTTPException) as caught:
            parser.parse_head()
        assert caught.value.status_code == 400, fields


def test_a_coding_other_than_chunked_is_not_implemented():
    parser = RequestParser()
    parser.receive(head(b"Transfer-Encoding: gzip, chunked"))
    with raises(HTTPException) as caught:
        parser.parse_head()
    assert caught.value.status_code == 501


def test_http_1_0_has_no_chunked():
    parser = RequestParser()
    parser.receive(b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n")
    with raises(HTTPException) as caught:
        parser.parse_head()
    assert caught.value.status_code == 400


def test_chunks():
    data = CHUNKED + b"5\r\nhello\r\n1\r\n \r\n00005\r\nworld\r\n0\r\n\r\n"
    for size in range(1, len(data) + 1):
        body, parser = read_all(data, size)
        assert body == b"hello world", size
        assert parser.body_complete
        assert parser.chunked
        assert parser.content_length is None
        assert len(parser.buffer) == 0


def test_chunk_sizes_are_hexadecimal():
    for size in (b"a", b"A", b"0a", b"0000000A"):
        body, _ = read_all(CHUNKED + size + b"\r\n0123456789\r\n0\r\n\r\n", 1000)
        assert body == b"0123456789"


def test_chunk_extensions_and_trailers_are_left_out():
    for size in (1, 3, 1000):
        body, parser = read_all(CHUNKED + b'1;a=b;c="d"\r\nx\r\n0 ; last\r\nX-Trailer: 1\r\nY:\r\n\r\n', size)
        assert body == b"x"
        assert parser.body_complete
        assert len(parser.buffer) == 0
        assert b"x-trailer" not in parser.fields


def chunk(extensions):
    """Return a chunked body of one byte whose first chunk has these extensions."""
    return b"1" + extensions + b"\r\nx\r\n0\r\n\r\n"


def test_extensions_as_the_grammar_has_them():
    for extensions in (
        b";a",
        b";a;b",
        b" ; a",
        b"\t;\ta\t=\tb ;c",
        b";!#$%&'*+-.^_`|~09azAZ=!#$%&'*+-.^_`|~09azAZ",
        b';a=""',
        b';a=";"',
        b';a="=b;c"  ;d',
        b';a="\\"\\\\"',
        b';a="\t \xc3\xbc"',
        b';a="b";c="d"',
        b";a" * 120,
    ):
        for size in (1, 1000):
            assert read_all(CHUNKED + chunk(extensions), size)[0] == b"x", extensions


def test_malformed_extensions():
    for extensions in (
        b";",
        b" ;",
        b"; ",
        b";;a",
        b";a;",
        b";a ",
        b";a=",
        b";a= ",
        b";a=;b",
        b";a==b",
        b";=b",
        b';"a"',
        b';a="',
        b';a="b',
        b';a="b\\"',
        b';a="b\\',
        b';a="b"c',
        b';a="b""c"',
        b';a=b"c"',
        b";bad[=x",
        b";a=[",
        b";a b",
        b";a=b c",
        b";a,b",
        b";\xc3\xbc",
        b";a=\xc3\xbc",
        b" ",
        b" a",
        b"=a",
        b'"a"',
    ):
        refuse(chunk(extensions))


def test_limit_of_a_chunk_line():
    """A line between chunks may have 256 bytes, whether its end has come or not."""
    longest = chunk(b";" + b"a" * 254)
    for size in (1, 1000):
        assert read_all(CHUNKED + longest, size)[0] == b"x"
    refuse(chunk(b";" + b"a" * 255))
    refuse(b"1;" + b"a" * 255)


def test_chunk_data_may_hold_line_ends():
    for size in (1, 2, 3, 1000):
        body, _ = read_all(CHUNKED + b"6\r\n\r\n0\r\n\r\r\n0\r\n\r\n", size)
        assert body == b"\r\n0\r\n\r"


def test_malformed_chunks():
    for data in (
        b"\r\n",
        b"x\r\n",
        b"-1\r\nx",
        b"+1\r\nx",
        b"0x1\r\nx",
        b"1_0\r\nx",
        b" 1\r\nx",
        b"1 \r\nx",
        b"1\nx\r\n",
        b"1\r\nxy\r\n0\r\n\r\n",
        b"1\r\nx\n0\r\n\r\n",
        b"1\r\nx0\r\n\r\n",
        b"100000000\r\n",
        b"1;\x00\r\nx",
        b"1;a\rb\r\nx",
        b";a\r\n",
        b"0\r\nno colon\r\n\r\n",
        b"0\r\n: no name\r\n\r\n",
        b"0\r\nx y: 1\r\n\r\n",
        b"0\r\nx: \x00\r\n\r\n",
        b"0\r\n folded\r\n\r\n",
        b"5\r\nhello\r\r\n0\r\n\r\n",
        b"1;" + b"x" * 300 + b"\r\n",
        b"0" * 300,
    ):
        refuse(data)


def test_chunked_body_cut_short():
    for data in (b"", b"5", b"5\r\n", b"5\r\nhel", b"5\r\nhello", b"5\r\nhello\r\n", b"0\r\n", b"0\r\nx: y\r\n"):
        refuse(data)


def test_too_many_trailers():
    refuse(b"0\r\n" + b"x: y\r\n" * 65 + b"\r\n", 431)


def test_next_request_after_a_chunked_one():
    parser = RequestParser()
    parser.receive(CHUNKED + b"1\r\nx\r\n0\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n")
    assert parser.parse_head()
    assert parser.read_body(100) == b"x"
    assert parser.read_body(100) == b""
    assert parser.parse_head()
    assert parser.target == "/next"
    assert not parser.chunked
    assert parser.body_complete


def test_take_buffer():
    parser = start()
    parser.receive(b"\x81\x00")
    assert len(parser.buffer) == 2
    assert parser.take_buffer() == b"\x81\x00"
    assert parser.take_buffer() == b""


def test_what_is_formatted_can_be_parsed():
    data = b"".join([format_chunk(b"x" * n) for n in (1, 9, 10, 15, 16, 17, 255, 256)]) + LAST_CHUNK
    body, parser = read_all(CHUNKED + data, 100)
    assert body == b"x" * 579
    assert parser.body_complete
