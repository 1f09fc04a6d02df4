"""Messages that end too early, at every byte, by end or by reset: nothing wrong is answered, others are served."""

import socket

import pytest

from wire.reader import EndOfStream, Reader
from wire.server import reset, wait_until
from wire.vector import echoed, request

NEXT = request()
MESSAGES = {
    "GET": request(b"GET /echo?a=b HTTP/1.1", b"X-Test: a b"),
    "empty line first": b"\r\n" + request(),
    "HTTP/1.0": request(b"GET /echo HTTP/1.0", host=None),
    "sized body": request(b"POST /echo HTTP/1.1", b"Content-Length: 11", body=b"hello world"),
    "chunked body": request(
        b"POST /echo HTTP/1.1",
        b"Transfer-Encoding: chunked",
        body=b"5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nX-Trailer: a\r\n\r\n",
    ),
    "streamed body": request(b"POST /stream HTTP/1.1", b"Content-Length: 11", body=b"hello world"),
    "streamed chunks": request(
        b"POST /stream HTTP/1.1", b"Transfer-Encoding: chunked", body=b"5\r\nhello\r\n0\r\n\r\n"
    ),
    "expecting": request(b"POST /echo HTTP/1.1", b"Content-Length: 5", b"Expect: 100-continue", body=b"hello"),
    "JSON": request(b"POST /json HTTP/1.1", b"Content-Type: application/json", b"Content-Length: 7", body=b'{"a":1}'),
    "absolute form": request(b"GET http://b/echo HTTP/1.1"),
    "bad": request(b"POST /echo HTTP/1.1", b"Content-Length: x", body=b"hello"),
}


def replies_until_end(sock):
    """Return all the responses that come until the server closes; each must be well-formed."""
    reader, responses = Reader(sock), []
    while True:
        try:
            responses.append(reader.response())
        except EndOfStream:
            return responses


@pytest.mark.parametrize("name", MESSAGES)
def test_cut_at_every_byte(strict, name):
    """The client ends its side in the middle and still reads: no success for what was not sent."""
    data = MESSAGES[name]
    for size in range(len(data)):
        with strict.connect() as sock:
            sock.sendall(data[:size])
            sock.shutdown(socket.SHUT_WR)
            statuses = [response.status for response in replies_until_end(sock)]
        assert statuses in ([], [400], [408]), f"cut after {size} bytes: {statuses}"
    strict.assert_alive()


def test_cut_behind_a_whole_request(strict):
    """What was asked completely before the cut is answered."""
    data = NEXT + MESSAGES["sized body"]
    for size in range(len(NEXT), len(data)):
        with strict.connect() as sock:
            sock.sendall(data[:size])
            sock.shutdown(socket.SHUT_WR)
            first, *others = replies_until_end(sock)
        assert (first.status, first.body) == (200, echoed(b"", b"GET"))
        assert [response.status for response in others] in ([], [400], [408]), f"cut after {size} bytes: {others}"
    strict.assert_alive()


def test_half_closed_client_gets_its_answer(strict):
    """A client may end its side after the request and wait for the answer."""
    for data in (NEXT, MESSAGES["sized body"], request(b"GET /wait/1 HTTP/1.1"), request(b"GET /sync HTTP/1.1")):
        with strict.connect() as sock:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            assert [response.status for response in replies_until_end(sock)] == [200]


@pytest.mark.parametrize("name", MESSAGES)
def test_reset_at_every_byte(strict, name):
    data = MESSAGES[name]
    for size in range(len(data) + 1):
        sock = strict.connect()
        sock.sendall(data[:size])
        reset(sock)
        strict.assert_alive()


@pytest.mark.parametrize(
    "path", ["/large/1000000", "/slow/20", "/countdown/1000", "/file", "/short", "/sync", "/wait/3"]
)
@pytest.mark.parametrize("received", [0, 1, 300])
def test_reset_while_the_answer_comes(strict, path, received):
    quiet = strict.sockets()
    sock = strict.connect()
    sock.sendall(request(b"GET " + path.encode() + b" HTTP/1.1"))
    if received:
        sock.recv(received)
    reset(sock)
    strict.assert_alive()
    assert wait_until(lambda: strict.sockets() <= quiet), "the socket stays open"


def test_a_body_iterator_is_closed_when_the_client_is_gone(strict):
    before = int(strict.get("/closed").body)
    sock = strict.connect()
    sock.sendall(request(b"GET /slow/1000 HTTP/1.1"))
    sock.recv(10)
    reset(sock)
    assert wait_until(lambda: int(strict.get("/closed").body) == before + 1), "aclose() was not called"


def test_a_body_file_is_closed_when_the_client_is_gone(strict, tmp_path):
    """The file is larger than what the network holds for a client that takes nothing: it is open until that goes."""
    file = tmp_path / "large"
    with file.open("wb") as large:
        large.truncate(64 * 1024 * 1024)

    def is_open():
        return str(file) in strict.open_files()

    for _ in range(3):
        sock = strict.connect()
        sock.sendall(request(b"GET /send" + str(file).encode() + b" HTTP/1.1"))
        assert wait_until(is_open), "not even opened"
        assert sock.recv(10)
        assert is_open(), "all of it is somewhere in memory"
        reset(sock)
        assert wait_until(lambda: not is_open()), "the file stays open"
    strict.assert_alive()
