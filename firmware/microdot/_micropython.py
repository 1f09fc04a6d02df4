"""What `_compat` exports on MicroPython."""

import asyncio
import sys
from asyncio import StreamReader, core

MICROPYTHON = True
DEFAULT_MAX_CONNECTIONS = 8
READ_SIZE = 1024
MIN_FILE_CHUNK = 0
REUSE_BUFFERS = True
#: Errors of a socket that mean no more than that the client is gone: EPIPE, ECONNRESET, ECONNABORTED, ENOTCONN.
MUTED_SOCKET_ERRORS = [32, 54, 104, 103, 128, 107]


def wraps(wrapped):
    """Return a decorator that changes nothing: functions have no attributes to copy."""

    def decorator(wrapper):
        return wrapper

    return decorator


_Generator = type((lambda: (yield))())


def iscoroutine(value) -> bool:
    """Return whether *value* can be awaited; MicroPython's coroutines are generators."""
    return isinstance(value, _Generator)


def drive(generator, suspended=False):
    """Run *generator* up to its next value; return (value, False) or, at its end, (what it returned, True).

    A generator of this MicroPython that awaits yields None to the event loop, and its values, if it is an asynchronous
    one, between those: `await` would take them all for the event loop's. So this passes None on and returns the rest.

    :param suspended: the generator has just yielded None.
    """
    error = None
    while True:
        if suspended:
            try:
                yield
            except BaseException as caught:  # cancellation: the generator's to handle
                error = caught
        try:
            value = generator.send(None) if error is None else generator.throw(error)
        except StopIteration as stop:
            return stop.value, True
        if value is not None:
            return value, False
        error = None
        suspended = True


async def invoke_handler(handler, *args, **kwargs):
    """Call *handler*, a function or coroutine function, and return its result.

    Where the result is a generator it cannot be known for a coroutine before it runs. If its first value is not one for
    the event loop, it is a response body.
    """
    result = handler(*args, **kwargs)
    if not isinstance(result, _Generator):
        return result
    try:
        value = result.send(None)
    except StopIteration as stop:
        return stop.value
    if value is None:
        value, ended = await drive(result, True)
        if ended:
            return value
    return _prepend(value, result)


def _prepend(first, generator):
    yield first
    yield from generator


class SyncItems:
    """The items of a synchronous iterator, or of a generator that may await, as an asynchronous iterator."""

    def __init__(self, iterator):
        self._iterator = iterator

    async def __anext__(self):
        iterator = self._iterator
        if isinstance(iterator, _Generator):
            item, ended = await drive(iterator)
            if ended:
                raise StopAsyncIteration
            return item
        try:
            return next(iterator)
        except StopIteration:
            raise StopAsyncIteration from None

    async def aclose(self):
        """Close the iterator."""
        if hasattr(self._iterator, "close"):
            self._iterator.close()


def print_exception(error) -> None:
    """Print an exception's traceback on the console."""
    sys.print_exception(error)


def log_error(message: str, error=None) -> None:
    """Write a line on the console, and an exception's traceback."""
    print(message)
    if error:
        sys.print_exception(error)


def log_access(message: str) -> None:
    """Write a line on the console."""
    print(message)


def enable_access_log() -> None:
    """Do nothing: the console shows every line."""


# The network


class Listener:
    """A listening socket."""

    def __init__(self, host, port):
        import socket  # a board without a network has no such module

        info = socket.getaddrinfo(host, port)[0]
        self.socket = socket.socket(info[0])
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(info[-1])
        self.socket.listen(5)
        self.socket.setblocking(False)

    def accept(self):
        """Wait for a connection and return its socket and the client's (host, port); to be awaited."""
        yield core._io_queue.queue_read(self.socket)
        client, address = self.socket.accept()
        if not isinstance(address, tuple):  # the unix port's addresses are the system's structures
            import socket

            family, address, port = socket.sockaddr(address)[:3]
            address = (socket.inet_ntop(family, address), port)
        return client, address

    def close(self):
        """Stop listening."""
        self.socket.close()


async def open_streams(sock, ssl):
    """Return reader and writer of a connected socket; a TLS handshake takes place with the first bytes read."""
    try:
        sock.setsockopt(6, 1, 1)  # TCP_NODELAY: a response of several writes must not wait for the client's ACK
    except OSError:
        pass  # a port that does not know the option
    if ssl:
        sock = ssl.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
    sock.setblocking(False)
    stream = StreamReader(sock)
    return stream, stream


_buffer = None


async def receive(reader, n: int) -> bytes:
    """Return up to *n* bytes, `b''` at the end of the connection.

    All connections share one buffer, so that the heap is not broken up: `read(n)` takes n bytes for one that comes.
    Nothing else runs between the arrival of the bytes in the buffer and their copy.
    """
    global _buffer
    if not hasattr(reader, "readinto"):
        return await reader.read(n)
    if _buffer is None:
        _buffer = memoryview(bytearray(READ_SIZE))
    count = None
    while count is None:  # TLS: a part of a record
        count = await reader.readinto(_buffer[:n] if n < READ_SIZE else _buffer)
    return bytes(_buffer[:count])


def end_stream(writer) -> None:
    """Do nothing: sockets cannot be half closed."""


def has_unsent(writer) -> bool:
    """Return whether the writer holds bytes that the network has not taken."""
    return bool(getattr(writer, "out_buf", None))


async def close_stream(writer) -> None:
    """Close a stream."""
    writer.close()
    await writer.wait_closed()


def abort_stream(writer) -> None:
    """Close a stream at once."""
    writer.s.close()


def call_in_loop(loop, function) -> None:
    """Call *function*: there is one thread."""
    function()


def run_until_stopped(coroutine, stop) -> None:
    """Run *coroutine* to its end or to a KeyboardInterrupt."""
    try:
        asyncio.run(coroutine)
    finally:
        stop()
        asyncio.new_event_loop()
