"""Which ends of TLS connections are written to the log: those of handshakes, which the operator has to know of."""

import asyncio

import microdot.server.connection
from memory_stream import MemoryStream
from microdot import Microdot
from microdot.server import Server

REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


class Logged:
    """Context manager: keeps the lines that connections log, and what it puts in the place of `open_streams`."""

    def __init__(self, open_streams=None):
        self.lines = []
        self.replaced = {"log_error": lambda message, *rest: self.lines.append(message)}
        if open_streams:
            self.replaced["open_streams"] = open_streams

    def __enter__(self):
        self._exchange()
        return self.lines

    def __exit__(self, *exc_info):
        self._exchange()

    def _exchange(self):
        module = microdot.server.connection
        for name in list(self.replaced):
            before = getattr(module, name)
            setattr(module, name, self.replaced[name])
            self.replaced[name] = before


async def lines_of(ssl, *pieces):
    """Return what is logged when a connection ends with an error after some pieces."""
    app = Microdot()
    app.get("/")(lambda request: "hello")
    stream = MemoryStream(*pieces, OSError(104, "reset"))
    with Logged() as lines:
        await Server(app, ssl).serve_connection(stream, stream)
    assert stream.sent.count(b"hello") == len(pieces) and stream.closed
    return lines


async def test_an_error_before_the_first_request():
    (line,) = await lines_of(object())
    assert line.startswith("TLS handshake with ('192.0.2.1', 1234) failed: ")


async def test_no_error_of_a_client_that_was_served():
    assert await lines_of(object(), REQUEST) == []


async def test_no_error_of_a_client_without_tls():
    assert await lines_of(None) == []


class Stuck(MemoryStream):
    """A client that takes nothing; `drained` is set when the server waits for it."""

    out_buf = b"unsent"

    def __init__(self, *pieces):
        super().__init__(*pieces, end=False)
        self.drained = asyncio.Event()

    def get_write_buffer_size(self):
        return len(self.out_buf)

    async def drain(self):
        self.drained.set()
        await asyncio.Event().wait()


async def test_no_error_of_a_client_whose_request_took_too_long_either():
    stream = Stuck(REQUEST[:9])
    server = Server(Microdot())
    with Logged() as lines:
        task = asyncio.create_task(server.serve_connection(stream, stream))
        while stream.pieces or server.connections[0].idle:
            await asyncio.sleep(0)
        server.connections[0].expire()
        await stream.drained.wait()  # for the status 408 to be taken
        server.connections[0].cancel()
        await task
    assert b" 408 " in stream.sent and lines == []


class Socket:
    closed = 0

    def close(self):
        self.closed += 1


async def lines_of_waiting(end):
    """Return what is logged when *end*, a function of the connection, ends a handshake that does not go on."""

    async def open_streams(sock, ssl):
        waiting.set()
        await asyncio.Event().wait()

    waiting = asyncio.Event()
    server = Server(Microdot(), object())
    connection = microdot.server.connection.Connection(server, ("192.0.2.1", 1234))
    sock = Socket()
    with Logged(open_streams) as lines:
        task = asyncio.create_task(connection.serve(sock))
        await waiting.wait()
        end(connection)
        await task
    assert sock.closed == 1
    return lines


async def test_a_handshake_that_takes_too_long():
    (line,) = await lines_of_waiting(lambda connection: connection.expire())
    assert line.startswith("TLS handshake with ('192.0.2.1', 1234) failed: ")


async def test_a_handshake_that_makes_room_and_one_that_the_shutdown_ends():
    assert await lines_of_waiting(lambda connection: connection.evict()) == []
    assert await lines_of_waiting(lambda connection: connection.cancel()) == []
