"""What happens while Redis is away: the requests that need it are answered with 503, and the log says so once."""

import asyncio

from microdot._compat import log_error, log_recovery
from microdot.pubsub import PubSubError
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError, TimeoutError


def retry_once() -> Retry:
    """Return what repeats a command once, without a delay: a pooled connection may have been closed meanwhile.

    Else each of them would fail once after Redis has been away, even hours later. A lack of answers is not repeated.
    """
    return Retry(NoBackoff(), 1, supported_errors=(ConnectionError,))


class RedisUnavailable(ConnectionError, PubSubError):
    """Redis cannot be reached, or does not answer in time. Unless you catch it, the answer has status 503.

    It is a `redis.exceptions.ConnectionError`, and also a `PubSubError`.
    """

    reason = "Service unavailable"
    headers = None

    def __init__(self, message: str):
        super().__init__(message)
        self.status_code = 503  # redis-py gives its exceptions an attribute of this name


class Availability:
    """A context manager for commands, any number of them at a time; it remembers whether Redis can be reached.

    :raises RedisUnavailable: when a command has failed because of the connection.
    """

    def __init__(self):
        self._lost = False

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind, error, traceback) -> None:
        if error is None:
            if self._lost:
                self._lost = False
                log_recovery("Redis can be reached again")
        elif isinstance(error, (ConnectionError, TimeoutError, OSError, asyncio.TimeoutError)):
            text = f"Redis cannot be reached: {str(error) or repr(error)}"
            if not self._lost:
                self._lost = True
                log_error(text.rstrip(".") + "; requests that need it are answered with 503 until it is back")
            raise RedisUnavailable(text) from error
