"""A stock Pico's server under clients that hold it up: it stays reachable, and has its places back afterwards.

The board has the framework's default limits, and five TCP connections, like the firmware for a Pico W. The clients see
it only from outside. docs/robustness.md lists what cannot be tried here.
"""

import contextlib
import json
import pathlib
import time

import pytest
from emulated import EMULATOR, PATIENCE, EmulatedPico

from live.browser import chromium
from wire.reader import EndOfStream, Reader
from wire.server import reset
from wire.vector import request

CONNECTIONS = 5  # of the network
PLACES = 4  # of a server on this port, unless it is told otherwise
SERVER = pathlib.Path(__file__).with_name("stock_server.py")
FORM = b"Content-Type: application/x-www-form-urlencoded"
SETTLED = "document.images.length === 40 && [...document.images].every(image => image.complete)"
LOADED = "[...document.images].filter(image => image.complete && image.naturalWidth).length"
HANDSHAKE = (
    b"Upgrade: websocket", b"Connection: Upgrade", b"Sec-WebSocket-Version: 13",
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)  # fmt: skip
HANDSHAKE_REQUEST = request(b"GET /socket HTTP/1.1", *HANDSHAKE)


@pytest.fixture(scope="module")
def board(emulator, pico_ppp_uf2):
    with EmulatedPico(pico_ppp_uf2, forwards=(80,), scripts=[EMULATOR / "board" / "link.py", SERVER]) as board:
        yield board


class Client:
    """A connection to the board, with its reader."""

    def __init__(self, board):
        self.sock = board.connect(80)
        self.reader = Reader(self.sock)

    def send(self, line, *fields, body=b""):
        """Send a request; return the client."""
        if body:
            fields += (b"Content-Length: %d" % len(body),)
        return self.send_bytes(request(line + b" HTTP/1.1", *fields, body=body))

    def send_bytes(self, data):
        self.sock.sendall(data)
        return self

    def status(self):
        """Return the status of the next answer; None if the connection ends instead."""
        try:
            return self.reader.response().status
        except (EndOfStream, ConnectionError):
            return None

    def leave(self):
        """Reset the connection."""
        with contextlib.suppress(OSError):
            reset(self.sock)
        self.sock.close()

    def close(self):
        self.sock.close()


def ask(board, line, *fields, body=b""):
    """Make a request on a connection of its own; return the answer."""
    with contextlib.closing(Client(board)) as client:
        return client.send(line, b"Connection: close", *fields, body=body).reader.response()


def state(board):
    """Return what the board says of itself; a request for which there was no place is made again."""
    limit = time.monotonic() + PATIENCE
    while True:
        response = ask(board, b"GET /state")
        if response.status == 200:
            return json.loads(response.body)
        assert response.status == 503, response
        assert time.monotonic() < limit


def until(board, condition):
    """Ask until *condition()* of the board's state is true; return the state."""
    limit = time.monotonic() + PATIENCE
    while not condition(found := state(board)):
        assert time.monotonic() < limit, found
        time.sleep(0.2)  # the board's time passes sooner while it has nothing to do
    return found


@pytest.fixture
def crowd(board):
    """A function that opens connections; they are closed, and afterwards the board must be as before."""
    until(board, lambda now: now["places"] == 1)
    clients = []

    def come(number=1):
        clients.extend(Client(board) for _ in range(number))
        return clients[-number:]

    yield come
    for client in clients:
        client.leave()
    after = until(board, lambda now: now["places"] == 1)
    until(board, lambda now: now["clock"] > after["clock"])
    assert after["reserved"] == 0
    print(board.log())


@contextlib.contextmanager
def pace(board, value=20):
    """Let idle time on the board pass sooner."""
    board.pace(value)
    yield
    board.pace(1)


def greets(board, name=b"ada"):
    """Whether a request gets its answer."""
    response = ask(board, b"GET /hello/" + name)
    return response.status == 200 and response.body == b"Hello, " + name + b"!"


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\nHost: lo"], ids=["silent", "unfinished"])
def test_clients_that_do_not_ask(board, crowd, said):
    clients = crowd(PLACES)
    for client in clients:
        client.send_bytes(said)
    for _ in range(2):
        assert greets(board)
        for client in clients:
            with contextlib.suppress(OSError):  # closed by now
                client.send_bytes(said and b"c")


def test_kept_connections_make_room(board, crowd):
    """They hold all connections of the network, also when the server has closed some of them: their clients do not."""
    for client in crowd(CONNECTIONS):
        assert client.send(b"GET /hello/kept").status() == 200
    with pace(board):  # the newcomer waits until lwIP gives one of them up
        assert greets(board)


def test_a_newcomer_waits_for_a_place(board, crowd):
    busy = crowd(PLACES)
    for client in busy:
        client.send(b"GET /poll")
    assert greets(board)
    assert [client.status() for client in busy] == [200] * PLACES


def test_clients_that_leave_while_they_wait(board, crowd):
    left = state(board)["left"]
    for target in (b"/poll", b"/waiting"):
        clients = crowd(PLACES)
        for client in clients:
            client.send(b"GET " + target)
        if target == b"/waiting":
            for client in clients:
                assert client.sock.recv(12) == b"HTTP/1.1 200"
        for client in clients[::2]:
            client.leave()
        for client in clients[1::2]:
            client.close()
        assert greets(board)
    until(board, lambda now: now["left"] == left + PLACES)


