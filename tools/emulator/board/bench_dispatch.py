# Measures requests through `app.handle_request(reader, writer)` with a reader and a writer in memory.
# Prints a line for each workload: name, microseconds a request, bytes allocated a request, bytes of the response.

import asyncio
import gc
import time

WARM_UP = 3
REQUESTS = 12
HEADERS = b"Host: 10.64.0.2\r\nAccept: */*\r\n"
BODY = b'{"name": "board", "on": true}'
WORKLOADS = (
    ("get", b"GET / HTTP/1.1\r\n" + HEADERS + b"\r\n"),
    ("dynamic", b"GET /users/1234 HTTP/1.1\r\n" + HEADERS + b"\r\n"),
    (
        "post",
        b"POST /echo HTTP/1.1\r\n%sContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
        % (HEADERS, len(BODY), BODY),
    ),
)


class Connection:
    """Reader and writer of one connection: gives out a request, counts what is written."""

    out_buf = b""  # as MicroPython's streams have it: what write() could not send

    def __init__(self, request):
        self.request = memoryview(request)
        self.lines = request
        self.again()

    def again(self):
        self.at = 0
        self.written = 0

    async def read(self, n=-1):
        return self.take(len(self.lines) - self.at if n < 0 else n)

    async def readinto(self, buffer):
        data = self.request[self.at : self.at + len(buffer)]
        buffer[: len(data)] = data
        self.at += len(data)
        return len(data)

    async def readexactly(self, n):
        return self.take(n)

    async def readline(self):
        end = self.lines.find(b"\n", self.at)
        return self.take(end + 1 - self.at)

    def take(self, n):
        data = bytes(self.request[self.at : self.at + n])
        self.at += len(data)
        return data

    def write(self, data):
        self.written += len(data)

    async def awrite(self, data, off=0, sz=-1):
        self.written += len(data)

    async def drain(self):
        pass

    async def aclose(self):
        pass

    def close(self):
        pass

    async def wait_closed(self):
        pass

    def get_extra_info(self, name):
        return ("10.64.0.1", 40000)


async def measure(name, request):
    connection = Connection(request)
    for _ in range(WARM_UP):
        connection.again()
        await app.handle_request(connection, connection)
    gc.collect()
    gc.disable()
    heap = gc.mem_alloc()
    start = time.ticks_us()
    for _ in range(REQUESTS):
        connection.again()
        await app.handle_request(connection, connection)
    microseconds = time.ticks_diff(time.ticks_us(), start)
    heap = gc.mem_alloc() - heap
    gc.enable()
    print("dispatch", name, microseconds // REQUESTS, heap // REQUESTS, connection.written)


async def main():
    for name, request in WORKLOADS:
        await measure(name, request)


asyncio.run(main())
