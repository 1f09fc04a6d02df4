"""WebSockets under ASGI, message by message."""

import asyncio

import pytest

from microdot.asgi import Microdot, WebSocket, websocket_upgrade, with_websocket
from microdot.asgi.websocket import MessageConnection
from microdot.websocket import WebSocketError
from microdot.websocket.frames import BINARY, CLOSE, TEXT

app = Microdot()
log = []


@app.get("/echo")
@with_websocket(subprotocols=["chat"], allowed_origins=["https://good.example", None])
async def echo(request, ws):
    log.append((request.scheme, request.method, ws.subprotocol))
    async for message in ws:
        await ws.send(message)
    log.append((ws.close_code, ws.close_reason))


@app.get("/close")
@with_websocket
async def close(request, ws):
    await ws.close(4001, "because")
    with pytest.raises(WebSocketError):
        await ws.send("late")


@app.get("/fail")
@with_websocket
async def fail(request, ws):
    raise RuntimeError("of the handler")


@app.get("/bare")
async def bare(request):
    ws = await websocket_upgrade(request)
    await ws.send(b"bare")
    return "left out"


@app.get("/opcodes")
@with_websocket
async def opcodes(request, ws):
    await ws.send("as binary", WebSocket.BINARY)
    await ws.send(b"as text", WebSocket.TEXT)
    await ws.send(b"", WebSocket.PING)  # the server's business


class Server:
    """An ASGI server's part in one connection; what the application sends is in `sent`."""

    def __init__(self, path, messages=(), subprotocols=(), extensions=None, headers=(), gone=False, patience=0):
        self.scope = {
            "type": "websocket", "path": path, "raw_path": path.encode(), "query_string": b"", "scheme": "wss",
            "headers": list(headers), "http_version": "1.1", "client": ("1.2.3.4", 5), "root_path": "",
            "subprotocols": list(subprotocols), "extensions": extensions,
        }
        self.messages = [{"type": "websocket.connect"}, *messages]
        self.gone = gone
        self.patience = patience  # so many messages of the application come before the client goes
        self.sent = []
        self.disconnected = asyncio.Event()

    async def receive(self):
        if self.messages:
            if self.messages[0] is GONE:
                while len(self.sent) < self.patience:
                    await asyncio.sleep(0)
            return self.messages.pop(0)
        await self.disconnected.wait()
        return {"type": "websocket.disconnect", "code": 1005}

    async def send(self, message):
        if self.gone and message["type"] == "websocket.send":
            raise OSError("client disconnected")
        self.sent.append(message)
        if message["type"] == "websocket.close":
            self.disconnected.set()

    async def serve(self):
        log.clear()
        await asyncio.wait_for(app(self.scope, self.receive, self.send), 20)
        return self.sent


def received(**data):
    return {"type": "websocket.receive", **data}


GONE = {"type": "websocket.disconnect", "code": 1001, "reason": "tab closed"}


async def test_messages_in_all_the_forms_that_servers_send():
    messages = [
        received(text="a"), received(bytes=b"b"), received(text="c", bytes=None), received(text=None, bytes=b"d"),
        received(text="", bytes=None), received(text=None, bytes=b""),
    ]
    sent = await Server("/echo", [*messages, GONE], patience=7).serve()
    assert sent[0] == {"type": "websocket.accept", "subprotocol": None}
    assert [message.get("text", message.get("bytes")) for message in sent[1:7]] == ["a", b"b", "c", b"d", "", b""]
    assert [("text" in message) for message in sent[1:7]] == [True, False, True, False, True, False]
    assert log == [("https", "GET", None), (1001, "tab closed")]


def test_what_ends_after_the_close_changes_nothing_of_it():
    connection = MessageConnection(0)
    connection.feed(GONE)
    assert connection.next_event() == (CLOSE, (1001, "tab closed"))
    connection.feed(b"")  # the channel gives the connection up
    assert (connection.close_code, connection.close_reason) == (1001, "tab closed")


def test_a_reason_is_cut_to_what_fits():
    connection = MessageConnection(0)
    assert connection.close(1000, "x" * 123)["reason"] == "x" * 123
    assert connection.close(1000, "x" * 124)["reason"] == "x" * 123
    assert connection.close(1000, "x" + "\u20ac" * 41)["reason"] == "x" + "\u20ac" * 40


