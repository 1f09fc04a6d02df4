"""Stand-ins for the clocks of a board, which tests set as they like; runs on CPython and MicroPython."""

from microdot import session, tokens

YEAR = 365 * 86400
NOW = 1800000000  # a day in 2027
#: The epochs from which boards without a battery start to count: 1970, 2000 and 2021.
EPOCHS = (0, 946684800, 1609459200)


class Clocks:
    """Context manager: `now` is the date in seconds since 1970, `passed` are the seconds that really passed."""

    def __init__(self, now=NOW):
        self.now = now
        self.passed = 0

    def wait(self, seconds):
        """Let time pass."""
        self.now += seconds
        self.passed += seconds

    def time(self):
        """What `time.time()` returns."""
        return self.now - tokens._EPOCH

    def __enter__(self):
        self._saved = tokens.time, session.seconds
        tokens.time = self
        session.seconds = lambda: self.passed
        return self

    def __exit__(self, *exc_info):
        tokens.time, session.seconds = self._saved
