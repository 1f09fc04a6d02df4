"""Messages of a topic that `Subscription.send_to()` sends to clients of the own server."""

import asyncio
from array import array

from memory_stream import MemoryStream, get
from microdot import Microdot
from microdot.pubsub import PubSub
from microdot.sse import with_sse
from microdot.websocket import WebSocketError, with_websocket
from microdot.websocket.frames import TEXT, Connection, encode
from microdot.websocket.handshake import make_key, request_headers

COMMENT = b"3\r\n:\n\n\r\n"  # with which an event stream waits for its client


class Client(MemoryStream):
    """A client that stays connected, and takes nothing while `takes` is False; `last` is what was written last."""

    def __init__(self, head):
        super().__init__(head, end=False)
        self.takes = True
        self.last = None
        self.draining = False
        self.taken = asyncio.Event()

    def write(self, data):
        self.last = data
        if self.takes:
            super().write(data)
        else:
            self.out_buf += data

    def get_write_buffer_size(self):
        return len(self.out_buf)

    async def drain(self):
        if self.draining:
            self.sent = b"two tasks wait for the client"
        self.draining = True
        while self.out_buf:
            await self.taken.wait()
            if self.broken:
                raise self.broken
        self.draining = False

    def take(self):
        """Take what has been written, and what will be."""
        self.takes = True
        data, self.out_buf = self.out_buf, b""
        self.write(data)
        self.taken.set()


class Doors:
    """An application that sends what is published on "news" to WebSockets and event streams, and their clients."""

    def __init__(self, **options):
        self.hub = PubSub(**options)
        self.app = Microdot()
        self.app.max_connections = 16  # an RP2's default has two places for streams
        self.tasks = []
        self.errors = []
        self.request = None  # the last one

        @self.app.get("/socket")
        @with_websocket
        async def socket(request, ws):
            await self.send_to(request, ws)

        @self.app.get("/events")
        @with_sse
        async def events(request, sse):
            await self.send_to(request, sse)

    async def send_to(self, request, client):
        self.request = request
        async with self.hub.subscribe("news") as messages:
            try:
                await messages.send_to(client)
            except Exception as error:
                self.errors.append(error)

    async def connect(self, head):
        client = Client(head)
        self.tasks.append(asyncio.create_task(self.app.handle_request(client, client)))
        await settle()
        client.sent = b""
        return client

    def events(self):
        return self.connect(get("/events"))

    def socket(self):
        fields = request_headers(make_key())
        return self.connect(get("/socket", *[name + ": " + fields[name] for name in fields]))

    def publish(self, *messages):
        """Publish without giving any task its turn; return how many subscribers got the last message."""
        for message in messages:
            try:
                self.hub.publish("news", message).send(None)
            except StopIteration as stop:
                reached = stop.value
        return reached

    async def __aenter__(self):
        return self

    async def __aexit__(self, exc_type, exc, traceback):
        for task in self.tasks:
            task.cancel()
        await settle()


async def settle():
    """Let all tasks run until they wait for something."""
    for _ in range(20):
        await asyncio.sleep(0)


def frames(*messages):
    return b"".join([encode(TEXT, message.encode()) for message in messages])


def chunks(*messages):
    events = ["data: " + message + "\n\n" for message in messages]
    return b"".join([b"%x\r\n%s\r\n" % (len(event), event.encode()) for event in events])


async def test_clients_have_a_message_before_a_task_runs():
    async with Doors() as doors:
        sockets = [await doors.socket(), await doors.socket()]
        events = [await doors.events(), await doors.events()]
        assert doors.publish("one", "two") == 4
        assert [client.sent for client in sockets] == [frames("one", "two")] * 2
        assert [client.sent for client in events] == [chunks("one", "two")] * 2
        for first, second in (sockets, events):
            assert first.last is second.last  # made once
        await settle()
        assert sockets[0].sent == frames("one", "two") and events[0].sent == chunks("one", "two")


async def test_a_slow_client_delays_nobody_and_loses_what_the_policy_says():
    async with Doors(queue_size=2) as doors:
        for connect, wire in ((doors.socket, frames), (doors.events, chunks)):
            slow, quick = await connect(), await connect()
            slow.takes = False
            doors.publish("1", "2", "3", "4")
            assert quick.sent == wire("1", "2", "3", "4")
            await settle()
            assert slow.sent == b""
            doors.publish("5")
            assert quick.sent == wire("1", "2", "3", "4", "5")
            slow.take()
            await settle()
            assert slow.sent.replace(COMMENT, b"") == wire("1", "3", "4", "5")
            doors.publish("6")  # it keeps up again
            assert slow.sent.replace(COMMENT, b"") == wire("1", "3", "4", "5", "6")


async def test_what_waits_for_a_slow_client_is_bounded():
    async with Doors(queue_size=2) as doors:
        for connect, wire in ((doors.socket, frames), (doors.events, chunks)):
            slow = await connect()
            slow.takes = False
            doors.publish("1")
            await settle()
            doors.publish("2", "3", "4", "5")
            slow.take()
            await settle()
            assert slow.sent.replace(COMMENT, b"") == wire("1", "4", "5")


