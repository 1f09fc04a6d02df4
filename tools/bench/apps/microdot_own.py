"""Serves with the framework's own server, on CPython and MicroPython."""

import sys

from common import option
from microdot_routes import add_async_routes, add_websocket, pieces

from microdot import Microdot
from microdot.websocket import with_websocket

app = Microdot()
app.max_connections = 20000
app.head_timeout = app.idle_timeout = 3600  # for many idle connections
if sys.implementation.name != "micropython":
    from async_pieces import async_pieces as pieces
add_async_routes(app, pieces)
add_websocket(app, with_websocket)
app.run(host="127.0.0.1", port=int(option("port")))
