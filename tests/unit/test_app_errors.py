import asyncio
import sys

import microdot._app
from microdot import Microdot, Request, Response, abort
from microdot._app import mro
from microdot._compat import add_log
from microdot.errors import HTTPException, MalformedJSON, MissingField
from microdot.test_client import TestClient
from support import raises


class Base(Exception):
    pass


class Derived(Base):
    pass


class Other(ValueError):
    pass


class Mixin:
    """No exception: MicroPython's classes can have only one built-in base."""


class Two(Derived, Mixin):
    pass


def failing(error):
    """Return an application whose only route raises *error*."""
    app = Microdot()

    @app.get("/")
    def index(request):
        raise error

    return app, TestClient(app)


async def test_an_exception_is_status_500_and_says_nothing():
    _, client = failing(ValueError("private"))
    res = await client.get("/")
    assert (res.status_code, res.text) == (500, "Internal server error")


async def test_abort():
    app = Microdot()
    app.get("/reason")(lambda request: app.abort(406, "Not so"))
    app.get("/none")(lambda request: abort(418))
    app.get("/exception")(lambda request: abort(403))
    client = TestClient(app)
    res = await client.get("/reason")
    assert (res.status_code, res.text) == (406, "Not so")
    res = await client.get("/none")
    assert res.status_code == 418
    assert Microdot.abort is abort or callable(Microdot.abort)
    with raises(HTTPException):
        Microdot.abort(404)


async def test_handler_of_a_status():
    app, client = failing(ValueError())
    app.errorhandler(404)(lambda request: ("gone: " + request.path, 410))

    @app.errorhandler(500)
    async def error(request):
        return {"error": "sorry"}, 500

    assert callable(error)
    res = await client.get("/x")
    assert (res.status_code, res.text) == (410, "gone: /x")
    res = await client.get("/")
    assert (res.status_code, res.json) == (500, {"error": "sorry"})


async def test_a_status_handler_for_405_keeps_allow():
    app, client = failing(ValueError())
    app.errorhandler(405)(lambda request: ("no", 405))
    res = await client.post("/")
    assert (res.status_code, res.text) == (405, "no")
    assert "GET" in res.headers["Allow"]


async def test_a_status_handler_says_200():
    app, client = failing(ValueError())
    app.errorhandler(404)(lambda request: "it is fine")
    res = await client.get("/x")
    assert (res.status_code, res.text) == (200, "it is fine")


async def test_handler_of_a_status_for_abort():
    app, client = failing(HTTPException(404, "mine"))
    app.errorhandler(404)(lambda request: ("handled", 404))
    res = await client.get("/")
    assert (res.status_code, res.text) == (404, "handled")


async def test_header_fields_of_an_exception():
    app, client = failing(HTTPException(503, "busy", {"Retry-After": "5", "X-Reason": "load"}))
    res = await client.get("/")
    assert (res.status_code, res.text, res.headers["Retry-After"]) == (503, "busy", "5")
    app.errorhandler(503)(lambda request: ("later", 503, {"Retry-After": "9"}))
    res = await client.get("/")
    assert (res.text, res.headers["Retry-After"], res.headers["X-Reason"]) == ("later", "9", "load")

    @app.errorhandler(HTTPException)
    def fails(request, exception):
        raise exception

    del app.error_handlers[503]
    assert (await client.get("/")).headers["Retry-After"] == "5"


async def test_handler_of_a_class():
    app, client = failing(Derived("why"))

    @app.errorhandler(Derived)
    def error(request, exception):
        return str(exception), 501

    res = await client.get("/")
    assert (res.status_code, res.text) == (501, "why")


async def test_handler_of_a_base_class():
    for handled in (Base, Exception):
        app, client = failing(Derived())
        app.errorhandler(handled)(lambda request, exception: ("base", 501))
        assert (await client.get("/")).text == "base"


async def test_handler_of_an_unrelated_class():
    app, client = failing(Derived())
    app.errorhandler(Other)(lambda request, exception: ("other", 501))
    assert (await client.get("/")).status_code == 500


