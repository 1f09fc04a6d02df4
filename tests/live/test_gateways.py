"""The same application under every server that the documentation names: all get the same answers."""

import concurrent.futures
import hashlib
import socket

import httpx
import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import connect

from live.servers import GATEWAYS
from server_process import PATIENCE, wait_until

HANDSHAKE = {
    "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}  # fmt: skip
#: The servers that 64 clients use at once.
MOST_USED = ("uvicorn", "hypercorn", "granian-asgi", "gunicorn-gthread", "gunicorn-gevent", "waitress")
MEGABYTES = bytes(range(256)) * 80 * 1024  # 20 of them


@pytest.fixture(scope="module", params=GATEWAYS)
def server(request):
    gateway = GATEWAYS[request.param]
    with gateway.start() as server:
        yield server


def connection(server, version=1):
    """Return an httpx client that speaks HTTP/1.1, or HTTP/2 from the first byte on."""
    url = f"http://127.0.0.1:{server.port}"
    headers = {} if server.gateway.keep_alive else {"Connection": "close"}
    return httpx.Client(
        base_url=url, http1=version == 1, http2=version == 2, headers=headers, timeout=PATIENCE, trust_env=False
    )


@pytest.fixture
def client(server):
    with connection(server) as client:
        yield client


@pytest.fixture(params=[1, 2])
def any_client(request, server):
    """A client for each version of HTTP that the server speaks."""
    if request.param == 2 and not server.gateway.http2:
        pytest.skip("HTTP/1 only")
    with connection(server, request.param) as client:
        client.version = request.param
        yield client


def exchange(server, data):
    """Send raw bytes and end the sending; return all that comes back."""
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as sock:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        received = b""
        while True:
            try:
                piece = sock.recv(65536)
            except ConnectionResetError:
                return received
            if not piece:
                return received
            received += piece


def events(server):
    with connection(server) as client:
        return client.get("/events").json()


def test_answers(any_client):
    assert any_client.get("/").text == "hello"
    assert any_client.get("/count").text == "01234"
    head = any_client.head("/")
    assert (head.status_code, head.headers["Content-Length"], head.content) == (200, "5", b"")
    assert any_client.get("/missing").status_code == 404
    assert any_client.delete("/seen/x").status_code == 405


def test_request(any_client):
    seen = any_client.post("/seen/x?a=1&b=%C5%BC").json()
    assert seen["client"][0] == "127.0.0.1"
    assert (seen["scheme"], seen["method"]) == ("http", "POST")
    assert seen["version"].startswith(str(any_client.version))
    assert (seen["url"], seen["path"], seen["args"]) == ("/seen/x?a=1&b=%C5%BC", "/seen/x", {"a": ["1"], "b": ["ż"]})


def test_errors_stay_on_the_console(client, server):
    response = client.get("/fail")
    assert (response.status_code, response.text) == (500, "Internal server error")
    assert wait_until(lambda: "ValueError: private" in server.log())


# Bodies: a handler gets all of it, or the client an error.


@pytest.mark.parametrize("size", [0, 5, 15000, 70000])
def test_bodies_with_a_length(any_client, size):
    assert any_client.post("/stream", content=bytes(size)).json()["size"] == size
    if size < 16384:  # a larger one is on `stream` only
        for method in ("POST", "GET"):
            assert any_client.request(method, "/body", content=bytes(size)).json()["size"] == size, method


@pytest.mark.parametrize("pieces", [[], [b"hello"], [b"x" * 1000] * 15])
def test_bodies_without_a_length(any_client, server, pieces):
    # A server may close a connection whose body nobody has read, just when the next request begins.
    headers = {"Connection": "close"} if any_client.version == 1 else {}
    for method, path in (("POST", "/body"), ("POST", "/stream"), ("GET", "/body")):
        response = any_client.request(method, path, content=iter(pieces), headers=headers)
        if not server.gateway.lengthless and (pieces or any_client.version == 1):
            assert response.status_code == 411, (method, path)
        else:
            assert response.json()["size"] == len(b"".join(pieces)), (method, path)


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_of_20_megabytes(any_client, server, chunked):
    content = (MEGABYTES[i : i + 100_000] for i in range(0, len(MEGABYTES), 100_000)) if chunked else MEGABYTES
    if chunked and not server.gateway.lengthless:
        pytest.skip("bodies need a length")
    answer = any_client.post("/stream", content=content).json()
    assert answer == {"size": len(MEGABYTES), "sha256": hashlib.sha256(MEGABYTES).hexdigest()}


@pytest.mark.parametrize("path", ["/body", "/stream"])
@pytest.mark.parametrize("body", [
    b"Content-Length: 1000\r\n\r\n" + b"x" * 10,
    b"Transfer-Encoding: chunked\r\n\r\n3e8\r\n" + b"x" * 10,
    b"Transfer-Encoding: chunked\r\n\r\na\r\n" + b"x" * 10 + b"\r\n",
])  # fmt: skip
def test_bodies_cut_off(server, path, body):
    before = len(events(server))
    answer = exchange(server, b"POST " + path.encode() + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + body)
    assert b" 200 " not in answer.partition(b"\r\n")[0]
    assert events(server)[before:] == []


def test_a_body_cut_off_in_http_2(server):
    if not server.gateway.http2:
        pytest.skip("HTTP/1 only")
    before = len(events(server))

    def content():
        yield b"x" * 10
        raise InterruptedError

    with connection(server, 2) as client, pytest.raises(InterruptedError):
        client.post("/stream", content=content())
    with connection(server, 2) as client:
        assert client.get("/").text == "hello"
    assert events(server)[before:] == []


# Responses: all of them arrives, and a client that leaves ends them.


@pytest.mark.parametrize("query", ["", "?length=1"])
def test_a_response_of_20_megabytes(any_client, query):
    digest = hashlib.sha256(any_client.get("/download" + query).content).hexdigest()
    assert digest == hashlib.sha256(MEGABYTES).hexdigest()


@pytest.mark.parametrize("path", ["/ticks/def", "/ticks/async"])
def test_a_client_that_leaves_a_stream(server, path):
    """The generator is closed, so that what it holds is freed."""
    before = len(events(server))
    with connection(server) as client, client.stream("GET", path) as response:
        assert next(response.iter_text()).startswith("tick")
    assert wait_until(lambda: events(server)[before:] == ["ticks end"])


def test_server_sent_events(server):
    before = len(events(server))
    with connection(server) as client, client.stream("GET", "/news") as response:
        assert response.headers["Content-Type"].startswith("text/event-stream")
        lines = response.iter_lines()
        assert [next(lines) for _ in range(6)] == [
            "event: news", 'data: {"number": 0}', "", "event: news", 'data: {"number": 1}', "",
        ]  # fmt: skip
    assert wait_until(lambda: events(server)[before:] == ["news end"])


def test_64_clients(server):
    if server.gateway.name not in MOST_USED:
        pytest.skip("not one of the most used servers")

    def ask(number):
        with connection(server) as client:
            return [client.get(f"/seen/{number}-{turn}").json()["rest"] for turn in range(5)]

    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(ask, range(64)))
    assert answers == [[f"{number}-{turn}" for turn in range(5)] for number in range(64)]


