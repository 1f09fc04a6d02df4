from microdot.errors import HTTPException
from microdot.multipart.parser import MultipartParser, parse_options
from support import raises

BOUNDARY = b"----WebKitFormBoundaryx"
# What looks most like a boundary without being one.
NEAR = b"\r\n------WebKitFormBoundar\r\r\n--\r\n------WebKitFormBoundaryX\n--"


def part(name, data, filename=None, more=b""):
    head = b'Content-Disposition: form-data; name="' + name + b'"'
    if filename is not None:
        head += b'; filename="' + filename + b'"\r\nContent-Type: text/plain'
    return head + more + b"\r\n\r\n" + data


def body(*parts, boundary=BOUNDARY):
    parts = [b"--" + boundary + b"\r\n" + one + b"\r\n" for one in parts]
    return b"".join(parts) + b"--" + boundary + b"--\r\n"


def parse(data, boundary=BOUNDARY, sizes=(256,), limit=256):
    """Return [(name, file name, type, data)] of a body that arrives in pieces of the given sizes in turn."""
    parser = MultipartParser(boundary)
    position = 0
    turn = 0

    def more():
        nonlocal position, turn
        parser.receive(data[position : position + sizes[turn % len(sizes)]])
        position += sizes[turn % len(sizes)]
        turn += 1

    parts = []
    while True:
        found = parser.next_part()
        if found == ():
            return parts
        if found is None:
            more()
            continue
        pieces = []
        while True:
            piece = parser.read_data(limit)
            if piece is None:
                more()
            elif not piece:
                break
            else:
                assert len(piece) <= limit
                pieces.append(piece)
        parts.append(found + (b"".join(pieces),))


def status(data, boundary=BOUNDARY, sizes=(256,)):
    with raises(HTTPException) as caught:
        parse(data, boundary, sizes)
    return caught.value.status_code


def test_every_split_in_two():
    data = body(part(b"a", b"1"), part(b"f", NEAR, b"x"), part(b"e", b""))
    expected = [("a", None, None, b"1"), ("f", "x", "text/plain", NEAR), ("e", None, None, b"")]
    for split in range(1, len(data)):
        assert parse(data, sizes=(split, len(data))) == expected, split


def test_every_piece_size_and_limit():
    data = body(part(b"a", b"1"), part(b"f", NEAR, b"x"), part(b"e", b""))
    expected = [("a", None, None, b"1"), ("f", "x", "text/plain", NEAR), ("e", None, None, b"")]
    for size in range(1, len(data)):
        assert parse(data, sizes=(size,), limit=size) == expected, size


def test_memory_is_bounded_by_a_piece_and_a_delimiter():
    parser = MultipartParser(BOUNDARY)
    parser.receive(b"--" + BOUNDARY + b"\r\n" + part(b"f", b"", b"x"))
    assert parser.next_part()
    for _ in range(100):
        parser.receive(b"\r" * 200)
        while parser.read_data(256):
            pass
        assert len(parser._buffer) <= len(BOUNDARY) + 4


def test_preamble_and_epilogue():
    data = body(part(b"a", b"1"))
    expected = [("a", None, None, b"1")]
    for before in (b"", b"\r\n", b"This is\r\na preamble\r\n", b"--\r\n", b"--" + BOUNDARY + b"X\r\n", b"\r\n" * 40):
        for after in (b"", b"\r\n", b"epilogue\r\n--" + BOUNDARY + b"\r\n"):
            for size in (1, 7, 500):
                assert parse(before + data + after, sizes=(size,)) == expected, (before, after, size)
    assert parse(data[:-2]) == expected  # without the last line end


def test_white_space_after_a_boundary():
    data = body(part(b"a", b"1"), part(b"b", b"2")).replace(BOUNDARY + b"\r", BOUNDARY + b" \t \r")
    for size in (1, 3, 500):
        assert [one[0] for one in parse(data, sizes=(size,))] == ["a", "b"]


def test_a_longer_line_is_no_boundary():
    for end in (b"x", b"-", b"-x", b" x", b"\rx", b"\t" * 70 + b"\r\n"):
        content = b"1\r\n--" + BOUNDARY + end + b"2"
        for size in (1, 2, 300):
            assert parse(body(part(b"a", content)), sizes=(size,))[0][3] == content, (end, size)


