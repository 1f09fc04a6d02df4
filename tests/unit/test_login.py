"""Logging in and out."""

from login_app import User, location, make_app
from microdot.login import is_local
from microdot.session import MemoryStore, with_session
from microdot.test_client import TestClient


async def test_users_only():
    app, _ = make_app()
    client = TestClient(app)
    assert location(await client.get("/private")) == "/login?next=/private"
    assert location(await client.get("/private?a=b&c=%2F")) == "/login?next=/private%3Fa%3Db%26c%3D%252F"
    assert location(await client.post("/private")) == "/login?next=/private"  # which GET serves too
    assert (await client.get("/who")).text == "nobody"
    assert location(await client.post("/login/joe")) == "/"
    response = await client.get("/private")
    assert response.text == "hello joe" and response.headers["Vary"] == "Cookie"
    assert (await client.get("/who")).text == "joe"
    assert (await client.get("/fresh/name")).text == "name joe"
    assert (await client.post("/logout")).text == "bye"
    assert location(await client.get("/private")) == "/login?next=/private"
    assert (await client.get("/who")).text == "nobody"


async def test_next_is_followed():
    app, _ = make_app()
    for argument, path in (
        ("/private", "/private"),
        ("/private%3Fa%3Db%26c%3D%252F%23top", "/private?a=b&c=%2F#top"),
        ("/a%20b/%C3%A9", "/a%20b/%C3%A9"),
        ("/%25C3%25A9", "/%C3%A9"),
        ("", "/"),
        ("/", "/"),
        ("/x//y", "/x//y"),
        ("/@evil.example", "/@evil.example"),
    ):
        assert location(await TestClient(app).post("/login/joe?next=" + argument)) == path, argument


NOT_LOCAL = (
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r//evil.example",
    "\t//evil.example",
    " //evil.example",
    "\0//evil.example",
    "/x\\..\\\\evil.example",
    "https://evil.example/",
    "https:/evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.example",
    "private",
    "?next=/",
    "#",
    "",
)


def test_local_paths():
    for url in NOT_LOCAL:
        assert not is_local(url), url
    for url in "/", "/private", "/a/b?c=//d", "/:x", "/é", "/a b":
        assert is_local(url), url


async def test_next_leads_nowhere_else():
    app, _ = make_app()
    for url in NOT_LOCAL:
        encoded = "".join([f"%{ord(character):02X}" for character in url])
        for path in "/login/joe", "/home/joe":
            home = "/" if path == "/login/joe" else "https://home.example/"
            assert location(await TestClient(app).post(path + "?next=" + encoded)) == home, url
    # an encoded slash or backslash in the path itself is none to browsers
    assert location(await TestClient(app).post("/login/joe?next=/%255Cevil.example")) == "/%5Cevil.example"


async def test_login_url_with_arguments():
    app, _ = make_app(login_url="/login?theme=dark")
    assert location(await TestClient(app).get("/private")) == "/login?theme=dark&next=/private"


async def test_the_rest_of_the_session_stays():
    app, _ = make_app()
    client = TestClient(app)
    await client.get("/set/cart")
    await client.post("/login/joe")
    assert (await client.get("/session")).json == {"value": "cart", "_user_id": "joe", "_fresh": True}
    await client.post("/logout")
    assert (await client.get("/session")).json == {"value": "cart"}


async def test_user_who_is_gone():
    app, _ = make_app()
    client = TestClient(app)
    await client.post("/login/gone")
    assert location(await client.get("/private")) == "/login?next=/private"
    assert (await client.get("/who")).text == "nobody"


def session_token(response):
    fields = [field for field in response.headers["Set-Cookie"] if field.startswith("session=")]
    return fields[0].partition(";")[0].partition("=")[2]


