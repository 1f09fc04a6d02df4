"""What only an ASGI server and the application say to one another, with uvicorn."""

import json

import httpx
import pytest

from live.served import Served
from server_process import wait_until

PROGRAM = """
import asyncio

from microdot.asgi import Microdot

app = Microdot()
events = []


@app.get("/path/<path:p>")
async def path(request, p):
    return {"p": p}


@app.post("/size")
async def size(request):
    return str(len(request.body))


@app.get("/silent")
async def silent(request):
    async def body():
        try:
            yield "one"
            await asyncio.sleep(1000)
        finally:
            events.append("silent ended")
    return body()


@app.get("/events")
async def get_events(request):
    return events


@app.get("/fail-later")
async def fail_later(request):
    async def body():
        yield "one"
        raise ValueError("private")
    return body()
"""


def test_a_client_that_leaves_ends_a_generator_that_waits():
    with Served("uvicorn", PROGRAM) as served, served.client() as client:
        with client.stream("GET", "/silent") as response:
            next(response.iter_bytes())
        assert wait_until(lambda: "silent ended" in client.get("/events").json())
        assert "Traceback" not in served.log()


def test_an_error_in_a_stream_cuts_it():
    with Served("uvicorn", PROGRAM) as served, served.client() as client, pytest.raises(httpx.RemoteProtocolError):
        client.get("/fail-later")


@pytest.mark.parametrize("implementation", ["h11", "httptools"])
def test_every_http_implementation_of_uvicorn(implementation):
    with Served("uvicorn", PROGRAM, f"--http={implementation}") as served, served.client() as client:
        response = client.get("/path/%C3%A9", headers={"Cookie": "a=1"})
        assert json.loads(response.text)["p"] == "é"
        assert client.post("/size", content=[b"abc", b"d"]).text == "4"
