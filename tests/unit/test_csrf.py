from microdot import Microdot
from microdot.cors import CORS
from microdot.csrf import CSRF
from microdot.proxies import ProxyHeaders
from microdot.test_client import TestClient
from microdot.websocket import with_websocket

HOST = "192.168.4.1"


def client(scheme="http", host=HOST, proxies=None, **kwargs):
    app = Microdot()
    if proxies:
        ProxyHeaders(app, **proxies)
    csrf = CSRF(app, **kwargs)

    async def handler(request):
        return "ok"

    app.route("/", ["GET", "POST", "PUT", "DELETE", "QUERY"])(handler)

    @app.post("/hook")
    @csrf.exempt
    async def hook(request):
        return "ok"

    @app.get("/switch")
    @csrf.protect
    async def switch(request):
        return "ok"

    return TestClient(app, scheme=scheme, host=host)


async def status(c, headers=None, method="POST", path="/"):
    return (await c.request(method, path, headers)).status_code


async def test_sec_fetch_site():
    c = client()
    for site, expected in (("same-origin", 200), ("none", 200), ("same-site", 403), ("cross-site", 403), ("x", 403)):
        for method in ("POST", "PUT", "DELETE", "QUERY"):
            assert await status(c, {"Sec-Fetch-Site": site}, method) == expected, (site, method)
        for method in ("GET", "HEAD", "OPTIONS"):
            assert await status(c, {"Sec-Fetch-Site": site}, method) in (200, 204), site
    # Origin cannot make good what Sec-Fetch-Site says.
    assert await status(c, {"Sec-Fetch-Site": "cross-site", "Origin": "http://" + HOST}) == 403


async def test_own_forms_on_plain_http():
    """Browsers leave Sec-Fetch-Site out where a device serves plain http under an address of the local network."""
    for host in (HOST, "device.local", "192.168.4.1:5000", "[fe80::1]:8080", "Device.local"):
        c = client(host=host)
        assert await status(c, {"Origin": "http://" + host.lower()}) == 200, host
        for origin in ("http://evil.example", "null", "http://" + host.lower() + ".evil.example", "http://", "x"):
            assert await status(c, {"Origin": origin}) == 403, origin
    assert await status(client(host="a:81"), {"Origin": "http://a:80"}) == 403


async def test_ports_that_an_origin_leaves_out():
    """A proxy may write the port of the scheme behind the host, a browser never does."""
    for scheme, host, origin, expected in (
        ("http", "example.com:80", "http://example.com", 200),
        ("https", "example.com:443", "https://example.com", 200),
        ("http", "example.com:443", "https://example.com", 200),
        ("http", "[fe80::1]:80", "http://[fe80::1]", 200),
        ("http", "example.com:443", "http://example.com", 403),
        ("https", "example.com:80", "https://example.com", 403),
        ("http", "example.com:8080", "http://example.com", 403),
        ("http", "example.com", "http://example.com:8080", 403),
        ("http", ":80", "http://", 403),
    ):
        assert await status(client(scheme, host), {"Origin": origin}) == expected, (host, origin)


async def test_https():
    c = client("https", "example.com")
    assert await status(c, {"Origin": "https://example.com"}) == 200
    assert await status(c, {"Origin": "http://example.com"}) == 403  # a page that anyone on the way may have made
    # where a proxy has ended the TLS connection
    assert await status(client("http", "example.com"), {"Origin": "https://example.com"}) == 200


async def test_no_browser():
    assert await status(client()) == 200


async def test_behind_a_proxy():
    headers = {"Origin": "https://example.com", "X-Forwarded-Host": "example.com", "X-Forwarded-Proto": "https"}
    assert await status(client(host="10.0.0.5:8000"), headers) == 403  # anyone can send that
    assert await status(client(host="10.0.0.5:8000", proxies={"host": True}), headers) == 200
    assert await status(client(host="10.0.0.5:8000", proxies={}), headers) == 403
    assert await status(client(host="10.0.0.5:8000", proxies={"host": True, "trusted": ["9.9.9.9"]}), headers) == 403


