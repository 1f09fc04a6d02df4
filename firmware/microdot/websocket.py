"""WebSocket connections (RFC 6455) for route handlers, the same on every server that can carry them."""

import asyncio

from ._compat import iscoroutine, log_error, wraps
from .errors import HTTPException
from .frames import BINARY, CLOSE, CONTINUATION, GOING_AWAY, INTERNAL_ERROR, NORMAL, PING, PONG, TEXT
from .handshake import check_origin, check_request, response_headers, select_subprotocol, tokens
from .request import Request
from .response import Response


class WebSocketError(OSError):
    """The connection is closed: the peer has ended it or is gone, or the application has closed it."""

    def __init__(self, message: str = "WebSocket closed"):
        super().__init__(32, message)  # EPIPE


class WebSocket:
    """A WebSocket connection: what a handler gets from `with_websocket`.

    Iterate over it for the messages until the connection is closed, or call `receive()`. While the handler does
    something else pings are answered and the peer's end is noticed, and up to `read_ahead` bytes of messages are kept.
    """

    CONT = CONTINUATION
    TEXT = TEXT
    BINARY = BINARY
    CLOSE = CLOSE
    PING = PING
    PONG = PONG

    #: Limit of a message's size in bytes, above which the connection is closed with code 1009. -1: that of
    #: `Request.max_body_length`. 0: no limit.
    max_message_length = -1
    #: Messages that the handler does not take are read up to about so many bytes. What comes then has to wait.
    read_ahead = 1024
    #: Seconds that the peer has for its part of the closing handshake.
    close_timeout = 5
    #: Seconds that the handler has to answer the last messages when the peer closes, and to end by itself after the
    #: connection's end before it is cancelled: it may wait for something that is not the connection.
    grace = 1

    #: The subprotocol agreed upon with the client, or None.
    subprotocol: "str | None" = None
    _closing = False
    _messages = ()  # read ahead, oldest first
    _reader = None  # the task that reads from the channel
    _expired = False  # it was cancelled because the peer is gone
    _watching = False  # it does that for nobody yet
    _waiting = False  # the handler waits for what another task reads
    _changed = None  # the Event of that waiting
    _ticks = 0  # until the peer or the handler is out of time
    _ping_ticks = 0
    _abandoned = False  # the handler had to be cancelled

    def __init__(self, channel, request, subprotocol: "str | None" = None, ping_interval: "float | None" = None):
        self._channel = channel
        self._request = request
        self._handler = asyncio.current_task()
        if subprotocol:
            self.subprotocol = subprotocol
        if ping_interval:
            self._ping_ticks = max(int(ping_interval * 4), 1)
        request._finish = self._finish
        request.transport.watch = self._look

    # Reading: by the handler while it waits for a message, else by a task that is made when something may come

    async def _pull(self):
        """Return the next message from the channel, None when the connection is closed."""
        self._reader = asyncio.current_task()
        try:
            message = await self._channel.receive(self._settled)
            while self._closing and message is not None:  # what comes after this side's close is left out
                message = await self._channel.receive(self._settled)
            return message
        except asyncio.CancelledError:
            if not self._expired:
                raise
            _uncancel(self._reader)
            return None
        finally:
            self._reader = None
            if self._changed:
                self._changed.set()

    def _next(self):
        """Return the next message, None when the connection is closed; to be awaited."""
        return self._await_next() if self._messages or self._reader or self.closed else self._pull()

    async def _await_next(self):
        while not self._messages:
            if self.closed:
                return None
            if not self._reader:
                return await self._pull()
            await self._reader_done()
        return self._messages.pop(0)

    async def _reader_done(self):
        """Wait until the task that reads has read a message or the end."""
        if self._changed is None:
            self._changed = asyncio.Event()
        self._waiting = True
        self._changed.clear()
        try:
            await self._changed.wait()
        finally:
            self._waiting = False

    async def _watch(self):
        """Read while the handler does something else."""
        if self._reader:
            return
        self._watching = True
        try:
            while not self._waiting and self._has_room():
                message = await self._pull()
                if message is None:
                    break
                if not self._messages:
                    self._messages = []
                self._messages.append(message)
        except Exception as error:
            log_error("Exception in a WebSocket connection", error)
            self._channel.lose()
        self._watching = False

    def _has_room(self):
        return sum([len(message) + 32 for message in self._messages]) < self.read_ahead

    async def _settled(self):
        """Give the handler time to answer the messages that have come before the connection's end."""
        left = self.grace
        while self._watching and left > 0 and (self._messages or not self._waiting):
            await asyncio.sleep(0.02)
            left -= 0.02

    # Time

    def _look(self):
        """See to the connection; the server calls this four times a second."""
        ended = self._channel.close_code is not None
        if self._ticks:
            self._ticks -= 1
            if not self._ticks:
                if not ended:
                    self._expire()
                elif self._handler:
                    self._abandoned = True
                    self._handler.cancel()
        elif ended:
            if not self._abandoned:
                self._ticks = int(self.grace * 4) + 1
        elif not self._reader:
            if self._has_room():
                asyncio.create_task(self._watch())
        elif self._ping_ticks:  # while nothing is read the peer cannot be heard: it is not silent then
            silence = self._channel.silence = self._channel.silence + 1
            if silence == self._ping_ticks:
                asyncio.create_task(self._ping())
            elif silence > 2 * self._ping_ticks:
                self._expire()

    async def _ping(self):
        try:
            await self._channel.send(b"", PING)
        except OSError:
            self._expire()

    def _expire(self):
        """End the connection without its peer."""
        self._channel.lose()
        if self._reader:
            self._expired = True
            self._reader.cancel()

    # What handlers use

    @property
    def closed(self) -> bool:
        """Whether the connection is closed or being closed: nothing can be sent any more."""
        return self._closing or self._channel.close_code is not None

    @property
    def close_code(self) -> "int | None":
        """The code with which the connection was closed (RFC 6455, 7.4), None while it is open.

        It is the peer's: 1005 if it gave none, 1006 if it was lost without a closing handshake; or, if the peer broke
        the protocol, the code that told it so.
        """
        return self._channel.close_code

    @property
    def close_reason(self) -> str:
        """The text that came with `close_code`."""
        return self._channel.close_reason

    async def receive(self) -> "str | bytes":
        """Return the next message: str for text, bytes for binary data, empty ones included.

        :raises WebSocketError: if the connection is closed.
        """
        message = await self._next()
        if message is None:
            raise WebSocketError
        return message

    def __aiter__(self) -> "WebSocket":
        return self

    async def __anext__(self) -> "str | bytes":
        message = await self._next()
        if message is None:
            raise StopAsyncIteration
        return message

    async def send(self, data: "str | bytes", opcode: "int | None" = None) -> None:
        """Send a message, of type text if *data* is a str and binary if it is bytes.

        :param opcode: `WebSocket.TEXT` or `BINARY` to choose the type, `PING` or `PONG` for a control frame (up to 125
            bytes; a server that does this by itself leaves it out).
        :raises WebSocketError: if the connection is closed.
        :raises ValueError: for another opcode.
        """
        if opcode is None:
            opcode = TEXT if isinstance(data, str) else BINARY
        elif opcode not in (TEXT, BINARY, PING, PONG):
            raise ValueError("opcode")
        if not isinstance(data, (str, bytes, bytearray, memoryview)):
            raise TypeError("a WebSocket message is str or bytes")
        if self.closed:
            raise WebSocketError
        try:
            await self._channel.send(data, opcode)
        except OSError:
            self._expire()
            raise WebSocketError from None

    async def close(self, code: int = NORMAL, reason: str = "") -> None:
        """Close the connection, waiting `close_timeout` seconds at most for the peer to agree.

        Does nothing if it is closed.

        :param code: 1000 to 1014 except 1004 to 1006, or 3000 to 4999.
        :param reason: a text for the peer, up to 123 bytes in UTF-8; a longer one is cut.
        :raises ValueError: for another code.
        """
        if not self.closed:
            try:
                await self._channel.close(code, reason)
            except OSError:
                self._expire()
            self._closing = True
            self._messages = ()
            self._ticks = int(self.close_timeout * 4) + 1
        while self._channel.close_code is None:
            if not self.close_timeout:
                self._expire()
            elif self._reader:
                await self._reader_done()
            else:
                await self._pull()
        self._ticks = 0

    async def _finish(self, error):
        """Close the connection with the code that the end of its handler calls for."""
        request = self._request
        handler, self._handler = self._handler, None
        code = NORMAL
        try:
            if isinstance(error, asyncio.CancelledError):
                if not self._abandoned:  # the server shuts down
                    self.close_timeout = 0
                    await self.close(GOING_AWAY)
                    raise error
                _uncancel(handler)
            elif isinstance(error, Exception):
                if not isinstance(error, WebSocketError):
                    code = INTERNAL_ERROR
                    log_error("Exception in the WebSocket handler for " + request.path, error)
            elif error:
                raise error
            await self.close(code)
        finally:
            request.transport.watch = None


