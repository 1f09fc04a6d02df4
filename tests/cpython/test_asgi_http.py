"""HTTP and lifespan under ASGI, message by message."""

import asyncio
import io

import pytest

import microdot
import microdot.asgi
import microdot.errors
from microdot import Request, Response
from microdot.asgi import Microdot
from microdot.redis import RedisUnavailable


def scope_of(path="/", method="GET", headers=(), **more):
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": b"", "headers": list(headers),
        "client": ("192.0.2.1", 5), "server": ("127.0.0.1", 80),
    }
    scope.update(more)
    return {name: value for name, value in scope.items() if value is not ...}


async def call(app, scope, *messages):
    """Call the application; return status, header list, body and all that was sent."""
    incoming = list(messages)
    sent = []

    async def receive():
        if not incoming:
            await asyncio.Event().wait()
        message = incoming.pop(0)
        if callable(message):
            await message(sent)
            return {"type": "http.disconnect"}
        return message

    async def send(message):
        sent.append(message)
        await asyncio.sleep(0)

    await app(scope, receive, send)
    if not sent:
        return None, [], b"", []
    body = b"".join(message["body"] for message in sent[1:])
    assert sent[0]["type"] == "http.response.start"
    return sent[0]["status"], sent[0]["headers"], body, sent


def make(cls=Microdot):
    app = cls()

    @app.route("/<path:p>", methods=["GET", "POST"])
    async def show(request, p):
        return {
            "path": request.path, "url": request.url, "client": request.client_addr, "body": request.body.decode(),
            "headers": dict(request.headers), "cookies": request.cookies, "scope": request.asgi_scope["type"],
            "version": request.http_version, "scheme": request.scheme,
        }

    return app


async def show(*args, **kwargs):
    """Return what the handler above saw."""
    import json

    status, _, body, _ = await call(make(), *args, **kwargs)
    assert status == 200, body
    return json.loads(body)


async def test_request():
    scope = scope_of("/a", headers=[(b"x-one", b"1"), (b"cookie", b"a=1")], scheme="https", http_version="2")
    seen = await show(scope, {"type": "http.request"})
    assert seen["path"] == seen["url"] == "/a"
    assert seen["client"] == ["192.0.2.1", 5]
    assert (await show(scope_of("/a", client=("192.0.2.1", "5"))))["client"] == ["192.0.2.1", 5]
    assert (await show(scope_of("/a", client=("192.0.2.1", None))))["client"] == ["192.0.2.1", 0]
    assert seen["headers"] == {"x-one": "1", "cookie": "a=1"}
    assert seen["cookies"] == {"a": "1"}
    assert (seen["scope"], seen["version"], seen["scheme"]) == ("http", "2", "https")


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_body_without_a_length(method):
    """HTTP/2 needs neither a length nor chunks to have one, with any method."""
    messages = [{"type": "http.request", "body": piece, "more_body": piece != b"lo"} for piece in (b"hel", b"", b"lo")]
    assert (await show(scope_of("/a", method, http_version="2"), *messages))["body"] == "hello"


async def test_repeated_fields():
    headers = [(b"cookie", b"a=1"), (b"cookie", b"b=2"), (b"x", b"1"), (b"x", b"2"), (b"x", b"3")]
    seen = await show(scope_of("/a", headers=headers))
    assert seen["cookies"] == {"a": "1", "b": "2"}
    assert seen["headers"]["x"] == "1, 2, 3"


async def test_blanks_around_the_values_of_fields():
    """httptools leaves those at the end there."""
    seen = await show(scope_of("/a", headers=[(b"x", b" 1 \t"), (b"cookie", b"a=1 ")]))
    assert seen["headers"] == {"x": "1", "cookie": "a=1"}
    assert seen["cookies"] == {"a": "1"}


async def test_what_a_server_may_leave_out():
    scope = scope_of("/caf\u00e9 x", raw_path=..., client=..., scheme=..., query_string=...)
    seen = await show(scope)
    assert seen["url"] == "/caf%C3%A9%20x"
    assert seen["path"] == "/café x"
    assert seen["client"] is None
    assert seen["scheme"] == "http"
    assert (await show(scope_of("/a", raw_path=None, client=None)))["client"] is None


