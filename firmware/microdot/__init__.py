"""A web framework for MicroPython and CPython, with the API of Microdot.

>>> from microdot import Microdot
>>> app = Microdot()
>>> @app.get('/')
... async def index(request):
...     return 'Hello, world!'
"""

from ._compat import iscoroutine
from .app import Microdot
from .errors import abort
from .request import Request
from .response import Response
from .routing import URLPattern
from .streams import AsyncBytesIO

redirect = Response.redirect
send_file = Response.send_file

__version__ = "0.1.0"
__all__ = [
    "AsyncBytesIO",
    "Microdot",
    "Request",
    "Response",
    "URLPattern",
    "abort",
    "iscoroutine",
    "redirect",
    "send_file",
]
