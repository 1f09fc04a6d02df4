"""Random corrupted frame streams and aborts against a MicroPython with 128 KB of heap: it goes on serving.

The framework is frozen in, as on a board; `STREAMS` and `SEED` in the environment choose others.
"""

import json
import os
import pathlib
import random
import socket

import pytest

from live.raw_websocket import RawClient, frame
from microdot.websocket.frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT
from wire.server import Server, reset, wait_until

APP = pathlib.Path(__file__).parent / "corrupted_app.py"
STREAMS = int(os.environ.get("STREAMS", "1000"))
SEED = int(os.environ.get("SEED", "5"))
WARM_UP = 100
NOISE = 4096  # bytes that the collector keeps by chance; a block of 32 bytes left by each stream would be 7 times that


@pytest.fixture
def board(unix):
    """The application on the program with the framework frozen in."""
    server = Server(str(unix), app=APP, heap=128)
    server.environment["MICROPYPATH"] = ".frozen"
    with server:
        yield server


def random_frame(choose):
    opcode = choose.choice([TEXT, BINARY, CONTINUATION, PING, PONG, CLOSE, choose.randrange(16)])
    if choose.random() < 0.5:
        payload = choose.choice(["Hello", "gr\u00fc\u00df", "\u20ac" * 50, ""]).encode()
    else:
        payload = choose.randbytes(choose.choice([0, 1, 2, 5, 125, 126, 300, 1000, 5000]))
    mask = choose.randbytes(4) if choose.random() < 0.95 else None
    return frame(opcode, payload, choose.random() < 0.7, mask, choose.random() < 0.2)


def random_stream(choose):
    """Return some frames with a few wrong bytes, cut off anywhere."""
    stream = bytearray(b"".join(random_frame(choose) for _ in range(choose.randrange(1, 8))))
    for _ in range(choose.choice([0, 1, 1, 3, 10])):
        stream[choose.randrange(min(len(stream), choose.choice([10, 1000, 100000])))] = choose.randrange(256)
    return bytes(stream[: choose.randrange(len(stream)) if choose.random() < 0.3 else None])


def attack(board, choose):
    fields = {"Sec_WebSocket_Extensions": "permessage-deflate; client_max_window_bits"}
    with RawClient(board.port, **(fields if choose.random() < 0.3 else {})) as client:
        assert client.status == 101
        client.send(random_stream(choose), choose.choice([None, None, 64, 700]))
        if choose.random() < 0.4:
            reset(client.sock)
            return
        try:
            client.sock.shutdown(socket.SHUT_WR)
            client.at_end()
        except OSError:
            return  # the server has closed already


def heap_used(board):
    return min(json.loads(board.get("/heap").body)["used"] for _ in range(3))


def test_corrupted_streams(board):
    choose = random.Random(SEED)
    for _ in range(WARM_UP):
        attack(board, choose)
    quiet = board.sockets()
    used = heap_used(board)
    for number in range(WARM_UP, STREAMS):
        attack(board, choose)
        if number % 100 == 0:
            board.assert_alive()
    with RawClient(board.port) as client:
        client.send(frame(TEXT, b"still here"))
        assert client.event() == (TEXT, "still here")
        client.send(frame(CLOSE, b"\x03\xe8"))
        assert client.close_code() == 1000
    assert wait_until(lambda: board.sockets() <= quiet), board.open_files()
    assert wait_until(lambda: heap_used(board) <= used + NOISE), (used, heap_used(board), board.log()[-1000:])
    assert not board.complaints(), board.log()[-2000:]
