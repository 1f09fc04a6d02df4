"""Applications served on a port of 127.0.0.1, and clients of theirs."""

import asyncio
import os

from memory_stream import split

HANDSHAKE = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")  # fmt: skip


def get(path="/", *fields):
    return ("\r\n".join(("GET " + path + " HTTP/1.1", "Host: a") + fields) + "\r\n\r\n").encode()


class Running:
    """Asynchronous context manager: an application served on a port of 127.0.0.1."""

    def __init__(self, app, **options):
        self.app = app
        self.options = options

    async def __aenter__(self):
        while True:
            # MicroPython cannot tell which port the system chose.
            number = os.urandom(2)
            self.port = 20000 + (number[0] * 256 + number[1]) % 12000
            self.task = asyncio.create_task(self.app.start_server("127.0.0.1", self.port, **self.options))
            while not self.task.done():
                await asyncio.sleep(0.01)
                if self.app.server and self.app.server.is_serving():
                    return self
            try:
                await self.task
            except OSError as error:
                print("port", self.port, "taken:", error)

    async def __aexit__(self, *exc_info):
        self.app.shutdown()
        await self.task

    async def open(self, *requests):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        for request in requests:
            writer.write(request)
            await writer.drain()
        return reader, writer

    async def fetch(self, *requests):
        """Send requests; return the answers when the server has closed the connection."""
        reader, writer = await self.open(*requests)
        data = b""
        while True:
            piece = await reader.read(1000)
            if not piece:
                break
            data += piece
        writer.close()
        await writer.wait_closed()
        answers = []
        while data:
            answer, data = split(data)
            answers.append(answer)
        return answers


async def until(condition):
    """Wait until a condition holds; the limit of the tests' time is that of this."""
    while not condition():
        await asyncio.sleep(0.01)


async def all_free(app):
    """Wait until no connection has a place."""
    await until(lambda: not app.server.connections)