async def test_the_most_derived_class_wins():
    for order in ((Exception, Base, Derived), (Derived, Base, Exception), (Base, Derived, Exception)):
        app, client = failing(Derived())
        for handled in order:
            app.errorhandler(handled)(lambda request, exception, name=str(handled): (name, 501))
        assert (await client.get("/")).text == str(Derived)


async def test_several_bases():
    app, client = failing(Two())
    app.errorhandler(Mixin)(lambda request, exception: "Mixin")
    assert (await client.get("/")).text == "Mixin"
    app.errorhandler(Base)(lambda request, exception: "Base")
    assert (await client.get("/")).text == "Base"
    app.errorhandler(Derived)(lambda request, exception: "Derived")
    assert (await client.get("/")).text == "Derived"


def test_mro():
    assert mro(Derived)[:3] == [Derived, Base, Exception]
    order = mro(Two)
    assert order[0] is Two
    for earlier, later in ((Two, Derived), (Derived, Mixin), (Derived, Base), (Base, Exception)):
        assert order.index(earlier) < order.index(later)
    assert len(order) == len(set(order))


async def test_class_before_status_500():
    app, client = failing(Derived())
    app.errorhandler(500)(lambda request: "status")
    app.errorhandler(Base)(lambda request, exception: "class")
    assert (await client.get("/")).text == "class"


async def test_abort_is_no_matter_for_a_handler_of_exception():
    app, client = failing(HTTPException(403, "no entry"))
    app.errorhandler(Exception)(lambda request, exception: ("all", 500))
    assert (await client.get("/")).status_code == 403
    app.errorhandler(HTTPException)(lambda request, exception: ("http", exception.status_code))
    res = await client.get("/")
    assert (res.status_code, res.text) == (403, "http")


async def test_an_error_handler_that_fails():
    app, client = failing(Derived())

    @app.errorhandler(Derived)
    def error(request, exception):
        raise ValueError("private")

    @app.errorhandler(404)
    def not_found(request):
        raise ValueError("private")

    for path in ("/", "/x"):
        res = await client.get(path)
        assert (res.status_code, res.text) == (500, "Internal server error")


async def test_an_error_handler_that_aborts():
    app, client = failing(Derived())
    app.errorhandler(Derived)(lambda request, exception: abort(409, "conflict"))
    app.errorhandler(404)(lambda request: abort(410, "gone"))
    res = await client.get("/")
    assert (res.status_code, res.text) == (409, "conflict")
    res = await client.get("/x")
    assert (res.status_code, res.text) == (410, "gone")


async def test_an_error_handler_with_a_wrong_result():
    app, client = failing(Derived())
    app.errorhandler(Derived)(lambda request, exception: object())
    assert (await client.get("/")).status_code == 500


async def test_an_error_handler_may_stream():
    app, client = failing(Derived())
    app.errorhandler(Derived)(lambda request, exception: (iter(["a", "b"]), 500))
    assert (await client.get("/")).text == "ab"


async def test_out_of_memory_is_for_the_server():
    app, client = failing(MemoryError())
    app.errorhandler(Exception)(lambda request, exception: "handled")
    with raises(MemoryError):
        await client.get("/")


async def test_what_could_not_be_parsed():
    app = Microdot()
    response = await app.dispatch_request(None)
    assert (response.status_code, response.body) == (400, b"Bad request")
    app.errorhandler(400)(lambda request: ("bad: " + str(request), 400))
    response = await app.dispatch_request(None)
    assert response.body == b"bad: None"


async def test_bad_json_is_status_400():
    app = Microdot()
    app.post("/")(lambda request: request.json)
    res = await TestClient(app).post("/", {"Content-Type": "application/json"}, "{")
    assert res.status_code == 400


