"""How large a session in a cookie may be."""

from memory_stream import exchange
from microdot import Microdot, Request
from microdot.session import Session, with_session
from microdot.test_client import TestClient


def make_app(limit):
    """Return (app, list of what `save()` raised)."""
    app = Microdot()
    Session(app, "a secret key of the tests, 32 bytes or more").max_token_length = limit
    problems = []

    @app.get("/")
    @with_session
    async def index(request, session):
        return dict(session.items())

    @app.get("/set/<int:size>")
    @with_session
    async def set_size(request, session, size):
        session["x"] = "x" * size
        try:
            session.save()
        except ValueError as error:
            problems.append(str(error))
        return "x"

    return app, problems


async def test_too_large_for_a_cookie():
    app, problems = make_app(400)
    response = await TestClient(app).get("/set/300")
    assert response.status_code == 200 and "Set-Cookie" not in response.headers
    assert len(problems) == 1 and problems[0].startswith("session too large for a cookie")


async def get(app, path, *fields):
    """Return the own server's answer."""
    (answer,) = await exchange(app, "\r\n".join(("GET " + path + " HTTP/1.1", "Host: a") + fields + ("", "")).encode())
    return answer


async def test_the_server_takes_each_session_that_was_saved():
    """On the framework's own server the limit is also that of a header field's line."""
    app, problems = make_app(2000)
    default = Request.max_readline
    for limit in 300, 500:
        Request.max_readline = limit
        longest = 0
        try:
            for size in range(limit * 3 // 4 - 120, limit):
                cookie = (await get(app, "/set/%d" % size)).field("set-cookie")
                if cookie is None:
                    break
                field = "Cookie: " + cookie.partition(";")[0]
                answer = await get(app, "/", field)
                assert answer.status == 200 and len(answer.body) == len('{"x": ""}') + size, size
                longest = len(field)
        finally:
            Request.max_readline = default
        assert limit - 2 < longest <= limit and "Request.max_readline" in problems.pop() and not problems


async def test_other_servers_have_other_limits():
    app, problems = make_app(2000)
    client = TestClient(app)
    limit = Request.max_readline
    try:
        Request.max_readline = 400
        await client.get("/set/500")
        assert len(client.cookies["session"]) > 600 and not problems
        assert len((await client.get("/")).json["x"]) == 500
    finally:
        Request.max_readline = limit
