"""The connection's socket in the hands of the application, where a WSGI server gives it away."""

import asyncio
import errno
import socket
import ssl

import pytest

from microdot.wsgi import Microdot
from microdot.wsgi.transport import make_transport


@pytest.fixture
def pair():
    """The server's and the client's socket of a connection with small buffers."""
    ours, client = socket.socketpair()
    for sock in (ours, client):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    with ours, client:
        yield ours, client


def transport_of(sock, write_timeout=20, name="gunicorn.socket"):
    app = Microdot()
    app.write_timeout = write_timeout
    environ = {"wsgi.input": None, "REQUEST_METHOD": "GET", "SERVER_PROTOCOL": "HTTP/1.1", name: sock}
    return make_transport(app, environ)


async def upgraded(pair, **options):
    transport = transport_of(pair[0], **options)
    await transport.upgrade(None, {"Upgrade": "websocket"})
    assert pair[1].recv(1000) == b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
    return transport


async def test_reading_and_sending(pair):
    transport = await upgraded(pair)
    reading = asyncio.create_task(transport.read())
    await asyncio.sleep(0.01)
    assert not reading.done()
    pair[1].send(b"hello")
    assert await reading == b"hello"
    await transport.send(b"answer")
    assert pair[1].recv(1000) == b"answer"
    pair[1].close()
    assert await transport.read() == b""


async def test_a_client_that_never_reads(pair):
    """It gets an error in the end, and the event loop is free until then."""
    transport = await upgraded(pair, write_timeout=0.3)
    others = 0

    async def count():
        nonlocal others
        while True:
            await asyncio.sleep(0.01)
            others += 1

    counting = asyncio.create_task(count())
    with pytest.raises(OSError, match="Write timeout") as raised:
        await asyncio.wait_for(transport.send(bytes(10_000_000)), 20)
    assert raised.value.errno == errno.ETIMEDOUT
    counting.cancel()
    assert others > 5


async def test_a_slow_client_gets_all_of_it(pair):
    transport = await upgraded(pair)
    sending = asyncio.create_task(transport.send(b"x" * 300_000))
    await asyncio.sleep(0.01)
    assert not sending.done()
    pair[1].setblocking(False)
    received = 0
    while received < 300_000:
        try:
            received += len(pair[1].recv(10_000))
        except BlockingIOError:
            await asyncio.sleep(0)
    await sending


class TLS:
    """A socket as TLS makes it: what it wants is not what it was asked for."""

    def __init__(self, sock, *wants):
        self.sock = sock
        self.wants = list(wants)
        self.asked = 0

    def fileno(self):
        return self.sock.fileno()

    def setblocking(self, flag):
        self.sock.setblocking(flag)

    def recv(self, n):
        self._meet()
        return self.sock.recv(n)

    def send(self, data):
        self._meet()
        return self.sock.send(data)

    def _meet(self):
        self.asked += 1
        if self.wants:
            raise self.wants.pop(0)


@pytest.mark.parametrize("want", [ssl.SSLWantReadError, ssl.SSLWantWriteError])
@pytest.mark.parametrize("action", ["read", "send"])
async def test_what_tls_wants(pair, want, action):
    transport = await upgraded(pair)
    transport.sock = TLS(pair[0], want(), want())
    pair[1].send(b"in")
    if action == "read":
        assert await asyncio.wait_for(transport.read(), 20) == b"in"
    else:
        await asyncio.wait_for(transport.send(b"out"), 20)
        assert pair[1].recv(100) == b"out"
    assert transport.sock.asked == 3


@pytest.mark.parametrize(("action", "want"), [("read", ssl.SSLWantWriteError), ("send", ssl.SSLWantReadError)])
async def test_waiting_for_tls_leaves_the_loop_free(pair, action, want):
    transport = await upgraded(pair)
    transport.sock = TLS(pair[0], *[want() for _ in range(20)])
    pair[1].send(b"in")
    task = asyncio.create_task(transport.read() if action == "read" else transport.send(b"out"))
    while not transport.sock.asked:
        await asyncio.sleep(0)
    for _ in range(20):
        await asyncio.sleep(0)
    assert transport.sock.asked < 10  # it does not ask again with each turn of the loop
    await asyncio.wait_for(task, 20)


@pytest.mark.parametrize("ending", ["close", "reset", "bytes"])
async def test_watching_the_client(pair, ending):
    transport = transport_of(pair[0])
    pair[0].setblocking(False)
    gone = []
    transport.watch_client(lambda: gone.append(True))
    await asyncio.sleep(0.05)
    assert gone == []
    if ending == "close":
        pair[1].close()
    elif ending == "reset":
        pair[0].shutdown(socket.SHUT_RD)
    else:
        pair[1].send(b"the next request")
    await asyncio.sleep(0.05)
    assert gone == ([] if ending == "bytes" else [True])
    assert not asyncio.get_running_loop().remove_reader(pair[0])  # it is watched no more
    if ending == "bytes":
        assert pair[0].recv(100) == b"the next request"


@pytest.mark.parametrize(("name", "expected"), [
    ("gunicorn.socket", StopIteration), ("werkzeug.socket", ConnectionError),
])  # fmt: skip
def test_the_end(pair, name, expected):
    pair[0].setblocking(False)
    transport = transport_of(pair[0], name=name)
    with pytest.raises(expected):
        transport.end()
    assert pair[0].getblocking()
    assert pair[1].recv(100) == b""
    pair[1].close()
    with pytest.raises(expected):
        transport.end()  # also of a connection that has ended
