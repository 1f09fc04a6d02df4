"""HTTP authentication: Basic and Bearer."""

from binascii import b2a_base64

from microdot import Microdot
from microdot.auth import BasicAuth, TokenAuth, compare_digest
from microdot.test_client import TestClient
from support import raises


def basic(credentials, scheme="Basic"):
    if isinstance(credentials, str):
        credentials = credentials.encode()
    return {"Authorization": scheme + " " + b2a_base64(credentials).strip().decode()}


def protect(auth):
    """Return a client of an application with a protected route and an optionally protected one."""
    app = Microdot()

    @app.get("/<name>")
    @auth
    async def private(request, name):
        return name + " " + request.g.current_user

    @app.get("/optional/<name>")
    @auth.optional
    def optional(request, name):
        return name + " " + str(request.g.current_user)

    return TestClient(app)


def make_basic(**kwargs):
    auth = BasicAuth(**kwargs)

    @auth.authenticate
    async def check(request, username, password):
        return username + "!" if compare_digest(password, "pass:wörd") else None

    return protect(auth)


def make_token(**kwargs):
    auth = TokenAuth(**kwargs)

    @auth.authenticate
    def check(request, token):
        return "joe" if compare_digest(token, "abc") else None

    return protect(auth), auth


async def test_basic_auth():
    client = make_basic()
    for scheme in "Basic", "basic", "BASIC", "Basic ":
        for username in "joe", "jö", "":
            response = await client.get("/x", headers=basic(username + ":pass:wörd", scheme))
            assert response.text == "x " + username + "!", (scheme, username)


async def test_nothing_to_check_credentials_with():
    for auth in (BasicAuth(), TokenAuth()):
        for headers in ({}, basic("a:b"), {"Authorization": "Bearer abc"}):
            assert (await protect(auth).get("/x", headers=headers)).status_code == 500


async def test_basic_auth_refused():
    client = make_basic()
    good = basic("joe:pass:wörd")["Authorization"]
    for headers in (
        {},
        {"Authorization": ""},
        {"Authorization": "Basic"},
        {"Authorization": "Basic "},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic é"},
        {"Authorization": good[6:]},
        {"Authorization": good[:-1]},
        {"Authorization": good + "!"},
        {"Authorization": good + ", " + good},
        {"Authorization": good.replace(" ", "")},
        {"Authorization": good.replace("Basic", "Bearer")},
        {"Authorization": good.replace("Basic", "Digest")},
        basic("joe"),
        basic(""),
        basic("joe:pass"),
        basic("joe:pass:wörd "),
        basic(b"joe:pass:w\xf6rd"),
        {"X-Authorization": good},
    ):
        response = await client.get("/x", headers=headers)
        assert response.status_code == 401 and response.text == "", headers
        assert response.headers["WWW-Authenticate"] == 'Basic realm="Please login", charset="UTF-8"'
        assert (await client.get("/optional/x", headers=headers)).text == "x None"
    assert (await client.get("/optional/x", headers=basic("joe:pass:wörd"))).text == "x joe!"


async def test_nothing_malformed_is_checked():
    auth = BasicAuth()
    checked = []

    @auth.authenticate
    async def check(request, username, password):
        checked.append((username, password))
        return False

    client = protect(auth)
    for headers in {}, {"Authorization": "Basic !"}, basic("joe"), basic(b"\xff:x"), {"Authorization": "Basic am9lOng"}:
        await client.get("/x", headers=headers)
    for forbidden in b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80", b"\xe0\x80\xaf":
        await client.get("/x", headers=basic(b"joe:" + forbidden))  # a lone surrogate, and longer than necessary
    assert checked == []
    assert (await client.get("/optional/x", headers=basic("joe:x"))).text == "x None"
    assert checked == [("joe", "x")]


async def test_basic_auth_options():
    client = make_basic(realm='The "R\\D"', charset="utf-8", scheme="XBasic", error_status=403)
    response = await client.get("/x", headers=basic("joe:pass:wörd", "YBasic"))
    assert response.status_code == 403
    assert response.headers["WWW-Authenticate"] == 'XBasic realm="The \\"R\\\\D\\"", charset="utf-8"'
    for scheme in "xbasic", "Basic", "basic":  # scripts written for Microdot send Basic, whatever the response names
        assert (await client.get("/x", headers=basic("joe:pass:wörd", scheme))).text == "x joe!"


async def test_token_auth():
    client, _ = make_token()
    for value in "Bearer abc", "bearer abc", "BEARER  abc ":
        assert (await client.get("/x", headers={"Authorization": value})).text == "x joe", value
        assert (await client.get("/optional/x", headers={"Authorization": value})).text == "x joe"
    assert (await client.get("/optional/x")).text == "x None"


