"""The event loop of a WSGI process, in a thread of its own, and the server's threads that wait for it.

A WSGI server calls the application from threads that have no event loop, and may fork. So one loop a process runs all
coroutines: what they share (locks, queues, events) works, and tasks that they start go on after the response. It starts
with the first coroutine; importing this module starts nothing.
"""

import asyncio
import contextvars
import os
import queue
import selectors
import sys
import threading
import types

from microdot._compat import iscoroutine, request_thread, run_in

_lock = threading.Lock()
_loop = None
_thread = None
_pid = None


class _SharedThreadSelector(selectors.DefaultSelector):
    """The selector of a loop that runs in a greenlet: while it waits no loop seems to run in the one real thread.

    Else `asyncio.run()` would fail in all other greenlets. One that waits itself finds its own loop again.
    """

    _elsewhere = None

    def select(self, timeout=None):
        own = asyncio._get_running_loop()
        asyncio._set_running_loop(self._elsewhere)
        try:
            return super().select(timeout)
        finally:
            self._elsewhere = asyncio._get_running_loop()
            asyncio._set_running_loop(own)


def _new_loop():
    if "gevent" in sys.modules:
        from gevent.monkey import is_module_patched

        if is_module_patched("threading"):
            return asyncio.SelectorEventLoop(_SharedThreadSelector())
    return asyncio.new_event_loop()


def get_loop():
    """Return the event loop of this process, and start it if necessary; after a fork the child gets a new one."""
    global _loop, _pid, _thread
    if _pid != os.getpid():
        with _lock:
            if _pid != os.getpid():
                loop = _new_loop()
                thread = threading.Thread(target=loop.run_forever, name="microdot-wsgi-loop", daemon=True)
                thread.start()
                _loop, _thread, _pid = loop, thread, os.getpid()
    return _loop


def in_loop():
    """Return whether the caller runs in that event loop.

    Under gevent the loop's thread is a greenlet, and asyncio could not tell it from the others.
    """
    return _thread is not None and _thread.ident == threading.get_ident()


class RequestThread:
    """A server's thread while it serves a request.

    It calls the application's functions, and waits while the event loop runs its coroutines; what blocks in those comes
    back to it. All code of the application for the request, its body's included, runs in one context, a copy of the one
    in which the server called: it has what middleware has set, and nothing that it sets gets out of it. Only one thread
    can be in a context at a time: this one leaves it while the loop's is in it.
    """

    def __init__(self):
        self.context = contextvars.copy_context()
        self.context.run(request_thread.set, self)
        self._calls = None  # while it waits for a coroutine: functions to call, and None at the end
        self._busy = False

    def take(self, call):
        """Let this thread run *call* if it only waits; return whether it will."""
        if self._calls is None or self._busy:
            return False
        self._busy = True
        self._calls.put(call)
        return True

    def call(self, function, *args):
        """Call a function of the application in this thread and return its result."""
        return self.context.run(function, *args)

    def run(self, coroutine):
        """Run *coroutine* in the event loop and return its result or raise its exception."""
        calls = queue.SimpleQueue()
        result = error = None

        async def work():
            nonlocal result, error
            self._calls = calls
            try:
                result = await run_in(self.context, coroutine)
            except BaseException as raised:  # SystemExit is for this request's thread, not for the loop's
                error = raised
            self._calls = None
            calls.put(None)

        loop = get_loop()
        tasks = []  # the loop does not keep references to them
        loop.call_soon_threadsafe(lambda: tasks.append(loop.create_task(work())))
        while call := calls.get():
            call()
            self._busy = False
        try:
            if error is not None:  # an exception may have a length of 0, and so be false
                raise error
            return result
        finally:
            error = None  # it refers to this frame

    def finish(self, coroutine):
        """Run a coroutine of the framework in this thread and return its result; it awaits `by_loop()` only."""
        step, value = coroutine.send, None
        while True:
            try:
                awaited = self.context.run(step, value)
            except StopIteration as stop:
                return stop.value
            if not iscoroutine(awaited):
                coroutine.close()
                raise RuntimeError("a coroutine of the framework waited outside of the event loop")
            try:
                step, value = coroutine.send, self.run(awaited)
            except GeneratorExit as error:  # thrown, it would close the coroutines on the way
                step, value = coroutine.throw, RuntimeError(f"a coroutine raised {error!r}")
                value.__cause__ = error
            except BaseException as error:
                step, value = coroutine.throw, error


@types.coroutine
def by_loop(coroutine):
    """Let the event loop run *coroutine*, and return its result; awaited in `RequestThread.finish()`."""
    return (yield coroutine)


def _after_fork_in_child():
    global _lock, _thread
    _lock = threading.Lock()  # a thread that does not exist here may have held the parent's lock
    _thread = None  # a new one may have the same number


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
