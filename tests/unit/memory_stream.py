"""A client's connection in memory: what `Microdot.handle_request()` reads from and writes to."""

import asyncio


def get(path="/", *fields, version="1.1", method="GET"):
    """Return a request without a body as bytes; `fields` are whole header lines."""
    return ("\r\n".join((method + " " + path + " HTTP/" + version, "Host: a") + fields) + "\r\n\r\n").encode()


def post(body, *fields, path="/echo"):
    """Return a POST request with this body as bytes."""
    return get(path, "Content-Length: %d" % len(body), *fields, method="POST") + body


class MemoryStream:
    """The pieces that a client sends, and all that the server has written; reader and writer in one.

    :param pieces: bytes, each returned by a read of its own; an exception is raised instead.
    :param end: whether the client then closes its side; else the next read waits.
    :param broken: writing raises this exception.
    """

    out_buf = b""  # asked for on MicroPython

    def __init__(self, *pieces, end=True, broken=None):
        self.pieces = list(pieces)
        self.end = end
        self.broken = broken
        self.sent = b""
        self.writes = []  # sizes
        self.closed = False
        self.transport = self.s = self

    async def read(self, n):
        await asyncio.sleep(0)
        if not self.pieces:
            if not self.end:
                await asyncio.Event().wait()
            return b""
        data = self.pieces.pop(0)
        if isinstance(data, Exception):
            raise data
        if len(data) > n:
            self.pieces.insert(0, data[n:])
        return data[:n]

    def write(self, data):
        if self.broken:
            raise self.broken
        self.sent += bytes(data)
        self.writes.append(len(data))

    async def drain(self):
        await asyncio.sleep(0)

    def close(self):
        self.closed = True

    async def wait_closed(self):
        await asyncio.sleep(0)

    def get_extra_info(self, name):
        return ("192.0.2.1", 1234)

    # Asked for on CPython

    def is_closing(self):
        return False

    def get_write_buffer_size(self):
        return 0

    def can_write_eof(self):
        return False

    def abort(self):
        self.closed = True


class Answer:
    """One response: `status`, `fields` with names in lower case and lists of values, `body`."""

    def __init__(self, status, fields, body):
        self.status = status
        self.fields = fields
        self.body = body

    def field(self, name):
        values = self.fields.get(name, [])
        assert len(values) <= 1, (name, values)
        return values[0] if values else None


def split(data, method="GET"):
    """Take the first response off *data*; return it and the rest. Asserts that its framing is right."""
    head, end, rest = data.partition(b"\r\n\r\n")
    assert end, data
    lines = head.decode().split("\r\n")
    version, status = lines[0].split(" ")[:2]
    assert version == "HTTP/1.1"
    status = int(status)
    fields = {}
    for line in lines[1:]:
        name, colon, value = line.partition(": ")
        assert colon, line
        fields.setdefault(name.lower(), []).append(value)
    if method == "HEAD" or status < 200 or status in (204, 304):
        return Answer(status, fields, b""), rest
    if "transfer-encoding" in fields:
        assert fields["transfer-encoding"] == ["chunked"]
        assert "content-length" not in fields
        body, rest = _unchunk(rest)
    elif "content-length" in fields:
        size = int(fields["content-length"][0])
        body, rest = rest[:size], rest[size:]
        assert len(body) == size
    else:
        assert fields["connection"] == ["close"]
        body, rest = rest, b""
    return Answer(status, fields, body), rest


def _unchunk(data):
    body = b""
    while True:
        size, end, data = data.partition(b"\r\n")
        assert end, "the chunks have no end"
        size = int(size, 16)
        body += data[:size]
        assert data[size : size + 2] == b"\r\n"
        data = data[size + 2 :]
        if not size:
            return body, data


async def exchange(app, *pieces, method="GET", **options):
    """Have *app* serve a connection on which *pieces* are sent; return the responses."""
    stream = MemoryStream(*pieces, **options)
    await app.handle_request(stream, stream)
    assert stream.closed
    answers = []
    rest = stream.sent
    while rest:
        answer, rest = split(rest, method)
        answers.append(answer)
    return answers
