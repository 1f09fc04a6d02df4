"""What a WSGI server and the application say to one another, with gunicorn."""

import concurrent.futures
import hashlib

import pytest

from live.served import Served
from wire.server import wait_until

PROGRAM = """
import asyncio
import contextvars
import os
import threading

THREADS_BEFORE = threading.active_count()

from microdot.wsgi import Microdot, Request

app = Microdot()
THREADS_AFTER = threading.active_count()
Request.max_content_length = None
variable = contextvars.ContextVar("variable", default="unset")
lock = asyncio.Lock()
queue = asyncio.Queue()
full = asyncio.Event()
waiting = 0
counter = 0
events = []


@app.get("/who")
async def who(request):
    return {"client": request.client_addr, "scheme": request.scheme, "version": request.http_version,
            "url": request.url, "path": request.path, "query": request.query_string}


@app.get("/path/<path:p>")
def path(request, p):
    return {"p": p, "url": request.url, "path": request.path}


@app.post("/stream")
async def stream(request):
    import hashlib
    size, digest = 0, hashlib.sha256()
    while data := await request.stream.read(65536):
        size += len(data)
        digest.update(data)
    return {"size": size, "sha256": digest.hexdigest()}


@app.get("/meet")
async def meet(request):
    global waiting
    waiting += 1
    if waiting == 8:
        full.set()
    await full.wait()
    return "met"


@app.get("/count")
async def count(request):
    global counter
    async with lock:
        seen = counter
        await asyncio.sleep(0.001)
        counter = seen + 1
    return str(counter)


@app.get("/thread")
def thread(request):
    return threading.current_thread().name


@app.get("/put/<item>")
async def put(request, item):
    await queue.put(item)
    return "put"


@app.get("/take")
async def take(request):
    return await queue.get()


@app.get("/background")
async def background(request):
    async def work():
        await asyncio.sleep(0.2)
        events.append("worked")
    app.work = asyncio.create_task(work())
    return "started"


@app.get("/events")
def get_events(request):
    return events


@app.get("/import")
async def at_import(request):
    return {"before": THREADS_BEFORE, "after": THREADS_AFTER, "pid": os.getpid()}


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


@app.get("/async-file")
async def async_file(request):
    class File:
        pieces = [b"one", b"two"]
        async def read(self, n):
            return self.pieces.pop(0) if self.pieces else b""
        async def close(self):
            events.append("closed")
    return File()


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


@app.get("/fail")
async def fail(request):
    raise ValueError("private")


@app.get("/wrong")
def wrong(request):
    return 1.5


@app.get("/length")
def length(request):
    return [request.content_length, request.body.decode()]
"""


@pytest.fixture(scope="module", params=["gunicorn", "gthread"])
def served(request):
    with Served(request.param, PROGRAM) as served:
        yield served


@pytest.fixture
def client(served):
    with served.client() as client:
        yield client


@pytest.fixture(scope="module")
def threaded():
    with Served("gthread", PROGRAM) as served:
        yield served


def at_once(served, path, times):
    """Send this many GET requests at once, each on a connection of its own; return the answers."""

    def get(number):
        with served.client() as client:
            return client.get(path)

    with concurrent.futures.ThreadPoolExecutor(times) as pool:
        return list(pool.map(get, range(times)))


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


def test_no_body(client):
    assert client.get("/length", headers={"Content-Length": "0"}).json() == [0, ""]
    assert client.request("GET", "/length", content=b"abc").json() == [3, "abc"]


def test_eight_threads_meet_in_coroutines(threaded):
    assert [response.text for response in at_once(threaded, "/meet", 8)] == ["met"] * 8


def test_a_lock_is_shared(threaded):
    numbers = sorted(int(response.text) for response in at_once(threaded, "/count", 16))
    assert numbers == list(range(1, 17))


def test_a_queue_is_shared(threaded):
    with concurrent.futures.ThreadPoolExecutor(1) as pool, threaded.client() as client, threaded.client() as other:
        taking = pool.submit(client.get, "/take")
        assert other.get("/put/item").text == "put"
        assert taking.result(30).text == "item"


def test_functions_run_in_the_calling_thread(threaded):
    names = {response.text for response in at_once(threaded, "/thread", 8)}
    assert not any("microdot" in name or "asyncio" in name for name in names), names


def test_tasks_go_on_after_the_response(client):
    assert client.get("/background").text == "started"
    assert wait_until(lambda: "worked" in client.get("/events").json())


@pytest.mark.parametrize("name", ["endless", "sync"])
def test_a_client_that_leaves_ends_the_generator(served, client, name):
    with client.stream("GET", f"/{name}") as response:
        next(response.iter_bytes())
    assert wait_until(lambda: f"{name} ended" in client.get("/events").json())


def test_asynchronous_file(client):
    assert client.get("/async-file").content == b"onetwo"
    assert wait_until(lambda: "closed" in client.get("/events").json())


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


def test_errors_stay_on_the_console(client, served):
    response = client.get("/fail")
    assert (response.status_code, response.text) == (500, "Internal server error")
    assert "ValueError: private" in served.log()
    response = client.get("/wrong")
    assert response.status_code == 500
    assert "handler wrong returned 1.5" in served.log()


@pytest.mark.parametrize("kind", ["gunicorn", "gthread"])
def test_preload(kind):
    with Served(kind, PROGRAM, "--preload", "--workers=2") as served:
        answers = [response.json() for response in at_once(served, "/import", 8)]
        assert {(answer["before"], answer["after"]) for answer in answers} == {(1, 1)}  # importing starts no thread
        with served.client() as client:
            assert client.get("/background").text == "started"


def test_script_name():
    with Served("gunicorn", PROGRAM, SCRIPT_NAME="/api") as served, served.client() as client:
        who = client.get("/api/who?a=1").json()
        assert (who["url"], who["path"]) == ("/who?a=1", "/who")
        assert client.get("/api/path/x%2Fy").json()["p"] == "x/y"


def test_client_without_an_address():
    with Served("gunicorn-unix", PROGRAM) as served, served.client() as client:
        assert client.get("/who").json()["client"] is None
