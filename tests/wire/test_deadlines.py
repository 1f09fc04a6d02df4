"""Clients that make the server wait: the server, not the client, ends each of these connections.

No test sleeps for a deadline or asserts a time: it waits for the server's end of the connection, and the server's
deadlines are fractions of a second against a patience of half a minute.
"""

import socket
import time

from wire.reader import EndOfStream, Reader
from wire.server import PATIENCE, send_all, wait_until
from wire.vector import request

PAUSE = 0.05  # seconds between the pieces of a slow client, far less than any deadline
LIMIT = 400  # pieces after which a slow client gives up: a failure


def assert_ended(sock, statuses=(408,)):
    """The server must close without help, after nothing or one response of these statuses."""
    reader = Reader(sock)
    try:
        response = reader.response()
    except EndOfStream:
        return
    except ConnectionResetError:
        return
    assert response.status in statuses and not response.persistent, response
    reader.end()


def assert_dribble_ends(server, first, piece, pause=PAUSE):
    """Send `first` and then `piece` again and again; the server must end it."""
    with server.connect() as sock:
        sock.sendall(first)
        try:
            for _ in range(LIMIT):
                sock.sendall(piece)
                time.sleep(pause)
        except OSError:
            return
        sock.settimeout(0.01)
        raise AssertionError(f"still connected after {LIMIT} pieces")


def test_silent_client(impatient):
    with impatient.connect() as sock:
        assert_ended(sock)


def test_head_that_stops(impatient):
    for data in (b"G", b"\r\n", b"GET / HTTP/1.1", b"GET / HTTP/1.1\r\n", request()[:-2], b"\x16\x03\x01\x02\0\x01"):
        with impatient.connect() as sock:
            sock.sendall(data)
            assert_ended(sock, (400, 408))
        impatient.assert_alive()


def test_head_in_single_bytes(impatient):
    assert_dribble_ends(impatient, b"GET / HTTP/1.1\r\nX-Test: ", b"a")


def test_empty_lines_without_end(impatient):
    assert_dribble_ends(impatient, b"", b"\r\n")


def test_fields_without_end(impatient):
    assert_dribble_ends(impatient, b"GET / HTTP/1.1\r\n", b"a:\r\n")


def test_body_that_stops(impatient):
    chunked = b"Transfer-Encoding: chunked"
    for path in (b"/echo", b"/stream", b"/ignore", b"/first", b"/unknown"):
        line = b"POST " + path + b" HTTP/1.1"
        for data in (
            request(line, b"Content-Length: 10"),
            request(line, b"Content-Length: 10", body=b"hello"),
            request(line, b"Content-Length: 10", b"Expect: 100-continue"),
            request(line, chunked),
            request(line, chunked, body=b"5\r\nhel"),
            request(line, chunked, body=b"5\r\nhello\r\n0\r\n"),
        ):
            with impatient.connect() as sock:
                sock.sendall(data)
                assert_ended(sock, (200, 400, 404, 408))
            impatient.assert_alive()


def test_body_in_single_bytes(impatient):
    """A body slower than the deadline for all of it, though it never stops."""
    for path in (b"/echo", b"/stream"):
        assert_dribble_ends(impatient, request(b"POST " + path + b" HTTP/1.1", b"Content-Length: 10000"), b"x")
        assert_dribble_ends(
            impatient, request(b"POST " + path + b" HTTP/1.1", b"Transfer-Encoding: chunked"), b"1\r\nx\r\n"
        )


def test_chunk_size_in_single_bytes(impatient):
    assert_dribble_ends(impatient, request(b"POST /echo HTTP/1.1", b"Transfer-Encoding: chunked"), b"0")


def test_trailer_in_single_bytes(impatient):
    first = request(b"POST /echo HTTP/1.1", b"Transfer-Encoding: chunked", body=b"0\r\nX: ")
    assert_dribble_ends(impatient, first, b"a")


