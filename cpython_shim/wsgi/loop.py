"""The event loop of a WSGI process, in a thread of its own.

A WSGI server calls the application from threads that have no event loop, and may fork. So one loop a process runs all
coroutines: what they share (locks, queues, events) works, and tasks that they start go on after the response. It starts
with the first coroutine; importing this module starts nothing.
"""

import asyncio
import contextvars
import os
import threading

_lock = threading.Lock()
_loop = None
_thread = None
_pid = None


def get_loop():
    """Return the running event loop of this process, starting it if need be; after a fork the child gets a new one."""
    global _loop, _pid, _thread
    if _pid != os.getpid():
        with _lock:
            if _pid != os.getpid():
                loop = asyncio.new_event_loop()
                thread = threading.Thread(target=loop.run_forever, name="microdot-wsgi-loop", daemon=True)
                thread.start()
                _loop, _thread, _pid = loop, thread, os.getpid()
    return _loop


def in_loop():
    """Return whether the caller runs in that event loop.

    Under gevent its thread is a greenlet; asyncio would say the same of every other one.
    """
    return _thread is not None and _thread.ident == threading.get_ident()


def run(coroutine):
    """Run *coroutine* in the event loop and return its result or raise its exception; the calling thread waits.

    The thread's context variables go with it and come back as it left them.
    """
    loop = get_loop()
    done = threading.Lock()  # held until the coroutine ends: lighter than a concurrent.futures.Future
    done.acquire()
    result = error = context = None

    async def work():
        nonlocal result, error, context
        try:
            result = await coroutine
        except BaseException as raised:  # SystemExit too is for this request's thread and would end the loop's
            error = raised
        context = contextvars.copy_context()
        done.release()

    tasks = []  # the loop itself does not keep them
    loop.call_soon_threadsafe(lambda: tasks.append(loop.create_task(work())))
    done.acquire()
    for variable, value in context.items():
        if variable.get(context) is not value:
            variable.set(value)
    try:
        if error:
            raise error
        return result
    finally:
        error = None  # it refers to this frame


def finish(coroutine):
    """Return the result of a coroutine that never waits, without an event loop."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    coroutine.close()
    raise RuntimeError("a coroutine of the framework waited outside of the event loop")


def _after_fork_in_child():
    global _lock, _thread
    _lock = threading.Lock()  # the parent's may have been held by a thread that does not exist here
    _thread = None  # a new one may have the same number


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
