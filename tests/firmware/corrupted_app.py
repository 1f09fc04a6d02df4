"""What is attacked with corrupted frames: an echo, and a look at the heap. Runs on MicroPython."""

import gc
import sys

from microdot import Microdot
from microdot.websocket import WebSocket, with_websocket

app = Microdot()
WebSocket.max_message_length = 4096


@app.get("/")
async def index(request):
    return "hello"


@app.get("/heap")
async def heap(request):
    gc.collect()
    return {"used": gc.mem_alloc(), "free": gc.mem_free()}


@app.get("/echo")
@with_websocket(deflate=True)
async def echo(request, ws):
    async for message in ws:
        await ws.send(message)


app.run("127.0.0.1", int(sys.argv[1]))
