"""What a board runs that has the framework as .py files: an application with some extensions; `source_app.py PORT`."""

import gc
import sys

from microdot import Microdot, Request
from microdot.session import Session
from microdot.sse import with_sse
from microdot.static import mount_static
from microdot.websocket import with_websocket

USED = Session, mount_static, with_sse
app = Microdot()


@app.post("/size")
async def size(request):
    return str(len(request.body))


@app.get("/echo")
@with_websocket
async def echo(request, ws):
    async for message in ws:
        await ws.send(message)


@app.get("/piece")
async def piece(request):
    """The size in KB of the largest free piece of the heap."""
    gc.collect()
    size = 0
    try:
        while True:
            bytearray((size + 1) * 1024)
            size += 1
    except MemoryError:
        return str(size)


Request.max_content_length = Request.max_body_length = 16384
app.run("127.0.0.1", int(sys.argv[1]))
