"""What tools/robustness/fairness.py loads; runs on CPython and MicroPython: `fairness_app.py PORT PLACES`."""

import sys

from microdot import Microdot, Request

LARGE = 1000000
app = Microdot()
app.max_connections = int(sys.argv[2])
Request.max_content_length = LARGE


class Zeros:
    """An asynchronous iterator over a number of bytes, in pieces of a kilobyte."""

    def __init__(self, size):
        self.size = size

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self.size <= 0:
            raise StopAsyncIteration
        self.size -= 1024
        return bytes(1024)


@app.get("/")
async def hello(request):
    return "hello"


@app.get("/large")
async def large(request):
    return Zeros(LARGE)


@app.post("/upload")
async def upload(request):
    while await request.stream.read(512):
        pass
    return "taken"


app.run("127.0.0.1", int(sys.argv[1]))
