"""Work after the response: runs the coroutines of `request.background()` in tasks that a shutdown waits for."""

import asyncio

from ._compat import is_fault, log_error


async def _run_task(app, coroutine):
    server = app.server
    try:
        await coroutine
    except BaseException as error:
        if is_fault(error, server) or isinstance(error, MemoryError):
            log_error("Exception in background work", error)
        elif isinstance(error, (SystemExit, KeyboardInterrupt)) and server:
            server.end(error)
        else:
            raise
    finally:
        app.background_tasks.remove(asyncio.current_task())


def start(app, coroutines) -> tuple:
    """Run coroutines, each in a task of its own; return the tasks.

    The application's `background_tasks` are those not yet done.
    """
    tasks = app.background_tasks
    for coroutine in coroutines:
        tasks.append(asyncio.create_task(_run_task(app, coroutine)))
    return tuple(tasks[-len(coroutines) :])
