"""A page with 40 images, an event stream and a WebSocket if it is asked for them: `page_app.py PORT PLACES`."""

import asyncio
import sys

from microdot import Microdot
from microdot.sse import with_sse
from microdot.websocket import with_websocket

IMAGES = 40
PAGE = """<!doctype html><title>page</title><link rel="icon" href="data:,"><body><script>
const query = new URLSearchParams(location.search);
let open = 0, wanted = 0;
function opened() { if (++open >= wanted) show(); }
function show() {
  for (let n = 0; n < %d; n++) document.body.append(Object.assign(new Image(), {src: "/image/" + n + location.search}));
}
if (query.has("events")) { wanted++; new EventSource("/events").onopen = opened; }
if (query.has("socket")) { wanted++; new WebSocket("ws://" + location.host + "/socket").onopen = opened; }
if (!wanted) show();
</script>"""
IMAGE = """<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="8" height="8"/>%s</svg>"""

app = Microdot()
app.max_connections = int(sys.argv[2])


@app.get("/")
async def page(request):
    return PAGE % IMAGES, {"Content-Type": "text/html"}


@app.get("/image/<int:number>")
async def image(request, number):
    await asyncio.sleep(0.005)
    return IMAGE % ("<!-- %s -->" % ("x" * 2000)), {"Content-Type": "image/svg+xml", "Cache-Control": "no-store"}


@app.get("/events")
@with_sse
async def events(request, sse):
    while True:
        await sse.send("tick")
        await asyncio.sleep(1)


@app.get("/socket")
@with_websocket
async def socket(request, ws):
    async for message in ws:
        await ws.send(message)


app.run("127.0.0.1", int(sys.argv[1]))
