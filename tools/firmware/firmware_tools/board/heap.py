# How much heap the framework takes; runs on a board, also on one without a network. Prints lines of NAME BYTES.

import gc


def free():
    gc.collect()
    gc.collect()
    return gc.mem_free()


start = free()

import asyncio  # noqa: E402

asyncio_taken = start - free()

from microdot import Microdot  # noqa: E402

import_taken = start - free()
app = Microdot()


@app.get("/hello/<name>")
async def hello(request, name):
    return "Hello, " + name + "!"


class Client:
    """A client at the other end of a connection, which sends a request whenever the server reads."""

    out_buf = b""

    def __init__(self, requests):
        self.requests = requests
        self.answers = 0

    async def read(self, n):
        if not self.requests:
            return b""
        self.requests -= 1
        return b"GET /hello/board HTTP/1.1\r\nHost: board\r\nUser-Agent: probe\r\nAccept: */*\r\n\r\n"

    def write(self, data):
        self.answers += bytes(data).count(b"HTTP/1.1 200 OK")

    async def drain(self):
        pass

    def close(self):
        pass

    async def wait_closed(self):
        pass

    def get_extra_info(self, name):
        return ("127.0.0.1", 1)


def serve(requests):
    client = Client(requests)
    asyncio.run(app.handle_request(client, client))
    assert client.answers == requests, client.answers


serve(1)
first = start - free()
serve(99)
hundred = start - free()
serve(100)
print("start_free", start)
print("asyncio", asyncio_taken)
print("import", import_taken)
print("first_request", first)
print("hundred_requests", hundred)
print("two_hundred_requests", start - free())
