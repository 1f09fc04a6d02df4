"""phew, which imports modules of a Pico W: empty ones take their place here, and its log file is switched off."""

import json
import sys

from common import DYNAMIC_OTHERS, FILES, HELLO, PIECE, PIECES, STATIC_OTHERS, option


class Board:
    """Stands for the modules `machine` and `network`."""


sys.modules["machine"] = sys.modules["network"] = Board()

from phew import logging, server  # noqa: E402

logging.info = lambda *items: None


def other(request, **values):
    return "other"


for path in STATIC_OTHERS:
    server.add_route(path, other)
for path in DYNAMIC_OTHERS:
    server.add_route(path + "/<id>", other)


@server.route("/")
def hello(request):
    return HELLO


@server.route("/users/<id>")
def user(request, id):
    return "user %d" % int(id)


@server.route("/echo", ["POST"])
def echo(request):
    return json.dumps(request.data), 200, "application/json"


@server.route("/files/<name>")
def file(request, name):
    return server.serve_file(FILES + "/" + name)


@server.route("/stream")
def stream(request):
    return (PIECE for _ in range(PIECES))


server.run("127.0.0.1", int(option("port")))
