"""A web framework for MicroPython and CPython, with the API of Microdot.

>>> from microdot import Microdot
>>> app = Microdot()
>>> @app.get('/')
... async def index(request):
...     return 'Hello, world!'
"""

from ._app import Microdot
from ._compat import MICROPYTHON, iscoroutine
from ._response import Response
from .errors import abort

if not MICROPYTHON:
    from ._request import Request
    from ._request_body import AsyncBytesIO
    from ._routing import URLPattern
else:
    _later = {"AsyncBytesIO": "_request_body", "Request": "_request", "URLPattern": "_routing"}

    def _load(name):
        # What is not used takes no memory on a board. `from microdot import module` comes here, too.
        value = __import__(__name__ + "." + _later.get(name, name), None, None, (name,))
        if name in _later:
            value = globals()[name] = getattr(value, name)
        return value

    globals()["__getattr__"] = _load  # type checkers must not see it: they would believe in any name

redirect = Response.redirect
send_file = Response.send_file

__version__ = "0.1.0"
__all__ = (
    "AsyncBytesIO",
    "Microdot",
    "Request",
    "Response",
    "URLPattern",
    "abort",
    "iscoroutine",
    "redirect",
    "send_file",
)
