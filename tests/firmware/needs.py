"""What a test needs of this machine: a skip where it is missing, a failure where CI is set.

A full MicroPython checkout is in no package archive: tests that need one are left out, and the run says so.
"""

import contextlib
import os

import pytest

from firmware_tools.console import MissingError
from notes import NOT_RUN


@contextlib.contextmanager
def needed():
    """Turn a MissingError in the block into a skip, or into a failure where CI is set."""
    try:
        yield
    except MissingError as error:
        if os.environ.get("CI"):
            pytest.fail(str(error), pytrace=False)
        NOT_RUN.add(str(error))
        pytest.skip(str(error))


def not_run(reason):
    """Leave a test out, on every machine, and say so at the end of the run: *reason* names what would run it."""
    NOT_RUN.add(reason)
    pytest.skip(reason)
