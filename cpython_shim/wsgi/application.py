"""The WSGI application: an environment becomes a request, a response becomes an iterable.

`def` handlers run in the thread in which the server calls, coroutines in the process's event loop.
"""

import asyncio
import atexit
import functools
import inspect
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import microdot
from microdot import Request, Response
from microdot._compat import is_fault, log_error
from microdot._response import close_body
from microdot._response_body import to_bytes
from microdot.errors import error_text, reason_phrase
from microdot.gateway.process import HostProcess
from microdot.gateway.stopping import ServerStopping, is_event_stream, is_stopping, read_body
from microdot.gateway.target import make_target, quote_path

from .loop import RequestThread, get_loop
from .transport import make_transport

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class Microdot(microdot.Microdot):
    """A web application that a WSGI server serves."""

    def __call__(self, environ: dict[str, Any], *arguments: Any) -> Iterable[bytes]:
        """Serve one request of a WSGI server.

        :param arguments: the server's `start_response()`.
        :raises TypeError: if an ASGI server calls it, with one argument or three.
        """
        if len(arguments) != 1:
            raise TypeError("an ASGI server calls a microdot.wsgi.Microdot: write `from microdot import Microdot`")
        return self.wsgi_app(environ, *arguments)

    if TYPE_CHECKING:
        wsgi_app: WSGIApplication  # which may be assigned, unlike a method
    else:

        def wsgi_app(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            """Serve one request; for middleware around it: `app.wsgi_app = Middleware(app.wsgi_app)`."""
            return serve(self, environ, start_response)


@functools.lru_cache(256)
def _environ_key(name):
    """Return the key under which a header field is in an environment."""
    key = name.decode("latin-1").upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else "HTTP_" + key


# Applications for which something is done when the process ends
_stopped_at_exit = []
_awaited_at_exit = []


class EnvironHeaders:
    """The header fields of a WSGI environment as a mapping of lower-case bytes to bytes."""

    def __init__(self, environ):
        self._environ = environ

    def get(self, name, default=None):
        """Return a field's value, or *default*."""
        value = self._environ.get(_environ_key(name))
        return value.encode("latin-1") if value else default

    def __getitem__(self, name):
        return self.get(name, b"")

    def __iter__(self):
        for key, value in self._environ.items():
            if key.startswith("HTTP_"):
                yield key[5:].replace("_", "-").lower().encode("latin-1")
            elif value and key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
                yield key.replace("_", "-").lower().encode("latin-1")


def serve(app: microdot.Microdot, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Serve one request of a WSGI server with any application of this framework.

    The order of duties is that of `Microdot.serve_request()`, which the other servers call: dispatch the request, send
    the response, log it, start the background work. Here the server sends the body and calls its `close()` in the end.
    """
    if app.server is None:
        app.server = HostProcess()
    if app.lifespan and not app.lifespan.started:
        _start_lifespan(app)
    transport = make_transport(app, environ)
    request = _make_request(app, environ, transport)
    thread = RequestThread()
    try:
        try:
            response = thread.finish(app.dispatch_request(request))
        except ServerStopping:
            response = Response.already_handled
        if transport.upgraded:
            transport.end()
        body = []
        if response is not Response.already_handled:
            body, response = _start_response(request, response, start_response, thread)
    except BaseException:
        _start_work(request, thread)
        raise
    if app.access_log or app.debug or request.has_background:
        return _BodyThenDuties(body, request, response, thread)
    return body


def _start_response(request, response, start_response, thread):
    """Send a response's head; return its body as a WSGI iterable, and the response, another one after an error.

    The first piece of the body is made before the head is sent. A WSGI server sends both together.
    """
    body = response.body
    if isinstance(body, bytes):
        # The usual status costs no call.
        bodiless = request.method == "HEAD" or response.status_code != 200 and not response.has_body
        chunks = [] if bodiless else [body]
    else:
        chunks = _make_pieces(response, request, thread)
        if request.method == "HEAD" or not response.has_body:
            chunks.close()
            chunks = []
        elif request.app.first_piece_timeout:
            try:
                chunks.begin()
            except BaseException as error:
                chunks.close()
                if not is_fault(error, request.transport):
                    raise
                response = _respond_to_error(request, error, thread)
                return _start_response(request, response, start_response, thread)
    status = f"{response.status_code} {_native(response.reason)}" if response.reason else _status(response.status_code)
    start_response(status, _encode_headers(response, request.method))
    return chunks, response


def _make_pieces(response, request, thread):
    """Return the body of a response as a WSGI iterable, unless it is bytes."""
    if _needs_loop(response.body):
        return _AsyncBody(response, request.transport, thread)
    return _Body(response, thread)


def _respond_to_error(request, error, thread):
    """Return the response to an error that came before the first piece of a body; its body is bytes."""
    response = thread.finish(request.app.handle_error(request, error))
    if not isinstance(response.body, bytes):
        chunks = _make_pieces(response, request, thread)
        try:
            response.body = b"".join(chunks)
        except BaseException as second:
            if not is_fault(second, request.transport):
                raise
            log_error("Exception in the body of a response", second)
            return Response(error_text(500), 500)
        finally:
            chunks.close()
    return response


def _make_request(app, environ, transport):
    target, root_path = _split_target(environ)
    request = Request(
        app,
        _find_client(environ),
        environ["REQUEST_METHOD"],
        target,
        environ["SERVER_PROTOCOL"].rpartition("/")[2],
        EnvironHeaders(environ),
        scheme=environ.get("wsgi.url_scheme"),
        transport=transport,
    )
    request.environ = environ
    if root_path:
        request.root_path = root_path
    return request


def _find_client(environ):
    """Return the client's address and port; None for a Unix socket.

    For a Unix socket waitress gives "None" as the port, and uWSGI an address that no client has.
    """
    address, port = environ.get("REMOTE_ADDR"), environ.get("REMOTE_PORT") or "0"
    return (address, int(port)) if address and address != "0.0.0.0" and str(port).isdecimal() else None


def _split_target(environ):
    """Return the target of a request and its root path, percent-encoded."""
    raw = environ.get("RAW_URI") or environ.get("REQUEST_URI") or ""
    root = environ.get("SCRIPT_NAME", "").rstrip("/").encode("latin-1")
    path = environ.get("PATH_INFO", "").encode("latin-1")
    query = environ.get("QUERY_STRING", "").encode("latin-1")
    target = make_target(raw.partition("?")[0].encode("latin-1"), root, path, query)
    return target, quote_path(root) if root else ""


@functools.lru_cache(None)
def _status(status_code):
    """Return a status code with its standard reason phrase."""
    return f"{status_code} {reason_phrase(status_code) or 'Unknown'}"


def _encode_headers(response, method):
    pairs = response.header_list(method == "HEAD")
    return [(name, value if value.isascii() else _native(value)) for name, value in pairs]


def _native(text):
    """Return a text as WSGI requires: each byte of its UTF-8 as a character."""
    return text if text.isascii() else text.encode().decode("latin-1")


def _needs_loop(body):
    if hasattr(body, "__next__"):
        return False
    asynchronous = hasattr(body, "__anext__") or hasattr(body, "__aiter__")
    return asynchronous or inspect.iscoroutinefunction(getattr(body, "read", None))


class _BodyThenDuties:
    """A body as a WSGI iterable, with what follows: the log line if all of it was sent, and the background work."""

    def __init__(self, body, request, response, thread):
        self._body = body
        self._request = request
        self._response = response
        self._thread = thread
        self._sent = body == []  # servers may not iterate over an empty body

    def __iter__(self):
        for chunk in self._body:  # noqa: UP028 - `yield from` would close it too
            yield chunk
        self._sent = not (isinstance(self._body, _AsyncBody) and self._body.gone)

    def close(self):
        """Close the body; the server calls this."""
        try:
            if hasattr(self._body, "close"):
                self._body.close()
            if self._sent and self._response is not Response.already_handled:
                self._thread.call(self._request.app.log_access, self._request, self._response)
        finally:
            _start_work(self._request, self._thread)


def _start_lifespan(app):
    """Start what runs beside the server in the event loop; it is stopped when the process ends."""
    asyncio.run_coroutine_threadsafe(app.lifespan.start_once(), get_loop()).result()
    if app not in _stopped_at_exit:
        _stopped_at_exit.append(app)
        atexit.register(_stop_lifespan, app)


def _stop_lifespan(app):
    RequestThread().run(app.lifespan.stop())


def _start_work(request, thread):
    """Start a request's background work in the event loop; the process waits for it when it ends."""
    if request.has_background:
        app = request.app
        if app not in _awaited_at_exit:
            _awaited_at_exit.append(app)
            atexit.register(_wait_for_work, app)
        get_loop().call_soon_threadsafe(request.start_background, context=thread.context.copy())


def _wait_for_work(app):
    """Wait up to the application's `shutdown_timeout` for what still runs when the process ends."""

    async def wait():
        if app.background_tasks:
            await asyncio.wait(list(app.background_tasks), timeout=app.shutdown_timeout)

    RequestThread().run(wait())


class _Pieces:
    """The pieces of a body as a WSGI iterable; the first one may be taken earlier than the others."""

    _first = None
    _begun = False

    def begin(self):
        """Take the first piece."""
        self._first = next(self, None)
        self._begun = True

    def __iter__(self):
        return self

    def __next__(self):
        if self._first is not None:
            first, self._first = self._first, None
            return first
        try:
            return self._take()
        except BaseException as error:
            if self._begun and not isinstance(error, Exception) and is_fault(error, None):
                # The server may handle nothing but an Exception.
                raise RuntimeError(f"the body of a response raised {type(error).__name__}") from error
            raise


class _Body(_Pieces):
    """A body that does not need an event loop."""

    def __init__(self, response, thread):
        self._chunks = response.body_iter()
        self._items = response.body if not hasattr(response.body, "read") else None
        self._thread = thread
        self._is_events = is_event_stream(response)

    def _take(self):
        if self._is_events and is_stopping():
            raise StopIteration
        while True:
            if self._items is None:
                try:
                    return bytes(self._thread.finish(self._chunks.__anext__()))
                except StopAsyncIteration:
                    raise StopIteration from None
            item = self._thread.call(next, self._items)
            if item:
                return bytes(to_bytes(item))

    def close(self):
        """Close the file or generator; the server calls this."""
        self._thread.finish(close_body(self._chunks, None))


class _AsyncBody(_Pieces):
    """A body that the event loop makes; it ends when the client leaves."""

    def __init__(self, response, transport, thread):
        self._chunks = read_body(response)
        self._transport = transport
        self._thread = thread
        self._task = None  # waits for the next piece
        self._watched = False
        self.gone = False  # whether the client left before the end of the body

    def _take(self):
        try:
            return self._thread.run(self._next())
        except StopAsyncIteration:
            raise StopIteration from None

    async def _next(self):
        if not self._watched:
            self._watched = True
            self._transport.watch_client(self._end)
        self._task = asyncio.current_task()
        try:
            if not self.gone:
                return bytes(await self._chunks.__anext__())
        except asyncio.CancelledError:
            if not self.gone:
                raise
        finally:
            self._task = None
        raise StopAsyncIteration

    def _end(self):
        self.gone = True
        if self._task:
            self._task.cancel()

    def close(self):
        """Close the generator; the server calls this."""
        self._thread.run(self._close())

    async def _close(self):
        if self._watched:
            self._transport.unwatch_client()
        await close_body(self._chunks, None)
