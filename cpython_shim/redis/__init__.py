"""Broadcast between the processes and machines of a server, through Redis: `microdot.pubsub` with a wider reach."""

from microdot.pubsub import PubSubError

from .hub import RedisPubSub

__all__ = ["PubSubError", "RedisPubSub"]
