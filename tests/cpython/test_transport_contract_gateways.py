"""The contract of transports at the doors that CPython alone has: ASGI and WSGI."""

import asyncio
import io
import socket

import pytest

import transport_contract as contract
from microdot.websocket.frames import CLOSE, Connection
from microdot.websocket.handshake import make_key, request_headers


class ASGI:
    """An ASGI server's part in one HTTP connection."""

    async def serve(self, app, method, path, messages, size=0, leave=False):
        headers = [(b"host", b"a")]
        if size:
            headers.append((b"content-length", str(size).encode()))
        scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": headers}
        messages = list(messages)
        left = asyncio.Event()
        sent = []

        async def receive():
            if messages:
                return messages.pop(0)
            await left.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            sent.append(message)
            if leave and message.get("more_body"):
                left.set()
            if message["type"] == "http.response.body" and not message.get("more_body"):
                app.events.append("sent")

        await asyncio.wait_for(app(scope, receive, send), 20)
        return sent

    async def http(self, app, method, path, body=b""):
        messages = [
            {"type": "http.request", "body": body[start : start + 400], "more_body": start + 400 < len(body)}
            for start in range(0, len(body), 400)
        ] or [{"type": "http.request"}]
        sent = await self.serve(app, method, path, messages, len(body))
        if not sent:
            return None, b""
        return sent[0]["status"], b"".join(message["body"] for message in sent[1:])

    async def cut(self, app, path):
        await self.serve(app, "POST", path, [
            {"type": "http.request", "body": b"a" * 10, "more_body": True}, {"type": "http.disconnect"},
        ], 20)

    async def leave(self, app, path):
        await self.serve(app, "GET", path, [{"type": "http.request"}], leave=True)


class ASGIWebSocket:
    """An ASGI server's part in one WebSocket connection."""

    async def websocket(self, app, path, messages):
        scope = {
            "type": "websocket", "path": path, "query_string": b"", "headers": [(b"host", b"a")],
            "extensions": {"websocket.http.response": {}},
        }
        incoming = [{"type": "websocket.connect"}]
        for message in messages or ():
            incoming.append({"type": "websocket.receive", "text" if isinstance(message, str) else "bytes": message})
        if messages:
            incoming.append({"type": "websocket.disconnect", "code": 1000})
        closed = asyncio.Event()
        sent = []

        async def receive():
            if incoming:
                return incoming.pop(0)
            await closed.wait()
            return {"type": "websocket.disconnect", "code": 1000}

        async def send(message):
            sent.append(message)
            if message["type"] == "websocket.close":
                closed.set()
            if message["type"] == "websocket.http.response.body":
                app.events.append("sent")

        await asyncio.wait_for(app(scope, receive, send), 20)
        if sent[0]["type"] != "websocket.accept":
            return sent[0]["status"], []
        messages = [message for message in sent if message["type"] == "websocket.send"]
        return 101, [message["bytes"] if message.get("text") is None else message["text"] for message in messages]


class WSGI:
    """A WSGI server's part in one request."""

    environ = {}

    async def serve(self, app, method, path, body=b"", length=None, leave=None):
        environ = {
            "REQUEST_METHOD": method, "PATH_INFO": path, "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "a",
            "wsgi.input": io.BytesIO(body), **self.environ,
        }
        if body:
            environ["CONTENT_LENGTH"] = str(length or len(body))
        return await asyncio.wait_for(asyncio.to_thread(self.call, app, environ, leave), 20)

    @staticmethod
    def call(app, environ, leave):
        """Call the application as a server does; return status and body."""
        statuses = []
        chunks = app(environ, lambda status, headers: statuses.append(int(status[:3])))
        pieces = []
        try:
            for chunk in chunks:
                pieces.append(chunk)
                if leave and leave():
                    break
            else:
                if statuses:
                    app.events.append("sent")
        finally:
            if hasattr(chunks, "close"):
                chunks.close()
        return statuses[0] if statuses else None, b"".join(pieces)

    async def http(self, app, method, path, body=b""):
        return await self.serve(app, method, path, body)

    async def cut(self, app, path):
        await self.serve(app, "POST", path, b"a" * 10, 20)

    async def leave(self, app, path):
        await self.serve(app, "GET", path, leave=lambda: True)  # the server finds that the client is gone


class WSGIWithSocket(WSGI):
    """The same where the server gives the connection's socket away."""

    def __init__(self):
        self.client, self.server = socket.socketpair()
        self.client.settimeout(20)
        self.environ = {"werkzeug.socket": self.server}

    async def leave(self, app, path):
        await self.serve(app, "GET", path, leave=self.client.close)
        app.events.remove("sent")  # to nobody: the iteration has ended

    async def websocket(self, app, path, messages):
        fields = request_headers(make_key())
        fields = {"HTTP_" + name.upper().replace("-", "_"): fields[name] for name in fields}
        self.environ = {"werkzeug.socket": self.server, **fields}
        peer = asyncio.create_task(asyncio.to_thread(self.talk, messages))
        try:
            status, _ = await self.serve(app, "GET", path)
        except ConnectionError:
            status = 101
        self.server.close()
        return status, await peer

    def talk(self, messages):
        """Be the client: return what it receives."""
        connection = Connection(client=True)
        for message in messages or ():
            self.client.sendall(connection.message(message))
        if messages:
            self.client.sendall(connection.close())
        data = b""
        while piece := self.client.recv(1000):
            data += piece
        head, _, frames = data.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 ") or not data
        connection.feed(frames)
        received = []
        while (event := connection.next_event()) and event[0] != CLOSE:
            received.append(event[1])
        return received


HTTP = pytest.mark.parametrize("door", [ASGI, WSGI, WSGIWithSocket])
WEBSOCKET = pytest.mark.parametrize("door", [ASGIWebSocket, WSGIWithSocket])


@HTTP
async def test_invoke(door):
    await contract.check_invoke(door())


@HTTP
async def test_body(door):
    await contract.check_body(door())


@HTTP
async def test_cut_body(door):
    await contract.check_cut_body(door())


@HTTP
async def test_order(door):
    await contract.check_order(door())


@HTTP
async def test_a_body_that_cannot_be_closed(door):
    await contract.check_failing_close(door())


@HTTP
async def test_disconnect(door):
    await contract.check_disconnect(door())


@WEBSOCKET
async def test_upgrade(door):
    await contract.check_upgrade(door())


@WEBSOCKET
async def test_tick(door):
    await contract.check_tick(door())
