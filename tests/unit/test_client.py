import asyncio
from binascii import b2a_base64

from microdot import Microdot, Request, Response, abort
from microdot.multipart import with_form_data
from microdot.sse import with_sse
from microdot.test_client import TestClient
from microdot.websocket import with_websocket
from support import raises


def application():
    app = Microdot()

    async def echo(request):
        return {
            "method": request.method,
            "url": request.url,
            "type": request.content_type,
            "length": request.content_length,
            "body": request.body.decode(),
            "host": request.headers["Host"],
            "scheme": request.scheme,
            "client": request.client_addr,
        }

    app.route("/echo", ["GET", "POST", "PUT", "PATCH", "DELETE", "QUERY"])(echo)
    return app


async def test_methods():
    client = TestClient(application(), scheme="https", host="a.example")
    for method in ("get", "post", "put", "patch", "delete", "query"):
        res = await getattr(client, method)("/echo?x=1")
        assert (res.status_code, res.reason) == (200, "OK")
        assert res.json["method"] == method.upper() and res.json["url"] == "/echo?x=1"
        assert res.json["host"] == "a.example" and res.json["scheme"] == "https"
        assert res.json["client"] == ["127.0.0.1", 1234]
        assert res.headers["content-type"] == "application/json; charset=UTF-8"


async def test_header_fields_arrive_as_from_a_server():
    app = Microdot()
    app.get("/")(lambda request: [request.headers["A"], request.headers["N"]])
    headers = {"A": " Basic " + b2a_base64(b"joe:x").decode(), "N": 5}  # with the line end of b2a_base64()
    assert (await TestClient(app).get("/", headers=headers)).json == ["Basic am9lOng=", "5"]


async def test_bodies():
    client = TestClient(application())
    for body, kind, text in (
        (b"bytes", None, "bytes"),
        ("t\u00e4xt", None, "t\u00e4xt"),
        ({"a": [1]}, "application/json", '{"a": [1]}'),
        ([1], "application/json", "[1]"),
        (None, None, ""),
    ):
        res = await client.post("/echo", body=body)
        assert (res.json["type"], res.json["body"]) == (kind, text)
        assert res.json["length"] == len(text.encode())
    res = await client.put("/echo", {"Content-Type": "x/y"}, body={})
    assert (res.json["type"], res.json["body"]) == ("x/y", "{}")
    res = await client.post("/echo", form={"a": "1 2", "b": ["\u00e4", 3]})
    assert res.json["type"] == "application/x-www-form-urlencoded"
    assert sorted(res.json["body"].split("&")) == ["a=1+2", "b=%C3%A4", "b=3"]


async def test_upload():
    app = Microdot()

    @app.post("/")
    @with_form_data
    async def upload(request):
        found = {}
        for name in request.files:
            found[name] = []
            for file in request.files.getlist(name):
                found[name].append([file.filename, file.content_type, (await file.read()).decode()])
        return {"form": {name: request.form.getlist(name) for name in request.form}, "files": found}

    files = {"a": b"1", "b": ("n\u00e4me.txt", "2"), "c": [("x", b"3", "text/x"), ("y", b"4", "text/y")]}
    res = await TestClient(app).post("/", form={"n": 5, "m": ["6", "7"]}, files=files)
    octets = "application/octet-stream"
    assert res.json == {
        "form": {"n": ["5"], "m": ["6", "7"]},
        "files": {
            "a": [["a", octets, "1"]],
            "b": [["n\u00e4me.txt", octets, "2"]],
            "c": [["x", "text/x", "3"], ["y", "text/y", "4"]],
        },
    }


async def test_head_and_empty():
    app = Microdot()

    @app.get("/")
    async def index(request):
        return "text"

    @app.delete("/")
    async def delete(request):
        return None

    client = TestClient(app)
    res = await client.request("HEAD", "/")
    assert (res.status_code, res.body, res.text, res.headers["Content-Length"]) == (200, None, None, "4")
    assert (await client.delete("/")).status_code == 204
    assert (await client.get("/none")).status_code == 404


async def test_not_text():
    app = Microdot()
    app.get("/")(lambda request: b"\xff")
    res = await TestClient(app).get("/")
    assert (res.body, res.text, res.json, res.events) == (b"\xff", None, None, None)


