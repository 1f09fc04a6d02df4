"""Bad input, from clients and from handlers, on every server."""

import subprocess

import pytest

from live.served import KINDS, OWN, Served
from server_process import PATIENCE

PROGRAM = """
from microdot import Microdot

app = Microdot()

@app.get('/')
async def index(request):
    return 'Hello'

@app.post('/echo')
async def echo(request):
    return request.body

@app.get('/fail')
def fail(request):
    raise ValueError('private')

@app.get('/wrong')
async def wrong(request):
    return {1.5}

@app.get('/split')
async def split(request):
    return 'x', {'X-Header': 'a\\r\\nSet-Cookie: b=1'}

@app.get('/reason')
async def reason(request):
    return 299
"""
HOST = "Host: a\r\nConnection: close\r\n"


@pytest.fixture(scope="module", params=KINDS)
def served(request):
    with Served(request.param, PROGRAM) as served:
        yield served


def status(served, data):
    """Send raw bytes; return the status of the answer, after which the server must close the connection."""
    answer = served.exchange(data.encode("latin-1"))
    assert answer.startswith(b"HTTP/1."), answer
    return int(answer.split()[1])


@pytest.mark.parametrize("data", [
    "nonsense\r\n\r\n",
    "GET\r\n\r\n",
    f"GET / HTTP/1.1\r\nno colon\r\n{HOST}\r\n",
    f"GET / HTTP/1.1\r\nspace : x\r\n{HOST}\r\n",
    f"POST /echo HTTP/1.1\r\nContent-Length: x\r\n{HOST}\r\n",
    f"POST /echo HTTP/1.1\r\nContent-Length: -1\r\n{HOST}\r\n",
    f"POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n{HOST}\r\nx\r\n",
])
def test_malformed_requests(served, data):
    assert status(served, data) == 400


def test_the_server_goes_on(served, client):
    for _ in range(3):
        served.exchange(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")
    assert client.get("/").text == "Hello"


def test_method_not_allowed(client):
    response = client.put("/echo")
    assert response.status_code == 405
    assert sorted(response.headers["Allow"].split(", ")) == ["OPTIONS", "POST"]


def test_body_too_large(served, client):
    assert client.post("/echo", content=b"x" * 16385).status_code == 413
    assert client.post("/echo", content=iter([b"x" * 10000] * 2)).status_code == 413
    assert len(client.post("/echo", content=b"x" * 16384).content) == 16384


def test_head_too_large(served):
    long_target = f"GET /{'x' * 200000} HTTP/1.1\r\n{HOST}\r\n"
    long_field = f"GET / HTTP/1.1\r\nX: {'x' * 200000}\r\n{HOST}\r\n"
    if served.kind in OWN:
        assert status(served, long_target) == 414
        assert status(served, long_field) == 431
        assert status(served, f"GET / HTTP/1.1\r\n{'X: y' * 100}\r\n{HOST}\r\n".replace("X: y", "X: y\r\n")) == 431
    elif served.kind.startswith("uvicorn"):  # whose parser limits the target only
        assert (status(served, long_target), status(served, long_field)) == (400, 200)
    else:
        for data in (long_target, long_field):
            assert status(served, data) in (400, 414, 431)
    assert status(served, f"GET / HTTP/1.1\r\n{HOST}\r\n") == 200


def test_a_handler_that_raises(served, client):
    response = client.get("/fail")
    assert (response.status_code, response.text) == (500, "Internal server error")
    log = served.log()
    assert "Traceback" in log
    assert "ValueError: private" in log


def test_a_wrong_result(served, client):
    response = client.get("/wrong")
    assert (response.status_code, response.text) == (500, "Internal server error")
    assert "TypeError: handler wrong returned {1.5}" in served.log()


def test_a_header_that_would_split_the_response(client):
    response = client.get("/split")
    assert response.status_code == 500
    assert "Set-Cookie" not in response.headers


def test_a_status_without_a_phrase(client):
    assert client.get("/reason").status_code == 299


@pytest.mark.parametrize("path", ["/%", "/%zz", "/%c3", "/%00", "/?%=&&=", "//", "/.."])
def test_odd_targets(client, path):
    assert client.get(path).status_code in (200, 404)


def test_an_invalid_pattern_ends_the_program():
    program = PROGRAM.replace("'/echo'", "'/<unknown:x>'")
    for kind in ("uvicorn", "gunicorn", *OWN):
        served = Served(kind, program)
        with served.stack:
            done = subprocess.run(
                served.command, cwd=served.folder, env=served.environment, capture_output=True, timeout=PATIENCE
            )
        assert done.returncode, kind
        assert b"ValueError: invalid URL pattern /<unknown:x>" in done.stdout + done.stderr
