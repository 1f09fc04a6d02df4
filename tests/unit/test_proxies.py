from microdot import Microdot, Request
from microdot.proxies import ProxyHeaders
from microdot.reverse import url_for
from microdot.test_client import TestClient
from support import raises


def apply(headers, client=("127.0.0.1", 5), **options):
    """Return (address, port, scheme, host) of a request after the proxies' fields have been applied."""
    headers = dict(headers, Host="inner:8000")
    request = Request(None, client, "GET", "/", "1.1", headers)
    ProxyHeaders(None, **options).apply(request)
    return request.client_addr, request.scheme, request.headers["Host"]


X = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "example.com"}
UNCHANGED = "http", "inner:8000"


def test_x_forwarded():
    assert apply(X) == (("203.0.113.9", 0), "https", "inner:8000")
    assert apply(X, host=True) == (("203.0.113.9", 0), "https", "example.com")
    assert apply({}) == (("127.0.0.1", 5),) + UNCHANGED


def test_only_from_trusted_peers():
    for client in (("203.0.113.1", 5), ("10.0.0.1", 5), ("127.0.0.2", 5), None):
        assert apply(X, client, host=True) == (client,) + UNCHANGED
    assert apply(X, ("10.0.0.1", 5), trusted=["10.0.0.0/8"])[0] == ("203.0.113.9", 0)
    assert apply(X, ("::ffff:10.0.0.1", 5), trusted=["10.0.0.0/8"])[0] == ("203.0.113.9", 0)
    assert apply(X, ("::ffff:127.0.0.1", 5))[0] == ("203.0.113.9", 0)
    assert apply(X, ("11.0.0.1", 5), trusted=["10.0.0.0/8"])[0] == ("11.0.0.1", 5)
    assert apply(X, None, trusted=["unix"])[0] == ("203.0.113.9", 0)
    assert apply(X, ("8.8.8.8", 5), trusted=["*"])[0] == ("203.0.113.9", 0)


def test_what_the_client_sent_by_itself_is_not_believed():
    headers = {"X-Forwarded-For": "1.1.1.1, 203.0.113.9", "X-Forwarded-Proto": "https, http"}
    assert apply(headers) == (("203.0.113.9", 0),) + UNCHANGED


def test_chain_of_proxies():
    headers = {"X-Forwarded-For": "6.6.6.6, 203.0.113.9, 10.0.0.2", "X-Forwarded-Proto": "x, https, http"}
    trusted = ["127.0.0.1", "10.0.0.0/8"]
    assert apply(headers, trusted=trusted)[:2] == (("203.0.113.9", 0), "https")
    # the nearest proxy has kept only its own value
    headers["X-Forwarded-Proto"] = "https"
    assert apply(headers, trusted=trusted)[:2] == (("203.0.113.9", 0), "https")
    headers["X-Forwarded-For"] = "10.0.0.3, 10.0.0.2"
    assert apply(headers, trusted=trusted)[0] == ("10.0.0.3", 0)


def test_forwarded():
    headers = {"Forwarded": 'for=6.6.6.6;proto=http, For="[2001:db8::1]:4711";Proto=https;Host="example.com:8443";by=x'}
    assert apply(headers, forwarded=True, host=True) == (("2001:db8::1", 4711), "https", "example.com:8443")
    assert apply(headers) == (("127.0.0.1", 5),) + UNCHANGED  # the proxy is said to set the other fields
    assert apply(X, forwarded=True) == (("127.0.0.1", 5),) + UNCHANGED
    assert apply({"Forwarded": "for=203.0.113.9:80"}, forwarded=True) == (("203.0.113.9", 80),) + UNCHANGED


def test_the_scheme_of_a_websocket():
    """Some proxies, such as Traefik, send it for the handshake, which is a request over http or https."""
    for proto, scheme in ("wss", "https"), ("WSS", "https"), ("ws", "http"):
        assert apply({"X-Forwarded-Proto": proto})[1] == scheme
        assert apply({"Forwarded": "for=203.0.113.9;proto=" + proto}, forwarded=True)[1] == scheme


def test_nonsense_is_left_out():
    assert apply({"X-Forwarded-Proto": "javascript"}) == (("127.0.0.1", 5),) + UNCHANGED
    for host in ("a b", "a/b", "x@a", "a\\b", ""):
        assert apply({"X-Forwarded-Host": host}, host=True)[2] == "inner:8000", host
    assert apply({"Forwarded": ",;=,"}, forwarded=True)[1] == "http"


