"""The application for Quart, ASGI."""

from common import DYNAMIC_OTHERS, FILES, HELLO, PIECE, PIECES, STATIC_OTHERS
from quart import Quart, Response, request, send_from_directory, websocket

app = Quart(__name__)
TEXT = {"Content-Type": "text/plain; charset=utf-8"}


async def other(**values):
    return "other"


for path in STATIC_OTHERS:
    app.add_url_rule(path, path[1:], other)
for path in DYNAMIC_OTHERS:
    app.add_url_rule(path + "/<int:id>", path[1:], other)


@app.get("/")
async def hello():
    return HELLO, TEXT


@app.get("/users/<int:id>")
async def user(id):
    return "user %d" % id, TEXT


@app.post("/echo")
async def echo():
    return await request.get_json()


@app.get("/files/<name>")
async def file(name):
    return await send_from_directory(FILES, name)


@app.get("/stream")
async def stream():
    async def pieces():
        for _ in range(PIECES):
            yield PIECE

    return Response(pieces(), content_type="text/plain")


@app.post("/upload")
async def upload():
    size = 0
    async for data in request.body:
        size += len(data)
    return str(size)


@app.websocket("/ws")
async def socket():
    while True:
        await websocket.send(await websocket.receive())
