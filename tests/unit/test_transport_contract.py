"""The contract of transports at the own server's door."""

import asyncio

import transport_contract as contract
from memory_stream import MemoryStream, split
from microdot.websocket.frames import CLOSE, Connection
from microdot.websocket.handshake import make_key, request_headers


class Stream(MemoryStream):
    """A client's connection that notes in *events* when bytes are sent to it."""

    def __init__(self, events, *pieces, **options):
        super().__init__(*pieces, **options)
        self.events = events

    def write(self, data):
        super().write(data)
        if "sent" in self.events:
            self.events.remove("sent")
        self.events.append("sent")


class OwnServer:
    """The own server, with streams in the place of sockets."""

    async def serve(self, app, *pieces, **options):
        stream = Stream(app.events, *pieces, **options)
        await app.handle_request(stream, stream)
        assert stream.closed
        return stream.sent

    @staticmethod
    def head(method, path, length, *fields):
        lines = [method + " " + path + " HTTP/1.1", "Host: a", "Connection: close"]
        if length:
            lines.append("Content-Length: " + str(length))
        return "\r\n".join(lines + list(fields) + ["", ""]).encode()

    async def http(self, app, method, path, body=b""):
        pieces = [body[start : start + 400] for start in range(0, len(body), 400)]
        sent = await self.serve(app, self.head(method, path, len(body)), *pieces, end=bool(body))
        if not sent:
            return None, b""
        answer, rest = split(sent, method)
        assert not rest
        return answer.status, answer.body

    async def cut(self, app, path):
        await self.serve(app, self.head("POST", path, 20), b"a" * 10)

    async def websocket(self, app, path, messages):
        client = Connection(client=True)
        fields = request_headers(make_key())
        head = "".join([name + ": " + fields[name] + "\r\n" for name in fields])
        frames = [] if messages is None else [client.message(message) for message in messages]
        if messages:
            frames.append(client.close())
        start = ("GET " + path + " HTTP/1.1\r\nHost: a\r\n" + head + "\r\n").encode()
        sent = await self.serve(app, start, *frames, end=messages is not None)
        answer, rest = split(sent)
        if answer.status != 101:
            return answer.status, []
        app.events.remove("sent")
        received = []
        client.feed(rest)
        event = client.next_event()
        while event and event[0] != CLOSE:
            received.append(event[1])
            event = client.next_event()
        return 101, received


async def test_invoke():
    await contract.check_invoke(OwnServer())


async def test_body():
    await contract.check_body(OwnServer())


async def test_cut_body():
    await contract.check_cut_body(OwnServer())


async def test_order():
    await contract.check_order(OwnServer())


async def test_a_body_that_cannot_be_closed():
    await contract.check_failing_close(OwnServer())


async def test_upgrade():
    await contract.check_upgrade(OwnServer())


async def test_tick():
    await asyncio.wait_for(contract.check_tick(OwnServer()), 20)
