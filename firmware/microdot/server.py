"""The server: it listens, keeps the connections within their budget and deadlines, and shuts down in order."""

import asyncio
import time

from ._clock import keep_counting
from ._compat import TICKS_PER_SECOND, log_error
from ._network import Listener, ListenError, call_in_loop, collect_early
from .connection import Connection

#: Seconds between two looks at the deadlines: they are kept this exactly.
TICK = 1 / TICKS_PER_SECOND
# While every place is taken this many more connections may be told so; others are closed at once.
_EXTRA_CONNECTIONS = 2
# A board without a battery starts at its epoch, 1970, 2000 or 2021: a year from which the clock must have been set.
_CLOCK_SET = 2024


class Server:
    """Serves one application on one address.

    Deadlines cost no timer and no task a connection: one task looks at all of them every `TICK` seconds, and runs only
    while there are connections.

    :param app: the application; its class attributes are the budget.
    :param ssl: an `ssl.SSLContext` for TLS, or None.
    """

    overridden = False  # the application has a `handle_request()` of its own, which gets each connection first

    def __init__(self, app, ssl=None):
        self.app = app
        self.ssl = ssl
        self.clock = 0  # in ticks
        self.waits = 0  # of connections, for requests
        self.connections: "list[Connection]" = []
        self.closing = False
        self._date = None
        self._date_clock = -1
        self._loop = None
        self._listener = None
        self._accepting = None
        self._watcher = None
        self._counting = None

    @property
    def sockets(self) -> list:
        """The listening sockets, on CPython one for each address of the host; none after `close()`."""
        return list(self._listener.sockets) if self._listener else []

    @property
    def port(self) -> int:
        """The port that is listened on; on MicroPython 0 where the system has chosen one."""
        return self._listener.port

    def is_serving(self) -> bool:
        """Return whether new connections are accepted."""
        return self._accepting is not None and not self.closing

    # Life

    def listen(self, host: str, port: int) -> None:
        """Bind the listening sockets; must be called in a running event loop.

        :raises OSError: if that is not possible; its message names the address.
        """
        collect_early()
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
        """Accept connections from now on."""
        if not self._accepting:
            self._accepting = asyncio.create_task(self._accept())
            self._counting = asyncio.create_task(keep_counting())

    async def serve_forever(self) -> None:
        """Accept connections until `close()`, then finish as `wait_closed()` does."""
        await self.start_serving()
        try:
            await self._stopped_accepting()
        finally:
            self._close()
            await self.wait_closed()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *exc_info):
        self._close()
        await self.wait_closed()

    async def _stopped_accepting(self):
        try:
            if self._accepting:
                await self._accepting
        except asyncio.CancelledError:
            if not self.closing:  # it is the caller that is cancelled
                raise

    def close(self) -> None:
        """Accept no more connections, close idle ones, and the others after their request; safe from any thread."""
        if not self.closing:
            call_in_loop(self._loop, self._close)

    def _close(self):
        if self.closing:
            return
        self.closing = True
        if self._accepting:
            self._accepting.cancel()
            self._counting.cancel()
        if self._listener:
            self._listener.close()
            self._listener = None
            self.app.servers.remove(self)
        for connection in self.connections:
            if connection.idle:
                connection.expire()
            elif connection.upgraded:
                connection.task.cancel()

    async def wait_closed(self) -> None:
        """Wait for running requests and background tasks; cancel those that take longer than `shutdown_timeout`."""
        await self._stopped_accepting()
        for _ in range(2):
            waited = 0
            while (self.connections or self.app.background_tasks) and waited <= self.app.shutdown_timeout:
                await asyncio.sleep(0.02)
                waited += 0.02
            for task in [connection.task for connection in self.connections] + self.app.background_tasks:
                task.cancel()
        if self._watcher:
            self._watcher.cancel()
            await asyncio.sleep(0)

    # Connections

    async def _accept(self):
        """Accept connections; no error of one of them, and no lack of memory or sockets, ends this."""
        while True:
            sock = None
            try:
                sock, address = await self._listener.accept()
                self._admit(sock, Connection(self, address))
            except (OSError, MemoryError) as error:
                if sock:
                    sock.close()
                log_error("Cannot accept a connection: " + repr(error))
                await asyncio.sleep(TICK)

    def _admit(self, sock, connection):
        if len(self.connections) >= self.app.max_connections and not self._make_room(connection):
            sock.close()
            return
        try:
            self._add(connection)
            asyncio.create_task(connection.serve(sock))
        except MemoryError:
            if connection in self.connections:
                self.connections.remove(connection)
            raise

    async def serve_connection(self, reader, writer) -> None:
        """Serve one connection, given as a pair of streams, to its end."""
        for connection in self.connections:
            if connection.reader is reader:  # it is of this server, and comes from the application
                return await connection.serve()
        if not self._loop:
            self._loop = asyncio.get_event_loop()
        connection = Connection(self, writer.get_extra_info("peername"), reader, writer)
        self._add(connection)
        return await connection.serve()

    def _add(self, connection):
        self.connections.append(connection)
        if not self._watcher:
            self._watcher = asyncio.create_task(self._watch())

    def _make_room(self, newcomer):
        """Close the connection that has been idle longest, or have *newcomer* refused; return False for neither."""
        oldest = None
        for connection in self.connections:
            # The first request of a new connection may be on its way.
            waiting = connection.idle and (connection.served or self.clock - connection.since > 1)
            if waiting and (oldest is None or connection.idle < oldest.idle):
                oldest = connection
        if oldest:
            oldest.expire()
        elif len(self.connections) < self.app.max_connections + _EXTRA_CONNECTIONS:
            newcomer.refused = True
        else:
            return False
        return True

    def date(self) -> "str | None":
        """Return the value of the Date field, made anew once a tick; None if the clock is not set."""
        if self._date_clock != self.clock:
            self._date_clock = self.clock
            self._date = None
            if time.gmtime()[0] >= _CLOCK_SET:
                from .dates import format_date

                self._date = format_date(time.gmtime())
        return self._date

    async def _watch(self):
        """Keep the clock, and end what is past its deadline."""
        while self.connections:
            await asyncio.sleep(TICK)
            self.clock += 1
            for connection in self.connections:
                connection.check(self.clock)
        self._watcher = None
