"""A WebSocket connection over a transport that carries bytes: the frames' I/O at the server's end."""

import asyncio
import gc

from ._compat import log_error
from .frames import BINARY, CLOSE, PING, PONG, TEXT, TOO_BIG, Connection, FrameError

# After an error, what the peer still sends is read for so long, so that it reads the close frame and not a reset.
_LINGER_BYTES = 65536
_LINGER_SECONDS = 0.2


class FrameChannel:
    """Messages over a transport with `async read() -> bytes` (empty at the end) and `async send(data)`.

    :param client: who the peer is, for the log.
    :param received: what the peer has sent after its handshake already.
    :param max_message_length: in bytes, 0 for no limit.
    :param extension: the negotiated permessage-deflate object, or None.
    :param ping_interval: seconds of silence after which the peer is asked for a sign of life, and after as many more
        given up; None for never.
    """

    def __init__(
        self,
        transport,
        client,
        received: bytes = b"",
        max_message_length: int = 0,
        extension=None,
        ping_interval: "float | None" = None,
    ):
        #: The code with which the connection was closed: the peer's, 1005 if it gave none, 1006 if it was lost.
        self.close_code: int | None = None
        #: The text that came with `close_code`.
        self.close_reason = ""
        self._transport = transport
        self._client = client
        self._connection = Connection(False, max_message_length, extension)
        if received:
            self._connection.feed(received)
        self._ping_interval = ping_interval
        self._pinged = False
        self._lock = asyncio.Lock()  # a stream takes the bytes of one task at a time

    async def receive(self, settled) -> "str | bytes | None":
        """Return the next message, None when the connection is closed; answers pings meanwhile.

        :param settled: coroutine function that returns when the close frame may be sent, after which nothing more can.
        """
        connection = self._connection
        while connection.close_code is None:
            try:
                event = connection.next_event()
                if event is not None and event[0] == CLOSE:
                    await settled()
                await self._reply()
                if event is None:
                    connection.feed(await self._read())
                elif event[0] in (TEXT, BINARY):
                    return event[1]
            except OSError:
                connection.feed(b"")  # the peer is gone
            except MemoryError:
                connection.fail(FrameError(TOO_BIG, "out of memory"))
                gc.collect()
                await self._reply()
        self.close_code, self.close_reason = connection.close_code, connection.close_reason
        if connection.error is not None:
            log_error("WebSocket of %s closed: %d %s" % (self._client, connection.close_code, connection.close_reason))
            await self._linger()
        return None

    async def send(self, data: "str | bytes", opcode: int) -> None:
        """Send a message of type TEXT or BINARY, or a PING or PONG.

        :raises OSError: if the peer is gone.
        """
        if opcode in (PING, PONG):
            payload = data.encode() if isinstance(data, str) else data
            await self._write(self._connection.control(opcode, payload))
        else:
            await self._write(self._connection.message(data, opcode))

    async def close(self, code: int, reason: str) -> None:
        """Send the close frame; `receive()` returns None when the peer has answered it.

        :raises OSError: if the peer is gone.
        """
        frame = self._connection.close(code, reason)
        if frame:
            await self._write(frame)

    async def _reply(self):
        if self._connection.reply:
            await self._write(self._connection.reply)

    async def _write(self, data):
        async with self._lock:
            try:
                await self._transport.send(data)
            except OSError:
                self._connection.feed(b"")  # the peer is gone
                self.close_code = self._connection.close_code
                raise

    async def _read(self):
        """Return the next bytes, b'' when the peer is gone or has given no sign of life."""
        if not self._ping_interval:
            return await self._transport.read()
        while True:
            try:
                data = await asyncio.wait_for(self._transport.read(), self._ping_interval)
            except asyncio.TimeoutError:
                if self._pinged:
                    return b""
                self._pinged = True
                await self._write(self._connection.control(PING))
            else:
                self._pinged = False
                return data

    async def _linger(self):
        left = _LINGER_BYTES
        try:
            while left > 0:
                data = await asyncio.wait_for(self._transport.read(), _LINGER_SECONDS)
                if not data:
                    return
                left -= len(data)
        except (OSError, asyncio.TimeoutError):
            pass
