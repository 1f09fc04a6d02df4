"""Threads for what blocks: a pool grows to its size, survives a fork and ends with its process."""

import asyncio
import contextlib
import gc
import os
import subprocess
import sys
import threading

import pytest

from microdot import Microdot, Response, threads
from microdot._compat import invoke_handler
from microdot.static import mount_static
from microdot.test_client import TestClient
from microdot.threads import Threads

WAIT = 30


class Gate:
    """Calls that wait until they are let go; `entered` counts those that have begun."""

    def __init__(self):
        self.open = threading.Event()
        self.entered = threading.Semaphore(0)

    def __call__(self, *args):
        self.entered.release()
        assert self.open.wait(WAIT)

    def wait_for(self, count):
        for _ in range(count):
            assert self.entered.acquire(timeout=WAIT)


@pytest.fixture
def gate():
    gate = Gate()
    yield gate
    gate.open.set()


def test_calls_run_at_the_same_time_up_to_the_size(gate):
    pool = Threads(3, "test-size")
    done = threading.Semaphore(0)
    for _ in range(3):
        pool.start(gate)
    gate.wait_for(3)
    for _ in range(5):
        pool.start(done.release)
    assert not done.acquire(blocking=False)
    gate.open.set()
    for _ in range(5):
        assert done.acquire(timeout=WAIT)
    assert sum(thread.name == "test-size" for thread in threading.enumerate()) == 3


def test_an_idle_thread_is_used_again():
    pool = Threads(30, "test-idle")
    for _ in range(20):
        done = threading.Event()
        pool.start(done.set)
        assert done.wait(WAIT)
        while not pool._idle:  # the thread has said so
            pass
    assert sum(thread.name == "test-idle" for thread in threading.enumerate()) == 1


def test_a_pool_may_grow_after_calls_have_waited(gate):
    pool = Threads(1, "test-growth")
    pool.start(gate)
    gate.wait_for(1)
    waited = threading.Event()
    pool.start(waited.set)
    gate.open.set()
    assert waited.wait(WAIT)
    pool.size = 3
    second = Gate()
    for _ in range(3):
        pool.start(second)
    second.wait_for(3)
    second.open.set()


def test_calls_wait_when_the_system_starts_no_thread(gate, monkeypatch):
    pool = Threads(2, "test-refused")
    pool.start(gate)
    gate.wait_for(1)

    def fails(self):
        raise RuntimeError("can't start new thread")

    done = threading.Event()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", fails)
        pool.start(done.set)
        with pytest.raises(RuntimeError):
            Threads(1, "test-none").start(done.set)
    gate.open.set()
    assert done.wait(WAIT)


@contextlib.contextmanager
def small(pool, size):
    saved, pool.size = pool.size, size
    try:
        yield
    finally:
        pool.size = saved


async def test_viewers_of_a_sleeping_generator_stop_neither_functions_nor_files(gate, tmp_path):
    (tmp_path / "a.txt").write_text("file")
    app = Microdot()
    mount_static(app, "/static", str(tmp_path))
    app.get("/")(lambda request: "x")

    @app.get("/stream")
    async def stream(request):
        def body():
            gate()
            yield "end"

        return body()

    client = TestClient(app)
    viewers = [asyncio.create_task(client.get("/stream")) for _ in range(os.cpu_count() + 8)]
    await asyncio.to_thread(gate.wait_for, len(viewers))
    assert (await client.get("/")).text == "x"
    assert (await client.get("/static/a.txt")).text == "file"
    gate.open.set()
    assert [viewer.text for viewer in await asyncio.gather(*viewers)] == ["end"] * len(viewers)


async def test_slow_functions_stop_neither_streams_nor_files(gate, tmp_path):
    (tmp_path / "a.txt").write_text("file")
    app = Microdot()
    mount_static(app, "/static", str(tmp_path))
    app.get("/slow")(lambda request: gate())

    @app.get("/stream")
    async def stream(request):
        return iter(["a", "b"])

    client = TestClient(app)
    with small(threads.handlers, 2):
        slow = [asyncio.create_task(client.get("/slow")) for _ in range(threads.handlers._count + 2)]
        await asyncio.to_thread(gate.wait_for, max(threads.handlers._count, 2))
        assert (await client.get("/stream")).text == "ab"
        assert (await client.get("/static/a.txt")).text == "file"
        gate.open.set()
        await asyncio.gather(*slow)