def _uncancel(task):
    """Say that a cancellation has been dealt with, which Python 3.11 wants to know."""
    if hasattr(task, "uncancel"):
        task.uncancel()


async def websocket_upgrade(
    request,
    subprotocols: "list[str] | tuple[str, ...]" = (),
    allowed_origins: "list[str | None] | None" = None,
    ping_interval: "float | None" = None,
    deflate: bool = False,
) -> WebSocket:
    """Accept a WebSocket request and return the connection.

    The parameters are those of `with_websocket`.

    :raises HTTPException: if it is no valid WebSocket request (400, or 426 for another version), its origin is not
        allowed (403), or the server cannot carry WebSockets (501).
    """
    transport = request.transport
    header = request._header
    limit = WebSocket.max_message_length
    if limit < 0:
        limit = Request.max_body_length
    if hasattr(transport, "accept_websocket"):  # the server speaks WebSocket itself
        check_origin(header(b"origin"), allowed_origins)
        subprotocol = select_subprotocol(transport.subprotocols, subprotocols)
        return WebSocket(await transport.accept_websocket(subprotocol, limit), request, subprotocol)
    key = check_request(request.method, request.http_version, header)
    check_origin(header(b"origin"), allowed_origins)
    if not hasattr(transport, "upgrade"):
        raise HTTPException(501, "this server does not carry WebSockets")
    from .channel import FrameChannel

    subprotocol = select_subprotocol(tokens(header(b"sec-websocket-protocol")), subprotocols)
    extension_header, extension = None, None
    if deflate:
        from .permessage import negotiate

        extension_header, extension = negotiate(header(b"sec-websocket-extensions")) or (None, None)
    received = await transport.upgrade(request, response_headers(key, subprotocol, extension_header))
    channel = FrameChannel(transport, request.client_addr, received, limit, extension)
    return WebSocket(channel, request, subprotocol, ping_interval)


