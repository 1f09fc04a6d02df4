"""Seconds that pass evenly, however the clock that tells the date is set."""

import asyncio
import time

from ._compat import MICROPYTHON

_DAY = 86400


class SecondsCounter:
    """Counts seconds from milliseconds that wrap around to zero; it must be read more often than they wrap around.

    :param ticks: the function that returns the milliseconds.
    :param max_ticks: the largest number that it returns, a power of two less one.
    """

    def __init__(self, ticks, max_ticks: int):
        self._ticks = ticks
        self._max_ticks = max_ticks
        self._last = ticks()  # when the last whole second was counted
        self._seconds = 0

    def read(self) -> int:
        """Return the whole seconds since the counter was made."""
        passed = ((self._ticks() - self._last) & self._max_ticks) // 1000
        self._last = (self._last + passed * 1000) & self._max_ticks
        self._seconds += passed
        return self._seconds


if MICROPYTHON:
    _counter = SecondsCounter(time.ticks_ms, time.ticks_add(0, -1))
    _keeper = None

    def seconds() -> int:
        """Return the whole seconds since the program began to count them."""
        global _keeper
        if _keeper is None:
            _keeper = asyncio.create_task(_keep_counting())
        return _counter.read()

    async def _keep_counting():
        """Read the counter every day, in case nobody else does: on boards ticks wrap around after 12.4 days."""
        while True:
            await asyncio.sleep(_DAY)
            _counter.read()

else:

    def seconds() -> int:
        """Return the whole seconds of a clock that never goes back."""
        return int(time.monotonic())
