"""A client for an application's own tests: requests without a network, which take the same way as a server's."""

import asyncio
import binascii
import json
import os
import time

from .._compat import isolate
from .._datastructures import NoCaseDict
from .._forms import urlencode
from .._request import Request
from .._response import Response
from ..errors import reason_phrase
from ..jsondata import parse_json
from .cookiejar import CookieJar
from .transport import TestTransport

if -0:  # for type checkers: MicroPython's compiler leaves this out, and Pyright reads it, unlike "if False"
    from typing import Any, Awaitable, Callable

    from ..testing import SyncTestClient


class TestResponse:
    """What the application answered.

    `status_code` and `reason`; `headers` without case; `body` as bytes, `text` as str if it is valid UTF-8, `json` if
    its type is JSON; `events` of an event stream as a list of dicts with the keys `data` (bytes), `data_json` (None if
    it is not JSON), `event`, `event_id` and `retry` (seconds). `body` is None after HEAD and for a WebSocket. If a
    handler has answered by itself, all are None and `headers` is empty.
    """

    __test__ = False  # for pytest
    #: The responses that led to this one, if redirects were followed.
    history: "tuple" = ()

    def __init__(self, status_code: "int | None", reason: "str | None", headers: NoCaseDict, body: "bytes | None"):
        self.status_code = status_code
        self.reason = reason
        self.headers = headers
        self.body = body
        self.text = None
        self.json = None
        self.events = None
        if body is None:
            return
        try:
            self.text = body.decode()
        except ValueError:
            return
        media_type = (headers.get("Content-Type") or "").partition(";")[0]
        if media_type == "application/json" and body:
            self.json = parse_json(body)
        elif media_type == "text/event-stream":
            self.events = [event for event in map(_parse_event, body.split(b"\n\n")) if event]


def _parse_event(block):
    """Return an event (WHATWG HTML, section 9.2.6) as a dict, None for a block without data."""
    event = {"data": None, "data_json": None, "event": None, "event_id": None, "retry": None}
    data = []
    for line in block.split(b"\n"):
        name, _, value = line.partition(b":")
        value = value[1:] if value[:1] == b" " else value
        if name == b"data":
            data.append(value)
        elif name == b"event":
            event["event"] = value.decode()
        elif name == b"id":
            event["event_id"] = value.decode()
        elif name == b"retry":
            event["retry"] = int(value) / 1000
    if not data:
        return None
    event["data"] = b"\n".join(data)
    try:
        event["data_json"] = parse_json(event["data"])
    except ValueError:
        pass
    return event


