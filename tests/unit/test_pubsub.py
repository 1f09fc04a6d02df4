import asyncio

from microdot._queues import QueueClosed
from microdot.pubsub import PubSub
from support import raises


async def test_all_subscribers_of_a_topic_get_the_message():
    hub = PubSub()
    async with hub.subscribe("a") as first, hub.subscribe("a") as second, hub.subscribe("b") as other:
        assert await hub.publish("a", "hello") == 2
        assert await first.get() == "hello"
        assert await second.get() == "hello"
        with raises(asyncio.TimeoutError):
            await other.get(0.01)
    assert await hub.publish("a", "nobody") == 0


async def test_iteration_and_end():
    hub = PubSub()
    found = []

    async def subscriber():
        async with hub.subscribe("a") as messages:
            async for message in messages:
                found.append(message)

    task = asyncio.create_task(subscriber())
    await asyncio.sleep(0)
    assert hub.subscribers("a") == 1
    for i in range(3):
        await hub.publish("a", i)
    await hub.close()
    await task
    assert found == [0, 1, 2]
    assert hub.subscribers("a") == 0


async def test_leaving_ends_the_subscription():
    hub = PubSub()
    for error in (None, ValueError):
        try:
            async with hub.subscribe("a"):
                assert hub.subscribers("a") == 1
                if error:
                    raise error
        except ValueError:
            pass
        assert hub.subscribers("a") == 0 and hub._topics == {}


async def test_cancelled_subscribers_leave():
    hub = PubSub()

    async def subscriber():
        async with hub.subscribe("a") as messages:
            async for _ in messages:
                pass

    task = asyncio.create_task(subscriber())
    await asyncio.sleep(0)
    task.cancel()
    with raises(asyncio.CancelledError):
        await task
    assert hub.subscribers("a") == 0


async def test_slow_subscribers_lose_the_oldest():
    hub = PubSub(queue_size=2)
    async with hub.subscribe("a") as slow, hub.subscribe("a", queue_size=10) as fast:
        for i in range(5):
            assert await hub.publish("a", i) == 2
        assert slow.dropped == 3 and fast.dropped == 0
        assert [await_now(slow), await_now(slow)] == [3, 4]
        assert await_now(fast) == 0


def await_now(subscription):
    """Return the next message, which must be there."""
    try:
        subscription.get().send(None)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("nothing there")


async def test_slow_subscribers_hold_the_publisher_up():
    hub = PubSub()
    async with hub.subscribe("a", 1, "wait") as slow, hub.subscribe("a") as other:
        await hub.publish("a", 0)
        publisher = asyncio.create_task(hub.publish("a", 1))
        await asyncio.sleep(0)
        assert [await_now(other), await_now(other)] == [0, 1]  # the others need not wait
        assert await slow.get() == 0
        assert await publisher == 2
        assert await slow.get() == 1


async def test_slow_subscribers_are_given_up():
    hub = PubSub(1, "close")
    async with hub.subscribe("a") as slow:
        assert await hub.publish("a", 0) == 1
        assert await hub.publish("a", 1) == 0
        assert await slow.get() == 0
        with raises(QueueClosed):
            await slow.get()


async def test_a_publisher_that_waits_does_not_keep_one_who_leaves():
    hub = PubSub(1, "wait")
    async with hub.subscribe("a"):
        await hub.publish("a", 0)
        publisher = asyncio.create_task(hub.publish("a", 1))
        await asyncio.sleep(0)
    assert await publisher == 0


def test_wrong_policy():
    with raises(ValueError):
        PubSub().subscribe("a", overflow="explode")
