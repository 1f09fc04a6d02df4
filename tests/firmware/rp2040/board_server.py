# Runs on the board: the one-app example, and routes that the tests use, over HTTP and HTTPS.

import asyncio
import gc

import tls
from app import app

from microdot import Microdot

HEAD_TIMEOUT = 4  # seconds, of the application on port 8080
PATIENCE = 600  # of the one on port 80 with a client that has to wait for a busy machine
PERIOD = 251
PATTERN = bytes(range(PERIOD)) * 4


class Downloads:
    """Yields *size* bytes, each its position modulo 251."""

    def __init__(self, size):
        self.size = size
        self.at = 0

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self.at >= self.size:
            raise StopAsyncIteration
        start = self.at
        self.at = min(start + 512, self.size)
        return PATTERN[start % PERIOD : start % PERIOD + self.at - start]


@app.get("/download/<int:size>")
async def download(request, size):
    return Downloads(size)


@app.get("/page/<int:size>")
async def page(request, size):
    return b"x" * size


@app.get("/heap")
async def heap(request):
    gc.collect()
    return {"used": gc.mem_alloc(), "free": gc.mem_free()}


class Waiting:
    """Requests for /wait, which are answered together."""

    count = 0
    over = asyncio.Event()


@app.get("/wait")
async def wait(request):
    Waiting.count += 1
    await Waiting.over.wait()
    Waiting.count -= 1
    return "waited"


def tls_context():
    context = tls.SSLContext(tls.PROTOCOL_TLS_SERVER)
    with open("cert.der", "rb") as cert, open("key.der", "rb") as key:
        context.load_cert_chain(cert.read(), key.read())
    return context


for name in ("head_timeout", "body_timeout", "write_timeout", "idle_timeout"):
    setattr(app, name, PATIENCE)
impatient = Microdot()
impatient.head_timeout = HEAD_TIMEOUT


@impatient.get("/state")
async def state(request):
    return {"connections": len(app.server.connections), "waiting": Waiting.count}


@impatient.post("/answer")
async def answer(request):
    Waiting.over.set()
    while Waiting.count:
        await asyncio.sleep_ms(10)
    Waiting.over.clear()
    return "answered"


async def main():
    app.max_connections = 8  # this board has more TCP connections than a stock one
    asyncio.create_task(app.start_server(port=80))
    asyncio.create_task(impatient.start_server(port=8080))
    secure = Microdot()
    secure.head_timeout = PATIENCE
    secure.mount(app)
    asyncio.create_task(secure.start_server(port=443, ssl=tls_context()))
    await asyncio.sleep_ms(50)
    print("READY")
    await asyncio.sleep(3600)


asyncio.run(main())
