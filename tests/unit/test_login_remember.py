"""The cookie that remembers users."""

from clocks import Clocks
from login_app import KEY, User, location, make_app
from microdot import Response
from microdot.session import MemoryStore, Session
from microdot.test_client import TestClient
from microdot.tokens import RESERVED, decode_token, encode_token, unix_time
from support import raises

DAY = 86400
PURPOSE = RESERVED + "remember"


def cookie(response, name="_remember"):
    """Return (value, attributes in lower case) of a cookie that a response sets, or None."""
    fields = response.headers.get("Set-Cookie", [])
    for field in fields:
        pair, _, attributes = field.partition("; ")
        if pair.startswith(name + "="):
            return pair.partition("=")[2], attributes.lower().split("; ")
    return None


def payload(token):
    return decode_token(token, [KEY], PURPOSE)


async def test_not_remembered_unless_told():
    app, _ = make_app()
    assert cookie(await TestClient(app).post("/login/joe")) is None


async def test_days():
    app, _ = make_app()
    for argument, days in (("1", 30), ("5", 5), ("0.5", 0.5)):
        token, attributes = cookie(await TestClient(app).post("/login/joe?remember=" + argument))
        content = payload(token)
        assert content["user_id"] == "joe" and content["days"] == days
        assert abs(content["exp"] - unix_time() - days * DAY) < 60
        assert "max-age=%d" % (days * DAY) in attributes


async def test_attributes_of_the_cookie():
    app, _ = make_app()
    _, attributes = cookie(await TestClient(app).post("/login/joe?remember=1"))
    assert attributes == ["path=/", "max-age=2592000", "httponly", "samesite=lax"]
    _, attributes = cookie(await TestClient(app, scheme="https").post("/login/joe?remember=1"))
    assert attributes == ["path=/", "max-age=2592000", "secure", "httponly", "samesite=lax"]
    # hidden from scripts even where the session is not
    app.extension(Session).cookie_options["http_only"] = False
    _, attributes = cookie(await TestClient(app).post("/login/joe?remember=1"))
    assert "httponly" in attributes


async def remembered(app, days="5"):
    """Return a token that remembers joe."""
    return cookie(await TestClient(app).post("/login/joe?remember=" + days))[0]


async def test_a_remembered_user_is_logged_in_but_not_fresh():
    app, _ = make_app()
    client = TestClient(app, cookies={"_remember": await remembered(app)})
    response = await client.get("/private")
    assert response.text == "hello joe" and cookie(response, "session")
    assert (await client.get("/who")).text == "joe"
    assert location(await client.get("/fresh/name")) == "/login?next=/fresh/name"
    await client.post("/login/joe")
    assert (await client.get("/fresh/name")).text == "name joe"


async def test_renewal_keeps_the_number_of_days():
    app, _ = make_app()
    token = await remembered(app)
    for _ in range(3):
        token, attributes = cookie(await TestClient(app, cookies={"_remember": token}).get("/private"))
        assert payload(token)["days"] == 5 and abs(payload(token)["exp"] - unix_time() - 5 * DAY) < 60
        assert "max-age=432000" in attributes and "httponly" in attributes


async def test_no_renewal_while_the_session_lasts():
    app, _ = make_app()
    client = TestClient(app)
    await client.post("/login/joe?remember=5")
    assert cookie(await client.get("/private")) is None


async def test_logout_forgets():
    app, _ = make_app()
    client = TestClient(app)
    await client.post("/login/joe?remember=5")
    value, attributes = cookie(await client.post("/logout"))
    assert value == "" and "max-age=0" in attributes and "path=/" in attributes
    assert location(await client.get("/private")) == "/login?next=/private"


