"""Middleware of ASGI and WSGI around the application's own entry point."""

import io
import json
from urllib.parse import quote, unquote, unquote_to_bytes

import pytest

import microdot.asgi
import microdot.wsgi
from microdot.reverse import url_for


def hello(app):
    app.get("/")(lambda request: "hello")
    return app


async def test_asgi():
    app = hello(microdot.asgi.Microdot())
    inner = app.asgi_app
    sent = []

    async def middleware(scope, receive, send):
        await inner(dict(scope, path="/"), receive, send)

    async def send(message):
        sent.append(message)

    app.asgi_app = middleware
    await app({"type": "http", "method": "GET", "path": "/elsewhere", "headers": []}, None, send)
    assert (sent[0]["status"], sent[1]["body"]) == (200, b"hello")


def test_wsgi():
    app = hello(microdot.wsgi.Microdot())
    inner = app.wsgi_app
    seen = []
    app.wsgi_app = lambda environ, start_response: inner(dict(environ, PATH_INFO="/"), start_response)
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/elsewhere", "SERVER_PROTOCOL": "HTTP/1.1"}
    environ["wsgi.input"] = io.BytesIO()
    assert b"".join(app(environ, lambda status, headers: seen.append(status))) == b"hello"
    assert seen == ["200 OK"]


# What a gateway says of a path, and what middleware makes of it, is what routes, links and redirects go by.


def make(cls):
    app = cls()

    @app.get("/seen/<path:rest>")
    def seen(request, rest):
        return {"rest": rest, "url": request.url, "path": request.path, "args": dict(request.args),
                "link": url_for(request, "seen", rest=rest), "root": getattr(request, "root_path", "")}

    @app.get("/private")
    def private(request):
        return "secret"

    @app.get("/public")
    def public(request):
        return {"args": dict(request.args)}

    return app


async def ask_asgi(app, path, query=b"", **more):
    sent = []

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http", "method": "GET", "path": unquote(path), "raw_path": path.encode(), "headers": [],
        "query_string": query, "root_path": "", **more,
    }
    await app(scope, None, send)
    return sent[0]["status"], sent[1]["body"].decode()


async def ask_wsgi(app, path, query=b"", **more):
    seen = []
    environ = {
        "REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "RAW_URI": path + (f"?{query.decode()}" if query else ""), "QUERY_STRING": query.decode(),
        "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.input": io.BytesIO(), **more,
    }
    body = b"".join(app(environ, lambda status, headers: seen.append(int(status[:3]))))
    return seen[0], body.decode()


def rewrite(app, path, query):
    """Return middleware that leads all requests to another path."""
    if isinstance(app, microdot.asgi.Microdot):
        return lambda scope, receive, send: app(dict(scope, path=path, query_string=query.encode()), receive, send)
    return lambda environ, start: app(dict(environ, PATH_INFO=path, QUERY_STRING=query), start)


def mount(cls, app, prefix, style="root path"):
    """Return middleware that serves an application under a path, all others being 404 for it."""
    if cls is microdot.asgi.Microdot:

        def asgi(scope, receive, send):
            scope = dict(scope, root_path=scope["root_path"] + prefix)
            if style == "shorter path":
                scope["path"] = scope["path"].removeprefix(prefix)
            return app(scope, receive, send)

        return asgi

    def wsgi(environ, start):
        name = prefix.encode().decode("latin-1")
        path = environ["PATH_INFO"].removeprefix(name)
        return app(dict(environ, SCRIPT_NAME=environ["SCRIPT_NAME"] + name, PATH_INFO=path), start)

    return wsgi


GATEWAYS = pytest.mark.parametrize(
    ("cls", "ask"), [(microdot.asgi.Microdot, ask_asgi), (microdot.wsgi.Microdot, ask_wsgi)]
)
PATHS = pytest.mark.parametrize(("encoded", "rest"), [
    ("x", "x"), ("caf%C3%A9/y", "café/y"), ("a%2Fb", "a/b"), ("%2541", "%41"), ("a%20b", "a b"), ("%41%2e", "A."),
])  # fmt: skip


@GATEWAYS
async def test_rewritten_path(cls, ask):
    app = make(cls)
    for path in ("/private", "/%70rivate", "/private?x=1", "/elsewhere"):
        path, _, query = path.partition("?")
        assert await ask(rewrite(app, "/public", "a=1"), path, query.encode()) == (200, '{"args": {"a": ["1"]}}')
        assert await ask(rewrite(app, "/public", ""), path, query.encode()) == (200, '{"args": {}}')
    status, body = await ask(rewrite(app, "/seen/a b/%41", ""), "/elsewhere")
    assert (status, json.loads(body)["rest"], json.loads(body)["url"]) == (200, "a b/%41", "/seen/a%20b/%2541")


@GATEWAYS
@PATHS
@pytest.mark.parametrize("style", ["root path", "shorter path"])
@pytest.mark.parametrize("prefixes", [[], ["/api"], ["/api", "/v1"], ["/café x"]])
async def test_mounted(cls, ask, encoded, rest, style, prefixes):
    app = make(cls)
    served = app
    for prefix in reversed(prefixes):
        served = mount(cls, served, prefix, style)
    root = quote("".join(prefixes))
    for query in ("", "a=%C3%A9"):
        status, body = await ask(served, f"{root}/seen/{encoded}", query.encode())
        assert status == 200
        seen = json.loads(body)
        assert (seen["rest"], seen["path"], seen["root"]) == (rest, f"/seen/{rest}", root)
        assert seen["url"] == f"/seen/{encoded}" + (f"?{query}" if query else "")
        assert unquote(seen["link"]) == f"{unquote(root)}/seen/{rest}"
        status, again = await ask(served, seen["link"])
        assert (status, json.loads(again)["rest"]) == (200, rest)


@GATEWAYS
async def test_mounted_twice(cls, ask):
    app = make(cls)
    for prefix in ("/one", "/two"):
        status, body = await ask(mount(cls, app, prefix), f"{prefix}/seen/x")
        assert (status, json.loads(body)["link"]) == (200, f"{prefix}/seen/x")


async def test_a_root_path_with_a_slash_at_its_end():
    status, body = await ask_asgi(make(microdot.asgi.Microdot), "/api/seen/x", root_path="/api/")
    assert (status, json.loads(body)["link"]) == (200, "/api/seen/x")
    status, body = await ask_wsgi(make(microdot.wsgi.Microdot), "/seen/x", SCRIPT_NAME="/")
    assert (status, json.loads(body)["link"]) == (200, "/seen/x")
