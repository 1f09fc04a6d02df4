"""Small programs, as the documentation of the API shows them, run word for word."""

import contextlib
import socket
import subprocess
import sys

import httpx
import pytest

from live.served import CPYTHON, KINDS, ROOT, Served
from runtimes import micropython_binary
from server_process import PATIENCE, ServerProcess, wait_until

HELLO = """
from microdot{module} import Microdot

app = Microdot()

@app.get('/')
async def index(request):
    return 'Hello, world!'
"""

LIFESPAN = """
from microdot.asgi import Microdot

async def startup(scope):
    print('starting up', scope['type'])

async def shutdown(scope):
    print('shutting down')

app = Microdot(lifespan_startup=startup, lifespan_shutdown=shutdown)

@app.get('/')
async def index(request):
    return 'Hello, world!'
"""

SCOPE = """
from microdot.asgi import Microdot

app = Microdot()

@app.get('/')
async def index(request):
    return {'type': request.asgi_scope['type'], 'path': request.asgi_scope['path']}
"""

ENVIRON = """
from microdot.wsgi import Microdot

app = Microdot()

@app.get('/')
def index(request):
    return {'method': request.environ['REQUEST_METHOD'], 'path': request.environ['PATH_INFO']}
"""

RUN = """
from microdot import Microdot

app = Microdot()

@app.get('/')
async def index(request):
    return 'Hello, world!'

@app.get('/shutdown')
async def shutdown(request):
    request.app.shutdown()
    return 'The server is shutting down...'

app.run()
"""


def get(served, path="/"):
    with served.client() as client:
        response = client.get(path)
    assert response.status_code == 200, served.log()
    return response


@pytest.mark.parametrize("kind", ["uvicorn", "uvicorn-unix", "python"])
def test_hello_asgi(kind):
    with Served(kind, HELLO.format(module=".asgi")) as served:
        assert get(served).text == "Hello, world!"


@pytest.mark.parametrize("kind", ["gunicorn", "gunicorn-unix", "gthread", "python"])
def test_hello_wsgi(kind):
    with Served(kind, HELLO.format(module=".wsgi")) as served:
        assert get(served).text == "Hello, world!"


@pytest.mark.parametrize("kind", KINDS)
def test_hello_anywhere(kind):
    with Served(kind, HELLO.format(module="")) as served:
        assert get(served).text == "Hello, world!"


def test_lifespan():
    with Served("uvicorn", LIFESPAN) as served:
        assert get(served).text == "Hello, world!"
        log = served.log()
        assert "starting up lifespan" in log
        assert "shutting down" not in log
        served.stop()
        assert "shutting down" in served.log()


def test_lifespan_of_the_core():
    with Served("uvicorn", HELLO.format(module=""), "--lifespan=on") as served:
        assert get(served).text == "Hello, world!"


@pytest.mark.parametrize("phase", ["startup", "shutdown"])
def test_lifespan_that_fails(phase):
    program = LIFESPAN.replace("starting up" if phase == "startup" else "shutting down", "x', 1 / 0, '")
    served = Served("uvicorn", program)
    if phase == "startup":
        with pytest.raises(AssertionError, match="did not start"), served:
            pass
        return
    with served:
        get(served)
        served.stop()
        log = served.log()
        assert "ZeroDivisionError" in log
        assert "Application shutdown failed" in log


def test_asgi_scope():
    with Served("uvicorn", SCOPE) as served:
        assert get(served).json() == {"type": "http", "path": "/"}


def test_environ():
    with Served("gunicorn", ENVIRON) as served:
        assert get(served).json() == {"method": "GET", "path": "/"}


def program(kind, folder, text):
    """Write a program; return the command that runs it on its runtime, and the environment it needs."""
    path = folder / "app.py"
    path.write_text(text)
    command = [sys.executable] if kind == "python" else [micropython_binary(), "-X", "heapsize=256k"]
    return [*command, str(path)], {"MICROPYPATH": f".frozen:{ROOT / 'firmware'}"}


