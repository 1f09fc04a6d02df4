"""Sockets and streams of the asyncio server for MicroPython; on CPython those of `network_cpython` replace them."""

import asyncio
import gc
import select
import sys

from .._compat import MICROPYTHON, MIN_FILE_CHUNK

#: Maximum of bytes that a connection reads at once.
READ_SIZE = MIN_FILE_CHUNK or 1024
#: With this many connections of a server the network stack may have none left; 0 if it reports that. lwIP on the rp2
#: port has five, of which the application may use one to another machine (MQTT), and silently drops further clients.
CROWDED_AT = 4 if sys.platform == "rp2" else 0
_ACCEPT_MEMORY = 256
_buffer = None  # all connections receive into it
#: Whether a TLS handshake takes place with the first bytes read, instead of in `open_streams()`.
HANDSHAKE_WITH_HEAD = True


def _host_and_port(address):
    if isinstance(address, tuple):
        return address
    import socket  # the unix port's addresses are the system's structures

    family, address, port = socket.sockaddr(address)[:3]
    return socket.inet_ntop(family, address), port


class ListenError(OSError):
    """The server cannot listen on its address; the message names the address and the reason."""


def sleep_ms(milliseconds: int):
    """Wait, when awaited; allocates nothing, so that a lack of memory cannot stop the server's clock."""
    return asyncio.sleep_ms(milliseconds)


def forget_wait(stream) -> None:
    """Undo a wait for a stream that ran out of memory when only a half of it was registered in the event loop."""
    global _buffer
    stream = getattr(stream, "s", stream)
    queue = asyncio.core._io_queue
    entry = queue.map.get(id(stream))
    if entry:
        if (entry[0] or entry[1]) is not asyncio.core.cur_task:
            return  # a complete wait of another task
        del queue.map[id(stream)]
    _buffer = None  # its memory is the reserve: the rest of the work needs less
    gc.collect()
    while True:
        try:
            queue.poller.register(stream, select.POLLIN)  # with a half of it poll() would crash
            break
        except MemoryError:
            pass
    queue.poller.unregister(stream)


def _queue_read(stream):
    try:
        return asyncio.core._io_queue.queue_read(stream)
    except MemoryError:
        forget_wait(stream)
        raise


class Listener:
    """Listens on one address: on the first one if the name has several.

    :raises OSError: if that is not possible.
    """

    def __init__(self, host, port):
        import socket  # a board without a network has no such module

        info = socket.getaddrinfo(host, port)[0]
        sock = socket.socket(info[0])
        self.port = port  # for 0 the system does not tell which one it has chosen
        self.sockets = [sock]
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(info[-1])
            sock.listen(12)  # lwIP resets further clients while so many wait, and a browser opens six at once
            sock.setblocking(False)
        except OSError:
            sock.close()
            raise

    def accept(self):
        """Wait for a connection and return its socket and the client's (host, port); to be awaited."""
        sock = self.sockets[0]
        yield _queue_read(sock)
        # If accept() ran out of memory, the accepted socket would be lost: it can collect this block instead.
        bytearray(_ACCEPT_MEMORY)
        client, address = sock.accept()
        try:
            return client, _host_and_port(address)
        except BaseException:  # no memory, or Ctrl-C
            client.close()
            raise

    def close(self):
        """Stop listening."""
        self.sockets[0].close()


async def open_streams(sock, ssl):
    """Return reader and writer of a connected socket; a TLS handshake takes place with the first bytes read."""
    try:
        sock.setsockopt(6, 1, 1)  # TCP_NODELAY: a response of several writes must not wait for the client's ACK
    except OSError:
        pass  # a port that does not know the option
    if ssl:
        sock = ssl.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
    sock.setblocking(False)
    stream = asyncio.StreamReader(sock)
    return stream, stream


def receive(reader, n: int):
    """Return up to *n* bytes, `b''` at the end of the connection; to be awaited.

    All connections share one buffer, to avoid fragmenting the heap: `read(n)` allocates n bytes even if one comes.
    """
    global _buffer
    if not (hasattr(reader, "s") and hasattr(reader, "readinto")):  # not a stream of asyncio
        return (yield from reader.read(n))
    if _buffer is None:
        _buffer = memoryview(bytearray(READ_SIZE))
    count = None
    while count is None:  # with TLS, when only a part of a record has come
        yield _queue_read(reader.s)
        count = reader.s.readinto(_buffer[:n] if n < READ_SIZE else _buffer)
    return bytes(_buffer[:count])


def receive_now(reader) -> "bytes | None":
    """Return bytes that have come already, `b''` at the end of the connection, None if there are none."""
    global _buffer
    if not (hasattr(reader, "s") and hasattr(reader, "readinto")):
        return None
    if _buffer is None:
        _buffer = memoryview(bytearray(READ_SIZE))
    count = reader.s.readinto(_buffer)
    return None if count is None else bytes(_buffer[:count])


def end_stream(writer) -> bool:
    """Return False: on MicroPython a socket cannot be half closed to tell the client that nothing more comes."""
    return False


def has_unsent(writer) -> bool:
    """Return whether the writer holds bytes that the network has not taken."""
    return bool(getattr(writer, "out_buf", None))


async def close_stream(writer) -> None:
    """Close a stream."""
    writer.close()
    await writer.wait_closed()


def abort_stream(writer) -> None:
    """Close a stream at once; allocates nothing."""
    getattr(writer, "s", writer).close()


def call_in_loop(loop, function) -> None:
    """Call *function* at once: there is only one thread."""
    function()


def announce(line) -> None:
    """Show a line on the console."""
    print(line)


async def _run_until_interrupt(coroutine):
    try:
        await coroutine
    except KeyboardInterrupt:  # raised in one of its connections: the server has stopped in order
        pass


def run_until_stopped(coroutine, stop) -> None:
    """Run *coroutine* to its end; the first KeyboardInterrupt calls *stop*, a second one has its usual effect."""
    loop = asyncio.get_event_loop()
    task = loop.create_task(_run_until_interrupt(coroutine))
    try:
        _run_to_end(loop, task)
    except KeyboardInterrupt:
        interrupted = asyncio.core.cur_task
        asyncio.core.cur_task = None  # no task runs any more
        _requeue(interrupted)
        stop()
        _run_to_end(loop, task)
    finally:
        asyncio.new_event_loop()


def _requeue(task):
    """Put a task that was interrupted back into the event loop's queue; otherwise what waits for it would never end.

    The loop takes a task out of its queue to run it. If the task is interrupted before it waits again, no queue has it.
    """
    if not task or task.done() or task.data:  # its data is what it waits for, which has the task in a queue
        return
    queue = asyncio.core._task_queue
    queued = []
    while queue.peek():
        queued.append(queue.pop())
    if task not in queued:
        queued.append(task)
    for task in queued:
        data = task.data
        queue.push(task, task.ph_key)
        task.data = data  # push() forgets an exception to raise


def _run_to_end(loop, task):
    """Run the event loop until a task is done, however often the loop itself runs out of memory."""
    while True:
        try:
            return loop.run_until_complete(task)
        except MemoryError:
            if asyncio.core.cur_task is None:  # it was raised by the task
                raise
            asyncio.core.cur_task = None


if not MICROPYTHON:
    from .network_cpython import *
