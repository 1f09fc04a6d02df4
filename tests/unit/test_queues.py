import asyncio

from microdot._queues import BoundedQueue, QueueClosed
from support import raises

try:
    from micropython import heap_lock, heap_unlock  # between the two every allocation fails
except ImportError:

    def heap_lock():
        pass

    heap_unlock = heap_lock


async def taken(queue):
    """Return all that is in a closed queue."""
    found = []
    while True:
        try:
            found.append(await queue.get())
        except QueueClosed:
            return found


async def test_first_in_first_out():
    queue = BoundedQueue(3)
    for item in (1, None, 0):
        await queue.put(item)
    queue.close()
    assert await taken(queue) == [1, None, 0]


async def test_get_waits_for_an_item():
    queue = BoundedQueue(1)
    getter = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    await queue.put("late")
    assert await getter == "late"


async def test_put_waits_for_a_place():
    queue = BoundedQueue(1, "wait")
    order = []

    async def producer():
        for i in range(5):
            await queue.put(i)
            order.append(i)

    task = asyncio.create_task(producer())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert order == [0]
    for i in range(5):
        assert await queue.get() == i
    await task
    assert len(order) == 5 and queue.dropped == 0


async def test_several_producers_and_receivers_lose_nothing():
    queue = BoundedQueue(2, "wait")
    found = []

    async def producer(start):
        for i in range(start, start + 20):
            await queue.put(i)

    async def receiver():
        try:
            while True:
                found.append(await queue.get())
                await asyncio.sleep(0)
        except QueueClosed:
            pass

    receivers = [asyncio.create_task(receiver()) for _ in range(3)]
    await asyncio.gather(producer(0), producer(100), producer(200))
    queue.close()
    for task in receivers:
        await task
    assert sorted(found) == list(range(20)) + list(range(100, 120)) + list(range(200, 220))


async def test_drop_keeps_the_newest():
    queue = BoundedQueue(2, "drop")
    for i in range(5):
        await queue.put(i)
    queue.close()
    assert queue.dropped == 3
    assert await taken(queue) == [3, 4]


async def test_close_gives_up_a_slow_receiver():
    queue = BoundedQueue(2, "close")
    await queue.put(0)
    await queue.put(1)
    with raises(QueueClosed):
        await queue.put(2)
    assert queue.closed and queue.dropped == 1
    assert await taken(queue) == [0, 1]


async def test_closing_ends_all_waits():
    queue = BoundedQueue(1)
    getter = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    queue.close()
    with raises(QueueClosed):
        await getter
    queue = BoundedQueue(1)
    await queue.put(1)
    putter = asyncio.create_task(queue.put(2))
    await asyncio.sleep(0)
    queue.close()
    with raises(QueueClosed):
        await putter
    assert await taken(queue) == [1]


async def test_closing_needs_no_memory():
    empty, full = BoundedQueue(1), BoundedQueue(1)
    full.offer("item")
    receiver = asyncio.create_task(empty.get())
    sender = asyncio.create_task(full.put("another"))
    await asyncio.sleep(0)
    heap_lock()
    try:
        empty.close()
        full.close()
    finally:
        heap_unlock()
    for task in (receiver, sender):
        with raises(QueueClosed):
            await task


async def test_timeout_loses_no_item():
    queue = BoundedQueue(1)
    with raises(asyncio.TimeoutError):
        await queue.get(0.01)
    await queue.put("kept")
    assert await queue.get(0.01) == "kept"


async def test_cancelled_wait_loses_no_item():
    queue = BoundedQueue(1)
    getter = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    getter.cancel()
    await queue.put("kept")
    with raises(asyncio.CancelledError):
        await getter
    assert await queue.get() == "kept"


def test_wrong_parameters():
    for size, policy in ((0, "wait"), (-1, "drop"), (1, "block"), (1, None)):
        with raises(ValueError):
            BoundedQueue(size, policy)
