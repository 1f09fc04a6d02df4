"""The counter of seconds, which goes on where the board's milliseconds start again at zero."""

import asyncio

from microdot import _clock
from microdot._clock import SecondsCounter
from microdot._compat import MICROPYTHON
from microdot.session import MemoryStore

HOUR = 3600 * 1000
DAY = 24 * HOUR
# 2^30 milliseconds, after which the ticks of boards start again.
PERIOD = 1 << 30


class Ticks:
    def __init__(self, start):
        self.now = start

    def pass_by(self, milliseconds):
        self.now = (self.now + milliseconds) % PERIOD

    def __call__(self):
        return self.now


def test_thirty_days_from_just_before_the_ticks_start_again():
    for step in 250, 999, 86399999:
        ticks = Ticks(PERIOD - 1500)
        counter = SecondsCounter(ticks, PERIOD - 1)
        passed = last = 0
        for n in range(30 * DAY // step if step > 1000 else 40):
            ticks.pass_by(step)
            passed += step
            assert counter.read() == passed // 1000, (step, n)
            assert counter.read() >= last
            last = counter.read()


def test_the_longest_pause():
    ticks = Ticks(PERIOD - 1)
    counter = SecondsCounter(ticks, PERIOD - 1)
    ticks.pass_by(PERIOD - 1)
    assert counter.read() == (PERIOD - 1) // 1000
    ticks.pass_by(12 * DAY)
    assert counter.read() == (PERIOD - 1 + 12 * DAY) // 1000


def test_reading_often_loses_nothing():
    ticks = Ticks(0)
    counter = SecondsCounter(ticks, PERIOD - 1)
    for _ in range(1000):
        ticks.pass_by(7)
        counter.read()
    assert counter.read() == 7


async def test_the_counter_of_the_program():
    before = _clock.seconds()
    assert isinstance(before, int) and 0 <= before <= _clock.seconds()


async def test_sessions_in_memory_for_thirty_days():
    """They are read and saved while the ticks start again three times, and end when their lifetime is over."""
    from microdot import session

    ticks = Ticks(PERIOD - 1500)
    counter = SecondsCounter(ticks, PERIOD - 1)
    saved = session.seconds
    session.seconds = counter.read
    try:
        store = MemoryStore()
        for start in range(0, 30, 15):
            await store.save("two weeks", str(start), 14 * 86400)
            await store.save("minute", "m", 60)
            for hour in range(1, 15 * 24 + 1):
                ticks.pass_by(HOUR)
                counter.read()  # as the server does, once a day at least
                text = await store.load("two weeks")
                assert text == (str(start) if hour < 14 * 24 else None), (start, hour)
                assert await store.load("minute") is None
    finally:
        session.seconds = saved


async def test_the_counter_is_read_every_day():
    """A board whose application does not ask for the seconds for two weeks would lose the count."""
    if not MICROPYTHON:
        return  # there the milliseconds never start again

    class Counter:
        reads = 0

        def read(self):
            self.reads += 1
            return self.reads

    saved = _clock._counter, _clock._DAY, _clock._keeper
    counter = _clock._counter = Counter()
    _clock._DAY = 0.001
    _clock._keeper = None
    try:
        assert _clock.seconds() == 1 and _clock.seconds() == 2  # which starts one task
        keeper = _clock._keeper
        while counter.reads < 5:
            await asyncio.sleep(0.001)
        assert _clock._keeper is keeper
        keeper.cancel()
    finally:
        _clock._counter, _clock._DAY, _clock._keeper = saved
