"""CSRF and the handshakes of WebSockets, on real servers: the pages of other sites get no connection."""

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from live.served import Served
from server_process import PATIENCE

PROGRAM = """
from microdot import Microdot
from microdot.csrf import CSRF
from microdot.websocket import with_websocket

app = Microdot()
csrf = CSRF(app)


@app.get("/")
async def index(request):
    return "hello"


@app.get("/private")
@with_websocket
async def private(request, ws):
    await ws.send("welcome")


@app.get("/public")
@csrf.exempt
@with_websocket
async def public(request, ws):
    await ws.send("welcome")
"""
SERVERS = {
    "python": (),
    "micropython": (),
    "uvicorn": ("--ws=websockets",),
    "uvicorn with wsproto": ("--ws=wsproto",),
    "gthread": (),
}


@pytest.fixture(scope="module", params=SERVERS)
def server(request):
    with Served(request.param.partition(" ")[0], PROGRAM, *SERVERS[request.param]) as running:
        yield running


def answer(server, path, **headers):
    """Return the message that a handshake leads to, or the status with which it is refused."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with connect(server.url.replace("http", "ws") + path, additional_headers=fields, open_timeout=PATIENCE) as ws:
            return ws.recv(PATIENCE)
    except InvalidStatus as error:
        return error.response.status_code


def test_handshakes(server):
    own = server.url
    assert answer(server, "/private") == "welcome"  # a program, which is nobody's browser
    assert answer(server, "/private", Origin=own) == "welcome"
    assert answer(server, "/private", Origin=own, Sec_Fetch_Site="same-origin") == "welcome"
    for headers in (
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": own, "Sec_Fetch_Site": "cross-site"},
        {"Origin": own + ".evil.example"},
    ):
        assert answer(server, "/private", **headers) == 403, headers
        assert answer(server, "/private", Cookie="session=x", **headers) == 403, headers
        assert answer(server, "/public", **headers) == "welcome", headers
    with server.client() as client:
        assert client.get("/", headers={"Origin": "http://evil.example"}).text == "hello"
