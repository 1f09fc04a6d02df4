"""Attempts to log in, counted in a real Redis."""

import asyncio

import pytest

from microdot._request import G
from microdot.errors import HTTPException
from microdot.redis import RedisAttempts, RedisUnavailable
from microdot.throttle import Throttle
from redis_server import RedisServer


@pytest.fixture(scope="module")
def url():
    with RedisServer() as server:
        yield server.url


class Attempt:
    """What a throttle sees of a request."""

    client_addr = ("192.0.2.1", 1234)
    g = G()


async def test_take_and_give_back(url):
    one, other = RedisAttempts(url, "a:"), RedisAttempts(url, "a:")
    for store in one, other, one:
        assert await store.take("account", 7, 3, 1000) == 0
    assert 999 <= await other.take("account", 7, 3, 1000) <= 1000
    assert await other.take("account", 8, 3, 1000) == 0
    assert await other.take("address", 7, 3, 1000) == 0
    await other.give_back("account", 7, 1000)
    assert await one.take("account", 7, 3, 1000) == 0
    assert await other.take("account", 7, 3, 1000) > 0
    await one.close()
    await other.close()


async def test_empty_buckets_are_deleted(url):
    store = RedisAttempts(url, "b:")
    for _ in range(3):
        await store.take("account", 1, 5, 100)
    assert 290 < await store._redis.ttl("b:account:1") <= 300
    for _ in range(3):
        await store.give_back("account", 1, 100)
    await store.give_back("account", 1, 100)
    assert not await store._redis.keys("b:*")
    await store.take("account", 1, 1, 1)
    while await store._redis.exists("b:account:1"):
        await asyncio.sleep(0.05)
    assert await store.take("account", 1, 1, 1000) == 0
    await store.close()


async def test_parallel_attempts_of_many_processes(url):
    throttles = [Throttle(account=(10, 1000), address=(1000, 1), store=RedisAttempts(url, "c:")) for _ in range(4)]
    results = await asyncio.gather(
        *(throttle.attempt(Attempt, "joe") for throttle in throttles for _ in range(20)), return_exceptions=True
    )
    assert results.count(None) == 10
    errors = [result for result in results if result is not None]
    assert all(isinstance(error, HTTPException) and error.status_code == 429 for error in errors)
    for throttle in throttles:
        await throttle.store.close()


async def test_a_flood_has_a_bound(url):
    store = RedisAttempts(url, "d:")
    throttle = Throttle(account=(2, 1000), address=(100000, 1), store=store)
    for _ in range(2):
        await throttle.attempt(Attempt, "joe")
    for n in range(500):
        await throttle.attempt(Attempt, f"name {n}")
    keys = await store._redis.keys("d:*")
    assert len(keys) <= 502 and all(0 <= int(key.rpartition(b":")[2]) < 1 << 20 for key in keys)
    with pytest.raises(HTTPException):
        await throttle.attempt(Attempt, "joe")
    await store.close()


async def test_redis_is_down(tmp_path):
    store = RedisAttempts(f"unix://{tmp_path}/nothing")
    with pytest.raises(RedisUnavailable):
        await Throttle(store=store).attempt(Attempt, "joe")
    await store.close()


async def test_no_attempt_fails_when_redis_is_back():
    with RedisServer() as server:
        store = RedisAttempts(server.url)
        await asyncio.gather(*(store.take("account", number, 3, 1000) for number in range(5)))
        server.stop()
        server.start()
        assert await asyncio.gather(*(store.take("account", number, 3, 1000) for number in range(5))) == [0] * 5
        await store.close()
