"""What the test of several workers serves: messages go from any client to all, with the worker that sent them."""

import os

from microdot import Microdot
from microdot.redis import RedisPubSub
from microdot.sse import with_sse
from microdot.websocket import with_websocket

app = Microdot()
hub = RedisPubSub(os.environ["REDIS_URL"])


@app.get("/")
async def index(request):
    return str(os.getpid())


@app.get("/publish/<text>")
async def publish(request, text):
    return {"processes": await hub.publish("news", text)}


@app.get("/socket")
@with_websocket
async def socket(request, ws):
    async with hub.subscribe("news") as messages:
        await ws.send(str(os.getpid()))
        await messages.send_to(ws)


@app.get("/events")
@with_sse
async def events(request, sse):
    async with hub.subscribe("news") as messages:
        await sse.send(str(os.getpid()))
        async for message in messages:
            await sse.send(message)
