"""WSGI, call by call, with the validator of the standard library."""

import asyncio
import contextvars
import io
import os
import subprocess
import sys
import threading
from wsgiref.validate import validator

import pytest

import microdot
from microdot import Request, Response
from microdot.wsgi import Microdot
from microdot.wsgi.loop import RequestThread, get_loop


def environ_of(path="/", method="GET", body=b"", **more):
    environ = {
        "REQUEST_METHOD": method, "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": "", "SERVER_NAME": "a",
        "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.version": (1, 0), "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body), "wsgi.errors": sys.stderr, "wsgi.multithread": True,
        "wsgi.multiprocess": True, "wsgi.run_once": False, "REMOTE_ADDR": "192.0.2.1", "REMOTE_PORT": "5",
    }
    if body:
        environ["CONTENT_LENGTH"] = str(len(body))
    environ.update({name.replace("__", "."): value for name, value in more.items()})
    return {name: value for name, value in environ.items() if value is not ...}


def call(app, environ, valid=True):
    """Call the application as a server does; return status line, header list and body."""
    seen = []

    def start_response(status, headers, exc_info=None):
        seen.extend((status, headers))

    result = (validator(app) if valid else app)(environ, start_response)
    try:
        body = b"".join(result)
    finally:
        if hasattr(result, "close"):
            result.close()
    return (*seen, body)


def make(cls=Microdot):
    app = cls()

    @app.route("/<path:p>", methods=["GET", "POST"])
    def show(request, p):
        return {
            "path": request.path, "url": request.url, "client": request.client_addr, "body": request.body.decode(),
            "headers": dict(request.headers), "environ": request.environ["SERVER_NAME"], "type": request.content_type,
            "version": request.http_version, "scheme": request.scheme, "length": request.content_length,
        }

    return app


def show(*args, **kwargs):
    """Return what the handler above saw."""
    import json

    status, _, body = call(make(), *args, **kwargs)
    assert status == "200 OK", body
    return json.loads(body)


def test_request():
    seen = show(environ_of("/a", HTTP_X_ONE="1", QUERY_STRING="a=1", CONTENT_TYPE="text/x"))
    assert (seen["path"], seen["url"]) == ("/a", "/a?a=1")
    assert seen["client"] == ["192.0.2.1", 5]
    assert seen["headers"] == {"x-one": "1", "content-type": "text/x"}
    assert (seen["version"], seen["scheme"], seen["environ"], seen["type"]) == ("1.1", "http", "a", "text/x")


def test_an_asgi_server_is_told_what_is_wrong():
    for arguments in (({"type": "http"},), ({"type": "http"}, None, None)):
        with pytest.raises(TypeError, match="write `from microdot import Microdot`"):
            Microdot()(*arguments)


def test_client_address():
    for address in ("", "0.0.0.0", ...):  # the second one is uWSGI's for a Unix socket
        assert show(environ_of("/a", REMOTE_ADDR=address))["client"] is None
    assert show(environ_of("/a", REMOTE_ADDR="localhost", REMOTE_PORT="None"))["client"] is None  # waitress's
    assert show(environ_of("/a", REMOTE_PORT=...))["client"] == ["192.0.2.1", 0]


def test_path_in_utf_8():
    seen = show(environ_of("/café".encode().decode("latin-1")))
    assert (seen["path"], seen["url"]) == ("/café", "/caf%C3%A9")


@pytest.mark.parametrize("name", ["RAW_URI", "REQUEST_URI"])
def test_raw_path(name):
    seen = show(environ_of("/x/y", QUERY_STRING="q=%C5%BC", **{name: "/x%2Fy?q=%C5%BC"}))
    assert seen["url"] == "/x%2Fy?q=%C5%BC"
    assert show(environ_of("/x", **{name: "http://a/x"}))["url"] == "/x"


def test_script_name():
    assert show(environ_of("/x", SCRIPT_NAME="/api", QUERY_STRING="a=1"))["url"] == "/x?a=1"
    assert show(environ_of("/x", SCRIPT_NAME="/api", RAW_URI="/api/x?b=2", QUERY_STRING="a=1"))["url"] == "/x?a=1"
    assert show(environ_of("/x", SCRIPT_NAME="/api", RAW_URI="/other/x"))["url"] == "/x"
    app = Microdot()
    app.get("/")(lambda request: request.url)
    for raw in ({}, {"RAW_URI": "/api"}, {"RAW_URI": "/api/"}):
        assert call(app, environ_of("", SCRIPT_NAME="/api", **raw))[2] == b"/"
    assert call(app, environ_of("", SCRIPT_NAME="/api", RAW_URI="/api?a=1", QUERY_STRING="a=1"))[2] == b"/?a=1"