async def test_tokens_are_not_interchangeable():
    app, _ = make_app()
    response = await TestClient(app).post("/login/joe?remember=5")
    session, remember = cookie(response, "session")[0], cookie(response)[0]
    for cookies in (
        {"session": remember},
        {"_remember": session},
        {"session": encode_token({"_user_id": "joe", "_fresh": True}, KEY, PURPOSE)},
        {"session": app.extension(Session).encode({"_user_id": "joe", "_fresh": True}, purpose="remember")},
        {"_remember": app.extension(Session).encode(payload(remember), purpose="remember")},
        {"_remember": app.extension(Session).encode(payload(remember))},
        {"session": encode_token({"_user_id": "joe", "_fresh": True}, KEY, "reset")},
        {"_remember": encode_token(payload(remember), KEY, "reset")},
        {"_remember": encode_token(payload(remember), "another key", PURPOSE)},
    ):
        assert (await TestClient(app, cookies=cookies).get("/who")).text == "nobody", cookies
    for cookies in {"session": session}, {"_remember": remember}:
        assert (await TestClient(app, cookies=cookies).get("/who")).text == "joe"


async def test_bad_tokens_are_forgotten():
    app, _ = make_app()
    now = unix_time()
    good = {"user_id": "joe", "days": 5, "since": now, "exp": now + 60}
    bad = (
        dict(good, exp=now - 1),
        dict(good, user_id="gone"),
        dict(good, version="one that no user has"),
    )
    tokens = [encode_token(token, KEY, PURPOSE) for token in bad]
    assert (await TestClient(app, cookies={"_remember": encode_token(good, KEY, PURPOSE)}).get("/who")).text == "joe"
    for token in tokens + ["x", "é", "a.b.c"]:
        response = await TestClient(app, cookies={"_remember": token}).get("/who")
        assert response.text == "nobody"
        assert cookie(response)[0] == "" and "max-age=0" in cookie(response)[1]
        assert cookie(response, "session") is None


async def test_answered_by_the_handler_itself():
    """A WebSocket handler's response is one object for all requests: no cookie may stay in it."""
    app, login = make_app()

    @app.get("/ws")
    @login
    async def ws(request):
        return Response.already_handled

    await TestClient(app, cookies={"_remember": await remembered(app)}).get("/ws")
    assert "Set-Cookie" not in Response.already_handled.headers


async def test_user_ids_may_be_numbers():
    app, login = make_app()

    @app.post("/number")
    async def number(request):
        return await login.login_user(request, User(7), remember=5)

    @login.user_loader
    async def load_user(user_id):
        return User("seven") if user_id == 7 else None

    client = TestClient(app)
    token = cookie(await client.post("/number"))[0]
    assert (await client.get("/who")).text == "seven"
    assert (await TestClient(app, cookies={"_remember": token}).get("/who")).text == "seven"


async def test_what_is_no_number_of_days():
    app, login = make_app()

    @app.post("/form")
    async def form(request):
        for remember in ("on", "1", "", None, -1, [1]):
            with raises(TypeError):
                await login.login_user(request, User("1"), remember=remember)
        return "refused"

    assert (await TestClient(app).post("/form")).text == "refused"


async def test_tokens_of_another_time():
    """The clock has gone back, or the limit was longer: nobody is logged in, but the browser keeps the cookie."""
    app, login = make_app()
    now = unix_time()
    good = {"user_id": "joe", "days": 5, "since": now, "exp": now + 60}
    for token in (
        dict(good, exp=now + 6 * DAY),
        dict(good, since=now - 181 * DAY),
        dict(good, since=now + DAY),
    ):
        client = TestClient(app, cookies={"_remember": encode_token(token, KEY, PURPOSE)})
        response = await client.get("/who")
        assert response.text == "nobody" and cookie(response) is cookie(response, "session") is None, token


