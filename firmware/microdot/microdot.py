"""The import path `microdot.microdot`, for applications that use it; new ones import from `microdot`."""

import sys

from . import Microdot, Response, abort, iscoroutine, redirect, send_file
from ._app import mro
from ._compat import MICROPYTHON, invoke_handler
from .errors import HTTPException

if not MICROPYTHON:
    from traceback import print_exception

    from . import AsyncBytesIO, Request, URLPattern
    from ._datastructures import NoCaseDict
    from ._forms import MultiDict, urldecode, urlencode
else:
    print_exception = sys.print_exception
    _later = {
        "AsyncBytesIO": "_request_body",
        "MultiDict": "_forms",
        "NoCaseDict": "_datastructures",
        "Request": "_request",
        "URLPattern": "_routing",
        "urldecode": "_forms",
        "urlencode": "_forms",
    }

    def _load(name):
        # As in the package: what is not used takes no memory on a board.
        if name not in _later:
            raise AttributeError(name)
        package = __name__[: __name__.rfind(".") + 1]
        value = globals()[name] = getattr(__import__(package + _later[name], None, None, (name,)), name)
        return value

    globals()["__getattr__"] = _load

#: Errors of a socket that only mean that the client is gone: EPIPE, ECONNRESET, ECONNABORTED, ENOTCONN.
MUTED_SOCKET_ERRORS = [32, 54, 104, 103, 128, 107]

__all__ = (
    "MUTED_SOCKET_ERRORS",
    "AsyncBytesIO",
    "HTTPException",
    "Microdot",
    "MultiDict",
    "NoCaseDict",
    "Request",
    "Response",
    "URLPattern",
    "abort",
    "invoke_handler",
    "iscoroutine",
    "mro",
    "print_exception",
    "redirect",
    "send_file",
    "urldecode",
    "urlencode",
)
