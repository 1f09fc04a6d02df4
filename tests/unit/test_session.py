"""Sessions in a cookie."""

from microdot import Microdot, Response, abort
from microdot.session import Session, SessionDict, with_session
from microdot.test_client import TestClient
from microdot.tokens import unix_time
from support import raises

KEY = "a secret key of the tests, 32 bytes or more"


def make_app(secret_key=KEY, cookie_options=None, **kwargs):
    app = Microdot()
    session_extension = Session(app, secret_key, cookie_options, **kwargs)

    @app.get("/")
    @with_session
    async def index(request, session):
        assert isinstance(session, SessionDict) and session.request is request
        return dict(session.items())

    @app.get("/set/<name>/<value>")
    @with_session
    async def set_value(request, session, name, value):
        session[name] = value
        session.save()
        return "saved"

    @app.get("/delete")
    @with_session
    def delete(request, session):
        session.delete()
        return "deleted"

    return app, session_extension


def cookies(response):
    """Return {name: whole field} of the cookies that a response sets."""
    fields = response.headers.get("Set-Cookie", [])
    fields = fields if isinstance(fields, list) else [fields]
    return {field.partition("=")[0]: field for field in fields}


def value(response, name="session"):
    return cookies(response)[name].partition(";")[0].partition("=")[2]


async def test_session_lasts_from_request_to_request():
    app, _ = make_app()
    client = TestClient(app)
    response = await client.get("/")
    assert response.json == {} and cookies(response) == {}
    response = await client.get("/set/name/joe")
    assert response.text == "saved" and list(cookies(response)) == ["session"]
    assert (await client.get("/")).json == {"name": "joe"}
    await client.get("/set/n/2")
    assert (await client.get("/")).json == {"name": "joe", "n": "2"}
    response = await client.get("/delete")
    assert "Max-Age=0" in cookies(response)["session"] and "Path=/;" in cookies(response)["session"]
    assert (await client.get("/")).json == {}


async def test_deleted_session_can_still_be_read_and_saved():
    app, _ = make_app()

    @app.get("/bye")
    @with_session
    async def bye(request, session):
        session.delete()
        return "bye " + session["name"]

    @app.get("/again")
    @with_session
    async def again(request, session):
        session.delete()
        session.save()
        return "x"

    client = TestClient(app)
    await client.get("/set/name/joe")
    response = await client.get("/again")
    assert len(cookies(response)) == 1 and (await client.get("/")).json == {"name": "joe"}
    response = await client.get("/bye")
    assert response.text == "bye joe" and "Max-Age=0" in cookies(response)["session"]
    assert (await client.get("/")).json == {}


async def test_attributes_of_the_cookie():
    app, _ = make_app()
    field = cookies(await TestClient(app).get("/set/a/b"))["session"]
    assert field.endswith("; Path=/; HttpOnly; SameSite=Lax"), field
    field = cookies(await TestClient(app, scheme="https").get("/set/a/b"))["session"]
    assert field.endswith("; Path=/; Secure; HttpOnly; SameSite=Lax"), field
    field = cookies(await TestClient(app, scheme="https").get("/delete"))["session"]
    assert field.endswith("; Max-Age=0; Secure; HttpOnly; SameSite=Lax"), field


async def test_cookie_options_are_the_applications():
    options = {"path": "/x", "http_only": False, "same_site": "Strict", "max_age": 60, "secure": True}
    app, _ = make_app(cookie_options=options)
    field = cookies(await TestClient(app).get("/set/a/b"))["session"]
    assert field.endswith("; Path=/x; Max-Age=60; Secure; SameSite=Strict"), field
    assert len(options) == 5
    app, _ = make_app(cookie_options={"secure": False})
    assert "Secure" not in cookies(await TestClient(app, scheme="https").get("/set/a/b"))["session"]


async def test_responses_vary_with_the_cookie():
    app, _ = make_app()

    @app.get("/vary")
    @with_session
    async def vary(request, session):
        return "x", 200, {"Vary": "Accept"}

    @app.get("/abort")
    @with_session
    async def fail(request, session):
        abort(404)

    @app.get("/plain")
    async def plain(request):
        return "x"

    client = TestClient(app)
    for path, vary in (("/", "Cookie"), ("/vary", "Accept, Cookie"), ("/abort", "Cookie"), ("/plain", None)):
        assert (await client.get(path)).headers.get("Vary") == vary, path


async def test_bad_tokens_are_an_empty_session():
    app, extension = make_app()
    good = extension.encode({"name": "joe"})
    huge = extension.encode({"name": "j" * 500})
    extension.max_token_length = 400
    for token in (
        good[:-1],
        good[:-1] + ("A" if good[-1] != "A" else "B"),
        good + "=",
        "x" + good,
        "x",
        "..",
        "é",
        huge,
        extension.encode({"name": "joe"}, "another key"),
        extension.encode({"name": "joe", "exp": unix_time() - 1}),
        extension.encode({"name": "joe"}, purpose="remember"),
    ):
        response = await TestClient(app, cookies={"session": token}).get("/")
        assert response.status_code == 200 and response.json == {}, token
    for token, session in ((good, {"name": "joe"}), (extension.encode({"exp": unix_time() + 60}), None)):
        response = await TestClient(app, cookies={"session": token}).get("/")
        assert response.json == session or session is None and "exp" in response.json


async def test_key_rotation():
    old, _ = make_app("old")
    new, extension = make_app(["new", b"old"])
    token = value(await TestClient(old).get("/set/name/joe"))
    response = await TestClient(new, cookies={"session": token}).get("/set/n/1")
    token = value(response)
    assert extension.decode(token, "new") == {"name": "joe", "n": "1"}
    assert (await TestClient(old, cookies={"session": token}).get("/")).json == {}
    assert (await TestClient(make_app(("newer", "new"))[0], cookies={"session": token}).get("/")).json["n"] == "1"


