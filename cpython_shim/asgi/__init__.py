"""Microdot applications under ASGI servers (ASGI 3.0, HTTP and WebSocket message formats 2.x)."""

from microdot import AsyncBytesIO, Request, Response, URLPattern, abort, iscoroutine, redirect, send_file
from microdot.websocket import WebSocket, websocket_upgrade, with_websocket

from .application import Microdot, serve

__all__ = [
    "AsyncBytesIO",
    "Microdot",
    "Request",
    "Response",
    "URLPattern",
    "WebSocket",
    "abort",
    "iscoroutine",
    "redirect",
    "send_file",
    "serve",
    "websocket_upgrade",
    "with_websocket",
]
