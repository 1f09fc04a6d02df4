"""The servers that the documentation names beside uvicorn and gunicorn: the same answers, started as it says."""

import os
import sys

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from server_process import ServerProcess, wait_until

PROGRAM = """
import asyncio

from microdot import Microdot
from microdot.websocket import with_websocket

app = Microdot()


@app.get("/")
async def index(request):
    return "hello"


@app.get("/count")
async def count(request):
    async def numbers():
        for number in range(5):
            await asyncio.sleep(0)
            yield str(number)

    return numbers()


@app.post("/size")
async def size(request):
    total = 0
    while piece := await request.stream.read(4096):
        total += len(piece)
    return {"size": total}


@app.get("/fail")
def fail(request):
    raise ValueError("private")


@app.get("/echo")
@with_websocket
async def echo(request, ws):
    async for message in ws:
        await ws.send(message)
"""
COMMANDS = {
    "hypercorn": ["hypercorn", "test:app", "--bind", "127.0.0.1:0"],
    "daphne": ["daphne", "--bind", "127.0.0.1", "--port", "0", "test:app"],
    "waitress": ["waitress", "--listen", "127.0.0.1:0", "test:app"],
}


@pytest.fixture(scope="module", params=COMMANDS)
def server(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "test.py").write_text(PROGRAM)
    command = [sys.executable, "-B", "-m", *COMMANDS[request.param]]
    with ServerProcess(command, folder, dict(os.environ, PYTHONPATH=str(folder))) as server:
        server.carries_websockets = request.param != "waitress"
        yield server


@pytest.fixture(scope="module")
def client(server):
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=60) as client:
        yield client


def test_answers(client):
    assert client.get("/").text == "hello"
    assert client.get("/count").text == "01234"
    assert client.head("/").headers["Content-Length"] == "5"
    assert client.get("/missing").status_code == 404


def test_bodies(client):
    assert client.post("/size", content=bytes(15000)).json() == {"size": 15000}
    assert client.post("/size", content=iter([b"x" * 1000] * 10)).json() == {"size": 10000}
    assert client.post("/size", content=bytes(20000)).status_code == 413


def test_errors_stay_on_the_console(client, server):
    response = client.get("/fail")
    assert (response.status_code, response.text) == (500, "Internal server error")
    assert wait_until(lambda: "ValueError: private" in server.log())


def test_websocket(server):
    url = f"ws://127.0.0.1:{server.port}/echo"
    if not server.carries_websockets:
        with pytest.raises(InvalidStatus, match="501"):
            connect(url)
        return
    with connect(url) as ws:
        for message in ("text", bytes(range(256))):
            ws.send(message)
            assert ws.recv() == message
