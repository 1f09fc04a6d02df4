"""An application whose streams end only when their client leaves, or the server stops."""

import asyncio
import time

from microdot import Microdot
from microdot.sse import with_sse
from microdot.websocket import with_websocket

app = asgi = wsgi = Microdot()
HEADERS = {"Content-Type": "text/event-stream"}


@app.get("/sse")
@with_sse
async def sse(request, sse):
    try:
        await sse.send("first")
        await asyncio.sleep(3600)
    finally:
        print("the stream ends")


@app.get("/async")
async def generate(request):
    async def events():
        try:
            yield "data: first\n\n"
            await asyncio.sleep(3600)
        finally:
            print("the stream ends")

    return events(), HEADERS


@app.get("/def")
def generate_in_thread(request):
    def events():
        try:
            while True:
                yield "data: first\n\n"
                time.sleep(0.1)
        finally:
            print("the stream ends")

    return events(), HEADERS


@app.get("/ws")
@with_websocket
async def websocket(request, ws):
    try:
        async for message in ws:
            await ws.send(message)
    finally:
        print("the stream ends")


@app.on_shutdown
async def end():
    print("the end")


if __name__ == "__main__":
    from wsgiref.simple_server import make_server

    make_server("127.0.0.1", 0, wsgi).serve_forever()
