"""Clients that make the server wait: the server, not the client, ends each of these connections.

No test sleeps for a deadline or asserts a time: it waits for the server's end of the connection, and the server's
deadlines are fractions of a second against a patience of half a minute. Attacks that take time are made side by side.
"""

import pathlib
import socket
import time
from concurrent.futures import ThreadPoolExecutor

from wire.reader import EndOfStream, Reader
from wire.server import PATIENCE, send_all, wait_until
from wire.vector import request

PAUSE = 0.05  # seconds between the pieces of a slow client, far less than any deadline
LIMIT = 400  # pieces after which a slow client gives up: a failure
AT_ONCE = 12  # attacks side by side, fewer than the server's connections

POST = b"POST /echo HTTP/1.1"
CHUNKED = b"Transfer-Encoding: chunked"
CLOSE = b"Connection: close"


def side_by_side(attack, server, cases):
    """Run attack(server, *case) for all cases; raise the first failure. The server must live."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda case: attack(server, *case), cases))
    server.assert_alive()


def stop(server, data, statuses):
    """Send `data` and no more: the server must close, after one response of these statuses, without any if none."""
    with server.connect() as sock:
        sock.sendall(data)
        reader = Reader(sock)
        try:
            response = reader.response()
        except EndOfStream:
            assert not statuses, f"no answer to {data}"
            return
        assert response.status in statuses, (data, response)
        if response.status in (400, 408):
            assert not response.persistent, (data, response)
            sock.shutdown(socket.SHUT_WR)
        reader.end()


def dribble(server, first, piece, least=3):
    """Send `first` and then `piece` again and again; the server must end that, but not before `least` pieces."""
    with server.connect() as sock:
        sent = 0
        try:
            sock.sendall(first)
            for _ in range(LIMIT):
                sock.sendall(piece)
                sent += 1
                time.sleep(PAUSE)
        except OSError:
            assert sent >= least, f"cut off after {sent} pieces {piece} behind {first}"
            return
        raise AssertionError(f"still connected after {LIMIT} pieces {piece} behind {first}")


def test_clients_that_stop(impatient):
    """In silence, in the head, at the start of a TLS handshake."""
    heads = [b"G", b"GET / HTTP/1.1", b"GET / HTTP/1.1\r\n", request()[:-2], b"\x16\x03\x01\x02\0\x01"]
    side_by_side(stop, impatient, [(b"", ()), (b"\r\n", ()), *((data, (408,)) for data in heads)])


def test_bodies_that_stop(impatient):
    cases = []
    for path in (b"/echo", b"/stream", b"/ignore", b"/first", b"/unknown"):
        line = b"POST " + path + b" HTTP/1.1"
        for data in (
            request(line, b"Content-Length: 10"),
            request(line, b"Content-Length: 10", body=b"hello"),
            request(line, b"Content-Length: 30000"),
            request(line, b"Content-Length: 10", b"Expect: 100-continue"),
            request(line, CHUNKED),
            request(line, CHUNKED, body=b"5\r\nhel"),
            request(line, CHUNKED, body=b"5\r\nhello\r\n0\r\n"),
        ):
            cases.append((data, (200, 404, 408, 413)))
    side_by_side(stop, impatient, cases)


def test_dribbling_clients(impatient):
    """None of these ever stops, and none ever comes to its end."""
    side_by_side(
        dribble,
        impatient,
        [
            (b"GET / HTTP/1.1\r\nX-Test: ", b"a"),
            (b"GET / HTTP/1.1\r\n", b"a:\r\n"),
            (b"", b"\r\n"),
            (request(POST, b"Content-Length: 10000"), b"x"),
            (request(b"POST /stream HTTP/1.1", b"Content-Length: 10000"), b"x"),
            (request(POST, CHUNKED), b"1\r\nx\r\n"),
            (request(b"POST /stream HTTP/1.1", CHUNKED), b"1\r\nx\r\n"),
            (request(POST, CHUNKED), b"0"),
            (request(POST, CHUNKED, body=b"5;"), b"a"),
            (request(POST, CHUNKED, body=b"0\r\nX: "), b"a"),
            (request(POST, CHUNKED, body=b"0\r\n"), b"a:\r\n"),
        ],
    )


def test_clients_that_go_on_after_the_last_answer(impatient):
    """A refused client that goes on sending is not listened to for ever."""
    piece = b"x" * 100
    side_by_side(
        dribble,
        impatient,
        [
            (request(POST, b"Content-Length: 99999999"), piece),
            (request(POST, b"Content-Length: x"), piece),
            (request(b"GET / HTTP/1.1", CLOSE), piece, 0),  # it has said that nothing more comes
            (request(b"GET / HTTP/1.1", CLOSE) + request(), request(), 0),
            (request(b"POST /ignore HTTP/1.1", b"Content-Length: 30000"), b"x"),
            (request(b"POST /ignore HTTP/1.1", CLOSE, CHUNKED), b"1\r\nx\r\n"),
        ],
    )


def test_flood_behind_an_error(impatient):
    """Nor is one that sends as fast as it can."""
    with impatient.connect() as sock:
        sock.sendall(request(POST, b"Content-Length: x"))
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
    """After the last answer the server closes although the client does not."""

    def wait_for_the_end(server, data):
        with server.connect() as sock:
            sock.sendall(data)
            reader = Reader(sock)
            assert not reader.response(version=data.split(b"\r\n")[0][-3:].decode()).persistent
            reader.end()

    cases = [
        request(b"GET / HTTP/1.1", CLOSE),
        request(b"GET / HTTP/1.0"),
        request(b"GET / HTTP/1.1", host=None),
        request(POST, b"Content-Length: 99999"),
    ]
    side_by_side(wait_for_the_end, impatient, [(data,) for data in cases])


def unread(server):
    """A connection with a small receive buffer, so that the server's writes stop early."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.settimeout(PATIENCE)
    sock.connect(("127.0.0.1", server.port))
    return sock


