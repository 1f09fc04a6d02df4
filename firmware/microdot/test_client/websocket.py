"""The client's end of a WebSocket in memory, for `TestClient.websocket()`: a generator talks to a handler in frames."""

import asyncio

from .._compat import TICKS_PER_SECOND, invoke_handler
from ..websocket.frames import BINARY, CLOSE, TEXT, Connection


class WebSocketClient:
    """The transport of a request for a WebSocket whose peer is a generator.

    The generator yields the messages to send, None for none, and gets at each `yield` the next message from the
    application. When it ends, the connection is closed with code 1000; when the application closes the connection,
    the generator is closed.

    :param generator: a generator, on CPython also an asynchronous one.
    :param send_response: `async f(request, response)`: gets the response of an application that does not accept.
    """

    invoke = staticmethod(invoke_handler)
    has_body = False
    cancelled = False
    sock = max_line = None

    def __init__(self, generator, send_response):
        self._generator = generator
        self.send_response = send_response
        #: Whether the application has accepted the connection.
        self.upgraded = False
        self._connection = Connection(client=True)
        self._incoming = []  # for the server
        self._arrived = asyncio.Event()
        #: The header fields of the response that accepted the connection, or None.
        self.accepted: dict[str, str] | None = None
        #: The exception that ended the generator, or None.
        self.error = None
        #: What the application wants to `look()` with each tick, or None.
        self.watch = None

    @property
    def close_code(self) -> "int | None":
        """The code with which the application closed the connection, None if it did not."""
        return self._connection.close_code

    async def upgrade(self, request, headers) -> bytes:
        """Accept the connection."""
        self.upgraded = True
        self.accepted = headers
        asyncio.create_task(self._tick())
        await self._step(None)
        return b""

    async def receive_body(self, n: int) -> bytes:
        """Return the end of the request's body, of which there is none."""
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
                await self._step(event[1])
            elif event[0] == CLOSE:
                await self._end_generator()
                self._give(b"")
            event = connection.next_event()

    async def close(self) -> None:
        """End what is left open when the handler has returned; raises what the generator raised."""
        await self._end_generator()
        if self.error:
            raise self.error

    async def _tick(self):
        await asyncio.sleep(1 / TICKS_PER_SECOND)
        while self.watch:
            self.watch.look()
            await asyncio.sleep(1 / TICKS_PER_SECOND)

    def _give(self, data):
        self._incoming.append(data)
        self._arrived.set()

    async def _step(self, received):
        """Let the generator go on with the message *received*, and send what it yields."""
        if self._connection.close_sent:
            return
        try:
            if hasattr(self._generator, "asend"):
                message = await self._generator.asend(received)
            else:
                message = self._generator.send(received)
        except (StopIteration, StopAsyncIteration):
            self._give(self._connection.close())
        except Exception as error:
            self.error = error
            self._give(self._connection.close())
        else:
            if message is not None:
                self._give(self._connection.message(message))

    async def _end_generator(self):
        if hasattr(self._generator, "aclose"):
            await self._generator.aclose()
        else:
            self._generator.close()
