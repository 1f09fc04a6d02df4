from microdot import Microdot, Request, Response, abort
from microdot import cors as cors_module
from microdot.cors import CORS
from microdot.test_client import TestClient

ORIGIN = "https://example.com"


def client(*args, **kwargs):
    app = Microdot()
    cors = CORS(app, *args, **kwargs)

    @app.get("/")
    async def index(request):
        return "ok"

    @app.post("/")
    async def post(request):
        return "ok"

    @app.get("/own")
    async def own(request):
        return Response("ok", headers={"Vary": "Accept-Language"})

    @app.get("/fail")
    async def fail(request):
        abort(409)

    return TestClient(app), cors


def names(response):
    return sorted(name.lower() for name in response.headers if name.lower().startswith("access-control"))


async def test_listed_origin():
    c, _ = client([ORIGIN], True, expose_headers=["X-A", "X-B"])
    res = await c.get("/", {"Origin": ORIGIN})
    assert res.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert res.headers["Access-Control-Allow-Credentials"] == "true"
    assert res.headers["Access-Control-Expose-Headers"] == "X-A, X-B"
    assert res.headers["Vary"] == "Origin"


async def test_other_origins_get_nothing_but_vary():
    c, _ = client([ORIGIN], True)
    for origin in ("http://example.com", "https://example.com.evil.net", "https://example.co", "null", ""):
        res = await c.get("/", {"Origin": origin})
        assert res.status_code == 200 and names(res) == [], origin
        assert res.headers["Vary"] == "Origin"
    res = await c.get("/")
    assert names(res) == [] and res.headers["Vary"] == "Origin"


async def test_a_single_origin_as_text_is_no_pattern():
    c, _ = client(ORIGIN)
    assert names(await c.get("/", {"Origin": "https://example.co"})) == []
    assert names(await c.get("/", {"Origin": ORIGIN})) == ["access-control-allow-origin"]


async def test_every_origin():
    for origins in ("*", ["*"]):
        c, _ = client(origins)
        res = await c.get("/")
        assert res.headers["Access-Control-Allow-Origin"] == "*" and "Vary" not in res.headers
        res = await c.get("/", {"Origin": "http://any.net"})
        assert res.headers["Access-Control-Allow-Origin"] == "http://any.net"
        assert res.headers["Vary"] == "Origin"
        assert "Access-Control-Allow-Credentials" not in res.headers


async def test_every_origin_gets_no_credentials():
    """That is logged, and no exception: it would end `main.py` while a board starts."""
    logged = []
    log_error = cors_module.log_error
    cors_module.log_error = logged.append
    try:
        for origins in ("*", ["*"], [ORIGIN, "*"], ("*",)):
            c, cors = client(origins, True)
            assert cors.allow_credentials is False and "allow_credentials" in logged.pop() and not logged
            for headers in {"Origin": ORIGIN}, {}:
                res = await c.get("/", headers)
                assert res.headers["Access-Control-Allow-Origin"] == headers.get("Origin", "*")
                assert "Access-Control-Allow-Credentials" not in res.headers
            assert "Access-Control-Allow-Credentials" not in (await preflight(c, "PUT")).headers
        CORS(allowed_origins=[ORIGIN], allow_credentials=True)
        assert not logged
    finally:
        cors_module.log_error = log_error


async def test_vary_is_merged():
    c, _ = client([ORIGIN])
    assert (await c.get("/own", {"Origin": ORIGIN})).headers["Vary"] == "Accept-Language, Origin"


async def test_errors():
    c, _ = client([ORIGIN])
    for path, status in (("/fail", 409), ("/missing", 404)):
        res = await c.get(path, {"Origin": ORIGIN})
        assert res.status_code == status
        assert res.headers["Access-Control-Allow-Origin"] == ORIGIN and res.headers["Vary"] == "Origin"


async def preflight(c, method, headers=None, origin=ORIGIN):
    fields = {"Origin": origin, "Access-Control-Request-Method": method}
    if headers:
        fields["Access-Control-Request-Headers"] = headers
    return await c.request("OPTIONS", "/", fields)


