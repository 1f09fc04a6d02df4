from microdot import Microdot, Response
from microdot.test_client import TestClient

NOW = 1800000000


def client(**kwargs):
    app = Microdot()

    @app.get("/set")
    async def root(request):
        return set_them(request)

    @app.get("/a/b/set")
    async def deep(request):
        return set_them(request)

    def set_them(request):
        res = Response("")
        res.headers["Set-Cookie"] = request.args.getlist("c")
        return res

    @app.get("/<path:path>")
    async def show(request, path):
        return request.headers.get("Cookie") or ""

    c = TestClient(app, **kwargs)
    c.clock = lambda: NOW
    return c


async def give(c, *cookies, path="/set", headers=None):
    fields = "&".join(["c=" + cookie.replace(";", "%3B").replace(" ", "+") for cookie in cookies])
    assert (await c.get(path + "?" + fields, headers)).status_code == 200


async def sent(c, path="/x", headers=None):
    return (await c.get(path, headers)).text


async def test_kept_and_sent():
    c = client()
    assert await sent(c) == ""
    await give(c, "a=1", "b=2; Path=/; HttpOnly")
    assert c.cookies == {"a": "1", "b": "2"}
    assert sorted((await sent(c)).split("; ")) == ["a=1", "b=2"]
    await give(c, "a=x=y")
    assert c.cookies["a"] == "x=y"


async def test_single_field():
    app = Microdot()
    app.get("/")(lambda request: ("", {"Set-Cookie": "a=1"}))
    c = TestClient(app)
    await c.get("/")
    assert c.cookies == {"a": "1"}


async def test_the_tests_own():
    c = client(cookies={"a": "1", "p": ("2", "/p")})
    assert await sent(c) == "a=1"
    assert await sent(c, "/p/q") == "p=2; a=1"
    c.cookies["b"] = "3"
    del c.cookies["a"]
    assert await sent(c) == "b=3"
    await give(c, "b=4")
    assert c.cookies["b"] == "4"
    c.cookies["b"] = "5"
    assert await sent(c) == "b=5"
    assert await sent(c, "/x", {"Cookie": "own=1"}) == "own=1; b=5"
    c.cookies = {}
    assert await sent(c) == ""


async def test_path():
    c = client()
    await give(c, "a=1; Path=/foo", "b=2; Path=/foo/", "c=3; Path=no")
    assert c.cookies == {"a": ("1", "/foo"), "b": ("2", "/foo/"), "c": "3"}
    assert await sent(c, "/foo") == "a=1; c=3"
    assert await sent(c, "/foo/bar?x=/") == "b=2; a=1; c=3"
    assert await sent(c, "/foobar") == "c=3"


async def test_default_path():
    c = client()
    await give(c, "a=1", path="/a/b/set")
    assert await sent(c, "/a/b/x") == "a=1"
    assert await sent(c, "/a/bx") == ""


async def test_one_name_with_several_paths():
    c = client()
    await give(c, "a=1; Path=/", "a=2; Path=/foo")
    assert await sent(c, "/foo/x") == "a=2; a=1"
    assert await sent(c, "/x") == "a=1"
    await give(c, "a=; Path=/foo; Max-Age=0")
    assert await sent(c, "/foo/x") == "a=1" and c.cookies == {"a": "1"}


async def test_domain():
    c = client(host="www.example.com:5000")
    await give(c, "host=1", "all=2; Domain=example.com", "dot=3; Domain=.Example.com", "not=4; Domain=evil.net")
    await give(c, "deep=5; Domain=a.www.example.com")
    assert sorted(c.cookies) == ["all", "dot", "host"]
    assert await sent(c, "/x", {"Host": "example.com"}) == "all=2; dot=3"
    assert await sent(c, "/x", {"Host": "a.EXAMPLE.com:80"}) == "all=2; dot=3"
    assert await sent(c, "/x", {"Host": "www.example.com"}) == "all=2; dot=3; host=1"
    assert await sent(c, "/x", {"Host": "badexample.com"}) == ""


async def test_max_age():
    c = client()
    await give(c, "a=1; Max-Age=10", "b=2; Max-Age=x", "c=3; Max-Age=99999999999", "d=4; Max-Age=-1")
    assert await sent(c) == "a=1; b=2; c=3" and "d" not in c.cookies
    c.clock = lambda: NOW + 9
    assert await sent(c) == "a=1; b=2; c=3"
    c.clock = lambda: NOW + 10
    assert await sent(c) == "b=2; c=3"
    assert "a" not in c.cookies
    c.clock = lambda: NOW + 401 * 86400
    assert await sent(c) == "b=2"


async def test_expires():
    c = client()
    await give(c, "a=1; Expires=Fri, 15 Jan 2027 08:00:10 GMT", "b=2; Expires=nonsense")
    await give(c, "c=3; Expires=Fri, 15 Jan 2027 08:00:10 GMT; Max-Age=20", "d=4; Max-Age=5; Expires=x")
    assert await sent(c) == "a=1; b=2; c=3; d=4"
    c.clock = lambda: NOW + 10  # 15 Jan 2027 08:00:10
    assert await sent(c) == "b=2; c=3"


async def test_the_tests_own_are_deleted():
    c = client(cookies={"a": "1", "b": "2", "c": ("3", "/p")})
    await give(c, "a=; Max-Age=0; Path=/bad", "b=; Max-Age=0; Path=/", "c=; Max-Age=0; Path=/p")
    assert c.cookies == {"a": "1"}
    assert await sent(c, "/x", {"Host": "any.example"}) == "a=1"


async def test_deleted():
    c = client()
    await give(c, "a=1", "b=2", "c=3; Path=/p")
    await give(c, "a=; Max-Age=0", "b=; Expires=Thu, 01 Jan 1970 00:00:01 GMT", "c=; Max-Age=0; Path=/")
    assert c.cookies == {"c": ("3", "/p")}
    await give(c, "unknown=; Max-Age=0")
    res = Response("")
    res.set_cookie("a", "1", path="/p", max_age=5, http_only=True)
    res.delete_cookie("a", path="/p")
    fields = res.headers["Set-Cookie"]
    await give(c, fields[0].replace("&", "%26"))
    assert c.cookies["a"] == ("1", "/p")
    await give(c, fields[1])
    assert "a" not in c.cookies
