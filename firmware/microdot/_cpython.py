"""CPython's part of `_compat` and `bodies`."""

import asyncio
import collections
import contextvars
import functools
import inspect
import logging
from functools import wraps as wraps
from inspect import iscoroutine as iscoroutine

DEFAULT_MAX_CONNECTIONS = 1000
MAX_FIELDS = 1000
MIN_FILE_CHUNK = 65536
REUSE_BUFFERS = False  # a transport may keep a reference to what it was given

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
    handed over as soon as it is there. It stays at most `_AHEAD` items ahead, and no more than one item beyond
    `_AHEAD_SIZE` bytes or characters.
    """

    _AHEAD = 64
    _AHEAD_SIZE = 256 * 1024

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
        size = 0
        for _ in range(self._AHEAD):
            if self._ended or size >= self._AHEAD_SIZE:
                return
            try:
                item = next(self._iterator)
            except StopIteration:
                self._ended = True
                return
            size += len(item or b"")
            self._ready.append(item)
            if not self._arrived.is_set():
                loop.call_soon_threadsafe(self._arrived.set)

    async def aclose(self):
        """Close the iterator, once the thread has left it."""
        self._ended = True
        if self._taking:
            await asyncio.wait([self._taking])
        if hasattr(self._iterator, "close"):
            self._iterator.close()


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


async def _serve_asgi(app, scope, receive, send):
    from .asgi import serve

    await serve(app, scope, receive, send)


class ServerCall(functools.partial):
    """The `__call__` of an application, for ASGI servers and for WSGI servers.

    ASGI servers look whether this is a coroutine function (`inspect.iscoroutinefunction()`), and a partial object of
    one counts as one. A WSGI server gives two arguments and awaits nothing, an ASGI 2 server gives one.
    """

    def __new__(cls, app):
        return super().__new__(cls, _serve_asgi, app)

    def __call__(self, *args, **kwargs):
        """Serve one request, when awaited, or return the body of the response to a WSGI server."""
        if len(args) == 3 or kwargs:
            return super().__call__(*args, **kwargs)
        if len(args) == 2:
            from .wsgi import serve
        else:
            from .asgi import serve
        return serve(*self.args, *args)