def peak(server):
    """Return the most memory that the server has had, in KB."""
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


def test_client_that_never_reads(impatient):
    """The socket of a client that takes nothing is closed, whatever the body is made of."""
    quiet, before = impatient.sockets(), peak(impatient)
    socks = [unread(impatient) for _ in range(2)]
    for sock, path in zip(socks, (b"/large/50000000", b"/countdown/10000000"), strict=True):
        sock.sendall(request(b"GET " + path + b" HTTP/1.1"))
    assert wait_until(lambda: impatient.sockets() > quiet), "not even accepted"
    assert wait_until(lambda: impatient.sockets() <= quiet), "sockets of clients that never read stay open"
    assert peak(impatient) - before < 16 * 1024, "a body is kept in memory for a client that takes nothing"
    for sock in socks:
        sock.close()


def test_pipelining_client_that_never_reads(impatient):
    quiet = impatient.sockets()
    with unread(impatient) as sock:
        sock.settimeout(1)
        try:
            for _ in range(1000):
                sock.sendall(request(b"GET /large/100000 HTTP/1.1") * 10)
        except OSError:
            pass  # nobody takes it any more
        assert wait_until(lambda: impatient.sockets() <= quiet), "the socket stays open"


def test_slow_reader_is_served(impatient):
    """The write deadline is for a client that takes nothing, not for one that takes little."""
    size = 40_000_000  # more than the network holds: the server waits for the client again and again
    before = peak(impatient)
    with unread(impatient) as sock:
        sock.sendall(request(b"GET /large/%d HTTP/1.1" % size))
        received = 0
        while received < size:
            if received % 4 == 0:
                time.sleep(0.0005)
            piece = sock.recv(65536)
            assert piece, f"cut off after {received} bytes"
            received += len(piece)
    assert peak(impatient) - before < 16 * 1024, "the body is kept in memory for a slow client"


def test_slow_sender_is_served(impatient):
    """The deadline of a body is for one that comes too slowly, not for one that is large."""
    with impatient.connect() as sock:
        sock.sendall(request(b"POST /stream HTTP/1.1", b"Content-Length: 15000"))
        for _ in range(100):
            sock.sendall(b"x" * 150)
            time.sleep(0.01)
        assert Reader(sock).response().body == b"15000 0"


def test_many_silent_clients(impatient):
    """Far more silent clients than there is room for do not keep others out for long."""
    quiet = impatient.sockets()
    silent = [impatient.connect() for _ in range(40)]
    for sock in silent[::2]:
        send_all(sock, b"GET / HT")
    assert wait_until(impatient.answers), "kept out by silent clients"
    assert wait_until(lambda: impatient.sockets() <= quiet), "silent clients keep their sockets"
    for sock in silent:
        sock.close()