def test_truncated_at_every_byte():
    data = body(part(b"a", b"1"), part(b"f", b"content", b"x"))
    for end in range(len(data) - 2):
        for size in (1, 300):
            assert status(data[:end], sizes=(size,)) == 400, end


def test_malformed_headers():
    good = b'Content-Disposition: form-data; name="a"'
    for head in (
        b"",
        b"Content-Type: text/plain",
        b"Content-Disposition: form-data",
        b'Content-Disposition: attachment; name="a"',
        b'Content-Disposition: form-data; name="a',
        b'Content-Disposition: form-data; name="a"; name="b"',
        b'Content-Disposition: form-data; name="a" filename="b"',
        b"no colon",
        good + b"\r\n folded: x",
        good.replace(b"a", b"\0"),
        good.replace(b"a", b"x\ny"),
        good.replace(b"a", b"x\ry"),
        b'Content-Disposition : form-data; name="a"',
        good + b"\r\nContent-Transfer-Encoding: base64",
    ):
        assert status(b"--" + BOUNDARY + b"\r\n" + head + b"\r\n\r\n1\r\n--" + BOUNDARY + b"--") == 400, head
    assert parse(body(good + b"\r\nContent-Transfer-Encoding: 8bit\r\nX-More: y\r\n\r\n1")) == [("a", None, None, b"1")]


def test_control_characters_in_a_header():
    for byte in range(32):
        data = body(part(b"a", b"1", None, b"\r\nX-More: y" + bytes([byte]) + b"z"))
        if byte == 9:
            assert parse(data) == [("a", None, None, b"1")]
        else:
            assert status(data) == 400, byte


def test_transfer_encodings_that_change_nothing():
    for name in (b"7bit", b"8bit", b"binary", b"BINARY", b"Binary", b"8BIT"):
        data = body(part(b"a", b"1", None, b"\r\nContent-Transfer-Encoding: " + name))
        assert parse(data) == [("a", None, None, b"1")], name
    for name in (b"base64", b"quoted-printable", b"x", b""):
        assert status(body(part(b"a", b"1", None, b"\r\nContent-Transfer-Encoding: " + name))) == 400, name


def test_header_limit_does_not_depend_on_the_pieces():
    for size, refused in ((2048 - 41, False), (2048 - 40, True), (5000, True)):
        data = body(part(b"a", b"1", None, b"\r\n" + b"X" * (size - 2) + b":"))
        for piece in (1, 100, 6000):
            if refused:
                assert status(data, sizes=(piece,)) == 413
            else:
                assert parse(data, sizes=(piece,)) == [("a", None, None, b"1")], size


def test_names():
    for raw, name in (
        (b'form-data; name="a b"', "a b"),
        (b"form-data; name=a", "a"),
        (b'FORM-DATA;NAME = "a" ', "a"),
        (b'form-data; name="a;b=c"', "a;b=c"),
        (b'form-data; name="a\\"b\\\\"', 'a"b\\'),
        (b'form-data; name="C:\\temp"', "C:\\temp"),
        (b'form-data; name="gr\xc3\xbc\xc3\x9fe"', "gr\u00fc\u00dfe"),
        (b'form-data; name="\xfc"', "\u00fc"),
        (b'form-data; name=""', ""),
    ):
        assert parse(body(b"Content-Disposition: " + raw + b"\r\n\r\n1"))[0][0] == name, raw
    extended = b"form-data; name=f; filename=e; filename*=UTF-8''%e2%82%ac.txt"
    assert parse(body(b"content-disposition:" + extended + b"\r\n\r\n1"))[0][1] == "\u20ac.txt"


def test_options():
    assert parse_options("multipart/Form-Data; charset=utf-8; Boundary=\"a b;c\"; x=y") == (
        "multipart/form-data",
        {"charset": "utf-8", "boundary": "a b;c", "x": "y"},
    )
    assert parse_options("text/plain") == ("text/plain", {})
    assert parse_options("text/plain;") == ("text/plain", {})
    assert parse_options("") == ("", {})
    for wrong in ("a; b", "a; b=1; b=2", 'a; b="', 'a; b="\\"', 'a; b="1" c', "a; =b"):
        with raises(HTTPException):
            parse_options(wrong)