async def test_texts_of_errors_are_plain_text_where_pages_are_html():
    app = Microdot()
    app.get("/")(lambda request: "<h1>x</h1>")
    app.get("/abort")(lambda request: abort(400, "<script>"))
    app.get("/fails")(lambda request: 1 / 0)
    app.errorhandler(ZeroDivisionError)(lambda request, error: abort(409, "<script>"))
    app.errorhandler(404)(lambda request: ("<h1>no</h1>", 404))
    client = TestClient(app)
    types = []
    Response.default_content_type = "text/html"
    try:
        for path in ("/", "/x", "/abort", "/fails"):
            types.append((await client.get(path)).headers["Content-Type"])
    finally:
        Response.default_content_type = "text/plain"
    assert types == ["text/html; charset=UTF-8"] * 2 + ["text/plain; charset=UTF-8"] * 2


async def test_error_response_of_a_subclass():
    class App(Microdot):
        async def error_response(self, req, status_code, reason=None):
            return {"error": status_code, "reason": reason}, status_code

    app = App()
    app.get("/abort")(lambda request: abort(403, "no"))
    client = TestClient(app)
    assert (await client.get("/abort")).json == {"error": 403, "reason": "no"}
    res = await client.get("/nowhere")
    assert (res.status_code, res.json["error"]) == (404, 404)


