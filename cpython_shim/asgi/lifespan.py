"""The ASGI lifespan protocol."""

import traceback

from microdot._compat import log_error
from microdot.errors import is_http_error


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
    except (Exception, SystemExit) as error:  # a server would take SystemExit for a lack of this protocol, and go on
        text = "".join(traceback.format_exception_only(type(error), error)).strip()
        if isinstance(error, SystemExit) or is_http_error(error):  # meant by the application; Redis is away, say
            log_error(f"Exception in lifespan {phase}: {text}")
        else:
            log_error(f"Exception in lifespan {phase}", error)
        await send({"type": f"lifespan.{phase}.failed", "message": text})
        return False
    await send({"type": f"lifespan.{phase}.complete"})
    return True
