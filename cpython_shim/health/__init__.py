"""Pages that say whether an application is alive and ready, for load balancers and supervisors.

>>> from microdot.health import Health
>>> health = Health(app)
>>> @health.check
... async def database():
...     await pool.execute('select 1')
"""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from microdot._compat import invoke_handler, log_error

__all__ = ["Health"]

F = TypeVar("F", bound=Callable[..., Any])
_NO_STORE = {"Cache-Control": "no-store"}


class Health:
    """Serves two pages: one says that the application is alive, the other one whether it is ready for requests.

    The second one has status 200 if all checks pass, 503 if one fails. It only names the checks: the log
    says why one failed.

    :param live: the path of the first page; it runs no checks, so that a lost database restarts nothing.
    :param ready: the path of the second page.
    :param timeout: seconds that all checks together may take; those that take longer have failed.
    """

    def __init__(self, app: Any = None, live: str = "/health", ready: str = "/ready", timeout: float = 5):
        self.live = live
        self.ready = ready
        self.timeout = timeout
        self._checks: dict[str, Callable[..., Any]] = {}
        self._failed: set[str] = set()  # what the log knows already
        if app is not None:
            self.initialize(app)

    def initialize(self, app: Any) -> None:
        """Add the two pages to *app*."""
        app.get(self.live)(self._serve_live)
        app.get(self.ready)(self._serve_ready)

    def check(self, f: "F") -> "F":
        """Register `f()`, a function or coroutine function: the check fails if it raises or returns False."""
        self._checks[f.__name__] = f
        return f

    async def _serve_live(self, request):
        return {"status": "alive"}, _NO_STORE

    async def _serve_ready(self, request):
        names = list(self._checks)
        passed = await asyncio.gather(*[self._run(name) for name in names])
        checks = {name: "ok" if ok else "failed" for name, ok in zip(names, passed, strict=True)}
        ready = all(passed)
        return {"status": "ready" if ready else "not ready", "checks": checks}, 200 if ready else 503, _NO_STORE

    async def _call(self, name):
        """Return what a check returns; SystemExit becomes another error: a task that raises it ends the event loop."""
        try:
            return await invoke_handler(self._checks[name])
        except SystemExit as error:
            raise RuntimeError("it raised SystemExit") from error

    async def _run(self, name):
        """Return whether a check passes; log the first of several failures in a row."""
        try:
            result = await asyncio.wait_for(self._call(name), self.timeout)
            error = None if result is not False else ValueError("it returned False")
        except asyncio.TimeoutError:
            error = TimeoutError(f"it took longer than {self.timeout} seconds")
        except Exception as raised:
            error = raised
        if error is None:
            self._failed.discard(name)
            return True
        if name not in self._failed:
            self._failed.add(name)
            log_error(f"The health check {name} failed", error)
        return False
