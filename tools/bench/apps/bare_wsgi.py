"""A bare WSGI program that does the same work: what any framework under this server can approach."""

import json
import os

from common import FILES, HELLO, PIECE, PIECES


def app(environ, start_response):
    path = environ["PATH_INFO"]
    content_type = "text/plain; charset=utf-8"
    if path == "/":
        body = HELLO.encode()
    elif path.startswith("/users/"):
        body = b"user %d" % int(path[7:])
    elif path == "/echo":
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        body = json.dumps(json.loads(body)).encode()
        content_type = "application/json"
    elif path == "/upload":
        body = b"%d" % len(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
    elif path == "/stream":
        start_response("200 OK", [("Content-Type", content_type)])
        return (PIECE for _ in range(PIECES))
    else:
        with open(os.path.join(FILES, path[7:]), "rb") as file:
            body = file.read()
    start_response("200 OK", [("Content-Type", content_type), ("Content-Length", str(len(body)))])
    return [body]
