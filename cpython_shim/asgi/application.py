"""The ASGI application: a scope becomes a request, a response becomes messages."""

import asyncio
import functools
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import microdot
from microdot import Response
from microdot._compat import invoke_handler, is_fault, isolate, log_error, uncancel
from microdot._response import close_body
from microdot.errors import HTTPException, error_text
from microdot.gateway.process import HostProcess
from microdot.gateway.stopping import read_body

from .lifespan import serve_lifespan
from .messages import encode_headers, make_request, read_headers
from .websocket import serve_websocket


class Microdot(microdot.Microdot):
    """A web application that an ASGI server serves.

    :param lifespan_startup: `async f(scope)`, called before the first request; an exception stops the server.
    :param lifespan_shutdown: `async f(scope)`, called after the last request.
    """

    def __init__(self, lifespan_startup=None, lifespan_shutdown=None) -> None:
        super().__init__()
        self.lifespan_startup = lifespan_startup
        self.lifespan_shutdown = lifespan_shutdown

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one connection of an ASGI server."""
        await self.asgi_app(scope, receive, send)

    if TYPE_CHECKING:
        asgi_app: Callable[[Any, Any, Any], Awaitable[None]]  # which may be assigned, unlike a method
    else:

        async def asgi_app(self, scope: Any, receive: Any, send: Any) -> None:
            """Serve one connection; for middleware around it: `app.asgi_app = Middleware(app.asgi_app)`."""
            await serve_scope(self, scope, receive, send)  # middleware checks that this is a coroutine function


def serve(app: microdot.Microdot, scope: Any, receive: Any = None, send: Any = None) -> Any:
    """Serve one connection; without *receive* and *send* (ASGI 2) return the coroutine function that takes them."""
    if receive is None:
        return functools.partial(_serve, app, scope)
    return _serve(app, scope, receive, send)


async def _serve(app, scope, receive, send):
    await serve_scope(app, scope, receive, send)


def serve_scope(app, scope, receive, send):
    """Serve one connection of an ASGI server with any application of this framework; the caller awaits it."""
    kind = scope["type"]
    if app.server is None:
        app.server = HostProcess()
    if kind == "http":
        return isolate(_serve_http(app, scope, receive, send))
    if kind == "lifespan":
        start, end = functools.partial(_start_up, app), functools.partial(_shut_down, app)
        return serve_lifespan(start, end, scope, receive, send)
    if kind == "websocket":
        return isolate(serve_websocket(app, scope, receive, send))
    raise ValueError(f"unsupported ASGI scope: {kind}")


async def _start_up(app, scope):
    startup = getattr(app, "lifespan_startup", None)
    if startup:
        await startup(scope)
    if app.lifespan:
        await app.lifespan.start()


async def _shut_down(app, scope):
    if app.background_tasks:
        await asyncio.wait(list(app.background_tasks), timeout=app.shutdown_timeout)
    if app.lifespan:
        await app.lifespan.stop()
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
    #: Whether the end of the response has been sent.
    ended = False
    #: Whether the client has left before that.
    gone = False
    max_line = None

    def __init__(self, receive, send, has_body):
        self._receive = receive
        self.send = send
        self._chunk = b""
        self.has_body = has_body
        self.more = has_body  # whether more of the request's body may come

    def take_sock(self):
        """Return None: the server keeps the connection."""

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

    async def _end_body(self):
        """Wait for the end of a body when all of its bytes have come; HTTP/2 may send the end in a separate frame.

        A response sent before that ends the stream, and hypercorn would close the connection over the late frame.
        """
        while self.more:
            self.more = (await self._receive()).get("more_body", False)

    async def disconnected(self):
        """Return when the client has closed the connection."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def send_response(self, request, response):
        """Send a response; return the one that was sent instead, because the body began with an error, or None.

        :raises OSError: if the client leaves while the next part is awaited.
        """
        if self.more and request.body_loaded:
            await self._end_body()
        body = response.body
        # The usual status costs no call.
        bodiless = request.method == "HEAD" or response.status_code != 200 and not response.has_body
        if isinstance(body, bytes) or bodiless:
            if not isinstance(body, bytes):
                await close_body(response.body_iter(), self)
            await _send_head(response, request, self.send)
            await self.send({"type": "http.response.body", "body": b"" if bodiless else body})
            return None
        if self.more and not request.body_loaded:  # the body may be made of the request's, which is not for a watcher
            error = await _stream(response, request, self.send)
        else:
            error = await _stream_watched(response, request, self)
        if error is None:
            return None
        response = await request.app.handle_error(request, error)
        if not isinstance(response.body, bytes):
            error = await _stream(response, request, self.send)
            if error is None:
                return response
            log_error("Exception in the body of a response", error)
            response = Response(error_text(500), 500)
        await self.send_response(request, response)
        return response


