"""The client's end of a WebSocket in memory, with which test clients exchange frames with a handler."""

import asyncio

from .._compat import TICKS_PER_SECOND, invoke_handler
from ..websocket.frames import BINARY, CLOSE, TEXT, Connection


class WebSocketPeer:
    """The transport of a request for a WebSocket whose peer is in the same process.

    A subclass defines what the peer does when the connection begins, when a message comes, and when it ends.

    :param send_response: `async f(request, response)`, called with the response of an application that does not accept.
    """

    invoke = staticmethod(invoke_handler)
    has_body = False
    cancelled = False
    max_line = None

    def __init__(self, send_response):
        self.send_response = send_response
        #: Whether the application has accepted the connection.
        self.upgraded = False
        self._connection = Connection(client=True)
        self._incoming = []  # for the server
        self._arrived = asyncio.Event()
        #: The header fields of the response that accepted the connection, or None.
        self.accepted: dict[str, str] | None = None
        #: What the application wants to `look()` with each tick, or None.
        self.watch = None

    def take_sock(self):
        """Return None: the server keeps the connection."""

    async def began(self) -> None:
        """Called when the application has accepted the connection."""

    async def received(self, message: "str | bytes") -> None:
        """Called when the application has sent a message."""

    async def ended(self) -> None:
        """Called, once or more, when the application has closed the connection or its handler has ended."""

    @property
    def close_code(self) -> "int | None":
        """The code with which the application closed the connection, None if it did not."""
        return self._connection.close_code

    @property
    def close_reason(self) -> str:
        """The reason that came with the code."""
        return self._connection.close_reason

    def say(self, message: "str | bytes") -> None:
        """Send a message; after `hang_up()` this does nothing."""
        if not self._connection.close_sent:
            self._give(self._connection.message(message))

    def hang_up(self, code: int = 1000, reason: str = "") -> None:
        """Close the connection, unless it is closed."""
        if not self._connection.close_sent:
            self._give(self._connection.close(code, reason))

    async def upgrade(self, request, headers) -> bytes:
        """Accept the connection."""
        self.upgraded = True
        self.accepted = headers
        asyncio.create_task(self._tick())
        await self.began()
        return b""

    async def receive_body(self, n: int) -> bytes:
        """Return `b''`, because the request has no body."""
        return b""

    async def read(self) -> bytes:
        """Return bytes from the client."""
        while not self._incoming:
            self._arrived.clear()
            await self._arrived.wait()
        return self._incoming.pop(0)

    async def send(self, data) -> None:
        """Give bytes to the client."""
        connection = self._connection
        connection.feed(bytes(data))
        event = connection.next_event()
        while event is not None:
            if connection.reply:
                self._give(connection.reply)
            if event[0] == TEXT or event[0] == BINARY:
                await self.received(event[1])
            elif event[0] == CLOSE:
                await self.ended()
                self._give(b"")
            event = connection.next_event()

    async def close(self) -> None:
        """End what is left open when the handler has returned."""
        await self.ended()

    async def _tick(self):
        await asyncio.sleep(1 / TICKS_PER_SECOND)
        while self.watch:
            self.watch.look()
            await asyncio.sleep(1 / TICKS_PER_SECOND)

    def _give(self, data):
        self._incoming.append(data)
        self._arrived.set()


class WebSocketClient(WebSocketPeer):
    """A peer that is a generator, for `TestClient.websocket()`.

    The generator yields the messages to send, None for none, and each `yield` returns the next message from the
    application. When it ends, the connection is closed with code 1000; when the application closes the connection,
    the generator is closed.

    :param generator: a generator, on CPython also an asynchronous one.
    """

    def __init__(self, generator, send_response):
        super().__init__(send_response)
        self._generator = generator
        #: The exception that ended the generator, or None.
        self.error = None

    async def began(self) -> None:
        """Let the generator begin, and send what it yields."""
        await self.received(None)

    async def received(self, message) -> None:
        """Let the generator go on with a message, and send what it yields."""
        if self._connection.close_sent:
            return
        try:
            if hasattr(self._generator, "asend"):
                answer = await self._generator.asend(message)
            else:
                answer = self._generator.send(message)
        except (StopIteration, StopAsyncIteration):
            self.hang_up()
        except Exception as error:
            self.error = error
            self.hang_up()
        else:
            if answer is not None:
                self.say(answer)

    async def ended(self) -> None:
        """Close the generator."""
        if hasattr(self._generator, "aclose"):
            await self._generator.aclose()
        else:
            self._generator.close()

    async def close(self) -> None:
        """End what is left open when the handler has returned.

        :raises Exception: what the generator raised.
        """
        await self.ended()
        if self.error is not None:
            raise self.error
