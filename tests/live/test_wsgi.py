"""What only a WSGI server and the application say to one another, with gunicorn."""

import concurrent.futures
import contextlib

import pytest

from live.served import Served
from server_process import wait_until

PROGRAM = """
import asyncio
import os
import threading

THREADS_BEFORE = threading.active_count()

from microdot.wsgi import Microdot

app = Microdot()
THREADS_AFTER = threading.active_count()
lock = asyncio.Lock()
queue = asyncio.Queue()
full = asyncio.Event()
waiting = 0
counter = 0
events = []


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


@app.get("/async-file")
async def async_file(request):
    class File:
        pieces = [b"one", b"two"]
        async def read(self, n):
            return self.pieces.pop(0) if self.pieces else b""
        async def close(self):
            events.append("closed")
    return File()


@app.get("/length")
def length(request):
    return [request.content_length, request.body.decode()]
"""


@pytest.fixture(scope="module", params=["gunicorn", "gthread", "gevent"])
def served(request):
    with Served(request.param, PROGRAM) as served:
        yield served


@pytest.fixture(scope="module", params=["gthread", "gevent"])
def threaded(request):
    with Served(request.param, PROGRAM) as served:
        yield served


def at_once(served, path, times):
    """Send this many GET requests at once, each on a connection of its own; return the answers."""

    def get(number):
        with served.client() as client:
            return client.get(path)

    with concurrent.futures.ThreadPoolExecutor(times) as pool:
        return list(pool.map(get, range(times)))


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


def test_asynchronous_file(client):
    assert client.get("/async-file").content == b"onetwo"
    assert wait_until(lambda: "closed" in client.get("/events").json())


@pytest.mark.parametrize("kind", ["gunicorn", "gthread"])
def test_preload(kind):
    with Served(kind, PROGRAM, "--preload", "--workers=2") as served:
        answers = [response.json() for response in at_once(served, "/import", 8)]
        assert {(answer["before"], answer["after"]) for answer in answers} == {(1, 1)}  # importing starts no thread
        with served.client() as client:
            assert client.get("/background").text == "started"


SLOW_UPLOADS = """
from microdot import Request, threads
from microdot.session import Session, with_session
from microdot.wsgi import Microdot

app = Microdot()
Session(app, secret_key="of the tests, and long enough")
Request.max_body_length = 10
threads.handlers.size = 1  # what is left to the pool waits


@app.post("/async")
async def size(request):
    total = 0
    while data := await request.stream.read(100):
        total += len(data)
    return str(total)


@app.post("/def")
@with_session
def ignore(request, session):
    return str(request.content_length)


@app.post("/loaded")
def loaded(request):
    return str(len(request.body))


@app.get("/")
@with_session
def index(request, session):
    return "index"
"""


def test_slow_uploads_hold_up_nobody_else():
    """Six of eight threads wait for clients; the other two serve, a function behind a session's decorator too."""
    with Served("gthread", SLOW_UPLOADS) as server, contextlib.ExitStack() as stack:
        uploads = []
        for path, body in (("/async", b"x" * 1000), ("/def", b"x" * 1000), ("/loaded", b"x" * 10)) * 2:
            sock = stack.enter_context(server.connect())
            head = f"POST {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
            sock.sendall(head.encode() + body[:5])
            uploads.append((sock, body))
        with server.client(headers={"Connection": "close"}) as client:  # gunicorn closes one that waits for two seconds
            for _ in range(5):
                assert client.get("/").text == "index"
        for sock, body in uploads:
            sock.sendall(body[5:])
            with sock.makefile("rb") as answer:
                received = answer.read()
            assert received.startswith(b"HTTP/1.1 200 "), received
            assert received.endswith(b"\r\n\r\n%d" % len(body)), received
