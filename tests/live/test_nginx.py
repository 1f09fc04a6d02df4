"""Four workers behind nginx, configured by the letter of docs/deployment.md: what a client asks for arrives."""

import hashlib
import re
import socket
import ssl

import httpx
import pytest
import trustme
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from live.nginx import ROOT, Nginx, documented
from live.served import Served
from server_process import PATIENCE

ROUTES = """

import asyncio
import hashlib
import os

from microdot import Request
from microdot.logs import RequestID, request_id
from microdot.reverse import url_for
from microdot.sse import with_sse
from microdot.websocket import with_websocket

Request.max_content_length = None
RequestID(app)


@app.get("/")
async def index(request):
    return str(os.getpid())


@app.get("/seen/<rest>")
async def seen(request, rest):
    return {"host": request.headers["Host"], "scheme": request.scheme, "client": request.client_addr[0],
            "path": request.path, "link": url_for(request, "seen", rest=rest), "identifier": request_id()}


@app.post("/form")
async def form(request):
    return request.form["name"]


@app.post("/upload")
async def upload(request):
    size, digest = 0, hashlib.sha256()
    while data := await request.stream.read(65536):
        size += len(data)
        digest.update(data)
    return {"size": size, "sha256": digest.hexdigest()}


@app.get("/echo")
@with_websocket
async def echo(request, ws):
    async for message in ws:
        await ws.send(message)


@app.get("/clock")
@with_sse
async def clock(request, sse):
    await sse.send("first")
    await asyncio.Event().wait()
"""
PREFIXES = ["", "/shop"]
CLIENT = "127.0.0.2"  # an address of this machine that no proxy has


def start_options(server):
    """Return the options with which the documentation starts a server."""
    lines = (ROOT / "docs" / "deployment.md").read_text().splitlines()
    [line] = [line for line in lines if line.startswith(f"    {server} --workers 4")]
    options = re.sub(r"--(bind|port) \S+", "", line).split()[1:-1]
    assert options
    return options


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture(scope="module", params=["gunicorn", "uvicorn"])
def nginx(request, authority):
    program = documented("python", "ProxyHeaders(") + ROUTES
    certificate = authority.issue_cert("example.com")
    served = Served(request.param, program, *start_options(request.param))
    with served, Nginx(served, certificate) as nginx:
        nginx.context = ssl.create_default_context()
        authority.configure_trust(nginx.context)
        yield nginx


class Site:
    """A site as a browser sees it: its URL names a host which is this machine."""

    def __init__(self, nginx, scheme, port=None):
        self.nginx = nginx
        self.scheme = scheme
        self.number = nginx.tls_port if scheme == "https" else nginx.port
        self.host = "example.com" if port == "default" else f"example.com:{self.number}"
        self.origin = f"{scheme}://{self.host}"

    def client(self):
        """Return an httpx client whose requests name the site."""
        return httpx.Client(
            base_url=f"{self.scheme}://127.0.0.1:{self.number}", headers={"Host": self.host}, timeout=PATIENCE,
            transport=httpx.HTTPTransport(verify=self.nginx.context, local_address=CLIENT),
            event_hooks={"request": [self._name]},
        )  # fmt: skip

    @staticmethod
    def _name(request):
        request.extensions["sni_hostname"] = "example.com"

    def socket(self):
        """Return a connection for a WebSocket."""
        sock = socket.create_connection(("127.0.0.1", self.number), PATIENCE)
        if self.scheme == "https":
            return self.nginx.context.wrap_socket(sock, server_hostname="example.com")
        return sock


@pytest.fixture(params=["http", "https", "http-default", "https-default"])
def site(request, nginx):
    """The site on a port of its own, and as it looks where nginx has the scheme's own port."""
    scheme, _, port = request.param.partition("-")
    return Site(nginx, scheme, port)


@pytest.fixture
def client(site):
    with site.client() as client:
        yield client


