"""What processes and machines share through Redis: broadcast (`microdot.pubsub`), sessions, attempts to log in."""

from microdot.pubsub import PubSubError

try:
    from .errors import RedisUnavailable
    from .hub import RedisPubSub
    from .store import RedisStore
    from .throttle import RedisAttempts
except ModuleNotFoundError:
    message = "microdot.redis needs redis-py: pip install 'microdot-cpython[redis]'"
    raise ImportError(message, name="redis") from None

__all__ = ["PubSubError", "RedisAttempts", "RedisPubSub", "RedisStore", "RedisUnavailable"]
