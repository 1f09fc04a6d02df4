"""The application whose memory is measured on MicroPython; `/heap` and its kin report on the process itself."""

import asyncio
import gc

gc.collect()
before_import = gc.mem_alloc()
from microdot import Microdot  # noqa: E402

gc.collect()
import_heap = gc.mem_alloc() - before_import

from common import HELLO, option  # noqa: E402

import micropython  # noqa: E402
from microdot.sse import with_sse  # noqa: E402
from microdot.websocket import with_websocket  # noqa: E402

app = Microdot()
app.max_connections = 200
app.head_timeout = app.idle_timeout = 3600
started = 0


@app.get("/")
async def hello(request):
    return HELLO


@app.get("/import")
async def imported(request):
    return str(import_heap)


@app.get("/in-all")
async def in_all(request):
    """What the framework and this application take by now: some modules are imported when they are first used."""
    gc.collect()
    return str(gc.mem_alloc() - before_import)


@app.get("/heap")
async def heap(request):
    gc.collect()
    return str(gc.mem_alloc())


@app.get("/grow")
async def grow(request):
    """Collect, and from then on let garbage stay, so that what requests allocate can be counted."""
    gc.collect()
    gc.disable()
    return str(gc.mem_alloc())


@app.get("/grown")
async def grown(request):
    allocated = gc.mem_alloc()
    gc.enable()
    return str(allocated)


@app.get("/blocks")
async def blocks(request):
    gc.collect()
    micropython.mem_info()
    return "on the console"


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


app.run(host="127.0.0.1", port=int(option("port")))
