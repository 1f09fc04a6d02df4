"""Broadcast through a real Redis server, which goes away and comes back."""

import asyncio
import os
import sys

import pytest

from microdot._queues import QueueClosed
from microdot.pubsub import PubSubError
from microdot.redis import RedisPubSub
from microdot.redis import hub as hub_module
from redis_server import RedisServer


@pytest.fixture
def server():
    with RedisServer() as server:
        yield server


async def published(hub, topic, message):
    """Publish, again and again while Redis cannot be reached."""
    while True:
        try:
            return await hub.publish(topic, message)
        except PubSubError:
            await asyncio.sleep(0.05)


async def test_messages_reach_other_hubs_and_keep_their_type(server):
    here, there = RedisPubSub(server.url), RedisPubSub(server.url)
    async with here.subscribe("a") as first, there.subscribe("a") as second, there.subscribe("b") as other:
        for message in ("hello", "", "gr\u00fcn \U0001f600", b"", b"\x00\xff", b"text"):
            assert await here.publish("a", message) == 2
            for subscription in (first, second):
                got = await subscription.get(10)
                assert got == message and type(got) is type(message)
        with pytest.raises(asyncio.TimeoutError):
            await other.get(0.05)
    assert await here.publish("a", "nobody") == 0
    await here.close()
    await there.close()


async def test_topics_come_and_go(server):
    hub = RedisPubSub(server.url)
    for _ in range(3):
        async with hub.subscribe("a") as a:
            async with hub.subscribe("a") as again, hub.subscribe("b") as b:
                await hub.publish("b", "to b")
                await hub.publish("a", "to a")
                assert [await a.get(10), await again.get(10), await b.get(10)] == ["to a", "to a", "to b"]
            assert await hub.publish("b", "nobody") == 0
            await hub.publish("a", "still")
            assert await a.get(10) == "still"
    await hub.close()


async def test_one_leaves_while_another_comes(server):
    hub = RedisPubSub(server.url)
    for _ in range(20):
        leaving = hub.subscribe("a")
        await leaving.__aenter__()
        coming = hub.subscribe("a")
        await asyncio.gather(leaving.__aexit__(None, None, None), coming.__aenter__())
        assert await hub.publish("a", "to the second") == 1
        assert await coming.get(10) == "to the second"
        async with hub.subscribe("b") as other:
            await hub.publish("b", "to another topic")
            assert await other.get(10) == "to another topic"
        await coming.__aexit__(None, None, None)
    await hub.close()


async def test_foreign_publishers(server):
    from redis.asyncio import Redis

    hub = RedisPubSub(server.url, prefix="app:")
    client = Redis.from_url(server.url)
    async with hub.subscribe("a") as messages:
        await client.publish("app:a", "from elsewhere")
        assert await messages.get(10) == "from elsewhere"
        await client.publish("app:a", b"\xc3(")  # neither text nor marked as binary
        assert await messages.get(10) == "\ufffd("
    await client.aclose()
    await hub.close()


async def test_subscribers_resume_after_a_restart(server, caplog):
    hub = RedisPubSub(server.url)
    async with hub.subscribe("a") as messages, hub.subscribe("b") as others:
        await hub.publish("a", "before")
        assert await messages.get(10) == "before"
        server.stop()
        with pytest.raises(PubSubError):
            await hub.publish("a", "lost")
        server.start()
        while not await published(hub, "a", "after"):
            await asyncio.sleep(0.05)
        assert await messages.get(20) == "after"
        while not await published(hub, "b", "after"):
            await asyncio.sleep(0.05)
        assert await others.get(20) == "after"
    await hub.close()
    records = [record for record in caplog.records if "Redis" in record.getMessage()]
    lines = {(record.name, record.levelname, record.getMessage().partition(":")[0]) for record in records}
    assert lines == {
        ("microdot.error", "ERROR", "Redis cannot be reached"),
        ("microdot.error", "ERROR", "Redis cannot be reached, messages are lost until it is back"),
        ("microdot.error", "WARNING", "Redis can be reached again"),
        ("microdot.error", "WARNING", "Redis can be reached again, subscribers get messages"),
    }


