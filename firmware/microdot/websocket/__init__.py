"""WebSocket connections (RFC 6455) for route handlers, the same on every server that can carry them."""

import asyncio

from .._compat import TICKS_PER_SECOND, is_fault, iscoroutine, uncancel, wraps
from .._request import Request
from .._response import Response
from ..errors import HTTPException
from .connection import Channel
from .connection import WebSocketError as WebSocketError
from .frames import BINARY, CLOSE, CONTINUATION, GOING_AWAY, INTERNAL_ERROR, NORMAL, PING, PONG, TEXT, Connection
from .handshake import check_origin, check_request, response_headers, select_subprotocol, tokens

if -0:  # for type checkers: MicroPython's compiler leaves this out, and Pyright reads it, unlike "if False"
    from typing import Any, Awaitable, Callable


#: Default of `ping_interval`. Less than the 30 s and more after which proxies and routers forget silent connections.
PING_SECONDS = 25


class WebSocket(Channel):
    """A WebSocket connection: what a handler gets from `with_websocket`.

    Iterate over it for the messages until the connection is closed, or call `receive()`. While the handler does
    something else, pings are answered, the peer's end is noticed, and up to `read_ahead` bytes of messages are kept.
    """

    CONT = CONTINUATION
    TEXT = TEXT
    BINARY = BINARY
    CLOSE = CLOSE
    PING = PING
    PONG = PONG

    #: Limit of a message's size in bytes, above which the connection is closed with code 1009. -1 means
    #: `Request.max_body_length`, or the server's own limit if it speaks WebSocket itself (ASGI); 0 means no limit.
    max_message_length = -1
    #: The subprotocol agreed upon with the client, or None.
    subprotocol: "str | None" = None

    def __init__(self, connection, request, subprotocol: "str | None" = None, ping_interval: "float | None" = None):
        super().__init__(connection, request)
        if subprotocol:
            self.subprotocol = subprotocol
        if ping_interval:
            self._ping_ticks = max(int(ping_interval * TICKS_PER_SECOND), 1)
        request.take_over(self._finish)

    @property
    def closed(self) -> bool:
        """Whether the connection is closed or being closed: nothing can be sent any more."""
        return self._closing or self._ended

    @property
    def close_code(self) -> "int | None":
        """The code with which the connection was closed (RFC 6455, 7.4), None while it is open.

        It is the peer's code: 1005 if the peer gave none, 1006 if the connection was lost without a closing handshake.
        If the peer broke the protocol, it is the code that was sent to the peer.
        """
        return self._connection.close_code if self._ended else None

    @property
    def close_reason(self) -> str:
        """The text that came with `close_code`."""
        return self._connection.close_reason

    def receive(self) -> "Awaitable[str | bytes]":
        """Return the next message: str for text, bytes for binary data, empty ones included. To be awaited.

        :raises WebSocketError: if the connection is closed.
        """
        return self._pull(WebSocketError)

    def __aiter__(self) -> "WebSocket":
        return self

    def __anext__(self) -> "Awaitable[str | bytes]":
        return self._pull(StopAsyncIteration)

    async def send(self, data: "str | bytes", opcode: "int | None" = None) -> None:
        """Send a message, of type text if *data* is a str and binary if it is bytes.

        :param opcode: `WebSocket.TEXT` or `BINARY` to choose the type, `PING` or `PONG` for a control frame (up to 125
            bytes; not sent if the server pings by itself).
        :raises WebSocketError: if the connection is closed.
        :raises ValueError: for another opcode, or for a control frame that is too long.
        :raises TypeError: if *data* is neither str nor bytes.
        """
        if opcode is None:
            opcode = TEXT if isinstance(data, str) else BINARY
        elif opcode not in (TEXT, BINARY, PING, PONG):
            raise ValueError("invalid opcode %r: use TEXT, BINARY, PING or PONG" % opcode)
        if not isinstance(data, (str, bytes, bytearray, memoryview)):
            raise TypeError("a WebSocket message must be str or bytes, not " + repr(data)[:80])
        if self._closing or self._ended:
            raise WebSocketError
        if opcode < CLOSE:
            frame = self._connection.message(data, opcode)
        else:
            frame = self._connection.control(opcode, data.encode() if isinstance(data, str) else data)
        await self._write(frame)

    def send_now(self, data: "str | bytes", forms: "dict[str, bytes]") -> bool:
        """Send a message if the client can take it at once; return whether this was possible. For `PubSub`.

        :param forms: a dictionary for all clients that get this message, in which they share its frame.
        :raises OSError: if the client is gone.
        """
        write = getattr(self._request.transport, "write", None)
        if not write or self._sending or self._closing or self._ended:
            return False
        connection = self._connection
        frame = forms.get("frame") if connection.shares_frames else None
        if frame is None:
            if not isinstance(data, (str, bytes)):
                return False
            frame = connection.message(data, TEXT if isinstance(data, str) else BINARY)
            if connection.shares_frames:
                forms["frame"] = frame
        if not write(frame):
            asyncio.create_task(self._send_rest())
            self._sending = True  # until that task waits
        return True

    async def close(self, code: int = NORMAL, reason: str = "") -> None:
        """Close the connection, waiting `close_timeout` seconds at most for the peer to agree.

        Does nothing if it is closed.

        :param code: 1000 to 1014 except 1004 to 1006, or 3000 to 4999.
        :param reason: a text for the peer, up to 123 bytes in UTF-8; a longer one is cut.
        :raises ValueError: for another code.
        """
        if not self.closed:
            frame = self._connection.close(code, reason)
            try:
                if frame:
                    await self._write(frame)
            except OSError:
                pass
            self._closing = True
            self._messages = ()
            self._ticks = int(self.close_timeout * TICKS_PER_SECOND) + 1
        while not self._ended:
            if not self.close_timeout:
                self._expire()
            elif self._reader:
                await self._reader_done()
            else:
                await self._pull(None)
        self._ticks = 0

    async def _finish(self, error):
        """Close the connection with the code that fits the way its handler ended.

        If that fails, it is called once more, with the exception of the first time.
        """
        request = self._request
        handler, self._handler = self._handler, None
        code = NORMAL
        try:
            if self._abandoned and isinstance(error, asyncio.CancelledError):
                uncancel(handler)
            elif error is not None and (is_fault(error, request.transport) or isinstance(error, MemoryError)):
                if not isinstance(error, WebSocketError):
                    code = INTERNAL_ERROR
                    request.app.report_exception(request, error)
            elif error is not None:  # the server shuts down
                self.close_timeout = 0
                await self.close(GOING_AWAY)
                raise error
            await self.close(code)
        finally:
            self.close_timeout = 0  # nobody looks at the clock any more: a second time waits for nothing
            request.transport.watch = None


