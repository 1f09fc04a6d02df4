"""The response that a handler returns, or that is made of what it returns."""

from ._compat import is_fault, log_error
from ._datastructures import ResponseHeaders, check_text
from ._urls import quote_url
from .errors import check_status

if -0:  # for type checkers: MicroPython's compiler leaves this out, and Pyright reads it, unlike "if False"
    from os import PathLike
    from typing import Any

#: `jsondata.dump_json()`, once a response has needed it.
dump_json: "Any" = None
_TEXT = "text/plain"
_TEXT_AS_SENT = "text/plain; charset=UTF-8"
_JSON = "application/json; charset=UTF-8"
_JSON_TYPES = (dict, list, bool, int, float)  # here, because MicroPython would make the tuple anew each time


class Response:
    """An HTTP response.

    :param body: str (sent as UTF-8) or bytes; a dict, list, number or bool (sent as JSON); a file-like object, sent to
        its end and closed; a synchronous or asynchronous iterator or generator of str or bytes.
    :param status_code: the status code, 200 to 599.
    :param headers: dict of header fields, or a list of (name, value), in which a name may come several times.
    :param reason: the reason phrase; None for the standard one.
    :raises ValueError: for another status code; for a header field or reason phrase that HTTP forbids; for NaN or
        infinity in JSON.
    :raises TypeError: for a body, status code or header field of another type.
    """

    #: File name extension -> media type, for `send_file()`; an application may add to it.
    types_map = {
        "css": "text/css",
        "csv": "text/csv",
        "gif": "image/gif",
        "gz": "application/gzip",
        "html": "text/html",
        "htm": "text/html",
        "ico": "image/x-icon",
        "jpg": "image/jpeg",
        "jpeg": "image/jpeg",
        "js": "text/javascript",
        "json": "application/json",
        "map": "application/json",
        "mjs": "text/javascript",
        "mp4": "video/mp4",
        "pdf": "application/pdf",
        "png": "image/png",
        "svg": "image/svg+xml",
        "txt": "text/plain",
        "wasm": "application/wasm",
        "webmanifest": "application/manifest+json",
        "webp": "image/webp",
        "woff2": "font/woff2",
        "xml": "application/xml",
    }
    #: Size in bytes of the pieces in which files are read on a board. CPython reads larger ones.
    send_file_buffer_size = 1024
    #: Media type of a response that does not name one.
    default_content_type = _TEXT
    #: Seconds for which a client may keep a file of `send_file()`, if the call names none; None: no Cache-Control.
    default_send_file_max_age: "int | None" = None
    #: A handler returns this if it has answered the client by itself.
    already_handled: "Response"

    _headers: "ResponseHeaders | None" = None
    _reason: "str | None" = None

    def __init__(
        self,
        body: "object" = "",
        status_code: int = 200,
        headers: "dict | list | None" = None,
        reason: "str | None" = None,
    ):
        if status_code != 200 or not isinstance(status_code, int):
            check_status(status_code)
        self.status_code = status_code
        if reason is not None:
            self.reason = reason
        if headers:
            self._headers = ResponseHeaders(headers)
        if isinstance(body, str):
            body = body.encode()
        elif body is None:
            body = b""
            if status_code == 200:
                self.status_code = 204
        elif isinstance(body, _JSON_TYPES):
            global dump_json
            if not dump_json:
                from .jsondata import dump_json
            body = dump_json(body).encode()
            self.default_content_type = _JSON
            if headers:
                self._headers.setdefault("Content-Type", _JSON)
        elif not isinstance(body, bytes):
            body = _check_body(body)
        self.body = body

    @property
    def headers(self) -> ResponseHeaders:
        """The header fields, to be read and changed; Content-Length and a default Content-Type are added when sent."""
        if self._headers is None:
            self._headers = ResponseHeaders()
            if self.default_content_type is _JSON:
                self._headers["Content-Type"] = _JSON
        return self._headers

    @headers.setter
    def headers(self, headers):
        if self._headers:
            self._headers.take_over()  # `response.headers |= fields` on MicroPython
        self._headers = ResponseHeaders(headers)

    @property
    def fields(self) -> "ResponseHeaders | None":
        """The header fields that have been set, None without any; unlike `headers`, this does not make a dictionary."""
        return self._headers

    @property
    def reason(self) -> "str | None":
        """The reason phrase, None for the standard one of the status code.

        :raises ValueError: when it is set to a text that HTTP forbids.
        """
        return self._reason

    @reason.setter
    def reason(self, reason):
        self._reason = reason if reason is None else check_text(reason, "the reason phrase")

    def set_cookie(
        self,
        cookie: str,
        value: str,
        path: "str | None" = None,
        domain: "str | None" = None,
        expires=None,
        max_age: "int | None" = None,
        secure: bool = False,
        http_only: bool = False,
        partitioned: bool = False,
        same_site: "str | None" = None,
    ) -> None:
        """Set a cookie on the client (RFC 6265).

        :param expires: a datetime, or a str in HTTP date format.
        :param max_age: lifetime in seconds.
        :param same_site: `'Strict'`, `'Lax'` or `'None'`.
        :raises ValueError: for `;`, a control character, or a blank at the end of any part.
        """
        from ._cookies import format_cookie

        field = format_cookie(cookie, value, path, domain, expires, max_age, secure, http_only, partitioned, same_site)
        cookies = self.headers.get("Set-Cookie", [])
        self.headers["Set-Cookie"] = (cookies if isinstance(cookies, list) else [cookies]) + [field]

    def delete_cookie(self, cookie: str, **kwargs) -> None:
        """Delete a cookie from the client; path and domain must be those with which it was set.

        :param kwargs: the options of `set_cookie()`.
        """
        kwargs["expires"] = "Thu, 01 Jan 1970 00:00:01 GMT"
        kwargs["max_age"] = 0
        self.set_cookie(cookie, "", **kwargs)

    def vary(self, field: str) -> None:
        """Add the name of a request header field to Vary (RFC 9110, section 12.5.5), unless it is there."""
        present = self.headers.get("Vary")
        if isinstance(present, list):
            present = ", ".join(present)
        names = [name.strip().lower() for name in present.split(",")] if present else []
        if field.lower() not in names and "*" not in names:
            self.headers["Vary"] = present + ", " + field if present else field

    @property
    def content_type(self) -> str:
        """The value of the Content-Type field, as it will be sent."""
        content_type = self._headers.get("Content-Type") if self._headers else None
        if content_type is None:
            content_type = self.default_content_type
            if content_type == _TEXT:  # the usual one, without building it again
                return _TEXT_AS_SENT
            if "charset=" not in content_type:
                content_type += "; charset=UTF-8"
        return content_type

    @property
    def has_body(self) -> bool:
        """Whether a response with this status code has a body at all (RFC 9110, section 6.4.1)."""
        return self.status_code != 204 and self.status_code != 304

    def header_list(self, head: bool = False) -> "list[tuple[str, str]]":
        """Return the header fields to send, each as (name, value), those that are still missing included.

        :param head: whether this is a response to HEAD, whose Content-Length may be that of a body that is not here.
        """
        fields = self._headers
        body = self.body
        if not fields and self.status_code == 200 and isinstance(body, bytes):  # the usual response
            content_type = _TEXT_AS_SENT if self.default_content_type is _TEXT else self.content_type
            return [("Content-Type", content_type), ("Content-Length", str(len(body)))]
        if fields:
            # The application must not say how the body is delimited: the next response would begin elsewhere.
            fields.pop("Transfer-Encoding", None)
            if not head and self.has_body and isinstance(body, bytes) and "Content-Length" in fields:
                fields["Content-Length"] = str(len(body))
        pairs = _list_pairs(fields) if fields else []
        if self.has_body:
            if not fields or "Content-Type" not in fields:
                pairs.append(("Content-Type", self.content_type))
            if isinstance(body, bytes) and (not fields or "Content-Length" not in fields):
                pairs.append(("Content-Length", str(len(body))))
        return pairs

    def complete(self, head: bool = False) -> None:
        """Add to `headers` what will be sent and is still missing; the parameter is that of `header_list()`."""
        for name, value in self.header_list(head):
            if name not in self.headers:
                self.headers[name] = value

    def check(self) -> None:
        """Check again what may have changed since it was set.

        :raises ValueError: for a status code or a header field that cannot be sent.
        :raises TypeError: for one of the wrong type.
        """
        check_status(self.status_code)
        if self._headers:
            self._headers.check()
        check_text(self.default_content_type, "default_content_type")

    def prepare(self, request) -> None:
        """Check the response, and adapt it to the *request* that it answers, which may be a conditional one.

        :raises ValueError, TypeError: as `check()`.
        """
        content_type = self.default_content_type
        usual = content_type is _TEXT or content_type is _JSON
        if not usual or self._headers is not None or self.status_code != 200:  # most have not changed
            self.check()
        if not isinstance(self.body, bytes) and hasattr(self.body, "adapt"):  # a file
            self.body.adapt(self, request)

    def body_iter(self) -> "Any":
        """Return the body as an asynchronous iterator of bytes-like objects, with `aclose()`.

        Each object is valid until the next one is requested, because files are read into one buffer.
        """
        if hasattr(self.body, "yields_bytes"):  # it is such an iterator, as that of an event stream
            return self.body
        from ._response_body import iterate

        return iterate(self.body, self.send_file_buffer_size)

    @classmethod
    def redirect(cls, location: str, status_code: int = 302) -> "Response":
        """Return a response that sends the client to another URL.

        Spaces and characters beyond ASCII are percent-encoded; what is encoded already stays as it is.

        :raises ValueError: for a location with a control character, or a blank at an end.
        """
        if isinstance(location, str):  # else the headers refuse it
            location = quote_url(check_text(location, "the location"))
        return cls(status_code=status_code, headers={"Location": location})

    @classmethod
    def send_file(
        cls,
        filename: "str | PathLike[str]",
        status_code: int = 200,
        content_type: "str | None" = None,
        stream=None,
        max_age: "int | None" = None,
        compressed: "bool | str" = False,
        file_extension: str = "",
    ) -> "Response":
        """Return a response with a file in its body; never pass a name that a client sent (see `microdot.static`).

        Conditional requests and single ranges are answered (RFC 9110, sections 13 and 14). A sibling
        `filename + '.gz'` that is not older is sent to clients that accept gzip. If there is only the sibling, other
        clients get it unpacked or, from a board that cannot do that, status 406.

        :param filename: a str or `pathlib.Path`.
        :param content_type: the media type; None: that of the file name's extension.
        :param stream: an open binary file to send instead of *filename*, whose name still tells the type.
        :param max_age: seconds for which clients may keep the file without asking again.
        :param compressed: True, or the name of the coding, if the file's content is compressed already; True means
            gzip. No sibling is looked for then.
        :param file_extension: added to *filename* for the name of the file to open, not for its type; such as `'.gz'`.
        :raises OSError: if the file cannot be opened.
        """
        from ._file_body import respond_with_file

        return respond_with_file(
            cls, filename, status_code, content_type, stream, max_age, compressed, file_extension
        )


