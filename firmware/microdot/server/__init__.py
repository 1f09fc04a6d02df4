"""The server: it listens, keeps the connections within their budget and deadlines, and shuts down in order.

A server has two tasks. The acceptor takes one new client, the *newcomer*, at a time, finds a place for it and starts
the connection's own task. The clock ticks four times a second while there are connections. Each tick checks all
deadlines, so a waiting connection needs no timer and no task of its own for that. No error stops these two tasks,
not even a MemoryError while another error is being logged.

A connection's place is its entry in `connections`, from `_admit()` to `release()`. The connection's task calls
`release()` as its last step, in a `finally` that allocates no memory. When all `max_connections` places are taken, the
newcomer that the acceptor has accepted waits, and further clients wait in the queue of the operating system. A place
becomes free in the first of these ways that applies:

1. A connection ends. If its client has left, it ends at the latest when a newcomer needs its place. If it lingers
   after an error, the server ends it for the newcomer.
2. The connection that has been idle longest is closed. A new connection counts as idle after a moment of silence,
   which is 1 to 2 s at first: a browser gives up what it wants to load over a connection that is closed before the
   first request. Each new connection that is closed halves the moment, down to 50 to 100 ms, and each one that sends a
   request makes it a little longer again. So a client that opens many connections and stays silent delays nobody for
   long, and a browser on a busy computer still gets its time.
3. A connection that has been sending a request's head for more than a second is closed.
4. If an address other than the newcomer's holds the most places, its newest connection without a whole request is
   closed.
5. If no place becomes free for `place_timeout` seconds, the newcomer gets a 503. A connection that should have ended
   for an earlier one is then cancelled once more: its handler may have caught the CancelledError.

While a newcomer waits, every response closes its connection. The same is true when the network stack has at most one
connection left, because such a stack does not report clients that it has no connection for (`CROWDED_AT`). There an
idle connection that the server has closed still counts for some seconds (`fading`): the stack keeps it until the client
closes it too, and browsers do not watch their idle connections. A newcomer never ends a stream, a WebSocket, or a
request whose client is still there. `claim_stream()` limits the number of streams and WebSockets instead.

Every shutdown takes the same steps. `close()` ends the acceptor, idle connections, event streams and upgraded
connections. The others end after their response. `wait_closed()` cancels what is left after `shutdown_timeout`.
"""

import asyncio
import time

from .._compat import TICKS_PER_SECOND, log_error
from .._dates import CLOCK_SET, format_date
from .connection import PATIENCE, Connection
from .network import CROWDED_AT, Listener, ListenError, call_in_loop, sleep_ms

if -0:  # for type checkers: MicroPython's compiler leaves this out, and Pyright reads it, unlike "if False"
    from typing import Any

#: Milliseconds between two looks at the deadlines: they are kept this exactly.
TICK_MS = 1000 // TICKS_PER_SECOND
# ENOMEM, ENFILE, EMFILE and ENOBUFS of Linux and lwIP.
_NO_SOCKETS = (12, 23, 24, 105)
# The parts of a tick. While a newcomer waits the clock's task sleeps for one part at a time.
_PARTS = 5
# MicroPython has lwIP give up a connection that the client does not close after 10 s, checked twice a second.
_FADING_TICKS = 11 * TICKS_PER_SECOND


