"""Seconds that pass evenly, whatever is done to the clock that tells the date."""

import asyncio
import time

from ._compat import MICROPYTHON

# Once a day is often enough for every port: on the shortest, milliseconds start again after 12.4 days.
_DAY = 86400

if MICROPYTHON:
    ticks_ms = time.ticks_ms
    #: The largest number of `ticks_ms()`; zero follows.
    MAX_TICKS = time.ticks_add(0, -1)
else:

    def ticks_ms():
        """Return milliseconds that never go back."""
        return int(time.monotonic() * 1000)

    MAX_TICKS = -1  # which takes nothing away as a mask: they never start again either


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


#: Return the whole seconds since the program began.
seconds = SecondsCounter(ticks_ms, MAX_TICKS).read


async def keep_counting() -> None:
    """Read the counter once a day, for ever: a server does this, because an idle application may not."""
    while True:
        await asyncio.sleep(_DAY)
        seconds()
