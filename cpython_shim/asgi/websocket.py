"""WebSockets under ASGI: the server speaks the protocol, the application gets its messages."""

import asyncio

from microdot import Response
from microdot._compat import TICKS_PER_SECOND, invoke_handler
from microdot._response import close_body
from microdot.websocket.frames import ABNORMAL, CLOSE, NO_STATUS, TEXT, TOO_BIG, FrameError, is_close_code

from .messages import encode_headers, make_request, read_headers

if -0:  # for type checkers: MicroPython's compiler leaves this out, and Pyright reads it, unlike "if False"
    from microdot._transport import Watcher

#: Bytes of a close frame that are left for the reason (RFC 6455, section 5.5).
MAX_REASON = 123


class WebSocketTransport:
    """What an ASGI server offers to a request for a WebSocket."""

    has_body = False

    #: Calls a handler or hook.
    invoke = staticmethod(invoke_handler)
    max_line = None
    watch: "Watcher | None" = None
    #: Whether the server has ended the request; on CPython the request's task knows that.
    cancelled = False

    def __init__(self, scope, receive, send):
        self.read = receive
        self._scope = scope
        self._send = send
        self.subprotocols = scope.get("subprotocols") or []
        #: Whether the request has been accepted, and the connection carries messages.
        self.upgraded = False
        self._refused = False

    def take_sock(self):
        """Return None: the server keeps the connection."""

    async def receive_body(self, n):
        """Return the end of the request's body: a WebSocket's request has no body."""
        return b""

    async def accept_websocket(self, subprotocol, max_message_length):
        """Accept the request; return the connection, whose messages `read()` and `send()` carry."""
        self.upgraded = True
        await self._send({"type": "websocket.accept", "subprotocol": subprotocol})
        asyncio.get_running_loop().call_later(1 / TICKS_PER_SECOND, self._tick)
        return MessageConnection(max_message_length)

    def _tick(self):
        if self.watch:
            self.watch.look()
            asyncio.get_running_loop().call_later(1 / TICKS_PER_SECOND, self._tick)

    async def send_response(self, request, response):
        """Refuse the request: with the response if the server can send it, otherwise with status 403."""
        self._refused = True
        send = self._send
        if "websocket.http.response" not in (self._scope.get("extensions") or {}):
            await send({"type": "websocket.close", "code": 1000})
            return
        headers = encode_headers(response, "GET")
        await send({"type": "websocket.http.response.start", "status": response.status_code, "headers": headers})
        body = response.body
        if not isinstance(body, bytes):
            chunks = response.body_iter()
            try:
                body = b"".join([bytes(chunk) async for chunk in chunks])
            finally:
                await close_body(chunks, None)
        # In one message: servers begin to answer when the first one comes, and some do not wait for the others.
        await send({"type": "websocket.http.response.body", "body": body})

    async def refuse(self):
        """Refuse the request with status 403 if it has not been answered."""
        if not (self.upgraded or self._refused):
            await self.send_response(None, Response("", 403))

    async def send(self, message):
        """Give a message to the server.

        :raises OSError: if the peer is gone.
        """
        if message:
            try:
                await self._send(message)
            except RuntimeError as error:  # servers raise it when the connection has ended
                raise OSError(32, "WebSocket closed") from error


class MessageConnection:
    """What `frames.Connection` is for bytes, for the messages of a server that speaks the protocol itself."""

    linger = 0
    reply = error = close_code = _message = None
    pending = 0  # the server keeps messages until they are complete
    close_reason = ""

    def __init__(self, max_message_length):
        self._limit = max_message_length

    def feed(self, message):
        """Take a message from the server; an empty one means that the peer is gone."""
        if message:
            self._message = message
        elif self.close_code is None:
            self.close_code = ABNORMAL

    def next_event(self):
        """Return what the peer sent, None if another message is needed."""
        message, self._message = self._message, None
        self.reply = None
        if not message:
            return None
        if message["type"] == "websocket.disconnect":  # the server itself has answered the peer
            self.close_code = message.get("code") or NO_STATUS
            self.close_reason = message.get("reason") or ""
            return CLOSE, (self.close_code, self.close_reason)
        text = message.get("text")  # servers may send both, one of them None
        data = (message.get("bytes") or b"") if text is None else text
        if self._limit and (len(data) if text is None else len(text.encode())) > self._limit:
            return self.fail(FrameError(TOO_BIG, "message too big"))
        return TEXT, data

    def fail(self, error):
        """Abandon the connection because of *error*."""
        self.error = error
        self.close_code, self.close_reason = error.code, error.reason
        self.reply = self.close(error.code, error.reason)
        return CLOSE, (error.code, error.reason)

    def message(self, data, opcode):
        """Return what sends a message of type TEXT or BINARY.

        :raises ValueError: for text that UTF-8 cannot hold, which some servers would send as nothing.
        """
        if opcode == TEXT:
            text = data if isinstance(data, str) else str(data, "utf-8")
            if not text.isascii():
                text.encode()
            return {"type": "websocket.send", "text": text}
        return {"type": "websocket.send", "bytes": data.encode() if isinstance(data, str) else bytes(data)}

    def control(self, opcode, payload=b""):
        """Return nothing to send: the server answers pings."""

    def close(self, code, reason):
        """Return what closes the connection, with as much of *reason* as fits: some servers fail if it is longer.

        :raises ValueError: for a code that no endpoint may send, and a reason that UTF-8 cannot hold.
        """
        if not is_close_code(code):
            raise ValueError(f"invalid close code {code!r}: use 1000, or one from 3000 to 4999")
        reason = reason.encode()[:MAX_REASON].decode(errors="ignore")
        return {"type": "websocket.close", "code": code, "reason": reason}


async def serve_websocket(app, scope, receive, send):
    """Serve one WebSocket connection, or refuse it with an HTTP response."""
    if app.lifespan and not app.lifespan.started:
        await app.lifespan.start_once()
    if (await receive())["type"] != "websocket.connect":
        return
    transport = WebSocketTransport(scope, receive, send)
    scheme = "https" if scope.get("scheme") == "wss" else "http"
    request = make_request(app, dict(scope, scheme=scheme), "GET", read_headers(scope), transport)
    request.asgi_scope = scope
    await app.serve_request(request)
    await transport.refuse()
