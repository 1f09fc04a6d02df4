"""The import path `microdot.microdot`, for applications that use it; new ones import from `microdot`."""

import sys

from . import AsyncBytesIO, Microdot, Request, Response, URLPattern, abort, iscoroutine, redirect, send_file
from ._compat import invoke_handler
from .app import mro
from .datastructures import NoCaseDict
from .errors import HTTPException
from .forms import MultiDict, urldecode, urlencode

if hasattr(sys, "print_exception"):  # MicroPython
    print_exception = sys.print_exception
else:
    from traceback import print_exception

#: Errors of a socket that mean no more than that the client is gone: EPIPE, ECONNRESET, ECONNABORTED, ENOTCONN.
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
