"""WebSocket connections (RFC 6455) for route handlers, the same on every server that can carry them."""

import asyncio

from ._compat import iscoroutine, log_error, wraps
from .errors import HTTPException
from .frames import BINARY, CLOSE, CONTINUATION, GOING_AWAY, INTERNAL_ERROR, NORMAL, PING, PONG, TEXT
from .handshake import check_origin, check_request, response_headers, select_subprotocol, tokens
from .queues import BoundedQueue, QueueClosed
from .request import Request
from .response import Response


class WebSocketError(OSError):
    """The connection is closed: the peer has ended it or is gone, or the application has closed it."""

    def __init__(self, message: str = "WebSocket closed"):
        super().__init__(32, message)  # EPIPE


class WebSocket:
    """A WebSocket connection: what a handler gets from `with_websocket`.

    Iterate over it for the messages until the connection is closed, or call `receive()`. Pings are answered and the
    peer's closing is noticed while the handler does something else, as long as it leaves no message waiting.
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
    #: Seconds that the peer has for its part of the closing handshake.
    close_timeout = 5
    #: Seconds that the handler has to answer the last messages when the peer closes, and to end by itself after the
    #: connection's end before it is cancelled: it may wait for something that is not the connection.
    grace = 1

    _abandoned = False  # its handler had to be cancelled

    def __init__(self, channel, subprotocol: "str | None", request):
        #: The subprotocol agreed upon with the client, or None.
        self.subprotocol = subprotocol
        self._channel = channel
        self._messages = BoundedQueue(1)
        self._closing = False
        self._idle = asyncio.Event()  # set while the handler waits for a message, and before the first
        self._idle.set()
        self._ended = asyncio.Event()
        self._reader = asyncio.create_task(self._read())
        self._path = request.path
        self._handler = asyncio.current_task()
        request._finish = self._finish

    async def _read(self):
        try:
            message = await self._channel.receive(self._settled)
            while message is not None:
                await self._deliver(message)
                message = await self._channel.receive(self._settled)
        except Exception as error:
            log_error("Exception in a WebSocket connection", error)
        finally:
            self._messages.close()
            self._ended.set()
        await asyncio.sleep(self.grace)
        if self._handler:
            self._abandoned = True
            self._handler.cancel()

    async def _deliver(self, message):
        self._idle.clear()
        try:
            await self._messages.put(message)
        except QueueClosed:
            return  # the application has closed the connection: what still comes is left out

    async def _settled(self):
        """Give the handler time to answer the messages that have come before the connection's end."""
        try:
            await asyncio.wait_for(self._idle.wait(), self.grace)
        except asyncio.TimeoutError:
            return

    async def _next(self):
        if self._messages.empty:
            self._idle.set()
        return await self._messages.get()

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
        try:
            return await self._next()
        except QueueClosed:
            raise WebSocketError from None

    def __aiter__(self) -> "WebSocket":
        return self

    async def __anext__(self) -> "str | bytes":
        try:
            return await self._next()
        except QueueClosed:
            raise StopAsyncIteration from None

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
            self._closing = True
            self._reader.cancel()
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
                self._reader.cancel()
            self._closing = True
        self._messages.close()
        self._idle.set()
        try:
            await asyncio.wait_for(self._ended.wait(), self.close_timeout)
        except asyncio.TimeoutError:
            self._reader.cancel()

    async def _finish(self, error):
        """Close the connection with the code that the end of its handler calls for."""
        handler, self._handler = self._handler, None
        code = NORMAL
        if isinstance(error, asyncio.CancelledError):
            if not self._abandoned:  # the server shuts down
                self.close_timeout = 0
                await self.close(GOING_AWAY)
                raise error
            if hasattr(handler, "uncancel"):  # Python 3.11
                handler.uncancel()
        elif isinstance(error, Exception):
            if not isinstance(error, WebSocketError):
                code = INTERNAL_ERROR
                log_error("Exception in the WebSocket handler for " + self._path, error)
        elif error:
            raise error
        await self.close(code)
        self._reader.cancel()


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
    headers = request.headers
    limit = WebSocket.max_message_length
    if limit < 0:
        limit = Request.max_body_length
    if hasattr(transport, "accept_websocket"):  # the server speaks WebSocket itself
        check_origin(headers.get("Origin"), allowed_origins)
        subprotocol = select_subprotocol(transport.subprotocols, subprotocols)
        return WebSocket(await transport.accept_websocket(subprotocol, limit), subprotocol, request)
    key = check_request(request.method, request.http_version, headers)
    check_origin(headers.get("Origin"), allowed_origins)
    if not hasattr(transport, "upgrade"):
        raise HTTPException(501, "this server does not carry WebSockets")
    from .channel import FrameChannel

    subprotocol = select_subprotocol(tokens(headers.get("Sec-WebSocket-Protocol")), subprotocols)
    extension_header, extension = None, None
    if deflate:
        from .permessage import negotiate

        extension_header, extension = negotiate(headers.get("Sec-WebSocket-Extensions")) or (None, None)
    received = await transport.upgrade(request, response_headers(key, subprotocol, extension_header))
    channel = FrameChannel(transport, request.client_addr, received, limit, extension, ping_interval)
    return WebSocket(channel, subprotocol, request)


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
