"""Work after the response: what `request.background()` has been given, run in tasks that a shutdown waits for."""

import asyncio

from ._compat import log_error


async def run(coroutine) -> None:
    """Wait for a coroutine; an exception of it is logged."""
    try:
        await coroutine
    except Exception as error:
        log_error("Exception in background work", error)


async def _run_task(tasks, coroutine):
    try:
        await run(coroutine)
    finally:
        tasks.remove(asyncio.current_task())


def start(app, coroutines) -> None:
    """Run coroutines, each in a task of its own; the application's `background_tasks` are those not yet done."""
    for coroutine in coroutines:
        app.background_tasks.append(asyncio.create_task(_run_task(app.background_tasks, coroutine)))
