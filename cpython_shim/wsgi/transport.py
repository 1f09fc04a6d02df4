"""What a WSGI server offers to a request: its thread, the body, and the socket if the server hands it over."""

import asyncio
import contextlib
import socket
import ssl

from microdot import iscoroutine, threads
from microdot._compat import TICKS_PER_SECOND, run_in_thread
from microdot.errors import HTTPException
from microdot.gateway.stopping import ServerStopping, is_stopping

from .loop import by_loop, in_loop

# With these servers a body that is cut off ends like a complete one; only its length shows the difference.
_HIDE_THE_CUT = ("Granian",)


class WSGITransport:
    """What a WSGI server offers to a request beyond HTTP's request and response."""

    max_line = None
    #: Whether the connection carries another protocol now, the application's.
    upgraded = False
    #: Whether the server has ended the request; on CPython the request's task knows that.
    cancelled = False

    _remaining: "int | None" = 0  # bytes of the body that have not come yet; None: it ends where the input ends
    _unreadable = None  # status and reason, if the input does not tell where the body ends

    def __init__(self, environ):
        self._input = environ["wsgi.input"]
        self._hides_cut = environ.get("SERVER_SOFTWARE") in _HIDE_THE_CUT
        length = environ.get("CONTENT_LENGTH")
        chunked = "HTTP_TRANSFER_ENCODING" in environ
        if length:
            if length.strip("0123456789"):  # not every server checks it
                self._unreadable = 400, "Malformed Content-Length"
            else:
                self._remaining = int(length)
        else:
            # In HTTP/1 a body without a length is chunked. In HTTP/2 every request may have one, and it ends with its
            # stream, whether the server says so or not.
            streamed = environ["SERVER_PROTOCOL"] >= "HTTP/2"
            if (streamed or environ.get("wsgi.input_terminated")) and not (chunked and self._hides_cut):
                if streamed or chunked or environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
                    self._remaining = None
            elif chunked:
                self._unreadable = 411, "Length required"

    def take_sock(self):
        """Return None: the server keeps the connection."""

    @property
    def has_body(self):
        """Whether the request may have a body."""
        return self._remaining != 0 or self._unreadable is not None

    async def invoke(self, handler, *args, **kwargs):
        """Call a handler or hook: a function in this thread, a coroutine function in the event loop."""
        result = handler(*args, **kwargs)
        return await by_loop(result) if iscoroutine(result) else result

    async def receive_body(self, n):
        """Return up to *n* bytes of the request's body, `b''` at its end; works in the event loop and outside of it.

        :raises HTTPException: 400 for a body that is malformed or cut short, 411 for one whose end the server does not
            tell.
        """
        if self._unreadable:
            raise HTTPException(*self._unreadable)
        if self._remaining is not None:
            n = min(n, self._remaining)
        if not n:
            return b""
        try:
            if in_loop():
                data = await run_in_thread(threads.handlers, self._input.read, n)
            else:
                data = self._input.read(n)
        except MemoryError:
            raise
        except Exception:  # the client is gone, or its chunks are malformed; servers have exceptions of their own
            raise HTTPException(400, "Incomplete or malformed body") from None
        if self._remaining is not None:
            self._remaining -= len(data)
            if not data:
                raise HTTPException(400, "Incomplete body")
        elif data and self._hides_cut:
            raise HTTPException(411, "Length required")
        return data

    def watch_client(self, gone):
        """Call *gone* when the client closes the connection; this is called in the event loop, and so is *gone*.

        Without the connection's socket that shows at the next write only.
        """

    def unwatch_client(self):
        """Stop watching the client."""


class SocketTransport(WSGITransport):
    """The same with the socket of the connection, for protocols other than HTTP.

    :param done: the exception that makes the server close the connection without a response.
    """

    _task = None  # of the handler that has taken the connection over
    _stopped = False  # it has been cancelled because the server is stopping

    def __init__(self, app, environ, sock, done):
        super().__init__(environ)
        self.sock = sock
        self._timeout = app.write_timeout
        self._done = done

    def take_sock(self):
        """Return the connection's socket."""
        return self.sock

    def watch_client(self, gone):
        def look():
            try:
                data = self.sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            self.unwatch_client()  # a client that sends something has not left; the server reads what it sends
            if not data:
                gone()

        if not isinstance(self.sock, ssl.SSLSocket):  # encrypted bytes say nothing about the client
            asyncio.get_running_loop().add_reader(self.sock, look)

    def unwatch_client(self):
        asyncio.get_running_loop().remove_reader(self.sock)

    async def invoke(self, handler, *args, **kwargs):
        try:
            return await super().invoke(handler, *args, **kwargs)
        except asyncio.CancelledError:
            if not self._stopped:
                raise
            raise ServerStopping from None

    async def upgrade(self, request, headers):
        """Answer 101, after which `read()` and `send()` are the application's; return what has come by then.

        The task that awaits this is cancelled when the server is stopping, and `invoke()` raises ServerStopping.
        """
        self.upgraded = True
        self._task = asyncio.current_task()
        self.watch = None  # an object whose `look()` is called with each tick
        self.sock.setblocking(False)
        fields = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        await self.send(f"HTTP/1.1 101 Switching Protocols\r\n{fields}\r\n".encode())
        asyncio.get_running_loop().call_later(1 / TICKS_PER_SECOND, self._tick)
        return b""

    def _tick(self):
        if not self._stopped and is_stopping():
            self._stopped = True
            self._task.cancel()
        if self.watch:
            self.watch.look()
            asyncio.get_running_loop().call_later(1 / TICKS_PER_SECOND, self._tick)

    async def read(self):
        """Return bytes from the client, `b''` at the end."""
        while True:
            try:
                return self.sock.recv(65536)
            except (BlockingIOError, ssl.SSLWantReadError):
                await self._ready(asyncio.get_running_loop().add_reader, asyncio.get_running_loop().remove_reader)
            except ssl.SSLWantWriteError:
                await asyncio.sleep(0.01)

    async def send(self, data):
        """Send bytes.

        :raises OSError: if the client is gone, or has taken nothing for `write_timeout` seconds.
        """
        loop = asyncio.get_running_loop()
        view = memoryview(data)
        while view:
            try:
                view = view[self.sock.send(view) :]
            except (BlockingIOError, ssl.SSLWantWriteError):
                try:
                    await asyncio.wait_for(self._ready(loop.add_writer, loop.remove_writer), self._timeout)
                except asyncio.TimeoutError:
                    raise OSError(110, "Write timeout") from None
            except ssl.SSLWantReadError:
                await asyncio.sleep(0.01)

    async def _ready(self, add, remove):
        """Wait until the event loop finds the socket ready."""
        event = asyncio.Event()
        add(self.sock, event.set)
        try:
            await event.wait()
        finally:
            remove(self.sock)

    def end(self):
        """End the connection and return it to the server by an exception, which makes the server forget the request."""
        self.sock.setblocking(True)
        with contextlib.suppress(OSError):  # some servers would wait for the next request
            self.sock.shutdown(socket.SHUT_RDWR)
        raise self._done


def make_transport(app, environ):
    """Return the transport of a request, with the connection's socket if the server offers it."""
    if environ.get("gunicorn.socket"):
        return SocketTransport(app, environ, environ["gunicorn.socket"], StopIteration())
    if environ.get("werkzeug.socket"):
        return SocketTransport(app, environ, environ["werkzeug.socket"], ConnectionError())
    return WSGITransport(environ)
