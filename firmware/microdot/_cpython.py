"""CPython's part of `_compat` and `_response_body`."""

import asyncio
import collections
import contextvars
import functools
import inspect
import json
import logging
import traceback
import types
from inspect import iscoroutine as iscoroutine
from typing import Any, Awaitable, Callable, TypeVar

from . import threads

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_MAX_CONNECTIONS = 1000
MAX_FIELDS = 1000
MIN_FILE_CHUNK = 65536
DEFAULT_MAX_HEAD = 12 * 1024
MAX_LINE = 8000  # RFC 9112, section 3, recommends to accept at least as much
REUSE_BUFFERS = False  # a transport may keep a reference to what it was given

_HANDLER = "__microdot_handler__"
_COROUTINE = inspect.CO_COROUTINE
_END = object()


class _Unset(int):
    """A limit that no application has set."""


DEFAULT_MAX_READLINE = _Unset(2048)

_error_log = logging.getLogger("microdot.error")
_access_log = logging.getLogger("microdot.access")
#: Class -> function that turns an object into what JSON can hold; `microdot.defaults` adds to it.
json_types: "dict[type, Callable[[Any], object]]" = {}


def _convert(value):
    """Return what JSON can hold for an object of another type."""
    for cls in type(value).__mro__:
        if cls in json_types:
            return json_types[cls](value)
    raise TypeError(f"JSON has no {type(value).__name__}: make a str, number, list or dict of {value!r:.80}")


encode_json = json.JSONEncoder(allow_nan=False, default=_convert).encode
encode_compact_json = json.JSONEncoder(allow_nan=False, separators=(",", ":"), default=_convert).encode

#: Takes the blocking calls of the current request, if its server has a thread for it: an object whose `take(call)`
#: runs a function without arguments, which does not raise, in that thread, or returns False.
request_thread: "contextvars.ContextVar" = contextvars.ContextVar("request_thread", default=None)


async def run_in_thread(pool, function, *args, **kwargs):
    """Call *function* in the request's thread, or one of *pool*; return its result.

    The function gets the current context variables, and what it sets in them stays set.
    """
    context = contextvars.copy_context()
    try:
        return await _run(pool, context, function, *args, **kwargs)
    finally:
        _adopt(context)


def _adopt(context):
    """Set the context variables as they are in *context*, a copy of the current one."""
    for variable in context:
        if variable.get(context) is not context[variable]:
            variable.set(context[variable])


async def _run(pool, context, function, *args, **kwargs):
    """Call *function* in a thread and in *context*; return its result."""
    loop = asyncio.get_running_loop()
    future = loop.create_future()

    def call():
        result = error = None
        try:
            result = context.run(function, *args, **kwargs)
        except (StopIteration, StopAsyncIteration, GeneratorExit) as raised:
            # The coroutines above would take them for their own; Python does the same when a coroutine raises one.
            error = RuntimeError(f"{_name(function)} raised {type(raised).__name__}")
            error.__cause__ = raised
        except BaseException as raised:
            error = raised
        try:
            loop.call_soon_threadsafe(_settle, future, result, error)
        except RuntimeError:
            pass  # the event loop has ended: nobody waits any more

    thread = request_thread.get()
    if thread is None or not thread.take(call):
        pool.start(call)
    return await future


def _settle(future, result, error):
    if future.done():  # cancelled
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)


def _name(function):
    return getattr(function, "__qualname__", None) or repr(function)


def mark_handler(function) -> None:
    """Remember that a function is the handler of a route, so that `wraps()` can log decorators that come too late."""
    if inspect.isfunction(function):
        setattr(function, _HANDLER, True)


def wraps(wrapped: Callable[..., Any]):
    """Return a decorator like that of `functools`; log it if a handler's decorator is written above its route's."""
    if getattr(wrapped, _HANDLER, False):
        name = f"{wrapped.__module__}.{wrapped.__qualname__}"
        log_error(f"A decorator of {name} has no effect on its route: write it below the route's, not above")

    def decorator(wrapper):
        functools.update_wrapper(wrapper, wrapped)
        wrapper.__dict__.pop(_HANDLER, None)
        return wrapper

    return decorator


def invoke_handler(handler: Callable[..., Any], *args: Any, **kwargs: Any) -> Awaitable[Any]:
    """Call *handler*; await what this returns for its result: a function is called in a thread."""
    code = getattr(handler, "__code__", None)  # the usual case, and quicker than asking inspect
    if code and code.co_flags & _COROUTINE:
        return handler(*args, **kwargs)
    return _invoke(handler, args, kwargs)


