"""Sessions in a store on the server."""

from microdot import Microdot
from microdot.session import MemoryStore, Session, with_session
from microdot.test_client import TestClient
from microdot.tokens import RESERVED, decode_token, encode_token
from support import raises

KEY = "a secret key of the tests, 32 bytes or more"


def make_app(**kwargs):
    app = Microdot()
    store = MemoryStore()
    extension = Session(app, KEY, store=store, **kwargs)

    @app.get("/")
    @with_session
    async def index(request, session):
        return dict(session.items())

    @app.get("/set/<name>/<value>")
    @with_session
    async def set_value(request, session, name, value):
        session[name] = value
        session.save()
        return "saved"

    @app.get("/large")
    @with_session
    async def large(request, session):
        session["large"] = "x" * 3000
        session.save()
        return "saved"

    @app.get("/renew")
    @with_session
    async def renew(request, session):
        session.renew()
        session.save()
        return "renewed"

    @app.get("/delete")
    @with_session
    async def delete(request, session):
        session.delete()
        return "deleted"

    return app, store, extension


def token(response):
    return response.headers["Set-Cookie"][0].partition(";")[0].partition("=")[2]


async def test_session_is_in_the_store_and_its_name_in_the_cookie():
    app, store, extension = make_app()
    client = TestClient(app)
    assert (await client.get("/")).json == {} and not store._sessions
    response = await client.get("/set/name/joe")
    assert len(store._sessions) == 1
    payload = decode_token(token(response), [KEY], RESERVED + "name")
    assert list(payload) == ["name"] and len(payload["name"]) == 22
    assert await store.load(payload["name"]) == '{"name":"joe"}'
    assert (await client.get("/")).json == {"name": "joe"}
    await client.get("/set/n/1")
    assert (await client.get("/")).json == {"name": "joe", "n": "1"} and len(store._sessions) == 1


async def test_large_session():
    app, _, _ = make_app()
    client = TestClient(app)
    response = await client.get("/large")
    assert len(token(response)) < 200
    assert len((await client.get("/")).json["large"]) == 3000


async def test_a_cookie_with_a_session_in_it_is_no_name():
    app, store, extension = make_app()
    await store.save("known", '{"admin": 1}', 60)
    for forged in (
        extension.encode({"name": "known"}),
        extension.encode({"name": "known"}, purpose="remember"),
        encode_token({"name": "known"}, "another key", RESERVED + "name"),
        encode_token({"name": "known"}, KEY, "name"),
        encode_token({}, KEY, RESERVED + "name"),
        "known",
    ):
        assert (await TestClient(app, cookies={"session": forged}).get("/")).json == {}
    plain = Microdot()
    Session(plain, KEY)

    @plain.get("/")
    @with_session
    async def index(request, session):
        return dict(session.items())

    name = token(await TestClient(app).get("/set/a/b"))
    assert (await TestClient(plain, cookies={"session": name}).get("/")).json == {}


async def test_delete():
    app, store, _ = make_app()
    client = TestClient(app)
    stolen = token(await client.get("/set/name/joe"))
    response = await client.get("/delete")
    assert "Max-Age=0" in response.headers["Set-Cookie"][0] and not store._sessions
    assert (await TestClient(app, cookies={"session": stolen}).get("/")).json == {}


async def test_saved_after_delete():
    app, store, _ = make_app()

    @app.get("/again")
    @with_session
    async def again(request, session):
        session.delete()
        session.save()
        return session["name"]

    client = TestClient(app)
    old = token(await client.get("/set/name/joe"))
    response = await client.get("/again")
    assert response.text == "joe" and token(response) != old and len(store._sessions) == 1
    assert (await client.get("/")).json == {"name": "joe"}


async def test_renewal_makes_the_old_name_worthless():
    app, store, _ = make_app()
    client = TestClient(app)
    planted = token(await client.get("/set/name/joe"))
    renewed = token(await client.get("/renew"))
    assert planted != renewed and len(store._sessions) == 1
    assert (await client.get("/")).json == {"name": "joe"}
    other = TestClient(app, cookies={"session": planted})
    assert (await other.get("/")).json == {}
    # a name is never taken from a client, not even a signed one
    assert token(await other.get("/set/a/b")) not in (planted, renewed)


async def test_a_renewal_that_the_store_refuses_leaves_the_session():
    """The client has the old name only, and must not be logged out by a store that is full or cannot be reached."""
    app, store, _ = make_app()
    client = TestClient(app)
    await client.get("/set/name/joe")
    save, delete = store.save, store.delete

    async def fail(*args):
        raise OSError(28)

    store.save = fail
    response = await client.get("/renew")
    assert response.status_code == 500 and "Set-Cookie" not in response.headers
    assert (await client.get("/")).json == {"name": "joe"}
    store.save, store.delete = save, fail
    for path in "/renew", "/delete":
        response = await client.get(path)
        assert response.status_code == 500 and "Set-Cookie" not in response.headers
        assert (await client.get("/")).json == {"name": "joe"}
    store.delete = delete
    assert (await client.get("/renew")).text == "renewed"
    assert (await client.get("/")).json == {"name": "joe"}


