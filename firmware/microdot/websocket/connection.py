"""The input and output of a WebSocket connection: who reads and when, one writer at a time, and all that takes time.

`frames.Connection` knows the protocol and does no I/O. A `Channel` connects it with a transport, and with three kinds
of tasks: the handler's, the application's other tasks that receive and send, and a watcher that the channel itself
makes.

The states
----------

*Open*, from the beginning. Messages can be sent and received. `closed` is False.

*Closing*: this side has sent a close frame (`_closing`). Messages that still come are thrown away, nothing is sent,
and the peer has `close_timeout` seconds to answer. Only `WebSocket.close()` leads here, and whoever called it waits
there.

*Ended* (`_ended`): nothing is read or written any more, and `close_code` is known. Three ways lead here:

- `_pull()` finds that the connection has a `close_code`: a close frame came and has been answered; or the peer broke
  the protocol and has been told; or its stream ended.
- `_write()` fails, or is cancelled. The peer may then have a part of a frame, after which nothing can follow.
- `look()` finds that time is up: the peer has neither spoken nor answered a ping, or has not answered a close frame.

The last two call `_expire()`. An ended connection whose handler goes on is *abandoned* after `grace` seconds:
`look()` cancels the handler, once. `_finish()` runs when the handler has ended in any way. It closes what is still
open, and takes the channel off the transport's clock.

Who reads
---------

One task at a time: `_reader`, in `_pull()`. It is the one that waits for a message, in `receive()`, in an iteration
or in `close()`. Another task that wants a message meanwhile waits in `_reader_done()` (`_waiting`), and becomes the
reader when `_free()` sets `_changed` and no message is left in `_messages`.

While no task waits for a message, the watcher is the reader (`_watching`). `look()` makes it at the next tick, so that
pings are answered and the peer's end is noticed while the handler does something else. It puts messages into
`_messages`, and stops when a task waits for them, when they take `read_ahead` bytes, or when the connection has
ended. It reads a close frame before the handler has seen the messages that came before it. So it gives the handler
`grace` seconds to answer these messages before the close frame is answered (`_settled()`).

Who writes
----------

One task at a time: the one in `_write()`, as long as `_sending` is True. The others wait there for their turn.
`send_now()` writes without waiting, and not at all while `_sending` is True. If the peer has not taken everything, it
sets `_sending` and leaves the wait for the rest to a task of its own, `_send_rest()`.

What cancels what
-----------------

- `_expire()` cancels the reader, if it is another task than the one that calls it, and sets `_expired`. `_pull()`
  takes this one cancellation back (`uncancel`) and ends as after a lost connection. Any other cancellation of a
  reader, such as that of `wait_for(ws.receive(), 1)`, leaves the connection as it is, with what has been read of a
  message so far; the next reader goes on from there.
- `look()` cancels an abandoned handler. `_finish()` takes that back.
- A task cancelled while it *sends* ends the connection.
- When the server cancels the handler, at shutdown, `_finish()` sends 1001, does not wait for the peer's answer, and
  raises the cancellation again.
"""

import asyncio
import gc

from .._compat import TICKS_PER_SECOND, log_error, uncancel
from ..errors import HTTPException
from .frames import CLOSE, PING, TOO_BIG, TRY_AGAIN, FrameError

if -0:  # for type checkers: MicroPython's compiler leaves this out, and Pyright reads it, unlike "if False"
    from typing import Any

_LINGER_SECONDS = 0.2


class WebSocketError(OSError):
    """The connection is closed: the peer has ended it or is gone, or the application has closed it."""

    def __init__(self, message: str = "WebSocket closed"):
        super().__init__(32, message)  # EPIPE


