"""Sessions in a real Redis."""

import asyncio
import time

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from login_app import make_app
from microdot.redis import RedisAttempts, RedisStore, RedisUnavailable
from microdot.redis.errors import Availability
from microdot.session import Session
from microdot.test_client import TestClient
from redis_server import RedisServer


@pytest.fixture(scope="module")
def url():
    with RedisServer() as server:
        yield server.url


async def test_load_save_delete(url):
    store = RedisStore(url, prefix="store:")
    other = RedisStore(url, prefix="store:")
    assert await store.load("a") is None
    await store.save("a", '{"name": "jö"}', 60)
    assert await other.load("a") == '{"name": "jö"}'
    assert 50 < await store._redis.ttl("store:a") <= 60
    await store.save("a", "{}", 60)
    assert await other.load("a") == "{}"
    await other.delete("a")
    await other.delete("a")
    assert await store.load("a") is None
    await store.close()
    await other.close()


async def test_lifetime(url):
    store = RedisStore(url)
    await store.save("short", "{}", 1)
    assert await store.load("short") == "{}"
    limit = time.monotonic() + 30
    while await store.load("short") is not None:
        assert time.monotonic() < limit
        await asyncio.sleep(0.05)
    await store.close()


async def test_prefixes_are_apart(url):
    one, two = RedisStore(url, prefix="one:"), RedisStore(url, prefix="two:")
    await one.save("a", "1", 60)
    assert await two.load("a") is None
    await one.close()
    await two.close()


async def test_application(url):
    store = RedisStore(url)
    app, _ = make_app(store=store)
    client = TestClient(app)
    await client.get("/set/cart")
    planted = dict(client.cookies)
    await client.post("/login/joe")
    assert (await client.get("/session")).json == {"value": "cart", "_user_id": "joe", "_fresh": True}
    assert (await TestClient(app, cookies=planted).get("/session")).json == {}
    # another process of the same application
    elsewhere, _ = make_app(store=RedisStore(url))
    assert (await TestClient(elsewhere, cookies=dict(client.cookies)).get("/private")).text == "hello joe"
    await client.post("/logout")
    assert (await client.get("/private")).status_code == 302
    await elsewhere.extension(Session).store.close()
    await store.close()


async def test_visitors_without_a_login_take_no_place(url):
    store = RedisStore(url, prefix="anonymous:")
    app, _ = make_app(store=store)
    for _ in range(3):
        assert (await TestClient(app).post("/logout")).text == "bye"
    assert not await store._redis.keys("anonymous:*")
    client = TestClient(app)
    await client.post("/login/joe")
    assert len(await store._redis.keys("anonymous:*")) == 1
    await client.post("/logout")  # of a session that is empty then
    assert not await store._redis.keys("anonymous:*") and not client.cookies
    await store.close()


async def test_redis_is_down(tmp_path):
    store = RedisStore(f"unix://{tmp_path}/nothing")
    for call in (store.load("a"), store.save("a", "{}", 60), store.delete("a")):
        with pytest.raises(RedisUnavailable) as caught:
            await call
        assert isinstance(caught.value, RedisError) and "Redis cannot be reached: " in str(caught.value)
    app, _ = make_app(store=store)
    # a client without a session needs no Redis to be served
    assert (await TestClient(app).get("/session")).json == {}
    response = await TestClient(app).get("/set/cart")
    assert response.status_code == 503 and "Set-Cookie" not in response.headers
    await store.close()


async def test_no_request_fails_when_redis_is_back():
    """The connections that are open from before are closed, each of them."""
    with RedisServer() as server:
        store = RedisStore(server.url)
        await asyncio.gather(*(store.load("a") for _ in range(5)))
        server.stop()
        server.start()
        assert await asyncio.gather(*(store.load("a") for _ in range(5))) == [None] * 5
        await store.close()


async def test_the_log_says_once_that_redis_is_away_and_once_that_it_is_back(caplog):
    """The end of an error is no error."""
    with RedisServer() as server:
        store = RedisStore(server.url)
        await store.load("a")
        server.stop()
        for _ in range(2):
            with pytest.raises(RedisUnavailable):
                await store.load("a")
        server.start()
        for _ in range(2):
            assert await store.load("a") is None
        await store.close()
    away, back = [record for record in caplog.records if record.name == "microdot.error"]
    assert (away.levelname, back.levelname) == ("ERROR", "WARNING")
    assert back.getMessage() == "Redis can be reached again"


async def test_a_redis_that_refuses_commands_is_unavailable(url, caplog):
    """Whether it says so by itself or in the error of a script; what it still does works."""
    client = Redis.from_url(url)
    store, attempts = RedisStore(url), RedisAttempts(url)
    await store.save("a", "{}", 60)
    for name, value, usual in (("maxmemory", 1, 0), ("min-replicas-to-write", 1, 0)):
        await client.config_set(name, value)
        caplog.clear()
        for _ in range(2):
            with pytest.raises(RedisUnavailable, match="Redis refuses to save a session: "):
                await store.save("a", "{}", 60)
            with pytest.raises(RedisUnavailable, match="Redis refuses to count attempts: "):
                await attempts.take("account", 1, 10, 60)
            assert await store.load("a") == "{}"
        await client.config_set(name, usual)
        await store.save("a", "{}", 60)
        await attempts.take("account", 1, 10, 60)
        lines = [record.getMessage() for record in caplog.records if record.name == "microdot.error"]
        assert lines[2:] == ["Redis no longer refuses to save a session", "Redis no longer refuses to count attempts"]
        assert all(line.endswith("; requests that need it are answered with 503 until it does") for line in lines[:2])
    with pytest.raises(ResponseError):  # a mistake of the program
        await client.set("a-text", "text")
        with Availability().of("count"):
            await client.incr("a-text")
    await store.close()
    await attempts.close()
    await client.aclose()
