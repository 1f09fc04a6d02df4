# The same by hand, for a framework without publish and subscribe: one loop sends to all clients.

import asyncio

from microdot import Microdot
from microdot.sse import with_sse
from microdot.websocket import with_websocket

app = Microdot()
clients = []


async def publish(message):
    for client in clients:
        await client.send(message)


async def stay(client):
    clients.append(client)
    try:
        await asyncio.Event().wait()
    finally:
        clients.remove(client)


@app.get("/socket")
@with_websocket
async def socket(request, ws):
    await stay(ws)


@app.get("/events")
@with_sse
async def events(request, sse):
    await stay(sse)
