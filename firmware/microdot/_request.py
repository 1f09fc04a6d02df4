"""The request that a handler receives."""

from ._compat import DEFAULT_MAX_READLINE, MAX_FIELDS, const, log_error
from ._datastructures import NoCaseDict
from ._urls import decode, unquote
from .errors import HTTPException

if -0:  # for type checkers: MicroPython's compiler leaves this out, and Pyright reads it, unlike "if False"
    from typing import Any, Callable, TypeVar

    from ._forms import MultiDict
    from ._transport import Transport

    F = TypeVar("F", bound=Callable[..., Any])


class G:
    """A place for an application's values: any attribute may be set."""


# The types of bodies that `json` and `form` parse as a whole
_PARSED = ("application/json", "application/x-www-form-urlencoded")
_PIECE = const(16 * 1024 + 1)
# Handlers that asked for a multipart form without having it read; the log names each of them once
_undecorated: list = []
_BLANKS = const(" \t")  # around a header field's value; some servers leave them there
_UNLIMITED = const(1 << 29)  # a small integer everywhere
# Imported by the first request that needs them, and kept here: an import costs as much as parsing a small body
BodyStream: "Any" = None
parse_json: "Any" = None


def _decode_headers(raw):
    """Return header fields as a dictionary of str; names and values may be bytes."""
    headers = NoCaseDict()
    for name in raw:
        value = raw[name]
        value = value if isinstance(value, str) else decode(value).strip(_BLANKS)
        headers[name if isinstance(name, str) else decode(name)] = value
    return headers


