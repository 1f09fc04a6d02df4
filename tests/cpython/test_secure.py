"""HTTPS only, and the header fields that make browsers careful."""

import pytest

from microdot import Microdot
from microdot.hosts import AllowedHosts
from microdot.proxies import ProxyHeaders
from microdot.secure import HTTPSRedirect, SecurityHeaders
from microdot.test_client import TestClient
from microdot.testing import WebSocketRefused
from microdot.websocket import with_websocket


def make(*extensions):
    """Return an application with some pages and with extensions."""
    app = Microdot()
    for extension in extensions:
        extension.initialize(app)

    @app.route("/page", methods=["GET", "POST"])
    def page(request):
        return request.method, {"X-Frame-Options": "SAMEORIGIN"} if request.query_string else {}

    @app.get("/health")
    def health(request):
        return "alive"

    @app.get("/ws")
    @with_websocket
    async def ws(request, ws):
        await ws.send("x")

    return app


@pytest.mark.parametrize("port, host, location", [
    (443, "example.com", "https://example.com/page?a=b"),
    (443, "example.com:8080", "https://example.com/page?a=b"),
    (8443, "[::1]:8080", "https://[::1]:8443/page?a=b"),
    (443, "[::1]", "https://[::1]/page?a=b"),
])
def test_redirects(port, host, location):
    with TestClient(make(HTTPSRedirect(port=port)), host=host) as client:
        response = client.post("/page?a=b", body=b"x")
        assert (response.status_code, response.headers["Location"]) == (308, location)
    with TestClient(make(HTTPSRedirect(port=port)), host=host, scheme="https") as client:
        assert client.get("/page").status_code == 200


def test_a_redirect_that_is_followed():
    with TestClient(make(HTTPSRedirect()), host="example.com") as client:
        response = client.post("/page", follow_redirects=True)
        assert (response.status_code, response.text, len(response.history)) == (200, "POST", 1)


def test_what_is_exempt():
    with TestClient(make(HTTPSRedirect(exempt="/health"))) as client:
        assert client.get("/health").status_code == 200
        assert client.get("/health/").status_code == 404


@pytest.mark.parametrize("host", ["evil.example/", "evil@example.com", "a b", "a\\b", "a\x01b", ""])
def test_hosts_that_are_none(host):
    with TestClient(make(HTTPSRedirect())) as client:
        assert client.get("/page", {"Host": host}).status_code == 400


def test_a_websocket():
    with TestClient(make(HTTPSRedirect())) as client, pytest.raises(WebSocketRefused, match="403"):
        client.websocket("/ws").__enter__()


@pytest.mark.parametrize("order", [0, 1])
def test_behind_a_proxy(order):
    extensions = [HTTPSRedirect(), ProxyHeaders()]
    with TestClient(make(*(reversed(extensions) if order else extensions))) as client:
        for proto, status in ("https", 200), ("wss", 200), ("http", 308), ("ws", 308):
            assert client.get("/page", {"X-Forwarded-Proto": proto}).status_code == status, proto


@pytest.mark.parametrize("order", [0, 1])
def test_other_hosts_are_refused_first(order):
    extensions = [HTTPSRedirect(), AllowedHosts(hosts=["example.com"])]
    with TestClient(make(*(reversed(extensions) if order else extensions)), host="example.com") as client:
        assert client.get("/page", {"Host": "evil.example"}).status_code == 400
        assert client.get("/page").status_code == 308


def test_security_headers():
    with TestClient(make(SecurityHeaders())) as client:
        for path in ("/page", "/nothing"):
            headers = client.get(path).headers
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["X-Frame-Options"] == "DENY"
            assert "default-src 'self'" in headers["Content-Security-Policy"]
            assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
            assert "Strict-Transport-Security" not in headers
        assert client.get("/page?a").headers["X-Frame-Options"] == "SAMEORIGIN"


def test_hsts_is_sent_over_https_only():
    app = make(SecurityHeaders(hsts=60, hsts_subdomains=True))
    with TestClient(app) as client:
        assert "Strict-Transport-Security" not in client.get("/page").headers
    with TestClient(app, scheme="https") as client:
        assert client.get("/page").headers["Strict-Transport-Security"] == "max-age=60; includeSubDomains"


@pytest.mark.parametrize("method, path, status", [
    ("GET", "/page", 200), ("HEAD", "/page", 200), ("OPTIONS", "/page", 200), ("DELETE", "/page", 405),
    ("GET", "/nothing", 404), ("OPTIONS", "/nothing", 404), ("OPTIONS", "*", 200),
])
def test_every_response_has_the_fields(method, path, status):
    with TestClient(make(SecurityHeaders(hsts=60)), scheme="https") as client:
        response = client.request(method, path)
    assert response.status_code == status
    for name in ("Content-Security-Policy", "X-Content-Type-Options", "Strict-Transport-Security"):
        assert name in response.headers, name


@pytest.mark.parametrize("name, value, message", [
    ("content_security_policy", "default-src 'self';\n img-src *", "invalid character .*Content-Security-Policy"),
    ("referrer_policy", " origin", "strip the blanks around Referrer-Policy"),
    ("more", {"X(Y)": "a"}, "invalid header field name 'X\\(Y\\)'"),
    ("frames", False, "frames must be 'DENY', 'SAMEORIGIN' or None, not False"),
    ("frames", "ALLOW-FROM https://example.com", "frames must be"),
    ("hsts", True, "a time in whole seconds, such as 31536000, not True"),
    ("hsts", -1, "not -1"),
    ("hsts", 1.5, "not 1.5"),
    ("hsts", "a year", "not 'a year'"),
])
def test_what_no_response_can_carry_is_refused_where_it_is_set(name, value, message):
    with pytest.raises(ValueError, match=message):
        SecurityHeaders(**{name: value})


def test_the_case_of_a_name_does_not_matter():
    more = {"content-security-policy": "default-src 'none'", "x-frame-options": None}
    with TestClient(make(SecurityHeaders(more=more, hsts="60"))) as client:
        headers = client.get("/page").headers
    assert headers["Content-Security-Policy"] == "default-src 'none'" and "X-Frame-Options" not in headers


def test_fields_can_be_left_out_and_added():
    more = {"Cross-Origin-Opener-Policy": None, "Permissions-Policy": "camera=()"}
    extension = SecurityHeaders(frames=None, more=more)
    with TestClient(make(extension)) as client:
        headers = client.get("/page").headers
    assert "X-Frame-Options" not in headers and "Cross-Origin-Opener-Policy" not in headers
    assert headers["Permissions-Policy"] == "camera=()"