def _send_head(response, request, send):
    """Send a response's head, when awaited."""
    headers = encode_headers(response, request.method)
    return send({"type": "http.response.start", "status": response.status_code, "headers": headers})


class _Head:
    """A response's head: it is sent with the first piece of the body, or when `first_piece_timeout` is over."""

    def __init__(self, response, request, send):
        self._response = response, request, send
        self._sending = None  # the task that sends it
        self.begun = False
        timeout = request.app.first_piece_timeout or 0
        self._timer = asyncio.get_running_loop().call_later(timeout, self._expire) if timeout else None

    def _expire(self):
        self.begun = True
        self._sending = asyncio.ensure_future(_send_head(*self._response))

    async def send(self):
        """Send the head, or wait until that is done."""
        self.hold()
        if not self.begun:
            self.begun = True
            await _send_head(*self._response)
        elif self._sending:
            sending, self._sending = self._sending, None
            await sending

    def hold(self):
        """Stop the task that would send the head without a piece."""
        if self._timer:
            self._timer.cancel()


class _ClientGone(OSError):
    """The client has closed the connection before it received the whole response."""


async def _serve_http(app, scope, receive, send):
    if app.lifespan and not app.lifespan.started:
        await app.lifespan.start_once()
    method = scope["method"]
    headers = read_headers(scope)
    has_body = method != "GET" and method != "HEAD" or b"content-length" in headers or b"transfer-encoding" in headers
    has_body = has_body or scope.get("http_version", "1.1") >= "2"  # in which a body needs neither of these fields
    request = make_request(app, scope, method, headers, HTTPTransport(receive, send, has_body))
    try:
        await app.serve_request(request)
    except _ClientGone:
        pass


async def _stream(response, request, send):
    """Send head and body piece by piece; return the application's error if one comes before the head is sent, or None.

    :raises BaseException: an error that comes later: the server ends the connection, so that the client notices.
    """
    head = _Head(response, request, send)
    chunks = read_body(response)
    own = True  # exceptions come from the application
    try:
        if not request.app.first_piece_timeout:
            await head.send()
        while True:
            own = True
            chunk = await chunks.__anext__()
            own = False
            if request.transport.gone:  # Python 3.11's wait_for(), for one, swallows a cancellation now and then
                raise _ClientGone
            await head.send()
            await send({"type": "http.response.body", "body": bytes(chunk), "more_body": True})
    except StopAsyncIteration:
        await head.send()
        request.transport.ended = True
        await send({"type": "http.response.body", "body": b""})
    except BaseException as error:
        head.hold()
        if not own or not is_fault(error, None):
            raise
        if not head.begun:
            return error
        await head.send()
        if isinstance(error, Exception):
            raise
        raise RuntimeError(f"the body of a response raised {type(error).__name__}") from error
    finally:
        head.hold()
        await close_body(chunks, None)
    return None


async def _stream_watched(response, request, transport):
    """Do the same; when the client leaves, the wait for the next piece is cancelled.

    :raises OSError: if it does.
    """
    task = asyncio.current_task()

    async def watch():
        await transport.disconnected()
        if not transport.ended:  # some servers say after each response that the client has gone
            transport.gone = True
            task.cancel()

    watcher = asyncio.create_task(watch())
    try:
        return await _stream(response, request, transport.send)
    except (asyncio.CancelledError, _ClientGone):
        if not transport.gone:
            raise
        uncancel(task)
        raise _ClientGone from None
    finally:
        watcher.cancel()
