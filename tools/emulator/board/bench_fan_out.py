# Measures `publish(message)` to WebSockets and event streams over connections in memory: the chip's network stack has
# places for five. Prints the microseconds and the bytes allocated for a message and a client, and how many of the
# others get a message when a client reads nothing any more.

import asyncio
import gc
import time

MESSAGES = 5
TIMEOUT = 30  # seconds
MESSAGE = '{"temperature": 21.5}'
MARK = MESSAGE.encode()
HEADERS = b"Host: 10.64.0.2\r\nAccept: */*\r\n"
SOCKET = (
    b"GET /socket HTTP/1.1\r\n%sUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" % HEADERS
)
EVENTS = b"GET /events HTTP/1.1\r\n%s\r\n" % HEADERS
missing = 0  # clients that have not got the message
all_have_it = asyncio.Event()
never = asyncio.Event()


class Client(Connection):
    """A client that stays, and reports each message."""

    reads = True

    async def read(self, n=-1):
        data = self.take(n)
        if not data:
            await never.wait()
        return data

    def write(self, data):
        global missing
        if not self.reads:
            self.out_buf += data
        elif MARK in bytes(data):
            missing -= 1
            if not missing:
                all_have_it.set()

    async def awrite(self, data, off=0, sz=-1):
        self.write(data)
        await self.drain()

    async def drain(self):
        if not self.reads:
            await never.wait()
        await asyncio.sleep_ms(0)  # as MicroPython's streams do


async def send(clients):
    global missing
    missing = clients
    all_have_it.clear()
    await publish(MESSAGE)


async def measure(clients):
    await send(clients)
    await asyncio.wait_for(all_have_it.wait(), TIMEOUT)
    gc.collect()
    gc.disable()
    heap = gc.mem_alloc()
    start = time.ticks_us()
    for _ in range(MESSAGES):
        await send(clients)
        await asyncio.wait_for(all_have_it.wait(), TIMEOUT)
    microseconds = time.ticks_diff(time.ticks_us(), start)
    heap = gc.mem_alloc() - heap
    gc.enable()
    print("fan-out", microseconds // (MESSAGES * clients), heap // (MESSAGES * clients))


async def main():
    clients = [Client(request) for request in (SOCKET, EVENTS) * 4]
    for client in clients:
        asyncio.create_task(app.handle_request(client, client))
    await asyncio.sleep(1)
    await measure(len(clients))
    clients[0].reads = False
    asyncio.create_task(send(len(clients) - 1))
    await asyncio.sleep(1)
    print("others", len(clients) - 1 - missing)


asyncio.run(main())