class Server:
    """Serves one application on one address.

    Deadlines need no timer and no task for each connection: one task checks all of them every `TICK_MS`, and runs
    only while there are connections.

    :param app: the application; its attributes set the limits.
    :param ssl: an `ssl.SSLContext` for TLS, or None.
    """

    cancelled = False  # `wait_closed()` cancels what still runs
    overridden = False  # the application has a `handle_request()` of its own, which serves each connection

    def __init__(self, app: "Any", ssl: "Any" = None):
        self.app = app
        self.ssl = ssl
        self.clock = 1  # in ticks
        self.waits = 0  # counts the waits of connections for requests
        self.quiet = 0  # the last of these waits that has lasted long enough for a new connection to count as idle
        self.patience = PATIENCE  # parts of a tick that a new connection may be silent
        self.connections: "list[Connection]" = []
        self.closing = False
        self.fading = 0  # idle connections that were closed lately, and that the network may still have
        self.reserved = 0  # bytes of bodies that are being loaded, or are in memory until their request is served
        self._newcomer = None  # the connection that waits for a place
        self._changed = None  # the Event that it waits for
        self._freed = 0  # when a place last became free, in ticks
        self._shut = 0  # since when newcomers have been waiting
        self._refused = 0  # when the last one was refused
        self._faded = 0  # when none is fading any more
        self._date = None
        self._date_clock = -1
        self._loop = None
        self._listener = None
        self._accepting = None
        self._error = None  # the exception that stops the server
        self._watcher = None
        self._lifespan = None  # the `Lifespan` that this server has started

    @property
    def sockets(self) -> list:
        """The listening sockets, on CPython one for each address of the host; none after `close()`."""
        return list(self._listener.sockets) if self._listener else []

    @property
    def port(self) -> int:
        """The port that the server listens on; 0 on MicroPython if the system chose it."""
        return self._listener.port

    def is_serving(self) -> bool:
        """Return whether new connections are accepted."""
        return self._accepting is not None and not self.closing

    # Life

    def listen(self, host: str, port: int) -> None:
        """Bind the listening sockets; must be called in a running event loop.

        :raises OSError: if an address cannot be bound; the message names it.
        """
        try:
            self._listener = Listener(host or "0.0.0.0", port)
        except OSError as error:
            message = "cannot listen on %s, port %d" % (host or "0.0.0.0", port)
            if len(error.args) > 1:  # MicroPython has no text for an error, but shows the name of its number
                message += ": " + error.args[1]
            raise ListenError(error.errno, message) from None
        self.app.servers.append(self)
        self._loop = asyncio.get_event_loop()

    async def start_serving(self) -> None:
        """Call the application's functions for the start and begin its tasks, then accept connections."""
        if self.app.lifespan and not self._lifespan:
            await self.app.lifespan.start()
            self._lifespan = self.app.lifespan
        if not self._accepting:
            self._changed = asyncio.Event()
            self._accepting = asyncio.create_task(self._accept())
            await asyncio.sleep(0)  # it begins, and a shutdown() of a function for the start takes effect

    async def serve_forever(self) -> None:
        """Accept connections until `close()`, then finish as `wait_closed()` does."""
        try:
            await self.start_serving()
            await self._stopped_accepting()
        finally:
            self._close()
            await self.wait_closed()

    async def __aenter__(self) -> "Server":
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._close()
        await self.wait_closed()

    async def _stopped_accepting(self):
        try:
            if self._accepting:
                await self._accepting
        except asyncio.CancelledError:
            if not self.closing:  # the caller is cancelled, not the acceptor
                raise

    def close(self) -> None:
        """Accept no more connections, close idle ones, and the others after their request; safe from any thread."""
        if not self.closing:
            call_in_loop(self._loop, self._close)

    def end(self, error) -> None:
        """Stop all of the application's servers in order because of SystemExit or KeyboardInterrupt.

        `wait_closed()` and `serve_forever()` raise it in the end.

        :raises BaseException: *error* at once, if this server is already stopping or accepts no connections.
        """
        if self.closing or not self._accepting:
            raise error
        self._error = error
        self.app.shutdown()

    def _close(self):
        if self.closing:
            return
        self.closing = True
        if self._accepting:
            self._accepting.cancel()
        if self._listener:
            self._listener.close()
            self._listener = None
            self.app.servers.remove(self)
        for connection in self.connections:
            if connection.idle:
                connection.expire()
            elif connection.upgraded or connection.stream:
                self._end(connection)

    @staticmethod
    def _end(connection):
        try:
            connection.cancel()
        except RuntimeError:
            pass  # MicroPython: this connection's own task runs now, and will end by itself

    async def wait_closed(self) -> None:
        """Wait for running requests and background tasks; cancel those that take longer than `shutdown_timeout`."""
        await self._stopped_accepting()
        for _ in range(2):
            waited = 0
            while (self.connections or self.app.background_tasks) and waited <= self.app.shutdown_timeout:
                await asyncio.sleep(0.02)
                waited += 0.02
            self.cancelled = True
            for connection in self.connections:
                connection.cancel()
            for task in self.app.background_tasks:
                task.cancel()
        if self._watcher:
            self._watcher.cancel()
            await asyncio.sleep(0)
        if self._lifespan:
            lifespan, self._lifespan = self._lifespan, None
            await lifespan.stop()
        if self._error is not None:
            raise self._error

    # Connections

    async def _accept(self):
        """Accept connections until the server closes; no error and no lack of memory or sockets ends this."""
        failed = False
        while not self.closing:
            try:
                if failed:
                    failed = False
                    await sleep_ms(TICK_MS)
                await self._accept_one()
            except Exception as error:
                failed = True
                self._report("Cannot accept a connection: ", error)
                if isinstance(error, OSError) and error.errno in _NO_SOCKETS:
                    self._evict(None)

    async def _accept_one(self):
        sock, address = await self._listener.accept()
        try:
            connection = Connection(self, address)
            if len(self.connections) >= self.app.max_connections:
                await self._wait_for_place(connection)
            self._admit(connection, sock)
        except BaseException:
            sock.close()
            raise

    async def _wait_for_place(self, newcomer):
        """Wait until there is a place for *newcomer*, or mark it as refused when that takes too long."""
        self._newcomer = newcomer
        if self.clock - self._refused > 1:  # else it was already waiting when the previous newcomer was refused
            self._shut = self.clock
        try:
            while len(self.connections) >= self.app.max_connections:
                late = self.clock - max(self._freed, self._shut) >= self.app.place_timeout * TICKS_PER_SECOND
                if not self._evict(newcomer) and late and len(self.connections) <= self.app.max_connections:
                    newcomer.refused = True  # one connection too many until its client has the answer
                    self._refused = self.clock
                    for connection in self.connections:
                        if connection.cancelled:
                            connection.cancel()  # its handler may have caught the first cancellation, and gone on
                    return
                self._changed.clear()
                await self._changed.wait()
        finally:
            self._newcomer = None

    def _admit(self, connection, sock):
        self._add(connection)
        try:
            asyncio.create_task(connection.serve(sock))
        except BaseException:
            self.release(connection)
            raise
        if self._takes_all(len(self.connections)):
            self._evict(None)

    async def serve_connection(self, reader, writer) -> None:
        """Serve one connection, given as a pair of streams, to its end."""
        for connection in self.connections:
            if connection.reader is reader:  # this server's own, which the application hands back
                return await connection.serve()
        if not self._loop:
            self._loop = asyncio.get_event_loop()
        connection = Connection(self, writer.get_extra_info("peername"), reader, writer)
        self._add(connection)
        return await connection.serve()

    def _add(self, connection):
        if not self._watcher:
            self._watcher = asyncio.create_task(self._watch())
        self.connections.append(connection)

    def release(self, connection) -> None:
        """Take the place of a connection that has ended; allocates nothing."""
        if connection in self.connections:
            self.connections.remove(connection)
            self.reserved -= connection.reserved
        # One that was refused had no place. Else clients that try again at once would keep each other out for ever.
        if not connection.refused or len(self.connections) < self.app.max_connections:
            self._freed = self.clock
        if self._newcomer:
            self._changed.set()

    def is_crowded(self) -> bool:
        """Return whether responses should close their connections because other clients need the places."""
        return self._newcomer is not None or self._takes_all(len(self.connections) + self.fading)

    def _takes_all(self, number):
        """Return whether the network stack has at most one connection left beside *number* of them."""
        return self.app.max_connections <= CROWDED_AT <= number

    def fade(self) -> None:
        """Count an idle connection that is about to be closed."""
        if CROWDED_AT:
            self.fading += 1
            self._faded = self.clock + _FADING_TICKS

    def _evict(self, newcomer):
        """End a connection to make room for *newcomer*, or for any if None; return whether there was one to end."""
        victim = self._idlest() or newcomer and self._newest_of_greediest(newcomer)
        if victim:
            if victim.idle > 1 and not victim.served:
                self.patience = max(self.patience // 2, 1)
            victim.evict()
        return victim is not None

    def _idlest(self):
        """Return a connection to end: one without a client, else the longest idle, else the slowest to send a head."""
        idlest = slowest = None
        for connection in self.connections:
            if connection.gone:
                return connection
            if not connection.is_dispensable():
                continue
            if not connection.idle:
                if slowest is None or connection.since < slowest.since:
                    slowest = connection
            elif idlest is None or connection.idle < idlest.idle:
                idlest = connection
        return idlest or slowest

    def claim_stream(self, connection, client_addr=None) -> bool:
        """Count a connection as a stream or WebSocket for as long as it is one; return False if there are too many.

        :param client_addr: (host, port) of an event stream's client, whose oldest stream ends if there are too many.
        """
        limit = self.app.max_streams
        if limit is None:
            limit = max(self.app.max_connections - 2, 1)
        host = client_addr[0] if client_addr else None
        oldest = None
        for other in self.connections:
            if other.stream:
                limit -= 1
                if host and other.stream_host == host and (oldest is None or other.stream < oldest.stream):
                    oldest = other
        if limit <= 0:
            if not oldest:
                return False
            oldest.cancel()
        self.waits += 1
        connection.stream = self.waits
        connection.stream_host = host
        return True

    def _newest_of_greediest(self, newcomer):
        """Of the address that holds the most places, return the newest connection without a whole request.

        None if the address has not at least two places more than the newcomer's, or if it is a proxy's.
        """
        places = {}
        for connection in self.connections:
            places[connection.host()] = places.get(connection.host(), 0) + 1
        host = max(places, key=places.get)
        is_proxy = self.app.is_proxy
        if places[host] <= places.get(newcomer.host(), 0) + 1 or is_proxy and is_proxy(host):
            return None
        for connection in reversed(self.connections):
            if connection.since and connection.host() == host:
                return connection
        return None

    def date(self) -> "str | None":
        """Return the value of the Date field, made anew once a tick; None if the clock is not set."""
        if self._date_clock != self.clock:
            self._date_clock = self.clock
            self._date = None
            if time.gmtime()[0] >= CLOCK_SET:
                self._date = format_date(time.gmtime())
        return self._date

    async def _watch(self):
        """Count the ticks, and end what is past its deadline; no error of a connection stops this."""
        left = _PARTS
        elapsed = begun = 0
        while self.connections or self.fading:
            try:
                parts = 1 if self._newcomer else left
                await sleep_ms(parts * TICK_MS // _PARTS)
                elapsed += parts
                if elapsed >= self.patience:
                    elapsed = 0
                    self.quiet = begun
                    begun = self.waits
                left -= parts
                if not left:
                    left = _PARTS
                    self.clock += 1
                    if self.clock >= self._faded:
                        self.fading = 0
                    for connection in self.connections:
                        self._check(connection)
                    connection = None  # MicroPython would keep one that has ended, with all of its last request
                if self._newcomer:
                    self._changed.set()
            except Exception as error:
                self._report("Exception in the server's clock: ", error)
        self._watcher = None

    def _check(self, connection):
        try:
            connection.check(self.clock)
        except Exception as error:  # raised by the connection's `watch`
            self._report("Exception at a tick of the clock: ", error)

    @staticmethod
    def _report(message, error):
        """Log an error. If that fails too, go on: a line missing in the log must not end a server."""
        try:
            log_error(message + repr(error))
        except Exception:
            pass
