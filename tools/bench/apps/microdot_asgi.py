"""Under an ASGI server."""

from async_pieces import async_pieces
from microdot_routes import add_async_routes, add_websocket

from microdot.asgi import Microdot, with_websocket

app = Microdot()
add_async_routes(app, async_pieces)
add_websocket(app, with_websocket)