async def test_body_in_pieces_and_limits():
    app = Microdot()

    @app.post("/")
    async def read(request):
        sizes = []
        while True:
            data = await request.stream.read(1000)
            if not data:
                return sizes
            sizes.append(len(data))

    Request.max_body_length = 10
    try:
        assert (await TestClient(app).post("/", body=b"x" * 600)).json == [256, 256, 88]
    finally:
        Request.max_body_length = 16 * 1024


async def test_server_exceptions():
    app = Microdot()

    @app.get("/bug")
    async def bug(request):
        raise KeyError("bug")

    @app.get("/abort")
    async def stop(request):
        abort(409)

    @app.get("/known")
    async def known(request):
        raise IndexError

    @app.errorhandler(IndexError)
    async def handle(request, error):
        return "handled", 418

    assert (await TestClient(app).get("/bug")).status_code == 500
    client = TestClient(app, raise_exceptions=True)
    with raises(KeyError):
        await client.get("/bug")
    assert (await client.get("/abort")).status_code == 409
    assert (await client.get("/known")).status_code == 418
    assert (await client.get("/missing")).status_code == 404
    assert (await TestClient(app).get("/bug")).status_code == 500


async def test_exceptions_after_the_response_began():
    app = Microdot()

    @app.get("/ws")
    @with_websocket
    async def talk(request, ws):
        await ws.send("1")
        raise KeyError

    @app.get("/sse")
    @with_sse
    async def tell(request, sse):
        await sse.send("1")
        raise KeyError

    def client():
        yield

    quiet = TestClient(app)
    assert (await quiet.websocket("/ws", client)).status_code == 101
    assert len((await quiet.get("/sse")).events) == 1
    loud = TestClient(app, raise_exceptions=True)
    with raises(KeyError):
        await loud.websocket("/ws", client)
    with raises(KeyError):
        await loud.get("/sse")


async def test_the_application_reports_exceptions():
    class App(Microdot):
        def __init__(self):
            super().__init__()
            self.reported = []

        def report_exception(self, request, error, handled=False):
            self.reported.append((request and request.path, type(error), handled))

    app = App()
    app.errorhandler(IndexError)(lambda request, error: "handled")

    @app.get("/raise/<name>")
    async def fail(request, name):
        if name == "abort":
            abort(409)
        raise KeyError if name == "key" else IndexError

    @app.get("/ws")
    @with_websocket
    async def talk(request, ws):
        raise KeyError

    @app.get("/sse")
    @with_sse
    async def tell(request, sse):
        raise KeyError

    def silent():
        yield

    client = TestClient(app)
    for path in ("/raise/key", "/raise/index", "/raise/abort", "/sse"):
        await client.get(path)
    await client.websocket("/ws", silent)
    assert app.reported == [
        ("/raise/key", KeyError, False), ("/raise/index", IndexError, True), ("/sse", KeyError, False),
        ("/ws", KeyError, False),
    ]


class Numbers:
    """An asynchronous iterator that knows when it is closed."""

    def __init__(self):
        self.count = 0
        self.closed = False

    def __aiter__(self):
        return self

    async def __anext__(self):
        await asyncio.sleep(0)
        self.count += 1
        if self.count > 100:
            raise StopAsyncIteration
        return str(self.count) + ","

    async def aclose(self):
        self.closed = True


async def test_streaming():
    app = Microdot()
    made = []

    @app.get("/")
    async def index(request):
        made.append(Numbers())
        return made[-1], 202, {"X-A": "b"}

    client = TestClient(app)
    res = await client.get("/")
    assert res.body.endswith(b"100,") and made[0].closed
    async with await client.stream("GET", "/") as res:
        assert (res.status_code, res.reason, res.headers["X-A"]) == (202, "Accepted", "b")
        chunks = []
        async for chunk in res:
            chunks.append(chunk)
            if len(chunks) == 3:
                break
        assert chunks == [b"1,", b"2,", b"3,"] and not made[1].closed
    assert made[1].closed and made[1].count == 3


async def test_a_stream_that_fails():
    class Failing(Numbers):
        async def __anext__(self):
            if self.count == 2:
                raise ValueError("the third piece")
            return await super().__anext__()

    app = Microdot()
    made = []

    @app.get("/")
    async def index(request):
        made.append(Failing())
        return made[-1]

    client = TestClient(app)
    with raises(ValueError):
        await client.get("/")
    res = await client.stream("GET", "/")
    assert [await res.__anext__(), await res.__anext__()] == [b"1,", b"2,"]
    for _ in range(2):
        with raises(ValueError):
            await res.__anext__()
    await res.aclose()
    assert made[0].closed and made[1].closed and not res.complete


