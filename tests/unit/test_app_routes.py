import io

from microdot import Microdot, Response, URLPattern, abort
from microdot.test_client import TestClient
from support import raises


def make():
    app = Microdot()

    @app.get("/")
    def index(request):
        return "index"

    @app.post("/")
    async def post(request):
        return "posted " + request.body.decode(), 201

    @app.route("/both", methods=["get", "PUT"])
    def both(request):
        return request.method

    @app.get("/users/<int:n>/<name>")
    async def user(request, n, name):
        return [n, name]

    return app


async def test_handlers():
    client = TestClient(make())
    res = await client.get("/")
    assert (res.status_code, res.text, res.reason) == (200, "index", "OK")
    assert res.headers["Content-Type"] == "text/plain; charset=UTF-8"
    res = await client.post("/", body="hello")
    assert (res.status_code, res.text) == (201, "posted hello")
    assert (await client.get("/both")).text == "GET"
    assert (await client.put("/both")).text == "PUT"
    assert (await client.get("/users/-3/susan")).json == [-3, "susan"]


async def test_values_are_percent_decoded_and_the_url_is_not():
    client = TestClient(make())
    assert (await client.get("/users/1/caf%C3%A9%20x")).json == [1, "café x"]
    assert (await client.get("/users/1/a+b")).json == [1, "a+b"]
    assert (await client.get("/users/1/%zz")).json == [1, "%zz"]
    app = Microdot()
    app.get("/<path:p>")(lambda request, p: [request.url, request.path, p])
    assert (await TestClient(app).get("/a%2Fb?c=%20")).json == ["/a%2Fb?c=%20", "/a/b", "a/b"]


async def test_not_found():
    client = TestClient(make())
    for path in ("/x", "/users/x/susan", "/users/1", "/both/"):
        res = await client.get(path)
        assert (res.status_code, res.text) == (404, "Not found"), path
    assert (await client.request("BREW", "/x")).status_code == 404


async def test_method_not_allowed():
    client = TestClient(make())
    for method in ("DELETE", "BREW"):
        res = await client.request(method, "/both")
        assert res.status_code == 405
        assert sorted(res.headers["Allow"].split(", ")) == ["GET", "HEAD", "OPTIONS", "PUT"]


async def test_head():
    client = TestClient(make())
    res = await client.request("HEAD", "/")
    assert res.status_code == 200
    assert not res.body
    assert res.headers["Content-Length"] == "5"
    assert (await client.request("HEAD", "/x")).status_code == 404
    app = Microdot()
    app.post("/")(lambda request: "x")
    assert (await TestClient(app).request("HEAD", "/")).status_code == 405


async def test_head_closes_what_it_does_not_send():
    class File(io.BytesIO):
        ended = False

        def close(self):
            self.ended = True

    file = File(b"x")
    app = Microdot()
    app.get("/")(lambda request: file)
    res = await TestClient(app).request("HEAD", "/")
    assert res.status_code == 200 and not res.body
    assert file.ended


async def test_options():
    client = TestClient(make())
    res = await client.request("OPTIONS", "/both")
    assert res.status_code in (200, 204)
    assert not res.body
    assert sorted(res.headers["Allow"].split(", ")) == ["GET", "HEAD", "OPTIONS", "PUT"]
    assert (await client.request("OPTIONS", "/x")).status_code == 404
    assert "GET" in (await client.request("OPTIONS", "*")).headers["Allow"]


async def test_options_handler():
    app = make()
    app.options_handler = lambda request: {"X-Path": request.path}
    res = await TestClient(app).request("OPTIONS", "/both")
    assert res.headers["X-Path"] == "/both"


async def test_an_options_route():
    app = make()
    app.route("/both", methods=["OPTIONS"])(lambda request: "mine")
    assert (await TestClient(app).request("OPTIONS", "/both")).text == "mine"


async def test_every_method_decorator():
    app = Microdot()
    for method in ("get", "post", "put", "patch", "delete", "query"):
        getattr(app, method)("/" + method)(lambda request: request.method)
    client = TestClient(app)
    for method in ("get", "post", "put", "patch", "delete", "query"):
        res = await getattr(client, method)("/" + method)
        assert res.text == method.upper()
        res = await client.request("TRACE", "/" + method)
        assert res.status_code == 405


