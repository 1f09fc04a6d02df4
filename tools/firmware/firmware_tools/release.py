"""The framework's version, which is written in one place, and the date of everything that is built from it."""

import datetime
import os
import re

from . import manifests
from .console import FirmwareError
from .paths import FIRMWARE, ROOT


def version():
    """Return the framework's version."""
    text = (FIRMWARE / manifests.lists()["PACKAGE"] / "__init__.py").read_text()
    return re.search(r'^__version__ = "(.+)"', text, re.MULTILINE).group(1)


def epoch():
    """Return the seconds since 1970 that are written into what is built, so that a second build gives the same bytes.

    It is SOURCE_DATE_EPOCH, or else the day of the newest release in CHANGELOG.md.
    """
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given is not None:
        if not given.isdigit():
            raise FirmwareError(f"SOURCE_DATE_EPOCH is {given!r}, not a number of seconds since 1970")
        return int(given)
    day = re.search(r"^## \[\d.*\] - (\d{4}-\d{2}-\d{2})$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    if day is None:
        raise FirmwareError("CHANGELOG.md has no released version with its day")
    return int(datetime.datetime.fromisoformat(day.group(1) + "T00:00:00+00:00").timestamp())