# Paths: routes, links and redirects go by what the server and middleware say.


@pytest.mark.parametrize("prefix", ["", "/mounted", "/again"])
@pytest.mark.parametrize(("encoded", "rest"), [
    ("x", "x"), ("caf%C3%A9/%C5%BC", "café/ż"), ("%2541%2525", "%41%25"), ("a%20b", "a b"), ("a%2Fb", "a/b"),
])  # fmt: skip
def test_paths(client, server, prefix, encoded, rest):
    seen = client.get(f"{prefix}/seen/{encoded}").json()
    assert (seen["rest"], seen["path"]) == (rest, f"/seen/{rest}")
    if server.gateway.raw_path or "%2F" not in encoded:
        assert seen["url"] == f"/seen/{encoded}"
    assert seen["link"].startswith(f"{prefix}/seen/")
    assert client.get(seen["link"]).json()["rest"] == rest


@pytest.mark.parametrize("path", ["/rewritten", "/rewritten?by=client", "/private", "/%70rivate", "/priv%61te?x"])
def test_paths_that_middleware_rewrites(client, path):
    seen = client.get(path).json()
    assert (seen["rest"], seen["args"]) == ("by middleware/%41", {"by": ["middleware"]})


@pytest.mark.parametrize("prefix", ["", "/mounted", "/again"])
def test_redirects(client, prefix):
    response = client.get(f"{prefix}/redirect")
    assert response.headers["Location"] == f"{prefix}/seen/caf%C3%A9%20au%20lait?to=%C5%BC"
    assert client.get(response.headers["Location"]).json()["args"] == {"to": ["ż"]}


def test_websocket(client, server):
    if not server.gateway.websocket:
        assert client.get("/echo", headers=HANDSHAKE).status_code == 501
        return
    with connect(f"ws://127.0.0.1:{server.port}/echo", proxy=None) as ws:
        for message in ("text", "żółć", bytes(range(256))):
            ws.send(message)
            assert ws.recv() == message
        ws.send(bytes(20000))
        if server.gateway.interface == "asgi":  # where the limit is the server's
            assert ws.recv() == bytes(20000)
        else:
            with pytest.raises(ConnectionClosedError, match="1009"):
                ws.recv()


@pytest.mark.parametrize("name", GATEWAYS)
def test_the_end_of_the_server(name):
    """Background work, and a request where the server waits for it, are under way when the signal comes."""
    gateway = GATEWAYS[name]
    with gateway.start() as server, connection(server) as client, concurrent.futures.ThreadPoolExecutor() as pool:
        client.headers["Connection"] = "close"
        assert client.get("/background").text == "started"
        if gateway.finishes_requests:
            slow = pool.submit(client.get, "/slow")
            assert wait_until(lambda: "slow begins" in server.log())
        assert wait_until(lambda: "work begins" in server.log())
        server.end(1)
        if gateway.finishes_requests:
            assert slow.result().text == "done"
        assert ("work ends" in server.log()) == gateway.finishes_work
