# An application that publishes messages to WebSockets and event streams.

from microdot import Microdot
from microdot.pubsub import PubSub
from microdot.sse import with_sse
from microdot.websocket import with_websocket

app = Microdot()
app.max_connections = 10
hub = PubSub()


async def publish(message):
    await hub.publish("news", message)


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
