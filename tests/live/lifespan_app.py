"""An application with a task beside the server."""

import asyncio

from microdot import Microdot

app = asgi = wsgi = Microdot()
state = {"starts": 0, "rounds": 0}


@app.on_startup
async def start():
    state["starts"] += 1
    print("the start")


@app.task
async def work():
    try:
        while True:
            state["rounds"] += 1
            await asyncio.sleep(0.01)
    finally:
        print("the task ends")


@app.on_shutdown
async def end():
    print("the end")


@app.get("/")
async def index(request):
    return state


if __name__ == "__main__":
    from wsgiref.simple_server import make_server

    make_server("127.0.0.1", 0, wsgi).serve_forever()
