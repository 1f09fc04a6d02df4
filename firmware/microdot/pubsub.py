"""Broadcast within one event loop: whoever publishes on a topic reaches all who subscribe to it."""

from ._queues import DROP, BoundedQueue, QueueClosed

if -0:  # for type checkers: MicroPython's compiler leaves this out, and Pyright reads it, unlike "if False"
    from typing import Any


class PubSubError(OSError):
    """A message could not be published."""


class Subscription:
    """What is published on one topic from now on: an asynchronous context manager and iterator of messages.

    The iteration ends when the hub is closed or, with the policy `'close'`, after a message that came too fast.
    """

    _send_now = None  # the method of the client of `send_to()` while all messages before have been sent

    def __init__(self, hub: "PubSub", topic: str, queue: BoundedQueue):
        self.topic = topic
        self._hub = hub
        self._queue = queue

    @property
    def dropped(self) -> int:
        """How many messages for this subscriber the overflow policy has dropped."""
        return self._queue.dropped

    async def __aenter__(self) -> "Subscription":
        await self._hub._add(self)
        return self

    async def __aexit__(self, exc_type, exc, traceback) -> None:
        self._queue.close()
        await self._hub._remove(self)

    def __aiter__(self) -> "Subscription":
        return self

    def __anext__(self) -> "Any":
        return self._queue.get(None, StopAsyncIteration)

    def get(self, timeout: "float | None" = None):
        """Return the next message; to be awaited.

        :param timeout: seconds to wait for it; None for no limit.
        :raises QueueClosed: when there will be none.
        :raises asyncio.TimeoutError: if none comes in time.
        """
        return self._queue.get(timeout)

    async def send_to(self, client: "Any") -> None:
        """Send the messages to *client*, a `WebSocket` or `SSE`, until there will be none.

        A loop with `await client.send(message)` does the same, but takes more time. Here a client that has taken all
        messages before gets the next one from `publish()` itself, and no task has to run for it.

        :raises WebSocketError: if the client's connection is closed.
        """
        queue = self._queue
        try:
            while True:
                if queue.empty:
                    self._send_now = getattr(client, "send_now", None)
                message = await queue.get()
                self._send_now = None
                await client.send(message)
        except QueueClosed:
            pass
        finally:
            self._send_now = None


class PubSub:
    """Topics and their subscribers. All that use it must run in the same event loop.

    Messages are not copied: each subscriber gets the very object that was published. The same application runs on
    `microdot.redis` if its messages are str or bytes.

    :param queue_size: how many messages can wait for a subscriber.
    :param overflow: what to do with one more: `'drop'` the oldest, make the publisher `'wait'`, or `'close'` the
        subscription.
    """

    def __init__(self, queue_size: int = 8, overflow: str = DROP):
        self._queue_size = queue_size
        self._overflow = overflow
        self._topics = {}

    def subscribe(self, topic: str, queue_size: "int | None" = None, overflow: "str | None" = None) -> Subscription:
        """Return a subscription, to be entered with `async with`; the parameters override those of the hub.

        :raises ValueError: for an unknown policy, or a size below 1.
        """
        return Subscription(self, topic, BoundedQueue(queue_size or self._queue_size, overflow or self._overflow))

    async def publish(self, topic: str, message) -> int:
        """Give *message* to all current subscribers of *topic*; return their number.

        Waits only for subscribers with the policy `'wait'`, after all others have got it.
        """
        reached, full = self._deliver(topic, message)
        for subscription in full:
            try:
                await subscription._queue.put(message)
            except QueueClosed:
                continue
            reached += 1
        return reached

    def _deliver(self, topic, message):
        """Give *message* to the subscribers of *topic*; return how many have it, and those with a full queue."""
        reached = 0
        full = []
        forms = {}  # of the message, which clients share
        for subscription in self._topics.get(topic, ()):
            try:
                send_now = subscription._send_now
                if send_now and send_now(message, forms):
                    reached += 1
                    continue
            except Exception:
                pass  # the client's `send()` raises it in the task to which it belongs
            subscription._send_now = None
            try:
                if subscription._queue.offer(message):
                    reached += 1
                else:
                    full.append(subscription)
            except QueueClosed:
                pass
        return reached, full

    def subscribers(self, topic: str) -> int:
        """Return how many subscribe to *topic*."""
        return len(self._topics.get(topic, ()))

    async def close(self) -> None:
        """End all subscriptions; what waits in their queues is still delivered."""
        for subscriptions in self._topics.values():
            for subscription in subscriptions:
                subscription._queue.close()
        self._topics = {}

    async def _add(self, subscription):
        self._topics.setdefault(subscription.topic, []).append(subscription)

    async def _remove(self, subscription):
        subscriptions = self._topics.get(subscription.topic, [])
        if subscription in subscriptions:
            subscriptions.remove(subscription)
            if not subscriptions:
                del self._topics[subscription.topic]
