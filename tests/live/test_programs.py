"""Small programs, as the documentation of the API shows them, run word for word."""

import contextlib
import sys

import httpx
import pytest

from live.served import CPYTHON, KINDS, ROOT, Served
from runtimes import micropython_binary
from server_process import PATIENCE, ServerProcess

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


@pytest.mark.parametrize("kind", ["python", "micropython"])
def test_run(tmp_path, kind):
    """The port is the default one, 5000, unless another program has it."""
    path = tmp_path / "app.py"
    path.write_text(RUN)
    command = [sys.executable] if kind == "python" else [micropython_binary(), "-X", "heapsize=256k"]
    server = ServerProcess([*command, str(path)], tmp_path, {"MICROPYPATH": f".frozen:{ROOT / 'firmware'}"})
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(server)
            assert server.port == 5000
        except AssertionError as error:
            assert "EADDRINUSE" in str(error) or "Address already in use" in str(error)
            path.write_text(RUN.replace("app.run()", "app.run(port=0)"))
            stack.enter_context(server)
        url = f"http://127.0.0.1:{server.port}"
        assert httpx.get(url, timeout=PATIENCE).text == "Hello, world!"
        assert httpx.get(url + "/shutdown", timeout=PATIENCE).text == "The server is shutting down..."
        assert server.process.wait(PATIENCE) == 0


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
