"""What unit tests share; runs on CPython and MicroPython."""


class raises:
    """Context manager: the block must raise *expected*; the exception is then `value`."""

    def __init__(self, expected):
        self.expected = expected
        self.value = None

    def __enter__(self):
        return self

    def __exit__(self, exc_type, exc, traceback):
        if exc is None:
            raise AssertionError("did not raise " + repr(self.expected))
        self.value = exc
        return isinstance(exc, self.expected)
