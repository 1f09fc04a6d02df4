"""Status codes of HTTP: their reason phrases (RFC 9110, section 15), and the exception that carries one."""

from ._datastructures import ResponseHeaders

if -0:  # for type checkers: MicroPython's compiler leaves this out, and Pyright reads it, unlike "if False"
    from typing import NoReturn

# One string, which stays in flash; a dictionary would take half a kilobyte of a board's memory.
_PHRASES = """
100 Continue
101 Switching Protocols
200 OK
201 Created
202 Accepted
203 Non-Authoritative Information
204 No Content
205 Reset Content
206 Partial Content
300 Multiple Choices
301 Moved Permanently
302 Found
303 See Other
304 Not Modified
307 Temporary Redirect
308 Permanent Redirect
400 Bad Request
401 Unauthorized
402 Payment Required
403 Forbidden
404 Not Found
405 Method Not Allowed
406 Not Acceptable
407 Proxy Authentication Required
408 Request Timeout
409 Conflict
410 Gone
411 Length Required
412 Precondition Failed
413 Content Too Large
414 URI Too Long
415 Unsupported Media Type
416 Range Not Satisfiable
417 Expectation Failed
418 I'm a Teapot
421 Misdirected Request
422 Unprocessable Content
426 Upgrade Required
428 Precondition Required
429 Too Many Requests
431 Request Header Fields Too Large
451 Unavailable For Legal Reasons
500 Internal Server Error
501 Not Implemented
502 Bad Gateway
503 Service Unavailable
504 Gateway Timeout
505 HTTP Version Not Supported
511 Network Authentication Required
"""


def reason_phrase(status_code: int) -> str:
    """Return the standard reason phrase of a status code, `''` for one without."""
    start = _PHRASES.find("\n%d " % status_code)
    return _PHRASES[start + 5 : _PHRASES.find("\n", start + 5)] if start >= 0 else ""


def error_text(status_code: int) -> str:
    """Return the text of an error response's body, such as `'Not found'`."""
    phrase = reason_phrase(status_code) or "Error"
    return phrase[0] + phrase[1:].lower()


def check_status(status_code: int) -> None:
    """Check that a response can have a status code: one from 200 to 599 (RFC 9110, section 15).

    :raises ValueError: for another number. After 100 to 199 clients go on waiting for the response; only an upgrade
        of the connection to another protocol sends 101.
    :raises TypeError: for what is not an int.
    """
    if not isinstance(status_code, int):
        raise TypeError("a status code must be an int, not " + repr(status_code)[:80])
    if not 200 <= status_code <= 599:
        raise ValueError("invalid status code " + str(status_code) + ": use one from 200 to 599")


class HTTPException(Exception):
    """An HTTP error: raised anywhere while a request is handled, it becomes the response with its status.

    :param status_code: the status code of the response, int.
    :param reason: the text of the response's body, str; `None` for a text made of the status code.
    :param headers: header fields for the response, in addition to those of an error handler.
    :raises ValueError, TypeError: for a status code or header field that cannot be sent.
    """

    def __init__(self, status_code: int, reason: "str | None" = None, headers: "dict[str, str] | None" = None):
        check_status(status_code)
        self.status_code = status_code
        self.reason = reason or str(status_code) + " error"
        self.headers = ResponseHeaders(headers) if headers else None

    def __repr__(self) -> str:
        return "HTTPException: " + str(self.status_code)

    __str__ = __repr__


class MalformedJSON(ValueError):
    """The error for JSON that cannot be read, a ValueError; unless it is caught, the answer has status 400."""

    status_code = 400
    reason = "Malformed JSON"
    headers = None


class MissingField(KeyError):
    """The error for an absent field, file or parameter, a KeyError; unless it is caught, the answer has status 400."""

    status_code = 400
    headers = None

    @property
    def reason(self) -> "str | None":
        """The text of the response's body; it names the field."""
        return "Missing field: " + str(self.args[0])


def is_http_error(error: BaseException) -> bool:
    """Return whether an exception says which response it becomes.

    It has the attributes `status_code`, an int, `reason` and `headers`. Its class does not matter: on MicroPython no
    class can be both a ValueError and an HTTPException.
    """
    try:
        status_code = getattr(error, "status_code", None)
        return isinstance(status_code, int) and hasattr(error, "reason") and hasattr(error, "headers")
    except Exception:  # its own `__getattr__` fails
        return False


def abort(status_code: int, reason: "str | None" = None) -> "NoReturn":
    """Stop handling the request and answer with *status_code* and, as the body, *reason*.

    :raises HTTPException: always.
    """
    raise HTTPException(status_code, reason)
