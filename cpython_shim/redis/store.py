"""Sessions in Redis, shared by all processes and machines that serve an application."""

from redis.asyncio import Redis

from .errors import Availability, retry_once


class RedisStore:
    """A store for `microdot.session.Session`; Redis deletes what has reached the end of its lifetime.

    Its methods raise `RedisUnavailable` if Redis cannot be reached: the request is answered with status 503, and nobody
    is logged out. Requests without a session go on.

    :param url: `redis://[[user]:[password]@]host[:port][/database]`, `rediss://` for TLS or `unix://path`.
    :param prefix: begins the keys in Redis, so that applications can share a server.
    :param timeout: seconds for connecting, and for each answer of the server.
    """

    def __init__(self, url: str = "redis://localhost:6379/0", prefix: str = "microdot:session:", timeout: float = 2):
        self._prefix = prefix
        self._availability = Availability()
        self._redis = Redis.from_url(
            url, decode_responses=True, retry=retry_once(), socket_connect_timeout=timeout, socket_timeout=timeout
        )

    async def load(self, name: str) -> "str | None":
        """Return the text saved under *name*, None if there is none or its lifetime is over."""
        with self._availability.of("load a session"):
            return await self._redis.get(self._prefix + name)

    async def save(self, name: str, text: str, lifetime: int) -> None:
        """Keep *text* under *name* for *lifetime* seconds."""
        with self._availability.of("save a session"):
            await self._redis.set(self._prefix + name, text, ex=lifetime)

    async def delete(self, name: str) -> None:
        """Forget what is under *name*, if anything."""
        with self._availability.of("delete a session"):
            await self._redis.delete(self._prefix + name)

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()