async def _invoke(handler, args, kwargs):
    if inspect.iscoroutinefunction(handler):
        return await handler(*args, **kwargs)
    pool = getattr(handler, "_threads", threads.handlers)
    result = await run_in_thread(pool, handler, *args, **kwargs)
    return await result if iscoroutine(result) else result


def is_fault(error, owner) -> bool:
    """Return whether an exception is an error of the application, to be logged and answered with status 500.

    All others must be raised again: KeyboardInterrupt, MemoryError, CancelledError if the task has been cancelled, and
    SystemExit in a thread of a WSGI server, which may be the server's. Python 3.10 does not tell whether a task has
    been cancelled: there every CancelledError in a task is raised again.
    """
    try:
        task = asyncio.current_task()
    except RuntimeError:  # a WSGI server's thread
        task = None
    if isinstance(error, asyncio.CancelledError):
        return task is None or hasattr(task, "cancelling") and not task.cancelling()
    if isinstance(error, SystemExit):
        return task is not None
    return isinstance(error, (Exception, GeneratorExit)) and not isinstance(error, MemoryError)


def uncancel(task) -> None:
    """Tell a task that a cancellation has been dealt with, as Python 3.11 and later expect."""
    if hasattr(task, "uncancel"):
        task.uncancel()


def opens_files(function):
    """Mark a handler to be called in one of the threads for files; may be used as a decorator."""
    function._threads = threads.files
    return function


def log_refusals(function: "F") -> "F":
    """Log that a file may not be read where *function* hides that from the client, as 404; a decorator."""

    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        except Exception as error:
            hidden = error.__context__
            if isinstance(hidden, PermissionError):
                log_error(f"Cannot read {hidden.filename!r}: {hidden.strerror}")
            raise

    return wrapper  # type: ignore[return-value]


@types.coroutine
def run_in(context, coroutine):
    """Run *coroutine* in *context*, inside the task that awaits this."""
    step, value = coroutine.send, None
    while True:
        try:
            awaited = context.run(step, value)
        except StopIteration as stop:
            return stop.value
        try:
            step, value = coroutine.send, (yield awaited)
        except BaseException as error:
            step, value = coroutine.throw, error


@types.coroutine
def isolate(coroutine):
    """Run *coroutine*, which returns nothing, in a copy of the current context; to be awaited.

    The context variables that it sets are set in the copy only. Every request passes here, and most end at the first
    step. `next()` with a default notices the end without an exception, which would cost more than all the rest; it is
    enough, because asyncio sends nothing but None into a task.
    """
    run = contextvars.copy_context().run
    steps = coroutine.__await__()
    awaited = run(next, steps, _END)
    while awaited is not _END:
        try:
            yield awaited
        except BaseException as error:
            awaited = run(_throw, steps, error)
        else:
            awaited = run(next, steps, _END)


def _throw(steps, error):
    try:
        return steps.throw(error)
    except StopIteration:
        return _END


class SyncItems:
    """The items of a synchronous iterator as an asynchronous one.

    A thread takes them, so that an iterator that blocks does not block the event loop. It takes many at a time, and
    hands over each one as soon as it has it. It stays at most `_AHEAD` items ahead, and no more than one item beyond
    `_AHEAD_SIZE` bytes or characters.
    """

    _AHEAD = 64
    _AHEAD_SIZE = 256 * 1024
    _ENDS = (SystemExit, KeyboardInterrupt)

    def __init__(self, iterator):
        self._iterator = iterator
        self._context: "contextvars.Context | None" = None  # the iterator's, from its first item to its end
        self._ready: "collections.deque" = collections.deque()
        self._arrived = asyncio.Event()
        self._taking: "asyncio.Future | None" = None
        self._ended = False

    async def __anext__(self):
        while not self._ready:
            if self._taking and self._taking.done():
                taking, self._taking = self._taking, None
                error = taking.result()  # raises what the iterator raised, unless it was one of `_ENDS`
                if error is not None:
                    raise error
            elif self._ended:
                raise StopAsyncIteration
            else:
                if not self._taking:
                    self._taking = asyncio.ensure_future(self._run_take())
                    self._taking.add_done_callback(lambda _: self._arrived.set())
                await self._arrived.wait()
                self._arrived.clear()
        return self._ready.popleft()

    def _run_take(self):
        if self._context is None:
            self._context = contextvars.copy_context()
        return _run(threads.streams, self._context, self._take, asyncio.get_running_loop())

    def _take(self, loop):
        """Take items; return the exception of `_ENDS` that the iterator raised, or None.

        A task that raised it would end the event loop, and with it all other requests.
        """
        size = 0
        for _ in range(self._AHEAD):
            if self._ended or size >= self._AHEAD_SIZE:
                return None
            try:
                item = next(self._iterator)
            except StopIteration:
                self._ended = True
                return None
            except self._ENDS as error:
                return error
            size += len(item) if hasattr(item, "__len__") else 0
            self._ready.append(item)
            if not self._arrived.is_set():
                loop.call_soon_threadsafe(self._arrived.set)
        return None

    async def aclose(self):
        """Close the iterator, as soon as the thread has left it."""
        self._ended = True
        if self._taking:
            await asyncio.wait([self._taking])
            error = None if self._taking.cancelled() else self._taking.exception()
            if error is not None:
                log_error("Exception in the body of a response that nobody reads any more", error)
        close = getattr(self._iterator, "close", None)
        if self._context is None:
            if close:
                close()
            return
        if close:
            self._context.run(close)
        _adopt(self._context)


