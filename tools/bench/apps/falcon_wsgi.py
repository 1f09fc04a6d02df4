"""The application for Falcon, WSGI."""

import falcon
from common import DYNAMIC_OTHERS, FILES, HELLO, PIECE, PIECES, STATIC_OTHERS


class Other:
    def on_get(self, req, resp, **values):
        resp.text = "other"


class Hello:
    def on_get(self, req, resp):
        resp.content_type = falcon.MEDIA_TEXT
        resp.text = HELLO


class User:
    def on_get(self, req, resp, id):
        resp.content_type = falcon.MEDIA_TEXT
        resp.text = "user %d" % id


class Echo:
    def on_post(self, req, resp):
        resp.media = req.get_media()


class Stream:
    def on_get(self, req, resp):
        resp.content_type = falcon.MEDIA_TEXT
        resp.stream = (PIECE for _ in range(PIECES))


class Upload:
    def on_post(self, req, resp):
        resp.text = str(len(req.bounded_stream.read()))


app = falcon.App()
for path in STATIC_OTHERS:
    app.add_route(path, Other())
for path in DYNAMIC_OTHERS:
    app.add_route(path + "/{id:int}", Other())
app.add_route("/", Hello())
app.add_route("/users/{id:int}", User())
app.add_route("/echo", Echo())
app.add_route("/stream", Stream())
app.add_route("/upload", Upload())
app.add_static_route("/files", FILES)
