"""Handshakes that are refused: an HTTP answer before anything is accepted."""

from microdot import Microdot, abort
from microdot._compat import invoke_handler
from microdot.websocket import websocket_upgrade, with_websocket
from websocket_peer import Peer, application


async def echo(request, ws):
    async for message in ws:
        await ws.send(message)


async def refused(app, path="/", **headers):
    """Return the response to a request that is not accepted."""
    peer = Peer(app, path, **headers)
    response = await peer.response()
    assert peer.transport.accepted is None and peer.transport.sent == b""
    return response


async def test_malformed_handshakes():
    app = application(echo, with_websocket)
    for headers in ({"Upgrade": "h2c"}, {"Connection": "keep-alive"}, {"Sec_WebSocket_Key": "short"}):
        assert (await refused(app, **headers)).status_code == 400


async def test_other_versions():
    response = await refused(application(echo, with_websocket), Sec_WebSocket_Version="8")
    assert response.status_code == 426
    assert response.headers["Sec-WebSocket-Version"] == "13"


async def test_unknown_route_and_other_method():
    app = Microdot()
    app.post("/post")(with_websocket(echo))
    assert (await refused(app, "/nowhere")).status_code == 404
    assert (await refused(app, "/post")).status_code == 405


async def test_hooks_may_refuse():
    app = application(echo, with_websocket)

    @app.before_request
    async def check(request):
        if request.headers.get("Authorization") != "Bearer right":
            abort(401)

    assert (await refused(app)).status_code == 401
    peer = Peer(app, Authorization="Bearer right")
    peer.send("x")
    assert (await peer.event())[1] == "x"
    peer.close()
    await peer.response()


async def test_origins():
    app = application(echo, with_websocket(allowed_origins=["https://good.example"]))
    assert (await refused(app)).status_code == 403
    assert (await refused(app, Origin="https://evil.example")).status_code == 403
    peer = Peer(app, Origin="https://good.example")
    peer.close()
    await peer.response()
    assert peer.transport.accepted


async def test_error_handlers_apply():
    app = application(echo, with_websocket(allowed_origins=[]))

    @app.errorhandler(403)
    async def forbidden(request):
        return "go away", 403

    assert (await refused(app)).body == b"go away"


async def test_upgrade_in_the_handler_raises():
    app = Microdot()

    @app.get("/")
    async def handler(request):
        await websocket_upgrade(request)

    response = await refused(app, Sec_WebSocket_Version="7")
    assert (response.status_code, response.headers["Sec-WebSocket-Version"]) == (426, "13")
    assert (await refused(app, Upgrade="x")).status_code == 400


async def test_a_server_without_websockets():
    class Plain:
        invoke = staticmethod(invoke_handler)

    peer = Peer(application(echo, with_websocket))
    peer.request.transport = Plain()
    assert (await peer.response()).status_code == 501
