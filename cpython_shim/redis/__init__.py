"""What processes and machines share through Redis: broadcast (`microdot.pubsub`), sessions, attempts to log in."""

from microdot.pubsub import PubSubError

from .errors import RedisUnavailable
from .hub import RedisPubSub
from .store import RedisStore
from .throttle import RedisAttempts

__all__ = ["PubSubError", "RedisAttempts", "RedisPubSub", "RedisStore", "RedisUnavailable"]
