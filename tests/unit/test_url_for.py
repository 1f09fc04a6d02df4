from microdot import Microdot, URLPattern
from microdot.reverse import url_for
from microdot.test_client import TestClient
from support import raises


async def handler(request, **values):
    return values


async def other(request, **values):
    return "other"


def application():
    app = Microdot()
    app.get("/", name="home")(handler)
    app.get("/users/<int:id>", name="user")(handler)
    app.get("/files/<path:name>/raw", name="raw")(handler)
    app.get("/hex/<re:[0-9a-f]+:value>", name="hex")(handler)
    app.get("/tag/<tag>", name="tag")(handler)
    app.post("/other/\u00fc b")(other)
    return app


def test_urls():
    app = application()
    assert url_for(app, "home") == "/"
    assert url_for(app, "user", id=-7) == "/users/-7"
    assert url_for(app, "raw", name="a/b c") == "/files/a/b%20c/raw"
    assert url_for(app, "hex", value="0f") == "/hex/0f"
    assert url_for(app, "tag", tag="a?b#c%d&\u20ac") == "/tag/a%3Fb%23c%25d&%E2%82%AC"
    assert url_for(app, other) == url_for(app, "other") == "/other/%C3%BC%20b"
    assert url_for(app, handler) == "/"  # the first of its routes


def test_query_string():
    app = application()
    assert url_for(app, "home", q="a b&c") == "/?q=a+b%26c"
    assert url_for(app, "home", q=["1", 2]) == "/?q=1&q=2"
    assert url_for(app, "user", id=1, page=2) == "/users/1?page=2"


def test_errors():
    app = application()
    for name, values in (
        ("missing", {}),
        ("user", {}),
        ("user", {"id": "x"}),
        ("user", {"id": "+1"}),
        ("hex", {"value": "xyz"}),
        ("tag", {"tag": "a/b"}),
        ("tag", {"tag": ""}),
        ("raw", {"name": "/evil.example"}),
    ):
        with raises(ValueError):
            url_for(app, name, **values)


async def test_what_is_made_is_found():
    app = application()
    client = TestClient(app)
    for name, values in (("user", {"id": 3}), ("raw", {"name": "x/y/z%2F"}), ("tag", {"tag": "\u00e4 +;=%20"})):
        assert (await client.get(url_for(app, name, **values))).json == values


async def test_mounted_and_in_a_request():
    sub = Microdot()

    @sub.get("/<int:id>", name="item")
    async def item(request, id):
        return url_for(request, "item", id=id + 1) + " " + url_for(request, item, id=0)

    app = Microdot()
    app.mount(sub, "/shop")
    assert url_for(app, "item", id=1) == "/shop/1"
    assert (await TestClient(app).get("/shop/1")).text == "/shop/2 /shop/0"


def test_registered_type():
    URLPattern.register_type("even", "[0-9]+", lambda value: int(value) if int(value) % 2 == 0 else None)
    app = Microdot()
    app.add_route("/even/<even:n>", handler, name="even")
    assert url_for(app, "even", n=4) == "/even/4"
    with raises(ValueError):
        url_for(app, "even", n=3)


async def test_an_application_mounted_twice():
    """A link leads to the mount of the request, for a nested application and for the one around it, too."""
    inner = Microdot()
    outer = Microdot()

    @inner.get("/", name="inner")
    async def inner_index(request):
        return " ".join([url_for(request, name) for name in ("inner", "outer", "root")])

    @outer.get("/", name="outer")
    async def outer_index(request):
        return " ".join([url_for(request, name) for name in (inner_index, outer_index, "root")])

    outer.mount(inner, "/in")
    app = Microdot()
    app.get("/", name="root")(outer_index)
    app.mount(outer, "/a")
    app.mount(outer, "/a/b")
    app.mount(outer, "/c", local=True)
    client = TestClient(app)
    for mount in ("/a", "/a/b", "/c"):
        assert (await client.get(mount + "/")).text == mount + "/in/ " + mount + "/ /", mount
        assert (await client.get(mount + "/in/")).text == mount + "/in/ " + mount + "/ /", mount
    assert (await client.get("/")).text == "/a/in/ / /"
    assert url_for(app, "inner") == "/a/in/"  # without a request the first one
