"""Messages published to clients of which some read nothing for a while: the others get theirs, and no piece is lost."""

import pathlib
import socket
import threading

import pytest

from microdot.websocket.frames import Connection
from runtimes import micropython_binary
from server_process import wait_until
from wire.server import Server

HANDSHAKE = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" \
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"  # fmt: skip
LAST = 2000  # 8 MB, more than the system keeps for a client that does not read


@pytest.fixture(scope="module", params=["cpython", "micropython"])
def server(request):
    runtime = micropython_binary() if request.param == "micropython" else request.param
    with Server(runtime, app=pathlib.Path(__file__).parent / "publish_app.py") as server:
        yield server
        assert not server.complaints(), server.log()[-1500:]


class Client:
    """A subscriber; `numbers` are those of the messages that it has received."""

    def __init__(self, server, path):
        self.numbers = []
        self.path = path
        self.sock = server.connect()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)  # so that it does not take all of it unread
        fields = HANDSHAKE if path == "/socket" else ""
        self.sock.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n{fields}\r\n".encode())
        self.file = self.sock.makefile("rb")
        while self.file.readline() != b"\r\n":
            pass

    def read(self, last):
        """Receive messages up to the one with the number *last*."""
        messages = self.frames() if self.path == "/socket" else self.events()
        for message in messages:
            assert message[6:] == "x" * 4000
            self.numbers.append(int(message[:6]))
            if self.numbers[-1] == last:
                return

    def frames(self):
        connection = Connection(client=True)
        while True:
            connection.feed(self.file.read1(65536))
            while event := connection.next_event():
                yield event[1]

    def events(self):
        while size := int(self.file.readline(), 16):
            event = self.file.read(size).decode()
            assert self.file.readline() == b"\r\n"
            if event != ":\n\n":
                assert event.startswith("data: ") and event.endswith("\n\n")
                yield event[6:-2]


@pytest.mark.parametrize("path", ["/socket", "/events"])
def test_a_client_that_reads_nothing_for_a_while(server, path):
    slow, quick = Client(server, path), Client(server, path)
    assert wait_until(lambda: server.get("/subscribers").body == b"2")
    reading = threading.Thread(target=quick.read, args=(LAST,))
    reading.start()
    assert server.get(f"/publish/1/{LAST}", "POST").status == 204
    reading.join(60)
    assert quick.numbers[-1] == LAST
    slow.read(LAST)
    assert slow.numbers[0] == 1 and len(slow.numbers) < LAST  # some were lost, none of them in part
    for client in (slow, quick):
        assert client.numbers == sorted(set(client.numbers))
        client.file.close()
        client.sock.close()
    assert wait_until(lambda: server.get("/subscribers").body == b"0")
