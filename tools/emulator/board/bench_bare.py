# A bare asyncio program that answers every GET: the floor under any framework.

import asyncio


async def handle(reader, writer):
    while await reader.readline():
        while await reader.readline() != b"\r\n":
            pass
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Length: 5\r\n\r\nhello")
        await writer.drain()
    writer.close()
    await writer.wait_closed()


async def serve():
    await asyncio.start_server(handle, "0.0.0.0", 80)
