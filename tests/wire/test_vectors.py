"""Every vector of the corpus, sent whole and in single bytes, on both runtimes."""

import socket

import pytest

from wire.corpus import VECTORS
from wire.reader import EndOfStream, Fault, Reader
from wire.server import send_all
from wire.vector import CLOSED, CONTINUE, CUT, OPEN, echoed, request

SMALL = 1500  # bytes up to which a vector is also sent byte by byte
PROBE = request(b"PUT /echo?probe HTTP/1.1", b"Content-Length: 2", body=b"ok")


def converse(sock, vector, piece):
    """Send the vector, read and check its replies; return the reader and the last response."""
    reader = Reader(sock)
    for segment in vector.segments:
        if segment is CONTINUE:
            assert reader.interim_response().status == 100
        else:
            send_all(sock, segment, piece)
    announced = reader.interim
    response = None
    for number, expected in enumerate(vector.replies):
        try:
            response = reader.response(expected.to, expected.version)
        except EndOfStream:
            raise Fault(f"closed before reply {number + 1}") from None
        check(response, expected)
        last = number == len(vector.replies) - 1
        if not last and not response.persistent:
            raise Fault(f"reply {number + 1} announces the close: {response}")
    if CONTINUE not in vector.segments and b"\r\nExpect:" in vector.data and vector.then == CLOSED:
        assert reader.interim == announced, "100 Continue for a body that is not wanted"
    return reader, response


def check(response, expected):
    assert response.status in expected.statuses, response
    if expected.body is not None:
        assert response.body == expected.body, response
    for name, value in expected.headers.items():
        assert response.headers.get(name) == value, response
    if response.status == 405:
        assert "GET" in response.headers["allow"], response


def check_end(sock, vector, reader, response):
    """The connection must end, or serve another request, as the vector and the last response say."""
    if vector.then in (CLOSED, CUT):
        assert not response.persistent, f"the close is not announced: {response}"
    if vector.then == OPEN:
        assert response.persistent, f"the close is announced: {response}"
    if response.persistent:
        send_all(sock, PROBE)
        response = reader.response()
        assert (response.status, response.body) == (200, echoed(b"ok", b"PUT", b"/echo?probe")), response
        return
    try:
        sock.shutdown(socket.SHUT_WR)
        reader.end()
    except OSError as error:
        if vector.then != CUT:
            raise Fault(f"a reset instead of an orderly end: {error}") from error


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_vector(strict, vector):
    for piece in [None, 1] if len(vector.data) <= SMALL else [None, len(vector.data) // 300 + 1]:
        with strict.connect() as sock:
            reader, response = converse(sock, vector, piece)
            check_end(sock, vector, reader, response)
        strict.assert_alive()


def test_names_are_unique():
    names = [vector.name for vector in VECTORS]
    assert len(names) == len(set(names)), sorted(name for name in names if names.count(name) > 1)