async def test_decorators_stack():
    app = Microdot()

    @app.get("/a")
    @app.post("/b")
    def handler(request):
        return request.path

    assert handler.__name__ == "handler" if hasattr(handler, "__name__") else callable(handler)
    client = TestClient(app)
    assert (await client.get("/a")).text == "/a"
    assert (await client.post("/b")).text == "/b"


async def test_the_first_route_wins():
    app = Microdot()
    app.get("/a")(lambda request: "first")
    app.get("/a")(lambda request: "second")
    app.get("/<x>")(lambda request, x: "third")
    client = TestClient(app)
    assert (await client.get("/a")).text == "first"
    assert (await client.get("/b")).text == "third"


def test_an_invalid_pattern_is_refused_at_once():
    app = Microdot()
    for pattern in ("/<", "/<unknown:a>", "/<re:(:a>", "/x<a>"):
        with raises(ValueError):
            app.route(pattern)(lambda request: "")
    assert len(app.url_map) == 0


async def test_results():
    app = Microdot()
    results = {
        "/none": None,
        "/tuple": ("x", 202, {"X-One": "1"}),
        "/status": 418,
        "/json": {"a": [1]},
        "/response": Response("x", 203),
        "/headers": (201, {"X-One": "2"}),
    }
    app.get("/<path:p>")(lambda request, p: results["/" + p])
    client = TestClient(app)
    assert (await client.get("/none")).status_code == 204
    res = await client.get("/tuple")
    assert (res.status_code, res.text, res.headers["X-One"]) == (202, "x", "1")
    res = await client.get("/status")
    assert (res.status_code, res.text) == (418, "")
    assert (await client.get("/json")).json == {"a": [1]}
    assert (await client.get("/response")).status_code == 203
    res = await client.get("/headers")
    assert (res.status_code, res.headers["X-One"]) == (201, "2")


async def test_a_wrong_result_is_a_server_error():
    app = Microdot()
    app.get("/")(lambda request: {1.5})
    res = await TestClient(app).get("/")
    assert res.status_code == 500
    assert "1.5" not in res.text


async def test_streams():
    app = Microdot()

    @app.get("/generator")
    def generator(request):
        def body():
            yield "one "
            yield b"two"

        return body()

    @app.get("/handler")
    def handler(request):
        yield "a"
        yield "b"

    client = TestClient(app)
    assert (await client.get("/generator")).text == "one two"
    assert (await client.get("/handler")).text == "ab"


async def test_seams_of_subclasses():
    class App(Microdot):
        def find_route(self, req):
            if req.path == "/magic":
                return (lambda request: "found"), "", None
            return super().find_route(req)

        async def error_response(self, req, status_code, reason=None):
            res = await super().error_response(req, status_code, reason)
            res.headers["X-Error"] = str(status_code)
            return res

        def default_options_handler(self, req):
            return {"Allow": "everything"}

    app = App()
    app.get("/")(lambda request: abort(403))
    client = TestClient(app)
    assert (await client.get("/magic")).text == "found"
    assert (await client.get("/")).headers["X-Error"] == "403"
    assert (await client.get("/none")).headers["X-Error"] == "404"
    assert (await client.request("OPTIONS", "/")).headers["Allow"] == "everything"


async def test_the_request_knows_its_route():
    app = Microdot()

    @app.get("/<x>")
    def handler(request, x):
        return [request.route is handler, request.url_args, request.app is app, request.subapp is None]

    assert (await TestClient(app).get("/1")).json == [True, {"x": "1"}, True, True]


async def test_types_of_ones_own():
    URLPattern.register_type("upper", "[A-Z]+", parser=lambda value: value.lower())
    app = Microdot()
    app.get("/<upper:x>")(lambda request, x: x)
    client = TestClient(app)
    assert (await client.get("/ABC")).text == "abc"
    assert (await client.get("/abc")).status_code == 404


def test_what_is_no_route():
    app = Microdot()
    for mistake in (
        lambda: app.get(test_what_is_no_route),  # a decorator without parentheses
        lambda: app.route(None),
        lambda: app.get("/")(None),
        lambda: app.get("/")("text"),
        lambda: app.route("/", methods="GET")(test_what_is_no_route),
        lambda: app.errorhandler(test_what_is_no_route),
        lambda: app.errorhandler("404"),
    ):
        with raises(TypeError):
            mistake()
    assert len(app.url_map) == 0
