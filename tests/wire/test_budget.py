"""The connection budget: what happens when more clients come than the server has room for."""

import pytest

from wire.reader import EndOfStream, Reader
from wire.server import Server, wait_until
from wire.vector import request

GET = request(b"GET / HTTP/1.1")
ROOM = 3  # max_connections of the profile, which is also its max_requests_per_connection


@pytest.fixture
def crowded(runtime):
    """A server with three connections, three requests each, and deadlines that no test reaches."""
    with Server(runtime, "crowded") as server:
        yield server
        server.assert_alive()


class Client:
    """A connection with its reader."""

    def __init__(self, server):
        self.sock = server.connect()
        self.reader = Reader(self.sock)

    def send(self, data=GET):
        self.sock.sendall(data)
        return self

    def status(self):
        """The status of the next response, or None when the connection ends instead."""
        try:
            return self.reader.response().status
        except (EndOfStream, ConnectionResetError):
            return None

    def close(self):
        self.sock.close()


def close(*clients):
    for client in clients:
        client.close()


def test_the_oldest_idle_connection_makes_room(crowded):
    first, second, third = [Client(crowded).send() for _ in range(ROOM)]
    assert [client.status() for client in (first, second, third)] == [200] * ROOM
    fourth = Client(crowded).send()
    assert fourth.status() == 200
    assert first.status() is None, "the oldest idle connection should have been closed"
    assert [client.send().status() for client in (second, third, fourth)] == [200] * 3
    close(first, second, third, fourth)


def test_use_makes_a_connection_younger(crowded):
    first, second, third = [Client(crowded).send() for _ in range(ROOM)]
    assert [client.status() for client in (first, second, third)] == [200] * ROOM
    assert first.send().status() == 200
    fourth = Client(crowded).send()
    assert fourth.status() == 200
    assert second.status() is None
    assert first.send().status() == 200
    close(first, second, third, fourth)


def test_a_busy_connection_is_never_dropped(crowded):
    """All connections work on a request: a further client waits or is told 503 with Retry-After."""
    busy = [Client(crowded).send(request(b"GET /wait/10 HTTP/1.1")) for _ in range(ROOM)]
    assert wait_until(lambda: crowded.sockets() >= ROOM)
    extra = Client(crowded).send()
    try:
        response = extra.reader.response()
        assert response.status in (200, 503), response
        assert response.status == 200 or int(response.headers["retry-after"]) >= 1, response
    except EndOfStream:
        raise AssertionError("a client that is turned away is told so") from None
    assert [client.status() for client in busy] == [200] * ROOM, "a request was given up"
    close(extra, *busy)


def test_room_again_when_clients_leave(crowded):
    for _ in range(5):
        clients = [Client(crowded).send() for _ in range(ROOM)]
        assert [client.status() for client in clients] == [200] * ROOM
        close(*clients)
        assert wait_until(crowded.answers)


def test_requests_of_one_connection_are_counted(crowded):
    client = Client(crowded)
    persistent = []
    for _ in range(ROOM):
        client.send()
        persistent.append(client.reader.response().persistent)
    assert persistent == [True, True, False]
    client.reader.end()
    client.close()


def test_a_burst_of_connections(crowded):
    """Whoever gets an answer gets a whole one, and there is an answer for the first after the burst."""
    clients = [Client(crowded) for _ in range(40)]
    for client in clients:
        try:
            client.send()
        except OSError:
            continue
    assert {client.status() for client in clients} <= {200, 503, None}
    close(*clients)
    crowded.assert_alive()
