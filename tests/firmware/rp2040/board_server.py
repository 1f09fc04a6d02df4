# Runs on the board: the one-app example, and routes that the tests use, over HTTP and HTTPS.

import asyncio
import gc

import tls
from app import app

from microdot import Microdot

HEAD_TIMEOUT = 4
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


def tls_context():
    context = tls.SSLContext(tls.PROTOCOL_TLS_SERVER)
    with open("cert.der", "rb") as cert, open("key.der", "rb") as key:
        context.load_cert_chain(cert.read(), key.read())
    return context


impatient = Microdot()
impatient.head_timeout = HEAD_TIMEOUT


async def main():
    asyncio.create_task(app.start_server(port=80))
    asyncio.create_task(impatient.start_server(port=8080))
    secure = Microdot()
    secure.mount(app)
    asyncio.create_task(secure.start_server(port=443, ssl=tls_context()))
    await asyncio.sleep_ms(50)
    print("READY")
    await asyncio.sleep(3600)


asyncio.run(main())
