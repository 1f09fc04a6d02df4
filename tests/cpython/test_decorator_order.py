"""A decorator above the route's is without effect, which may leave a page open: the log says so."""

import pytest

from microdot import Microdot
from microdot.auth import BasicAuth, TokenAuth
from microdot.helpers import wraps
from microdot.login import Login
from microdot.multipart import with_form_data
from microdot.session import with_session
from microdot.sse import with_sse
from microdot.websocket import with_websocket

login = Login()


def own(f):
    """A decorator of an application."""

    @wraps(f)
    def wrapper(*args):
        return f(*args)

    return wrapper


DECORATORS = [
    login, login.fresh, BasicAuth(), BasicAuth().optional, TokenAuth(), with_session, with_form_data, with_sse,
    with_websocket, own,
]


@pytest.mark.parametrize("decorate", DECORATORS)
def test_above_the_route(decorate, caplog):
    app = Microdot()

    @decorate
    @app.get("/")
    async def secret(request):
        return "open"

    (record,) = caplog.records
    assert record.name == "microdot.error"
    assert "secret" in record.message
    assert "below" in record.message
    caplog.clear()
    app.get("/decorated")(secret)  # the decorated one is another function
    own(own(secret))
    assert len(caplog.records) == 1


@pytest.mark.parametrize("decorate", DECORATORS)
def test_below_the_route(decorate, caplog):
    app = Microdot()

    @app.get("/")
    @app.get("/second")
    @decorate
    @own
    async def secret(request):
        return "safe"

    other = Microdot()
    other.mount(app, "/mounted")
    assert caplog.records == []
    assert secret.__name__ == "secret"


def test_handlers_that_are_no_functions(caplog):
    class Callable:
        __slots__ = ()

        def __call__(self, request):
            return "called"

        def method(self, request):
            return "method"

    app = Microdot()
    app.get("/callable")(Callable())
    app.get("/method")(Callable().method)
    app.get("/built-in")(str)
    assert caplog.records == []
