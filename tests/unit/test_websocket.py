import asyncio
import gc

from microdot import Microdot, Response
from microdot.websocket import WebSocket, WebSocketError, websocket_upgrade, with_websocket
from microdot.websocket.frames import BINARY, CLOSE, PING, PONG, TEXT, encode
from microdot.websocket.permessage_deflate import BOARD, Deflate
from support import raises
from websocket_peer import Peer, application


def test_documented_numbers():
    assert (WebSocket.read_ahead, WebSocket.close_timeout, WebSocket.grace) == (1024, 5, 1)
    assert WebSocketError().args == (32, "WebSocket closed") and WebSocketError("gone").args == (32, "gone")
    assert (WebSocket.CONT, WebSocket.TEXT, WebSocket.BINARY) == (0, 1, 2)
    assert (WebSocket.CLOSE, WebSocket.PING, WebSocket.PONG) == (8, 9, 10)


async def echo(request, ws):
    async for message in ws:
        await ws.send(message)


async def test_echo_and_close_by_the_peer():
    peer = Peer(application(echo, with_websocket))
    for message in ("Hello", b"\x00\x01", "", b"", "gr\u00fcn \U0001f600"):
        peer.send(message)
        assert await peer.event() == (TEXT if isinstance(message, str) else BINARY, message)
    assert peer.transport.accepted["Sec-WebSocket-Accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    peer.close(4000, "bye")
    assert await peer.event() == (CLOSE, (4000, ""))
    assert await peer.response() is Response.already_handled


async def test_handler_end_closes_with_1000():
    async def handler(request, ws):
        await ws.send("only this")

    peer = Peer(application(handler, with_websocket))
    assert await peer.event() == (TEXT, "only this")
    assert await peer.event() == (CLOSE, (1000, ""))
    assert await peer.response() is Response.already_handled


async def test_exception_closes_with_1011():
    async def handler(request, ws):
        raise ValueError("of the handler")

    peer = Peer(application(handler, with_websocket))
    assert await peer.event() == (CLOSE, (1011, ""))
    assert await peer.task is Response.already_handled
    assert str(peer.error) == "of the handler"


async def test_close_with_code_and_reason():
    seen = []

    async def handler(request, ws):
        with raises(ValueError):
            await ws.close(1006)
        assert not ws.closed and ws.close_code is None
        await ws.close(4321, "because")
        seen.append((ws.closed, ws.close_code))
        await ws.close()
        with raises(WebSocketError):
            await ws.send("late")
        with raises(WebSocketError):
            await ws.receive()

    peer = Peer(application(handler, with_websocket))
    assert await peer.event() == (CLOSE, (4321, "because"))
    await peer.response()
    assert seen == [(True, 4321)]


async def test_messages_before_the_peers_close_are_answered():
    peer = Peer(application(echo, with_websocket))
    peer.transport.arrive(peer.connection.message("one") + peer.connection.message("two") + peer.connection.close())
    found = []
    for _ in range(3):
        found.append(await peer.event())
    assert found == [(TEXT, "one"), (TEXT, "two"), (CLOSE, (1000, ""))]
    await peer.response()


async def test_receive_after_the_peers_close():
    seen = []

    async def handler(request, ws):
        seen.append(await ws.receive())
        with raises(OSError) as caught:
            await ws.receive()
        seen.append(isinstance(caught.value, WebSocketError))
        seen.append((ws.closed, ws.close_code, ws.close_reason))

    peer = Peer(application(handler, with_websocket))
    peer.send("first")
    peer.close(1001, "tab closed")
    assert await peer.event() == (CLOSE, (1001, ""))
    await peer.response()
    assert seen == ["first", True, (True, 1001, "tab closed")]


async def test_lost_peer():
    for lose_by_sending in (False, True):
        seen = []

        async def handler(request, ws, seen=seen, by_sending=lose_by_sending):
            try:
                await (ws.send("x") if by_sending else ws.receive())
            finally:
                seen.append((ws.closed, ws.close_code))

        peer = Peer(application(handler, with_websocket))
        if lose_by_sending:
            peer.transport.gone = True
        else:
            peer.transport.arrive(encode(TEXT, b"not all of it", mask=b"1234")[:8])
            peer.transport.arrive(b"")
        assert await peer.response() is Response.already_handled
        assert seen == [(True, 1006)]


async def test_an_error_of_reading_ends_the_connection():
    codes = []

    async def handler(request, ws):
        async for _ in ws:
            pass
        codes.append(ws.close_code)

    async def read():
        reads.append(1)
        if len(reads) > 1:
            await asyncio.sleep(60)
        raise OSError(104)

    reads = []
    peer = Peer(application(handler, with_websocket))
    peer.transport.read = read
    await asyncio.wait_for(peer.response(), 10)
    assert codes == [1006] and len(reads) == 1


async def test_iteration_ends_when_the_peer_is_lost():
    ended = []

    async def handler(request, ws):
        async for _ in ws:
            pass
        ended.append(ws.close_code)

    peer = Peer(application(handler, with_websocket))
    peer.transport.arrive(b"")
    await peer.response()
    assert ended == [1006]


async def test_handlers_that_wait_for_something_else_are_cancelled():
    log = []

    async def handler(request, ws):
        ws.grace = 0.05
        try:
            await asyncio.sleep(60)
        finally:
            log.append("cleaned up")

    for end in (b"", None):
        peer = Peer(application(handler, with_websocket))
        if end is None:
            peer.close()
        else:
            peer.transport.arrive(end)
        assert await peer.response() is Response.already_handled
    assert log == ["cleaned up", "cleaned up"]


async def test_handlers_have_time_to_end_by_themselves():
    log = []

    async def handler(request, ws):
        ws.grace = 60
        async for _ in ws:
            pass
        await asyncio.sleep(0.05)
        log.append("done")

    peer = Peer(application(handler, with_websocket))
    peer.transport.arrive(b"")
    await peer.response()
    assert log == ["done"]


async def test_pings_are_answered_while_the_handler_is_busy():
    release = asyncio.Event()

    async def handler(request, ws):
        await release.wait()

    peer = Peer(application(handler, with_websocket))
    peer.transport.arrive(peer.connection.control(PING, b"now"))
    assert await peer.event() == (PONG, b"now")
    release.set()
    assert await peer.event() == (CLOSE, (1000, ""))
    await peer.response()


async def test_violations_close_with_their_code():
    for stream, code in ((encode(TEXT, b"x"), 1002), (encode(TEXT, b"\xff", mask=b"1234"), 1007)):
        peer = Peer(application(echo, with_websocket))
        peer.transport.arrive(stream)
        peer.transport.arrive(b"")
        event = await peer.event()
        assert event[0] == CLOSE and event[1][0] == code
        assert await peer.response() is Response.already_handled


async def test_message_limit():
    limit = WebSocket.max_message_length
    WebSocket.max_message_length = 10
    try:
        peer = Peer(application(echo, with_websocket))
        peer.send("1234567890")
        assert await peer.event() == (TEXT, "1234567890")
        peer.send("12345678901")
        assert (await peer.event())[1][0] == 1009
        peer.transport.arrive(b"")
        await peer.response()
    finally:
        WebSocket.max_message_length = limit


async def test_send_with_opcode():
    async def handler(request, ws):
        await ws.send("as binary", WebSocket.BINARY)
        await ws.send(b"as text", opcode=WebSocket.TEXT)
        await ws.send(b"?", WebSocket.PING)
        with raises(ValueError):
            await ws.send(b"", WebSocket.CLOSE)
        with raises(ValueError):
            await ws.send(bytes(126), WebSocket.PING)
        with raises(TypeError):
            await ws.send(5)

    peer = Peer(application(handler, with_websocket))
    found = []
    for _ in range(4):
        found.append(await peer.event())
    assert found == [(BINARY, b"as binary"), (TEXT, "as text"), (PING, b"?"), (CLOSE, (1000, ""))]
    await peer.response()


async def test_ping_interval_keeps_and_ends():
    codes = []

    async def handler(request, ws):
        async for _ in ws:
            pass
        codes.append(ws.close_code)

    peer = Peer(application(handler, with_websocket(ping_interval=0.05)))
    assert await peer.event() == (PING, b"")  # its answer is on its way
    assert await peer.event() == (PING, b"")
    peer.connection.reply = b""
    peer.transport.arrive = lambda data: None  # from now on the peer is silent
    await peer.response()
    assert codes == [1006]


async def tick(peer, ticks):
    """Let the server's clock tick faster than `Transport` does by itself, as long as the connection is open."""
    for _ in range(ticks):
        if peer.transport.watch:
            peer.transport.watch.look()
        await asyncio.sleep(0)


async def test_silent_peers_are_pinged_and_given_up_by_default():
    def bare(app):
        @app.get("/bare")
        async def upgrade(request):
            await serve(request, await websocket_upgrade(request))

    async def serve(request, ws):
        async for _ in ws:
            pass
        codes.append(ws.close_code)

    for path in ("/", "/bare"):
        codes = []
        app = application(serve, with_websocket)
        bare(app)
        peer = Peer(app, path)
        await tick(peer, 101 + 5)  # 25 s, and some for the beginning
        assert peer.transport.sent == encode(PING) and not codes
        await tick(peer, 101)
        await peer.response()
        assert codes == [1006]


async def test_no_pings_where_the_application_wants_none():
    for handle in (with_websocket(ping_interval=None), with_websocket(ping_interval=0)):
        peer = Peer(application(echo, handle))
        await tick(peer, 1000)
        assert peer.transport.sent == b"" and peer.transport.watch
        peer.close()
        await peer.response()


async def test_a_ping_that_cannot_be_sent_ends_the_connection_without_a_traceback():
    seen, unhandled = [], []

    async def handler(request, ws):
        async for _ in ws:
            pass
        task = asyncio.current_task()
        seen.append((ws.close_code, task.cancelling() if hasattr(task, "cancelling") else 0))

    asyncio.get_event_loop().set_exception_handler(lambda loop, context: unhandled.append(context))
    peer = Peer(application(handler, with_websocket))
    await asyncio.sleep(0)
    peer.transport.gone = True
    await tick(peer, 101 + 5)
    await peer.response()
    gc.collect()  # when CPython tells of exceptions that nobody has seen
    assert seen == [(1006, 0)] and unhandled == []


async def test_memory_that_is_missing_for_a_message():
    codes = []

    async def handler(request, ws):
        async for message in ws:
            codes.append(message)
        codes.append(ws.close_code)

    peer = Peer(application(handler, with_websocket))
    read = peer.transport.read

    async def read_too_much():
        data = await read()
        if len(data) > 100:
            raise MemoryError
        return data

    peer.transport.read = read_too_much
    peer.send("small")
    peer.send("x" * 200)
    assert await peer.event() == (CLOSE, (1009, "out of memory"))
    peer.transport.arrive(b"")
    await peer.response()
    assert codes == ["small", 1009]


async def test_what_a_peer_still_sends_after_its_error_is_read():
    """Otherwise a reset follows the close frame, and the peer never sees it."""
    for pieces, end, left in ((3, True, 0), (10, False, 2), (1, False, 0)):
        peer = Peer(application(echo, with_websocket))
        peer.transport.arrive(encode(TEXT, b"not masked"))
        for _ in range(pieces):
            peer.transport.arrive(bytes(8192))
        if end:
            peer.transport.arrive(b"")
            peer.transport.arrive(b"not for this connection")
        assert (await peer.event())[1][0] == 1002
        await peer.response()
        # without the close frame with which the peer has answered
        assert len([data for data in peer.transport.incoming if len(data) > 20]) == left + end


async def test_compression_is_agreed_to_when_asked_for():
    offer = "permessage-deflate; client_max_window_bits"
    peer = Peer(application(echo, with_websocket), Sec_WebSocket_Extensions=offer)
    peer.close()
    await peer.response()
    assert "Sec-WebSocket-Extensions" not in peer.transport.accepted

    extension = Deflate() if not BOARD else Deflate(receive_bits=10)
    peer = Peer(application(echo, with_websocket(deflate=True)), extension=extension, Sec_WebSocket_Extensions=offer)
    peer.send("Hello" * 100)
    assert await peer.event() == (TEXT, "Hello" * 100)
    assert "permessage-deflate" in peer.transport.accepted["Sec-WebSocket-Extensions"]
    peer.close()
    await peer.response()


async def test_upgrade_in_the_handler():
    app = Microdot()

    @app.get("/<name>")
    async def handler(request, name):
        ws = await websocket_upgrade(request, subprotocols=["chat"])
        await ws.send(name + " " + str(ws.subprotocol))
        return "left out"

    peer = Peer(app, "/me", Sec_WebSocket_Protocol="other, chat")
    assert await peer.event() == (TEXT, "me chat")
    assert await peer.event() == (CLOSE, (1000, ""))
    await peer.response()
    assert peer.transport.accepted["Sec-WebSocket-Protocol"] == "chat"


class EmptyError(Exception):
    """An exception that is false."""

    def __len__(self):
        return 0


async def test_the_end_of_a_handler_that_upgrades_by_itself():
    async def fail(request):
        await websocket_upgrade(request)
        raise errors[-1]

    errors = []
    ends = [(ValueError("of the handler"), 1011), (OSError(2), 1011), (MemoryError(), 1011), (WebSocketError(), 1000)]
    ends.append((EmptyError(), 1011))
    for error, code in ends:
        errors.append(error)
        app = Microdot()
        app.get("/")(fail)
        app.errorhandler(500)(lambda request: "not for the peer")
        peer = Peer(app)
        assert await peer.event() == (CLOSE, (code, ""))
        assert await peer.task is Response.already_handled
        assert peer.error is (errors[-1] if code == 1011 else None)
