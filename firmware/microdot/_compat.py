"""What differs between the two Pythons: MicroPython's part is here; CPython's, in `_cpython`, takes its place there."""

import gc
import sys

if False:  # for type checkers: MicroPython's compiler leaves this out
    from typing import Any, Callable, TypeVar

    F = TypeVar("F", bound=Callable[..., Any])

MICROPYTHON = sys.implementation.name == "micropython"
DEFAULT_MAX_CONNECTIONS = 8
#: Default of `Request.max_fields`.
MAX_FIELDS = 64
#: Least size in bytes of the pieces in which files are read: larger ones save time where there is memory for them.
MIN_FILE_CHUNK = 16 * 1024 if MICROPYTHON and gc.mem_free() + gc.mem_alloc() > 512 * 1024 else 0


def wraps(wrapped: "Callable[..., Any]") -> "Callable[[F], F]":
    """Return a decorator that changes nothing: functions have no attributes to copy."""

    def decorator(wrapper):
        return wrapper

    return decorator


#: MicroPython's generators and coroutines.
Generator = type((lambda: (yield))())


def iscoroutine(value) -> bool:
    """Return whether *value* can be awaited; MicroPython's coroutines are generators."""
    return isinstance(value, Generator)


def drive(generator):
    """Run *generator* up to its next value; return (value, False) or, at its end, (what it returned, True).

    A generator of this MicroPython that awaits yields None to the event loop, and its values, if it is an asynchronous
    one, between those: `await` would take them all for the event loop's. So this passes None on and returns the rest.
    """
    error = None
    suspended = False
    while True:
        if suspended:
            try:
                yield
            except BaseException as caught:  # cancellation: the generator's to handle
                error = caught
        try:
            value = generator.send(None) if error is None else generator.throw(error)
        except StopIteration as stop:
            return stop.value, True
        if value is not None:
            return value, False
        error = None
        suspended = True


def invoke_handler(handler, *args, **kwargs):
    """Call *handler*, a function or coroutine function; await what this returns for its result."""
    return _result(handler(*args, **kwargs))  # so that no coroutine keeps the arguments while the handler runs


async def _result(result):
    """Return a handler's result: what it returned, or what the coroutine that it returned returns.

    Where that is a generator it cannot be known for a coroutine before it runs. If its first value is not one for the
    event loop, it is a response body.
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


def opens_files(function):
    """Return *function*: there are no threads."""
    return function


def isolate(coroutine):
    """Return *coroutine*, to be awaited: there are no context variables."""
    return coroutine


def log_error(message: str, error=None) -> None:
    """Write a line on the console, and an exception's traceback."""
    print(message)
    if error:
        sys.print_exception(error)


def log_access(message: str) -> None:
    """Write a line on the console."""
    print(message)


def enable_access_log() -> None:
    """Do nothing: the console shows every line."""


if not MICROPYTHON:
    from ._cpython import *
