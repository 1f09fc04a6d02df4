"""Exceptions that carry an HTTP status."""

if False:  # for type checkers: MicroPython's compiler leaves this out
    from typing import NoReturn


class HTTPException(Exception):
    """An HTTP error: raised anywhere while a request is handled, it becomes the response with its status.

    :param status_code: the status code of the response, int.
    :param reason: the text of the response's body, str; `None` for a text made of the status code.
    :param headers: header fields for the response, beside those of an error handler.
    """

    def __init__(self, status_code: int, reason: "str | None" = None, headers: "dict[str, str] | None" = None):
        self.status_code = status_code
        self.reason = reason or str(status_code) + " error"
        self.headers = headers

    def __repr__(self) -> str:
        return "HTTPException: " + str(self.status_code)

    __str__ = __repr__


def abort(status_code: int, reason: "str | None" = None) -> "NoReturn":
    """Stop handling the request and answer with *status_code* and, as the body, *reason*.

    :raises HTTPException: always.
    """
    raise HTTPException(status_code, reason)
