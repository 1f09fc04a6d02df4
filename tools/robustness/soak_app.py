"""The application that tools/robustness/soak.py loads; runs on MicroPython: `soak_app.py PORT FILE`."""

import binascii
import gc
import sys

from microdot import Microdot, Request, send_file

app = Microdot()
FILE = sys.argv[2]


class Lines:
    """An asynchronous iterator over a number of lines."""

    def __init__(self, count):
        self.count = count

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self.count == 0:
            raise StopAsyncIteration
        self.count -= 1
        return f"line {self.count}\n"


@app.get("/")
async def hello(request):
    return "hello"


@app.get("/user/<int:number>/<name>")
async def user(request, number, name):
    return f"{number} {name} {request.args.get('x')}"


@app.post("/json")
async def json(request):
    return request.json


@app.post("/upload")
async def upload(request):
    """Answer with the size and the CRC-32 of the body, which is never in memory as a whole."""
    size = crc = 0
    while True:
        piece = await request.stream.read(512)
        if not piece:
            return f"{size} {crc}"
        size += len(piece)
        crc = binascii.crc32(piece, crc)


@app.get("/file")
async def file(request):
    return send_file(FILE)


@app.get("/lines/<int:count>")
async def lines(request, count):
    return Lines(count)


@app.get("/generated/<int:count>")
async def generated(request, count):
    return (f"line {number}\n" for number in range(count))


@app.get("/fail")
async def fail(request):
    """A body that fails in the middle; the client must notice."""
    return failing()


def failing():
    yield "some"
    raise OSError("the body's fault")


@app.post("/form")
async def form(request):
    return str(len(request.form))


@app.get("/exhaust")
async def exhaust(request):
    """Allocate until the memory ends."""
    pieces = []
    while True:
        pieces.append(bytearray(256))


@app.get("/clock")
async def clock(request):
    return str(request.app.server.clock)


@app.get("/memory")
async def memory(request):
    """Bytes in use after a collection."""
    gc.collect()
    return str(gc.mem_alloc())


Request.max_content_length = 65536
Request.max_body_length = 4096
app.run("127.0.0.1", int(sys.argv[1]))
