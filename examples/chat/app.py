"""A chat over WebSockets. Runs on a board, as `python app.py` and with `uvicorn app:app`.

Everybody who has the page open sees every message, and who joins and leaves.
"""

import asyncio
import json
import sys

from microdot import Microdot, send_file
from microdot.pubsub import PubSub
from microdot.websocket import WebSocketError, with_websocket

FOLDER = __file__.rsplit("app.", 1)[0]  # app.mpy in an image

app = Microdot()
hub = PubSub()


@app.get("/")
async def index(request):
    return send_file(FOLDER + "index.html")


@app.get("/style.css")
async def style(request):
    return send_file(FOLDER + "style.css")  # sends style.css.gz


async def say(name, text):
    await hub.publish("chat", json.dumps({"name": name, "text": text}))


async def forward(messages, ws):
    """Send the published messages to one client until it leaves."""
    try:
        await messages.send_to(ws)
    except WebSocketError:
        pass


@app.get("/chat")
@with_websocket
async def chat(request, ws):
    name = request.args.get("name") or "somebody"
    async with hub.subscribe("chat") as messages:
        forwarding = asyncio.create_task(forward(messages, ws))
        try:
            await say(name, "has joined")
            async for text in ws:
                await say(name, text)
        finally:
            forwarding.cancel()
    await say(name, "has left")


if __name__ == "__main__":
    app.run(port=int(sys.argv[1]) if len(sys.argv) > 1 else 5000)