def test_body():
    seen = show(environ_of("/a", "POST", b"hello"))
    assert (seen["body"], seen["length"]) == ("hello", 5)


@pytest.mark.parametrize("length", ["", ..., "0"])
def test_no_body(length):
    for terminated in (False, True):
        environ = environ_of("/a", "POST", CONTENT_LENGTH=length, wsgi__input_terminated=terminated)
        assert show(environ, valid=length != "")["body"] == ""


def test_body_without_a_length():
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked"}
    http_2 = {"SERVER_PROTOCOL": "HTTP/2"}
    for method, more in (("POST", {}), ("POST", chunked), ("GET", chunked), ("POST", http_2), ("GET", http_2)):
        environ = environ_of("/a", method, wsgi__input=io.BytesIO(b"hello"), wsgi__input_terminated=True, **more)
        assert show(environ)["body"] == "hello"
    # Where the input does not end by itself, it goes on with the next request.
    for method in ("POST", "GET"):
        environ = environ_of("/a", method, wsgi__input=io.BytesIO(b"the next request"))
        assert show(environ)["body"] == ""
        # A stream of HTTP/2 ends by itself. Hypercorn does not say so.
        environ = environ_of("/a", method, wsgi__input=io.BytesIO(b"hello"), **http_2)
        assert show(environ)["body"] == "hello"
    for method in ("POST", "GET"):
        environ = environ_of("/a", method, wsgi__input=io.BytesIO(b"5\r\nhello\r\n0\r\n\r\n"), **chunked)
        assert call(make(), environ)[0] == "411 Length Required"
    # Granian has the input end where the client has cut it off, too.
    granian = {"SERVER_SOFTWARE": "Granian", "wsgi__input_terminated": True}
    for method, more in (("POST", chunked), ("GET", chunked), ("POST", http_2), ("GET", http_2)):
        environ = environ_of("/a", method, wsgi__input=io.BytesIO(b"hel"), **granian, **more)
        assert call(make(), environ)[0] == "411 Length Required"
    for method in ("GET", "POST"):
        environ = environ_of("/a", method, wsgi__input=io.BytesIO(), **granian, **http_2)
        assert show(environ)["body"] == ""
    environ = environ_of("/a", "POST", b"hello", **chunked)  # a proxy has decoded the chunks, and tells the length
    assert show(environ)["body"] == "hello"


def test_bad_bodies():
    class Broken:
        def read(self, n):
            raise OSError("lost")

    for environ in (
        environ_of("/a", "POST", b"hello", CONTENT_LENGTH="6"),
        environ_of("/a", "POST", wsgi__input=Broken(), CONTENT_LENGTH="6"),
        environ_of("/a", "POST", b"hello", CONTENT_LENGTH="x"),
        environ_of("/a", "POST", b"hello", CONTENT_LENGTH="-1"),
    ):
        assert call(make(), environ, valid=False)[0] == "400 Bad Request"


def test_out_of_memory_is_for_the_server():
    class Full:
        def read(self, n):
            raise MemoryError

    with pytest.raises(MemoryError):
        call(make(), environ_of("/a", "POST", wsgi__input=Full(), CONTENT_LENGTH="6"), valid=False)


def test_body_read_in_a_coroutine():
    app = Microdot()

    @app.post("/")
    async def index(request):
        return await request.stream.read(5) + b"|" + await request.stream.read()

    saved = Request.max_body_length
    Request.max_body_length = 2
    try:
        assert call(app, environ_of("/", "POST", b"hello world"))[2] == b"hello| world"
    finally:
        Request.max_body_length = saved


def test_response():
    app = Microdot()

    @app.get("/")
    async def index(request):
        response = Response("x", 299, {"X-One": "ż"})
        response.set_cookie("a", "1")
        response.set_cookie("b", "2")
        return response

    status, headers, body = call(app, environ_of(), valid=False)
    assert status == "299 Unknown"
    assert body == b"x"
    assert ("X-One", "ż".encode().decode("latin-1")) in headers
    assert ("Set-Cookie", "a=1") in headers and ("Set-Cookie", "b=2") in headers
    assert ("Content-Length", "1") in headers


