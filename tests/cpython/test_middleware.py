"""Middleware of ASGI and WSGI around the application's own entry point."""

import io

import microdot.asgi
import microdot.wsgi


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
