"""What the processes and machines of a server share through Redis: broadcast (`microdot.pubsub`) and sessions."""

from microdot.pubsub import PubSubError

from .hub import RedisPubSub
from .store import RedisStore

__all__ = ["PubSubError", "RedisPubSub", "RedisStore"]
