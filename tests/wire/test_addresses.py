"""No address can hold all places: when they are short, the one that holds most gives one to another address."""

import pytest

from wire.reader import EndOfStream, Reader
from wire.server import Server, wait_until
from wire.vector import request

GET = request(b"GET / HTTP/1.1")
HERE, THERE = "127.0.0.1", "127.0.0.2"
ROOM = 3  # max_connections of the profiles


class Client:
    """A connection from an address, on which a part of a head is on its way."""

    def __init__(self, server, address):
        self.sock = server.connect(address)
        self.reader = Reader(self.sock)
        self.sock.sendall(GET[:10])

    def finish(self):
        """Send the rest of the head."""
        self.sock.sendall(GET[10:])
        return self

    def response(self):
        """The next response, None if the connection ends instead; hangs up where no other one may follow."""
        try:
            response = self.reader.response()
        except (EndOfStream, ConnectionResetError):
            return None
        if not response.persistent:
            self.sock.close()
        return response

    def status(self):
        """The status of the next response, None if the connection ends instead."""
        response = self.response()
        return response and response.status


@pytest.fixture
def clients():
    """A list of clients, which are closed in the end."""
    made = []
    yield made
    for client in made:
        client.sock.close()


def take_places(server, clients, *addresses):
    """Have clients of these addresses take all places, in this order."""
    quiet = server.sockets()
    for number, address in enumerate(addresses):
        clients.append(Client(server, address))
        assert wait_until(lambda number=number: server.sockets() == quiet + number + 1)


def answers_until_crowded(client):
    """Make requests until a response says that another client waits for a place; return their statuses."""
    statuses = set()

    def crowded():
        response = client.finish().response()
        statuses.add(response.status)
        if response.persistent:
            client.sock.sendall(GET[:10])
        return not response.persistent

    assert wait_until(crowded)
    return statuses


def test_the_address_with_most_places_gives_its_newest_to_another(runtime, clients):
    with Server(runtime, "stopped") as server:
        take_places(server, clients, THERE, THERE, THERE)
        newcomer = Client(server, HERE)
        clients.append(newcomer)
        assert newcomer.finish().status() == 200
        first, second, third, _ = clients
        assert third.response() is None
        assert [client.finish().status() for client in (first, second)] == [200, 200]


@pytest.mark.parametrize(
    ("profile", "places", "newcomer"),
    [
        ("stopped", (THERE, THERE, THERE), THERE),
        ("stopped", (HERE, THERE, THERE), HERE),
        ("proxied", (THERE, THERE, THERE), HERE),
    ],
    ids=["own address", "as many afterwards", "proxy"],
)
def test_nobody_gives_a_place(runtime, clients, profile, places, newcomer):
    """To the same address, to one that would hold as many, or for a proxy's clients, who are many people."""
    with Server(runtime, profile) as server:
        take_places(server, clients, *places)
        clients.append(Client(server, newcomer))
        assert answers_until_crowded(clients[0]) == {200}
        assert [client.finish().status() for client in clients[1:]] == [200] * ROOM
