"""What CPython has of its own: threads for functions, context variables, logging, signals."""

import asyncio
import contextvars
import logging
import signal
import subprocess
import sys
import threading
import time

import httpx
import pytest

import microdot.microdot
from microdot import Microdot, Response, _compat
from microdot.test_client import TestClient
from server_process import PATIENCE, listening_port

variable = contextvars.ContextVar("variable", default="unset")


async def test_functions_run_in_threads_and_coroutines_in_this_one():
    here = threading.get_ident()

    async def coroutine_function():
        return threading.get_ident()

    assert await _compat.invoke_handler(threading.get_ident) != here
    assert await _compat.invoke_handler(coroutine_function) == here
    assert await _compat.invoke_handler(lambda: coroutine_function()) == here


@pytest.mark.parametrize(("item", "limit"), [(b"x", 64), (b"x" * 1000000, 1), ("x" * 100000, 3)])
async def test_a_generator_stays_within_bounds_ahead(item, limit):
    taken = []
    ahead = []

    def generate():
        for number in range(200):
            ahead.append(number - len(taken))
            yield item

    items = _compat.SyncItems(generate())
    with pytest.raises(StopAsyncIteration):
        while True:
            taken.append(await items.__anext__())
    await items.aclose()
    assert len(taken) == 200
    assert max(ahead) <= limit


async def test_a_slow_function_does_not_hold_up_the_loop():
    release = threading.Event()
    app = Microdot()
    app.get("/slow")(lambda request: "done" if release.wait(PATIENCE) else "late")
    app.get("/release")(lambda request: release.set())
    client = TestClient(app)
    slow = asyncio.create_task(client.get("/slow"))
    await asyncio.sleep(0.01)
    await client.get("/release")
    assert (await slow).text == "done"


async def test_context_variables_go_to_a_thread_and_come_back():
    variable.set("before")

    def function():
        seen = variable.get()
        variable.set("after")
        return seen

    assert await _compat.invoke_handler(function) == "before"
    assert variable.get() == "after"


async def test_they_come_back_from_a_function_that_raises():
    variable.set("before")

    def function():
        variable.set("after")
        raise ValueError

    with pytest.raises(ValueError):
        await _compat.invoke_handler(function)
    assert variable.get() == "after"


async def test_iterators_are_advanced_in_threads():
    here = threading.get_ident()

    def generate():
        yield str(threading.get_ident())

    items = [item async for item in Response(generate()).body_iter()]
    assert len(items) == 1
    assert items != [str(here).encode()]


async def test_concurrent_requests_have_contexts_of_their_own():
    app = Microdot()

    @app.before_request
    async def before(request):
        variable.set(request.args["n"])

    @app.get("/")
    def index(request):
        return variable.get()

    client = TestClient(app)
    answers = await asyncio.gather(*[asyncio.create_task(client.get(f"/?n={n}")) for n in range(20)])
    assert [answer.text for answer in answers] == [str(n) for n in range(20)]


async def test_errors_are_logged_with_their_traceback(caplog):
    app = Microdot()

    @app.get("/")
    def index(request):
        raise ValueError("private")

    @app.get("/wrong")
    def wrong(request):
        return {1.5}

    await TestClient(app).get("/")
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("microdot.error", logging.ERROR)
    assert record.exc_info[0] is ValueError
    caplog.clear()
    await TestClient(app).get("/wrong")
    assert "handler test_errors_are_logged_with_their_traceback.<locals>.wrong returned {1.5}" in caplog.text
    caplog.clear()
    await TestClient(app).get("/nowhere")
    assert not caplog.records  # no error of the application


def test_print_exception(capsys):
    try:
        raise ValueError("why")
    except ValueError as error:
        microdot.microdot.print_exception(error)
    printed = capsys.readouterr().err
    assert printed.startswith("Traceback") and printed.endswith("ValueError: why\n")


