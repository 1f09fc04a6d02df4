# Runs on the board: a server with the framework's own limits, on no more TCP connections than a stock Pico W has.

import asyncio
import gc
import socket

from microdot import Microdot
from microdot.sse import with_sse
from microdot.websocket import with_websocket

# Of the 12 that this image has. A socket takes one of lwIP's as soon as it is made.
TAKEN = [socket.socket() for _ in range(12 - 5)]

IMAGES = 40
PAGE = """<!doctype html><title>page</title><link rel="icon" href="data:,"><body><script>
for (let n = 0; n < %d; n++) document.body.append(Object.assign(new Image(), {src: "/image/" + n}));
</script>"""
IMAGE = """<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="8" height="8"/><!-- %s --></svg>"""

app = Microdot()
seen = {"left": 0, "served": 0}
ballast = []


class Counted:
    """Counts how often what is inside has ended, however it did."""

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        seen["left"] += 1


@app.get("/")
async def page(request):
    return PAGE % IMAGES, {"Content-Type": "text/html"}


@app.get("/image/<int:number>")
async def image(request, number):
    seen["served"] += 1
    return IMAGE % ("x" * 2000), {"Content-Type": "image/svg+xml", "Cache-Control": "no-store"}


@app.get("/state")
async def state(request):
    gc.collect()
    server = app.server
    return {
        "places": len(server.connections), "clock": server.clock, "reserved": server.reserved,
        "free": gc.mem_free(), "left": seen["left"], "served": seen["served"],
    }  # fmt: skip


@app.get("/hello/<name>")
async def hello(request, name):
    return "Hello, " + name + "!"


@app.get("/files/<path:folder>/as/<path:name>/raw")
async def file(request, folder, name):
    return name


@app.get("/query")
async def query(request):
    return {"fields": len(request.args)}


@app.post("/login")
async def login(request):
    if request.form.get("password") == "open sesame":
        return "welcome"
    return "wrong password", 401


@app.post("/length")
async def length(request):
    return {"length": len(request.body)}


@app.post("/stream", max_content_length=None)
async def stream(request):
    size = 0
    while True:
        piece = await request.stream.read(512)
        if not piece:
            return {"length": size}
        size += len(piece)


@app.get("/exhaust")
async def exhaust(request):
    pieces = []
    while True:
        pieces.append(bytearray(256))


@app.get("/large/<int:size>")
async def large(request, size):
    async def pieces():
        with Counted():
            for _ in range(size // 500):
                yield b"x" * 500

    return pieces()


@app.get("/waiting")
async def waiting(request):
    async def pieces():
        with Counted():
            yield "first"
            await asyncio.sleep(3600)

    return pieces()


@app.get("/poll")
async def poll(request):
    await asyncio.sleep(3)
    return "nothing new"


@app.get("/events")
@with_sse
async def events(request, sse):
    with Counted():
        await asyncio.sleep(3600)


@app.get("/socket")
@with_websocket
async def websocket(request, ws):
    with Counted():
        async for message in ws:
            await ws.send(message)


@app.post("/ballast/<int:free>")
async def fill(request, free):
    """Leave no more than so many bytes of the heap; all of it again for 0."""
    ballast.clear()
    gc.collect()
    while free and gc.mem_free() > free:
        ballast.append(bytearray(1024))
    return ""


async def main():
    asyncio.create_task(app.start_server(port=80))
    await asyncio.sleep_ms(50)
    print("READY")
    await asyncio.sleep(3600)


asyncio.run(main())
