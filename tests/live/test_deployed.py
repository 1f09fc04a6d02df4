"""What is the same under every server of CPython from PyPI, ASGI or WSGI."""

import contextlib
import hashlib
import signal

import httpx
import pytest

from live.served import Served
from server_process import PATIENCE, wait_until

PROGRAM = """
import asyncio
import contextvars
import hashlib
import os

from microdot import Microdot, Request

Request.max_content_length = None
app = Microdot()
events = []
variable = contextvars.ContextVar("variable", default="unset")


@app.get("/who")
async def who(request):
    return {"client": request.client_addr, "scheme": request.scheme, "version": request.http_version,
            "url": request.url, "path": request.path, "query": request.query_string}


@app.get("/path/<path:p>")
def path(request, p):
    return {"p": p, "url": request.url, "path": request.path}


@app.post("/stream")
async def stream(request):
    size, digest = 0, hashlib.sha256()
    while data := await request.stream.read(65536):
        size += len(data)
        digest.update(data)
    return {"size": size, "sha256": digest.hexdigest()}


@app.get("/endless")
async def endless(request):
    async def body():
        try:
            while True:
                yield "x" * 10000
                await asyncio.sleep(0.01)
        finally:
            events.append("endless ended")
    return body()


@app.get("/sync")
def sync(request):
    def body():
        try:
            while True:
                yield "x" * 10000
        finally:
            events.append("sync ended")
    return body()


@app.get("/events")
async def get_events(request):
    return events


@app.before_request
def before(request):
    variable.set("before")


@app.get("/context")
def context(request):
    seen = variable.get()
    variable.set("handler")
    return seen


@app.get("/context-async")
async def context_async(request):
    seen = variable.get()
    variable.set("handler")
    return seen


@app.after_request
def after(request, response):
    response.headers["X-Context"] = variable.get()


@app.get("/bye")
async def bye(request):
    app.shutdown()
    return {"process": os.getpid()}


@app.get("/process")
def process(request):
    return {"process": os.getpid()}


@app.get("/fail")
async def fail(request):
    raise ValueError("private")


@app.get("/wrong")
def wrong(request):
    return {1.5}
"""


@pytest.fixture(scope="module", params=["uvicorn", "gunicorn", "gthread", "gevent"])
def served(request):
    with Served(request.param, PROGRAM) as served:
        yield served


def test_request(client):
    who = client.get("/who?a=1&b=%C5%BC").json()
    assert who["client"][0] == "127.0.0.1"
    assert (who["scheme"], who["version"]) == ("http", "1.1")
    assert (who["url"], who["path"], who["query"]) == ("/who?a=1&b=%C5%BC", "/who", "a=1&b=%C5%BC")
    assert client.get("/who").json()["query"] is None


def test_raw_path(client):
    assert client.get("/path/caf%C3%A9%2Fx/%25").json() == {
        "p": "café/x/%", "url": "/path/caf%C3%A9%2Fx/%25", "path": "/path/café/x/%",
    }


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_of_20_megabytes(client, chunked):
    body = bytes(range(256)) * 80 * 1024
    content = (body[i : i + 100_000] for i in range(0, len(body), 100_000)) if chunked else body
    answer = client.post("/stream", content=content).json()
    assert answer == {"size": len(body), "sha256": hashlib.sha256(body).hexdigest()}


@pytest.mark.parametrize("name", ["endless", "sync"])
def test_a_client_that_leaves_ends_the_generator(client, served, name):
    with client.stream("GET", f"/{name}") as response:
        next(response.iter_bytes())
    assert wait_until(lambda: f"{name} ended" in client.get("/events").json())
    assert "Traceback" not in served.log()


def test_context_variables(client):
    for path in ("/context", "/context-async"):
        for _ in range(2):
            response = client.get(path)
            assert response.text == "before", path
            assert response.headers["X-Context"] == "handler", path


def test_head(client):
    for path in ("/who", "/endless", "/sync"):
        response = client.head(path)
        assert (response.status_code, response.content) == (200, b""), path
    assert int(client.head("/who").headers["Content-Length"]) > 2


def test_errors_stay_on_the_console(client, served):
    response = client.get("/fail")
    assert (response.status_code, response.text) == (500, "Internal server error")
    assert wait_until(lambda: "ValueError: private" in served.log())
    response = client.get("/wrong")
    assert response.status_code == 500
    assert wait_until(lambda: "handler wrong returned {1.5}" in served.log())


@pytest.mark.parametrize("kind", ["uvicorn", "gunicorn", "gthread"])
def test_shutdown(kind):
    """The request that asks for it is answered; then the process ends, and gunicorn starts another one."""
    with Served(kind, PROGRAM) as served, served.client() as client:
        before = client.get("/bye").json()["process"]
        if kind == "uvicorn":
            assert served.process.wait(PATIENCE) in (0, -signal.SIGTERM)
        else:
            assert wait_until(lambda: other_process(client, before))


def other_process(client, process):
    """Whether another process than this one answers; it may end while it is asked."""
    with contextlib.suppress(httpx.TransportError):
        return client.get("/process").json()["process"] != process


@pytest.mark.parametrize(("kind", "options", "environment", "prefix"), [
    ("uvicorn", ["--root-path=/api"], {}, ""),
    ("gunicorn", [], {"SCRIPT_NAME": "/api"}, "/api"),
])
def test_root_path(kind, options, environment, prefix):
    with Served(kind, PROGRAM, *options, **environment) as served, served.client() as client:
        who = client.get(f"{prefix}/who?a=1").json()
        assert (who["url"], who["path"]) == ("/who?a=1", "/who")
        assert client.get(f"{prefix}/path/x%2Fy").json()["p"] == "x/y"


@pytest.mark.parametrize("kind", ["uvicorn-unix", "gunicorn-unix"])
def test_client_without_an_address(kind):
    with Served(kind, PROGRAM) as served, served.client() as client:
        assert client.get("/who").json()["client"] is None
