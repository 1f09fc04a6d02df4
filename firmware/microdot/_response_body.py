"""Response bodies other than bytes, piece by piece."""

from ._compat import MICROPYTHON, MIN_FILE_CHUNK, Generator, drive, iscoroutine

REUSE_BUFFERS = True
_BYTES = (bytes, bytearray, memoryview)


def iterate(body, file_buffer_size: int):
    """Return a response's body as an asynchronous iterator of bytes-like objects, with `aclose()`.

    :param file_buffer_size: size in bytes of the pieces of a file; larger where there is memory for it.
    """
    if isinstance(body, bytes):
        return _Items(SyncItems(iter((body,))))
    if hasattr(body, "read"):
        return FileChunks(body, max(file_buffer_size, MIN_FILE_CHUNK))
    if hasattr(body, "__anext__"):
        return _Items(body)
    if hasattr(body, "__aiter__"):
        return _Items(body.__aiter__())
    return _Items(SyncItems(body))


def to_bytes(data) -> "bytes | bytearray | memoryview":
    """Return a piece of a body as bytes.

    :raises TypeError: for what is neither text nor bytes; `bytes(5)` would be five NUL characters.
    """
    if isinstance(data, str):
        return data.encode()
    if not isinstance(data, _BYTES):
        raise TypeError("a piece of a response must be str or bytes, not " + type(data).__name__)
    return data


class _Items:
    """The items of an asynchronous iterator as bytes; empty ones are left out."""

    def __init__(self, items):
        self.items = items

    def __aiter__(self):
        return self

    async def __anext__(self):
        while True:
            item = await self.items.__anext__()
            if item:
                return to_bytes(item)

    async def aclose(self):
        """Close the iterator, so that its `finally` blocks run."""
        if hasattr(self.items, "aclose"):
            await self.items.aclose()


class FileChunks:
    """What a file-like object holds, in pieces of *size* bytes; `aclose()` closes it."""

    def __init__(self, file, size):
        self.file = file
        self.size = size
        self.buffer = memoryview(bytearray(size)) if REUSE_BUFFERS and hasattr(file, "readinto") else None

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self.buffer:
            data = self.buffer[: self.file.readinto(self.buffer)]
        else:
            data = self.file.read(self.size)
            if iscoroutine(data):
                data = await data
        if not data:
            raise StopAsyncIteration
        return to_bytes(data)

    async def aclose(self):
        """Close the file."""
        if hasattr(self.file, "close"):
            closing = self.file.close()
            if iscoroutine(closing):
                await closing


class SyncItems:
    """The items of a synchronous iterator, or of a generator that may await, as an asynchronous iterator."""

    def __init__(self, iterator):
        self._iterator = iterator

    async def __anext__(self):
        iterator = self._iterator
        try:
            if isinstance(iterator, Generator):
                item, ended = await drive(iterator)
            else:
                item = next(iterator)
                ended = False
        except StopIteration:
            item, ended = None, True
        except StopAsyncIteration as error:  # it would look like the end
            raise RuntimeError("an iterator raised " + repr(error)) from None
        if ended:
            if item is not None:  # it is not a body but a coroutine
                raise TypeError("a generator in a response returned a value: is an await missing?")
            raise StopAsyncIteration
        return item

    async def aclose(self):
        """Close the iterator."""
        if hasattr(self._iterator, "close"):
            self._iterator.close()


if not MICROPYTHON:
    from ._cpython import REUSE_BUFFERS, SyncItems
