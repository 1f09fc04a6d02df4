from microdot import Microdot, abort
from microdot.test_client import TestClient


def make(name):
    """Return an application that notes what it does in the response."""
    app = Microdot()
    app.name = name

    @app.get("/")
    def index(request):
        return note(request, "handler " + name)

    @app.get("/<int:n>")
    def number(request, n):
        return note(request, str(n))

    @app.get("/error")
    def error(request):
        abort(409)

    @app.before_request
    def before(request):
        note(request, "before " + name)

    @app.after_request
    def after(request, response):
        note(request, "after " + name)
        return ", ".join(request.g.notes), response.status_code

    @app.after_error_request
    def after_error(request, response):
        response.headers["X-" + name] = "1"

    return app


def note(request, text):
    if not hasattr(request.g, "notes"):
        request.g.notes = []
    request.g.notes.append(text)
    return text


async def get(app, path):
    return await TestClient(app).get(path)


async def test_routes_get_the_prefix():
    app = Microdot()
    sub = Microdot()
    sub.get("/")(lambda request: "root")
    sub.get("/<x>/<path:y>")(lambda request, x, y: [x, y])
    sub.post("/post")(lambda request: request.path)
    app.mount(sub, "/sub")
    assert (await get(app, "/sub/")).text == "root"
    assert (await get(app, "/sub/1/2/3")).json == ["1", "2/3"]
    assert (await TestClient(app).post("/sub/post")).text == "/sub/post"
    assert (await get(app, "/")).status_code == 404
    assert (await get(app, "/1/2")).status_code == 404
    assert len(sub.url_map) == 3


async def test_a_prefix_may_have_variables():
    app = Microdot()
    sub = Microdot()
    sub.get("/<int:y>")(lambda request, x, y: [x, y])
    app.mount(sub, "/<x>")
    assert (await get(app, "/a/5")).json == ["a", 5]


async def test_without_a_prefix():
    app = Microdot()
    sub = Microdot()
    sub.get("/a")(lambda request: [request.url_prefix, request.subapp is sub])
    app.get("/b")(lambda request: [request.url_prefix, request.subapp is None])
    app.mount(sub)
    assert (await get(app, "/a")).json == ["", True]
    assert (await get(app, "/b")).json == ["", True]


async def test_a_slash_at_the_end_of_a_prefix():
    app, sub = Microdot(), Microdot()
    sub.get("/a")(lambda request: request.url_prefix)
    app.mount(sub, "/sub/")
    app.mount(sub, "/")
    assert (await get(app, "/sub/a")).text == "/sub"
    assert (await get(app, "/a")).text == ""


async def test_the_request_knows_prefix_and_application():
    app, sub, inner = Microdot(), Microdot(), Microdot()
    inner.get("/x")(lambda request: [request.url_prefix, request.subapp is inner, request.app is app])
    sub.get("/x")(lambda request: [request.url_prefix, request.subapp is sub, request.app is app])
    sub.mount(inner, "/inner")
    app.mount(sub, "/sub")
    assert (await get(app, "/sub/x")).json == ["/sub", True, True]
    assert (await get(app, "/sub/inner/x")).json == ["/sub/inner", True, True]


async def test_hooks_become_global():
    app = make("app")
    app.mount(make("sub"), "/sub")
    for path, handler in (("/", "handler app"), ("/sub/", "handler sub")):
        text = (await get(app, path)).text
        assert text == "before app, before sub, " + handler + ", after app, after sub"


async def test_local_hooks():
    app = make("app")
    app.mount(make("sub"), "/sub", local=True)
    assert (await get(app, "/")).text == "before app, handler app, after app"
    assert (await get(app, "/sub/")).text == "before app, before sub, handler sub, after sub, after app"


async def test_nested_local_hooks():
    app, sub, inner = make("app"), make("sub"), make("inner")
    sub.mount(inner, "/inner", local=True)
    app.mount(sub, "/sub", local=True)
    assert (await get(app, "/")).text == "before app, handler app, after app"
    assert (await get(app, "/sub/7")).text == "before app, before sub, 7, after sub, after app"
    assert (await get(app, "/sub/inner/7")).text == (
        "before app, before sub, before inner, 7, after inner, after sub, after app"
    )


