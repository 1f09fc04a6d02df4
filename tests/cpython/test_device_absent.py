"""The pages of a board do not exist under ASGI and WSGI servers, although the application uses `microdot.device`."""

import pytest
import test_asgi_http
import test_wsgi_http

import microdot.asgi
import microdot.wsgi
from microdot import device
from microdot.checks import Field

PATHS = [("GET", "/_device"), ("GET", "/_device/status"), ("GET", "/_device/log"), ("GET", "/_device/update"),
         ("POST", "/_device/update"), ("POST", "/_device/restart"), ("POST", "/_device/settings")]  # fmt: skip


@pytest.fixture
def add_routes(monkeypatch, tmp_path):
    """Give an application a route that needs a setting."""
    monkeypatch.chdir(tmp_path)  # a computer's settings are a file in the current folder
    device.settings.declare([Field("place", default="Balcony")])

    def add_routes(app):
        @app.get("/")
        async def index(request):
            return device.settings["place"]

    yield add_routes
    device.settings.declare([])


async def test_under_asgi(add_routes):
    app = microdot.asgi.Microdot()
    add_routes(app)

    async def ask(method, path):
        scope = test_asgi_http.scope_of(path, method)
        return await test_asgi_http.call(app, scope, {"type": "http.request", "body": b""})

    assert (await ask("GET", "/"))[2] == b"Balcony"
    for method, path in PATHS:
        assert (await ask(method, path))[0] == 404, path


def test_under_wsgi(add_routes):
    app = microdot.wsgi.Microdot()
    add_routes(app)

    def ask(method, path):
        return test_wsgi_http.call(app, test_wsgi_http.environ_of(path, method))

    assert ask("GET", "/")[2] == b"Balcony"
    for method, path in PATHS:
        assert ask(method, path)[0].startswith("404 "), path
