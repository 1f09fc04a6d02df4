"""Shutdown lets requests finish within a grace time and leaves nothing behind, however it is asked for."""

import signal
from contextlib import suppress

import pytest

from runtimes import micropython_binary
from wire.reader import EndOfStream, Reader
from wire.server import PATIENCE, Server, wait_until
from wire.vector import request


@pytest.fixture
def server(runtime):
    """A server that the test shuts down; its grace time is half a second."""
    with Server(runtime, "crowded") as server:
        yield server


def by_route(server):
    assert server.get("/shutdown").body == b"shutting down"


def assert_ends(server):
    """The process must end by itself, in order, with no task and no complaint left."""
    assert server.process.wait(PATIENCE) == 0, server.log()
    assert not server.complaints(), server.log()[-1500:]
    assert "left: 0 tasks, 0 files or sockets" in server.log(), server.log()


def start(server, path):
    """Begin a request; return its connection once the handler runs."""
    begun = int(server.get("/started").body)
    sock = server.connect()
    sock.sendall(request(b"GET " + path + b" HTTP/1.1"))
    if b"wait" in path:
        assert wait_until(lambda: int(server.get("/started").body) == begun + 1)
    else:
        assert sock.recv(1)
    return sock


def test_shutdown_answers_first(server):
    by_route(server)
    assert_ends(server)


@pytest.fixture
def timeless(runtime):
    """A server that the test shuts down; its grace time does not end."""
    with Server(runtime, "timeless") as server:
        yield server


def test_idle_and_silent_connections_are_closed(timeless):
    idle, silent = timeless.connect(), timeless.connect()
    idle.sendall(request(b"GET / HTTP/1.1"))
    reader = Reader(idle)
    assert reader.response().persistent
    by_route(timeless)
    assert_ends(timeless)
    reader.end()
    assert silent.recv(1000) == b""
    idle.close()
    silent.close()


def test_a_client_that_stops_within_a_head_is_cut_off(server):
    silent = server.connect()
    silent.sendall(b"GET / HT")
    by_route(server)
    assert_ends(server)
    assert silent.recv(1000).partition(b"\r\n")[0] in (b"", b"HTTP/1.1 408 Request Timeout")
    silent.close()


def test_running_request_finishes(server):
    sock = start(server, b"/wait/3")
    by_route(server)
    response = Reader(sock).response()
    assert (response.status, response.body) == (200, b"waited")
    assert not response.persistent, "a kept connection is promised and not held"
    assert_ends(server)
    sock.close()


def test_request_that_takes_too_long_is_cancelled(server):
    sock = start(server, b"/wait/6000")
    by_route(server)
    assert_ends(server)
    with suppress(EndOfStream, ConnectionResetError):
        assert Reader(sock).response().status in (500, 503)
    sock.close()


def test_endless_body_is_cancelled_and_closed(server):
    sock = start(server, b"/slow/6000")
    by_route(server)
    assert_ends(server)
    assert ", 1 bodies closed" in server.log(), "aclose() was not called"
    sock.close()


def test_no_client_is_taken_while_shutting_down(server):
    sock = start(server, b"/wait/4")
    by_route(server)
    assert wait_until(lambda: not server.listens()), "still accepts connections"
    assert Reader(sock).response().status == 200
    assert_ends(server)
    sock.close()


def test_the_port_is_free_again(server):
    by_route(server)
    assert_ends(server)
    assert not server.listens()


LOADS = pytest.mark.parametrize("load", ["none", "idle", "short", "long", "endless"])


@LOADS
def test_ctrl_c(runtime, load):
    assert_ends_in_order(runtime, signal.SIGINT, load)


@LOADS
def test_sigterm_on_cpython(load):
    assert_ends_in_order("cpython", signal.SIGTERM, load)


def assert_ends_in_order(runtime, number, load):
    with Server(runtime, "timeless" if load == "idle" else "crowded") as server:
        socks = []
        if load == "idle":
            socks.append(server.connect())
        elif load != "none":
            socks.append(start(server, {"short": b"/wait/3", "long": b"/wait/6000", "endless": b"/slow/6000"}[load]))
        server.process.send_signal(number)
        if load == "short":
            assert Reader(socks[0]).response().body == b"waited"
        assert_ends(server)
        if load == "endless":
            assert ", 1 bodies closed" in server.log()
        for sock in socks:
            sock.close()


def test_ctrl_c_inside_a_handler_on_micropython():
    """There it is an exception, raised in whatever runs; the other requests still finish."""
    with Server(micropython_binary(), "crowded") as server:
        waiting, interrupted = start(server, b"/wait/3"), server.connect()
        interrupted.sendall(request(b"GET /interrupted HTTP/1.1"))
        assert Reader(waiting).response().body == b"waited"
        assert_ends(server)
        waiting.close()
        interrupted.close()


def test_ctrl_c_while_a_connection_is_accepted_on_micropython():
    """It ends the task that accepts, for which the shutdown waits."""
    with Server(micropython_binary(), "crowded") as server:
        asked = server.connect()
        asked.sendall(request(b"GET /interrupted/next HTTP/1.1"))
        assert Reader(asked).response().body == b"waiting"
        accepted = server.connect()
        assert_ends(server)
        asked.close()
        accepted.close()