def test_networks():
    for wrong in ("10.0.0.0/33", "10.0.0/8", "10.0.0.0/", "fe80::/10", "300.0.0.0/8", "10.0.0.0/x"):
        with raises(ValueError):
            ProxyHeaders(None, [wrong])
    proxies = ProxyHeaders(None, ["192.168.1.0/24", "0.0.0.0/32", "::1"])
    assert proxies.is_trusted("192.168.1.255") and proxies.is_trusted("0.0.0.0") and proxies.is_trusted("::1")
    for address in ("192.168.2.1", "192.168.1", "192.168.1.256", "192.168.1.1.1", "", None, "unix", "a.b.c.d"):
        assert not proxies.is_trusted(address), address


async def test_application():
    app = Microdot()
    ProxyHeaders(app, prefix=True)

    @app.get("/where")
    async def where(request):
        return {"client": request.client_addr[0], "scheme": request.scheme, "url": url_for(request, "where")}

    @app.errorhandler(404)
    async def missing(request):
        return request.scheme, 404

    headers = dict(X)
    headers["X-Forwarded-Prefix"] = "/device/"
    res = await TestClient(app).get("/where", headers)
    assert res.json == {"client": "203.0.113.9", "scheme": "https", "url": "/device/where"}
    assert (await TestClient(app).get("/missing", X)).text == "https"
    for prefix, url in (
        ("//evil.example", "/where"), ("/\\evil.example", "/where"), ("evil.example", "/where"), ("", "/where"),
        ("/", "/where"), ("/caf\u00e9 %2F", "/caf%C3%A9%20%2F/where"),
        ("/of/the/client, /device", "/device/where"), ("/of/the/client,", "/where"),
    ):  # fmt: skip
        headers["X-Forwarded-Prefix"] = prefix
        assert (await TestClient(app).get("/where", headers)).json["url"] == url, prefix
    assert (await app.dispatch_request(None)).status_code == 400


def test_each_of_several_proxies_adds_its_prefix():
    def prefix(value, clients):
        headers = {"X-Forwarded-Prefix": value, "X-Forwarded-For": clients}
        request = Request(None, ("127.0.0.1", 5), "GET", "/", "1.1", headers)
        ProxyHeaders(None, ["127.0.0.1", "10.0.0.0/8"], prefix=True).apply(request)
        return request.root_path

    assert prefix("/evil, /outer/, /inner", "203.0.113.9, 10.0.0.2") == "/outer/inner"
    assert prefix("/evil, /outer/, /inner", "203.0.113.9") == "/inner"
    assert prefix("/inner", "203.0.113.9, 10.0.0.2") == "/inner"


def test_all_peers_are_trusted_but_not_what_the_client_says():
    headers = {"X-Forwarded-For": "6.6.6.6, 203.0.113.9", "X-Forwarded-Proto": "https, http"}
    for client in (("8.8.8.8", 5), None):
        assert apply(headers, client, trusted="*") == (("203.0.113.9", 0),) + UNCHANGED
    headers["X-Forwarded-For"] += ", 10.0.0.2"
    assert apply(headers, trusted="*")[0] == ("10.0.0.2", 0)
    assert apply(headers, trusted=["*", "10.0.0.2"])[0] == ("203.0.113.9", 0)
    forwarded = {"Forwarded": "for=6.6.6.6, for=203.0.113.9"}
    assert apply(forwarded, trusted="*", forwarded=True)[0] == ("203.0.113.9", 0)


def test_ports_of_clients():
    for text, expected in (
        ("203.0.113.9:80", ("203.0.113.9", 80)), ("203.0.113.9:", ("203.0.113.9", 0)),
        ("203.0.113.9:x", ("203.0.113.9", 0)), ("203.0.113.9:-1", ("203.0.113.9", 0)),
        ("203.0.113.9:65535", ("203.0.113.9", 65535)), ("203.0.113.9:" + 5000 * "9", ("203.0.113.9", 0)),
        ("2001:db8::1", ("2001:db8::1", 0)),
        ("[2001:db8::1]", ("2001:db8::1", 0)), ("[2001:db8::1]:8x", ("2001:db8::1", 0)), ("unknown", ("unknown", 0)),
    ):  # fmt: skip
        assert apply({"X-Forwarded-For": text})[0] == expected, text


def test_one_address_as_a_str():
    assert ProxyHeaders(trusted="192.0.2.1")._addresses == ["192.0.2.1"]