@pytest.mark.parametrize("kind", ["python", "micropython"])
def test_run(tmp_path, kind):
    """The port is the default one, 5000, unless another program has it."""
    command, environment = program(kind, tmp_path, RUN)
    server = ServerProcess(command, tmp_path, environment)
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(server)
            assert server.port == 5000
        except AssertionError as error:
            assert "cannot listen on 0.0.0.0, port 5000" in str(error)
            program(kind, tmp_path, RUN.replace("app.run()", "app.run(port=0)"))
            stack.enter_context(server)
        url = f"http://127.0.0.1:{server.port}"
        assert httpx.get(url, timeout=PATIENCE).text == "Hello, world!"
        assert httpx.get(url + "/shutdown", timeout=PATIENCE).text == "The server is shutting down..."
        assert server.process.wait(PATIENCE) == 0


@pytest.mark.parametrize("kind", ["python", "micropython"])
def test_run_says_where_it_serves(tmp_path, kind):
    with socket.create_server(("127.0.0.1", 0)) as sock:  # which MicroPython could not find out by itself
        port = sock.getsockname()[1]
    command, environment = program(kind, tmp_path, RUN.replace("app.run()", f"app.run('127.0.0.1', {port})"))
    with ServerProcess(command, tmp_path, environment) as server:
        assert httpx.get(f"http://127.0.0.1:{port}/shutdown", timeout=PATIENCE).status_code == 200
        assert server.process.wait(PATIENCE) == 0
        assert server.log() == f"Serving on http://127.0.0.1:{port}\n"


STARTED = """
@app.on_startup
async def start():
    print('starting')
    {what}

{run}
"""


@pytest.mark.parametrize("run", ["app.run({port})", "import asyncio; asyncio.run(app.start_server({port}, debug=1))"])
@pytest.mark.parametrize("kind", ["python", "micropython"])
def test_the_line_comes_when_connections_are_accepted(tmp_path, kind, run):
    """Not when the application's functions for the start have only begun, fail, or end the server."""
    (head, _) = RUN.split("app.run()")
    run = run.format(port="'127.0.0.1', 0")
    logs = {}
    for what in ("", "raise ValueError('no sensor')", "app.shutdown()"):
        command, environment = program(kind, tmp_path, head + STARTED.format(what=what, run=run))
        environment["PYTHONUNBUFFERED"] = "1"
        if what:
            done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE)
            logs[what] = done.returncode, done.stdout + done.stderr
            continue
        with ServerProcess(command, tmp_path, environment) as server:
            assert wait_until(lambda server=server: "Serving" in server.log())
            assert httpx.get(f"http://127.0.0.1:{server.port}/shutdown", timeout=PATIENCE).status_code == 200
            assert server.process.wait(PATIENCE) == 0
            assert server.log().index("starting") < server.log().index("Serving on http://127.0.0.1:")
    assert logs["app.shutdown()"] == (0, "starting\n")
    status, log = logs["raise ValueError('no sensor')"]
    assert status == 1 and "ValueError: no sensor" in log and "Serving" not in log


@pytest.mark.parametrize("kind", ["python", "micropython"])
def test_run_on_a_port_in_use(tmp_path, kind):
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
        text = RUN.replace("app.run()", f"app.run('127.0.0.1', {port})\nprint('not reached')")
        command, environment = program(kind, tmp_path, text)
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=PATIENCE)
    reasons = {
        "python": f"microdot: cannot listen on 127.0.0.1, port {port}: Address already in use; choose another port,"
        " or end the program that uses this one\n",
        "micropython": f"microdot: cannot listen on 127.0.0.1, port {port}: EADDRINUSE\n",
    }
    assert (done.returncode, done.stdout, done.stderr) == (1, "", reasons[kind])


@pytest.mark.parametrize("host", ["300.1.1.1", "192.0.2.1", "a" * 64])
def test_run_on_an_address_of_another_machine(tmp_path, host):
    command, environment = program("python", tmp_path, RUN.replace("app.run()", f"app.run('{host}', 0)"))
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"microdot: cannot listen on {host}, port 0: ") and done.stderr.count("\n") == 1
    assert "; choose an address of this machine, such as 127.0.0.1, or 0.0.0.0 for all of them" in done.stderr


@pytest.mark.parametrize("kind", CPYTHON)
def test_public_names_of_the_shims(kind):
    module = ".asgi" if kind.startswith("uvicorn") else ".wsgi" if kind.startswith("g") else ""
    program = HELLO.format(module=module) + f"""
from microdot{module} import AsyncBytesIO, Request, Response, URLPattern, abort, iscoroutine, redirect, send_file
"""
    if module:
        program += f"from microdot{module} import WebSocket, websocket_upgrade, with_websocket\n"
    with Served(kind, program) as served:
        assert get(served).text == "Hello, world!"
