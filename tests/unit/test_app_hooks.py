from microdot import Microdot, Response
from microdot.test_client import TestClient


async def test_before_request():
    app = Microdot()
    seen = []

    @app.before_request
    def first(request):
        seen.append("first")
        request.g.user = "susan"

    @app.before_request
    async def second(request):
        seen.append("second")

    app.get("/")(lambda request: request.g.user)
    assert callable(first) and callable(second)
    assert (await TestClient(app).get("/")).text == "susan"
    assert seen == ["first", "second"]


async def test_before_request_that_answers():
    app = Microdot()
    called = []

    @app.before_request
    def before(request):
        return "no entry", 403

    app.before_request(lambda request: called.append("second hook"))
    app.get("/")(lambda request: called.append("handler"))
    app.after_request(lambda request, response: called.append(response.status_code))
    res = await TestClient(app).get("/")
    assert (res.status_code, res.text) == (403, "no entry")
    assert called == [403]


async def test_before_request_may_answer_with_something_false():
    for answer, status_code in (("", 200), ({}, 200), ([], 200)):
        app = Microdot()
        app.before_request(lambda request, answer=answer: answer)
        app.get("/")(lambda request: 500)
        assert (await TestClient(app).get("/")).status_code == status_code


async def test_hooks_are_for_routes_only():
    app = Microdot()
    called = []
    app.before_request(lambda request: called.append("before"))
    app.after_request(lambda request, response: called.append("after"))
    client = TestClient(app)
    assert (await client.get("/")).status_code == 404
    assert called == []


async def test_after_request():
    app = Microdot()
    app.get("/")(lambda request: "x")

    @app.after_request
    def keep(request, response):
        response.headers["X-One"] = request.path

    @app.after_request
    async def add(request, response):
        response.headers["X-Two"] = "2"
        return response

    res = await TestClient(app).get("/")
    assert (res.text, res.headers["X-One"], res.headers["X-Two"]) == ("x", "/", "2")


async def test_after_request_that_replaces():
    app = Microdot()
    app.get("/")(lambda request: "x")
    app.after_request(lambda request, response: ("new", 201))
    app.after_request(lambda request, response: Response(response.body + b"er", response.status_code))
    res = await TestClient(app).get("/")
    assert (res.status_code, res.text) == (201, "newer")


async def test_after_request_of_one_request():
    app = Microdot()
    order = []

    @app.get("/")
    def index(request):
        request.after_request(lambda request, response: order.append("one request"))
        request.after_request(lambda request, response: response.set_cookie("a", "1"))
        return "x"

    app.get("/other")(lambda request: "x")
    app.after_request(lambda request, response: order.append("all"))
    client = TestClient(app)
    res = await client.get("/")
    assert res.headers["Set-Cookie"] == ["a=1"]
    assert order == ["all", "one request"]
    assert "Set-Cookie" not in (await client.get("/other")).headers
    assert order == ["all", "one request", "all"]


async def test_hooks_after_an_error():
    app = Microdot()
    called = []

    @app.get("/")
    def index(request):
        request.after_request(lambda request, response: called.append("request"))
        raise ValueError

    app.after_request(lambda request, response: called.append("after"))
    app.after_error_request(lambda request, response: called.append(response.status_code))
    client = TestClient(app)
    assert (await client.get("/")).status_code == 500
    assert (await client.get("/none")).status_code == 404
    assert (await client.post("/")).status_code == 405
    assert called == [500, 404, 405]


async def test_after_error_request():
    app = Microdot()

    @app.after_error_request
    def add(request, response):
        response.headers["X-Path"] = request.path if request else "none"

    @app.after_error_request
    async def replace(request, response):
        return "sorry: " + response.body.decode(), response.status_code, {"X-Path": response.headers["X-Path"]}

    res = await TestClient(app).get("/x")
    assert (res.status_code, res.text, res.headers["X-Path"]) == (404, "sorry: Not found", "/x")
    response = await app.dispatch_request(None)
    assert (response.status_code, response.headers["X-Path"]) == (400, "none")


async def test_a_hook_that_fails():
    for add in ("before_request", "after_request"):
        app = Microdot()

        def fail(*args):
            raise ValueError("private")

        getattr(app, add)(fail)
        app.get("/")(lambda request: "x")
        res = await TestClient(app).get("/")
        assert (res.status_code, res.text) == (500, "Internal server error")


async def test_an_after_error_hook_that_fails():
    app = Microdot()

    @app.after_error_request
    def fail(request, response):
        raise ValueError("private")

    app.after_error_request(lambda request, response: response.headers.update({"X": "1"}))
    res = await TestClient(app).get("/")
    assert (res.status_code, res.text, res.headers["X"]) == (404, "Not found", "1")


async def test_vary():
    app = Microdot()

    @app.before_request
    def before(request):
        request.vary("Origin")
        request.vary("Cookie")

    app.get("/")(lambda request: ("x", {"Vary": "Accept, origin"}))
    app.get("/error")(lambda request: 1 / 0)
    client = TestClient(app)
    assert (await client.get("/")).headers["Vary"] == "Accept, origin, Cookie"
    res = await client.get("/error")
    assert res.status_code == 500
    assert res.headers["Vary"] == "Origin, Cookie"


async def test_access_log():
    app = Microdot()
    seen = []
    app.access_log = lambda request, response: seen.append((request and request.path, response.status_code))
    request_and_response = await _respond(app)
    app.log_access(*request_and_response)
    app.log_access(None, Response("", 400))
    assert seen == [("/", 404), (None, 400)]
    app.access_log = None
    app.log_access(*request_and_response)
    app.debug = True
    app.log_access(*request_and_response)
    app.log_access(None, Response("", 400))


async def _respond(app):
    from microdot import Request

    request = Request(app, None, "GET", "/", "1.1", {}, b"")
    return request, await app.dispatch_request(request)


async def test_a_hook_may_set_the_body_to_text():
    app = Microdot()
    app.get("/")(lambda request: "abc")

    @app.after_request
    def after(request, response):
        response.body = "changed"

    @app.after_error_request
    def after_error(request, response):
        response.body = "sorry"

    client = TestClient(app)
    assert (await client.get("/")).text == "changed"
    assert (await client.get("/nowhere")).text == "sorry"


async def test_hooks_after_a_handler_that_answered_by_itself():
    app = Microdot()
    app.get("/")(lambda request: Response.already_handled)
    seen = []

    @app.after_request
    def after(request, response):
        seen.append(response)
        response.set_cookie("a", "1")
        request.vary("Cookie")
        return Response("instead")

    assert (await TestClient(app).get("/")).status_code is None
    assert len(seen) == 1
    assert not Response.already_handled.headers
