"""An application in which each request writes to every place for its values; runs on CPython and MicroPython."""

import asyncio

try:
    import contextvars

    variable = contextvars.ContextVar("user", default=None)
except ImportError:  # MicroPython
    variable = None

from microdot import Microdot, Response
from microdot.session import Session, with_session

app = Microdot()
app.idle_timeout = 60
Session(app, secret_key="a key that only this test has, of more than 32 bytes")


class Stopped(Exception):
    pass


@app.before_request
def before(request):
    """Look for what another request has left behind, then leave something."""
    user = request.args["user"]
    left = [getattr(request.g, "user", None), request.url_args.get("user"), variable and variable.get()]
    request.g.left = [value for value in left if value]
    request.g.user = user
    request.url_args["user"] = user
    if variable:
        variable.set(user)


@app.after_request
def after(request, response):
    if "X-User" in response.headers:
        request.g.left.append(response.headers["X-User"])
    response.headers["X-User"] = request.args["user"]
    response.headers["X-Left"] = ",".join(request.g.left)


def seen(request, user, session):
    values = [request.g.user, user, request.args["user"], request.headers["X-User"], request.cookies["user"]]
    if variable:
        values.append(variable.get())
    if session is not None:
        values.append(session.get("user", user))
    return ",".join(values)


@app.get("/def")
def function(request, user):
    return seen(request, user, None)


@app.get("/async")
async def coroutine(request, user):
    await asyncio.sleep(0.001)
    return seen(request, user, None)


@app.get("/session")
@with_session
async def with_a_session(request, session, user):
    result = seen(request, user, session)
    await asyncio.sleep(0)
    session["user"] = user
    session.save()
    return result


@app.get("/def-session")
@with_session
def function_with_a_session(request, session, user):
    return seen(request, user, session)


@app.get("/items")
def items(request, user):
    def generate():
        yield seen(request, user, None) + ","
        yield seen(request, user, None)

    return generate()


@app.get("/async-items")
async def async_items(request, user):
    async def generate():
        yield seen(request, user, None) + ","
        await asyncio.sleep(0.001)
        yield seen(request, user, None)

    return generate()


@app.get("/empty")
def empty(request, user):
    return Response()


@app.get("/error")
def error(request, user):
    raise Stopped(seen(request, user, None))


@app.errorhandler(Stopped)
async def stopped(request, error):
    return str(error) + "," + seen(request, request.url_args["user"], None), 418
