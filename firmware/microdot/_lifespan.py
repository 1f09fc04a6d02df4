"""What runs beside the server: functions that it calls at its start and its end, and tasks that run in between."""

import asyncio
import time

from ._compat import invoke_handler, is_fault, log_error

#: Seconds after which a task that has failed is started again: at first, and at most.
FIRST_PAUSE = 1
MAX_PAUSE = 60


class Lifespan:
    """The life of one application beside its servers, or beside the server of its process.

    Several servers may serve an application: the first one starts the tasks, the last one stops them.
    """

    #: Whether the functions for the start have been called, and the tasks run.
    started = False
    _stopping = False

    def __init__(self, app):
        self._app = app
        self.startup = []  # functions
        self.shutdown = []
        self.functions = []  # each runs in a task
        self._tasks = []
        self._servers = 0
        self._starting = None  # the Event of a start that has begun

    def add(self, function) -> None:
        """Run a function in a task, from now on if the server runs already."""
        self.functions.append(function)
        if self.started:
            self._create(function)

    def include(self, other: "Lifespan") -> None:
        """Take over the functions of a mounted application."""
        for own, others in (
            (self.startup, other.startup),
            (self.shutdown, other.shutdown),
            (self.functions, other.functions),
        ):
            own.extend([function for function in others if function not in own])

    async def start(self) -> None:
        """Call the functions for the start in their order, then start the tasks; a server calls this.

        :raises Exception: what such a function raises: the server must not start.
        """
        await self.start_once()
        self._servers += 1

    async def start_once(self) -> None:
        """Start unless that has happened; called before each request if the server does not announce its start.

        :raises Exception: as `start()` does; the next request tries again.
        """
        while self._starting:
            await self._starting.wait()
        if self.started:
            return
        self._starting = asyncio.Event()
        try:
            for function in self.startup:
                await invoke_handler(function)
            self.started = True
        finally:
            self._starting.set()
            self._starting = None
        self._stopping = False
        for function in self.functions:
            self._create(function)

    async def stop(self) -> None:
        """Cancel the tasks and wait for their end, then call the functions for the end in the reverse order."""
        self._servers -= 1
        if self._servers > 0 or not self.started:
            return
        self._servers = 0
        self._stopping = True
        for task in self._tasks:
            task.cancel()
        waited = 0
        while not all(task.done() for task in self._tasks) and waited <= self._app.shutdown_timeout:
            await asyncio.sleep(0.02)
            waited += 0.02
        self._tasks = []
        self.started = False
        for function in reversed(self.shutdown):
            try:
                await invoke_handler(function)
            except Exception as error:
                log_error("Exception in a function for the shutdown", error)

    def _create(self, function):
        self._tasks.append(asyncio.create_task(self._run(function)))

    async def _run(self, function):
        """Run a function until it returns; after an exception start it again, with longer pauses if it fails soon."""
        pause = FIRST_PAUSE
        while not self._stopping:
            begun = 0
            try:
                begun = time.time()  # if somebody sets the clock, a pause is too long or too short, which does no harm
                await invoke_handler(function)
                return
            except BaseException as error:
                self._report(error)
            try:
                if abs(time.time() - begun) > MAX_PAUSE:
                    pause = FIRST_PAUSE
            except MemoryError:
                pass  # on MicroPython the time is an object, for which there may be no room; the task must not end
            await asyncio.sleep(pause)
            pause = min(2 * pause, MAX_PAUSE)

    def _report(self, error):
        """Log an exception of a task; raise it again if it ends the task for good."""
        server = self._app.server
        if isinstance(error, asyncio.CancelledError) and self._stopping:
            raise error
        if isinstance(error, MemoryError) or is_fault(error, server):
            log_error("Exception in a task, which will be started again", error)
        elif isinstance(error, (SystemExit, KeyboardInterrupt)) and hasattr(server, "end"):
            self._stopping = True
            server.end(error)
        else:
            raise error
