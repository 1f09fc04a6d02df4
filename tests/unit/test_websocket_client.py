from microdot import Microdot
from microdot.test_client import TestClient
from microdot.websocket import with_websocket
from support import raises

app = Microdot()
received = []


@app.get("/echo")
@with_websocket(subprotocols=["chat"])
async def echo(request, ws):
    async for message in ws:
        received.append(message)
        await ws.send(message)


@app.get("/push/<int:n>")
@with_websocket
async def push(request, ws, n):
    for i in range(n):
        await ws.send(str(i))
    await ws.close(4000, "enough")


@app.get("/fail")
@with_websocket
async def fail(request, ws):
    raise RuntimeError("of the handler")


async def test_messages_both_ways():
    replies = []

    def client():
        for message in ("one", b"two", "", b""):
            replies.append((yield message))

    received.clear()
    response = await TestClient(app).websocket("/echo", client, headers={"Sec-WebSocket-Protocol": "chat"})
    assert replies == ["one", b"two", "", b""] == received
    assert (response.status_code, response.body) == (101, None)
    assert response.headers["sec-websocket-protocol"] == "chat"


async def test_the_application_closes():
    replies = []

    def client():
        while True:
            replies.append((yield))

    response = await TestClient(app).websocket("/push/3", client)
    assert response.status_code == 101
    assert replies == ["0", "1", "2"]


async def test_a_client_that_ends_before_the_application():
    def client():
        yield "only"

    received.clear()
    assert (await TestClient(app).websocket("/echo", client)).status_code == 101
    assert received == ["only"]


async def test_failing_assertions_of_the_client_come_out():
    def client():
        reply = yield "x"
        assert reply == "y", "as expected"

    with raises(AssertionError) as caught:
        await TestClient(app).websocket("/echo", client)
    assert str(caught.value).startswith("as expected")


async def test_exception_in_the_handler():
    def client():
        yield

    assert (await TestClient(app).websocket("/fail", client)).status_code == 101


async def test_refusals():
    def client():
        yield "never sent"

    assert (await TestClient(app).websocket("/nowhere", client)).status_code == 404
    headers = {"Sec-WebSocket-Version": "9"}
    assert (await TestClient(app).websocket("/echo", client, headers=headers)).status_code == 426
