from microdot import Microdot, abort
from microdot.cors import CORS
from microdot.hosts import AllowedHosts
from microdot.proxies import ProxyHeaders
from microdot.test_client import TestClient
from support import raises

STAGES = "receive", "before_request", "after_request", "after_error_request", "answer_options"


class Recorder:
    """An extension that writes down which of its hooks are called."""

    def __init__(self, name, calls):
        self.name = name
        self.calls = calls

    def initialize(self, app, **options):
        app.extend(self, **options, **{stage: getattr(self, stage) for stage in STAGES})

    def _note(self, stage):
        self.calls.append(self.name + " " + stage)

    def receive(self, request):
        self._note("receive")

    def before_request(self, request):
        self._note("before_request")

    def after_request(self, request, response):
        self._note("after_request")

    def after_error_request(self, request, response):
        self._note("after_error_request")

    def answer_options(self, request, headers):
        self._note("answer_options")
        headers["X-Stage"] = self.name


def make_app(*names):
    app, calls = Microdot(), []
    for name in names:
        Recorder(name, calls).initialize(app)
    app.get("/")(lambda request: "ok")
    return app, calls


async def test_each_stage_is_called_in_its_order():
    app, calls = make_app("a", "b")
    expected = {
        ("GET", "/"): ["receive", "before_request", "after_request"],
        ("GET", "/missing"): ["receive", "after_error_request"],
        ("POST", "/"): ["receive", "after_error_request"],
        ("OPTIONS", "/"): ["receive", "answer_options"],
    }
    for (method, path), stages in expected.items():
        await TestClient(app).request(method, path)
        assert calls == [name + " " + stage for stage in stages for name in "ab"], (method, path, calls)
        calls[:] = []
    await app.dispatch_request(None)  # a malformed request is None, but it has a response
    assert calls == ["a after_error_request", "b after_error_request"]


async def test_first_comes_before_what_was_added_earlier():
    app, calls = make_app("a")

    @app.before_request
    async def hook(request):
        calls.append("own")

    Recorder("b", calls).initialize(app, first=True)
    Recorder("c", calls).initialize(app)
    await TestClient(app).get("/")
    assert calls[:3] == ["b receive", "a receive", "c receive"]
    assert calls[3:7] == ["b before_request", "a before_request", "own", "c before_request"]


async def test_an_extension_is_added_once():
    app, calls = make_app()
    recorder = Recorder("a", calls)
    for _ in range(2):
        recorder.initialize(app)
    await TestClient(app).get("/")
    assert calls == ["a receive", "a before_request", "a after_request"]
    assert app.extensions == (recorder,) and Microdot.extensions == () == Microdot().extensions


async def test_receive_may_change_a_request_or_refuse_it():
    app, _ = make_app()

    def receive(request):
        if request.path == "/secret":
            abort(403, "Not here")
        request.path = "/" if request.path == "/old" else request.path

    app.extend("any object", receive=receive)
    client = TestClient(app)
    assert (await client.get("/old")).text == "ok"
    res = await client.get("/secret")
    assert (res.status_code, res.text) == (403, "Not here")


def test_a_wrong_name_of_a_hook_is_refused():
    app = Microdot()
    with raises(TypeError) as caught:
        app.extend("x", receive=print, before=print)
    text = str(caught.value)
    assert "'before'" in text and all(stage in text for stage in STAGES)
    assert app.extensions == app.receive_handlers == ()


def test_extensions_are_found_by_their_class():
    class Derived(Recorder):
        pass

    app, calls = make_app("a")
    assert app.extension(Recorder).name == "a" and app.extension(Derived) is app.extension(CORS) is None
    Derived("b", calls).initialize(app)
    assert app.extension(Recorder).name == app.extension(Derived).name == "b"


async def test_mounted_applications():
    for local in False, True:
        app, calls = make_app("a")
        sub, _ = make_app()
        Recorder("b", calls).initialize(sub)
        app.mount(sub, "/sub", local)
        app.mount(sub, "/again", local)
        for path in "/sub/", "/again/":
            calls[:] = []
            await TestClient(app).get(path)
            assert [call for call in calls if call[0] == "b"] == ["b before_request", "b after_request"], (local, calls)
            calls[:] = []
            res = await TestClient(app).request("OPTIONS", path)
            assert calls == ["a receive", "a answer_options", "b answer_options"], (local, path, calls)
            assert res.headers["X-Stage"] == "b" and res.headers["Allow"] == "GET, HEAD, OPTIONS"
        calls[:] = []
        await TestClient(app).request("OPTIONS", "/")
        assert ("b answer_options" in calls) is not local


async def test_answers_to_options_without_a_handler_of_the_application():
    app, _ = make_app()
    shared = {"X-Own": "1"}
    app.options_handler = None
    assert (await TestClient(app).request("OPTIONS", "/")).status_code == 405
    app.options_handler = lambda request: shared
    assert (await TestClient(app).request("OPTIONS", "/")).headers["X-Own"] == "1"
    Recorder("a", []).initialize(app)
    res = await TestClient(app).request("OPTIONS", "/")
    assert (res.headers["X-Own"], res.headers["X-Stage"]) == ("1", "a") and shared == {"X-Own": "1"}
    app.options_handler = None
    res = await TestClient(app).request("OPTIONS", "/")
    assert (res.headers["Allow"], res.headers["X-Stage"]) == ("GET, HEAD, OPTIONS", "a")


async def test_the_order_does_not_matter_to_the_extensions_of_the_framework():
    """A host that a trusted proxy names is checked, whichever extension an application adds first."""
    for order in (0, 1), (1, 0):
        app, calls = make_app()
        add = [
            lambda app=app: AllowedHosts(app, ["example.com"]),
            lambda app=app: ProxyHeaders(app, host=True),
        ]
        for i in order:
            add[i]()
        for forwarded, status in ("example.com", 200), ("evil.example", 400):
            res = await TestClient(app).get("/", {"Host": "inner", "X-Forwarded-Host": forwarded})
            assert res.status_code == status, (order, forwarded)


async def test_preflights_of_a_mounted_application():
    for local in False, True:
        app, sub = Microdot(), Microdot()
        CORS(sub, ["https://example.com"])
        sub.put("/x")(lambda request: "ok")
        app.put("/y")(lambda request: "ok")
        app.mount(sub, "/sub", local)
        headers = {"Origin": "https://example.com", "Access-Control-Request-Method": "PUT"}
        for path, allowed in ("/sub/x", True), ("/y", not local):
            res = await TestClient(app).request("OPTIONS", path, headers)
            assert res.status_code == 200 and ("Access-Control-Allow-Methods" in res.headers) is allowed, (local, path)