def test_a_client_that_sends_on_and_leaves(board, crowd):
    """More than a head's worth behind a stream that waits: then the server reads no further."""
    left = state(board)["left"]
    (ghost,) = crowd()
    ghost.send(b"GET /waiting")
    assert ghost.sock.recv(12) == b"HTTP/1.1 200"
    ghost.send_bytes(b"x" * 5000).close()
    until(board, lambda now: now["left"] == left + 1)


def test_sockets_and_event_streams_leave_two_places(board, crowd):
    """A WebSocket over the bound is refused, an event stream takes the place of an older one of the same client."""
    left = state(board)["left"]
    first, second, third = crowd(3)
    first.send(b"GET /socket", *HANDSHAKE)
    second.send(b"GET /events")
    assert first.sock.recv(12) == b"HTTP/1.1 101"
    assert second.sock.recv(12) == b"HTTP/1.1 200"
    assert third.send(b"GET /socket", *HANDSHAKE).status() == 503
    third.close()
    (newer,) = crowd()
    newer.send(b"GET /events")
    assert newer.sock.recv(12) == b"HTTP/1.1 200"
    until(board, lambda now: now["left"] == left + 1)
    with pace(board, 100):
        while first.sock.recv(100):  # a WebSocket that answers no ping
            pass
    assert until(board, lambda now: now["left"] == left + 2)["places"] == 2


def test_bodies_larger_than_is_loaded(board, crowd):
    body = b"x" * 20000
    assert ask(board, b"POST /stream", body=body).body == b'{"length": 20000}'
    assert ask(board, b"POST /length", body=body).status == 413
    assert ask(board, b"POST /length", b"Content-Length: 99999999").status == 413
    assert ask(board, b"POST /login", FORM, body=b"password=" + body).status == 413


def test_uploads_that_stall_leave_memory_to_others(board, crowd):
    ask(board, b"POST /ballast/30000")
    uploads = crowd(PLACES - 1)
    for client in uploads:
        client.send_bytes(request(b"POST /length HTTP/1.1", b"Content-Length: 15000", body=b"x" * 14000))
    assert greets(board)
    with pace(board):
        assert {client.status() for client in uploads} <= {408, 503, None}
    ask(board, b"POST /ballast/0")


def test_fields_without_end(board, crowd):
    fields = b"&".join(b"k%d=" % number for number in range(300))
    assert ask(board, b"GET /query?" + fields).status == 400
    assert ask(board, b"POST /login", FORM, body=fields).status == 413


def test_a_login_under_memory_pressure(board, crowd):
    """Forms with as many fields as are taken, heads without end, handlers that take all memory; some clients leave."""
    ask(board, b"POST /ballast/16000")
    form = b"&".join(b"field%02d=%s" % (number, b"v" * 40) for number in range(64))
    head = [b"X-Field-%02d: " % number + b"v" * 60 for number in range(45)]
    for turn in range(2):
        clients = crowd(PLACES - 1)
        clients[0].send(b"POST /login", FORM, body=form)
        clients[1].send(b"POST /login", FORM, *head, body=form)
        clients[2].send(b"GET /exhaust")
        if turn:
            clients[0].leave()
        else:
            assert {client.status() for client in clients} <= {401, 503, None}
        for client in clients:
            client.close()
    ask(board, b"POST /ballast/0")
    assert ask(board, b"POST /login", FORM, body=b"password=open+sesame").body == b"welcome"


def test_a_path_that_fits_in_many_ways(board, crowd):
    """Two variables of any length: the board's work grows no faster than the path."""

    def work(target):
        before = board.status()["busyMicroseconds"]
        assert ask(board, b"GET " + target).status == 404
        return board.status()["busyMicroseconds"] - before

    part = b"/as" * 50
    assert work(b"/files" + 12 * part) < 24 * work(b"/files" + part)


def test_a_client_that_does_not_wait_for_answers(board, crowd):
    pipelining, honest = crowd(2)
    before = state(board)["served"]
    assert honest.send(b"GET /hello/ada").status() == 200
    pipelining.send_bytes(request(b"GET /image/1 HTTP/1.1") * 12)
    honest.send(b"GET /state")
    assert json.loads(honest.reader.response().body)["served"] < before + 12
    assert [pipelining.status() for _ in range(12)] == [200] * 12


def test_a_client_that_does_not_read(board, crowd):
    left = state(board)["left"]
    board.take(6000)
    try:
        (slow,) = crowd()
        slow.send(b"GET /large/20000")
        assert greets(board)
        with pace(board):
            until(board, lambda now: now["left"] == left + 1)
    finally:
        board.take(None)


def test_clients_that_break_off(board, crowd):
    head = request(b"POST /stream HTTP/1.1", b"Content-Length: 3000")
    for data in (b"GET", head, head + b"x" * 1000, request(b"GET /large/9000 HTTP/1.1"), HANDSHAKE_REQUEST):
        leaving, closing = crowd(2)
        leaving.send_bytes(data).leave()
        closing.send_bytes(data).close()
    assert greets(board)


async def test_a_page_of_40_images_loads_in_a_browser(board, note):
    async with chromium() as browser:
        page = await browser.new_page()
        before = board.status()["simulatedMicroseconds"]
        await page.goto(f"http://127.0.0.1:{board.port(80)}/", wait_until="commit", timeout=PATIENCE * 1000)
        await page.wait_for_function(SETTLED, timeout=PATIENCE * 1000)
        seconds = (board.status()["simulatedMicroseconds"] - before) / 1e6
        assert await page.evaluate(LOADED) == 40, board.log()
    note("page with 40 images in Chromium", f"{seconds:.1f} s of the board's time")
