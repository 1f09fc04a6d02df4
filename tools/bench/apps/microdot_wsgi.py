"""Under a WSGI server, with functions as handlers."""

from microdot_routes import add_routes

from microdot.wsgi import Microdot

app = Microdot()
add_routes(app)