async def test_allowed_origins():
    cors = CORS(allowed_origins=["https://app.example.com"])
    c = client("https", "api.example.com", cors=cors)
    for extra in ({}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "cross-site"}):
        assert await status(c, dict(extra, Origin="https://app.example.com")) == 200
        assert await status(c, dict(extra, Origin="https://x.app.example.com")) == 403
        assert await status(c, dict(extra, Origin="http://app.example.com")) == 403
    c = client(cors=CORS(allowed_origins="*"))
    assert await status(c, {"Origin": "https://any.example"}) == 403


async def test_subdomains():
    c = client("https", "example.com", cors=CORS(allowed_origins=["https://example.com"]), allow_subdomains=True)
    assert await status(c, {"Sec-Fetch-Site": "same-site"}) == 200
    assert await status(c, {"Origin": "https://a.example.com"}) == 200
    assert await status(c, {"Origin": "https://aexample.com"}) == 403
    assert await status(c, {"Origin": "http://a.example.com"}) == 403
    assert await status(c, {"Sec-Fetch-Site": "cross-site"}) == 403


async def test_exempt_and_protect():
    c = client()
    bad = {"Sec-Fetch-Site": "cross-site"}
    assert await status(c, bad, "POST", "/hook") == 200
    assert await status(c, bad, "GET", "/switch") == 403
    assert await status(c, {}, "GET", "/switch") == 200
    c = client(protect_all=False)
    assert await status(c, bad) == 200
    assert await status(c, bad, "GET", "/switch") == 403


async def test_vary():
    c = client()
    res = await c.post("/", {"Sec-Fetch-Site": "none"})
    assert res.headers["Vary"] == "Sec-Fetch-Site"
    res = await c.post("/", {"Origin": "http://evil.example"})
    assert res.status_code == 403 and res.headers["Vary"] == "Sec-Fetch-Site, Origin"
    assert "Vary" not in (await c.get("/")).headers


async def test_initialize_later():
    app = Microdot()
    csrf = CSRF()
    csrf.initialize(app, CORS(allowed_origins=["https://a.example"]))

    @app.post("/")
    async def post(request):
        return "ok"

    assert await status(TestClient(app), {"Origin": "https://a.example"}) == 200
    assert await status(TestClient(app), {"Origin": "https://b.example"}) == 403


WEBSOCKET = {
    "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def test_initializing_later_keeps_the_origins_given_before():
    cors = CORS(allowed_origins=["https://app.example.com"])
    csrf = CSRF(cors=cors)
    csrf.initialize(Microdot())
    assert csrf.cors is cors


async def test_websocket_handshakes():
    """The pages of all sites may open WebSockets, and browsers add the visitor's cookies."""
    allowed = ({}, {"Origin": "http://" + HOST}, {"Sec-Fetch-Site": "same-origin", "Origin": "http://" + HOST})
    refused = (
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://" + HOST},
        {"Sec-Fetch-Site": "cross-site"},
    )
    c = client()
    for headers in allowed:
        assert await status(c, dict(WEBSOCKET, **headers), "GET") == 200, headers
    for headers in refused:
        assert await status(c, dict(WEBSOCKET, **headers), "GET") == 403, headers
        assert await status(c, headers, "GET") == 200, headers
        assert await status(client(protect_all=False), dict(WEBSOCKET, **headers), "GET") == 200
    c = client(cors=CORS(allowed_origins=["https://app.example.com"]))
    assert await status(c, dict(WEBSOCKET, Origin="https://app.example.com"), "GET") == 200


async def test_websockets_of_exempt_routes():
    app = Microdot()
    csrf = CSRF(app)
    heard = []

    @app.get("/public")
    @csrf.exempt
    @with_websocket
    async def public(request, ws):
        heard.append(await ws.receive())

    @app.get("/private")
    @with_websocket
    async def private(request, ws):
        heard.append(await ws.receive())

    def talk():
        yield "hello"

    c = TestClient(app, host=HOST)
    evil = {"Origin": "http://evil.example"}
    assert (await c.websocket("/private", talk, evil)).status_code == 403 and not heard
    assert (await c.websocket("/private", talk, {"Origin": "http://" + HOST})).status_code == 101
    assert (await c.websocket("/private", talk)).status_code == 101
    assert (await c.websocket("/public", talk, evil)).status_code == 101
    assert heard == ["hello"] * 3
