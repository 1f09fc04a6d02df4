"""Server-Sent Events: a response that stays open and carries events, as the HTML standard's EventSource reads them."""

import asyncio

from ._compat import TICKS_PER_SECOND, is_fault, wraps
from ._queues import WAIT, BoundedQueue, QueueClosed
from ._response import Response
from .jsondata import dump_json

if -0:  # for type checkers: MicroPython's compiler leaves this out, and Pyright reads it, unlike "if False"
    from typing import Any, Callable

_NOTHING = b":\n\n"


def format_event(data, event: "str | None" = None, event_id: "str | None" = None, retry=None) -> bytes:
    """Return an event in its wire form; the parameters are those of `SSE.send()`.

    :raises ValueError: for a line end or NUL in *event* or *event_id*.
    """
    # In bytes: MicroPython takes more time to join str, whose hash it computes.
    lines = b"data: " + _encode(data).replace(b"\n", b"\ndata: ") + b"\n\n"
    if event_id is not None:
        lines = b"id: " + _one_line(event_id) + lines
    if event is not None:
        lines = b"event: " + _one_line(event) + lines
    if retry is not None:
        lines = b"retry: %d\n" % int(retry * 1000) + lines
    return lines


def format_comment(data) -> bytes:
    """Return *data* as a comment, which clients ignore."""
    return b": " + _encode(data).replace(b"\n", b"\n: ") + b"\n\n"


def _encode(data):
    """Return *data* in UTF-8, with LF for each of CR LF, CR and LF, which all end a line for the client."""
    if isinstance(data, (dict, list)):
        data = dump_json(data)
    elif not isinstance(data, str):
        data = str(data, "utf-8") if isinstance(data, (bytes, bytearray)) else str(data)
    return data.encode().replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _one_line(value):
    """Return *value* in UTF-8 as the rest of a line."""
    value = str(value)
    if "\r" in value or "\n" in value or "\0" in value:
        raise ValueError("line end or NUL in an event's name or id")
    return value.encode() + b"\n"


class SSE:
    """The events to one client: what a handler gets from `with_sse`."""

    #: The id of the last event that the client got before it lost the connection; None if there was none.
    last_event_id: "str | None" = None
    _events: "_Events | None" = None  # the body, if the server can send an event without it

    def __init__(self, queue: BoundedQueue):
        self._queue = queue

    async def send(
        self,
        data,
        event: "str | None" = None,
        event_id: "str | None" = None,
        retry: "float | None" = None,
        comment: bool = False,
    ) -> None:
        """Send an event.

        :param data: str or bytes (UTF-8), of any number of lines; dict or list, sent as JSON.
        :param event: the event's name.
        :param event_id: the id that the client sends back when it reconnects after a lost connection.
        :param retry: seconds after which the client reconnects when the connection is lost.
        :param comment: send *data* as a comment, which the client ignores, instead.
        :raises ValueError: for a line end or NUL in *event* or *event_id*.
        :raises QueueClosed: if events come too fast for the client and the policy is `'close'`.
        """
        await self._queue.put(format_comment(data) if comment else format_event(data, event, event_id, retry))

    def send_now(self, data, forms: "dict[str, bytes]") -> bool:
        """Send an event if the client can take it at once; return whether this was possible. For `PubSub`.

        :param forms: a dictionary for all clients that get this event, in which they share its wire form.
        :raises OSError: if the client is gone.
        """
        events = self._events
        if events is None or self._queue.items:
            return False
        if "event" not in forms:
            forms["event"] = format_event(data)
        sent = events.transport.write_piece(events, forms)
        if sent is None:
            return False
        events.ticks = 0
        if not sent:
            self._queue.offer(_NOTHING)  # the client is slow: whoever sends the body waits for it
        return True

    @property
    def dropped(self) -> int:
        """How many events for this client the overflow policy has dropped."""
        return self._queue.dropped


