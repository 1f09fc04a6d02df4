"""Broadcast between the workers of one server: every client hears it, whichever worker it is connected to."""

import asyncio
import json
import pathlib

import pytest
import websockets

from live.servers import serve
from redis_server import RedisServer
from wire.server import wait_until

APP = pathlib.Path(__file__).parent / "redis_app.py"


@pytest.fixture(params=["uvicorn", "gunicorn"])
def workers(request, monkeypatch):
    with RedisServer() as redis:
        monkeypatch.setenv("REDIS_URL", redis.url)
        with serve(request.param, APP, options=["--workers", "4"]) as running:
            running.redis = redis
            yield running


async def clients_of_several(port):
    """Return connections to two of the workers or more, two clients of each; and how many workers those are."""
    clients, counts, closing = [], {}, []
    for _ in range(500):
        client = await websockets.connect(f"ws://127.0.0.1:{port}/socket")
        worker = await client.recv()
        if counts.get(worker, 0) == 2:  # one worker may accept many in a row, and gunicorn's have few threads
            closing.append(asyncio.create_task(client.close()))  # which takes seconds: nothing reads there
            continue
        counts[worker] = counts.get(worker, 0) + 1
        clients.append(client)
        if len(counts) > 1 and set(counts.values()) == {2}:
            await asyncio.gather(*closing)
            return clients, len(counts)
    raise AssertionError(f"one worker takes all: {counts}")


async def heard(client):
    """Return the next message but for those of the beginning."""
    while (message := await client.recv()) == "first":
        pass
    return message


async def test_messages_reach_the_clients_of_all_workers(workers):
    clients, number = await clients_of_several(workers.port)
    subscribed = b'"processes": %d' % number
    assert wait_until(lambda: subscribed in workers.get("/publish/first").body), workers.log()[-1000:]
    for client in clients:
        assert await client.recv() == "first"
    for text in ("one", "two"):
        assert json.loads(workers.get("/publish/" + text).body) == {"processes": number}
        assert await asyncio.gather(*(heard(client) for client in clients)) == [text] * len(clients)
    workers.redis.stop()
    assert workers.get("/publish/lost").status == 503
    workers.redis.start()
    assert wait_until(lambda: subscribed in workers.get("/publish/back").body)
    for client in clients:
        while await client.recv() != "back":
            pass
    for client in clients:
        await client.close()