async def test_session_is_renewed_at_login_and_logout():
    """Who has planted a session's name in a browser must not own the session when its user has logged in."""
    app, _ = make_app(store=MemoryStore())
    victim = TestClient(app)
    planted = session_token(await victim.get("/set/cart"))
    logged_in = session_token(await victim.post("/login/joe"))
    assert planted != logged_in and (await victim.get("/who")).text == "joe"
    attacker = TestClient(app, cookies={"session": planted})
    assert (await attacker.get("/who")).text == "nobody" and (await attacker.get("/session")).json == {}
    await victim.post("/logout")
    thief = TestClient(app, cookies={"session": logged_in})
    assert (await thief.get("/who")).text == "nobody" and (await thief.get("/session")).json == {}
    assert (await victim.get("/session")).json == {"value": "cart"}


async def test_user_loader_is_missing():
    app, login = make_app()
    client = TestClient(app)
    await client.post("/login/joe")
    login.user_loader_callback = None
    assert (await client.get("/private")).status_code == 500


async def test_user_loader_may_be_a_function():
    app, login = make_app()
    client = TestClient(app)
    await client.post("/login/joe")

    @login.user_loader
    def load_user(user_id):
        return User(user_id.upper())

    assert (await client.get("/private")).text == "hello JOE"


async def test_no_user_may_be_any_false_value():
    app, login = make_app()
    remembered = (await TestClient(app).post("/login/joe?remember=5")).headers["Set-Cookie"]
    token = [field for field in remembered if field.startswith("_remember=")][0].partition(";")[0].partition("=")[2]
    client = TestClient(app)
    await client.post("/login/joe")
    for nobody in False, {}, "", 0, None:
        login.user_loader_callback = lambda user_id, nobody=nobody: nobody
        for visitor in client, TestClient(app, cookies={"_remember": token}):
            for path in "/private", "/fresh/name":
                assert location(await visitor.get(path)) == "/login?next=" + path, nobody
            assert (await visitor.get("/who")).text == "nobody"


async def test_user_from_elsewhere():
    """A hook may know the user by other means, or know that there is none."""
    app, login = make_app()

    @app.before_request
    async def identify(request):
        request.g.current_user = User("ann") if request.args.get("ann") else False

    client = TestClient(app)
    assert (await client.get("/private?ann=1")).text == "hello ann"
    assert location(await client.get("/private")) == "/login?next=/private"
    assert location(await client.get("/fresh/name?ann=1")) == "/login?next=/fresh/name%3Fann%3D1"


async def test_next_has_the_root_path():
    app, _ = make_app()

    @app.before_request
    async def serve_under_a_path(request):
        request.root_path = "/caf%C3%A9"

    assert location(await TestClient(app).get("/private?a=b")) == "/login?next=/caf%25C3%25A9/private%3Fa%3Db"
    assert location(await TestClient(app).post("/login/joe?next=/caf%25C3%25A9/private")) == "/caf%C3%A9/private"


async def test_session_deleted_before():
    """A session that was deleted does not come back with its content."""
    for store in None, MemoryStore():
        app, login = make_app(store=store)

        @app.post("/switch/<user_id>")
        @with_session
        async def switch(request, session, user_id, login=login):
            session.delete()
            return await login.login_user(request, User(user_id))

        @app.post("/forget")
        @with_session
        async def forget(request, session, login=login):
            session.delete()
            await login.logout_user(request)
            return session["value"]

        client = TestClient(app)
        await client.get("/set/cart")
        await client.post("/login/joe")
        await client.post("/switch/ann")
        assert (await client.get("/session")).json == {"_user_id": "ann", "_fresh": True}
        await client.get("/set/cart")
        assert (await client.post("/forget")).text == "cart"
        assert "session" not in client.cookies
        assert (await client.get("/session")).json == {}


async def test_anonymous_logouts_take_no_place_in_the_store():
    store = MemoryStore(max_sessions=5)
    app, _ = make_app(store=store)
    user = TestClient(app)
    await user.post("/login/joe")
    for _ in range(20):
        response = await TestClient(app).post("/logout")
        assert response.text == "bye" and "Set-Cookie" not in response.headers
    assert (await user.get("/who")).text == "joe" and len(store._sessions) == 1
    await user.post("/logout")
    assert not store._sessions and not user.cookies


