"""CPython's part of `_network`."""

import asyncio
import contextlib
import os
import signal
import socket

READ_SIZE = 65536


def collect_early() -> None:
    """Do nothing: CPython frees what nothing refers to."""


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


class HostProcess:
    """What an application under an ASGI or WSGI server has for a server: the process that it runs in."""

    def close(self):
        """Ask the process to end in good order."""
        os.kill(os.getpid(), signal.SIGTERM)


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
