"""WebSockets whose handler does not just read: it is busy, has several tasks, or gives up waiting."""

import asyncio

from microdot.websocket import WebSocketError, with_websocket
from microdot.websocket.frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, encode
from support import raises
from websocket_peer import Peer, application


class Busy:
    """A handler that reads nothing until `read` is set, and then everything; `seen` is what it got."""

    def __init__(self):
        self.read = asyncio.Event()
        self.seen = []
        self.close_code = None

    async def __call__(self, request, ws):
        self.ws = ws
        ws.grace = 0.05
        try:
            await self.read.wait()
            async for message in ws:
                self.seen.append(message)
        finally:
            self.close_code = ws.close_code


def busy_peer(**options):
    """Return a handler that is busy, and its peer."""
    busy = Busy()

    async def handler(request, ws):
        await busy(request, ws)

    return busy, Peer(application(handler, with_websocket(**options)))


async def test_a_peer_gone_silent_is_given_up_though_nothing_is_read():
    busy, peer = busy_peer(ping_interval=0.05)
    peer.send("one")
    peer.send("two")
    await peer.response()  # the handler was cancelled
    assert busy.close_code == 1006 and busy.seen == []
    if hasattr(peer.task, "cancelling"):
        assert peer.task.cancelling() == 0  # what runs after the handler may wait with a timeout of its own


async def test_an_error_of_a_handler_that_is_given_up_is_reported():
    async def handler(request, ws):
        ws.grace = 0.05
        try:
            await asyncio.sleep(60)
        finally:
            raise ValueError("of the handler")

    peer = Peer(application(handler, with_websocket(ping_interval=0.05)))
    with raises(ValueError):
        await peer.response()


async def test_a_peer_that_answers_is_kept_though_nothing_is_read():
    busy, peer = busy_peer(ping_interval=0.3)
    peer.send("one")
    peer.send("two")
    for _ in range(5):
        assert await peer.event() == (PING, b"")  # its answer is on its way
    busy.read.set()
    peer.close()
    await peer.response()
    assert busy.seen == ["one", "two"] and busy.close_code == 1000


async def test_what_is_not_read_waits_with_the_peer():
    busy, peer = busy_peer(ping_interval=0.05)
    messages = [b"%d" % i + bytes(100) for i in range(50)]
    for message in messages:
        peer.send(message)
    while len(peer.transport.incoming) == len(messages):
        await asyncio.sleep(0)
    for _ in range(40):  # many times the deadline: a peer that is not listened to is not silent
        await asyncio.sleep(0.005)
    assert len(peer.transport.incoming) > 40 and not busy.ws.closed
    busy.read.set()
    while len(busy.seen) < len(messages):
        await asyncio.sleep(0)
    assert busy.seen == messages
    peer.close()
    await peer.response()
    assert busy.close_code == 1000


async def test_the_end_is_noticed_behind_messages_that_are_not_read():
    for close in (True, False):
        busy, peer = busy_peer(ping_interval=None)  # nothing but the end itself can be noticed
        peer.send("not read")
        if close:
            peer.close(4000)
        else:
            peer.transport.arrive(b"")
        await asyncio.wait_for(peer.response(), 20)
        assert busy.close_code == (4000 if close else 1006) and busy.seen == []


async def test_giving_up_to_wait_loses_nothing():
    seen = []
    given_up = asyncio.Event()

    async def handler(request, ws):
        while len(seen) < 2:
            try:
                seen.append(await asyncio.wait_for(ws.receive(), 0.03))
            except asyncio.TimeoutError:
                given_up.set()

    peer = Peer(application(handler, with_websocket))
    stream = encode(TEXT, b"in ", False, b"1234") + encode(CONTINUATION, b"pieces", mask=b"1234")
    for byte in stream + encode(BINARY, b"whole", mask=b"1234"):
        await asyncio.wait_for(given_up.wait(), 10)
        given_up.clear()
        peer.transport.arrive(bytes((byte,)))
    assert await peer.event() == (CLOSE, (1000, ""))
    await peer.response()
    assert seen == ["in pieces", b"whole"]


