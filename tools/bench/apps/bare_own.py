"""A bare program on asyncio streams, reading chunks or, with `--read line`, lines; on CPython and MicroPython."""

import asyncio
import binascii
import hashlib
import json

from common import FILES, HELLO, PIECE, PIECES, option

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Length: %d\r\n\r\n"


async def read_head_by_line(reader):
    """Return the lines of the request's head, and the bytes read beyond it."""
    lines = []
    while True:
        line = await reader.readline()
        if not line or line == b"\r\n":
            return lines, b""
        lines.append(line)


async def read_head_by_chunk(reader):
    data = b""
    while True:
        end = data.find(b"\r\n\r\n")
        if end >= 0:
            return data[:end].split(b"\r\n"), data[end + 4 :]
        chunk = await reader.read(4096)
        if not chunk:
            return [], b""
        data += chunk


def field(lines, name):
    for line in lines:
        if line.startswith(name):
            return line[len(name) :].strip()
    return b""


async def answer(writer, body, close=False):
    head = HEAD % len(body)
    if close:
        head = head[:-2] + b"Connection: close\r\n\r\n"
    writer.write(head + body)
    await writer.drain()


async def read_body(reader, lines, data):
    parts = [data]
    left = int(field(lines, b"Content-Length:")) - len(data)
    while left > 0:
        data = await reader.read(min(left, 4096))
        parts.append(data)
        left -= len(data)
    return b"".join(parts)


async def send_file(writer, name):
    with open(FILES + "/" + name, "rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        head = HEAD % size
        while True:
            data = file.read(4096)
            if not data:
                return
            writer.write(head + data)
            head = b""
            await writer.drain()


async def stream(writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(PIECES):
        writer.write(b"%x\r\n%s\r\n" % (len(PIECE), PIECE))
        await writer.drain()
    writer.write(b"0\r\n\r\n")
    await writer.drain()


async def serve_websocket(reader, writer, lines):
    key = field(lines, b"Sec-WebSocket-Key:") + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    accept = binascii.b2a_base64(hashlib.sha1(key).digest()).strip()
    writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")
    writer.write(b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
    while True:
        await writer.drain()
        head = await reader.readexactly(6)  # of a short message with a mask
        data = await reader.readexactly(head[1] & 127)
        data = bytes([byte ^ head[2 + (i & 3)] for i, byte in enumerate(data)])
        writer.write(b"\x81" + bytes((len(data),)) + data)


async def handle(reader, writer):
    try:
        while await serve_request(reader, writer):
            pass
    except (OSError, EOFError):
        pass
    writer.close()
    await writer.wait_closed()


async def serve_request(reader, writer):
    lines, data = await read_head(reader)
    if not lines:
        return False
    path = lines[0].split(b" ")[1].decode()
    close = field(lines, b"Connection:") == b"close"
    if path == "/":
        await answer(writer, HELLO.encode(), close)
    elif path.startswith("/users/"):
        await answer(writer, b"user %d" % int(path[7:]))
    elif path == "/echo":
        await answer(writer, json.dumps(json.loads(await read_body(reader, lines, data))).encode())
    elif path == "/upload":
        await answer(writer, str(len(await read_body(reader, lines, data))).encode())
    elif path == "/stream":
        await stream(writer)
    elif path == "/ws":
        await serve_websocket(reader, writer, lines)
    else:
        await send_file(writer, path[7:])
    return not close


async def main():
    server = await asyncio.start_server(handle, "127.0.0.1", int(option("port")))
    await server.wait_closed()


read_head = read_head_by_line if option("read") == "line" else read_head_by_chunk
asyncio.run(main())
