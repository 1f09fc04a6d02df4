"""WebSockets under ASGI: the server speaks the protocol, the application gets its messages."""

import asyncio
import contextlib

from microdot import Response
from microdot._compat import invoke_handler, log_error
from microdot.frames import ABNORMAL, BINARY, NO_STATUS, TEXT, TOO_BIG, is_close_code

from .messages import encode_headers, make_request


class WebSocketTransport:
    """What an ASGI server offers to a request for a WebSocket."""

    #: Calls a handler or hook.
    invoke = staticmethod(invoke_handler)
    #: A function that the application wants to be called four times a second, or None.
    watch = None

    def __init__(self, scope, receive, send):
        self._receive = receive
        self._send = send
        self._client = scope.get("client")
        self.subprotocols = scope.get("subprotocols") or []
        self.accepted = False

    async def accept_websocket(self, subprotocol, max_message_length):
        """Accept the request; return the channel for the connection's messages."""
        self.accepted = True
        await self._send({"type": "websocket.accept", "subprotocol": subprotocol})
        asyncio.get_running_loop().call_later(0.25, self._tick)
        return MessageChannel(self._receive, self._send, max_message_length, self._client)

    def _tick(self):
        if self.watch:
            self.watch()
            asyncio.get_running_loop().call_later(0.25, self._tick)


class MessageChannel:
    """The messages of a WebSocket, as the server gives and takes them."""

    silence = 0  # not counted: pings are the server's business

    def __init__(self, receive, send, max_message_length, client):
        self._receive = receive
        self._send = send
        self._limit = max_message_length
        self._client = client
        self.close_code = None
        self.close_reason = ""

    async def receive(self, settled):
        """Return the next message, None when the connection is closed.

        :param settled: coroutine function that returns when this side may close; the server itself answers the peer's
            wish to close.
        """
        while self.close_code is None:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                self.close_code = message.get("code") or NO_STATUS
                self.close_reason = message.get("reason") or ""
            elif message["type"] == "websocket.receive":
                data = message.get("text")
                if data is None:  # servers may send both, one of them None
                    data = message.get("bytes") or b""
                if not self._limit or _size(data) <= self._limit:
                    return data
                await settled()
                await self._refuse_message()
        return None

    async def _refuse_message(self):
        log_error(f"WebSocket of {self._client} closed: {TOO_BIG} message too big")
        with contextlib.suppress(OSError):
            await self.close(TOO_BIG, "message too big")
        self.close_code, self.close_reason = TOO_BIG, "message too big"

    async def send(self, data, opcode):
        """Send a message; pings and pongs are the server's business.

        :raises OSError: if the peer is gone.
        """
        if opcode == TEXT:
            text = data if isinstance(data, str) else str(data, "utf-8")
            await self._pass({"type": "websocket.send", "text": text})
        elif opcode == BINARY:
            data = data.encode() if isinstance(data, str) else bytes(data)
            await self._pass({"type": "websocket.send", "bytes": data})

    async def close(self, code, reason):
        """Close the connection.

        :raises OSError: if the peer is gone.
        :raises ValueError: for a code that no endpoint may send.
        """
        if not is_close_code(code):
            raise ValueError("close code")
        await self._pass({"type": "websocket.close", "code": code, "reason": reason})

    def lose(self):
        """Give the peer up."""
        self.close_code = self.close_code or ABNORMAL

    async def _pass(self, message):
        try:
            await self._send(message)
        except OSError:
            self.lose()
            raise
        except RuntimeError as error:  # what servers raise after the connection's end
            self.lose()
            raise OSError(32, "WebSocket closed") from error


def _size(data):
    return len(data.encode()) if isinstance(data, str) else len(data)


async def serve_websocket(app, scope, receive, send):
    """Serve one WebSocket connection, or refuse it with an HTTP response."""
    if (await receive())["type"] != "websocket.connect":
        return
    transport = WebSocketTransport(scope, receive, send)
    scheme = "https" if scope.get("scheme") == "wss" else "http"
    request = make_request(app, dict(scope, scheme=scheme), "GET", transport)
    request.asgi_scope = scope
    try:
        response = await app.dispatch_request(request)
    finally:
        request.start_background()
    if transport.accepted:
        app.log_access(request, Response("", 101))
        return
    if response is Response.already_handled:
        response = Response("", 403)
    await _refuse(response, scope, send)
    app.log_access(request, response)


async def _refuse(response, scope, send):
    """Refuse the connection: with the response where the server can send it, else its status is 403."""
    if "websocket.http.response" not in (scope.get("extensions") or {}):
        await send({"type": "websocket.close", "code": 1000})
        return
    headers = encode_headers(response)
    await send({"type": "websocket.http.response.start", "status": response.status_code, "headers": headers})
    body = response.body
    if not isinstance(body, bytes):
        chunks = response.body_iter()
        try:
            body = b"".join([bytes(chunk) async for chunk in chunks])
        finally:
            await chunks.aclose()
    # In one message: servers begin to answer at the start message, and some do not wait for all of the body.
    await send({"type": "websocket.http.response.body", "body": body})
