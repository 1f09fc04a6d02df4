"""Under a WSGI server, with functions as handlers."""

from microdot.wsgi import Microdot
from microdot_routes import add_routes

app = Microdot()
add_routes(app)
