"""The hub: one connection to publish, one to listen, which is made anew whenever it is lost."""

import asyncio
import contextlib

from microdot._compat import log_error, log_recovery
from microdot._queues import DROP, WAIT
from microdot.pubsub import PubSub, PubSubError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from .errors import Availability, RedisUnavailable, retry_once

_BINARY = b"\xff"  # the first byte of the payload of a bytes message; no UTF-8 text begins with it
_SILENCE = 15  # seconds after which the server has to answer a ping
_FIRST_DELAY = 0.1
_LAST_DELAY = 5


class RedisPubSub(PubSub):
    """Topics whose subscribers may be in any process that uses the same Redis server and database.

    The methods are those of `microdot.pubsub.PubSub`, with these differences. Messages are str or bytes. `publish()`
    returns the number of processes reached, and raises `RedisUnavailable`, a `PubSubError`, at once if Redis cannot be
    reached. A subscriber notices nothing of that: its iteration goes on when Redis is back, without the messages in
    between. The policy `'wait'` does not exist, because publishers elsewhere cannot wait.

    :param url: `redis://[[user]:[password]@]host[:port][/database]`, `rediss://` for TLS or `unix://path`.
    :param prefix: begins the names of the channels in Redis, so that applications can share a server.
    :param timeout: seconds for connecting, and for the server's answer to a message published.
    :param queue_size: how many messages wait for a subscriber at most.
    :param overflow: what becomes of the next one: `'drop'` the oldest, or `'close'` the subscription.
    """

    def __init__(
        self,
        url: str = "redis://localhost:6379/0",
        prefix: str = "microdot:",
        timeout: float = 2,
        queue_size: int = 8,
        overflow: str = DROP,
    ):
        super().__init__(queue_size, overflow)
        self._url = url
        self._prefix = prefix
        self._timeout = timeout
        self._availability = Availability()
        self._client: Redis | None = None
        self._listener = None
        self._pubsub = None  # the listener's connection while it is up
        self._confirmed: dict[str, asyncio.Event] = {}

    def subscribe(self, topic: str, queue_size: "int | None" = None, overflow: "str | None" = None):
        """Return a subscription, to be entered with `async with`.

        :raises ValueError: for the policy `'wait'`.
        """
        if (overflow or self._overflow) == WAIT:
            raise ValueError("subscribers through Redis cannot make publishers wait: use 'drop' or 'close'")
        return super().subscribe(topic, queue_size, overflow)

    async def publish(self, topic: str, message: "str | bytes") -> int:
        """Give *message* to all who subscribe to *topic* now, in any process; return the number of processes.

        :raises RedisUnavailable: if Redis cannot be reached.
        :raises PubSubError: if Redis refuses the message.
        """
        payload = message.encode() if isinstance(message, str) else _BINARY + bytes(message)
        try:
            with self._availability.of("publish a message"):
                return await asyncio.wait_for(self._redis().publish(self._prefix + topic, payload), self._timeout)
        except RedisUnavailable:
            raise
        except RedisError as error:
            raise PubSubError(f"Redis refuses the message: {error}") from error

    async def close(self) -> None:
        """End all subscriptions, and the connections."""
        await super().close()
        await self._stop_listening()
        if self._client:
            await self._client.aclose()
            self._client = None

    def _redis(self):
        if self._client is None:
            self._client = Redis.from_url(
                self._url,
                retry=retry_once(),
                socket_connect_timeout=self._timeout,
            )
        return self._client

    async def _add(self, subscription):
        first = subscription.topic not in self._topics
        await super()._add(subscription)
        if first:
            self._confirmed[subscription.topic] = asyncio.Event()
            if self._pubsub:
                with contextlib.suppress(RedisError, OSError):  # the listener subscribes when it reconnects
                    await self._pubsub.subscribe(self._prefix + subscription.topic)
        if self._listener is None:
            self._listener = asyncio.create_task(self._listen())
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._confirmed[subscription.topic].wait(), self._timeout)

    async def _remove(self, subscription):
        topic = subscription.topic
        await super()._remove(subscription)
        if topic in self._topics:
            return
        self._confirmed.pop(topic, None)
        if not self._topics:
            await self._stop_listening()
        elif self._pubsub:
            with contextlib.suppress(RedisError, OSError):
                await self._pubsub.unsubscribe(self._prefix + topic)

    async def _stop_listening(self):
        listener, self._listener, self._pubsub = self._listener, None, None
        if listener:  # what subscribes from here on starts another one
            listener.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await listener

    async def _listen(self):
        """Receive for all subscribers of this process; reconnect as often as necessary."""
        delay = _FIRST_DELAY
        while True:
            try:
                async with self._redis().pubsub() as pubsub:
                    topics = [self._prefix + topic for topic in self._topics]
                    await pubsub.subscribe(*topics)
                    self._pubsub = pubsub  # what comes from here on is subscribed to by _add()
                    late = [self._prefix + topic for topic in self._topics if self._prefix + topic not in topics]
                    if late:
                        await pubsub.subscribe(*late)
                    while True:
                        message = await self._next(pubsub)
                        if delay != _FIRST_DELAY:
                            log_recovery("Redis can be reached again, subscribers get messages")
                            delay = _FIRST_DELAY
                        self._receive(message)
            except (RedisError, OSError) as error:
                if delay == _FIRST_DELAY:
                    log_error(
                        f"Redis cannot be reached, messages are lost until it is back: {str(error) or repr(error)}"
                    )
                self._pubsub = None
                self._confirm_all()
            await asyncio.sleep(delay)
            delay = min(delay * 2, _LAST_DELAY)

    async def _next(self, pubsub):
        """Return the next message; a server that is silent for long has to answer a ping."""
        message = await pubsub.get_message(timeout=_SILENCE)
        if message is None:
            await pubsub.ping()
            message = await pubsub.get_message(timeout=self._timeout)
            if message is None:
                raise ConnectionError("no answer")
        return message

    def _confirm_all(self):
        """Let no subscriber wait for a server that is down."""
        for event in self._confirmed.values():
            event.set()

    def _receive(self, message):
        if message["type"] not in ("subscribe", "message"):
            return
        topic = message["channel"].decode().removeprefix(self._prefix)
        if message["type"] == "subscribe":
            if topic in self._confirmed:
                self._confirmed[topic].set()
            return
        payload = message["data"]
        payload = payload[1:] if payload.startswith(_BINARY) else payload.decode(errors="replace")
        self._deliver(topic, payload)
