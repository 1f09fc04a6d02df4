"""Under a WSGI server, with coroutine functions as handlers."""

from microdot.wsgi import Microdot
from microdot_routes import add_async_routes

app = Microdot()
add_async_routes(app)
