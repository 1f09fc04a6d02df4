"""Streams that only their clients would end, when the server is told to stop, as for a restart."""

import pathlib
import socket

import pytest

from live.raw_websocket import RawClient
from live.servers import GATEWAYS
from microdot.gateway.stopping import is_stopping
from server_process import PATIENCE

APP = pathlib.Path(__file__).parent / "streams_app.py"
#: Servers that show an application that they are stopping.
SHOWING = ["uvicorn", "uvicorn-h11", "gunicorn-uvicorn", "gunicorn-gthread", "gunicorn-gevent"]
EVENTS = ["/sse", "/async", "/def"]


@pytest.mark.parametrize("name", SHOWING)
def test_streams_end_and_so_does_the_server(name):
    gateway = GATEWAYS[name]
    with gateway.start(APP) as server:
        clients = []
        for path in EVENTS:
            client = socket.create_connection(("127.0.0.1", server.port), PATIENCE).makefile("rwb")
            client.write(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            client.flush()
            while client.readline() != b"data: first\n":
                pass
            clients.append(client)
        with RawClient(server.port, "/ws") as websocket:
            server.process.send_signal(gateway.stop)
            for client in clients:
                with client:
                    assert client.read().endswith(b"\r\n0\r\n\r\n")
            assert websocket.close_code() in (1001, 1012)  # going away, or a restart
        server.process.wait(PATIENCE)
        lines = [line for line in server.log().splitlines() if line.startswith("the ")]
        assert lines == ["the stream ends"] * 4 + ["the end"]
        assert "Traceback" not in server.log()


def test_nothing_stops_here():
    assert not is_stopping()