def test_head_and_no_content():
    app = Microdot()
    file = io.BytesIO(b"content")
    app.get("/file")(lambda request: file)
    app.get("/none")(lambda request: None)
    status, _, body = call(app, environ_of("/file", "HEAD"))
    assert (status, body, file.closed) == ("200 OK", b"", True)
    status, headers, body = call(app, environ_of("/none"))
    assert (status, headers, body) == ("204 No Content", [], b"")
    assert call(make(), environ_of("/a", "HEAD"))[2] == b""


def test_streams():
    app = Microdot()
    closed = []

    @app.get("/sync")
    def sync(request):
        def body():
            try:
                yield "a"
                yield ""
                yield b"b"
            finally:
                closed.append("sync")

        return body()

    @app.get("/async")
    async def asynchronous(request):
        async def body():
            try:
                yield "a"
                await asyncio.sleep(0)
                yield b"b"
            finally:
                closed.append("async")

        return body()

    app.get("/file")(lambda request: io.BytesIO(b"0123456789" * 20000))
    assert call(app, environ_of("/sync"))[2] == b"ab"
    assert call(app, environ_of("/async"))[2] == b"ab"
    assert call(app, environ_of("/file"))[2] == b"0123456789" * 20000
    assert closed == ["sync", "async"]
    for path in ("/sync", "/async"):
        result = app(environ_of(path), lambda status, headers: None)
        assert next(iter(result)) == b"a"
        result.close()
    assert closed == ["sync", "async"] * 2


@pytest.mark.parametrize("piece", [5, [1, 2], {"a": 1}, 1.5])
@pytest.mark.parametrize("kind", ["def", "async"])
def test_pieces_that_are_neither_text_nor_bytes(kind, piece):
    """They must not become the bytes that `bytes()` makes of them, such as five NULs of the number 5."""
    app = Microdot()

    def pieces():
        yield piece

    async def async_pieces():
        yield piece

    app.get("/")(lambda request: pieces() if kind == "def" else async_pieces())
    app.get("/later")(lambda request: chain(pieces()) if kind == "def" else chain_async(async_pieces()))

    def chain(items):
        yield "x"
        yield from items

    async def chain_async(items):
        yield "x"
        async for item in items:
            yield item

    assert call(app, environ_of())[::2] == ("500 Internal Server Error", b"Internal server error")
    with pytest.raises(TypeError, match="a piece of a response must be str or bytes, not"):
        call(app, environ_of("/later"))


def test_buffers_as_pieces():
    app = Microdot()

    class File:
        pieces = [bytearray(b"a"), memoryview(b"b"), b""]

        def read(self, n):
            return self.pieces.pop(0)

    async def asynchronous():
        yield memoryview(b"a")
        yield bytearray(b"b")

    app.get("/file")(lambda request: File())
    app.get("/sync")(lambda request: iter([bytearray(b"a"), memoryview(b"b")]))
    app.get("/async")(lambda request: asynchronous())
    for path in ("/file", "/sync", "/async"):
        assert call(app, environ_of(path))[2] == b"ab", path


def test_a_reason_phrase_in_utf_8():
    app = Microdot()
    app.get("/")(lambda request: Response("x", 299, reason="ż"))
    assert call(app, environ_of(), valid=False)[0] == "299 " + "ż".encode().decode("latin-1")


def test_a_stream_that_fails():
    app = Microdot()

    @app.get("/")
    async def index(request):
        async def body():
            yield "a"
            raise ValueError("why")

        return body()

    with pytest.raises(ValueError, match="why"):
        call(app, environ_of(), valid=False)


def test_already_handled():
    app = Microdot()
    app.get("/")(lambda request: Response.already_handled)
    assert app(environ_of(), None) == []


def test_the_core_is_a_wsgi_application():
    assert call(make(microdot.Microdot), environ_of("/a"))[0] == "200 OK"


def test_functions_run_in_this_thread_and_coroutines_in_one_loop():
    app = Microdot()
    variable = contextvars.ContextVar("variable", default="unset")
    app.get("/thread")(lambda request: str(threading.get_ident()))

    @app.get("/loop")
    async def loop(request):
        variable.set(variable.get() + " seen")
        return str(id(asyncio.get_running_loop()))

    assert call(app, environ_of("/thread"))[2] == str(threading.get_ident()).encode()
    variable.set("set")
    assert call(app, environ_of("/loop"))[2] == call(app, environ_of("/loop"))[2]
    assert variable.get() == "set"