def with_websocket(
    f=None,
    *,
    subprotocols: "list[str] | tuple[str, ...]" = (),
    allowed_origins: "list[str | None] | None" = None,
    ping_interval: "float | None" = None,
    deflate: bool = False,
):
    """Decorate a route's handler to serve WebSockets: `async handler(request, ws, **variables of the pattern)`.

    Used as `@with_websocket` or with parameters. The connection is closed with code 1000 when the handler returns or
    lets a `WebSocketError` out, and with 1011 after another exception, which is logged.

    :param subprotocols: the subprotocols that the application speaks; of those the client's first choice is taken.
    :param allowed_origins: the origins (`'https://host'`) whose pages may connect, others are refused with 403; None in
        it admits clients that name no origin, which browsers always do. Without the list every origin is admitted.
    :param ping_interval: seconds of silence after which the client is asked for a sign of life, and after as many more
        given up. A server that speaks WebSocket itself (ASGI) has its own setting.
    :param deflate: agree to compressed messages (RFC 7692). On a board only what the client sends is compressed, and
        only if it keeps to a small window, as browsers do.
    """

    def decorator(f):
        @wraps(f)
        async def handler(request, *args, **kwargs):
            ws = await websocket_upgrade(request, subprotocols, allowed_origins, ping_interval, deflate)
            result = f(request, ws, *args, **kwargs)
            if iscoroutine(result):
                await result
            return Response.already_handled

        return handler

    return decorator if f is None else decorator(f)