def test_unread_body_without_end(impatient):
    """A refused client that goes on sending is not listened to for ever."""
    assert_dribble_ends(impatient, request(b"POST /echo HTTP/1.1", b"Content-Length: 99999999"), b"x" * 100)
    assert_dribble_ends(impatient, request(b"POST /echo HTTP/1.1", b"Content-Length: x"), b"x" * 100)
    assert_dribble_ends(impatient, request(b"GET / HTTP/1.1", b"Connection: close"), b"x" * 100)


def test_flood_behind_an_error(impatient):
    """Nor is one that sends as fast as it can."""
    with impatient.connect() as sock:
        sock.sendall(request(b"POST /echo HTTP/1.1", b"Content-Length: x"))
        limit = time.monotonic() + PATIENCE
        try:
            while time.monotonic() < limit:
                sock.sendall(b"x" * 4096)
        except OSError:
            return
        raise AssertionError("the server takes bytes for ever")


def test_idle_connection(impatient):
    """A kept connection ends without a word: a 408 could be taken for the answer to a request just sent."""
    with impatient.connect() as sock:
        reader = Reader(sock)
        for _ in range(2):
            sock.sendall(request(b"GET / HTTP/1.1"))
            assert reader.response().persistent
        reader.end()


def test_closing_without_the_clients_help(impatient):
    """After `Connection: close` and after an error the server closes although the client does not."""
    for data in (
        request(b"GET / HTTP/1.1", b"Connection: close"),
        request(b"GET / HTTP/1.0"),
        request(b"GET / HTTP/1.1", host=None),
        request(b"POST /echo HTTP/1.1", b"Content-Length: 99999"),
    ):
        with impatient.connect() as sock:
            sock.sendall(data)
            reader = Reader(sock)
            assert not reader.response(version=data.split(b"\r\n")[0][-3:].decode()).persistent
            reader.end()


def test_client_that_never_reads(impatient):
    """The socket of a client that takes nothing is closed, be the body a generator, a file or a string."""
    quiet = impatient.sockets()
    for path in (b"/large/50000000", b"/countdown/10000000"):
        with unread(impatient) as sock:
            sock.sendall(request(b"GET " + path + b" HTTP/1.1"))
            assert wait_until(lambda: impatient.sockets() > quiet), "not even accepted"
            assert wait_until(lambda: impatient.sockets() <= quiet), (
                f"{path} keeps the socket of a client that never reads"
            )
        impatient.assert_alive()


def test_pipelining_client_that_never_reads(impatient):
    quiet = impatient.sockets()
    with unread(impatient) as sock:
        sock.settimeout(1)
        try:
            for _ in range(1000):
                sock.sendall(request(b"GET /large/100000 HTTP/1.1") * 10)
        except OSError:
            pass
        assert wait_until(lambda: impatient.sockets() <= quiet), "the socket stays open"


def test_slow_reader_is_served(impatient):
    """The write deadline is for a client that takes nothing, not for one that takes little."""
    with unread(impatient) as sock:
        sock.sendall(request(b"GET /large/200000 HTTP/1.1"))
        received = b""
        while len(received) < 200000:
            time.sleep(0.01)
            piece = sock.recv(4000)
            assert piece, f"cut off after {len(received)} bytes"
            received += piece


def unread(server):
    """A connection with a small receive buffer, so that the server's writes stop early."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.settimeout(PATIENCE)
    sock.connect(("127.0.0.1", server.port))
    return sock


def test_many_silent_clients(impatient):
    """More silent clients than the budget allows do not keep others out for long."""
    quiet = impatient.sockets()
    silent = [impatient.connect() for _ in range(20)]
    try:
        for sock in silent[::2]:
            send_all(sock, b"GET / HT")
        assert wait_until(impatient.answers), "kept out by silent clients"
        assert wait_until(lambda: impatient.sockets() <= quiet), "silent clients keep their sockets"
    finally:
        for sock in silent:
            sock.close()