def test_background_work():
    app = Microdot()
    done = threading.Event()

    @app.get("/")
    async def index(request):
        async def work():
            done.set()

        request.background(work())
        return "x"

    result = app(environ_of(), lambda status, headers: None)
    assert list(result) == [b"x"]
    result.close()
    assert done.wait(30)


def test_a_framework_coroutine_must_not_wait():
    async def waits():
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="waited outside"):
        RequestThread().finish(waits())


def test_exceptions_come_back():
    async def fails():
        raise KeyError("why")

    with pytest.raises(KeyError, match="why"):
        RequestThread().run(fails())


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])
def test_an_exit_in_a_coroutine_is_for_the_calling_thread(kind):
    async def leaves():
        raise kind("why")

    async def answers():
        return "x"

    with pytest.raises(kind):
        RequestThread().run(leaves())
    assert RequestThread().run(answers()) == "x"


def test_threads_find_routes_at_the_same_time():
    app = Microdot()
    for method in ("GET", "POST", "PUT"):
        app.route("/x", [method])(lambda request: "x")
        app.route("/y/<int:id>", [method])(lambda request, id: "y")
    found = []

    def find():
        for _ in range(2000):
            found.extend(app.url_map.find("POST", path)[0] for path in ("/x", "/y/1"))

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=find) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert len(found) == 32000 and None not in found


def test_one_loop_for_all_threads():
    loops = []
    threads = [threading.Thread(target=lambda: loops.append(get_loop())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(loops)) == 1


def program(text):
    """Run a Python program in a process of its own; return what it prints."""
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=60)
    assert not done.returncode, done.stderr
    return done.stdout


def test_importing_starts_nothing():
    code = "import threading, microdot.wsgi; app = microdot.wsgi.Microdot(); print(threading.active_count())"
    assert program(code) == "1\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_fork_after_the_loop_has_started():
    assert program("""
import os
from microdot.wsgi.loop import RequestThread, get_loop

async def pid():
    return os.getpid()

parent = get_loop()
assert RequestThread().run(pid()) == os.getpid()
child = os.fork()
if child == 0:
    ok = RequestThread().run(pid()) == os.getpid() and get_loop() is not parent
    os._exit(0 if ok else 1)
assert os.waitpid(child, 0)[1] == 0
assert RequestThread().run(pid()) == os.getpid()
print("ok")
""") == "ok\n"


def test_header_fields_iterate_with_those_of_the_body():
    environ = environ_of("/a", "POST", b"hello", CONTENT_TYPE="text/x", HTTP_X_ONE="1")
    assert show(environ)["headers"] == {"x-one": "1", "content-type": "text/x", "content-length": "5"}
    environ = environ_of("/a", CONTENT_TYPE="", CONTENT_LENGTH="")
    assert show(environ, valid=False)["headers"] == {}


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_without_a_body(status):
    class Body:
        closed = False

        def __aiter__(self):
            return self

        async def __anext__(self):
            if self.closed:
                raise StopAsyncIteration
            self.closed = True
            return b"x"

        async def aclose(self):
            self.closed = True

    app = Microdot()
    streamed = Body()
    app.get("/bytes")(lambda request: (b"x", status))
    app.get("/stream")(lambda request: (streamed, status))
    for path in ("/bytes", "/stream"):
        line, headers, body = call(app, environ_of(path), valid=False)
        assert (line[:3], body) == (str(status), b"")
        assert not [name for name, _ in headers if name.lower() in ("content-length", "transfer-encoding")]
    assert streamed.closed


def test_asynchronous_iterators_by_class():
    class Iterator:
        pieces = None

        async def __anext__(self):
            await asyncio.sleep(0)
            if self.pieces is None:
                self.pieces = ["one", b"two"]
            if not self.pieces:
                raise StopAsyncIteration
            return self.pieces.pop(0)

    class Complete(Iterator):
        def __aiter__(self):
            return self

    class Iterable:
        def __aiter__(self):
            return Iterator()

    app = Microdot()
    for name, cls in (("iterator", Iterator), ("complete", Complete), ("iterable", Iterable)):
        app.get("/" + name)(lambda request, cls=cls: cls())
        assert call(app, environ_of("/" + name))[2] == b"onetwo"