PROGRAM = """
import logging
{setup}
from microdot import Microdot

app = Microdot()

@app.get('/')
async def index(request):
    return 'x'

@app.get('/fail')
async def fail(request):
    raise ValueError('why')

@app.get('/slow')
async def slow(request):
    import asyncio
    print('slow', flush=True)
    await asyncio.sleep({seconds})
    return 'done'

app.shutdown_timeout = 1
app.run(host='127.0.0.1', port=0, debug=True)
print('ended')
"""


class Program:
    """The program above in a process of its own."""

    def __init__(self, setup="", seconds=0.3):
        program = PROGRAM.format(setup=setup, seconds=seconds)
        command = [sys.executable, "-u", "-c", program]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def __enter__(self):
        line = self.process.stdout.readline()
        self.port = listening_port(self.process.pid)
        assert line == f"Serving on http://127.0.0.1:{self.port}\n"
        return self

    def __exit__(self, *exc_info):
        self.process.kill()
        self.process.communicate()

    def get(self, path):
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=PATIENCE)

    def rest(self):
        """Return what it prints until it ends; it must end without an error."""
        printed, _ = self.process.communicate(timeout=PATIENCE)
        assert self.process.returncode == 0, printed
        return printed


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_server(number):
    with Program() as program:
        assert program.get("/").text == "x"
        program.process.send_signal(number)
        assert program.rest() == "GET / 200\nended\n"


def test_a_running_request_completes():
    with Program() as program:
        thread = threading.Thread(target=lambda: answers.append(program.get("/slow").text))
        answers = []
        thread.start()
        assert program.process.stdout.readline() == "slow\n"
        program.process.send_signal(signal.SIGTERM)
        thread.join()
        assert answers == ["done"]
        assert program.rest() == "GET /slow 200\nended\n"


def test_a_second_signal_ends_it_at_once():
    with Program(seconds=60) as program:
        thread = threading.Thread(target=lambda: pytest.raises(httpx.TransportError, program.get, "/slow"))
        thread.start()
        assert program.process.stdout.readline() == "slow\n"
        program.process.send_signal(signal.SIGINT)
        program.process.send_signal(signal.SIGINT)
        program.process.communicate(timeout=PATIENCE)
        thread.join()


def test_console_of_errors():
    with Program() as program:
        assert program.get("/fail").status_code == 500
        program.process.send_signal(signal.SIGINT)
        printed = program.rest()
        assert "ValueError: why" in printed
        assert "GET /fail 500" in printed


def test_the_applications_own_logging():
    with Program("logging.basicConfig(format='own:%(name)s:%(message)s', level=logging.INFO)") as program:
        assert program.get("/").text == "x"
        assert program.process.stdout.readline() == "own:microdot.access:GET / 200\n"


def test_a_server_in_another_thread():
    """Signals cannot be handled there; shutdown() may be called from any thread."""
    app = Microdot()
    app.get("/")(lambda request: "x")
    with pytest.raises(SystemExit):
        app.run(host="192.0.2.1", port=1)
    started = threading.Event()

    async def serve():
        server = await app.start_server("127.0.0.1", 0, start_serving=False)
        app.port = server.sockets[0].getsockname()[1]
        assert not server.is_serving()
        started.set()
        await server.serve_forever()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert started.wait(PATIENCE)
    assert httpx.get(f"http://127.0.0.1:{app.port}", timeout=PATIENCE).text == "x"
    app.shutdown()
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_run_in_another_thread():
    app = Microdot()
    app.get("/")(lambda request: "x")
    thread = threading.Thread(target=app.run, args=("127.0.0.1", 0))
    thread.start()
    while not app.server or not app.server.is_serving():
        assert thread.is_alive()
        time.sleep(0.01)
    port = app.server.sockets[0].getsockname()[1]
    assert httpx.get(f"http://127.0.0.1:{port}", timeout=PATIENCE).text == "x"
    app.shutdown()
    thread.join(PATIENCE)
    assert not thread.is_alive()
