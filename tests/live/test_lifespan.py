"""What runs beside the server, under every server that the documentation names."""

import pathlib
import signal

import httpx
import pytest

from live.served import OWN, Served
from live.servers import GATEWAYS
from server_process import PATIENCE, wait_until

APP = pathlib.Path(__file__).parent / "lifespan_app.py"
#: Servers that end their processes at once, so that nothing is told of the end.
ABRUPT = {"daphne", "granian-wsgi"}


def check(server, stop):
    """Check that the task runs between requests, and what happens when *stop* has ended the server.

    :param stop: a function that gets the number of requests that were sent.
    """
    states = []

    def look():
        states.append(httpx.get(f"http://127.0.0.1:{server.port}/", timeout=PATIENCE).json())
        return states[-1]["rounds"] > states[0]["rounds"] + 2

    assert wait_until(look)
    assert {state["starts"] for state in states} == {1}
    stop(len(states))
    server.process.wait(PATIENCE)
    return [line for line in server.log().splitlines() if line.startswith("the ")]


@pytest.mark.parametrize("kind", OWN)
def test_own_server(kind):
    with Served(kind, APP) as server:
        lines = check(server, lambda _: server.process.send_signal(signal.SIGINT))
        assert lines == ["the start", "the task ends", "the end"]


@pytest.mark.parametrize("name", GATEWAYS)
def test_gateway(name):
    gateway = GATEWAYS[name]
    with gateway.start(APP) as server:
        lines = check(server, server.end)
        assert lines == (["the start"] if name in ABRUPT else ["the start", "the task ends", "the end"])