async def test_pieces_that_are_neither_text_nor_bytes():
    for piece in (5, [1], {"a": 1}, 1.5):

        def items(piece=piece):
            yield "good"
            yield piece

        class AsyncItems(Numbers):
            async def __anext__(self, piece=piece):
                self.count += 1
                return "good" if self.count == 1 else piece

        app = Microdot()
        app.get("/items")(lambda request, items=items: items())
        app.get("/async")(lambda request, items=AsyncItems: items())
        for path in ("/items", "/async"):
            with raises(TypeError) as caught:
                await TestClient(app).get(path)
            message = "a piece of a response must be str or bytes, not " + type(piece).__name__
            assert str(caught.value) == message, path


async def test_leaving_ends_a_body_that_waits():
    class Waiting(Numbers):
        async def __anext__(self):
            if self.count:
                await asyncio.Event().wait()
            return await super().__anext__()

    app = Microdot()
    app.first_piece_timeout = 0
    logged, made = [], []
    app.access_log = lambda request, response: logged.append(response.status_code)

    @app.get("/<int:first>")
    async def index(request, first):
        made.append(Waiting())
        made[-1].count = first
        return made[-1]

    client = TestClient(app)
    for first in (0, 1):
        res = await client.stream("GET", "/" + str(first))
        if first == 0:
            assert await res.__anext__() == b"1,"
        with raises(asyncio.TimeoutError):
            await asyncio.wait_for(res.__anext__(), 0.01)
        await asyncio.wait_for(res.aclose(), 20)
        assert made[-1].closed and not res.complete and not logged


async def test_a_stream_without_a_body():
    app = Microdot()
    made = []

    @app.route("/<int:status>")
    async def index(request, status):
        made.append(Numbers())
        return made[-1] if status == 200 else (made[-1], status)

    @app.get("/plain")
    async def plain(request):
        return "text"

    for method, path in (("GET", "/204"), ("HEAD", "/200"), ("HEAD", "/plain")):
        async with await TestClient(app).stream(method, path) as res:
            with raises(StopAsyncIteration):
                await res.__anext__()
        assert res.complete and all(body.closed for body in made)


async def test_stream_of_a_plain_response():
    client = TestClient(application())
    res = await client.stream("POST", "/echo", body="x")
    chunks = []
    async for chunk in res:
        chunks.append(chunk)
    assert len(chunks) == 1
    await res.aclose()
    await res.aclose()


async def test_the_application_sees_that_the_client_goes():
    app = Microdot()
    seen = []

    @app.get("/")
    async def index(request):
        async def watch():
            await request.transport.disconnected()
            seen.append("gone")

        seen.append(asyncio.create_task(watch()))
        return Numbers()

    res = await TestClient(app).stream("GET", "/")
    assert await res.__anext__() == b"1,"
    await res.aclose()
    await seen[0]
    assert seen[1] == "gone"


STREAM = (
    'event: start\nid: 7\nretry: 1500\ndata: {"a": 1}\n\n: comment\n\ndata: one\ndata:two\n\n'
    "data: \n\nevent: no data\n\ndata: gr\u00fcn\n\n"
)
EVENTS = [
    {"data": b'{"a": 1}', "data_json": {"a": 1}, "event": "start", "event_id": "7", "retry": 1.5},
    {"data": b"one\ntwo", "data_json": None, "event": None, "event_id": None, "retry": None},
    {"data": b"", "data_json": None, "event": None, "event_id": None, "retry": None},
    {"data": "gr\u00fcn".encode(), "data_json": None, "event": None, "event_id": None, "retry": None},
]


async def test_events():
    app = Microdot()

    @app.get("/")
    async def index(request):
        return iter([STREAM[i : i + 5] for i in range(0, len(STREAM), 5)]), {"Content-Type": "text/event-stream"}

    client = TestClient(app)
    assert (await client.get("/")).events == EVENTS
    events = []
    async with await client.stream("GET", "/") as res:
        async for event in res.events():
            events.append(event)
    assert events == EVENTS


async def test_already_handled():
    app = Microdot()
    app.get("/")(lambda request: Response.already_handled)
    res = await TestClient(app).get("/")
    assert (res.status_code, res.body, res.text) == (None, None, None)
