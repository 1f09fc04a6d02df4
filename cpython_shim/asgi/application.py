"""The ASGI application: a scope becomes a request, a response becomes messages."""

import asyncio
import contextlib
import functools

import microdot
from microdot._compat import invoke_handler, isolate
from microdot._network import HostProcess
from microdot.errors import HTTPException

from .lifespan import serve_lifespan
from .messages import encode_headers, make_request, read_headers
from .websocket import serve_websocket


class Microdot(microdot.Microdot):
    """A web application that an ASGI server serves.

    :param lifespan_startup: `async f(scope)`, called before the first request; an exception of it stops the server.
    :param lifespan_shutdown: `async f(scope)`, called after the last request.
    """

    def __init__(self, lifespan_startup=None, lifespan_shutdown=None) -> None:
        super().__init__()
        self.lifespan_startup = lifespan_startup
        self.lifespan_shutdown = lifespan_shutdown

    async def __call__(self, scope, receive, send):
        """Serve one connection of an ASGI server."""
        await self.asgi_app(scope, receive, send)

    def asgi_app(self, scope, receive, send):
        """Serve one connection, when awaited; for middleware around it: `app.asgi_app = Middleware(app.asgi_app)`."""
        return serve_scope(self, scope, receive, send)


def serve(app, scope, receive=None, send=None):
    """Serve one connection; without *receive* and *send* (ASGI 2) return the coroutine function that takes them."""
    if receive is None:
        return functools.partial(serve_scope, app, scope)
    return serve_scope(app, scope, receive, send)


def serve_scope(app, scope, receive, send):
    """Serve one connection of an ASGI server with any application of this framework, when awaited."""
    kind = scope["type"]
    if app.server is None:
        app.server = HostProcess()
    if kind == "http":
        return isolate(_serve_http(app, scope, receive, send))
    if kind == "lifespan":
        startup = getattr(app, "lifespan_startup", None)
        return serve_lifespan(startup, functools.partial(_shut_down, app), scope, receive, send)
    if kind == "websocket":
        return isolate(serve_websocket(app, scope, receive, send))
    raise ValueError(f"unsupported ASGI scope: {kind}")


async def _shut_down(app, scope):
    if app.background_tasks:
        await asyncio.wait(list(app.background_tasks), timeout=app.shutdown_timeout)
    shutdown = getattr(app, "lifespan_shutdown", None)
    if shutdown:
        await shutdown(scope)


class HTTPTransport:
    """What an ASGI server offers to an HTTP request."""

    #: Calls a handler or hook.
    invoke = staticmethod(invoke_handler)
    #: Whether the connection carries another protocol now: never.
    upgraded = False
    #: Whether the server has ended the request; on CPython the request's task knows that.
    cancelled = False
    sock = max_line = None

    def __init__(self, receive, send, has_body):
        self._receive = receive
        self._send = send
        self._chunk = b""
        self.has_body = has_body
        self.more = has_body  # whether some of the request's body may be still to come

    async def receive_body(self, n):
        """Return up to *n* bytes of the request's body, `b''` at its end."""
        while not self._chunk and self.more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self.more = False
                raise HTTPException(400, "Incomplete body")
            self._chunk = message.get("body", b"")
            self.more = message.get("more_body", False)
        data, self._chunk = self._chunk[:n], self._chunk[n:]
        return data

    async def disconnected(self):
        """Return when the client has closed the connection."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def send_response(self, request, response):
        """Send a response.

        :raises OSError: if the client goes while a part of it is waited for.
        """
        send = self._send
        headers = encode_headers(response, request.method)
        await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
        body = response.body
        if request.method == "HEAD" or not response.has_body:
            if not isinstance(body, bytes):
                await response.body_iter().aclose()
            body = b""
        if isinstance(body, bytes):
            await send({"type": "http.response.body", "body": body})
        elif self.more and not request.body_loaded:
            await _stream(response, send)  # the body may be made of the request's, which is not for a watcher
        else:
            await _stream_watched(response, self, send)


class _ClientGone(OSError):
    """The client has closed the connection before it had the whole response."""


async def _serve_http(app, scope, receive, send):
    method = scope["method"]
    headers = read_headers(scope)
    has_body = method != "GET" and method != "HEAD" or b"content-length" in headers or b"transfer-encoding" in headers
    has_body = has_body or scope.get("http_version", "1.1") >= "2"  # where a body needs neither of them
    request = make_request(app, scope, method, headers, HTTPTransport(receive, send, has_body))
    with contextlib.suppress(_ClientGone):
        await app.serve_request(request)


async def _stream(response, send):
    """Send a body piece by piece."""
    chunks = response.body_iter()
    try:
        async for chunk in chunks:
            await send({"type": "http.response.body", "body": bytes(chunk), "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        await chunks.aclose()


async def _stream_watched(response, transport, send):
    """Send a body piece by piece; a client that goes away cancels the wait for the next piece.

    :raises OSError: if it does.
    """
    task = asyncio.current_task()
    gone = False

    async def watch():
        nonlocal gone
        await transport.disconnected()
        gone = True
        task.cancel()

    watcher = asyncio.create_task(watch())
    try:
        await _stream(response, send)
    except asyncio.CancelledError:
        if not gone:
            raise
        if hasattr(task, "uncancel"):  # Python 3.11
            task.uncancel()
        raise _ClientGone from None
    finally:
        watcher.cancel()