async def test_raw_path_and_query():
    seen = await show(scope_of("/x/y", raw_path=b"/x%2Fy", query_string=b"a=%C5%BC"))
    assert seen["url"] == "/x%2Fy?a=%C5%BC"
    assert seen["path"] == "/x/y"


@pytest.mark.parametrize(("root", "path", "url"), [
    ("/api", "/api/x", "/x"),
    ("/api/", "/api/x", "/x"),
    ("/api", "/x", "/x"),
    ("/api", "/apix", "/apix"),
    ("/a b", "/a b/x", "/x"),
    ("", "/x", "/x"),
])
async def test_root_path(root, path, url):
    assert (await show(scope_of(path, raw_path=path.replace(" ", "%20").encode(), root_path=root)))["url"] == url


async def test_root_path_alone():
    app = Microdot()
    app.get("/")(lambda request: request.url)
    assert (await call(app, scope_of("/api", root_path="/api")))[2] == b"/"


async def test_body_in_messages():
    headers = [(b"content-length", b"6")]
    seen = await show(
        scope_of("/a", "POST", headers),
        {"type": "http.request", "body": b"ab", "more_body": True},
        {"type": "http.request", "more_body": True},
        {"type": "http.request", "body": b"cd", "more_body": True},
        {"type": "http.request", "body": b"ef"},
    )
    assert seen["body"] == "abcdef"


async def test_a_client_that_leaves_within_the_body():
    app = make()
    messages = {"type": "http.request", "body": b"ab", "more_body": True}, {"type": "http.disconnect"}
    assert (await call(app, scope_of("/a", "POST"), *messages))[0] == 400


async def test_too_large():
    headers = [(b"content-length", b"99999")]
    assert (await call(make(), scope_of("/a", "POST", headers)))[0] == 413


async def test_response_headers():
    app = Microdot()

    @app.get("/")
    def index(request):
        response = Response("x", 200, {"X-One": "ż"})
        response.set_cookie("a", "1")
        response.set_cookie("b", "2")
        return response

    _, headers, body, _ = await call(app, scope_of())
    assert body == b"x"
    assert sorted(headers) == sorted([
        (b"x-one", "ż".encode()), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2"),
        (b"content-type", b"text/plain; charset=UTF-8"), (b"content-length", b"1"),
    ])


async def test_head_and_no_content():
    app = Microdot()
    file = io.BytesIO(b"content")
    app.get("/file")(lambda request: file)
    app.get("/none")(lambda request: None)
    status, _, body, _ = await call(app, scope_of("/file", "HEAD"))
    assert (status, body, file.closed) == (200, b"", True)
    status, headers, body, _ = await call(app, scope_of("/none"))
    assert (status, headers, body) == (204, [], b"")


async def test_stream():
    app = Microdot()
    app.get("/")(lambda request: iter(["a", "b"]))
    _, headers, body, sent = await call(app, scope_of())
    assert body == b"ab"
    assert b"content-length" not in dict(headers)
    assert [message.get("more_body", False) for message in sent[1:]] == [True, True, False]


async def test_files(tmp_path):
    app = Microdot()
    app.get("/<int:size>")(lambda request, size: Response.send_file(f"{tmp_path}/{size}"))
    for size, messages in ((0, 1), (1, 1), (65536, 1), (65537, 3)):
        (tmp_path / str(size)).write_bytes(b"x" * size)
        _, headers, body, sent = await call(app, scope_of(f"/{size}"))
        assert len(body) == int(dict(headers)[b"content-length"]) == size
        assert len(sent) - 1 == messages
        assert not sent[-1].get("more_body")


@pytest.mark.parametrize("then", ["next piece", "end"])
async def test_a_generator_that_swallows_its_cancellation(then):
    """As Python 3.11's `wait_for()` does when what it waits for comes in the same moment."""
    app = Microdot()
    ends = []

    @app.get("/")
    async def stream(request):
        async def pieces():
            try:
                yield "one"
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    ends.append("swallowed")
                while then == "next piece":
                    await asyncio.sleep(0)
                    yield "two"
            finally:
                ends.append("closed")

        return pieces()

    async def leave(sent):
        while len(sent) < 2:
            await asyncio.sleep(0)
        for _ in range(5):  # until the generator waits
            await asyncio.sleep(0)

    _, _, body, _ = await asyncio.wait_for(call(app, scope_of("/"), leave), 30)
    assert (body, ends) == (b"one", ["swallowed", "closed"])


