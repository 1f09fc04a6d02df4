"""Work after the response: what `request.background()` has been given, run in tasks that a shutdown waits for."""

import asyncio

from ._compat import log_error


async def _run_task(tasks, coroutine):
    try:
        await coroutine
    except Exception as error:
        log_error("Exception in background work", error)
    finally:
        tasks.remove(asyncio.current_task())


def start(app, coroutines) -> tuple:
    """Run coroutines, each in a task of its own; return the tasks.

    The application's `background_tasks` are those not yet done.
    """
    tasks = app.background_tasks
    for coroutine in coroutines:
        tasks.append(asyncio.create_task(_run_task(tasks, coroutine)))
    return tuple(tasks[-len(coroutines) :])
