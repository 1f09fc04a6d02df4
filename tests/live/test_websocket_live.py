"""WebSockets over real connections: the echo example under each server, against two clients."""

import asyncio

import pytest
import websockets

from live.raw_websocket import RawClient, frame
from live.servers import ALL, EXAMPLES, FRAMES, serve
from microdot.websocket.frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT
from wire.server import reset, wait_until


def fixture_for(kinds):
    @pytest.fixture(scope="module", params=kinds)
    def server(request):
        with serve(request.param, EXAMPLES / "websocket_echo" / "app.py") as running:
            yield running
            assert not running.complaints(), running.log()[-2000:]

    return server


echo = fixture_for(ALL)
frames_echo = fixture_for(FRAMES)


@pytest.mark.parametrize("piece", [None, 1])
def test_messages(echo, piece):
    with RawClient(echo.port) as client:
        for opcode, payload in ((TEXT, "Hello"), (TEXT, ""), (BINARY, b""), (BINARY, bytes(range(256))),
                                (TEXT, "gr\u00fcn \u20ac \U0001f600"), (BINARY, b"x" * 10000)):
            data = payload.encode() if opcode == TEXT else payload
            client.send(frame(opcode, data), piece and max(piece, len(data) // 200))
            assert client.event() == (opcode, payload)
        client.send(frame(CLOSE, b"\x03\xe8"))
        assert client.close_code() == 1000
        assert client.at_end()


STREAM = (
    frame(TEXT, "gr\u00fc".encode()[:3], fin=False)
    + frame(PING, b"?")
    + frame(CONTINUATION, "\u00fcn".encode()[1:])
    + frame(BINARY, b"\x00" * 130)
)
ANSWERS = [(PONG, b"?"), (TEXT, "gr\u00fcn"), (BINARY, b"\x00" * 130)]


def test_a_stream_cut_at_every_byte(echo):
    for cut in range(1, len(STREAM)):
        with RawClient(echo.port) as client:
            client.send(STREAM[:cut])
            client.send(STREAM[cut:])
            assert [client.event() for _ in range(3)] == ANSWERS
            client.send(frame(CLOSE, b"\x03\xe9bye"))
            assert client.close_code() in (1000, 1001)


def test_messages_before_the_close_frame_are_answered(frames_echo):
    stream = STREAM + frame(CLOSE, b"\x03\xe9bye")
    for cut in range(1, len(stream), 7):
        with RawClient(frames_echo.port) as client:
            client.send(stream[:cut])
            client.send(stream[cut:])
            assert [client.event() for _ in range(4)] == [*ANSWERS, (CLOSE, (1001, ""))]


async def test_the_websockets_library(echo):
    uri = f"ws://127.0.0.1:{echo.port}/echo"
    async with websockets.connect(uri) as client:
        for message in ("Hello", b"\x00\xff", "", b"", "\u20ac" * 1000):
            await client.send(message)
            assert await client.recv() == message
        await client.send(["in ", "four ", "frag", "ments"])
        assert await client.recv() == "in four fragments"
        await (await client.ping(b"there?"))
    assert client.close_code == 1000


async def test_many_at_once(echo):
    async def talk(number):
        async with websockets.connect(f"ws://127.0.0.1:{echo.port}/echo") as client:
            for i in range(10):
                await client.send(f"{number} {i}")
                assert await client.recv() == f"{number} {i}"

    await asyncio.gather(*(talk(number) for number in range(6)))


VIOLATIONS = {
    "not masked": (frame(TEXT, b"x", mask=None), 1002),
    "reserved bit": (frame(TEXT, b"x", rsv1=True), 1002),
    "reserved opcode": (frame(3, b"x"), 1002),
    "reserved control opcode": (frame(11), 1002),
    "long ping": (frame(PING, bytes(126)), 1002),
    "fragmented ping": (frame(PING, fin=False), 1002),
    "continuation of nothing": (frame(CONTINUATION, b"x"), 1002),
    "message in a message": (frame(TEXT, b"x", fin=False) + frame(TEXT, b"y"), 1002),
    "length not shortest": (b"\x82\xfe\x00\x01" + b"\0\0\0\0x", 1002),
    "close code": (frame(CLOSE, b"\x03\xed"), 1002),
    "short close": (frame(CLOSE, b"\x03"), 1002),
    "close reason": (frame(CLOSE, b"\x03\xe8\xff"), 1007),
    "not UTF-8": (frame(TEXT, b"\xff"), 1007),
    "not UTF-8 in a fragment": (frame(TEXT, b"\xed\xa0", fin=False), 1007),
    "too big": (frame(BINARY, bytes(16385)), 1009),
    "announced too big": (b"\x82\xff\x00\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 1009),
}


@pytest.mark.parametrize("name", VIOLATIONS)
def test_violations(frames_echo, name):
    stream, code = VIOLATIONS[name]
    for piece in (None, 1):
        with RawClient(frames_echo.port) as client:
            client.send(frame(TEXT, b"fine"))
            assert client.event() == (TEXT, "fine")
            client.send(stream, piece and max(piece, len(stream) // 200))
            assert client.close_code() == code
            assert client.at_end()
    with RawClient(frames_echo.port) as client:
        client.send(frame(TEXT, b"others are served"))
        assert client.event() == (TEXT, "others are served")


def test_refused_handshakes(echo):
    with RawClient(echo.port, "/nowhere") as client:
        assert client.status == 404


def test_malformed_handshakes(frames_echo):
    for fields, status in (
        ({"Sec_WebSocket_Version": "8"}, 426), ({"Sec_WebSocket_Key": "short"}, 400), ({"Upgrade": "h2c"}, 400),
        ({"Connection": "keep-alive"}, 400),
    ):
        with RawClient(frames_echo.port, **fields) as client:
            assert client.status == status
            if status == 426:
                assert client.headers["sec-websocket-version"] == "13"


def test_aborted_connections_leave_nothing_open(echo):
    with RawClient(echo.port) as client:
        client.send(frame(TEXT, b"warm"))
        client.event()
    assert echo.get("/").status == 200
    before = echo.sockets()
    for _ in range(3):
        clients = [RawClient(echo.port) for _ in range(4)]
        for number, client in enumerate(clients):
            client.send([b"", frame(TEXT, b"x")[:1], frame(TEXT, b"x", fin=False), frame(BINARY, bytes(5000))][number])
            reset(client.sock) if number % 2 else client.sock.close()
    assert wait_until(lambda: echo.sockets() <= before), echo.open_files()
    with RawClient(echo.port) as client:
        client.send(frame(TEXT, b"served"))
        assert client.event() == (TEXT, "served")
