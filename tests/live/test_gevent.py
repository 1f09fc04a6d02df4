"""gunicorn's gevent workers: every thread is a greenlet of one real thread, which also has the event loop."""

import pytest

from live.served import Served

PROGRAM = """
import asyncio

from microdot import Microdot

app = Microdot()


async def wait():
    await asyncio.sleep(0.01)
    return asyncio.get_running_loop()


@app.get("/async")
async def coroutine(request):
    loop = await wait()
    return "x" if loop is await wait() else "another loop"


@app.get("/run")
def function(request):
    asyncio.run(wait())
    return "x"
"""


@pytest.fixture(scope="module")
def served():
    with Served("gevent", PROGRAM) as server:
        yield server


def test_a_function_may_run_an_event_loop_of_its_own(client):
    for path in ["/async", "/run", "/async", "/run", "/run", "/async"]:
        response = client.get(path)
        assert (response.status_code, response.text) == (200, "x"), path
