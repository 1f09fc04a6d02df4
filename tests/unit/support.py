"""What unit tests share; runs on CPython and MicroPython."""

import os


def folder():
    """Return the path of a folder to write files in, without a slash at its end, from the top of the file system.

    It is that of the run where it names one, else the current one.
    """
    if hasattr(os, "getenv") and os.getenv("TEST_FOLDER"):
        return os.getenv("TEST_FOLDER")
    return os.getcwd().rstrip("/") if hasattr(os, "getcwd") else "."  # which emulated boards do not have


try:
    from pathlib import Path
except ImportError:

    class Path:
        """What micropython-lib's class of that name has for the framework."""

        def __init__(self, path):
            self.path = path

        def exists(self):
            raise AssertionError("not for the framework to ask")

        def __str__(self):
            return self.path


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
