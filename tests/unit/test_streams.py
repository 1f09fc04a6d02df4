from microdot import AsyncBytesIO
from microdot._request_body import BodyStream
from microdot.errors import HTTPException
from support import raises


def stream_of(*pieces, limit=None):
    pieces = list(pieces)

    async def receive(n):
        if not pieces:
            return b""
        data = pieces.pop(0)
        if len(data) > n:
            pieces.insert(0, data[n:])
        return data[:n]

    return BodyStream(receive, limit)


async def test_read():
    stream = stream_of(b"abc", b"def")
    assert await stream.read(2) == b"ab"
    assert await stream.read(10) == b"c"
    assert await stream.read(0) == b""
    assert await stream.read(10) == b"def"
    assert await stream.read(10) == b""
    assert await stream.read() == b""


async def test_read_all():
    assert await stream_of(b"abc", b"def").read() == b"abcdef"
    assert await stream_of(b"abc" * 1000).read() == b"abc" * 1000
    assert await stream_of().read() == b""


async def test_readexactly():
    stream = stream_of(b"abc", b"def", b"g")
    assert await stream.readexactly(4) == b"abcd"
    assert await stream.readexactly(0) == b""
    assert await stream.readexactly(2) == b"ef"
    with raises(EOFError):
        await stream.readexactly(2)


async def test_readline():
    stream = stream_of(b"on", b"e\ntwo\r\n", b"\nthr", b"ee")
    assert await stream.readline() == b"one\n"
    assert await stream.readline() == b"two\r\n"
    assert await stream.readline() == b"\n"
    assert await stream.readline() == b"three"
    assert await stream.readline() == b""


async def test_readuntil():
    stream = stream_of(b"a-", b"-b--", b"rest")
    assert await stream.readuntil(b"--") == b"a--"
    assert await stream.read(1) == b"b"
    assert await stream.readuntil(b"--") == b"--"
    with raises(EOFError):
        await stream.readuntil(b"--")


async def test_readuntil_finds_a_separator_cut_anywhere():
    data = b"hello\r\n\r\nworld"
    for i in range(1, len(data)):
        for j in range(i, len(data)):
            stream = stream_of(*[piece for piece in (data[:i], data[i:j], data[j:]) if piece])
            assert await stream.readuntil(b"\r\n\r\n") == b"hello\r\n\r\n", (i, j)
            assert await stream.read() == b"world", (i, j)


async def test_long_line():
    stream = stream_of(b"x" * 5000 + b"\nrest")
    assert await stream.readline() == b"x" * 5000 + b"\n"
    assert await stream.read() == b"rest"


async def test_unread():
    stream = stream_of(b"abc")
    assert await stream.read(2) == b"ab"
    stream.unread(b"b")
    stream.unread(b"a")
    assert await stream.read(3) == b"a" and await stream.read(3) == b"b"
    assert await stream.read(3) == b"c"


async def test_limit():
    assert await stream_of(b"abc", limit=3).read() == b"abc"
    stream = stream_of(b"abc", b"d", limit=3)
    assert await stream.read(3) == b"abc"
    with raises(HTTPException) as caught:
        await stream.read(3)
    assert caught.value.status_code == 413


async def test_what_is_unread_counts_once():
    stream = stream_of(b"abc", limit=3)
    data = await stream.read(3)
    stream.unread(data)
    assert await stream.read() == b"abc"


async def test_bytes_in_memory():
    stream = AsyncBytesIO(b"one\ntwo\nthree")
    assert await stream.read(1) == b"o"
    assert await stream.readline() == b"ne\n"
    assert await stream.readexactly(2) == b"tw"
    assert await stream.readuntil(b"o") == b"o"
    assert await stream.readuntil(b"\n") == b"\n"
    assert await stream.read() == b"three"
    assert await stream.read() == b""
    assert await stream.readline() == b""


async def test_bytes_in_memory_that_end():
    with raises(EOFError):
        await AsyncBytesIO(b"abc").readexactly(4)
    with raises(EOFError):
        await AsyncBytesIO(b"abc").readuntil(b"\n")


async def test_bytes_in_memory_are_written():
    stream = AsyncBytesIO(b"")
    await stream.awrite(b"abc")
    stream.stream.seek(0)
    assert await stream.read() == b"abc"
    await stream.aclose()