class Channel:
    """An open connection over a transport.

    The request's transport is an `Upgradable` or a `MessageTransport` of `_transport`, which has taken the connection
    over. *connection*, an `Endpoint`, makes messages of what is read, and frames of what is sent.
    """

    #: About how many bytes of messages are read before the handler takes them. What comes after them has to wait.
    read_ahead = 1024
    #: Seconds that the peer has for its part of the closing handshake.
    close_timeout: "float" = 5
    #: Seconds that the handler has to answer the last messages when the peer closes, and to end by itself after the
    #: connection's end. After that it is cancelled, because it may wait for something other than the connection.
    grace: "float" = 1

    _closing = False  # this side has closed
    _ended = False
    _messages = ()  # read ahead, oldest first
    _held = 0  # bytes of messages that count towards the server's budget
    _reader = None  # the task that reads
    _watching = False  # it is the watcher, and nobody waits for its messages yet
    _waiting = False  # the handler waits for what another task reads
    _changed = None  # the Event of that waiting
    _expired = False  # the task that reads was cancelled because the peer is gone
    _sending = False  # a task sends; the others wait for their turn
    _sent = None  # the Event of the tasks that wait to send
    _ticks = 0  # until the peer or the handler is out of time
    _ping_ticks = 0
    _silence = 0  # of the peer, in ticks
    _abandoned = False  # the handler had to be cancelled

    def __init__(self, connection: "Any", request: "Any"):
        self._connection = connection
        self._request = request
        self._handler = asyncio.current_task()
        request.transport.watch = self

    # Reading: by the handler while it waits for a message, else by a task that is made for it

    async def _pull(self, end):
        """Return the next message. When the connection is closed raise *end*, or return None if that is None."""
        if end and (self._messages or self._reader or self.closed):
            return await self._await_next(end)
        connection = self._connection
        self._reader = asyncio.current_task()
        while not self._ended:
            try:
                event = connection.next_event()
                if event is None:
                    if connection.close_code is None:
                        if (connection.pending or self._held) and not await self._has_memory():
                            continue
                        connection.feed(await self._request.transport.read())
                        if self._silence:
                            self._silence = 0
                    else:
                        self._ended = True
                        if connection.error is not None:
                            await self._linger()
                elif event[0] < CLOSE:
                    if not self._closing:  # what comes after this side's close is dropped
                        self._free()
                        return event[1]
                else:
                    if event[0] == CLOSE:
                        await self._settled()
                    if connection.reply:
                        await self._write(connection.reply)
            except OSError:
                connection.feed(b"")  # the peer is gone
            except MemoryError:
                gc.collect()
                connection.fail(FrameError(TOO_BIG, "out of memory"))
                await self._write(connection.reply)
            except BaseException as error:
                if not self._expired or not isinstance(error, asyncio.CancelledError):
                    self._free()
                    raise
                uncancel(self._reader)
        self._free()
        if end:
            raise end
        return None

    async def _has_memory(self):
        """Tell the server how much memory the messages on their way to the handler take.

        A message that the handler has got counts until it asks for the next one. If the server has no room for them,
        close the connection and return False.
        """
        size = self._connection.pending + sum([len(message) for message in self._messages])
        try:
            self._request.reserve(size - self._held)
        except HTTPException as error:
            self._connection.fail(FrameError(TRY_AGAIN, error.reason))
            await self._write(self._connection.reply)
            return False
        self._held = size
        return True

    def _free(self):
        """Let another task read."""
        self._reader = None
        if self._changed:
            self._changed.set()

    async def _linger(self):
        """Read some of what the peer still sends after an error, so that it reads the close frame and not a reset."""
        connection = self._connection
        client = self._request.client_addr
        log_error("WebSocket of %s closed: %d %s" % (client, connection.close_code, connection.close_reason))
        left = connection.linger
        try:
            while left > 0:
                data = await asyncio.wait_for(self._request.transport.read(), _LINGER_SECONDS)
                if not data:
                    return
                left -= len(data)
        except (OSError, asyncio.TimeoutError):
            pass

    async def _await_next(self, end):
        while not self._messages:
            if self.closed:
                raise end
            if not self._reader:
                return await self._pull(end)
            await self._reader_done()
        return self._messages.pop(0)  # it counts until something is read again

    async def _reader_done(self):
        """Wait until the task that reads has read a message or the end."""
        if self._changed is None:
            self._changed = asyncio.Event()
        self._waiting = True
        self._changed.clear()
        try:
            await self._changed.wait()
        finally:
            self._waiting = False

    async def _watch(self):
        """Read while the handler does something else."""
        if self._reader:
            return
        self._watching = True
        try:
            while not self._waiting and self._has_room():
                message = await self._pull(None)
                if message is None:
                    break
                if not self._messages:
                    self._messages = []
                self._messages.append(message)
                if not await self._has_memory() and not self._reader:
                    await self._pull(None)
        except Exception as error:
            log_error("Exception in a WebSocket connection", error)
            self._expire()
        self._watching = False

    def _has_room(self):
        return sum([len(message) + 32 for message in self._messages]) < self.read_ahead

    async def _settled(self):
        """Give the handler time to answer the messages that have come before the connection's end."""
        left = self.grace
        while self._watching and left > 0 and (self._messages or not self._waiting):
            await asyncio.sleep(0.02)
            left -= 0.02

    async def _write(self, data):
        while self._sending:
            if self._sent is None:
                self._sent = asyncio.Event()
            self._sent.clear()
            await self._sent.wait()
        self._sending = True
        try:
            await self._request.transport.send(data)
        except OSError:
            self._expire()
            raise WebSocketError from None
        except asyncio.CancelledError:  # a part of a frame may have been sent
            self._expire()
            raise
        finally:
            self._sending = False
            if self._sent:
                self._sent.set()

    # Time

    def look(self) -> None:
        """Keep the deadlines, and have the connection read; the server calls this at each tick."""
        if self._ticks:
            self._ticks -= 1
            if not self._ticks:
                if not self._ended:
                    self._expire()
                elif self._handler:
                    self._abandoned = True
                    self._handler.cancel()
        elif self._ended:
            if not self._abandoned:
                self._ticks = int(self.grace * TICKS_PER_SECOND) + 1
        elif not self._reader:
            if self._has_room():
                asyncio.create_task(self._watch())
        elif self._ping_ticks:  # the peer counts as silent only while a task reads
            self._silence += 1
            if self._silence == self._ping_ticks:
                asyncio.create_task(self._ping())
            elif self._silence > 2 * self._ping_ticks:
                self._expire()

    async def _ping(self):
        try:
            await self._write(self._connection.control(PING))
        except OSError:
            pass

    async def _send_rest(self):
        """Wait until the peer has taken what `send_now()` has left; until then `_sending` is True."""
        self._sending = False  # `_write()` sets it again before anything else can run
        try:
            await self._write(b"")
        except OSError:
            pass

    def _expire(self):
        """End the connection without its peer."""
        self._connection.feed(b"")
        self._ended = True
        if self._reader and self._reader is not asyncio.current_task():
            self._expired = True
            self._reader.cancel()
