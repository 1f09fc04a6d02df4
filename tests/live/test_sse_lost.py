"""Event streams whose client goes without a word: each server notices it, and the handler is cancelled."""

import json
import socketserver
import threading
import urllib.request
import wsgiref.simple_server

import pytest

from live.servers import ALL, ROOT, serve
from live.sse_app import app, count
from live.test_sse_live import EventSource
from wire.server import reset, wait_until

APP = ROOT / "tests" / "live" / "sse_app.py"


@pytest.fixture(scope="module", params=ALL)
def server(request):
    with serve(request.param, APP) as running:
        yield running
        assert not running.complaints(), running.log()[-2000:]


def ended(server):
    return json.loads(server.get("/ended").body)["ended"]


@pytest.mark.parametrize("path", ["/silent", "/comments"])
def test_a_lost_client_is_noticed(server, path):
    for abort in (False, True):
        before = ended(server)
        clients = [EventSource(server.port, path) for _ in range(3)]
        for client in clients:
            assert client.event() == {"data": "here"}
            if abort:
                reset(client.sock)
            client.close()
        assert wait_until(lambda before=before: ended(server) == before + 3), server.log()[-2000:]
    server.assert_alive()


def test_comments_come_between_the_events(server):
    client = EventSource(server.port, "/comments")
    assert client.event() == {"data": "here"}
    for _ in range(3):
        assert client.response.readline() == b":\n"
        assert client.response.readline() == b"\n"
    client.close()


class ThreadingServer(socketserver.ThreadingMixIn, wsgiref.simple_server.WSGIServer):
    daemon_threads = True


class QuietHandler(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, format, *args):
        pass


def test_a_server_that_keeps_its_socket_notices_it_by_a_comment():
    with wsgiref.simple_server.make_server("127.0.0.1", 0, app, ThreadingServer, QuietHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        before = count["ended"]
        with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/comments") as response:
            assert response.readline() == b"data: here\n"
        assert wait_until(lambda: count["ended"] == before + 1)
        server.shutdown()
