"""The event loop in which an application is tested, in a thread of its own."""

import asyncio
import concurrent.futures
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class LoopThread:
    """An event loop that runs in a thread until `close()`."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="microdot-test-client", daemon=True)
        self._thread.start()

    def run(self, coroutine: "Coroutine[Any, Any, T]", timeout: "float | None") -> T:
        """Return what a coroutine returns, or raise what it raises. It has the caller's context variables.

        :param timeout: the seconds after which the coroutine is cancelled, None for no limit.
        :raises TimeoutError: if it takes longer.
        """

        async def settle():
            try:
                return await coroutine, None
            except asyncio.CancelledError:
                raise
            except BaseException as error:  # SystemExit would end the thread, and nobody would hear of it
                return None, error

        future = asyncio.run_coroutine_threadsafe(settle(), self._loop)
        try:
            result, error = future.result(timeout)
        except concurrent.futures.TimeoutError:
            future.cancel()
            raise TimeoutError(f"the application did not answer for {timeout} seconds") from None
        except BaseException:  # Ctrl-C
            future.cancel()
            raise
        try:
            if error is not None:
                raise error
            return result
        finally:
            error = None  # it refers to this frame

    def close(self) -> None:
        """Cancel what still runs, and end the thread."""
        asyncio.run_coroutine_threadsafe(self._cancel_all(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @staticmethod
    async def _cancel_all():
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.get_running_loop().shutdown_asyncgens()
