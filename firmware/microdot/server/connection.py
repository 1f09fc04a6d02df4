"""One client's connection: requests in, responses out, one after the other (RFC 9112, section 9).

A connection has one task, `serve()`. It reads a head, has the application serve the request, and sends the response;
then it reads the next head. Every wait for the client has a deadline. `check()`, which the server's clock calls at each
tick, ends the waits whose deadline has passed.

The states
----------

*Opening*: from `Server._admit()` to the end of `open_streams()`, which on CPython is a TLS handshake. There are no
streams yet. `since` and `read_deadline` are set.

*Waiting* (`since`): for a request's head. The connection is *idle* (`idle`) until the head's first byte comes. Only in
these two states, and while it lingers, may the server end it for another client (`is_dispensable`).

*Serving*: from the end of the head until the response has been sent. `serving` becomes False if the application asks
for the connection's streams, because then nobody else may read from them. While it is True, `check()` notices when the
client leaves and sets `gone`: such a connection is the first to make room for another client. The connection's own
task is in at most one of these waits:

- for a piece of the request's body (`_reading`, `read_deadline`), which uses up the client's `_body_ticks`;
- for the client to take a piece of the response (`_writing`, `write_deadline`);
- for a piece of the response's body (`waiting`), which has no deadline, but ends when the client leaves. The head of
  the response waits for the first piece until `head_deadline`.

*A stream* (`stream`): an event stream or WebSocket, which counts as such until the next head. A WebSocket is *upgraded*
(`upgraded`) as well: the application decides what it reads and when, and the clock calls its `watch`.

*Lingering*: the response to an error has been sent, and what the client still sends is read and thrown away so that
it sees the response. `idle` is 1, less than that of any waiting connection, so this one makes room first.

*Closing*: `_close()` waits, with `write_deadline`, until the client has taken the rest. Then `Server.release()` frees
the place, in a `finally`, whatever was raised before.

What cancels what
-----------------

Only a task that waits is cancelled, and the reason is recorded first. There are three:

- A read takes too long, or the server wants the place: `expire()` and `evict()` set `read_deadline` to `_EXPIRED` or
  `_EVICTED`, and cancel the task that reads. That task takes the cancellation back (`uncancel`). A request that is late
  with its body, or with the rest of its head, is answered with 408; otherwise the connection just ends.
- A write takes too long: `check()` sets `write_deadline` to `_EXPIRED` and cancels the task that writes. `_send()`
  takes this back and raises OSError, as for a client that has gone.
- The connection has to end: `cancel()` sets `cancelled`, and cancels the connection's task. This is never taken back. A
  handler that catches the CancelledError is cancelled again each time when a client has waited in vain for a place.
  The cause is a shutdown, a newer event stream of the same client, `evict()` if the client has gone, or
  `_look_after_client()` if the client leaves while the response's body waits.

A CancelledError without one of these reasons comes from the application, and counts as an error of it: see
`is_fault()`.

Memory
------

`reserved` is the connection's part of `Server.reserved`: the bytes from its client that stay in memory. It grows with
`reserve()`, which can refuse, and with what is read ahead. It shrinks when a request has been served, and
`Server.release()` gives back the rest.
"""

import asyncio
import gc

from .._compat import (
    DEFAULT_MAX_READLINE,
    MAX_LINE,
    TICKS_PER_SECOND,
    const,
    invoke_handler,
    isolate,
    log_error,
    uncancel,
)
from .._request import Request
from .._request_body import BodyStream  # not later, when memory may be short
from .._response import close_body
from ..errors import HTTPException
from .http11 import RequestParser, format_chunk, format_head
from .network import (
    HANDSHAKE_WITH_HEAD,
    READ_SIZE,
    abort_stream,
    close_stream,
    end_stream,
    forget_wait,
    has_unsent,
    open_streams,
    receive,
    receive_now,
)
from .writing import send_response

if -0:  # for type checkers: MicroPython's compiler leaves this out, and Pyright reads it, unlike "if False"
    from typing import Awaitable

    from .._transport import Watcher

