"""What `microdot deploy ADDRESS` says of a server that is not a board."""

import http.server
import threading

import pytest

from microdot import cli
from microdot.cli import network
from microdot.cli.console import CommandError
from microdot.cli.network import NetworkBoard


class Stranger(http.server.BaseHTTPRequestHandler):
    """Answers each request with the status and the text of its server."""

    def do_GET(self):
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(self.server.text)

    def log_message(self, *_):
        pass


@pytest.fixture
def stranger():
    """A server at a free port of this machine."""
    with http.server.HTTPServer(("127.0.0.1", 0), Stranger) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("status", "text", "message"),
    [
        (200, b"hello", "does not answer like a board"),
        (200, b'["nonce"]', "does not answer like a board"),
        (200, b'{"nonce": "x"}', "does not answer like a board"),
        (200, b"\xff", "does not answer like a board"),
        (404, b"", "takes no updates"),
        (502, b"<h1>\nBad Gateway</h1>\n", "answers with status 502: <h1> Bad Gateway</h1>"),
        (500, b"x" * 100000, "status 500: xxx"),
    ],
)
def test_a_server_that_is_not_a_board(stranger, status, text, message):
    stranger.status, stranger.text = status, text
    with pytest.raises(CommandError) as raised:
        NetworkBoard(f"127.0.0.1:{stranger.server_port}", "secret").describe()
    assert message in str(raised.value)
    assert len(str(raised.value)) < 400 and len(str(raised.value).splitlines()) == 1


def test_an_empty_address_is_no_board_at_a_usb_port(tmp_path, monkeypatch, capsys):
    """It may come from a variable that is not set."""
    (tmp_path / "app.py").write_text("")
    monkeypatch.setenv("MICRODOT_SECRET", "8 to 63 characters")
    assert cli.main(["deploy", "", str(tmp_path)]) == 1
    line = "microdot: '' is not the address of a board: write 192.168.1.7 or greenhouse.local\n"
    assert capsys.readouterr().err == line


def test_a_board_that_is_gone_behind_the_last_byte(tmp_path, monkeypatch):
    asked = []

    def ask(self, method, headers, body=None, progress=None):
        asked.append(method)
        if body:
            progress(len(body), len(body))
        raise ConnectionResetError("the router has gone")

    monkeypatch.setattr(NetworkBoard, "_ask", ask)
    monkeypatch.setattr(network, "TIMEOUT", 0.2)
    monkeypatch.setattr(network, "INTERVAL", 0.01)
    (tmp_path / "app.py").write_text("app = None")
    with pytest.raises(CommandError, match="It runs the new version, or keeps the one before: its page shows which"):
        NetworkBoard("192.0.2.7", "secret").send({"app.py": tmp_path / "app.py"}, "nonce", lambda done, total: None)
    assert asked[:2] == ["POST", "GET"]