async def test_renewal_ends_with_the_limit():
    """Anyone who keeps using a copied cookie is logged out when its owner would be."""
    app, login = make_app()
    login.max_remember_days = 12
    with Clocks() as clocks:
        start = clocks.now
        token = await remembered(app)
        for day in range(4, 13, 4):
            clocks.now = start + day * DAY - 1
            thief = TestClient(app, cookies={"_remember": token})
            response = await thief.get("/who")
            assert response.text == "joe"
            token, attributes = cookie(response)
            end = min(clocks.now + 5 * DAY, start + 12 * DAY)
            assert payload(token)["exp"] == end and "max-age=%d" % (end - clocks.now) in attributes
        assert (await thief.get("/who")).text == "joe"
        clocks.now = start + 12 * DAY
        for visitor in thief, TestClient(app, cookies={"_remember": token}):  # its session is over too
            assert (await visitor.get("/who")).text == "nobody"


async def test_a_password_ends_what_was_remembered():
    """Who gives the password again is no remembered user any more."""
    app, _ = make_app()
    with Clocks() as clocks:
        client = TestClient(app, cookies={"_remember": await remembered(app)})
        await client.get("/who")
        assert (await client.get("/session")).json["_fresh"] is False
        await client.post("/login/joe")
        assert (await client.get("/session")).json == {"_user_id": "joe", "_fresh": True}
        clocks.now += 400 * DAY
        assert (await client.get("/fresh/name")).text == "name joe"


async def test_more_days_than_the_limit():
    app, login = make_app()
    login.max_remember_days = 1
    with Clocks() as clocks:
        token = await remembered(app)
        clocks.now += 5 * DAY - 1
        assert (await TestClient(app, cookies={"_remember": token}).get("/who")).text == "joe"
        clocks.now += 1
        assert (await TestClient(app, cookies={"_remember": token}).get("/who")).text == "nobody"


def with_versions(store=None, key=KEY):
    """Return an application, and the versions of its users, which the test may change."""
    app, login = make_app(store)
    app.extension(Session).secret_key = key
    versions = {}

    @login.user_version
    def user_version(user):
        return versions.get(user.id, "first")

    return app, versions


async def test_a_new_version_ends_all_logins():
    for store in None, MemoryStore():
        app, versions = with_versions(store)
        client = TestClient(app)
        await client.post("/login/joe?remember=5")
        other = TestClient(app)
        await other.post("/login/ann?remember=5")
        session, remember = client.cookies["session"], client.cookies["_remember"]
        assert "first" not in str(payload(remember)) and "first" not in (await client.get("/session")).text
        remembering = TestClient(app, cookies={"_remember": remember})
        for visitor in client, remembering:
            assert (await visitor.get("/who")).text == "joe"
        versions["joe"] = "second"  # a new password, say
        for cookies in {"session": session}, {"_remember": remember}, dict(remembering.cookies):
            assert (await TestClient(app, cookies=cookies).get("/who")).text == "nobody", cookies
        response = await TestClient(app, cookies={"_remember": remember}).get("/who")
        assert cookie(response)[0] == ""
        assert (await other.get("/who")).text == "ann"
        await client.post("/login/joe?remember=5")
        assert (await client.get("/fresh/name")).text == "name joe"
        assert (await TestClient(app, cookies={"_remember": client.cookies["_remember"]}).get("/who")).text == "joe"


async def test_versions_outlive_a_change_of_the_key():
    app, _ = with_versions(key="the old one")
    client = TestClient(app)
    await client.post("/login/joe?remember=5")
    app.extension(Session).secret_key = ["the new one", "the old one"]
    assert (await client.get("/who")).text == "joe"
    renewed = TestClient(app, cookies={"_remember": client.cookies["_remember"]})
    assert (await renewed.get("/who")).text == "joe"
    app.extension(Session).secret_key = "the new one"
    assert (await renewed.get("/who")).text == "joe"
    assert (await client.get("/who")).text == "nobody"


async def test_logins_from_before_there_were_versions_end():
    app, login = make_app()
    client = TestClient(app)
    await client.post("/login/joe?remember=5")

    @login.user_version
    async def user_version(user):
        return 1

    assert (await client.get("/who")).text == "nobody"