async def close_body(chunks, transport) -> None:
    """Close the iterator that `Response.body_iter()` returned.

    An error of the application is logged. It changes nothing for the client, who may have got the whole body.

    :raises BaseException: what is not an error of the application, as `Microdot.dispatch_request()`.
    """
    try:
        await chunks.aclose()
    except BaseException as error:
        if not is_fault(error, transport):
            raise
        log_error("Exception while the body of a response was closed", error)


def _list_pairs(fields):
    pairs = []
    for pair in fields.items():
        value = pair[1]
        if isinstance(value, str):
            pairs.append(pair)
        else:
            pairs.extend([(pair[0], str(item)) for item in (value if isinstance(value, list) else (value,))])
    return pairs


def _is_status(value):
    """Return whether *value*, which a handler returned, is a status code and not a number to be sent."""
    return isinstance(value, int) and not isinstance(value, bool) and 100 <= value <= 999


def _check_body(body):
    if isinstance(body, (bytearray, memoryview)):
        return bytes(body)
    for attribute in ("read", "__next__", "__anext__", "__aiter__"):
        if hasattr(body, attribute):
            return body
    raise TypeError("cannot send a " + type(body).__name__ + " as the body of a response")


Response.already_handled = Response()


def make_response(result, origin, default: "Response | None" = None) -> Response:
    """Return the response that a handler's result stands for.

    :param origin: the handler, which the error names.
    :param default: the response if the result is None.
    :raises TypeError: if a handler may not return *result*.
    """
    if isinstance(result, str) or isinstance(result, dict):  # noqa: SIM101 - MicroPython would make a tuple anew
        return Response(result)
    if result is None and default:
        result = default
    if isinstance(result, Response):
        if isinstance(result.body, str):  # a hook has changed it
            result.body = result.body.encode()
        return result
    return _convert(result, origin)


def _convert(result, origin):
    rest = list(result) if isinstance(result, tuple) and result else [result]
    if len(rest) > 1 and rest[-1] is None:  # no header fields
        rest.pop()
    # A number before a status code is a body.
    alone = len(rest) < 2 or not _is_status(rest[1])
    body = "" if alone and _is_status(rest[0]) else rest.pop(0)
    status_code = rest.pop(0) if rest and isinstance(rest[0], int) and not isinstance(rest[0], bool) else 200
    headers = rest.pop(0) if rest and isinstance(rest[0], (dict, list)) else None
    reason = ""
    try:
        if not rest:
            return Response(body, status_code, headers)
    except TypeError as error:
        reason = ": " + str(error)
    name = getattr(origin, "__qualname__", None) or getattr(origin, "__name__", None) or repr(origin)
    raise TypeError("handler " + name + " returned " + repr(result)[:80] + ", which cannot be sent" + reason)
