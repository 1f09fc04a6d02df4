from microdot.server.http11 import LAST_CHUNK, format_chunk, format_head
from support import raises


def test_chunk():
    assert format_chunk(b"hello") == b"5\r\nhello\r\n"
    assert format_chunk(b"x" * 16) == b"10\r\n" + b"x" * 16 + b"\r\n"
    for data in (memoryview(b"hello"), bytearray(b"hello")):
        assert format_chunk(data) == b"5\r\nhello\r\n"
    assert LAST_CHUNK == b"0\r\n\r\n"


def test_status_line():
    assert format_head(200, None, []) == b"HTTP/1.1 200 OK\r\n\r\n"
    assert format_head(404, None, []) == b"HTTP/1.1 404 Not Found\r\n\r\n"
    assert format_head(200, "Fine", []) == b"HTTP/1.1 200 Fine\r\n\r\n"
    assert format_head(299, None, []) == b"HTTP/1.1 299 \r\n\r\n"
    assert format_head(200, "", []) == b"HTTP/1.1 200 \r\n\r\n"


def test_fields():
    assert format_head(200, None, [("X-One", "1")]) == b"HTTP/1.1 200 OK\r\nX-One: 1\r\n\r\n"
    assert format_head(200, None, [("X", "ż")]) == b"HTTP/1.1 200 OK\r\nX: " + "ż".encode() + b"\r\n\r\n"


def test_field_sent_several_times():
    assert format_head(200, None, [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]) == (
        b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\n"
    )


def test_a_line_end_inside_a_head_is_refused():
    for bad in ("a\r\nX: b", "a\n", "a\r\n\r\nHTTP/1.1 200 OK"):
        for reason, fields in ((bad, []), ("OK", [("X", bad)]), (None, [(bad, "x"), ("Y", "y")])):
            with raises(ValueError):
                format_head(200, reason, fields)