@pytest.mark.parametrize("kind", [StopIteration, StopAsyncIteration, GeneratorExit])
async def test_exceptions_with_a_meaning_for_coroutines(kind):
    def function():
        raise kind("why")

    with pytest.raises(RuntimeError, match=f"function raised {kind.__name__}"):
        await invoke_handler(function)


PROGRAM = """
import asyncio, os, threading, time
from microdot import Microdot

app = Microdot()
app.shutdown_timeout = 0.1

@app.get("/")
def index(request):
    return str(os.getpid())

@app.get("/stream")
async def stream(request):
    def body():
        yield "begun"
        time.sleep(1000)
    return body()
"""


def run(program):
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=WAIT)
    assert not done.returncode, done.stderr
    return done.stdout


def test_a_process_does_not_wait_for_its_threads():
    assert run(PROGRAM + """
async def main():
    server = await app.start_server("127.0.0.1", 0, start_serving=False)
    serving = asyncio.create_task(server.serve_forever())
    reader, writer = await asyncio.open_connection("127.0.0.1", server.sockets[0].getsockname()[1])
    writer.write(b"GET /stream HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n")
    await reader.readuntil(b"begun")
    app.shutdown()
    await serving

asyncio.run(main())
print("ended")
""") == "ended\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_process_has_threads_of_its_own():
    assert run(PROGRAM + """
from microdot.test_client import TestClient

def pid():
    return int(asyncio.run(TestClient(app).get("/")).text)

assert pid() == os.getpid()
child = os.fork()
if child == 0:
    os._exit(0 if pid() == os.getpid() else 1)
assert os.waitpid(child, 0)[1] == 0
print(pid() == os.getpid())
""") == "True\n"


def test_slow_uploads_under_wsgi_leave_the_pool_alone():
    """Each server's thread reads its own request's body, and calls the function behind a decorator."""
    from microdot.session import Session, with_session
    from microdot.wsgi import Microdot as WSGIMicrodot

    app = WSGIMicrodot()
    Session(app, secret_key="0123456789abcdef0123456789abcdef")
    gate = Gate()
    seen = []

    class Input:
        def read(self, n):
            seen.append(threading.get_ident())
            gate()
            return b"x" * n

    @app.post("/")
    @with_session
    def upload(request, session):
        return str(threading.get_ident())

    @app.post("/stream")
    async def stream(request):
        await request.stream.read(100)
        return str(threading.get_ident())

    def post(path, answers):
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": path,
            "SERVER_PROTOCOL": "HTTP/1.1",
            "CONTENT_LENGTH": "20000" if path == "/stream" else "10",
            "wsgi.input": Input(),
        }
        body = b"".join(app(environ, lambda status, headers: answers.append(status)))
        answers.append((path, int(body), threading.get_ident()))

    answers = []
    uploads = [threading.Thread(target=post, args=(path, answers)) for path in ["/", "/stream"] * 8]
    from microdot import Request
    saved, Request.max_content_length = Request.max_content_length, None
    try:
        with small(threads.handlers, 0):  # nothing may need it
            for upload in uploads:
                upload.start()
            gate.wait_for(16)
            gate.open.set()
            for upload in uploads:
                upload.join(WAIT)
    finally:
        Request.max_content_length = saved
    assert sorted(answers, key=str)[-16:] and len(answers) == 32, answers
    for path, thread, own in [answer for answer in answers if isinstance(answer, tuple)]:
        assert (thread == own) == (path == "/"), path  # a coroutine runs in the event loop's thread
        assert own in seen


async def test_an_error_ahead_of_a_client_that_leaves_is_logged(caplog):
    """The event loop would log it as that of a task that nobody has asked for its result."""
    unasked = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda loop, context: unasked.append(context["message"]))
    ahead, left = threading.Event(), threading.Event()

    def pieces():
        yield "first"
        ahead.set()
        left.wait(WAIT)
        raise ValueError("of the generator")

    chunks = Response(pieces()).body_iter()
    assert await chunks.__anext__() == b"first"
    while not ahead.is_set():
        await asyncio.sleep(0.01)
    loop.call_later(0.01, left.set)
    await chunks.aclose()
    del chunks
    gc.collect()
    await asyncio.sleep(0)
    assert unasked == []
    assert "nobody reads" in caplog.text and "of the generator" in caplog.text
