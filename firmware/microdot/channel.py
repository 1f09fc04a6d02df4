"""A WebSocket connection over a transport that carries bytes: the frames' I/O at the server's end."""

import asyncio
import gc

from ._compat import log_error
from .frames import CLOSE, TOO_BIG, Connection, FrameError

# After an error, what the peer still sends is read for so long, so that it reads the close frame and not a reset.
_LINGER_BYTES = 65536
_LINGER_SECONDS = 0.2


class FrameChannel:
    """Messages over a transport with `async read() -> bytes` (empty at the end) and `async send(data)`.

    :param client: who the peer is, for the log.
    :param received: what the peer has sent after its handshake already.
    :param max_message_length: in bytes, 0 for no limit.
    :param extension: the negotiated permessage-deflate object, or None.
    """

    #: The code with which the connection was closed: the peer's, 1005 if it gave none, 1006 if it was lost.
    close_code: "int | None" = None
    #: The text that came with `close_code`.
    close_reason = ""
    #: For the one who watches the peer: set to 0 whenever something comes from it.
    silence = 0
    _sending = False  # a stream takes the bytes of one task at a time
    _sent = None  # the Event of those who wait for another task's sending

    def __init__(self, transport, client, received: bytes = b"", max_message_length: int = 0, extension=None):
        self._transport = transport
        self._client = client
        self._connection = Connection(False, max_message_length, extension)
        if received:
            self._connection.feed(received)

    async def receive(self, settled) -> "str | bytes | None":
        """Return the next message, None when the connection is closed; answers pings meanwhile.

        :param settled: coroutine function that returns when the close frame may be sent, after which nothing more can.
        """
        connection = self._connection
        while connection.close_code is None:
            try:
                event = connection.next_event()
                if event is None:
                    connection.feed(await self._transport.read())
                    if self.silence:
                        self.silence = 0
                    continue
                if event[0] < CLOSE:
                    return event[1]
                if event[0] == CLOSE:
                    await settled()
                if connection.reply:
                    await self._write(connection.reply)
            except OSError:
                connection.feed(b"")  # the peer is gone
            except MemoryError:
                connection.fail(FrameError(TOO_BIG, "out of memory"))
                gc.collect()
                await self._write(connection.reply)
        self.close_code, self.close_reason = connection.close_code, connection.close_reason
        if connection.error is not None:
            log_error("WebSocket of %s closed: %d %s" % (self._client, connection.close_code, connection.close_reason))
            await self._linger()
        return None

    def send(self, data: "str | bytes", opcode: int):
        """Send a message of type TEXT or BINARY, or a PING or PONG; to be awaited.

        :raises OSError: if the peer is gone.
        """
        if opcode < CLOSE:
            return self._write(self._connection.message(data, opcode))
        return self._write(self._connection.control(opcode, data.encode() if isinstance(data, str) else data))

    async def close(self, code: int, reason: str) -> None:
        """Send the close frame; `receive()` returns None when the peer has answered it.

        :raises OSError: if the peer is gone.
        """
        frame = self._connection.close(code, reason)
        if frame:
            await self._write(frame)

    def lose(self) -> None:
        """Give the peer up."""
        self._connection.feed(b"")
        self.close_code = self._connection.close_code

    async def _write(self, data):
        while self._sending:
            if self._sent is None:
                self._sent = asyncio.Event()
            self._sent.clear()
            await self._sent.wait()
        self._sending = True
        try:
            await self._transport.send(data)
        except (OSError, asyncio.CancelledError):  # what was sent of the frame, if anything, may not be all of it
            self.lose()
            raise
        finally:
            self._sending = False
            if self._sent:
                self._sent.set()

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
