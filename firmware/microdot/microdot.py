"""The import path `microdot.microdot`, for applications that use it; new ones import from `microdot`."""

from . import AsyncBytesIO, Microdot, Request, Response, URLPattern, abort, iscoroutine, redirect, send_file
from ._compat import MUTED_SOCKET_ERRORS, invoke_handler, print_exception
from .app import mro
from .datastructures import NoCaseDict
from .errors import HTTPException
from .forms import MultiDict, urldecode, urlencode

__all__ = [
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
]
