"""Under a WSGI server, with coroutine functions as handlers."""

from microdot_routes import add_async_routes

from microdot.wsgi import Microdot

app = Microdot()
add_async_routes(app)