async def websocket_upgrade(
    request,
    subprotocols: "list[str] | tuple[str, ...]" = (),
    allowed_origins: "list[str | None] | None" = None,
    ping_interval: "float | None" = PING_SECONDS,
    deflate: bool = False,
) -> WebSocket:
    """Accept a WebSocket request and return the connection.

    The parameters are those of `with_websocket`.

    :raises HTTPException: if the request is not a valid WebSocket request (400, or 426 for another version), its origin
        is not allowed (403), or the server cannot carry WebSockets (501).
    """
    transport = request.transport
    header = request._header
    limit = WebSocket.max_message_length
    if hasattr(transport, "accept_websocket"):  # the server speaks WebSocket itself
        check_origin(header(b"origin"), allowed_origins)
        subprotocol = select_subprotocol(transport.subprotocols, subprotocols)
        connection = await transport.accept_websocket(subprotocol, max(limit, 0))
        _log_accepted(request)
        return WebSocket(connection, request, subprotocol)
    key = check_request(request.method, request.http_version, header)
    check_origin(header(b"origin"), allowed_origins)
    if not hasattr(transport, "upgrade"):
        raise HTTPException(501, "this server does not carry WebSockets")
    subprotocol = select_subprotocol(tokens(header(b"sec-websocket-protocol")), subprotocols)
    extension_header, extension = None, None
    if deflate:
        from .permessage_deflate import negotiate

        extension_header, extension = negotiate(header(b"sec-websocket-extensions")) or (None, None)
    received = await transport.upgrade(request, response_headers(key, subprotocol, extension_header))
    _log_accepted(request)
    connection = Connection(False, Request.max_body_length if limit < 0 else limit, extension)
    if received:
        connection.feed(received)
    return WebSocket(connection, request, subprotocol, ping_interval)


def _log_accepted(request):
    """Log the status that the server has sent, which no response of an application can have."""
    response = Response()
    response.status_code = 101
    request.app.log_access(request, response)


def with_websocket(
    f: "Callable[..., Any] | None" = None,
    *,
    subprotocols: "list[str] | tuple[str, ...]" = (),
    allowed_origins: "list[str | None] | None" = None,
    ping_interval: "float | None" = PING_SECONDS,
    deflate: bool = False,
) -> "Callable[..., Any]":
    """Decorate a route's handler to serve WebSockets: `async handler(request, ws, **variables of the pattern)`.

    Use it as `@with_websocket` or with parameters. The connection is closed with code 1000 when the handler returns or
    raises `WebSocketError`, and with 1011 after another exception, which is logged.

    :param subprotocols: the subprotocols that the application speaks; the client's first choice among them is taken.
    :param allowed_origins: the origins (`'https://host'`) whose pages may connect; others are refused with 403. None in
        the list admits clients that send no origin, which no browser does. Without a list every origin is admitted.
    :param ping_interval: seconds of silence after which the client is pinged; after as many more seconds of silence the
        connection ends. None: never. A server that speaks WebSocket itself (ASGI) has its own setting.
    :param deflate: agree to compressed messages (RFC 7692). On a board only what the client sends is compressed, and
        only if it keeps to a small window, as browsers do.
    """

    options = subprotocols, allowed_origins, ping_interval, deflate

    def decorator(f):
        @wraps(f)
        async def handler(request, *args, **kwargs):
            result = f(request, await websocket_upgrade(request, *options), *args, **kwargs)
            if iscoroutine(result):
                await result
            return Response.already_handled

        return handler

    return decorator if f is None else decorator(f)
