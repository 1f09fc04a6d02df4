"""The application for Bottle, WSGI."""

from bottle import Bottle, request, response, static_file
from common import DYNAMIC_OTHERS, FILES, HELLO, PIECE, PIECES, STATIC_OTHERS

app = Bottle()


def other(**values):
    return "other"


for path in STATIC_OTHERS:
    app.route(path, callback=other)
for path in DYNAMIC_OTHERS:
    app.route(path + "/<id:int>", callback=other)


@app.get("/")
def hello():
    response.content_type = "text/plain; charset=UTF-8"
    return HELLO


@app.get("/users/<id:int>")
def user(id):
    response.content_type = "text/plain; charset=UTF-8"
    return "user %d" % id


@app.post("/echo")
def echo():
    return request.json


@app.get("/files/<name>")
def file(name):
    return static_file(name, FILES)


@app.get("/stream")
def stream():
    return (PIECE for _ in range(PIECES))


@app.post("/upload")
def upload():
    return str(len(request.body.read()))