async def test_lifetime():
    app, extension = make_app(lifetime=60)
    token = value(await TestClient(app).get("/set/name/joe"))
    assert 50 < extension.decode(token)["exp"] - unix_time() <= 60
    client = TestClient(app, cookies={"session": token})
    assert (await client.get("/")).json == {"name": "joe"}
    extension.lifetime = -1
    await client.get("/set/name/sue")
    assert (await client.get("/")).json == {}


def test_encode_and_decode():
    extension = Session(secret_key="top-secret!")
    token = extension.encode({"a": 1})
    assert token == "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJhIjoxfQ.YH1rhdDvG_yd4HMtJhv0heVeMbPNm7PtwGVk9BkP3CE"
    assert extension.decode(token) == {"a": 1}
    assert extension.decode(token, secret_key="another") == {}
    assert extension.decode(extension.encode({"b": 2}, secret_key="another"), "another") == {"b": 2}
    assert extension.decode("junk") == {}
    reset = extension.encode({"user": 1}, purpose="reset")
    assert extension.decode(reset, purpose="reset") == {"user": 1}
    assert extension.decode(reset) == {} == extension.decode(reset, purpose="other")


async def test_methods_of_the_extension():
    app = Microdot()
    extension = Session()
    extension.initialize(app, secret_key=KEY, cookie_options={"path": "/app"})
    seen = []

    @app.get("/")
    async def index(request):
        session = extension.get(request)
        assert session == {} and extension.get(request) is session
        extension.update(request, {"a": 1})
        seen.append(dict(extension.get(request).items()))
        if request.args.get("delete"):
            extension.delete(request)
            seen.append(dict(extension.get(request).items()))
        return "x"

    response = await TestClient(app).get("/")
    assert extension.decode(value(response)) == {"a": 1} and "Path=/app" in cookies(response)["session"]
    response = await TestClient(app).get("/?delete=1")
    assert seen == [{"a": 1}, {"a": 1}, {"a": 1}]
    assert len(response.headers["Set-Cookie"]) == 1 and value(response) == ""  # the last word counts


async def test_what_is_changed_after_save_is_not_kept():
    app, extension = make_app()

    @app.get("/late")
    @with_session
    async def late(request, session):
        session["a"] = 1
        session.save()
        session["b"] = 2
        return "x"

    assert extension.decode(value(await TestClient(app).get("/late"))) == {"a": 1}


async def test_misconfiguration_is_told():
    app = Microdot()
    Session(app)
    errors = []

    @app.get("/")
    @with_session
    async def index(request, session):
        return "x"

    @app.errorhandler(Exception)
    async def error(request, exception):
        errors.append(exception)
        return "x", 500

    await TestClient(app).get("/")
    assert isinstance(errors[0], ValueError) and "secret key" in str(errors[0])
    app.extensions = ()
    await TestClient(app).get("/")
    assert isinstance(errors[1], RuntimeError)
    for key in "", b"", []:
        with raises(ValueError):
            Session(secret_key=key).encode({})


async def test_answered_by_the_handler_itself():
    """A WebSocket handler's response is one object for all requests: no cookie may stay in it."""
    app, _ = make_app()

    @app.get("/ws")
    @with_session
    async def ws(request, session):
        session["secret"] = 1
        session.save()
        return Response.already_handled

    await TestClient(app).get("/ws")
    assert "Set-Cookie" not in Response.already_handled.headers


def test_an_empty_key_among_several_is_refused():
    for keys in ("", [], [KEY, ""], ["", KEY], (KEY, None)):
        extension = Session(Microdot(), keys)
        with raises(ValueError):
            extension.encode({"a": 1})
        with raises(ValueError):
            extension.decode("x.y.z")


async def test_a_lifetime_given_later_ends_what_had_none():
    app, session = make_app()
    client = TestClient(app)
    await client.get("/set/a/1")
    assert (await client.get("/")).json == {"a": "1"}
    session.lifetime = 60
    assert (await client.get("/")).json == {}


async def test_an_empty_session_needs_no_cookie():
    app, _ = make_app()

    @app.get("/empty")
    @with_session
    async def empty(request, session):
        session.clear()
        session.save()
        return "saved"

    client = TestClient(app)
    assert cookies(await client.get("/empty")) == {}
    await client.get("/set/a/1")
    assert "Max-Age=0" in cookies(await client.get("/empty"))["session"]
    assert (await client.get("/")).json == {}


def test_purposes_of_the_framework_are_out_of_reach():
    extension = Session(Microdot(), KEY)
    for purpose in "microdot:remember", "microdot:name", "microdot:":
        with raises(ValueError) as caught:
            extension.encode({"user_id": 1}, purpose=purpose)
        assert purpose in str(caught.value)
        with raises(ValueError):
            extension.decode("x.y.z", purpose=purpose)


def test_tokens_with_a_lifetime():
    extension = Session(Microdot(), KEY)
    token = extension.encode({"a": 1}, purpose="reset", lifetime=60)
    payload = extension.decode(token, purpose="reset", lifetime=60)
    assert payload["a"] == 1 and abs(payload["exp"] - unix_time() - 60) < 30
    assert extension.decode(token, purpose="reset") == payload
    assert extension.decode(extension.encode({"a": 1}, lifetime=-1)) == {}
    for other in (
        extension.encode({"a": 1}, purpose="reset"),  # valid for ever
        extension.encode({"a": 1}, purpose="reset", lifetime=7200),
        extension.encode({"a": 1, "exp": "soon"}, purpose="reset"),
    ):
        assert extension.decode(other, purpose="reset", lifetime=60) == {}