@pytest.mark.parametrize("prefix", PREFIXES)
def test_what_the_application_is_told(site, client, prefix):
    """It is what nginx has seen, whatever the client says of itself."""
    lies = {"X-Forwarded-For": "127.0.0.1, 6.6.6.6", "X-Forwarded-Proto": "ftp", "X-Forwarded-Prefix": "/lie",
            "X-Request-ID": "lie"}
    for headers in ({}, lies):
        seen = client.get(f"{prefix}/seen/caf%C3%A9", headers=headers).json()
        assert len(seen.pop("identifier")) == 32  # nginx's own
        assert seen == {
            "host": site.host, "scheme": site.scheme, "client": CLIENT, "path": "/seen/café",
            "link": f"{prefix}/seen/caf%C3%A9",
        }, headers  # fmt: skip


@pytest.mark.parametrize("prefix", PREFIXES)
def test_forms(site, client, prefix):
    """With CSRF in force, browsers' forms arrive and those of other sites do not."""
    form = {"name": "Zoë"}
    own = [{"Origin": site.origin}, {"Origin": site.origin, "Sec-Fetch-Site": "same-origin"}, {}]
    for headers in own:
        response = client.post(f"{prefix}/form", data=form, headers=headers)
        assert (response.status_code, response.text) == (200, "Zoë"), headers
    for origin in ("https://evil.example", "http://example.com:1", "http://example.com.evil.example", "null"):
        for headers in ({"Origin": origin}, {"Origin": origin, "Sec-Fetch-Site": "cross-site"}):
            assert client.post(f"{prefix}/form", data=form, headers=headers).status_code == 403, headers


def test_other_hosts(client):
    for host in ("evil.example", "example.com.evil.example"):
        assert client.get("/", headers={"Host": host}).status_code == 400
        lie = {"Host": host, "X-Forwarded-Host": "example.com", "Forwarded": "host=example.com"}
        assert client.get("/", headers=lie).status_code == 400


@pytest.mark.parametrize("prefix", PREFIXES)
def test_websocket(site, prefix):
    url = f"ws://{site.host}{prefix}/echo"  # the socket has its TLS already
    with site.socket() as sock, connect(url, sock=sock, origin=site.origin, proxy=None) as ws:
        for message in ("text", "żółć", bytes(10000)):
            ws.send(message)
            assert ws.recv(PATIENCE) == message
    with site.socket() as sock, pytest.raises(InvalidStatus, match="403"):
        connect(url, sock=sock, origin="https://evil.example", proxy=None)


@pytest.mark.parametrize("prefix", PREFIXES)
def test_events_arrive_at_once(client, prefix):
    """The stream does not end, and nothing fills a buffer: only an unbuffered event arrives."""
    with client.stream("GET", f"{prefix}/clock") as response:
        assert next(response.iter_lines()) == "data: first"


def test_an_upload_of_100_megabytes(nginx):
    piece = bytes(range(256)) * 4096
    digest = hashlib.sha256()
    for _ in range(100):
        digest.update(piece)
    with Site(nginx, "http").client() as client:
        length = {"Content-Length": str(len(piece) * 100)}
        answer = client.post("/upload", content=iter([piece] * 100), headers=length)
        assert answer.json() == {"size": len(piece) * 100, "sha256": digest.hexdigest()}
        assert client.post("/upload", content=iter([piece] * 100)).json() == answer.json()  # in chunks
    with Site(nginx, "http").socket() as sock:
        head = f"POST /upload HTTP/1.1\r\nHost: example.com\r\nContent-Length: {len(piece) * 100 + 1}\r\n\r\n"
        sock.sendall(head.encode())
        assert sock.recv(12) == b"HTTP/1.1 413"


def test_several_workers_answer(nginx):
    workers = set()
    with Site(nginx, "http").client() as client:
        for _ in range(2000):
            workers.add(client.get("/").text)
            if len(workers) > 1:
                return
    raise AssertionError("one worker answers everything")