async def test_nothing_blocks_without_a_server(server):
    server.stop()
    hub = RedisPubSub(server.url)
    with pytest.raises(PubSubError) as caught:
        await asyncio.wait_for(hub.publish("a", "x"), 10)
    assert "Redis cannot be reached" in str(caught.value)
    messages = hub.subscribe("a")
    await asyncio.wait_for(messages.__aenter__(), 10)
    server.start()
    while not await published(hub, "a", "at last"):
        await asyncio.sleep(0.05)
    assert await messages.get(20) == "at last"
    await messages.__aexit__(None, None, None)
    await asyncio.wait_for(hub.close(), 10)


async def test_long_silence(server, monkeypatch):
    """Nothing published for long: the server is asked whether it is there, and found dead if it does not answer."""
    monkeypatch.setattr(hub_module, "_SILENCE", 0.05)
    hub = RedisPubSub(server.url, timeout=0.3)
    async with hub.subscribe("a") as messages:
        await asyncio.sleep(0.5)
        assert await hub.publish("a", "still here") == 1
        assert await messages.get(10) == "still here"
        os.kill(server.process.pid, 19)  # SIGSTOP
        while hub._pubsub:
            await asyncio.sleep(0.05)
        os.kill(server.process.pid, 18)  # SIGCONT
        while not await published(hub, "a", "again"):
            await asyncio.sleep(0.05)
        assert await messages.get(20) == "again"
    await hub.close()


async def test_a_server_that_hangs(server):
    """A server that accepts and never answers, as one that is stopped in the middle."""
    os.kill(server.process.pid, 19)  # SIGSTOP
    try:
        hub = RedisPubSub(server.url, timeout=0.3)
        with pytest.raises(PubSubError):
            await asyncio.wait_for(hub.publish("a", "x"), 10)
        messages = hub.subscribe("a")
        await asyncio.wait_for(messages.__aenter__(), 10)
    finally:
        os.kill(server.process.pid, 18)  # SIGCONT
    while not await published(hub, "a", "at last"):
        await asyncio.sleep(0.05)
    assert await messages.get(20) == "at last"
    await messages.__aexit__(None, None, None)
    await hub.close()


async def test_policies(server):
    hub = RedisPubSub(server.url, queue_size=2)
    with pytest.raises(ValueError, match="wait"):
        hub.subscribe("a", overflow="wait")
    async with hub.subscribe("a") as dropping, hub.subscribe("a", overflow="close") as closing, \
            hub.subscribe("a", 100) as all_messages:
        for i in range(5):
            await hub.publish("a", str(i))
        assert [await all_messages.get(10) for _ in range(5)] == ["0", "1", "2", "3", "4"]
        assert [await dropping.get(10) for _ in range(2)] == ["3", "4"]
        assert [await closing.get(10) for _ in range(2)] == ["0", "1"]
        with pytest.raises(QueueClosed):
            await closing.get(10)
    await hub.close()


async def test_processes(server):
    """What one process publishes reaches another."""
    code = (
        "import asyncio, sys\n"
        "from microdot.redis import RedisPubSub\n"
        "async def main():\n"
        "    hub = RedisPubSub(sys.argv[1], timeout=20)\n"  # a busy machine takes long to subscribe
        "    async with hub.subscribe('a') as messages:\n"
        "        print('ready', flush=True)\n"
        "        print(await messages.get(20), flush=True)\n"
        "    await hub.close()\n"
        "asyncio.run(main())\n"
    )
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, server.url, stdout=pipe)
    assert await process.stdout.readline() == b"ready\n"
    hub = RedisPubSub(server.url)
    assert await hub.publish("a", "hello over there") == 1
    assert await process.stdout.readline() == b"hello over there\n"
    assert await process.wait() == 0
    await hub.close()
