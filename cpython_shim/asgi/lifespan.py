"""The ASGI lifespan protocol."""

from microdot._compat import log_error


async def serve_lifespan(startup, shutdown, scope, receive, send):
    """Answer the server's lifespan messages.

    :param startup: `async f(scope)` called before the first request, or None; an exception stops the server.
    :param shutdown: the same, called after the last request.
    """
    if await _step("startup", startup, scope, receive, send):
        await _step("shutdown", shutdown, scope, receive, send)


async def _step(phase, function, scope, receive, send):
    """Wait for the message of *phase*, call *function* and answer; return whether the function succeeded."""
    await receive()
    try:
        if function:
            await function(scope)
    except Exception as error:
        log_error(f"Exception in lifespan {phase}", error)
        await send({"type": f"lifespan.{phase}.failed", "message": repr(error)})
        return False
    await send({"type": f"lifespan.{phase}.complete"})
    return True
