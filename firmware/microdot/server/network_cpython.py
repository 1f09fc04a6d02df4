"""Sockets and streams of the asyncio server for CPython: they replace those of `network`."""

import asyncio
import contextlib
import errno
import functools
import os
import signal
import socket

READ_SIZE = 65536
CROWDED_AT = 0
HANDSHAKE_WITH_HEAD = False


# The errors of a system without IPv6 for an IPv6 address, which a name such as localhost may have there too.
_NO_SUCH_ADDRESS = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
# The number of ports that are tried if any will do: the port must be free on all addresses of the host.
_PORTS_TO_TRY = 10
# What to do about an error.
_ADVICE = {
    errno.EADDRINUSE: "choose another port, or end the program that uses this one",
    errno.EADDRNOTAVAIL: "choose an address of this machine, such as 127.0.0.1, or 0.0.0.0 for all of them",
    errno.EACCES: "choose a port above 1023, or run the program with the right to use lower ones",
}


def sleep_ms(milliseconds: int):
    """Wait, when awaited."""
    return asyncio.sleep(milliseconds / 1000)


def forget_wait(stream) -> None:
    """Do nothing: the event loops of CPython leave no wait half registered."""


class Listener:
    """Listens on all addresses of a host, on one port.

    :raises OSError: if that is not possible.
    """

    def __init__(self, host, port):
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        except socket.gaierror as error:
            raise OSError(error.errno, f"{error.strerror}; {_ADVICE[errno.EADDRNOTAVAIL]}") from None
        except UnicodeError:  # a label of more than 63 letters, or none between two dots
            reason = f"this cannot be the name of a host; {_ADVICE[errno.EADDRNOTAVAIL]}"
            raise OSError(errno.EINVAL, reason) from None
        addresses = list(dict.fromkeys((family, address) for family, *_, address in found))
        self._waiting = {}  # a task for each socket that waits for a connection
        for attempt in range(_PORTS_TO_TRY):
            self.port, self.sockets = port, []
            try:
                self._bind(addresses)
                return
            except OSError as error:
                self.close()
                if error.errno in _ADVICE and (port or error.errno != errno.EADDRINUSE):
                    raise OSError(error.errno, f"{error.strerror}; {_ADVICE[error.errno]}") from None
                if error.errno != errno.EADDRINUSE or attempt == _PORTS_TO_TRY - 1:
                    raise

    def _bind(self, addresses):
        missing = None
        for family, address in addresses:
            try:
                sock = _bind(family, (address[0], self.port) + address[2:], len(addresses) > 1)
            except OSError as error:
                if error.errno not in _NO_SUCH_ADDRESS:
                    raise
                missing = error
                continue
            self.sockets.append(sock)
            self.port = sock.getsockname()[1]
        if not self.sockets:
            raise missing

    async def accept(self):
        """Wait for a connection and return its socket and the client's (host, port)."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(0)  # the task of the last connection begins: only then can that one make room
        if len(self.sockets) == 1:
            client, address = await loop.sock_accept(self.sockets[0])
            return client, address[:2]
        for sock in self.sockets:
            if sock not in self._waiting:
                self._waiting[sock] = loop.create_task(loop.sock_accept(sock))
        await asyncio.wait(self._waiting.values(), return_when=asyncio.FIRST_COMPLETED)
        # The socket whose turn it was goes to the end, so that none has to wait for a busier one.
        sock = next(sock for sock, task in self._waiting.items() if task.done())
        client, address = self._waiting.pop(sock).result()
        return client, address[:2]

    def close(self):
        """Stop listening."""
        for task in self._waiting.values():
            task.add_done_callback(_discard)
            task.cancel()
        for sock in self.sockets:
            sock.close()


def _bind(family, address, only):
    """Return a socket that listens on an address.

    :param only: whether an IPv6 socket leaves IPv4 to another one.
    """
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if only and family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(address)
        sock.listen(1024)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock


def _discard(accepting):
    """Close a connection that was accepted too late."""
    if not accepting.cancelled() and not accepting.exception():
        accepting.result()[0].close()


async def open_streams(sock, ssl):
    """Return reader and writer of a connected socket, after the TLS handshake if *ssl* is a context."""
    # A response of several writes must not wait for the client's ACK. asyncio does this for some sockets only.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(loop=loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    transport, _ = await loop.connect_accepted_socket(lambda: protocol, sock, ssl=ssl)
    try:
        return reader, asyncio.StreamWriter(transport, protocol, reader, loop)
    except BaseException:
        transport.abort()  # else the event loop would go on watching the number of a socket that is closed
        raise


async def receive(reader, n: int) -> bytes:
    """Return up to *n* bytes, `b''` at the end of the connection."""
    return await reader.read(n)


def receive_now(reader) -> "bytes | None":
    """Return bytes that have come already, `b''` at the end of the connection, None if there are none."""
    reading = reader.read(READ_SIZE)
    try:
        reading.send(None)
    except StopIteration as stop:
        return stop.value
    reading.close()  # it would have to wait
    return None


def end_stream(writer) -> bool:
    """Tell the client that nothing more comes, and keep reading; return False with TLS, where that is impossible."""
    if not writer.can_write_eof():
        return False
    writer.write_eof()
    return True


def has_unsent(writer) -> bool:
    """Return whether the writer holds bytes that the network has not taken, or is being closed."""
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


def announce(line) -> None:
    """Show a line on the console, at once."""
    print(line, flush=True)


def run_until_stopped(coroutine, stop) -> None:
    """Run *coroutine* to its end; the first signal that ends programs calls *stop*, a second one has its usual effect.

    These are SIGINT, SIGTERM and SIGHUP, on Windows SIGINT and SIGBREAK.
    """
    asyncio.run(_run_until_stopped(coroutine, stop))


def _ending_signals():
    """Return the signals that end programs, except those that this process ignores, as under nohup."""
    found = [getattr(signal, name, None) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")]
    return [number for number in found if number and signal.getsignal(number) != signal.SIG_IGN]


async def _run_until_stopped(coroutine, stop):
    loop = asyncio.get_running_loop()
    undo = []

    def on_signal(*_):
        while undo:
            undo.pop()()
        stop()

    # Only the main thread may handle signals.
    with contextlib.suppress(RuntimeError, ValueError):
        for number in _ending_signals():
            try:
                loop.add_signal_handler(number, on_signal)
                undo.append(functools.partial(loop.remove_signal_handler, number))
            except NotImplementedError:  # on Windows, where a signal wakes the event loop anyway
                undo.append(functools.partial(signal.signal, number, signal.signal(number, on_signal)))
    with contextlib.suppress(KeyboardInterrupt):  # raised by the application: the server has stopped in order
        await coroutine
