"""WebSocket handlers that end in every way, and one that never reads. Runs on every server."""

import asyncio
import sys

from microdot import Microdot, abort
from microdot.websocket import websocket_upgrade, with_websocket

app = Microdot()
ended = []  # the close codes that the handler which never reads has seen


@app.get("/")
async def index(request):
    return "hello"


@app.get("/ended")
async def see(request):
    return {"ended": ended}


async def end(ws, how):
    if how == "error":
        raise ValueError("of the handler")
    if how == "oserror":
        raise OSError(2, "ENOENT")
    if how == "abort":
        abort(404)
    if how == "close":
        await ws.close(4000, "bye")
    elif how == "receive":
        await ws.receive()  # which the peer's close ends with a WebSocketError


@app.get("/decorated/<how>")
@with_websocket
async def decorated(request, ws, how):
    await end(ws, how)


@app.get("/bare/<how>")
async def bare(request, how):
    ws = await websocket_upgrade(request)
    await end(ws, how)
    return "for nobody"


@app.get("/unread")
@with_websocket(ping_interval=1)
async def unread(request, ws):
    try:
        await asyncio.sleep(3600)
    finally:
        ended.append(ws.close_code)


if __name__ == "__main__":
    app.run("127.0.0.1", int(sys.argv[1]))
