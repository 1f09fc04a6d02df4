"""Asynchronous byte streams that an application reads: a request's body, and bytes in memory."""

import io

from .errors import HTTPException


class BodyStream:
    """A request's body, read as it arrives.

    :param receive: `async receive(n)` returns 1 to *n* bytes from the client, `b''` at the end of the body.
    :param limit: size in bytes above which a body is refused with status 413, None for no limit.
    """

    def __init__(self, receive, limit: "int | None" = None):
        self._receive = receive
        self.limit = limit
        self._size = 0
        self._unread: list[bytes] = []  # pieces that were given back; the last one is read next

    async def read(self, n: int = -1) -> bytes:
        """Return up to *n* bytes as soon as some are there, `b''` at the end; the whole rest if *n* is negative.

        :raises HTTPException: 400 for a body cut short or malformed, 408 for one that stops, 413 for one too large.
        """
        if n < 0:
            parts = []
            while True:
                data = await self.read(1024)
                if not data:
                    return b"".join(parts)
                parts.append(data)
        if self._unread:
            data = self._unread.pop()
            self.unread(data[n:])
            return data[:n]
        if not n:
            return b""
        data = await self._receive(n)
        self._size += len(data)
        if self.limit is not None and self._size > self.limit:
            raise HTTPException(413, "Payload too large")
        return data

    def unread(self, data: bytes) -> None:
        """Give *data* back: the next read begins with it."""
        if data:
            self._unread.append(data)

    async def readexactly(self, n: int) -> bytes:
        """Return exactly *n* bytes.

        :raises EOFError: if the body ends before.
        """
        parts = []
        while n > 0:
            data = await self.read(n)
            if not data:
                raise EOFError
            parts.append(data)
            n -= len(data)
        return b"".join(parts)

    async def readuntil(self, separator: bytes = b"\n") -> bytes:
        """Return what comes up to and with *separator*.

        :raises EOFError: if the body ends before.
        """
        data = await self._until(separator)
        if not data.endswith(separator):
            raise EOFError
        return data

    async def readline(self) -> bytes:
        """Return the next line with its LF, which only the last line of the body may lack; `b''` at the end."""
        return await self._until(b"\n")

    async def _until(self, separator):
        line = b""
        while True:
            data = await self.read(256)
            start = max(len(line) - len(separator) + 1, 0)
            line += data
            end = line.find(separator, start)
            if end >= 0:
                end += len(separator)
                self.unread(line[end:])
                return line[:end]
            if not data:
                return line


class AsyncBytesIO:
    """Bytes in memory with the methods of a stream."""

    def __init__(self, data: bytes):
        self.stream = io.BytesIO(data)

    async def read(self, n: int = -1) -> bytes:
        """Return up to *n* bytes, all that are left if *n* is negative; `b''` at the end."""
        return self.stream.read(n)

    async def readline(self) -> bytes:
        """Return the next line with its LF; `b''` at the end."""
        return self.stream.readline()

    async def readexactly(self, n: int) -> bytes:
        """Return exactly *n* bytes.

        :raises EOFError: if there are fewer.
        """
        data = self.stream.read(n)
        if len(data) < n:
            raise EOFError
        return data

    async def readuntil(self, separator: bytes = b"\n") -> bytes:
        """Return what comes up to and with *separator*.

        :raises EOFError: if *separator* does not come.
        """
        rest = self.stream.read()
        end = rest.find(separator)
        if end < 0:
            raise EOFError
        end += len(separator)
        self.stream = io.BytesIO(rest[end:])
        return rest[:end]

    async def awrite(self, data: bytes) -> None:
        """Write *data* at the current position."""
        self.stream.write(data)

    async def aclose(self) -> None:
        """Do nothing: there is nothing to close."""