async def test_token_auth_refused():
    client, _ = make_token()
    for value, challenge in (
        (None, "Bearer"),
        ("", "Bearer"),
        ("Bearer", "Bearer"),
        ("Bearer ", "Bearer"),
        ("abc", "Bearer"),
        ("Basic abc", "Bearer"),
        ("Bearerabc", "Bearer"),
        ("Bearer abd", 'Bearer error="invalid_token"'),
        ("Bearer abc def", 'Bearer error="invalid_token"'),
        ("Bearer é", 'Bearer error="invalid_token"'),
    ):
        headers = {} if value is None else {"Authorization": value}
        response = await client.get("/x", headers=headers)
        assert response.status_code == 401 and response.headers["WWW-Authenticate"] == challenge, value
        assert response.text == "Unauthorized"
        assert (await client.get("/optional/x", headers=headers)).text == "x None"


async def test_other_blanks_belong_to_the_token():
    auth = TokenAuth()
    tokens = []

    @auth.authenticate
    async def check(request, token):
        tokens.append(token)

    client = protect(auth)
    for value in "Bearer \t a \t", "Bearer \xa0a\u3000":
        await client.get("/x", headers={"Authorization": value})
    assert tokens == ["a", "\xa0a\u3000"]
    await client.get("/x", headers={"Authorization": "\xa0Bearer a"})
    assert len(tokens) == 2


async def test_token_auth_with_a_header_of_its_own():
    for options in {}, {"scheme": ""}, {"scheme": "Key"}, {"error_status": 403}:
        client, _ = make_token(header="X-API-Key", **options)
        assert (await client.get("/x", headers={"x-api-key": "abc"})).text == "x joe"
        for headers in {}, {"X-API-Key": "abd"}, {"X-API-Key": "Bearer abc"}, {"Authorization": "Bearer abc"}:
            response = await client.get("/x", headers=headers)
            assert response.status_code == options.get("error_status", 401)
            assert "WWW-Authenticate" not in response.headers


async def test_token_auth_without_scheme():
    client, _ = make_token(scheme="")
    assert (await client.get("/x", headers={"Authorization": "abc"})).text == "x joe"
    assert (await client.get("/x", headers={"Authorization": "Bearer abc"})).status_code == 401
    client, _ = make_token(header="authorization")
    assert (await client.get("/x", headers={"Authorization": "Bearer abc"})).text == "x joe"


async def test_token_auth_error_handlers():
    client, auth = make_token()

    @client.app.errorhandler(401)
    async def unauthorized(request):
        return {"error": "no"}, 401, {"X-Mine": "1"}

    response = await client.get("/x")
    assert response.json == {"error": "no"} and response.headers["WWW-Authenticate"] == "Bearer"

    @auth.errorhandler
    async def error(request):
        return {"error": request.path}, 418

    response = await client.get("/x")
    assert response.status_code == 418 and response.json == {"error": "/x"}
    assert "WWW-Authenticate" not in response.headers


async def test_users_may_be_objects():
    auth = BasicAuth()

    @auth.authenticate
    async def check(request, username, password):
        return {"name": username}

    app = Microdot()

    @app.get("/")
    @auth
    async def index(request):
        return request.g.current_user

    assert (await TestClient(app).get("/", headers=basic("joe:x"))).json == {"name": "joe"}


async def test_token_auth_refuses_with_an_error():
    """What TokenAuth refuses is an error response like any other; BasicAuth answers by itself."""

    class App(Microdot):
        async def error_response(self, request, status_code, reason=None):
            return {"error": status_code}, status_code

    for auth, path in (TokenAuth(), ["after error"]), (BasicAuth(), ["after"]):
        app = App()
        hooks = []
        auth.authenticate(lambda *args: None)
        app.after_request(lambda request, response, hooks=hooks: hooks.append("after"))
        app.after_error_request(lambda request, response, hooks=hooks: hooks.append("after error"))
        app.get("/")(auth(lambda request: "x"))
        response = await TestClient(app).get("/")
        assert response.status_code == 401 and response.headers["WWW-Authenticate"].startswith(auth.scheme)
        assert hooks == path
        if path == ["after error"]:
            assert response.json == {"error": 401}


def test_a_realm_that_no_field_can_carry():
    for realm in ("a\r\nb", "a\nX-Y: 1", "a\0", "a\x7f"):
        with raises(ValueError) as caught:
            BasicAuth(realm=realm)
        assert "the realm" in str(caught.value)
    for realm in ("", " a ", "Küche"):
        assert BasicAuth(realm=realm).realm == realm
