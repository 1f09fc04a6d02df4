"""How event streams and WebSockets end when the server has been told to stop.

Servers wait for their running requests before they tell the application of their end. But a stream ends only when its
client leaves: uvicorn would wait for ever, and gunicorn would kill its worker in the end, without the functions for the
shutdown. So while there are streams, something looks now and then whether the server is stopping.
"""

import asyncio
import signal
import weakref

from microdot._compat import uncancel

#: Seconds between two looks.
INTERVAL = 0.5


class ServerStopping(BaseException):
    """The handler of a WebSocket has been cancelled because the server is stopping."""


def is_stopping() -> bool:
    """Return whether the server of this process has been told to stop, as far as it shows that.

    uvicorn and gunicorn's workers show it to nobody but themselves: in an attribute of the object whose method handles
    the signal.
    """
    server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    return getattr(server, "should_exit", False) is True or getattr(server, "alive", True) is False


def is_event_stream(response) -> bool:
    """Return whether the body of a response is a stream of events, which browsers open again when it ends."""
    return str(response.headers.get("Content-Type")).startswith("text/event-stream")


def read_body(response):
    """Return the iterator over a response's body; that of an event stream ends when the server is stopping."""
    pieces = response.body_iter()
    return StoppablePieces(pieces) if is_event_stream(response) else pieces


_streams: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, set[StoppablePieces]]" = weakref.WeakKeyDictionary()


def _watch(stream):
    """Let a stream of this event loop end when the server is stopping; one timer does so for all of them."""
    loop = asyncio.get_running_loop()
    if loop not in _streams:
        _streams[loop] = set()
        loop.call_later(INTERVAL, _look, loop)
    _streams[loop].add(stream)


def _look(loop):
    streams = _streams[loop]
    if not streams:
        del _streams[loop]
        return
    if is_stopping():
        for stream in streams:
            stream.stop()
    loop.call_later(INTERVAL, _look, loop)


class StoppablePieces:
    """The pieces of an event stream, which come to an end when the server is stopping.

    :param pieces: the iterator of the body.
    """

    _task = None  # waits for the next piece
    _watched = False
    _stopped = False

    def __init__(self, pieces):
        self._pieces = pieces

    def __aiter__(self):
        return self

    async def __anext__(self):
        """Return the next piece."""
        if not self._watched:
            self._watched = True
            _watch(self)
        if self._stopped:
            raise StopAsyncIteration
        self._task = asyncio.current_task()
        try:
            return await self._pieces.__anext__()
        except asyncio.CancelledError:
            if not self._stopped:
                raise
            uncancel(self._task)
            raise StopAsyncIteration from None
        finally:
            self._task = None

    def stop(self) -> None:
        """End the stream; called in its event loop."""
        if not self._stopped:
            self._stopped = True
            if self._task:
                self._task.cancel()

    async def aclose(self):
        """Close the body."""
        _streams.get(asyncio.get_running_loop(), set()).discard(self)
        await self._pieces.aclose()
