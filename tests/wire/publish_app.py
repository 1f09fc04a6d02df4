"""An application that publishes large messages to WebSockets and event streams; `publish_app.py PORT`."""

import asyncio
import sys

from microdot import Microdot
from microdot.pubsub import PubSub
from microdot.sse import with_sse
from microdot.websocket import with_websocket

app = Microdot()
app.write_timeout = 60
hub = PubSub()


@app.get("/socket")
@with_websocket
async def socket(request, ws):
    async with hub.subscribe("news") as messages:
        await messages.send_to(ws)


@app.get("/events")
@with_sse
async def events(request, sse):
    async with hub.subscribe("news") as messages:
        await messages.send_to(sse)


@app.get("/subscribers")
async def subscribers(request):
    return str(hub.subscribers("news"))


@app.post("/publish/<int:first>/<int:last>")
async def publish(request, first, last):
    for number in range(first, last + 1):
        await hub.publish("news", "%06d" % number + "x" * 4000)
        await asyncio.sleep(0)
    return "", 204


app.run("127.0.0.1", int(sys.argv[1]))
