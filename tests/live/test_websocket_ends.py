"""How a WebSocket ends, the same under each server: by its handler, with or without the decorator, or by its peer."""

import json

import pytest

from live.raw_websocket import RawClient, frame
from live.servers import ALL, FRAMES, ROOT, serve
from microdot.websocket.frames import CLOSE, TEXT
from wire.server import reset, wait_until

APP = ROOT / "tests" / "live" / "websocket_app.py"


@pytest.fixture(scope="module", params=ALL)
def server(request):
    with serve(request.param, APP) as running:
        running.kind = request.param
        yield running


@pytest.mark.parametrize("style", ["decorated", "bare"])
def test_the_handlers_end(server, style):
    for how, code, line in (
        ("error", 1011, "of the handler"), ("oserror", 1011, "ENOENT"), ("abort", 1011, "HTTPException: 404"),
        ("close", 4000, None),
    ):
        before = server.log()
        with RawClient(server.port, f"/{style}/{how}") as client:
            assert client.status == 101
            assert client.close_code() == code
            client.send(frame(CLOSE, code.to_bytes(2, "big")))
            assert client.at_end()
        if line is None:
            assert server.log() == before
        else:
            assert wait_until(lambda line=line, before=before: line in server.log()[len(before):]), server.log()
            assert f"Exception while handling GET /{style}/{how}" in server.log()[len(before):]


@pytest.mark.parametrize("style", ["decorated", "bare"])
def test_the_peers_end(server, style):
    before = server.log()
    with RawClient(server.port, f"/{style}/receive") as client:
        client.send(frame(CLOSE, b"\x0f\xa1bye"))
        assert client.close_code() in (4001, 1000)
        assert client.at_end()
    with RawClient(server.port, f"/{style}/receive") as client:
        reset(client.sock)
    server.assert_alive()
    assert server.log() == before


@pytest.mark.parametrize("style", ["decorated", "bare"])
def test_other_versions_are_told_the_supported_one(server, style):
    with RawClient(server.port, f"/{style}/close", Sec_WebSocket_Version="8") as client:
        if server.kind in FRAMES:
            assert (client.status, client.headers["sec-websocket-version"]) == (426, "13")
        else:
            assert client.status == 400  # the server's own answer


def ended(server):
    return json.loads(server.get("/ended").body)["ended"]


def test_a_peer_that_has_gone_is_noticed_behind_what_is_not_read(server):
    count = len(ended(server))
    with RawClient(server.port, "/unread") as client:
        client.send(frame(TEXT, b"not read"))
        client.send(frame(CLOSE, b"\x0f\xa1bye"))
        assert client.at_end()
    assert wait_until(lambda: ended(server)[count:] == [4001])
    with RawClient(server.port, "/unread") as client:
        client.send(frame(TEXT, b"not read"))
        reset(client.sock)
    assert wait_until(lambda: len(ended(server)) == count + 2), server.log()


def test_a_silent_peer_is_noticed_behind_what_is_not_read(server):
    if server.kind not in FRAMES:
        pytest.skip("how often the server pings is its own setting")
    count = len(ended(server))
    with RawClient(server.port, "/unread") as client:
        client.send(frame(TEXT, b"not read") * 2)
        assert wait_until(lambda: ended(server)[count:] == [1006])