#: Fifths of a tick that a new connection may be silent before it has to make room; fewer while many are silent.
PATIENCE = 20
_EXPIRED = const(-1)  # a deadline that has passed
_EVICTED = const(-2)  # set whatever the deadline was: another client gets the place
# Ticks after which a connection may have to make room for another client: if it lingers, if a part of a head has come,
# and during a TLS handshake.
_LINGER_TICKS = const(1)
_HEAD_TICKS = const(4)
_HANDSHAKE_TICKS = const(20)
# After an error, what the client still sends is read up to this many bytes, so that it reads the reply (section 9.6).
_LINGER_BYTES = const(64 * 1024)
_LINGER_SECONDS = const(2)
# Without a half close, as with TLS, the client waits until the server closes: if it is silent it has sent everything.
_LINGER_SILENCE = 0.25
# A larger piece of a response is sent in several, each with a deadline of its own.
_MAX_PIECE = READ_SIZE + 64
# An unread body up to this size is read for the sake of the next request; a larger one ends the connection.
_MAX_DRAIN = const(16 * 1024)


class Connection:
    """A connection of the asyncio server, and what it offers to a request as its `transport`.

    All waiting is done with a deadline that the server's clock watches. There are no properties, which would make
    MicroPython take three times as long to set an attribute.
    """

    reader = writer = task = None
    idle = 0  # a number that grows from wait to wait, while nothing of a request has come; else 0
    since = 0  # when it began to wait for a request's head, in ticks of the server's clock; 0 if it does not wait
    reserved = 0  # bytes of the server's budget that the connection has
    stream = 0  # a number that grows from one event stream or WebSocket to the next; 0 for other connections
    stream_host = None  # the client of an event stream
    refused = False  # over the budget: to be answered with 503
    cancelled = False  # by the server
    upgraded = False  # to another protocol, the application's
    serving = False  # a request is being served, and the application has not asked for the connection's streams
    waiting = False  # for a piece of a response's body, which may take for ever
    gone = False  # the client has closed its side while a request was served
    body = None  # of the response that is being sent in chunks
    watch: "Watcher | None" = None
    has_body = False  # the request has a body
    #: Size in bytes of the longest header field that the client may send, its name included.
    max_line = RequestParser.max_line
    keep_alive = False  # another request may follow the response that is being sent
    responding = False  # a response, or a part of it, has been sent
    ends_body = False  # closing the connection marks the end of a response's body, or shows that it is incomplete
    served = 0  # number of requests
    read_deadline = 0  # on the server's clock; 0 for none
    write_deadline = 0
    head_deadline = 0  # for the first piece of a response's body
    _head = None  # a list that holds the response's head until then
    _reading = _writing = None  # the tasks that wait for the client; if `_reading` is None it is the connection's own
    _body_ticks = 0  # time that the client has left for the body of its request

    def __init__(self, server, client_addr, reader=None, writer=None):
        self.server = server
        self.client_addr = client_addr
        if reader:
            self.reader = reader
            self.writer = writer
        app = server.app
        line = Request.max_readline
        head = app.max_head_length
        if line is DEFAULT_MAX_READLINE:
            line = MAX_LINE
        elif line > RequestParser.max_line:  # raising one limit raises both
            head += line
        if line != self.max_line:
            self.max_line = line
        self.parser = RequestParser(head, line, app.max_headers)

    def take_sock(self) -> tuple:
        """Return the reader and the writer. From now on only the caller reads."""
        self.serving = False
        return self.reader, self.writer

    def host(self):
        """Return the client's address, None where it has none."""
        return self.client_addr[0] if self.client_addr else None

    # Deadlines

    def _deadline(self, seconds):
        return self.server.clock + int(seconds * TICKS_PER_SECOND) + 1

    def check(self, clock: int) -> None:
        """End the waits whose deadline has come at *clock*, the time in ticks."""
        if 0 < self.read_deadline <= clock:
            self.expire()
        if 0 < self.write_deadline <= clock:
            self.write_deadline = _EXPIRED
            self._writing.cancel()
        if 0 < self.head_deadline <= clock:
            self._release_head()
        if self.serving and not self.upgraded:
            self._look_after_client()
        if self.watch:
            self.watch.look()

    def _look_after_client(self):
        """Notice, while a request is being served, that the client has closed its side of the connection.

        That ends a response whose body waits for something, because a write would notice it too late, or never. A
        handler goes on, because the client may still wait for the answer, but the connection is the first to make room.
        """
        parser = self.parser
        server = self.server
        crowd = len(parser.buffer) >= server.app.max_head_length  # of requests: reading on would take too much memory
        crowd = crowd or parser.buffer and server.reserved > server.app.max_buffered
        if parser.body_complete and not (self._reading or parser.at_end or crowd):
            try:
                data = receive_now(self.reader)
                if data is not None:
                    parser.receive(data)
                    self._count(len(data))
            except OSError:
                parser.receive(b"")
        self.gone = parser.at_end
        if self.waiting and (parser.at_end or crowd):
            self.waiting = False
            self.gone = True
            self.cancel()

    def expire(self, reason: int = _EXPIRED) -> None:
        """End the wait for the client's bytes as if its deadline had passed."""
        if self.idle > 1:  # not while it lingers: then the client has been told to close it
            self.server.fade()
        self.idle = self.since = 0
        self.read_deadline = reason
        (self._reading or self.task).cancel()

    def evict(self) -> None:
        """Close the connection, whose client has gone or says nothing, because another client needs its place."""
        if self.gone:
            self.serving = self.gone = False
            self.cancel()
        else:
            self.expire(_EVICTED)

    def is_dispensable(self) -> bool:
        """Return whether the connection has waited for a request long enough to be closed for another client."""
        if not self.since:
            return False
        if self.served:
            limit = 0 if self.idle else _HEAD_TICKS
        elif self.server.ssl and (not self.reader or HANDSHAKE_WITH_HEAD):
            limit = _HANDSHAKE_TICKS
        elif self.idle > 1:
            return self.idle <= self.server.quiet
        else:
            limit = _LINGER_TICKS if self.idle else _HEAD_TICKS
        return self.idle and not limit or self.server.clock - self.since > limit

    def cancel(self) -> None:
        """End the connection, whatever it is doing."""
        self.cancelled = True
        if self.task:
            self.task.cancel()

    def hold_head(self, head: "list[bytes]") -> None:
        """Send a response's head when `first_piece_timeout` is over, unless `drop_head()` is called before."""
        self._head = head
        self.head_deadline = self._deadline(self.server.app.first_piece_timeout)

    def drop_head(self) -> None:
        """Do not send the head that is held, if there is one."""
        self._head = None
        self.head_deadline = 0

    def _release_head(self):
        head = self._head
        self.drop_head()
        self.responding = True
        try:
            self.writer.write(head.pop())
        except OSError:
            pass  # the client is gone: sending the next piece will show that

    # Input and output

    def _log_handshake(self, error):
        log_error("TLS handshake with %s failed: %r" % (self.client_addr, error))

    def read(self, n: int = READ_SIZE) -> "Awaitable[bytes]":
        """Return up to *n* bytes from the client, `b''` at the end; to be awaited.

        :raises HTTPException: 408 after `read_deadline`, which does not apply after an upgrade to another protocol.
        """
        return receive(self.reader, n) if self.upgraded else self._read(n)

    async def _read(self, n):
        self._reading = asyncio.current_task()
        try:
            return await receive(self.reader, n)
        except asyncio.CancelledError:
            if self.read_deadline >= 0:
                raise
            uncancel(asyncio.current_task())
            raise HTTPException(408, "Request timeout") from None
        finally:
            self._reading = None

    def send(self, data) -> "Awaitable[None]":
        """Send bytes; to be awaited until the client, or the operating system on its behalf, has taken them.

        :raises OSError: if the client is gone, or has taken nothing for `write_timeout` seconds.
        """
        if self.upgraded:  # in one piece, so that the messages of two tasks do not mix
            return self._send(data)
        self.responding = True
        return self._send(data) if len(data) <= _MAX_PIECE else self._send_pieces(memoryview(data))

    def write(self, data: bytes) -> bool:
        """Send bytes without waiting; return whether all of them are sent: if not, `send(b"")` waits for that.

        :raises OSError: if the client is gone.
        """
        try:
            self.writer.write(data)
        except MemoryError:
            abort_stream(self.writer)  # a part of the data may have been sent
            raise
        return not has_unsent(self.writer)

    def write_piece(self, body, forms: "dict[str, bytes]") -> "bool | None":
        """Send the piece `forms["event"]` of *body*; see `_transport.Writing`."""
        if self.body is not body or not self.waiting or self._head:
            return None
        chunk = forms.get("chunk")
        if chunk is None:
            chunk = forms["chunk"] = format_chunk(forms["event"])
        return self.write(chunk)

    async def _send_pieces(self, data):
        for start in range(0, len(data), _MAX_PIECE):
            await self._send(data[start : start + _MAX_PIECE])

    async def _send(self, data):
        self.writer.write(data)
        if not has_unsent(self.writer):
            return
        self._writing = asyncio.current_task()
        self.write_deadline = self._deadline(self.server.app.write_timeout)
        try:
            await self.writer.drain()
        except asyncio.CancelledError:
            if self.write_deadline != _EXPIRED:
                raise
            uncancel(asyncio.current_task())
            raise OSError(110, "Write timeout") from None
        except MemoryError:
            forget_wait(self.writer)
            raise
        finally:
            self.write_deadline = 0

    async def receive_body(self, n: int) -> bytes:
        """Return up to *n* bytes of the request's body, `b''` at its end.

        Only the time spent waiting here counts against the client, not that of the handler between two reads.
        """
        parser = self.parser
        while True:
            data = parser.read_body(n)
            if data is not None:
                return data
            start = self.server.clock
            self.read_deadline = start + self._body_ticks
            try:
                if parser.expects_continue:
                    parser.expects_continue = False
                    await self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
                    self.responding = False
                data = await self.read()
            except OSError:
                data = b""  # the client is gone: the parser finds the body incomplete
            self.read_deadline = 0
            self._body_ticks -= self.server.clock - start - len(data) * TICKS_PER_SECOND / self.server.app.min_body_rate
            parser.receive(data)

    def reserve(self, size: int) -> None:
        """Count *size* more bytes from the client that stay in memory, or fewer if it is negative.

        :raises HTTPException: 503 above `max_buffered` for all connections; one that is alone may go on.
        """
        server = self.server
        if size > 0 and server.reserved > self.reserved and server.reserved + size > self.server.app.max_buffered:
            raise HTTPException(503, "Too many large requests at once", {"Retry-After": "5"})
        self._count(size)

    def _count(self, size):
        self.reserved += size  # this may run out of memory, the next line cannot
        self.server.reserved += size

    def _give_back(self):
        """Stop counting what the request held; keep counting what has been read beyond it."""
        self._count(min(len(self.parser.buffer), self.reserved) - self.reserved)

    # What a request's transport offers

    #: Calls a handler or hook.
    invoke = staticmethod(invoke_handler)

    def send_response(self, request, response) -> "Awaitable[None]":
        """Send a response, when awaited.

        :raises OSError: if the client is gone.
        """
        parser = self.parser
        server = self.server
        keep_alive = parser.keep_alive and self.served != server.app.max_requests_per_connection
        if self.has_body and not parser.body_complete:
            broken = parser.at_end or parser.expects_continue or self.read_deadline == _EXPIRED
            keep_alive = keep_alive and not broken and 0 < (parser.content_length or 0) <= _MAX_DRAIN
        self.keep_alive = keep_alive and not (server.closing or server.is_crowded())
        if isinstance(response.body, bytes) or self._may_stream(request, response):
            return send_response(self, response, request)
        self.keep_alive = False
        # An EventSource tries again, but not after any status other than 200.
        return close_body(response.body_iter(), self)

    def _may_stream(self, request, response):
        """Return False for an event stream for which there is no room, True for any other response."""
        content_type = response.fields.get("Content-Type") if response.fields else None
        if request.method == "HEAD" or not str(content_type).startswith("text/event-stream"):
            return True
        return self.server.claim_stream(self, request.client_addr)

    async def upgrade(self, request, headers) -> bytes:
        """Answer 101 and leave `read()` and `send()` to the application; return the bytes that have come so far.

        :raises HTTPException: 503 if there are too many streams and WebSockets.
        """
        if not self.server.claim_stream(self):
            raise HTTPException(503, "Too many WebSockets", {"Retry-After": "5"})
        self.upgraded = True
        await self.send(format_head(101, None, headers.items()))
        data = self.parser.take_buffer()
        if self.reserved:
            self._give_back()
        return data

    # Serving

    async def serve(self, sock=None) -> None:
        """Serve requests until the connection ends, then close it.

        :param sock: the connected socket, if there are no streams yet.
        """
        try:
            self.task = asyncio.current_task()
            try:
                if sock:
                    self.since = self.server.clock
                    self.read_deadline = self._deadline(self.server.app.head_timeout)
                    self.reader, self.writer = await open_streams(sock, self.server.ssl)
                if self.refused:
                    await self._refuse(HTTPException(503, "Service unavailable"))
                elif sock and self.server.overridden:
                    self.read_deadline = self.since = 0
                    await self.server.app.handle_request(self.reader, self.writer)
                else:
                    while await self._read_head():
                        await isolate(self._serve_request())
                        self.serving = False
                        if self.reserved:
                            self._give_back()
                        if (self.has_body or not self.keep_alive) and not await self._end_exchange():
                            break
                        self.responding = False
                        self.parser.fields = None  # an idle connection holds nothing of its last request
            except MemoryError as error:
                await self._out_of_memory(error)
            except (OSError, EOFError) as error:
                if self.server.ssl and not self.served:  # MicroPython's handshake takes place with the first read
                    self._log_handshake(error)
                # else the client is gone
            except asyncio.CancelledError as error:
                if not self.writer and self.read_deadline == _EXPIRED:
                    self._log_handshake(error)
                # else the server shuts down
            except (SystemExit, KeyboardInterrupt) as error:
                self.server.end(error)
            except BaseException as error:
                log_error("Exception in a connection", error)
            if self.writer and self in self.server.connections:  # else the application's handle_request() has closed it
                await self._close()
        except (Exception, asyncio.CancelledError):
            pass  # an error while closing, such as another MemoryError: the steps below cannot fail
        finally:
            self.server.release(self)
            if self.writer:
                abort_stream(self.writer)
            if sock:
                sock.close()  # for a connection without streams, and after a failed TLS handshake on MicroPython

    async def _read_head(self):
        """Wait for the next request's head and read it; return False if there is no further request to serve."""
        server = self.server
        app = server.app
        parser = self.parser
        if server.closing:
            return False
        if self.stream:
            self.stream = 0
        self.since = server.clock
        if parser.buffer:
            self.idle = 0
        else:
            self.idle = server.waits = server.waits + 1
        self.read_deadline = self._deadline(app.idle_timeout if self.idle and self.served else app.head_timeout)
        try:
            if parser.buffer:
                await asyncio.sleep(0)  # other tasks get a turn between two requests that came together
            while not parser.buffer or not parser.parse_head():
                if parser.at_end:
                    return False
                parser.receive(await receive(self.reader, READ_SIZE))
                if self.idle:
                    self.idle = 0
                    self.since = self.server.clock
                    self.read_deadline = self._deadline(app.head_timeout)
        except HTTPException as error:
            await self._refuse(error)
            return False
        except asyncio.CancelledError:
            if self.read_deadline >= 0:
                raise
            uncancel(self.task)
            if parser.buffer and self.read_deadline == _EXPIRED:
                await self._refuse(HTTPException(408, "Request timeout"))
            return False
        self.read_deadline = self.since = 0
        if not self.served and self.server.patience < PATIENCE:
            self.server.patience += 1
        self.served += 1
        return True

    def _serve_request(self):
        """Return the coroutine that serves the request whose head has been read."""
        parser = self.parser
        server = self.server
        app = server.app
        self.serving = True
        self.keep_alive = False  # until a response allows another request
        body = None
        self.has_body = not parser.body_complete
        if self.has_body:
            body = self._take_body()
        request = Request(
            app, self.client_addr, parser.method, parser.target, parser.version, parser.fields, body, transport=self
        )
        if server.ssl:
            request.scheme = "https"
        return app.serve_request(request)

    def _take_body(self):
        """Return the request's body if all of it has come; else start the client's time for it, and return None."""
        length = self.parser.content_length
        limit = Request.max_content_length
        here = length and length <= min(len(self.parser.buffer), Request.max_body_length)
        if here and (not limit or length <= limit):
            return self.parser.read_body(length)
        self._body_ticks = int(self.server.app.body_timeout * TICKS_PER_SECOND) + 1
        return None

    async def _end_exchange(self):
        """Read what is left of the request, so that the client reads the response; return whether another may come."""
        if self.keep_alive:
            return self.parser.body_complete or await self._drain()
        parser = self.parser
        if self.responding and not self.ends_body and (parser.keep_alive or not parser.body_complete):
            await self._linger()
        return False

    async def _refuse(self, error):
        """Answer an invalid request, and close the connection."""
        response = await self.server.app.handle_error(None, error)
        if error.status_code == 503:
            response.headers["Retry-After"] = "5"
        self.keep_alive = False
        await send_response(self, response, None)
        self.server.app.log_access(None, response)
        await self._linger(False)

    async def _out_of_memory(self, error):
        """Free what the request held and say so to the client, if that is still possible."""
        self.parser.take_buffer()
        self.parser.fields = None
        gc.collect()
        try:
            log_error("Out of memory, connection closed: %s" % error)
        except MemoryError:
            pass
        try:
            if self.responding or self.upgraded:
                abort_stream(self.writer)
            elif self.writer:
                await self.send(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        except (OSError, MemoryError):
            pass

    async def _drain(self):
        """Read the rest of a body that the handler did not read; return whether all of it came."""
        try:
            while await self.receive_body(READ_SIZE):
                pass
            return True
        except HTTPException:
            return False

    async def _linger(self, has_head=True):
        """Read what the client still sends, within bounds, so that it sees the response and not a reset connection.

        :param has_head: whether the parser has read the request's head, so that it knows where the request ends.
        """
        parser = self.parser
        told = end_stream(self.writer)
        self.idle = 1  # the first to make room for another client
        self.since = self.server.clock
        deadline = self._deadline(_LINGER_SECONDS)
        left = _LINGER_BYTES
        try:
            while left > 0:
                has_head = has_head and self._skip_body()
                if has_head and not told and parser.body_complete and not parser.buffer:
                    return
                self.read_deadline = deadline if told else min(deadline, self._deadline(_LINGER_SILENCE))
                data = await self.read()
                if not data:
                    return
                left -= len(data)
                if has_head and not parser.body_complete:
                    parser.receive(data)
        except HTTPException:
            pass

    def _skip_body(self):
        """Discard what has come of a request's body; return False if its end cannot be found any more."""
        try:
            while self.parser.read_body(READ_SIZE):
                pass
            return True
        except HTTPException:
            self.parser.take_buffer()
            return False

    async def _close(self):
        if self.read_deadline == _EVICTED:
            return abort_stream(self.writer)  # an orderly end may take long: with TLS it needs the client
        self.read_deadline = self.since = 0
        self._writing = asyncio.current_task()
        self.write_deadline = self._deadline(self.server.app.write_timeout)
        try:
            await close_stream(self.writer)
        except (OSError, asyncio.CancelledError):
            abort_stream(self.writer)
        self.write_deadline = 0
        return None


async def read_request(app, reader, writer, client_addr, scheme: "str | None") -> "Request | None":
    """Read a request from a stream that does not belong to a server; see `Request.create()`."""
    parser = RequestParser(max_line=Request.max_readline)
    while not parser.parse_head():
        if parser.at_end:
            return None
        parser.receive(await reader.read(1024))

    async def receive_body(n):
        while True:
            data = parser.read_body(n)
            if data is not None:
                return data
            parser.receive(await reader.read(1024))

    stream = None
    if not parser.body_complete:
        stream = BodyStream(receive_body, Request.max_content_length)
    head = parser.method, parser.target, parser.version, parser.fields
    request = Request(app, client_addr, *head, stream=stream, sock=(reader, writer), scheme=scheme)
    await request.load_body()
    return request
