"""The application for Litestar, ASGI."""

from typing import Any

from common import DYNAMIC_OTHERS, FILES, HELLO, PIECE, PIECES, STATIC_OTHERS
from litestar import Litestar, MediaType, Request, WebSocket, get, post, websocket
from litestar.response import Stream
from litestar.static_files import create_static_files_router


@get(STATIC_OTHERS, media_type=MediaType.TEXT)
async def other() -> str:
    return "other"


@get([path + "/{number:int}" for path in DYNAMIC_OTHERS], media_type=MediaType.TEXT)
async def other_dynamic(number: int) -> str:
    return "other"


@get("/", media_type=MediaType.TEXT)
async def hello() -> str:
    return HELLO


@get("/users/{number:int}", media_type=MediaType.TEXT)
async def user(number: int) -> str:
    return "user %d" % number


@post("/echo", status_code=200)
async def echo(data: dict[str, Any]) -> dict[str, Any]:
    return data


@get("/stream", media_type=MediaType.TEXT)
async def stream() -> Stream:
    async def pieces():
        for _ in range(PIECES):
            yield PIECE

    return Stream(pieces())


@post("/upload", status_code=200, media_type=MediaType.TEXT)
async def upload(request: Request) -> str:
    size = 0
    async for data in request.stream():
        size += len(data)
    return str(size)


@websocket("/ws")
async def socket(socket: WebSocket) -> None:
    await socket.accept()
    while True:
        await socket.send_text(await socket.receive_text())


app = Litestar(
    [
        other, other_dynamic, hello, user, echo, stream, upload, socket,
        create_static_files_router("/files", [FILES]),
    ],
    openapi_config=None,
)  # fmt: skip
