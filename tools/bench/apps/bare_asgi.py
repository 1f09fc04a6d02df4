"""A bare ASGI program that does the same work: what any framework under this server can approach."""

import json
import os

from common import FILES, HELLO, PIECE, PIECES

TEXT = (b"content-type", b"text/plain; charset=utf-8")


async def answer(send, body, content_type=TEXT):
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [content_type, (b"content-length", str(len(body)).encode())],
        }
    )
    await send({"type": "http.response.body", "body": body})


async def read_body(receive):
    parts = []
    while True:
        message = await receive()
        parts.append(message["body"])
        if not message.get("more_body"):
            return b"".join(parts)


async def stream(send):
    await send({"type": "http.response.start", "status": 200, "headers": [TEXT]})
    for _ in range(PIECES):
        await send({"type": "http.response.body", "body": PIECE, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def serve_websocket(receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            return
        await send({"type": "websocket.send", "text": message["text"]})


async def app(scope, receive, send):
    if scope["type"] == "websocket":
        await serve_websocket(receive, send)
        return
    if scope["type"] != "http":
        return
    path = scope["path"]
    if path == "/":
        await answer(send, HELLO.encode())
    elif path.startswith("/users/"):
        await answer(send, b"user %d" % int(path[7:]))
    elif path == "/echo":
        body = json.dumps(json.loads(await read_body(receive))).encode()
        await answer(send, body, (b"content-type", b"application/json"))
    elif path == "/upload":
        await answer(send, str(len(await read_body(receive))).encode())
    elif path == "/stream":
        await stream(send)
    elif path.startswith("/files/"):
        with open(os.path.join(FILES, path[7:]), "rb") as file:
            await answer(send, file.read())
