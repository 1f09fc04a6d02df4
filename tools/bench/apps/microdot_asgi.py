"""Under an ASGI server."""

from microdot.asgi import Microdot, with_websocket
from microdot_routes import add_async_routes, add_websocket

app = Microdot()
add_async_routes(app)
add_websocket(app, with_websocket)
