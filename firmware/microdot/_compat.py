"""What differs between the two Pythons: this is MicroPython's part; on CPython that of `_cpython` replaces it."""

import asyncio
import gc
import io
import json
import sys

if -0:  # for type checkers: MicroPython's compiler leaves this out, and Pyright reads it, unlike "if False"
    from typing import Any, Callable, TypeVar

    F = TypeVar("F", bound=Callable[..., Any])

if hasattr(gc, "threshold") and gc.threshold() < 0:
    # Collect garbage before it fills the heap, unless the application has set a threshold. Otherwise what is kept ends
    # up all over the heap, with no gap large enough for a body. So this comes before all other modules.
    gc.threshold((gc.mem_free() + gc.mem_alloc()) // 4)

MICROPYTHON = sys.implementation.name == "micropython"
#: Default of `Request.max_fields`.
MAX_FIELDS = 64
#: How often servers check their deadlines and call the `look()` of what watches a connection.
TICKS_PER_SECOND = 4
# A board's network has a fixed number of connections. lwIP has five on RP2 chips. ESP-IDF has ten sockets, of which one
# listens and two are left to the application (MQTT, WebREPL). In both cases one is left for a newcomer.
DEFAULT_MAX_CONNECTIONS = {"rp2": 4, "esp32": 6, "linux": 64}.get(sys.platform, 8)
DEFAULT_MAX_HEAD = 4096
#: `Request.max_readline` until an application sets it, and the limit of the framework's own server until then.
DEFAULT_MAX_READLINE = MAX_LINE = 2048
#: Default of `Microdot.max_buffered`.
MAX_BUFFERED = (gc.mem_free() + gc.mem_alloc()) // 4 if MICROPYTHON else 64 * 1024 * 1024
#: Least size in bytes of the pieces in which files are read: larger ones save time where there is memory for them.
MIN_FILE_CHUNK = 16 * 1024 if MICROPYTHON and gc.mem_free() + gc.mem_alloc() > 512 * 1024 else 0


def const(value: "Any") -> "Any":
    """Return *value*. MicroPython's compiler puts it where `_NAME = const(1)` is used, which saves memory and time."""
    return value


def wraps(wrapped: "Callable[..., Any]") -> "Callable[[F], F]":
    """Return a decorator that changes nothing: functions have no attributes to copy."""

    def decorator(wrapper):
        return wrapper

    return decorator


def mark_handler(function) -> None:
    """Do nothing: functions have no attributes."""


#: MicroPython's generators and coroutines.
Generator = type((lambda: (yield))())


def iscoroutine(value: object) -> bool:
    """Return whether *value* can be awaited; MicroPython's coroutines are generators."""
    return isinstance(value, Generator)


def drive(generator):
    """Run *generator* up to its next value; return (value, False) or, at its end, (what it returned, True).

    On MicroPython a generator that awaits yields None to the event loop. An asynchronous generator yields its values in
    between, and `await` would pass them to the event loop, too. So this passes None on and returns everything else.
    """
    error = None
    suspended = False
    while True:
        if suspended:
            try:
                yield
            except BaseException as caught:  # a cancellation, which the generator has to handle
                error = caught
        try:
            value = generator.send(None) if error is None else generator.throw(error)
        except StopIteration as stop:
            return stop.value, True
        if value is not None:
            return value, False
        error = None
        suspended = True


def invoke_handler(handler: "Callable[..., Any]", *args: "Any", **kwargs: "Any") -> "Any":
    """Call *handler*, a function or coroutine function; await what this returns for its result."""
    return _result(handler(*args, **kwargs))  # so that no coroutine keeps the arguments while the handler runs


async def _result(result):
    """Return a handler's result: what it returned or, if that is a coroutine, what the coroutine returns.

    A coroutine cannot be told from a generator before it runs. If the first value is not one for the event loop, it is
    a generator, and so a response body.
    """
    if not isinstance(result, Generator):
        return result
    value, ended = await drive(result)
    return value if ended else _prepend(value, result)


def _prepend(first, generator):
    yield first
    yield from generator


#: Serves the requests of other servers, of which a board has none.
ServerCall = None


def is_fault(error, owner) -> bool:
    """Return whether an exception is an error of the application, to be logged and answered with status 500.

    All others must be raised again: SystemExit, which is a soft reset, KeyboardInterrupt, MemoryError, and
    CancelledError if *owner*, a transport or server, has cancelled what ran. A CancelledError of something that the
    application waited for is an error of the application.
    """
    if isinstance(error, asyncio.CancelledError):
        return not (owner and owner.cancelled)
    # Nothing else may leave a task: MicroPython's event loop would end.
    return not isinstance(error, (SystemExit, KeyboardInterrupt, MemoryError))


def uncancel(task) -> None:
    """Do nothing: tasks do not count their cancellations."""


def opens_files(function):
    """Return *function*: there are no threads."""
    return function


def log_refusals(function: "F") -> "F":
    """Return *function*: the filesystems of boards know no permissions."""
    return function


def isolate(coroutine):
    """Return *coroutine*, to be awaited: there are no context variables."""
    return coroutine


def fspath(path) -> str:
    """Return a file's path, a str or a `pathlib.Path`, as a str.

    :raises TypeError: if it is neither.
    """
    if isinstance(path, str):
        return path
    if hasattr(path, "__fspath__"):
        return path.__fspath__()
    if hasattr(path, "exists"):  # micropython-lib's Path
        return str(path)
    raise TypeError("a path must be a str or a Path, not " + repr(path)[:80])


#: Returns a value as JSON. MicroPython's also makes a text of what JSON cannot hold.
encode_json = json.dumps


def encode_compact_json(value) -> str:
    """Return *value* as JSON without blanks."""
    return json.dumps(value, separators=(",", ":"))


def escape_controls(text: str) -> str:
    """Return a text for a line of a log: what a terminal could obey, or take for a line end, is escaped.

    These are control characters but the tab, and those that separate lines or turn the direction of text.
    """
    last = 0  # the last three bytes; a character of its own would stay in MicroPython's memory for ever
    for byte in memoryview(text):
        last = (last << 8 | byte) & 0xFFFFFF
        if byte < 32 and byte != 9 or byte == 127 or byte < 0xA0 and last & 0xFF00 == 0xC200 or _turns_text(last):
            return repr(text)[1:-1]
    return text


def _turns_text(character):
    """Return whether this is the UTF-8 of a character that breaks lines, turns the direction of text, or is invisible.

    They are U+200B to U+200F, U+2028 to U+202F, and U+2060 to U+206F.
    """
    return 0xE2808B <= character <= 0xE2808F or 0xE280A8 <= character <= 0xE280AF or 0xE281A0 <= character <= 0xE281AF


def log_error(message: str, error=None) -> None:
    """Write a line on the console, and an exception's traceback; neither can look like another entry."""
    shown = None
    try:
        message = escape_controls(message)
        shown = None if error is None else _escape_exception(error)
    except MemoryError:
        pass  # the error that is logged may be a lack of memory
    except Exception as second:  # raised by the exception's own `__str__`
        shown = "%s, whose text cannot be shown because of a %s\n" % (type(error).__name__, type(second).__name__)
    print(message)
    if shown:
        print(shown, end="")
    elif error is not None:
        sys.print_exception(error)
    for keep in _logs:
        try:
            keep(message)
            if error is not None:
                keep(shown or _format_exception(error))
        except MemoryError:
            pass


def _escape_exception(error):
    """Return an exception's traceback if its text has to be escaped, else None."""
    text = str(error)
    escaped = escape_controls(text)
    return None if escaped == text else _format_exception(error).replace(text, escaped)


def _format_exception(error):
    text = io.StringIO()
    sys.print_exception(error, text)
    return text.getvalue()


_logs = []


def add_log(keep: "Callable[[str], object]") -> None:
    """Call *keep* with the text of everything that `log_error()` writes."""
    if keep not in _logs:
        _logs.append(keep)


def log_to_console(text: str) -> None:
    """Write a line on the console alone."""
    print(text)


def log_access(message: str) -> None:
    """Write a line on the console."""
    print(message)


def enable_access_log() -> None:
    """Do nothing: the console shows every line."""


if not MICROPYTHON:
    from ._cpython import *
