import gc

from microdot.multipart.parser import MultipartParser

HEAD = b'Content-Disposition: form-data; name="f"; filename="a"\r\n\r\n'
# Those of Firefox, Chrome, curl and a short one; a parser may fail at some sizes for some lengths of a boundary.
BOUNDARIES = (
    b"-" * 27 + b"9051914041544843365972754266",
    b"----WebKitFormBoundary7MA4YWxkTrZu0gW",
    b"------------------------d74496d66958873e",
    b"x",
)


def near(boundary):
    """Return bytes that look like a boundary for as long as they can."""
    return b"\r\n--" + boundary[:-1] + b"\r\r\n-\r\n--" + boundary[:-1] + b"X\n--\0"


def check(boundary, content, size, piece):
    """Parse a body with a file of *size* bytes that arrives in pieces; compare it without keeping it."""
    parser = MultipartParser(boundary)
    head = b"--" + boundary + b"\r\n" + HEAD
    tail = b"\r\n--" + boundary + b"--\r\n"
    parser.receive(head)
    assert parser.next_part() == ("f", "a", None)
    fed = got = 0
    while True:
        data = parser.read_data(256)
        if data is None:
            if fed < size:
                end = min(fed + piece, size)
                parser.receive(content[fed:end])
                fed = end
            else:
                parser.receive(tail[:piece])
                tail = tail[piece:]
        elif not data:
            break
        else:
            assert content[got : got + len(data)] == data, (size, got)
            got += len(data)
    assert got == size and parser.next_part() == ()


def test_every_size():
    for boundary in BOUNDARIES:
        content = near(boundary)
        content = (content * (4096 // len(content) + 1))[:4096]
        for size in range(4097):
            check(boundary, content, size, size % 255 + 2)
        gc.collect()


def test_every_size_of_pieces():
    for boundary in BOUNDARIES:
        content = near(boundary) * 3
        for piece in range(1, len(content) + 2):
            check(boundary, content, len(content), piece)