class StreamedResponse:
    """A response whose body is read as the application makes it: `async for chunk in response`.

    `status_code`, `reason` and `headers` are those of `TestResponse`. Use it with `async with`, or call `aclose()`: for
    the application, the client leaves at that moment.
    """

    def __init__(
        self, response: Response, next_piece: "Callable[[], Awaitable[bytes | None]]", finish: "Callable[[], Any]"
    ):
        #: Whether the body has been read to its end.
        self.complete = False
        self.status_code = response.status_code
        self.reason = response.reason or reason_phrase(response.status_code)
        self.headers = response.headers
        self._next_piece = next_piece
        self._finish = finish

    def __aiter__(self) -> "StreamedResponse":
        return self

    async def __anext__(self) -> bytes:
        piece = await self._next_piece()
        if piece is None:
            self.complete = True
            raise StopAsyncIteration
        return piece

    def events(self) -> "_EventIterator":
        """Return an asynchronous iterator of the events of an event stream, dicts as in `TestResponse.events`."""
        return _EventIterator(self)

    async def __aenter__(self) -> "StreamedResponse":
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop reading: the application sees that its client is gone."""
        if self._finish:
            finish, self._finish = self._finish, None
            await finish()


class _EventIterator:
    def __init__(self, chunks):
        self._chunks = chunks
        self._buffer = b""

    def __aiter__(self):
        return self

    async def __anext__(self):
        while True:
            block, end, rest = self._buffer.partition(b"\n\n")
            if not end:
                self._buffer += await self._chunks.__anext__()
                continue
            self._buffer = rest
            event = _parse_event(block)
            if event:
                return event


class TestClient:
    """A client that sends requests to an application and keeps the cookies that the application sets.

    `async with TestClient(app) as client:` calls the functions for the application's start and end and runs its tasks;
    without it they do not run. On CPython `with TestClient(app) as client:` does the same for tests that await nothing:
    there *client* is a `microdot.testing.SyncTestClient`.

    :param app: the application.
    :param cookies: dict of cookies to begin with: name to value, or to (value, path).
    :param scheme: `'http'` unless given.
    :param host: value of the Host field, `'example.com:1234'` unless given.
    :param raise_exceptions: raise an exception for which the application has no handler in the test, instead of
        returning the response with status 500.
    """

    __test__ = False

    #: A function that returns the time in seconds, at which cookies expire; a test may set its own.
    clock = staticmethod(time.time)

    def __init__(
        self,
        app,
        cookies: "dict | None" = None,
        scheme: "str | None" = None,
        host: "str | None" = None,
        raise_exceptions: bool = False,
    ):
        self.app = app
        #: The cookies: name to value, or to (value, path) for those with another Path than `/`. A test may change them.
        self.cookies: "dict" = cookies or {}
        self.scheme = scheme
        self.host = host or "example.com:1234"
        self.raise_exceptions = raise_exceptions
        self._jar = CookieJar()
        self._serving = []  # lists of a request and the exception for which the application had no handler, or None
        if raise_exceptions:
            _watch_exceptions(app, self._serving)

    async def __aenter__(self) -> "TestClient":
        """Call the functions for the application's start, and start its tasks."""
        if self.app.lifespan:
            await self.app.lifespan.start()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Stop the tasks, and call the functions for the application's end."""
        if self.app.lifespan:
            await self.app.lifespan.stop()

    def __enter__(self) -> "SyncTestClient":
        """Start the application as `async with` does, and return a client for functions that await nothing (CPython).

        It has the methods of this one, to be called without `await`.
        """
        from ..testing import SyncTestClient

        self._synchronous = SyncTestClient(self)
        return self._synchronous

    def __exit__(self, *exc_info: object) -> None:
        """Stop the application."""
        self._synchronous.close()

    async def request(
        self,
        method: str,
        path: str,
        headers: "dict | None" = None,
        body=None,
        sock=None,
        form: "dict | None" = None,
        files: "dict | None" = None,
    ) -> TestResponse:
        """Send a request.

        :param body: bytes, str, or dict or list, sent as JSON.
        :param form: a form's fields, name to value or list of values, sent URL-encoded or, with *files*, as multipart.
        :param files: the files of an upload: name to content, (file name, content) or (file name, content, type).
        :raises Exception: with *raise_exceptions*, one for which the application has no handler.
        """
        fields = NoCaseDict(headers or {})
        body = _encode_body(body, fields, form, files)
        transport = TestTransport(body)
        request = self._make_request(method, path, fields, body, transport, sock)
        await self._serve(request)
        response = transport.response
        if response is None:
            return TestResponse(None, None, NoCaseDict(), None)
        self._keep_cookies(request, response)
        return _make_response(response, transport.response_body)

    async def stream(
        self,
        method: str,
        path: str,
        headers: "dict | None" = None,
        body=None,
        sock=None,
        form: "dict | None" = None,
        files: "dict | None" = None,
    ) -> StreamedResponse:
        """Send a request and return the response before its body; the parameters are those of `request()`."""
        fields = NoCaseDict(headers or {})
        body = _encode_body(body, fields, form, files)
        transport = TestTransport(body, streams=True)
        request = self._make_request(method, path, fields, body, transport, sock)

        async def serve():
            try:
                await self._serve(request)
            except OSError:
                if not transport.left:
                    raise
            finally:
                transport.answered.set()

        async def finish():
            try:
                transport.leave()
            finally:
                await serving

        serving = asyncio.create_task(serve())
        try:
            await transport.answered.wait()
        except BaseException:  # nobody waits for the response any more
            serving.cancel()
            raise
        failure = self._failure(request)
        if transport.response is None or failure is not None:
            await finish()
        if failure is not None:
            raise failure
        response = transport.response or Response.already_handled
        self._keep_cookies(request, response)
        return StreamedResponse(response, transport.next_piece, finish)

    def _make_request(self, method, path, fields, body, transport, sock=None):
        fields.setdefault("Host", self.host)
        if body or method in ("POST", "PUT", "PATCH"):
            fields.setdefault("Content-Length", str(len(body)))
        cookies = self._jar.field(self.cookies, _host(fields["Host"]), path.partition("?")[0], self.clock())
        if cookies:
            fields["Cookie"] = fields["Cookie"] + "; " + cookies if "Cookie" in fields else cookies
        return Request(
            self.app,
            ("127.0.0.1", 1234),
            method,
            path,
            "1.1",
            # A server would leave out the blanks and line ends around a value, such as those of b2a_base64().
            {name.lower().encode(): str(fields[name]).strip(" \t\r\n").encode() for name in fields},
            sock=sock,
            scheme=self.scheme,
            transport=transport,
        )

    async def _serve(self, request):
        """Serve a request to the end of its background work, so that a test sees what that does."""
        serving = [request, None]
        self._serving.append(serving)
        try:
            await isolate(self.app.serve_request(request))
        finally:
            if request.background_tasks:
                await asyncio.gather(*request.background_tasks, return_exceptions=True)
            self._serving.remove(serving)
        if serving[1]:
            raise serving[1]

    def _failure(self, request):
        for serving in self._serving:
            if serving[0] is request:
                return serving[1]
        return None

    def _keep_cookies(self, request, response):
        host, path = _host(request.headers["Host"]), request.url.partition("?")[0]
        cookies = response.headers.get("Set-Cookie") or []
        for field in cookies if isinstance(cookies, list) else [cookies]:
            self._jar.store(self.cookies, field, host, path, self.clock())

    async def websocket(self, path: str, client, headers: "dict | None" = None) -> TestResponse:
        """Open a WebSocket and talk to its handler until one side closes it.

        The response has status 101 if the handler accepts the connection.

        :param client: a generator function; it yields the messages to send, str or bytes (None for none), and each
            `yield` returns the next message from the application. What it raises is raised here.
        """
        from .websocket import WebSocketClient

        return await self.open_websocket(path, lambda refuse: WebSocketClient(client(), refuse), headers)

    async def open_websocket(self, path: str, make_peer, headers: "dict | None" = None) -> TestResponse:
        """Open a WebSocket to any peer, and serve it until one side closes it.

        :param make_peer: `f(send_response)`, which returns a `microdot.test_client.websocket.WebSocketPeer`.
        """
        from ..websocket.handshake import make_key, request_headers

        refusal = TestTransport()
        peer = make_peer(refusal.send_response)
        fields = NoCaseDict(request_headers(make_key()))
        fields.update(headers or {})
        request = self._make_request("GET", path, fields, b"", peer)
        await self._serve(request)
        await peer.close()
        if peer.upgraded:
            return TestResponse(101, reason_phrase(101), NoCaseDict(peer.accepted), None)
        response = refusal.response or Response.already_handled
        self._keep_cookies(request, response)
        return _make_response(response, refusal.response_body)

    async def get(self, path: str, headers: "dict | None" = None) -> TestResponse:
        """Send a GET request."""
        return await self.request("GET", path, headers)

    async def post(self, path: str, headers: "dict | None" = None, body=None, **kwargs) -> TestResponse:
        """Send a POST request; the parameters are those of `request()`, as for the methods below."""
        return await self.request("POST", path, headers, body, **kwargs)

    async def put(self, path: str, headers: "dict | None" = None, body=None, **kwargs) -> TestResponse:
        """Send a PUT request."""
        return await self.request("PUT", path, headers, body, **kwargs)

    async def patch(self, path: str, headers: "dict | None" = None, body=None, **kwargs) -> TestResponse:
        """Send a PATCH request."""
        return await self.request("PATCH", path, headers, body, **kwargs)

    async def delete(self, path: str, headers: "dict | None" = None) -> TestResponse:
        """Send a DELETE request."""
        return await self.request("DELETE", path, headers)

    async def query(self, path: str, headers: "dict | None" = None, body=None, **kwargs) -> TestResponse:
        """Send a QUERY request."""
        return await self.request("QUERY", path, headers, body, **kwargs)