async def test_a_server_that_tells_of_the_clients_end_after_each_response():
    """The response is complete, and in the log."""
    app = Microdot()
    log = []
    app.access_log = lambda request, response: log.append(response.status_code)

    @app.get("/")
    async def stream(request):
        def pieces():
            yield "one"

        return pieces()

    async def answered(sent):
        while len(sent) < 3:  # head, piece and end
            await asyncio.sleep(0)

    _, _, body, _ = await call(app, scope_of("/"), answered)
    assert (body, log) == (b"one", [200])


async def test_disconnect_while_streaming():
    ended = []
    app = Microdot()

    @app.get("/")
    async def index(request):
        async def body():
            try:
                yield "a"
                await asyncio.Event().wait()
            finally:
                ended.append(True)

        return body()

    async def until_sent(sent):
        while len(sent) < 2:
            await asyncio.sleep(0)

    status, _, body, _ = await call(app, scope_of(), until_sent)
    assert (status, body, ended) == (200, b"a", [True])
    if hasattr(asyncio.current_task(), "cancelling"):
        assert asyncio.current_task().cancelling() == 0


def held_back(timeout, error=None):
    """Return an application whose body waits for an event, and then yields two pieces or raises; and the event."""
    app = Microdot()
    app.first_piece_timeout = timeout
    release = asyncio.Event()

    @app.get("/")
    async def index(request):
        async def body():
            await release.wait()
            if error:
                raise error
            yield "a"
            yield "b"

        return body()

    return app, release


async def head_before_the_body(app, release, sent):
    """Call the application, and release the body when the head has been sent."""

    async def send(message):
        sent.append(message)

    async def receive():
        await asyncio.Event().wait()

    call = asyncio.create_task(app(scope_of(), receive, send))
    while not sent and not call.done():
        await asyncio.sleep(0.001)
    assert [message["type"] for message in sent] == ["http.response.start"]
    release.set()
    await call


@pytest.mark.parametrize("timeout", [0.05, 0, None])
async def test_the_head_does_not_wait_for_ever_for_the_first_piece(timeout):
    sent = []
    await asyncio.wait_for(head_before_the_body(*held_back(timeout), sent), 30)
    assert [message.get("body") for message in sent] == [None, b"a", b"b", b""]
    assert sent[0]["status"] == 200


@pytest.mark.parametrize("timeout", [0.05, 0])
async def test_an_error_after_the_head_is_the_servers_to_show(timeout):
    sent = []
    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(head_before_the_body(*held_back(timeout, ZeroDivisionError()), sent), 30)
    assert len(sent) == 1


async def test_an_error_in_time_is_answered():
    app, release = held_back(3600, microdot.errors.HTTPException(404, "nothing here"))
    release.set()
    status, _, body, sent = await asyncio.wait_for(call(app, scope_of()), 30)
    assert (status, body, len(sent)) == (404, b"nothing here", 2)


async def test_a_response_made_of_the_body_as_it_arrives():
    app = Microdot()

    @app.post("/")
    async def index(request):
        async def body():
            while data := await request.stream.read(20000):
                yield data

        return body()

    pieces = [{"type": "http.request", "body": b"x" * 20000, "more_body": True} for _ in range(3)]
    saved = Request.max_content_length
    Request.max_content_length = None
    try:
        headers = [(b"content-length", b"60000")]
        _, _, body, _ = await call(app, scope_of("/", "POST", headers), *pieces, {"type": "http.request"})
    finally:
        Request.max_content_length = saved
    assert body == b"x" * 60000


async def test_cancellation_from_outside():
    ended = []
    app = Microdot()

    @app.get("/")
    async def index(request):
        async def body():
            try:
                await asyncio.Event().wait()
                yield "a"
            finally:
                ended.append(True)

        return body()

    task = asyncio.create_task(call(app, scope_of()))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == [True]


