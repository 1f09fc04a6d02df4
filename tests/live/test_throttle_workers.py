"""Attempts to log in that reach several workers of a server count as if there were one."""

import pytest

from live.served import Served
from redis_server import RedisServer

PROGRAM = """
import os

from microdot import Microdot
from microdot.redis import RedisAttempts
from microdot.throttle import Throttle

app = Microdot()
throttle = Throttle(account=(20, 600), address=(1000, 1), store=RedisAttempts(os.environ["REDIS_URL"]))


@app.get("/")
async def index(request):
    return str(os.getpid())


@app.post("/login/<name>")
async def log_in(request, name):
    await throttle.attempt(request, name)
    return str(os.getpid()), 403
"""


@pytest.mark.parametrize("kind", ["uvicorn", "gunicorn"])
def test_workers_share_the_limits(kind):
    with RedisServer() as redis, Served(kind, PROGRAM, "--workers=4", REDIS_URL=redis.url) as server:
        answers = []
        for _ in range(300):  # one worker may accept many connections in a row
            with server.client() as client:
                answers.append(client.post("/login/joe"))
            admitted = [answer.text for answer in answers if answer.status_code == 403]
            if len(answers) > len(admitted) + 10:
                break
        assert len(admitted) == 20, server.log()
        assert {answer.status_code for answer in answers[20:]} == {429}
        assert all(0 < int(answer.headers["Retry-After"]) <= 600 for answer in answers[20:])
        workers = set()
        for turn in range(500):
            with server.client() as client:
                workers.add(client.get("/").text)
                refused = client.post("/login/joe")
                other = client.post("/login/ann" + str(len(workers)))
            assert refused.status_code == 429 and other.status_code in (403, 429)
            if len(workers) >= (4 if turn < 50 else 2):
                break
        assert len(workers) > 1
        redis.stop()
        with server.client() as client:
            assert client.post("/login/sue").status_code == 503