async def test_preflight_with_everything_allowed():
    c, _ = client([ORIGIN], max_age=0)
    res = await preflight(c, "post", "X-A, X-B")
    assert res.status_code == 200
    assert res.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert res.headers["Access-Control-Allow-Methods"] == "POST"
    assert res.headers["Access-Control-Allow-Headers"] == "X-A, X-B"
    assert res.headers["Access-Control-Max-Age"] == "0"
    assert sorted(res.headers["Allow"].split(", ")) == ["GET", "HEAD", "OPTIONS", "POST"]


async def test_preflight_with_lists():
    c, _ = client([ORIGIN], allowed_methods=["get", "POST"], allowed_headers=["X-A"], max_age=5)
    res = await preflight(c, "POST", "x-a, X-B")
    assert res.headers["Access-Control-Allow-Methods"] == "POST"
    assert res.headers["Access-Control-Allow-Headers"] == "x-a"
    assert res.headers["Access-Control-Max-Age"] == "5"
    assert "Access-Control-Allow-Methods" not in (await preflight(c, "DELETE")).headers
    assert "Access-Control-Max-Age" not in (await c.get("/", {"Origin": ORIGIN})).headers


async def test_by_hand():
    c, cors = client([ORIGIN], handle_cors=False)

    @c.app.get("/hand")
    async def hand(request):
        return "ok", cors.get_cors_headers(request)

    assert names(await c.get("/", {"Origin": ORIGIN})) == []
    assert names(await c.get("/hand", {"Origin": ORIGIN})) == ["access-control-allow-origin"]


async def test_initialize_later():
    app = Microdot()
    cors = CORS(allowed_origins=[ORIGIN])
    cors.initialize(app)
    res = await TestClient(app).get("/", {"Origin": ORIGIN})
    assert res.status_code == 404 and names(res) == ["access-control-allow-origin"]


async def test_malformed_requests_have_no_origin():
    app = Microdot()
    CORS(app, [ORIGIN])
    assert (await app.dispatch_request(None)).status_code == 400


async def test_what_no_response_can_carry_is_not_sent_back():
    for origins, expected in (("*", "*"), ([ORIGIN], None)):
        app = Microdot()
        CORS(app, origins)
        app.get("/")(lambda request: "ok")
        for method in "GET", "OPTIONS":
            for text in ORIGIN + "\x01", "\x7f", "a\rb", " a":
                fields = "Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers"
                request = Request(app, None, method, "/", "1.1", dict.fromkeys(fields, text))
                res = await app.dispatch_request(request)
                assert res.status_code == 200, (method, text)
                assert res.headers.get("Access-Control-Allow-Origin") == expected
                assert "Access-Control-Allow-Methods" not in res.headers
                assert "Access-Control-Allow-Headers" not in res.headers


async def test_initialized_twice_or_for_two_applications():
    cors = CORS(allowed_origins=[ORIGIN])
    apps = Microdot(), Microdot()
    for app, method in (apps[0], "PUT"), (apps[1], "DELETE"):
        app.options_handler = None if app is apps[0] else app.options_handler
        cors.initialize(app)
        cors.initialize(app)
        app.route("/", [method])(lambda request: "ok")
    for app, method in (apps[0], "PUT"), (apps[1], "DELETE"):
        res = await preflight(TestClient(app), method)
        assert res.status_code == 200 and res.headers["Access-Control-Allow-Methods"] == method
        assert res.headers["Allow"] == method + ", OPTIONS"


async def test_lists_of_one_as_text():
    c, _ = client(ORIGIN, allowed_methods="PUT", allowed_headers="X-Key", expose_headers="X-A")
    res = await preflight(c, "PUT", "x-key, x-other")
    assert res.headers["Access-Control-Allow-Methods"] == "PUT"
    assert res.headers["Access-Control-Allow-Headers"] == "x-key"
    assert res.headers["Access-Control-Expose-Headers"] == "X-A"
