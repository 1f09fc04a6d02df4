"""The application that holds connections of each kind open, whose memory is measured on MicroPython."""

import asyncio
import gc

from memory_hello import app, run

from microdot.sse import with_sse
from microdot.websocket import with_websocket

app.max_connections = 200
app.head_timeout = app.idle_timeout = 3600


@app.get("/heap")
async def heap(request):
    gc.collect()
    return str(gc.mem_alloc())


@app.get("/wait")
async def wait(request):
    await asyncio.sleep(3600)


@app.get("/ws")
@with_websocket
async def ws(request, ws):
    await ws.receive()


@app.get("/events")
@with_sse
async def events(request, sse):
    await sse.send("hello")
    await asyncio.sleep(3600)


run()