def _host(field):
    """Return the name in a Host field."""
    return field.rsplit(":", 1)[0].lower()


def _make_response(response, body):
    reason = response.reason or reason_phrase(response.status_code)
    return TestResponse(response.status_code, reason, response.headers, body)


def _watch_exceptions(app, serving):
    """Record exceptions for which the application has no handler beside their requests in the list *serving*."""
    report = app.report_exception

    def report_exception(request, error, handled=False):
        for pair in serving:
            if pair[0] is request and not handled:
                pair[1] = error
        report(request, error, handled)

    app.report_exception = report_exception


def _encode_body(body, headers, form, files):
    if files is not None:
        headers["Content-Type"], body = encode_multipart(form or {}, files)
    elif form is not None:
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        body = "&".join([urlencode(name) + "=" + urlencode(value) for name, value in _pairs(form)])
    elif isinstance(body, (dict, list)):
        headers.setdefault("Content-Type", "application/json")
        body = json.dumps(body)
    if body is None:
        return b""
    return body.encode() if isinstance(body, str) else body


def _pairs(fields):
    for name in fields:
        values = fields[name]
        for value in values if isinstance(values, list) else [values]:
            yield name, value if isinstance(value, (bytes, tuple)) else str(value)


def encode_multipart(fields: dict, files: dict) -> "tuple[str, bytes]":
    """Return the Content-Type and the body of a `multipart/form-data` request; the parameters are `request()`'s."""
    boundary = b"----" + binascii.hexlify(os.urandom(12))
    parts = []
    for name, value in _pairs(fields):
        parts.append(_part(boundary, name, "", value))
    for name, file in _pairs(files):
        if not isinstance(file, tuple):
            file = (name, file)
        content_type = file[2] if len(file) > 2 else "application/octet-stream"
        details = '; filename="%s"\r\nContent-Type: %s' % (_quoted(file[0]), content_type)
        parts.append(_part(boundary, name, details, file[1]))
    parts.append(b"--" + boundary + b"--\r\n")
    return "multipart/form-data; boundary=" + boundary.decode(), b"".join(parts)


def _part(boundary, name, details, content):
    head = '\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n' % (_quoted(name), details)
    if isinstance(content, str):
        content = content.encode()
    return b"--" + boundary + head.encode() + content + b"\r\n"


def _quoted(text):
    """WHATWG HTML, section 4.10.21.8: what browsers escape in a part's names."""
    return text.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")
