"""The application for Flask, WSGI."""

from common import DYNAMIC_OTHERS, FILES, HELLO, PIECE, PIECES, STATIC_OTHERS
from flask import Flask, Response, request, send_from_directory

app = Flask(__name__)
TEXT = {"Content-Type": "text/plain; charset=utf-8"}


def other(**values):
    return "other"


for path in STATIC_OTHERS:
    app.add_url_rule(path, path[1:], other)
for path in DYNAMIC_OTHERS:
    app.add_url_rule(path + "/<int:id>", path[1:], other)


@app.get("/")
def hello():
    return HELLO, TEXT


@app.get("/users/<int:id>")
def user(id):
    return "user %d" % id, TEXT


@app.post("/echo")
def echo():
    return request.get_json()


@app.get("/files/<name>")
def file(name):
    return send_from_directory(FILES, name)


@app.get("/stream")
def stream():
    return Response((PIECE for _ in range(PIECES)), content_type="text/plain")


@app.post("/upload")
def upload():
    return str(len(request.get_data()))