async def test_lifetime():
    app, store, extension = make_app(lifetime=60)
    client = TestClient(app)
    await client.get("/set/name/joe")
    assert (await client.get("/")).json == {"name": "joe"}
    extension.lifetime = -1
    await client.get("/set/name/joe")
    assert (await client.get("/")).json == {}


async def test_nothing_is_saved_after_an_error():
    app, store, _ = make_app()

    @app.get("/fail")
    @with_session
    async def fail(request, session):
        session["a"] = 1
        session.save()
        raise ValueError("on purpose")

    response = await TestClient(app).get("/fail")
    assert response.status_code == 500 and "Set-Cookie" not in response.headers and not store._sessions


async def test_store_needs_load():
    app, _, extension = make_app()

    @app.get("/get")
    async def get(request):
        with raises(RuntimeError):
            extension.get(request)
        session = await extension.load(request)
        assert extension.get(request) is session is await extension.load(request)
        return "x"

    assert (await TestClient(app).get("/get")).text == "x"


async def test_memory_store_is_bounded():
    store = MemoryStore(max_sessions=3)
    for name in "abc":
        await store.save(name, name.upper(), 60)
    await store.save("a", "A2", 60)
    await store.save("d", "D", 60)
    for name, text in (("a", "A2"), ("b", None), ("c", "C"), ("d", "D")):
        assert await store.load(name) == text
    await store.save("e", "E", 0)
    assert await store.load("e") is None and len(store._sessions) == 3
    await store.delete("a")
    await store.delete("unknown")
    assert await store.load("a") is None


async def test_a_deleted_session_does_not_come_back():
    """A request that began before another one deleted the session saves it later."""
    app, store, _ = make_app()
    client = TestClient(app)
    await client.get("/set/a/1")

    @app.get("/slow")
    @with_session
    async def slow(request, session):
        copy = TestClient(app, cookies=dict(client.cookies))
        await copy.get("/delete")
        session["a"] = 2
        session.save()
        return "saved"

    response = await client.get("/slow")
    assert response.status_code == 200 and "Set-Cookie" not in response.headers
    assert store._sessions == {}
    assert (await client.get("/")).json == {}


async def test_what_is_no_session_in_the_store():
    app, store, _ = make_app()
    client = TestClient(app)
    await client.get("/set/a/1")
    for text in ("{", "[1]", "null", "5", '"x"'):
        for name in store._sessions:
            store._sessions[name] = (1, 1 << 40, text)
        assert (await client.get("/")).json == {}, text


async def test_what_json_cannot_hold():
    for options in ({}, {"store": MemoryStore()}):
        app = Microdot()
        Session(app, KEY, **options)

        @app.get("/")
        @with_session
        async def index(request, session):
            session["x"] = object()
            with raises(Exception) as caught:
                session.save()
            return type(caught.value).__name__

        assert (await TestClient(app).get("/")).text in ("ValueError", "TypeError")


async def test_an_empty_session_takes_no_place_in_the_store():
    """Fifty requests for a logout would otherwise push the sessions of all users out of a board's store."""
    app, store, extension = make_app()

    @app.get("/empty")
    @with_session
    async def empty(request, session):
        session.clear()
        session.save()
        return "saved"

    @app.get("/update")
    async def update(request):
        await extension.load(request)
        extension.update(request, {})
        return "saved"

    user = TestClient(app)
    await user.get("/set/name/joe")
    for path in "/empty", "/update":
        for _ in range(60):
            response = await TestClient(app).get(path)
            assert response.text == "saved" and "Set-Cookie" not in response.headers
    assert len(store._sessions) == 1 and (await user.get("/")).json == {"name": "joe"}
    # one that has become empty is forgotten, and its name is worth nothing
    old = user.cookies["session"]
    response = await user.get("/empty")
    assert "Max-Age=0" in response.headers["Set-Cookie"][0] and not store._sessions and not user.cookies
    response = await TestClient(app, cookies={"session": old}).get("/set/name/ann")
    assert len(store._sessions) == 1 and token(response) != old


async def test_filled_again_after_it_was_saved_empty():
    app, store, _ = make_app()

    @app.get("/again")
    @with_session
    async def again(request, session):
        session.clear()
        session.save()
        session["name"] = "ann"
        session.save()
        return "saved"

    client = TestClient(app)
    await client.get("/set/name/joe")
    await client.get("/again")
    assert (await client.get("/")).json == {"name": "ann"} and len(store._sessions) == 1