async def test_giving_up_to_send_ends_the_connection():
    seen = []
    begun = asyncio.Event()

    async def send(data):
        begun.set()
        await asyncio.sleep(60)

    async def handler(request, ws):
        request.transport.send = send
        task = asyncio.create_task(ws.send("a part of this may have been sent"))
        waiting = asyncio.create_task(ws.send("behind it"))
        await begun.wait()
        task.cancel()
        with raises(asyncio.CancelledError):
            await task
        seen.append((ws.closed, ws.close_code))
        waiting.cancel()
        with raises(WebSocketError):
            await ws.send("later")

    peer = Peer(application(handler, with_websocket))
    await peer.response()
    assert seen == [(True, 1006)]


async def test_a_handler_that_was_busy_answers_what_came_before_the_close():
    release = asyncio.Event()

    async def handler(request, ws):
        await release.wait()
        async for message in ws:
            await ws.send(message)

    peer = Peer(application(handler, with_websocket))
    peer.send("one")
    peer.send("two")
    peer.close()
    while peer.transport.incoming:  # another task reads for the handler
        await asyncio.sleep(0)
    release.set()
    found = []
    for _ in range(3):
        found.append(await peer.event())
    assert found == [(TEXT, "one"), (TEXT, "two"), (CLOSE, (1000, ""))]
    await peer.response()


async def test_a_handler_that_is_still_busy_with_the_last_message_answers_it_before_the_close():
    taken, release = asyncio.Event(), asyncio.Event()

    async def handler(request, ws):
        ws.grace = 10
        message = await ws.receive()
        taken.set()
        await release.wait()
        await ws.send(message)

    peer = Peer(application(handler, with_websocket(ping_interval=None)))
    peer.send("one")
    await taken.wait()
    peer.close()
    while peer.transport.incoming:
        await asyncio.sleep(0)
    for _ in range(25):  # often enough to see that the close frame is answered, if it is
        await asyncio.sleep(0.02)
    release.set()
    assert await asyncio.wait_for(peer.event(), 20) == (TEXT, "one")
    assert await asyncio.wait_for(peer.event(), 20) == (CLOSE, (1000, ""))
    await peer.response()


async def test_a_handler_that_reads_has_nothing_to_answer():
    async def handler(request, ws):
        ws.grace = 3600
        async for _ in ws:
            pass

    peer = Peer(application(handler, with_websocket(ping_interval=None)))
    peer.close()
    assert await asyncio.wait_for(peer.event(), 20) == (CLOSE, (1000, ""))
    await peer.response()


async def test_a_handler_that_waits_for_what_another_task_reads_may_be_busy_again():
    begin, release = asyncio.Event(), asyncio.Event()
    seen = []

    async def handler(request, ws):
        await begin.wait()
        seen.append(await ws.receive())
        await release.wait()

    peer = Peer(application(handler, with_websocket))
    while not peer.transport.watch:
        await asyncio.sleep(0)
    peer.transport.watch.look()
    for _ in range(3):
        await asyncio.sleep(0)  # now another task reads
    begin.set()
    for _ in range(3):
        await asyncio.sleep(0)
    peer.send("one")
    while not seen:
        await asyncio.sleep(0)
    peer.transport.arrive(peer.connection.control(PING, b"there?"))
    assert await asyncio.wait_for(peer.event(), 10) == (PONG, b"there?")
    release.set()
    assert await peer.event() == (CLOSE, (1000, ""))
    await peer.response()
    assert seen == ["one"]


async def test_an_unexpected_error_of_reading_ends_the_connection():
    busy, peer = busy_peer()

    async def read():
        raise ValueError("of the transport")

    peer.transport.read = read
    await asyncio.wait_for(peer.response(), 10)  # the handler was cancelled
    assert busy.close_code == 1006