async def test_already_handled():
    app = Microdot()
    app.get("/")(lambda request: Response.already_handled)
    assert await call(app, scope_of()) == (None, [], b"", [])


async def test_asgi_2():
    app = microdot.Microdot()
    app.get("/")(lambda request: "x")
    sent = []

    async def send(message):
        sent.append(message)

    await app(scope_of())(None, send)
    assert sent[1]["body"] == b"x"


async def test_the_core_is_an_asgi_application():
    assert (await call(make(microdot.Microdot), scope_of("/a")))[0] == 200


async def test_unknown_scope():
    with pytest.raises(ValueError, match="unsupported ASGI scope: x"):
        await call(Microdot(), {"type": "x"})


async def lifespan(app):
    """Run an application's life; return the types of the messages that it sends."""
    sent = []
    incoming = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

    async def receive():
        return incoming.pop(0)

    async def send(message):
        sent.append(message)

    await app({"type": "lifespan", "state": {}}, receive, send)
    return sent


async def test_lifespan():
    seen = []

    async def startup(scope):
        seen.append(("startup", scope["type"]))
        scope["state"]["a"] = 1

    async def shutdown(scope):
        seen.append(("shutdown", scope["state"]["a"]))

    sent = await lifespan(Microdot(lifespan_startup=startup, lifespan_shutdown=shutdown))
    assert [message["type"] for message in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert seen == [("startup", "lifespan"), ("shutdown", 1)]


async def test_lifespan_without_functions():
    for app in (Microdot(), microdot.Microdot()):
        assert [message["type"] for message in await lifespan(app)] == [
            "lifespan.startup.complete", "lifespan.shutdown.complete",
        ]


@pytest.mark.parametrize("phase", ["startup", "shutdown"])
async def test_lifespan_that_fails(phase):
    async def fail(scope):
        raise ValueError("why")

    sent = await lifespan(Microdot(**{f"lifespan_{phase}": fail}))
    assert sent[-1] == {"type": f"lifespan.{phase}.failed", "message": "ValueError: why"}


@pytest.mark.parametrize(("error", "message"), [
    (SystemExit("no database"), "SystemExit: no database"),
    (RedisUnavailable("Redis is away"), "microdot.redis.errors.RedisUnavailable: Redis is away"),
])
async def test_a_start_that_the_application_gives_up(error, message, caplog):
    """Such an end takes one line; a server that gets SystemExit itself goes on without the start."""
    app = microdot.Microdot()

    @app.on_startup
    async def connect():
        raise error

    assert await lifespan(app) == [{"type": "lifespan.startup.failed", "message": message}]
    (record,) = caplog.records
    assert record.getMessage() == f"Exception in lifespan startup: {message}" and not record.exc_info


async def test_background_work():
    app = Microdot()
    done = []

    @app.get("/")
    async def index(request):
        async def work():
            done.append(True)

        request.background(work())
        return "x"

    await call(app, scope_of())
    for _ in range(10):
        await asyncio.sleep(0)
    assert done == [True]


async def test_a_scope_need_not_name_its_http_version():
    app = Microdot()
    app.get("/")(lambda request: request.http_version)
    assert (await call(app, scope_of(http_version=...)))[2] == b"1.1"


@pytest.mark.parametrize(("method", "length", "expected"), [("HEAD", b"100", b""), ("GET", b"1", b"x")])
async def test_the_content_length_of_the_application(method, length, expected):
    """HEAD may tell the length of a body that was not made; that of a body is counted."""
    app = Microdot()
    app.get("/")(lambda request: ("x", {"Content-Length": "100"}))
    status, headers, body, _ = await call(app, scope_of("/", method))
    assert (status, dict(headers)[b"content-length"], body) == (200, length, expected)


async def test_the_end_of_a_body_is_waited_for_before_the_response():
    """Its length tells that all of it has come, but the stream of HTTP/2 is open until its last frame."""
    seen = []

    async def end(sent):
        seen.append(len(sent))

    piece = {"type": "http.request", "body": b"hello", "more_body": True}
    scope = scope_of("/a", "POST", [(b"content-length", b"5")], http_version="2")
    status, _, _, sent = await call(make(), scope, piece, end)
    assert (status, seen, len(sent)) == (200, [0], 2)
