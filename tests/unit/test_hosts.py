from microdot import Microdot, Request
from microdot.hosts import AllowedHosts
from microdot.test_client import TestClient


def test_hosts():
    hosts = AllowedHosts(hosts=["Device.local", "192.168.4.1", "[fe80::1]", ".example.com"])
    for host in ("device.local", "DEVICE.local:80", "192.168.4.1:5000", "[fe80::1]", "[fe80::1]:80", "a.example.com"):
        assert hosts.is_allowed(host), host
    assert hosts.is_allowed("example.com")
    for host in (
        "",
        "evil.example",
        "device.local.evil.example",
        "evil-example.com",
        "xdevice.local",
        "device.local:80.evil.example",
        "device.local:x",
        "device.local:80@evil.example",
        "[fe80::2]",
        "device.local.",
        "evil.example/.example.com",
        "evil.example#.example.com",
        "evil.example?.example.com",
        "evil.example\\.example.com",
        "evil.example@a.example.com",
        "evil.example&.example.com",
        "[x].example.com",
    ):
        assert not hosts.is_allowed(host), host


async def test_rebinding_is_refused_before_other_hooks():
    app = Microdot()
    calls = []

    @app.before_request
    async def hook(request):
        calls.append(request.path)

    AllowedHosts(app, ["device.local"])

    @app.get("/")
    async def index(request):
        return "ok"

    assert (await TestClient(app, host="device.local:5000").get("/")).status_code == 200
    res = await TestClient(app, host="rebound.evil.example").get("/")
    assert (res.status_code, res.text) == (400, "Unknown host")
    assert calls == ["/"]
    res = await app.dispatch_request(Request(app, None, "GET", "/", "1.0", {}))  # HTTP/1.0 need not name a host
    assert (res.status_code, res.body) == (400, b"Unknown host")
    assert calls == ["/"]


def test_one_host_as_a_str():
    hosts = AllowedHosts(hosts="device.local")
    assert hosts.is_allowed("device.local") and not hosts.is_allowed("d")


async def test_no_host():
    """HTTP/1.0 needs none; it is for no host that is allowed."""
    app = Microdot()
    AllowedHosts(app, ["device.local"])
    app.get("/")(lambda request: "ok")
    response = await app.dispatch_request(Request(app, ("127.0.0.1", 1), "GET", "/", "1.0", {}))
    assert (response.status_code, response.body) == (400, b"Unknown host")
