"""A MicroPython driven out of memory answers 503 or closes, and lives."""

import json
import re
import socket

import pytest

from runtimes import micropython_binary
from wire.reader import EndOfStream, Fault, Reader
from wire.server import APP, Server, prepare, send_all
from wire.vector import request

ROUNDS = 10


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """The KB of heap to add, and the folder with the compiled application."""
    return prepare(micropython_binary(), 0, APP, tmp_path_factory.mktemp("compiled"))


@pytest.fixture(scope="module", params=[96, 128])
def small(request, compiled):
    """A MicroPython server with so many KB for the application and its requests."""
    heap, folder = compiled
    with Server(micropython_binary(), "patient", heap=request.param + heap, compiled=folder) as server:
        server.assert_alive()
        yield server
        server.assert_alive()


def exchange(server, data):
    """Send bytes on a new connection; return the status of the answer, None when the server just closes."""
    with server.connect() as sock:
        send_all(sock, data)
        try:
            sock.shutdown(socket.SHUT_WR)
            return Reader(sock).response().status
        except (EndOfStream, OSError):
            return None
        except Fault as fault:  # the head was sent: no more than an end is left
            assert re.search("closed inside|before the end", str(fault)), fault
            return None


@pytest.mark.parametrize("where", ["handler", "generator", "iterator"])
def test_application_that_allocates_everything(small, where):
    for _ in range(ROUNDS):
        status = exchange(small, request(b"GET /exhaust/" + where.encode() + b" HTTP/1.1"))
        assert status in (500, 503) or where != "handler" and status is None, status
        small.assert_alive()


def test_error_answer_tells_no_details(small):
    with small.connect() as sock:
        sock.sendall(request(b"GET /exhaust/handler HTTP/1.1"))
        body = Reader(sock).response().body
    assert b"Traceback" not in body and b"MemoryError" not in body and b"File " not in body


def test_deep_json(small):
    for depth in (100, 1000, 5000, 16000):
        for opening in (b"[", b'{"a":'):
            body = (opening * depth)[:16000]
            fields = b"Content-Type: application/json", b"Content-Length: %d" % len(body)
            assert exchange(small, request(b"POST /json HTTP/1.1", *fields, body=body)) in (400, 413, 500, 503, None)
        small.assert_alive()


def test_wide_json(small):
    """JSON that takes far more memory than its text."""
    for text in ("[" + ",".join(["[]"] * 5000) + "]", json.dumps({f"k{n}": {} for n in range(1000)})):
        fields = b"Content-Type: application/json", b"Content-Length: %d" % len(text)
        for _ in range(ROUNDS):
            status = exchange(small, request(b"POST /json HTTP/1.1", *fields, body=text.encode()))
            assert status in (200, 413, 500, 503, None)
            small.assert_alive()


def test_many_largest_bodies_at_once(small):
    body = b"x" * 16384
    data = request(b"POST /echo HTTP/1.1", b"Content-Length: %d" % len(body), body=body[:-1])
    for _ in range(3):
        clients = [small.connect() for _ in range(6)]
        for sock in clients:
            send_all(sock, data)
        for sock in clients:
            send_all(sock, b"x")
        statuses = set()
        for sock in clients:
            try:
                statuses.add(Reader(sock).response().status)
            except (EndOfStream, OSError):
                statuses.add(None)
            sock.close()
        assert statuses <= {200, 413, 500, 503, None}, statuses
        small.assert_alive()


def test_many_largest_heads_at_once(small):
    head = request(b"GET / HTTP/1.1", *[b"X-Field-%02d: " % n + b"v" * 60 for n in range(45)])
    for _ in range(3):
        clients = [small.connect() for _ in range(6)]
        for sock in clients:
            send_all(sock, head[:-2])
        for sock in clients:
            sock.close()
        small.assert_alive()


def test_memory_comes_back(small):
    """What attacks took is free again: the bytes in use after a collection do not grow with the attacks."""

    def used():
        return min(int(small.get("/memory").body) for _ in range(3))

    def attack():
        for where in (b"handler", b"generator"):
            for _ in range(5):
                exchange(small, request(b"GET /exhaust/" + where + b" HTTP/1.1"))
        exchange(small, request(b"POST /json HTTP/1.1", b"Content-Length: 9000", body=b"[" * 9000))
        exchange(small, request(b"POST /echo HTTP/1.1", b"Content-Length: 9000", body=b"[" * 500))

    attack()
    before = used()
    for _ in range(5):
        attack()
    assert used() <= before + 1024
