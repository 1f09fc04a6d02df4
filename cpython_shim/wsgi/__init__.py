"""Microdot applications under WSGI servers (PEP 3333)."""

import microdot
from microdot import *  # noqa: F403
from microdot.websocket import WebSocket, websocket_upgrade, with_websocket

from .application import Microdot, serve

__all__ = [*microdot.__all__, "WebSocket", "serve", "websocket_upgrade", "with_websocket"]

assert Microdot is not microdot.Microdot
