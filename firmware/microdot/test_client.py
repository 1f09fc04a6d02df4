"""A client for an application's own tests: requests without a network."""

import json

from ._compat import invoke_handler
from .datastructures import NoCaseDict
from .request import Request
from .response import Response
from .status import reason_phrase
from .streams import BodyStream

_PIECE = 256  # bodies reach the application in pieces of this many bytes, as from a network


class TestResponse:
    """What the application answered.

    `status_code` and `reason`; `headers` without case; `body` as bytes, `text` as str if it is valid UTF-8, `json` if its
    type is JSON; `events` of an event stream as a list of dicts.
    """

    __test__ = False  # for pytest

    def __init__(self, status_code: int, reason: str, headers: NoCaseDict, body: bytes):
        self.status_code = status_code
        self.reason = reason
        self.headers = headers
        self.body = body
        self.text = None
        self.json = None
        self.events = None
        try:
            self.text = body.decode()
        except ValueError:
            return
        media_type = (headers.get("Content-Type") or "").partition(";")[0]
        if media_type == "application/json":
            self.json = json.loads(self.text)
        elif media_type == "text/event-stream":
            self.events = _parse_events(self.text)


def _parse_events(text):
    """Parse an event stream (WHATWG HTML, section 9.2.6) into dicts with the keys `data`, `event` and `event_id`."""
    events = []
    for block in text.split("\n\n"):
        event = {"data": None, "event": None, "event_id": None}
        data = []
        for line in block.split("\n"):
            name, _, value = line.partition(":")
            value = value[1:] if value[:1] == " " else value
            if name == "data":
                data.append(value)
            elif name == "event":
                event["event"] = value
            elif name == "id":
                event["event_id"] = value
        if data:
            event["data"] = "\n".join(data)
            try:
                event["data_json"] = json.loads(event["data"])
            except ValueError:
                event["data_json"] = None
            events.append(event)
    return events


class TestTransport:
    """The transport of a request that comes from no server."""

    __test__ = False

    invoke = staticmethod(invoke_handler)

    def __init__(self, body):
        self._body = body

    async def receive_body(self, n):
        """Return up to *n* bytes of the request's body, `b''` at its end."""
        n = min(n, _PIECE)
        data, self._body = self._body[:n], self._body[n:]
        return data


class TestClient:
    """A client that gives requests to an application and keeps the cookies that it sets.

    :param app: the application.
    :param cookies: dict of cookies to begin with.
    :param scheme: `'http'` unless given.
    :param host: value of the Host field, `'example.com:1234'` unless given.
    """

    __test__ = False

    def __init__(self, app, cookies: "dict | None" = None, scheme: "str | None" = None, host: "str | None" = None):
        self.app = app
        self.cookies = cookies or {}
        self.scheme = scheme
        self.host = host or "example.com:1234"

    async def request(self, method: str, path: str, headers: "dict | None" = None, body=None, sock=None) -> TestResponse:
        """Send a request.

        :param body: bytes, str, or dict or list, sent as JSON.
        """
        headers = NoCaseDict(headers or {})
        body = _encode_body(body, headers)
        headers.setdefault("Host", self.host)
        if body or method in ("POST", "PUT", "PATCH"):
            headers["Content-Length"] = str(len(body))
        if self.cookies and "Cookie" not in headers:
            headers["Cookie"] = "; ".join([name + "=" + self._cookie(name) for name in self.cookies])
        transport = TestTransport(body)
        request = Request(
            self.app,
            ("127.0.0.1", 1234),
            method,
            path,
            "1.1",
            headers,
            None if body else b"",
            BodyStream(transport.receive_body, Request.max_content_length) if body else None,
            sock,
            scheme=self.scheme,
            transport=transport,
        )
        response = await self.app.dispatch_request(request)
        return await self._receive(response, request)

    async def _receive(self, response, request):
        if response is Response.already_handled:
            return TestResponse(200, "", NoCaseDict(), b"")
        response.complete()
        body = response.body
        if request.method == "HEAD" or not response.has_body:
            if not isinstance(body, bytes):
                await response.body_iter().aclose()
            body = b""
        elif not isinstance(body, bytes):
            body = await _gather(response)
        self._keep_cookies(response.headers.get("Set-Cookie", []))
        reason = response.reason or reason_phrase(response.status_code)
        return TestResponse(response.status_code, reason, response.headers, body)

    def _cookie(self, name):
        return self.cookies[name]

    def _keep_cookies(self, fields):
        for field in fields if isinstance(fields, list) else [fields]:
            pair, *attributes = field.split(";")
            name, _, value = pair.partition("=")
            if "max-age=0" in [attribute.strip().lower() for attribute in attributes]:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value

    async def get(self, path: str, headers: "dict | None" = None) -> TestResponse:
        """Send a GET request."""
        return await self.request("GET", path, headers)

    async def post(self, path: str, headers: "dict | None" = None, body=None) -> TestResponse:
        """Send a POST request."""
        return await self.request("POST", path, headers, body)

    async def put(self, path: str, headers: "dict | None" = None, body=None) -> TestResponse:
        """Send a PUT request."""
        return await self.request("PUT", path, headers, body)

    async def patch(self, path: str, headers: "dict | None" = None, body=None) -> TestResponse:
        """Send a PATCH request."""
        return await self.request("PATCH", path, headers, body)

    async def delete(self, path: str, headers: "dict | None" = None) -> TestResponse:
        """Send a DELETE request."""
        return await self.request("DELETE", path, headers)

    async def query(self, path: str, headers: "dict | None" = None, body=None) -> TestResponse:
        """Send a QUERY request."""
        return await self.request("QUERY", path, headers, body)


def _encode_body(body, headers):
    if body is None:
        return b""
    if isinstance(body, (dict, list)):
        headers.setdefault("Content-Type", "application/json")
        body = json.dumps(body)
    return body.encode() if isinstance(body, str) else body


async def _gather(response):
    chunks = response.body_iter()
    parts = []
    try:
        async for chunk in chunks:
            parts.append(bytes(chunk))
    finally:
        await chunks.aclose()
    return b"".join(parts)