async def test_a_message_follows_what_the_handler_has_sent():
    app, hub = Microdot(), PubSub()

    @app.get("/")
    @with_sse
    async def events(request, sse):
        async with hub.subscribe("news") as messages:
            await sse.send("first")
            await messages.send_to(sse)

    stream = Client(get("/"))
    task = asyncio.create_task(app.handle_request(stream, stream))
    while not hub.subscribers("news"):
        await asyncio.sleep(0)
    await hub.publish("news", "second")
    await hub.publish("news", "third")
    await settle()
    assert stream.sent.endswith(chunks("first", "second", "third"))
    task.cancel()


async def test_what_a_client_cannot_be_sent_is_an_error_of_its_own_handler():
    async with Doors() as doors:
        socket, events = await doors.socket(), await doors.events()
        assert doors.publish(array("b", b"no")) == 2
        assert socket.sent == b""
        await settle()
        assert [type(error) for error in doors.errors] == [TypeError]
        assert socket.sent[:1] == b"\x88"  # a close frame
        events.sent = b""
        assert doors.publish({"a": 1}) == 1
        assert events.sent == b'10\r\ndata: {"a": 1}\n\n\r\n'


async def test_a_client_that_is_gone_ends_its_own_handler():
    async with Doors() as doors:
        socket, other, events = await doors.socket(), await doors.socket(), await doors.events()
        socket.broken = events.broken = OSError(32, "gone")
        doors.publish("hi")
        assert other.sent == frames("hi")
        await settle()
        assert [type(error) for error in doors.errors] == [WebSocketError]
        assert doors.hub.subscribers("news") == 1 and events.closed
        assert doors.publish("hi") == 1


async def test_a_slow_client_that_goes_ends_its_own_handler():
    async with Doors() as doors:
        slow = await doors.socket()
        slow.takes = False
        doors.publish("1")
        await settle()
        slow.broken = OSError(104, "reset")
        slow.taken.set()
        await settle()
        assert not doors.errors  # until there is something to send
        slow.broken = None  # a part of a frame is lost: nothing may follow it
        slow.taken.clear()
        doors.publish("2")
        await settle()
        assert [type(error) for error in doors.errors] == [WebSocketError]
        assert doors.hub.subscribers("news") == 0


async def test_a_lack_of_memory_while_a_message_is_sent_ends_the_connection():
    async with Doors() as doors:
        clients = [await doors.socket(), await doors.events()]
        other = await doors.socket()
        for client in clients:
            client.broken = MemoryError()
        doors.publish("hi")
        assert other.sent == frames("hi")
        assert [client.closed for client in clients] == [True, True]


async def test_a_body_that_a_hook_has_wrapped_is_not_bypassed():
    class Upper:
        def __init__(self, body):
            self.body = body

        async def __anext__(self):
            return (await self.body.__anext__()).upper()

        async def aclose(self):
            await self.body.aclose()

    async with Doors() as doors:

        @doors.app.after_request
        async def wrap(request, response):  # not in a thread, for which settle() would not wait
            if response.status_code == 200:
                response.body = Upper(response.body)

        events = await doors.events()
        doors.publish("hi", "there")
        await settle()
        assert events.sent == b"a\r\nDATA: HI\n\n\r\nd\r\nDATA: THERE\n\n\r\n"


async def test_events_that_are_sent_at_once_put_the_next_comment_off():
    async with Doors() as doors:
        events = await doors.events()
        body = doors.request.transport.watch
        for _ in range(59):
            body.look()
        doors.publish("hi")
        body.look()
        await settle()
        assert events.sent == chunks("hi")
        for _ in range(59):
            body.look()
        await settle()
        assert events.sent == chunks("hi") + COMMENT


class Recorder:
    """A client that keeps what it is sent, at once unless it is `busy`."""

    def __init__(self):
        self.got = []
        self.busy = False

    def send_now(self, message, forms):
        if self.busy:
            return False
        self.got.append(message)
        return True

    async def send(self, message):
        self.got.append(message)


async def test_sending_ends_with_the_hub_or_when_it_is_cancelled():
    hub, client = PubSub(), Recorder()
    async with hub.subscribe("a") as messages:
        sending = asyncio.create_task(messages.send_to(client))
        await settle()
        await hub.publish("a", 1)
        assert client.got == [1]
        client.busy = True
        await hub.publish("a", 2)
        client.busy = False
        await hub.publish("a", 3)  # not before the one that waits
        assert client.got == [1]
        await settle()
        assert client.got == [1, 2, 3]
        sending.cancel()
        await settle()
        await hub.publish("a", 4)
        assert client.got == [1, 2, 3] and await messages.get() == 4
        sending = asyncio.create_task(messages.send_to(client))
        await settle()
        await hub.close()
        await asyncio.wait_for(sending, 10)


async def test_clients_that_can_only_wait():
    class Slow:
        got = ()

        async def send(self, message):
            await asyncio.sleep(0)
            self.got += (message,)

    hub, client = PubSub(), Slow()
    async with hub.subscribe("a") as messages:
        sending = asyncio.create_task(messages.send_to(client))
        await settle()
        await hub.publish("a", 1)
        await hub.publish("a", 2)
        await hub.close()
        await asyncio.wait_for(sending, 10)
    assert client.got == (1, 2)


def test_frames_that_differ_are_not_shared():
    assert Connection(False).shares_frames
    assert not Connection(True).shares_frames  # masked
    assert not Connection(False, 0, extension=object()).shares_frames
