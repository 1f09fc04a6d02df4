"""The application for Starlette, ASGI."""

from common import DYNAMIC_OTHERS, FILES, HELLO, PIECE, PIECES, STATIC_OTHERS
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles


async def other(request):
    return PlainTextResponse("other")


async def hello(request):
    return PlainTextResponse(HELLO)


async def user(request):
    return PlainTextResponse("user %d" % request.path_params["id"])


async def echo(request):
    return JSONResponse(await request.json())


async def stream(request):
    async def pieces():
        for _ in range(PIECES):
            yield PIECE

    return StreamingResponse(pieces(), media_type="text/plain")


async def upload(request):
    size = 0
    async for data in request.stream():
        size += len(data)
    return PlainTextResponse(str(size))


async def socket(ws):
    await ws.accept()
    async for text in ws.iter_text():
        await ws.send_text(text)


app = Starlette(
    routes=[
        *[Route(path, other) for path in STATIC_OTHERS],
        *[Route(path + "/{id:int}", other) for path in DYNAMIC_OTHERS],
        Route("/", hello),
        Route("/users/{id:int}", user),
        Route("/echo", echo, methods=["POST"]),
        Route("/stream", stream),
        Route("/upload", upload, methods=["POST"]),
        WebSocketRoute("/ws", socket),
        Mount("/files", StaticFiles(directory=FILES)),
    ]
)
