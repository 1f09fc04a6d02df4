"""What `_compat` exports on CPython."""

import asyncio
import collections
import contextlib
import contextvars
import errno
import functools
import inspect
import logging
import os
import signal
import socket
import traceback
from functools import wraps as wraps
from inspect import iscoroutine as iscoroutine

MICROPYTHON = False
DEFAULT_MAX_CONNECTIONS = 1000
READ_SIZE = 65536
MIN_FILE_CHUNK = 65536
REUSE_BUFFERS = False  # a transport may keep a reference to what it was given

#: Errors of a socket that mean no more than that the client is gone.
MUTED_SOCKET_ERRORS = [errno.EPIPE, errno.ECONNRESET, errno.ECONNABORTED, errno.ENOTCONN]

_error_log = logging.getLogger("microdot.error")
_access_log = logging.getLogger("microdot.access")


async def run_in_executor(function, *args, **kwargs):
    """Call *function* in a thread; context variables go with it and come back as it left them."""
    context = contextvars.copy_context()
    call = functools.partial(context.run, function, *args, **kwargs)
    try:
        return await asyncio.get_running_loop().run_in_executor(None, call)
    finally:
        for variable in context:
            if variable.get(context) is not context[variable]:
                variable.set(context[variable])


async def invoke_handler(handler, *args, **kwargs):
    """Call *handler* and return its result: a coroutine function's in this task, a function's from a thread."""
    code = getattr(handler, "__code__", None)  # the usual case, and quicker than asking inspect
    if code and code.co_flags & inspect.CO_COROUTINE or inspect.iscoroutinefunction(handler):
        return await handler(*args, **kwargs)
    result = await run_in_executor(handler, *args, **kwargs)
    return await result if iscoroutine(result) else result


class SyncItems:
    """The items of a synchronous iterator as an asynchronous one.

    A thread takes them, so that an iterator that blocks does not block the event loop: many in one go, each of them
    handed over as soon as it is there. It stays at most `_AHEAD` items ahead.
    """

    _AHEAD = 64

    def __init__(self, iterator):
        self._iterator = iterator
        self._ready: "collections.deque" = collections.deque()
        self._arrived = asyncio.Event()
        self._taking: "asyncio.Future | None" = None
        self._ended = False

    async def __anext__(self):
        while not self._ready:
            if self._taking and self._taking.done():
                taking, self._taking = self._taking, None
                taking.result()  # raises what the iterator raised
            elif self._ended:
                raise StopAsyncIteration
            else:
                if not self._taking:
                    self._taking = asyncio.ensure_future(run_in_executor(self._take, asyncio.get_running_loop()))
                    self._taking.add_done_callback(lambda _: self._arrived.set())
                await self._arrived.wait()
                self._arrived.clear()
        return self._ready.popleft()

    def _take(self, loop):
        for _ in range(self._AHEAD):
            try:
                if self._ended:
                    return
                self._ready.append(next(self._iterator))
            except StopIteration:
                self._ended = True
                return
            if not self._arrived.is_set():
                loop.call_soon_threadsafe(self._arrived.set)

    async def aclose(self):
        """Close the iterator, once the thread has left it."""
        self._ended = True
        if self._taking:
            await asyncio.wait([self._taking])
        if hasattr(self._iterator, "close"):
            self._iterator.close()


def print_exception(error) -> None:
    """Print an exception's traceback on the console."""
    traceback.print_exception(type(error), error, error.__traceback__)


def log_error(message: str, error=None) -> None:
    """Write to the log `microdot.error`, with an exception's traceback; the console shows it unless configured."""
    _error_log.error(message, exc_info=error)


def log_access(message: str) -> None:
    """Write to the log `microdot.access`."""
    _access_log.info(message)


def enable_access_log() -> None:
    """Show the access log on the console if the application has not configured logging."""
    if not logging.getLogger().handlers:
        logging.basicConfig(format="%(message)s")
    if _access_log.level == logging.NOTSET:
        _access_log.setLevel(logging.INFO)


# The network


class Listener:
    """A listening socket."""

    def __init__(self, host, port):
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        self.socket = socket.socket(family, kind, protocol)
        try:
            if os.name == "posix":
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.socket.bind(address)
            self.socket.listen(1024)
            self.socket.setblocking(False)
        except OSError:
            self.socket.close()
            raise

    async def accept(self):
        """Wait for a connection and return its socket and the client's (host, port)."""
        client, address = await asyncio.get_running_loop().sock_accept(self.socket)
        return client, address[:2]

    def close(self):
        """Stop listening."""
        self.socket.close()


async def open_streams(sock, ssl):
    """Return reader and writer of a connected socket, after the TLS handshake if *ssl* is a context."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(loop=loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    transport, _ = await loop.connect_accepted_socket(lambda: protocol, sock, ssl=ssl)
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


async def receive(reader, n: int) -> bytes:
    """Return up to *n* bytes, `b''` at the end of the connection."""
    return await reader.read(n)


def end_stream(writer) -> None:
    """Tell the client that nothing more comes, while reading goes on; TLS cannot."""
    if writer.can_write_eof():
        writer.write_eof()


def has_unsent(writer) -> bool:
    """Return whether the writer holds bytes that the network has not taken, or takes none any more."""
    transport = writer.transport
    return transport.is_closing() or transport.get_write_buffer_size() > 0


async def close_stream(writer) -> None:
    """Send what is left and close a stream."""
    writer.close()
    await writer.wait_closed()


def abort_stream(writer) -> None:
    """Close a stream at once."""
    writer.transport.abort()


def call_in_loop(loop, function) -> None:
    """Call *function* soon in the event loop's thread."""
    loop.call_soon_threadsafe(function)


def run_until_stopped(coroutine, stop) -> None:
    """Run *coroutine* to its end; the first SIGINT or SIGTERM calls *stop*, a second one has its usual effect."""
    asyncio.run(_run_until_stopped(coroutine, stop))


async def _run_until_stopped(coroutine, stop):
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)

    def on_signal():
        for number in signals:
            loop.remove_signal_handler(number)
        stop()

    # Only the main thread of a POSIX system may handle signals.
    with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
        for number in signals:
            loop.add_signal_handler(number, on_signal)
    await coroutine
