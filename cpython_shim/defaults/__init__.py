"""What an application decides once: the type of its pages, and how its own classes become JSON.

>>> from microdot.defaults import HTMLPages, json_type
>>> HTMLPages(app)
>>> json_type(datetime.date, datetime.date.isoformat)
"""

from collections.abc import Callable
from typing import Any

from microdot import Response
from microdot._compat import json_types

__all__ = ["HTMLPages", "json_type"]


class HTMLPages:
    """Makes `text/html` the default type of one application, as `Response.default_content_type` is that of all.

    It is the type of what route handlers return without naming one. The texts of errors stay plain text, since a part
    of them may come from the client; an error handler that returns a page names its type.
    """

    def __init__(self, app: Any = None):
        if app is not None:
            self.initialize(app)

    def initialize(self, app: Any) -> None:
        """Set the default type of *app*."""
        app.extend(self, first=True, after_request=self.set_type)

    async def set_type(self, request: Any, response: Response) -> None:
        """Set the type of a response that has none."""
        if "default_content_type" not in vars(response):
            response.default_content_type = "text/html"


def json_type(cls: type, convert: "Callable[[Any], object]") -> None:
    """Send objects of a class, and of those derived from it, as what *convert* makes of them, wherever JSON is made.

    >>> json_type(uuid.UUID, str)

    :param convert: `f(value)`, which returns something that JSON has, or something with another registered class.
    :raises TypeError: if *cls* is no class.
    """
    if not isinstance(cls, type):
        raise TypeError(f"json_type() needs a class, not {cls!r}")
    json_types[cls] = convert
