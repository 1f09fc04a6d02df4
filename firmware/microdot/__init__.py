"""A web framework for MicroPython and CPython, with the API of Microdot.

>>> from microdot import Microdot
>>> app = Microdot()
>>> @app.get('/')
... async def index(request):
...     return 'Hello, world!'
"""

from ._compat import MICROPYTHON, iscoroutine
from .app import Microdot
from .errors import abort
from .response import Response

if not MICROPYTHON:
    from .request import Request
    from .routing import URLPattern
    from .streams import AsyncBytesIO
else:
    _later = {"AsyncBytesIO": "streams", "Request": "request", "URLPattern": "routing"}

    def _load(name):
        # What is not used takes no memory of a board. `from microdot import module` comes here, too.
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
