"""The application for this project and for Microdot 2.7 alike: as coroutine functions, or as functions."""

from common import DYNAMIC_OTHERS, FILES, HELLO, PIECE, PIECES, STATIC_OTHERS

from microdot import Request, send_file

Request.max_content_length = 1024 * 1024


def add_others(app):
    def add(path):
        @app.get(path)
        async def other(request, **values):
            return "other"

    for path in STATIC_OTHERS:
        add(path)
    for path in DYNAMIC_OTHERS:
        add(path + "/<int:id>")


def pieces():
    for _ in range(PIECES):
        yield PIECE


def add_async_routes(app, pieces=pieces):
    """Add the benchmark's routes, as coroutine functions; *pieces* makes the streamed response."""
    add_others(app)

    @app.get("/")
    async def hello(request):
        return HELLO

    @app.get("/users/<int:id>")
    async def user(request, id):
        return "user %d" % id

    @app.post("/echo")
    async def echo(request):
        return request.json

    @app.get("/files/<name>")
    async def file(request, name):
        return send_file(FILES + "/" + name)

    @app.get("/stream")
    async def stream(request):
        return pieces()

    @app.post("/upload")
    async def upload(request):
        size = 0
        while size < request.content_length:
            size += len(await request.stream.read(min(request.content_length - size, 65536)))
        return str(size)


def add_routes(app):
    """Add the benchmark's routes, as functions; reading a stream needs a coroutine function."""
    add_others(app)

    @app.get("/")
    def hello(request):
        return HELLO

    @app.get("/users/<int:id>")
    def user(request, id):
        return "user %d" % id

    @app.post("/echo")
    def echo(request):
        return request.json

    @app.get("/files/<name>")
    def file(request, name):
        return send_file(FILES + "/" + name)

    @app.get("/stream")
    def stream(request):
        return pieces()


def add_websocket(app, with_websocket):
    """Add the WebSocket route."""

    @app.get("/ws")
    @with_websocket
    async def socket(request, ws):
        while True:
            await ws.send(await ws.receive())
