"""The application for BlackSheep, ASGI."""

from blacksheep import Application, Content, Response, StreamedContent, WebSocket, json, text
from common import DYNAMIC_OTHERS, FILES, HELLO, PIECE, PIECES, STATIC_OTHERS

app = Application()
app.serve_files(FILES, root_path="files", extensions={".bin", ".css"})


def add_other(path, pattern):
    async def other():
        return text("other")

    app.router.add_get(pattern, other)


for path in STATIC_OTHERS:
    add_other(path, path)
for path in DYNAMIC_OTHERS:
    add_other(path, path + "/{int:id}")


@app.router.get("/")
async def hello():
    return text(HELLO)


@app.router.get("/users/{int:id}")
async def user(id: int):
    return text("user %d" % id)


@app.router.post("/echo")
async def echo(request):
    return json(await request.json())


@app.router.get("/stream")
async def stream():
    async def pieces():
        for _ in range(PIECES):
            yield PIECE

    return Response(200, content=StreamedContent(b"text/plain", pieces))


@app.router.post("/upload")
async def upload(request):
    size = 0
    async for data in request.stream():
        size += len(data)
    return Response(200, content=Content(b"text/plain", str(size).encode()))


@app.router.ws("/ws")
async def socket(websocket: WebSocket):
    await websocket.accept()
    while True:
        await websocket.send_text(await websocket.receive_text())