async def test_an_error_of_the_transport_while_a_silent_peer_is_given_up_is_not_hidden():
    async def handler(request, ws):
        await ws.receive()

    async def read():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ValueError("of the transport") from None

    peer = Peer(application(handler, with_websocket(ping_interval=0.05)))
    peer.transport.read = read
    with raises(ValueError):
        await asyncio.wait_for(peer.response(), 20)


async def test_one_task_reads_at_a_time():
    begin = asyncio.Event()
    reading, most = [], []

    async def handler(request, ws):
        await begin.wait()
        await ws.receive()

    peer = Peer(application(handler, with_websocket))
    wait_for_data = peer.transport.read

    async def read():
        reading.append(1)
        most.append(len(reading))
        try:
            return await wait_for_data()
        finally:
            reading.pop()

    peer.transport.read = read
    while not peer.transport.watch:
        await asyncio.sleep(0)
    begin.set()  # the handler reads from now on
    peer.transport.watch.look()  # just before it does, another task is made that would read
    for _ in range(4):
        await asyncio.sleep(0)
    peer.send("one")
    assert await peer.event() == (CLOSE, (1000, ""))
    await peer.response()
    assert max(most) == 1


async def test_several_tasks_receive():
    seen = []

    async def take(ws):
        seen.append(await ws.receive())

    async def handler(request, ws):
        await asyncio.gather(take(ws), take(ws), take(ws))

    peer = Peer(application(handler, with_websocket))
    for message in ("one", "two", "three"):
        await asyncio.sleep(0.001)
        peer.send(message)
    assert await peer.event() == (CLOSE, (1000, ""))
    await peer.response()
    assert sorted(seen) == ["one", "three", "two"]


async def test_closing_ends_what_another_task_receives():
    seen = []

    async def take(ws):
        with raises(WebSocketError):
            await ws.receive()
        seen.append("ended")

    async def handler(request, ws):
        ws.close_timeout = timeout
        task = asyncio.create_task(take(ws))
        await asyncio.sleep(0)
        await ws.close(4000)
        await task

    for timeout in (60, 0.05):  # with a peer that answers, and one that does not
        peer = Peer(application(handler, with_websocket))
        assert await peer.event() == (CLOSE, (4000, ""))
        if timeout == 60:
            peer.send("left out")
            peer.transport.arrive(peer.connection.close(4000))
        else:
            peer.transport.incoming = []
        await peer.response()
    assert seen == ["ended", "ended"]


async def test_several_tasks_send():
    async def handler(request, ws):
        await asyncio.gather(*[ws.send(str(i) * 10) for i in range(5)])

    peer = Peer(application(handler, with_websocket))
    found = []
    for _ in range(5):
        found.append((await peer.event())[1])
    assert found == [str(i) * 10 for i in range(5)]
    assert await peer.event() == (CLOSE, (1000, ""))
    await peer.response()


async def test_the_server_shuts_down():
    busy, peer = busy_peer()
    while not hasattr(busy, "ws"):
        await asyncio.sleep(0)
    busy.ws.close_timeout = 100_000  # it does not wait for the peer's close frame
    peer.transport.cancelled = True
    peer.task.cancel()
    with raises(asyncio.CancelledError):
        await asyncio.wait_for(peer.response(), 10)
    assert await peer.event() == (CLOSE, (1001, ""))
    assert busy.ws.closed


async def test_a_failure_while_closing_waits_for_no_peer():
    """The peer never answers the close frame, and the server's clock does not look at the connection any more."""

    async def handler(request, ws):
        await ws.receive()
        setattr(peer.transport, name, fail)

    async def fail(*args):  # once
        setattr(peer.transport, name, working)
        raise error

    for name, error in (("send", MemoryError()), ("send", ValueError("any")), ("read", ValueError("any"))):
        peer = Peer(application(handler, with_websocket))
        working = getattr(peer.transport, name)
        peer.send("go on")
        with raises(type(error)):
            await asyncio.wait_for(peer.response(), 10)
        assert peer.transport.watch is None