class _Events:
    """The body of the response: the handler's events; runs the handler while the body is being read."""

    yields_bytes = True
    _keep_alive: "float | None" = 15  # seconds; the usual value is not in each instance
    ticks = 0  # since the last event
    _clocked = False  # the server has a clock, by which comments are sent
    _task = None  # of the handler

    def __init__(self, request, queue, keep_alive, call):
        self._request = request
        self.transport = request.transport
        self._queue = queue
        if keep_alive != self._keep_alive:
            self._keep_alive = keep_alive
        self._call = call  # the function and its arguments

    def __aiter__(self):
        return self

    def __anext__(self):
        """Return the next piece; to be awaited."""
        self.ticks = 0
        if self._clocked:
            return self._queue.get(None, StopAsyncIteration)
        return self._next()

    async def _next(self):
        queue = self._queue
        if self._task is None:  # not before: for HEAD the body is never read
            self._task = asyncio.create_task(self._run())
            if self._keep_alive and hasattr(self.transport, "watch"):
                self.transport.watch = self
                self._clocked = True
            await asyncio.sleep(0)
            if queue.empty:
                return _NOTHING  # the head goes out with it, and the client knows that it is connected
        try:
            return await queue.get(self._keep_alive, StopAsyncIteration)  # waits only where there is no clock
        except asyncio.TimeoutError:
            return _NOTHING

    def look(self):
        """Send a comment if there has been no event for long; the server calls this at each tick."""
        self.ticks += 1
        if self.ticks >= self._keep_alive * TICKS_PER_SECOND and self._queue.empty:
            self._queue.offer(_NOTHING)

    def _handle(self):
        """Return the handler's coroutine."""
        function, args, kwargs = self._call
        self._call = None
        sse = SSE(self._queue)
        if hasattr(self.transport, "write_piece"):
            sse._events = self
        last_event_id = self._request._header(b"last-event-id")
        if last_event_id is not None:
            sse.last_event_id = last_event_id
        return function(self._request, sse, *args, **kwargs)

    async def _run(self):
        try:
            await self._handle()
        except QueueClosed:
            pass
        except BaseException as error:
            app = self._request.app
            if self._task is None and isinstance(error, asyncio.CancelledError):  # the client has gone
                raise
            if is_fault(error, app.server) or isinstance(error, MemoryError):
                app.report_exception(self._request, error)
            elif isinstance(error, (SystemExit, KeyboardInterrupt)) and app.server:
                app.server.end(error)
            else:
                raise
        finally:
            self._queue.close()

    async def aclose(self):
        """End the handler: the client has gone."""
        if self._clocked:
            self.transport.watch = None
        self._queue.close()
        if self._task is not None:
            task, self._task = self._task, None
            task.cancel()


def sse_response(
    request,
    event_function,
    *args,
    queue_size: int = 8,
    overflow: str = WAIT,
    keep_alive: "float | None" = 15,
    **kwargs,
) -> Response:
    """Return a response whose events `await event_function(request, sse, *args, **kwargs)` sends.

    The other parameters are those of `with_sse`.

    :raises ValueError: for an unknown policy, or a size below 1.
    """
    events = _Events(request, BoundedQueue(queue_size, overflow), keep_alive, (event_function, args, kwargs))
    headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return Response(events, 200, headers)


def with_sse(
    f: "Callable[..., Any] | None" = None, *, queue_size: int = 8, overflow: str = WAIT, keep_alive: "float | None" = 15
) -> "Callable[..., Any]":
    """Decorate a route's handler so that it sends events: `async handler(request, sse, **variables of the pattern)`.

    Use it as `@with_sse` or with parameters. The response ends when the handler returns; when the client leaves, the
    handler is cancelled.

    :param queue_size: how many events can wait for the client.
    :param overflow: what `sse.send()` does with one more: `'wait'`, `'drop'` the oldest or `'close'` the connection.
    :param keep_alive: seconds without an event after which a comment is sent, so that nothing on the way closes the
        connection and a lost client is noticed; None for never.
    """

    def decorator(f):
        @wraps(f)
        async def handler(request, *args, **kwargs):
            return sse_response(
                request, f, *args, queue_size=queue_size, overflow=overflow, keep_alive=keep_alive, **kwargs
            )

        return handler

    return decorator if f is None else decorator(f)
