"""Seconds that pass evenly, whatever is done to the clock that tells the date."""

import asyncio
import time

from ._compat import MICROPYTHON

_DAY = 86400


class SecondsCounter:
    """Counts seconds from milliseconds that start again at zero; it has to be read before they have gone round.

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
        """Read the counter every day: ticks go round after 12.4 days on boards, and nobody may ask for so long."""
        while True:
            await asyncio.sleep(_DAY)
            _counter.read()

else:

    def seconds() -> int:
        """Return the whole seconds that a clock shows which never goes back."""
        return int(time.monotonic())