def test_text_that_is_no_utf_8_is_refused():
    connection = MessageConnection(0)
    for data, opcode in (("\ud800", TEXT), ("\ud800", BINARY), (b"\xff", TEXT)):
        with pytest.raises(ValueError, match="utf-8"):
            connection.message(data, opcode)
    with pytest.raises(ValueError, match="utf-8"):
        connection.close(1000, "\ud800")
    assert connection.message("\u20ac", TEXT) == {"type": "websocket.send", "text": "\u20ac"}


async def test_subprotocol():
    sent = await Server("/echo", [GONE], subprotocols=["other", "chat"]).serve()
    assert sent[0] == {"type": "websocket.accept", "subprotocol": "chat"}


async def test_closing():
    sent = await Server("/close").serve()
    assert sent[1:] == [{"type": "websocket.close", "code": 4001, "reason": "because"}]
    sent = await Server("/fail").serve()
    assert sent[1:] == [{"type": "websocket.close", "code": 1011, "reason": ""}]
    sent = await Server("/bare").serve()
    assert sent[1:] == [
        {"type": "websocket.send", "bytes": b"bare"}, {"type": "websocket.close", "code": 1000, "reason": ""}
    ]


async def test_opcodes():
    sent = await Server("/opcodes").serve()
    assert sent[1] == {"type": "websocket.send", "bytes": b"as binary"}
    assert sent[2] == {"type": "websocket.send", "text": "as text"}
    assert sent[3]["type"] == "websocket.close"


async def test_lost_clients():
    await Server("/echo", [received(text="x")], gone=True).serve()
    assert log == [("https", "GET", None)]  # send() raised WebSocketError, which the handler let out


@pytest.mark.parametrize("error", [OSError("client disconnected"), RuntimeError("close message has been sent")])
async def test_sending_to_a_client_that_has_gone(error):
    """Servers raise exceptions of two kinds; the application gets one."""
    results = []
    app = Microdot()

    @app.get("/")
    @with_websocket
    async def send(request, ws):
        for _ in range(2):
            try:
                await ws.send("x")
                results.append("sent")
            except WebSocketError:
                results.append("gone")
        results.extend((ws.closed, ws.close_code))

    server = Server("/")
    messages = [{"type": "websocket.connect"}]

    async def receive():
        if messages:
            return messages.pop()
        return await asyncio.Event().wait()

    async def lose(message):
        if message["type"] == "websocket.send":
            raise error

    await asyncio.wait_for(app(server.scope, receive, lose), 20)
    assert results == ["gone", "gone", True, 1006]


async def test_the_server_limits_messages():
    sent = await Server("/echo", [received(text="x" * 100_000), GONE], patience=2).serve()
    assert len(sent[1]["text"]) == 100_000


async def test_message_limit(monkeypatch):
    monkeypatch.setattr(WebSocket, "max_message_length", 10)
    sent = await Server("/echo", [received(text="\u20ac" * 3), received(text="\u20ac" * 4)]).serve()
    assert [message.get("text") for message in sent[1:2]] == ["\u20ac" * 3]
    assert sent[2]["code"] == 1009
    assert log[-1][0] == 1009


@pytest.mark.parametrize("path, headers, status", [
    ("/nowhere", [], 404), ("/echo", [(b"origin", b"https://evil.example")], 403),
])
async def test_refusals(path, headers, status):
    assert await Server(path, headers=headers).serve() == [{"type": "websocket.close", "code": 1000}]
    sent = await Server(path, headers=headers, extensions={"websocket.http.response": {}}).serve()
    assert [message["type"] for message in sent] == ["websocket.http.response.start", "websocket.http.response.body"]
    assert sent[0]["status"] == status and sent[1]["body"]


async def test_a_handler_that_serves_no_websocket_is_refused():
    plain = Microdot()
    plain.get("/")(lambda request: "hello")
    server = Server("/")
    await plain(server.scope, server.receive, server.send)
    assert server.sent == [{"type": "websocket.close", "code": 1000}]