async def test_local_in_global():
    app, sub, inner = make("app"), make("sub"), make("inner")
    sub.mount(inner, "/inner", local=True)
    app.mount(sub, "/sub")
    assert (await get(app, "/")).text == "before app, before sub, handler app, after app, after sub"
    assert (await get(app, "/sub/inner/")).text == (
        "before app, before sub, before inner, handler inner, after inner, after app, after sub"
    )


async def test_global_in_local():
    app, sub, inner = make("app"), make("sub"), make("inner")
    sub.mount(inner, "/inner")
    app.mount(sub, "/sub", local=True)
    assert (await get(app, "/")).text == "before app, handler app, after app"
    for path, handler in (("/sub/", "sub"), ("/sub/inner/", "inner")):
        notes = (await get(app, path)).text.split(", handler ")
        assert notes == ["before app, before sub, before inner", handler + ", after sub, after inner, after app"]


async def test_hooks_added_after_a_local_mount_apply():
    app, sub = Microdot(), Microdot()
    sub.get("/")(lambda request: "x")
    app.mount(sub, "/sub", local=True)
    sub.before_request(lambda request: "hook")
    assert (await get(app, "/sub/")).text == "hook"


async def test_a_local_before_hook_that_answers():
    app, sub = make("app"), Microdot()
    sub.get("/")(lambda request: "handler")
    sub.before_request(lambda request: note(request, "answer"))
    app.mount(sub, "/sub", local=True)
    assert (await get(app, "/sub/")).text == "before app, answer, after app"


async def test_after_error_hooks():
    app = make("app")
    app.mount(make("local"), "/local", local=True)
    app.mount(make("global"), "/global")
    headers = (await get(app, "/local/error")).headers
    assert "X-app" in headers and "X-local" in headers and "X-global" in headers
    for path in ("/error", "/global/error", "/none"):
        headers = (await get(app, path)).headers
        assert "X-app" in headers and "X-global" in headers
        assert "X-local" not in headers


async def test_error_handlers():
    app, sub = make("app"), make("sub")
    sub.errorhandler(409)(lambda request: ("sub", 409))
    app.mount(sub, "/sub")
    assert (await get(app, "/error")).text == "sub"
    assert (await get(app, "/sub/error")).text == "sub"


async def test_local_error_handlers():
    app, sub, inner = make("app"), make("sub"), make("inner")
    app.errorhandler(409)(lambda request: ("app", 409))
    sub.errorhandler(409)(lambda request: ("sub", 409))
    sub.mount(inner, "/inner", local=True)
    app.mount(sub, "/sub", local=True)
    assert (await get(app, "/error")).text == "app"
    assert (await get(app, "/sub/error")).text == "sub"
    assert (await get(app, "/sub/inner/error")).text == "sub"
    inner.errorhandler(409)(lambda request: ("inner", 409))
    assert (await get(app, "/sub/inner/error")).text == "inner"


async def test_local_handlers_of_classes():
    app, sub = Microdot(), Microdot()
    sub.get("/")(lambda request: int("x"))
    app.get("/")(lambda request: int("x"))
    sub.errorhandler(ValueError)(lambda request, exception: ("sub", 500))
    app.errorhandler(Exception)(lambda request, exception: ("app", 500))
    app.mount(sub, "/sub", local=True)
    assert (await get(app, "/")).text == "app"
    assert (await get(app, "/sub/")).text == "sub"


async def test_one_application_mounted_twice():
    app, sub = Microdot(), make("sub")
    app.mount(sub, "/one", local=True)
    app.mount(sub, "/two", local=True)
    for prefix in ("/one", "/two"):
        assert (await get(app, prefix + "/3")).text == "before sub, 3, after sub"


async def test_the_hooks_of_one_application_mounted_twice_are_called_once():
    app, sub = Microdot(), make("sub")
    app.mount(sub, "/one")
    app.mount(sub, "/two")
    for prefix in ("/one", "/two"):
        assert (await get(app, prefix + "/3")).text == "before sub, 3, after sub"


async def test_method_not_allowed_under_a_prefix():
    app = Microdot()
    app.mount(make("sub"), "/sub")
    res = await TestClient(app).post("/sub/1")
    assert res.status_code == 405
    assert "GET" in res.headers["Allow"]


async def test_an_application_mounted_in_itself():
    app = Microdot()
    app.get("/a")(lambda request: "a")
    app.mount(app, "/x")
    for path in ("/a", "/x/a"):
        assert (await get(app, path)).text == "a"
    assert len(app.url_map) == 2
