"""The application for Falcon, ASGI."""

import falcon
import falcon.asgi
from common import DYNAMIC_OTHERS, FILES, HELLO, PIECE, PIECES, STATIC_OTHERS


class Other:
    async def on_get(self, req, resp, **values):
        resp.text = "other"


class Hello:
    async def on_get(self, req, resp):
        resp.content_type = falcon.MEDIA_TEXT
        resp.text = HELLO


class User:
    async def on_get(self, req, resp, id):
        resp.content_type = falcon.MEDIA_TEXT
        resp.text = "user %d" % id


class Echo:
    async def on_post(self, req, resp):
        resp.media = await req.get_media()


class Stream:
    async def on_get(self, req, resp):
        async def pieces():
            for _ in range(PIECES):
                yield PIECE

        resp.content_type = falcon.MEDIA_TEXT
        resp.stream = pieces()


class Upload:
    async def on_post(self, req, resp):
        size = 0
        async for data in req.stream:
            size += len(data)
        resp.text = str(size)


class Socket:
    async def on_websocket(self, req, ws):
        await ws.accept()
        try:
            while True:
                await ws.send_text(await ws.receive_text())
        except falcon.WebSocketDisconnected:
            pass


app = falcon.asgi.App()
for path in STATIC_OTHERS:
    app.add_route(path, Other())
for path in DYNAMIC_OTHERS:
    app.add_route(path + "/{id:int}", Other())
app.add_route("/", Hello())
app.add_route("/users/{id:int}", User())
app.add_route("/echo", Echo())
app.add_route("/stream", Stream())
app.add_route("/upload", Upload())
app.add_route("/ws", Socket())
app.add_static_route("/files", FILES)
