"""What an application decides once: the type of its pages, and how its own classes become JSON.

>>> from microdot.defaults import HTMLPages, json_type
>>> HTMLPages(app)
>>> json_type(datetime.date, datetime.date.isoformat)
"""

import html
from collections.abc import Callable
from typing import Any

from microdot import Response
from microdot._compat import json_types
from microdot.errors import error_text, reason_phrase

__all__ = ["HTMLPages", "json_type"]

#: JSON holds objects of these classes, and of those derived from them, without asking how.
_JSON_TYPES = (str, int, float, list, tuple, dict, type(None))
_PAGE = '<!doctype html>\n<html lang="en">\n<title>{title}</title>\n<h1>{heading}</h1>\n'


class HTMLPages:
    """Makes `text/html` the default type of one application, as `Response.default_content_type` is that of all.

    It is the type of what handlers and error handlers return without naming one. An error that no error handler answers
    becomes a page too: its text is escaped, because a part of it may come from the client.
    """

    def __init__(self, app: Any = None):
        if app is not None:
            self.initialize(app)

    def initialize(self, app: Any) -> None:
        """Set the default type of *app*."""
        app.extend(self, first=True, after_request=self.set_type, after_error_request=self.set_error_type)

    async def set_type(self, request: Any, response: Response) -> None:
        """Set the type of a response that has none."""
        if "default_content_type" not in vars(response):
            response.default_content_type = "text/html"

    async def set_error_type(self, request: Any, response: Response) -> None:
        """Set the type of an error handler's response that has none, and make a page of an error's text."""
        if response.default_content_type == "text/plain" and "default_content_type" in vars(response):
            if not (response.fields and "Content-Type" in response.fields) and isinstance(response.body, bytes):
                response.body = error_page(response.status_code, response.body.decode()).encode()
                response.default_content_type = "text/html"
        else:
            await self.set_type(request, response)


def error_page(status_code: int, text: str) -> str:
    """Return a page that tells of an error; *text* is shown as it is, unless it says no more than the status."""
    heading = reason_phrase(status_code) or "Error"
    page = _PAGE.format(title=f"{status_code} {heading}", heading=heading)
    if text in (error_text(status_code), f"{status_code} error"):  # the text of an abort() without a reason
        return page
    return f"{page}<p>{html.escape(text)}</p>\n"


def json_type(cls: type, convert: "Callable[[Any], object]") -> None:
    """Send objects of a class, and of those derived from it, as what *convert* makes of them, wherever JSON is made.

    >>> json_type(uuid.UUID, str)

    :param convert: `f(value)`, which returns something that JSON has, or something with another registered class.
    :raises TypeError: if *cls* is not a class, or its objects are JSON already; if *convert* cannot be called.
    """
    if not isinstance(cls, type):
        raise TypeError(f"json_type() needs a class, not {cls!r}")
    if issubclass(cls, _JSON_TYPES):
        kind = next(base for base in cls.__mro__ if base in _JSON_TYPES).__name__
        raise TypeError(f"json_type() cannot change {cls.__name__}: JSON has it already, as a {kind}")
    if not callable(convert):
        raise TypeError(f"json_type() needs a function for {cls.__name__}, not {convert!r}")
    json_types[cls] = convert
