"""An application as what servers call: ASGI 3, ASGI 2 and WSGI servers, each of which looks in its own way."""

import asyncio
import inspect

import hypercorn.utils
import pytest
import uvicorn
from asgiref.compatibility import is_double_callable

import microdot
import microdot.asgi
import microdot.wsgi

APPLICATIONS = [microdot.Microdot, microdot.asgi.Microdot]
SCOPE = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}
ENVIRON = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.input": None}


def make_app(cls):
    app = cls()
    app.get("/")(lambda request: "hello")
    return app


class Messages(list):
    """What an application sends to an ASGI server."""

    async def receive(self):
        await asyncio.Event().wait()

    async def send(self, message):
        self.append(message)

    def check(self):
        assert [message["type"] for message in self] == ["http.response.start", "http.response.body"]
        assert self[1]["body"] == b"hello"


@pytest.mark.parametrize("cls", APPLICATIONS)
def test_servers_take_it_for_asgi_3(cls):
    app = cls()
    assert inspect.iscoroutinefunction(app.__call__)
    assert hypercorn.utils.is_asgi(app)
    assert not is_double_callable(app)
    config = uvicorn.Config(app)
    config.load()
    assert config.interface == "asgi3"


def test_an_application_for_wsgi_is_none_for_asgi():
    assert not hypercorn.utils.is_asgi(microdot.wsgi.Microdot())


@pytest.mark.parametrize("cls", APPLICATIONS)
async def test_asgi_3(cls):
    messages = Messages()
    await make_app(cls)(SCOPE, messages.receive, messages.send)
    messages.check()
    messages.clear()
    await make_app(cls)(scope=SCOPE, receive=messages.receive, send=messages.send)  # as daphne does
    messages.check()


async def test_asgi_2():
    messages = Messages()
    await make_app(microdot.Microdot)(SCOPE)(messages.receive, messages.send)
    messages.check()


@pytest.mark.parametrize("cls", [microdot.Microdot, microdot.wsgi.Microdot])
def test_wsgi(cls):
    statuses = []
    body = make_app(cls)(ENVIRON, lambda status, headers: statuses.append(status))
    assert (statuses, b"".join(body)) == (["200 OK"], b"hello")