async def test_options_without_a_handler_for_them():
    app = Microdot()
    app.options_handler = None
    app.get("/")(lambda request: "x")
    res = await TestClient(app).request("OPTIONS", "/")
    assert (res.status_code, res.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")
    assert res.text == "Method not allowed"


async def test_a_path_cannot_forge_a_line_of_the_log():
    lines = []
    log_access, log_error = microdot._app.log_access, microdot._app.log_error
    microdot._app.log_access = lines.append
    microdot._app.log_error = lambda message, error=None: lines.append(message)
    app = Microdot()
    app.debug = True
    app.get("/<path:path>")(lambda request, path: 1 / 0)
    try:
        client = TestClient(app)
        for path in ("/a%0Aforged%1B[31m?b", "/%0A"):
            app.log_access(Request(app, None, "GET", path, "1.1", {}), Response("", 404))
            await client.get(path)
    finally:
        microdot._app.log_access, microdot._app.log_error = log_access, log_error
    assert lines[:2] == ["GET /a%0Aforged%1B[31m 404", "Exception while handling GET /a%0Aforged%1B[31m"]
    assert not [line for line in lines if "\n" in line]


async def test_a_body_too_large_is_status_413():
    app = Microdot()
    called = []
    app.post("/")(lambda request: called.append(1))
    app.errorhandler(413)(lambda request: ("too large", 413))
    client = TestClient(app)
    res = await client.post("/", body=b"x" * 20000)
    assert (res.status_code, res.text) == (413, "too large")
    assert called == []


async def test_a_body_too_large_is_status_413_without_a_route_too():
    app = Microdot()
    app.post("/")(lambda request: "x")
    client = TestClient(app)
    limit = Request.max_content_length
    try:
        Request.max_content_length = 100
        for method, path in (("PUT", "/"), ("POST", "/nowhere")):
            assert (await client.request(method, path, body=b"x" * 101)).status_code == 413, path
        assert (await client.put("/", body=b"x" * 100)).status_code == 405
    finally:
        Request.max_content_length = limit


async def test_cookies_of_an_error_response():
    app, client = failing(Derived())

    @app.errorhandler(Derived)
    def error(request, exception):
        response = Response("x", 400)
        response.set_cookie("a", "1")
        return response

    assert (await client.get("/")).headers["Set-Cookie"] == ["a=1"]


class Teapot(ValueError):
    """An application's error that says which response it becomes."""

    status_code = 418
    reason = "short and stout"
    headers = {"X-Pot": "tea"}


class StatusOnly(ValueError):
    """An error of a client library: it tells of another server's answer and is no response."""

    status_code = 404


async def test_an_error_is_known_by_its_attributes():
    for error, status_code, text in (
        (Teapot(), 418, "short and stout"),
        (MalformedJSON("why"), 400, "Malformed JSON"),
        (MissingField("name"), 400, "Missing field: name"),
        (StatusOnly(), 500, "Internal server error"),
    ):
        _, client = failing(error)
        res = await client.get("/")
        assert (res.status_code, res.text) == (status_code, text)
        assert res.headers.get("X-Pot") == ("tea" if status_code == 418 else None)


class Delegating(Exception):
    """An exception whose attributes are those of something else, and absent ones a KeyError."""

    def __getattr__(self, name):
        return {}[name]


async def test_an_exception_whose_attributes_fail():
    """The log asks for them, too."""
    app, client = failing(Delegating("lost"))
    assert (await client.get("/")).status_code == 500
    app.errorhandler(Delegating)(lambda request, error: ("handled", 502))
    res = await client.get("/")
    assert (res.status_code, res.text) == (502, "handled")


class Unspeakable(Exception):
    """An exception without a text."""

    def __str__(self):
        raise ValueError

    __repr__ = __str__


class Empty(Exception):
    """An exception that is false."""

    def __len__(self):
        return 0


async def test_every_exception_is_logged():
    logged = []
    add_log(logged.append)
    for error in Unspeakable(), Empty("the text of an empty one"), Delegating("lost"):
        app, client = failing(error)
        assert (await client.get("/")).status_code == 500

        @app.errorhandler(Exception)
        def fail(request, error):
            raise error

        del logged[:]
        assert (await client.get("/")).status_code == 500
        assert "Exception in an error handler" in "".join(logged)
        assert type(error).__name__ in "".join(logged), logged
    _, client = failing(Empty("the text of an empty one"))
    await client.get("/")
    assert "the text of an empty one" in "".join(logged[-2:])


class NoException(BaseException):
    """What the event loop of MicroPython would end with."""


async def test_what_is_no_exception():
    app, client = failing(NoException())

    async def work():
        raise NoException

    @app.get("/later")
    async def later(request):
        request.background(work())
        return "later"

    if sys.implementation.name == "micropython":
        assert (await client.get("/")).status_code == 500
        assert (await client.get("/later")).text == "later"
        for _ in range(3):
            await asyncio.sleep(0)
        assert app.background_tasks == []
    else:  # what test frameworks raise, and gevent, must reach them
        with raises(NoException):
            await client.get("/")


async def test_an_http_error_of_any_class_is_not_logged():
    logged = []
    log_error, microdot._app.log_error = microdot._app.log_error, lambda message, error=None: logged.append(message)
    try:
        for error in (Teapot(), MalformedJSON(), MissingField("a"), HTTPException(400)):
            await failing(error)[1].get("/")
        assert logged == []
        await failing(StatusOnly())[1].get("/")
        assert len(logged) == 1
    finally:
        microdot._app.log_error = log_error


async def test_which_handler_an_http_error_of_another_class_gets():
    app, client = failing(MalformedJSON())
    handlers = (
        (Exception, None),
        (HTTPException, "HTTPException"),
        (ValueError, "ValueError"),
        (MalformedJSON, "MalformedJSON"),
        (400, "400"),
    )
    for key, name in handlers:  # each comes before those that were added before it
        if key == 400:
            app.errorhandler(400)(lambda request: ("400", 400))
        else:
            app.errorhandler(key)(lambda request, error, text=str(name): (text, 501))
        res = await client.get("/")
        assert res.text == (name or "Malformed JSON"), key
        assert res.status_code == (501 if name and key != 400 else 400), key


async def test_an_error_handler_may_raise_an_http_error_of_any_class():
    app, client = failing(ValueError())

    @app.errorhandler(ValueError)
    def handle(request, error):
        raise Teapot()

    res = await client.get("/")
    assert (res.status_code, res.text, res.headers["X-Pot"]) == (418, "short and stout", "tea")


async def test_an_error_handler_that_only_logs_does_not_make_an_error_a_success():
    seen = []
    for error, status_code in (
        (OSError("disk"), 500),
        (MalformedJSON(), 400),
        (HTTPException(409, None, {"X": "y"}), 409),
    ):
        app, client = failing(error)
        for cls in OSError, ValueError, HTTPException:
            app.errorhandler(cls)(lambda request, error: seen.append(error))  # which returns None
        res = await client.get("/")
        assert res.status_code == status_code and res.text
        assert res.headers.get("X") == ("y" if status_code == 409 else None)
        app.errorhandler(500)(lambda request: ("page of 500", 500))
        assert ((await client.get("/")).text == "page of 500") == (status_code == 500)
        assert seen[-2:] == [error, error]


async def test_a_handler_of_a_status_that_only_logs_does_not_make_an_error_a_success():
    app, client = failing(HTTPException(409, "taken"))
    for status_code in 404, 405, 409:
        app.errorhandler(status_code)(lambda request: None)
    res = await client.get("/")
    assert (res.status_code, res.text) == (409, "taken")
    res = await client.get("/nowhere")
    assert res.status_code == 404 and res.text
    res = await client.post("/")
    assert res.status_code == 405 and res.headers["Allow"] == "GET, HEAD, OPTIONS"


async def test_the_handler_for_500_answers_if_another_error_handler_fails():
    def fail(request, error):
        raise OSError("second")

    async def return_what_cannot_be_sent(request, error):
        return object()

    for handler in fail, return_what_cannot_be_sent:
        app, client = failing(KeyError())
        app.errorhandler(KeyError)(handler)
        assert is_plain_500(await client.get("/"))
        calls = []

        @app.errorhandler(500)
        def answer(request, calls=calls):
            calls.append(request.path)
            return "page of 500", 500

        res = await client.get("/")
        assert (res.status_code, res.text, calls) == (500, "page of 500", ["/"])

        @app.errorhandler(500)
        def fail_too(request):
            raise OSError("third")

        assert is_plain_500(await client.get("/"))


async def test_a_missing_field_is_the_clients_fault():
    app = Microdot()

    @app.post("/form")
    async def form(request):
        return request.form["na\u00efve"]

    @app.get("/args")
    def args(request):
        return request.args["page"]

    @app.get("/caught")
    def caught(request):
        try:
            return request.args["page"]
        except KeyError as error:
            return "no " + str(error.args[0])

    client = TestClient(app)
    res = await client.post("/form", form={"other": "1"})
    assert (res.status_code, res.text) == (400, "Missing field: na\u00efve")
    assert (await client.post("/form", form={"na\u00efve": "1"})).text == "1"
    res = await client.get("/args?pag=1")
    assert (res.status_code, res.text) == (400, "Missing field: page")
    assert (await client.get("/args?page=")).text == ""
    assert (await client.get("/caught")).text == "no page"


def spoil(response):
    """Make a response that cannot be sent, in a way that is not noticed at once."""
    response.headers["Set-Cookie"] = ["a=1"]
    response.headers["Set-Cookie"].append("b=2\r\nX-Injected: 1")
    return response


def is_plain_500(res):
    return (res.status_code, res.text) == (500, "Internal server error") and "Set-Cookie" not in res.headers


async def test_a_response_that_cannot_be_sent_is_an_error():
    for spoiled in ("handler", "after request", "error handler", "after error"):
        app = Microdot()
        app.get("/")((lambda request: spoil(Response("x"))) if spoiled == "handler" else lambda request: "x")
        app.get("/error")(lambda request: abort(409))
        if spoiled == "after request":
            app.after_request(lambda request, response: spoil(response))
        if spoiled == "error handler":
            app.errorhandler(409)(lambda request: spoil(Response("x")))
        if spoiled == "after error":
            app.after_error_request(lambda request, response: spoil(response))
        client = TestClient(app)
        assert is_plain_500(await client.get("/")) == (spoiled in ("handler", "after request")), spoiled
        assert is_plain_500(await client.get("/error")) == (spoiled in ("error handler", "after error")), spoiled


class Unsendable(ValueError):
    """An application's error that asks for a response which cannot be."""

    status_code = 99
    reason = "x"
    headers = None


async def test_an_error_that_cannot_be_answered_as_it_says():
    app, client = failing(Unsendable())
    assert is_plain_500(await client.get("/"))
    app.get("/second")(lambda request: abort(409))

    @app.errorhandler(409)
    def handle(request):
        error = Unsendable()
        error.status_code = 400
        error.headers = {"X": "a\nb"}
        raise error

    assert is_plain_500(await client.get("/second"))
