"""The WSGI application: an environment becomes a request, a response becomes an iterable.

`def` handlers run in the thread in which the server calls, coroutines in the process's event loop.
"""

import asyncio
import inspect

import microdot
from microdot import Request, Response, iscoroutine
from microdot.errors import HTTPException
from microdot.status import reason_phrase
from microdot.streams import BodyStream
from microdot.urls import decode, quote

from .loop import finish, run


class Microdot(microdot.Microdot):
    """A web application that a WSGI server serves."""

    def __call__(self, environ, start_response):
        """Serve one request of a WSGI server."""
        return serve(self, environ, start_response)


class EnvironHeaders:
    """The header fields of a WSGI environment as a mapping of lower-case bytes to bytes."""

    def __init__(self, environ):
        self._environ = environ

    def get(self, name, default=None):
        key = name.decode("latin-1").upper().replace("-", "_")
        value = self._environ.get(key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else "HTTP_" + key)
        return value.encode("latin-1") if value else default

    def __getitem__(self, name):
        return self.get(name, b"")

    def __iter__(self):
        for key, value in self._environ.items():
            if key.startswith("HTTP_"):
                yield key[5:].replace("_", "-").lower().encode("latin-1")
            elif value and key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
                yield key.replace("_", "-").lower().encode("latin-1")


class WSGITransport:
    """What a WSGI server offers to a request beyond HTTP's request and response."""

    def __init__(self, environ):
        self._input = environ["wsgi.input"]
        length = environ.get("CONTENT_LENGTH")
        # Without a length the input ends by itself (a chunked body) where the server says so, else there is no body.
        self._remaining = int(length) if length else None if environ.get("wsgi.input_terminated") else 0

    @property
    def has_body(self):
        """Whether the request may have a body."""
        return self._remaining != 0

    async def invoke(self, handler, *args, **kwargs):
        """Call a handler or hook: a function in this thread, a coroutine function in the event loop."""
        result = handler(*args, **kwargs)
        return run(result) if iscoroutine(result) else result

    async def receive_body(self, n):
        """Return up to *n* bytes of the request's body, `b''` at its end; works in the event loop and outside of it."""
        if self._remaining is not None:
            n = min(n, self._remaining)
        if not n:
            return b""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            data = self._input.read(n)
        else:
            data = await loop.run_in_executor(None, self._input.read, n)
        if self._remaining is not None:
            self._remaining -= len(data)
            if not data:
                raise HTTPException(400, "Incomplete body")
        return data


def serve(app, environ, start_response):
    """Serve one request of a WSGI server with any application of this framework."""
    transport = WSGITransport(environ)
    request = _make_request(app, environ, transport)
    response = finish(app.dispatch_request(request))
    if response is Response.already_handled:
        return []
    response.complete()
    reason = response.reason or reason_phrase(response.status_code) or "Unknown"
    start_response(f"{response.status_code} {reason}", _encode_headers(response))
    app.log_access(request, response)
    body = response.body
    if isinstance(body, bytes):
        return [body] if response.has_body and request.method != "HEAD" else []
    chunks = _AsyncBody(response) if _needs_loop(body) else _Body(response)
    if request.method == "HEAD" or not response.has_body:
        chunks.close()
        return []
    return chunks


def _make_request(app, environ, transport):
    client = environ.get("REMOTE_ADDR")
    request = Request(
        app,
        (client, int(environ.get("REMOTE_PORT") or 0)) if client else None,
        environ["REQUEST_METHOD"],
        _target(environ),
        environ["SERVER_PROTOCOL"].rpartition("/")[2],
        EnvironHeaders(environ),
        None if transport.has_body else b"",
        BodyStream(transport.receive_body, Request.max_content_length) if transport.has_body else None,
        environ.get("gunicorn.socket") or environ.get("werkzeug.socket"),
        scheme=environ["wsgi.url_scheme"],
        transport=transport,
    )
    request.environ = environ
    return request


def _target(environ):
    """Return path and query string as the client sent them, without the server's script name."""
    root = environ.get("SCRIPT_NAME", "")
    raw = environ.get("RAW_URI") or environ.get("REQUEST_URI") or ""
    if raw.startswith("/") and raw.startswith(root) and raw[len(root) : len(root) + 1] in ("", "/", "?"):
        raw = raw[len(root) :]
        return raw if raw.startswith("/") else "/" + raw
    path = environ.get("PATH_INFO", "").encode("latin-1")
    path = quote(decode(path), b"/:@!$&'()*+,;=") or "/"
    query = environ.get("QUERY_STRING")
    return path + "?" + query if query else path


def _encode_headers(response):
    """Return the header fields as WSGI wants them: bytes in a str."""
    encoded = []
    for name, value in response.headers.items():
        for item in value if isinstance(value, list) else (value,):
            encoded.append((name, item if item.isascii() else item.encode().decode("latin-1")))
    return encoded


def _needs_loop(body):
    return not hasattr(body, "__next__") and (
        hasattr(body, "__anext__") or hasattr(body, "__aiter__") or inspect.iscoroutinefunction(getattr(body, "read", None))
    )


class _Body:
    """A body that needs no event loop as a WSGI iterable."""

    def __init__(self, response):
        self._chunks = response.body_iter()
        self._items = response.body if not hasattr(response.body, "read") else None

    def __iter__(self):
        return self

    def __next__(self):
        while True:
            if self._items is None:
                try:
                    return finish(self._chunks.__anext__())
                except StopAsyncIteration:
                    raise StopIteration from None
            item = next(self._items)
            if item:
                return item.encode() if isinstance(item, str) else item

    def close(self):
        """Close the file or generator; the server calls this."""
        finish(self._chunks.aclose())


class _AsyncBody:
    """A body that the event loop makes as a WSGI iterable."""

    def __init__(self, response):
        self._chunks = response.body_iter()

    def __iter__(self):
        return self

    def __next__(self):
        try:
            return run(self._chunks.__anext__())
        except StopAsyncIteration:
            raise StopIteration from None

    def close(self):
        """Close the generator; the server calls this."""
        run(self._chunks.aclose())