class Request:
    """An HTTP request.

    :param app: the application that serves the request.
    :param client_addr: (host, port) of the client, or None where the server does not know it.
    :param method: the method, in capital letters as it was sent.
    :param url: path and query string as they were sent.
    :param http_version: `'1.0'`, `'1.1'` or, under ASGI, a later one.
    :param headers: mapping of str to str; with a transport, mapping of lower-case bytes to bytes.
    :param body: the body, if it is known already.
    :param stream: the body as an asynchronous stream, if it is not.
    :param transport: what the server offers to this request beyond HTTP's request and response.
    """

    #: Limit of the body's size in bytes: a larger one is answered with status 413. `None`: no limit.
    max_content_length: "int | None" = 16 * 1024
    #: Up to this size in bytes a body is read before the handler runs; a larger one is on `stream` only.
    max_body_length = 16 * 1024
    #: Limit of the number of parameters in a query string, and of fields in a form: a larger one is refused. Only this
    #: many cookies are read.
    max_fields = MAX_FIELDS
    #: Limit of the size in bytes of the request line and of each header field. The own server on CPython takes 8,000 if
    #: this is not set.
    max_readline: int = DEFAULT_MAX_READLINE

    # The initial values are here once instead of in each instance, which saves time and memory on a board.
    body_used = False
    _args: "MultiDict | None" = None
    _cookies: "dict[str, str] | None" = None
    _headers: "NoCaseDict | None" = None
    _json = None
    _json_parsed = False
    _form: "MultiDict | None" = None
    _files: "MultiDict | None" = None
    _g: "G | None" = None
    _after: "list | None" = None
    _vary: "list | None" = None
    _background: "list | None" = None
    _finish = None  # the coroutine function of `take_over()`, called with the handler's exception or None
    _content_length: "int | None" = None
    _body: "bytes | None" = None
    _stream = None
    _sock = None
    apps: "tuple" = ()
    #: The tasks of `background()`, once they have started.
    background_tasks: "tuple" = ()
    #: Prefix under which the application that has the route is mounted.
    url_prefix = ""
    #: The mounted application that has the route; None if it is not mounted.
    subapp = None
    #: The path, percent-encoded, under which a server or proxy serves the application, which `url` leaves out.
    root_path = ""
    #: The handler.
    route = None
    #: `'http'` or `'https'`.
    scheme = "http"
    #: The query string as it was sent, None if there was none.
    query_string: "str | None" = None
    #: What the server offers to this request; None if the application has made the request by itself.
    transport: "Transport | None" = None

    def __init__(
        self,
        app,
        client_addr,
        method: str,
        url: str,
        http_version: str,
        headers,
        body: "bytes | None" = None,
        stream=None,
        sock=None,
        url_prefix: str = "",
        subapp=None,
        scheme: "str | None" = None,
        route=None,
        transport=None,
    ):
        self.app = app
        self.client_addr = client_addr
        self.method = method
        self.url = url
        self.http_version = http_version
        self._raw_headers = headers
        #: The values of the route's variables.
        self.url_args: "dict" = {}
        if transport:
            self.transport = transport
            if body is None and stream is None and transport.has_body:
                global BodyStream
                if not BodyStream:
                    from ._request_body import BodyStream
                stream = BodyStream(transport.receive_body, self.max_content_length)
        if transport is None or isinstance(headers, NoCaseDict):
            self._headers = _decode_headers(headers)
        if body is not None:
            self._body = body
        if stream:
            self._stream = stream
        if scheme:
            self.scheme = scheme
        if sock or url_prefix or subapp or route:
            self._sock = sock
            self.url_prefix = url_prefix
            self.subapp = subapp
            self.route = route
        if "?" in url:
            url, _, self.query_string = url.partition("?")
        self.path = unquote(url) if "%" in url else url

    def __repr__(self) -> str:
        # The path as it was sent: percent-encoding may hide a line end, which a log must not show as one.
        return self.method + " " + self.url.partition("?")[0]

    @staticmethod
    async def create(app, client_reader, client_writer, client_addr, scheme: "str | None" = None) -> "Request | None":
        """Read a request from a stream, with its body unless that is larger than `max_body_length`.

        :param client_reader: object with `async read(n)`.
        :return: the request, or None if the stream is at its end.
        :raises HTTPException: for a malformed request.
        """
        from .server.connection import read_request

        return await read_request(app, client_reader, client_writer, client_addr, scheme)

    # The head

    @property
    def headers(self) -> NoCaseDict:
        """The header fields; values are str, those of repeated fields joined as RFC 9110, section 5.3 says."""
        if self._headers is None:
            self._headers = _decode_headers(self._raw_headers)
        return self._headers

    def _header(self, name):
        """Return a header field's value, None if absent, without decoding them all; *name* is lower-case bytes."""
        if self._headers is not None:
            return self._headers.get(name.decode())
        value = self._raw_headers.get(name)
        return None if value is None else decode(value).strip(_BLANKS)

    @property
    def content_length(self) -> int:
        """The body's size in bytes as the Content-Length field announces it, 0 if it does not."""
        if self._content_length is None:
            value = self._header(b"content-length")
            # Servers have checked it; an application may have made this request by itself.
            self._content_length = int(value) if value and not value.strip("0123456789") else 0
        return self._content_length

    @property
    def content_type(self) -> "str | None":
        """The value of the Content-Type field, parameters included, or None."""
        return self._header(b"content-type")

    def _media_type(self):
        content_type = self.content_type
        if not content_type or content_type in _PARSED:  # the usual spelling of the usual types
            return content_type
        return content_type.partition(";")[0].strip(_BLANKS).lower()

    @property
    def args(self) -> "MultiDict":
        """The parameters of the query string.

        :raises HTTPException: 400 if there are more than `max_fields`.
        """
        if self._args is None:
            from ._forms import parse_form

            self._args = parse_form(self.query_string or "", self.max_fields, 400)
        return self._args

    @property
    def cookies(self) -> "dict[str, str]":
        """The cookies that the client sent."""
        if self._cookies is None:
            from ._cookies import parse_cookies

            self._cookies = parse_cookies(self._header(b"cookie") or "", self.max_fields)
        return self._cookies

    @property
    def sock(self) -> "Any":
        """The connection to the client: a pair of streams, or a WSGI server's socket; None if there is none."""
        return self._sock or (self.transport.take_sock() if self.transport else None)

    @property
    def g(self) -> "Any":
        """A place for values that belong to this request: any attribute may be set."""
        if self._g is None:
            self._g = G()
        return self._g

    # The body

    @property
    def body_loaded(self) -> bool:
        """Whether the body has been read to its end, so that all of it is in `body`."""
        return self._body is not None or self._stream is None

    def limit_body(self, size: "int | None") -> None:
        """Set the limit of the body's size in bytes, None for no limit.

        JSON and URL-encoded forms, which are parsed as a whole, are loaded up to this size, other bodies still up to
        `max_body_length`.

        :raises HTTPException: 413 if Content-Length announces a larger body.
        """
        self.max_content_length = size
        self._check_announced()
        if self._stream:
            self._stream.limit = size
            if (size is None or size > self.max_body_length) and self._media_type() in _PARSED:
                self.max_body_length = _UNLIMITED if size is None else size

    def _check_announced(self):
        """Return the body's announced size, after a check of it."""
        length = self.content_length
        if self.max_content_length is not None and length > self.max_content_length:
            raise HTTPException(413, "Payload too large")
        return length

    async def load_body(self) -> None:
        """Read the body into `body` if it is not larger than `max_body_length`; dispatching does this.

        :raises HTTPException: 413 for a body over `max_content_length`, 400 or 408 for one that does not arrive, 503 if
            the bodies of other requests take too much memory.
        """
        stream = self._stream
        if self._body is not None or stream is None:
            return
        length = self._check_announced()
        if length > self.max_body_length:
            return
        if length:
            self.reserve(length)
        # A chunked body announces no size: it is read until it proves too large for `body`.
        parts = []
        size = 0
        while size <= self.max_body_length:
            data = await stream.read(min(self.max_body_length + 1 - size, _PIECE))
            size += len(data)
            if not length and data:
                self.reserve(len(data))
            if parts and len(parts[-1]) < 512:  # many small pieces would take many times their size
                parts[-1] += data
            else:
                parts.append(data)
            if not data or size == length:
                self._body = b"".join(parts)
                self._stream = None
                return
        for part in reversed(parts):
            stream.unread(part)

    def reserve(self, size: int) -> None:
        """Count *size* more bytes from the client that stay in memory, or fewer if it is negative.

        The framework's own server counts them until the request has been served, towards `Microdot.max_buffered`.
        Other servers count nothing.

        :raises HTTPException: 503 if they would be too many, together with those of other requests.
        """
        reserve = getattr(self.transport, "reserve", None)
        if reserve:
            reserve(size)

    @property
    def body(self) -> bytes:
        """The body; empty if there is none, or if it is larger than `max_body_length` and only on `stream`."""
        return self._body or b""

    @property
    def stream(self) -> "Any":
        """The body as a stream with `read(n)`, `readline()`, `readexactly(n)` and `readuntil(separator)`."""
        self.body_used = True
        if self._stream is None:
            from ._request_body import AsyncBytesIO

            self._body = self.body  # all of it is known
            self._stream = AsyncBytesIO(self._body)
        return self._stream

    def _whole_body(self):
        """Return the body, to be parsed as a whole.

        :raises HTTPException: 413 if it is only on `stream`: a body that is not here would look like an empty form.
        """
        if self._body is None and self._stream is not None:
            raise HTTPException(413, "Body too large to be parsed: at most %d bytes are loaded" % self.max_body_length)
        return self._body or b""

    @property
    def json(self) -> "Any":
        """The body parsed as JSON, or None if its type is not `application/json`.

        :raises MalformedJSON: a ValueError, if the body is not valid JSON.
        :raises HTTPException: 413 if it is too large to be loaded.
        """
        if not self._json_parsed:
            if self._media_type() != "application/json":
                return None
            global parse_json
            if not parse_json:
                from .jsondata import parse_json
            self._json = parse_json(self._whole_body())
            self._json_parsed = True
        return self._json

    @property
    def form(self) -> "MultiDict | None":
        """The form in the body, or None if there is no form.

        Bodies of type `application/x-www-form-urlencoded` are parsed here, `multipart/form-data` by
        `microdot.multipart`.

        :raises HTTPException: 413 if it is too large to be loaded, or has more than `max_fields` fields.
        """
        if self._form is None:
            media_type = self._media_type()
            if media_type == "application/x-www-form-urlencoded":
                from ._forms import parse_form

                self._form = parse_form(self._whole_body(), self.max_fields)
            elif media_type == "multipart/form-data" and not self.body_used and self.route not in _undecorated:
                _undecorated.append(self.route)
                log_error("%r: request.form is None; the handler needs microdot.multipart.with_form_data" % self)
        return self._form

    def set_form(self, form: "MultiDict", files: "MultiDict") -> None:
        """Set what `form` and `files` are; `microdot.multipart` does this."""
        self._form = form
        self._files = files

    @property
    def files(self) -> "MultiDict | None":
        """The files in the body if `microdot.multipart` has parsed it, else None."""
        return self._files

    # What happens to the response

    def after_request(self, f: "F") -> "F":
        """Call `f(request, response)` after all other after-request handlers of this request; not after an error.

        What *f* returns replaces the response, unless it is None.
        """
        if self._after is None:
            self._after = []
        self._after.append(f)
        return f

    def vary(self, field: str) -> None:
        """Name a request header field in the Vary field of the response, whatever response that will be."""
        if self._vary is None:
            self._vary = []
        if field not in self._vary:
            self._vary.append(field)

    def take_over(self, finish) -> None:
        """Let the handler answer the client over the connection itself from now on, without a response.

        :param finish: `async finish(error)`, called when the handler has ended: with its exception, or None. It raises
            what the server has to deal with.
        """
        self._finish = finish

    def background(self, coroutine) -> None:
        """Run a coroutine after the response has been sent, or has failed; the client does not wait for it."""
        if self._background is None:
            self._background = []
        self._background.append(coroutine)

    @property
    def has_background(self) -> bool:
        """Whether `background()` was given something that has not started."""
        return bool(self._background)

    def start_background(self) -> None:
        """Start what `background()` was given; servers call this after the response, in a running event loop."""
        if self._background:
            from ._background import start

            self.background_tasks = start(self.app, self._background)
            self._background = None
