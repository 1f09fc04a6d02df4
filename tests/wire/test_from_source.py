"""A MicroPython that compiles the framework from its source, as a board with .py files does, has room for bodies."""

import pathlib

import pytest

from runtimes import micropython_binary
from wire.server import Server
from wire.vector import request

HANDSHAKE = (b"Upgrade: websocket", b"Connection: Upgrade", b"Sec-WebSocket-Version: 13",
             b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")  # fmt: skip


@pytest.fixture(scope="module")
def server():
    with Server(micropython_binary(), app=pathlib.Path(__file__).parent / "source_app.py", heap=256) as server:
        yield server


def test_the_heap_has_a_large_piece(server):
    assert int(server.get("/piece").body) >= 32


def test_the_largest_bodies_arrive(server):
    for _ in range(5):
        response = server.get("/size", "POST", b"x" * 16384)
        assert (response.status, response.body) == (200, b"16384")


def test_a_large_message_comes_back(server):
    message = b"m" * 7000
    with server.connect() as sock:
        sock.sendall(request(b"GET /echo HTTP/1.1", *HANDSHAKE))
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += sock.recv(1)
        for _ in range(3):
            sock.sendall(b"\x82\xfe" + len(message).to_bytes(2, "big") + bytes(4) + message)
            frame = b""
            while len(frame) < 4 + len(message):
                piece = sock.recv(65536)
                assert piece, "closed"
                frame += piece
            assert frame == b"\x82\x7e" + len(message).to_bytes(2, "big") + message
