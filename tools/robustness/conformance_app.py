"""The echo that the WebSocket conformance suite talks to: any size of message, compression if the client offers it."""

import sys

from microdot import Microdot
from microdot.websocket import WebSocket, with_websocket

app = Microdot()
WebSocket.max_message_length = 0 if sys.implementation.name == "cpython" else 1 << 20


@app.get("/")
@with_websocket(deflate=True)
async def echo(request, ws):
    async for message in ws:
        await ws.send(message)


if __name__ == "__main__":
    app.run("127.0.0.1", int(sys.argv[1]))