def escape_controls(text: str) -> str:
    """Return a text for a line of a log: all that is not printable but the tab is escaped."""
    if text.isprintable():
        return text
    return "".join([char if char.isprintable() or char == "\t" else repr(char)[1:-1] for char in text])


def log_error(message: str, error=None) -> None:
    """Write to the log `microdot.error`, with an exception's traceback; the console shows it unless configured."""
    try:
        # In a tuple, because logging asks what it is given whether it is true, and an exception may have a length of 0.
        exc_info = None if error is None else (type(error), error, error.__traceback__)
        _error_log.error(escape_controls(message), exc_info=exc_info)
    except Exception as second:  # before 3.13 Python asks an exception for attributes, and its `__getattr__` may fail
        _error_log.error("%s: a %s, whose traceback cannot be shown because of a %s",
                         escape_controls(message), type(error).__name__, type(second).__name__)  # fmt: skip


def log_recovery(message: str) -> None:
    """Write to the log `microdot.error` that an error is over.

    This is a warning, because without a configuration Python shows nothing less, and the error has been shown.
    """
    _error_log.warning(escape_controls(message))


def _escape_traceback(record):
    """Set the text of a record's traceback if that of the exception could look like another entry; a filter."""
    if record.exc_info and record.exc_info[0] and not record.exc_text:
        plain = "".join(parts := traceback.format_exception(*record.exc_info))
        escaped = "".join(map(_escape_part, parts))
        if escaped != plain:
            record.exc_text = escaped.rstrip("\n")
    return True


def _escape_part(part):
    """Escape a part of a traceback, of which all lines but the first are indented."""
    start = len(part) - len(part.lstrip("\n"))
    body = part[start:].rstrip("\n")
    first, *others = map(escape_controls, body.split("\n"))
    lines = [first] + [line if line[:1] in ("", " ") else "    " + line for line in others]
    return part[:start] + "\n".join(lines) + part[start + len(body) :]


_error_log.addFilter(_escape_traceback)


class _KeepingHandler(logging.Handler):
    """Gives the text of what is logged to functions, and shows it as if this handler did not exist."""

    def __init__(self):
        super().__init__()
        self.functions = []

    def emit(self, record):
        for keep in self.functions:
            keep(self.format(record))
        if len(_error_log.handlers) == 1 and not logging.getLogger("microdot").hasHandlers() and logging.lastResort:
            logging.lastResort.handle(record)


_keeping = _KeepingHandler()


def add_log(keep) -> None:
    """Call *keep* with the text of everything that `log_error()` writes."""
    if keep not in _keeping.functions:
        _keeping.functions.append(keep)
        _error_log.addHandler(_keeping)


def log_to_console(text: str) -> None:
    """Write a line on the console alone."""
    print(text, flush=True)


def log_access(message: str) -> None:
    """Write to the log `microdot.access`."""
    _access_log.info(escape_controls(message))


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

    ASGI servers check whether this is a coroutine function (`inspect.iscoroutinefunction()`), and a partial object of
    one counts as one. A WSGI server passes two arguments and awaits nothing, an ASGI 2 server passes one.
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