async def test_next_is_a_page():
    """A form that is sent when the session is over must not end at an address that only takes forms."""
    app, login = make_app()

    @app.post("/save/<n>")
    @login
    async def save(request, n):
        return "saved"

    @app.get("/save/page")
    @login
    async def page(request):
        return "a form"

    client = TestClient(app)
    assert location(await client.post("/save/1?a=b")) == "/login"
    assert location(await client.post("/save/page?a=b")) == "/login?next=/save/page%3Fa%3Db"
    login.login_url = "/login?theme=dark"
    assert location(await client.post("/save/1")) == "/login?theme=dark"
    assert location(await client.request("HEAD", "/save/page")) == "/login?theme=dark&next=/save/page"


async def test_a_page_that_is_found_in_another_way():
    app, login = make_app()
    find_route = app.find_route
    app.find_route = lambda request: (page, "", None) if request.path == "/other" else find_route(request)

    @login
    async def page(request):
        return "a page"

    assert location(await TestClient(app).get("/other")) == "/login?next=/other"


FETCHES = (
    {"Sec-Fetch-Mode": "cors", "Accept": "text/html"},
    {"Sec-Fetch-Mode": "same-origin"},
    {"Sec-Fetch-Mode": "no-cors", "Accept": "image/png"},
    {"Accept": "application/json"},
    {"Accept": "application/json, text/plain, */*", "Referer": "http://device.local/"},
    {"Accept": "text/event-stream"},
    {"Accept": "*/*", "Referer": "http://device.local/"},
    {"Accept": "*/*", "Origin": "http://device.local"},
    {"Content-Type": "application/json", "Accept": "*/*"},
    {"Content-Type": "application/json; charset=utf-8"},
    {"Upgrade": "websocket", "Sec-WebSocket-Version": "13"},
)
NAVIGATIONS = (
    {},
    {"Sec-Fetch-Mode": "navigate", "Accept": "*/*", "Referer": "http://device.local/"},
    {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Referer": "http://device.local/"},
    {"Accept": "TEXT/HTML", "Origin": "http://device.local"},
    {"Accept": "*/*"},  # curl
)


async def test_scripts_get_401():
    app, _ = make_app()
    client = TestClient(app)
    for method in "GET", "POST":
        for path in "/private", "/fresh/name":
            if path == "/private" or method == "GET":
                for headers in FETCHES:
                    response = await client.request(method, path, headers)
                    assert response.status_code == 401 and response.text == "Unauthorized", headers
                    assert response.headers["WWW-Authenticate"] == 'Cookie realm="login"'
                    assert "Location" not in response.headers and response.headers["Vary"] == "Cookie"
                for headers in NAVIGATIONS:
                    assert location(await client.request(method, path, headers)) == "/login?next=" + path, headers


async def test_401_is_the_applications():
    app, _ = make_app()

    @app.errorhandler(401)
    async def unauthorized(request):
        return {"error": "log in"}, 401

    response = await TestClient(app).get("/private", {"Accept": "application/json"})
    assert response.json == {"error": "log in"} and "WWW-Authenticate" in response.headers


async def test_the_response_may_be_the_applications():
    app, login = make_app()

    @login.errorhandler
    async def refused(request):
        return ("no", 403) if request.headers.get("X-Plain") else None

    assert refused is not None
    client = TestClient(app)
    for path in "/private", "/fresh/name":
        response = await client.get(path, {"X-Plain": "1"})
        assert (response.status_code, response.text) == (403, "no")
        assert location(await client.get(path)) == "/login?next=" + path
        assert (await client.get(path, {"Accept": "application/json"})).status_code == 401
    login.errorhandler(lambda request: "a function")
    assert (await client.get("/private")).text == "a function"
