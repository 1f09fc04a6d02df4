# Measures requests through `app.handle_request(reader, writer)` with a `Connection` of bench_connection.py.
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
