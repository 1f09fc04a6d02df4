"""Attempts to log in, counted in Redis for all processes and machines that serve an application."""

from redis.asyncio import Redis

from .errors import Availability, retry_once

# One script a step: between two commands another process could count. The time is the Redis server's, for all.
_TAKE = """
local now = tonumber(redis.call('TIME')[1])
local attempts, interval = tonumber(ARGV[1]), tonumber(ARGV[2])
local empty = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now)
local wait = empty - now - (attempts - 1) * interval
if wait > 0 then
    return wait
end
redis.call('SET', KEYS[1], empty + interval, 'EX', empty + interval - now)
return 0
"""
_GIVE_BACK = """
local now = tonumber(redis.call('TIME')[1])
local empty = tonumber(redis.call('GET', KEYS[1]) or 0) - tonumber(ARGV[1])
if empty > now then
    redis.call('SET', KEYS[1], empty, 'EX', empty - now)
else
    redis.call('DEL', KEYS[1])
end
"""


class RedisAttempts:
    """A store for `microdot.throttle.Throttle`; Redis deletes buckets when they are empty.

    Its methods raise `RedisUnavailable` if Redis cannot be reached: the request is answered with status 503, and no
    password is tried.

    :param url: `redis://[[user]:[password]@]host[:port][/database]`, `rediss://` for TLS or `unix://path`.
    :param prefix: begins the keys in Redis, so that applications can share a server. There are two million at most.
    :param timeout: seconds for connecting, and for each answer of the server.
    """

    def __init__(self, url: str = "redis://localhost:6379/0", prefix: str = "microdot:attempts:", timeout: float = 2):
        self._prefix = prefix
        self._availability = Availability()
        self._redis = Redis.from_url(
            url, retry=retry_once(), socket_connect_timeout=timeout, socket_timeout=timeout
        )
        self._take = self._redis.register_script(_TAKE)
        self._give_back = self._redis.register_script(_GIVE_BACK)

    def _key(self, kind, number):
        return f"{self._prefix}{kind}:{number}"

    async def take(self, kind: str, number: int, attempts: int, interval: int) -> int:
        """Fill *interval* seconds into a bucket that holds *attempts* of them; return 0.

        If it is too full already nothing is filled in, and the seconds are returned after which there is room.
        """
        with self._availability.of("count attempts"):
            return await self._take(keys=[self._key(kind, number)], args=[attempts, interval])

    async def give_back(self, kind: str, number: int, interval: int) -> None:
        """Take *interval* seconds out of a bucket again."""
        with self._availability.of("count attempts"):
            await self._give_back(keys=[self._key(kind, number)], args=[interval])

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()
