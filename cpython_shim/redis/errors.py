"""What happens while Redis is away: the requests that need it are answered with 503, and the log says so once.

The same holds while Redis can be reached but refuses a command because of its own state, such as a full memory.
"""

import asyncio
import contextlib
import re
from collections.abc import Iterator

from microdot._compat import log_error, log_recovery
from microdot.pubsub import PubSubError
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    ClusterDownError,
    ConnectionError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
    TimeoutError,
    TryAgainError,
)

_REFUSALS = (ClusterDownError, NoPermissionError, OutOfMemoryError, ReadOnlyError, TryAgainError)
# Errors without a class of their own: snapshots fail, replicas are missing, a script blocks all. The error of a script
# only quotes the code of the command in it.
_REFUSAL_CODES = re.compile(r"\b(MISCONF|NOREPLICAS|BUSY|OOM|READONLY|MASTERDOWN|NOPERM)\b")


def retry_once() -> Retry:
    """Return what repeats a command once, without a delay: a pooled connection may have been closed meanwhile.

    Else each of them would fail once after Redis has been away, even hours later. A lack of answers is not repeated.
    """
    return Retry(NoBackoff(), 1, supported_errors=(ConnectionError,))


class RedisUnavailable(ConnectionError, PubSubError):
    """Redis cannot be reached, does not answer in time, or refuses a command because of its own state, such as a full
    memory. Unless you catch it, the answer has status 503.

    It is a `redis.exceptions.ConnectionError`, and also a `PubSubError`.
    """

    reason = "Service unavailable"
    headers = None

    def __init__(self, message: str):
        super().__init__(message)
        self.status_code = 503  # redis-py gives its exceptions an attribute of this name


class Availability:
    """Makes context managers for commands, and remembers whether Redis can be reached and what it refuses."""

    def __init__(self):
        self._lost = False
        self._refused: set[str] = set()  # operations

    @contextlib.contextmanager
    def of(self, operation: str) -> Iterator[None]:
        """Return a context manager for the commands of an operation, any number of them at a time.

        :param operation: what the commands do, for the log: a verb and what it is about.
        :raises RedisUnavailable: when a command has failed because of the connection, or of Redis' own state.
        """
        try:
            yield
        except (ConnectionError, TimeoutError, OSError, asyncio.TimeoutError) as error:
            text = f"Redis cannot be reached: {_describe(error)}"
            if not self._lost:
                self._lost = True
                log_error(text + "; requests that need it are answered with 503 until it is back")
            raise RedisUnavailable(text) from error
        except ResponseError as error:
            if not isinstance(error, _REFUSALS) and not _REFUSAL_CODES.search(str(error)):
                raise
            text = f"Redis refuses to {operation}: {_describe(error)}"
            if operation not in self._refused:
                self._refused.add(operation)
                log_error(text + "; requests that need it are answered with 503 until it does")
            raise RedisUnavailable(text) from error
        if self._lost:
            self._lost = False
            log_recovery("Redis can be reached again")
        if operation in self._refused:
            self._refused.discard(operation)
            log_recovery(f"Redis no longer refuses to {operation}")


def _describe(error):
    """Return the text of an error, without the full stop at its end."""
    return str(error).rstrip(".") or repr(error)
