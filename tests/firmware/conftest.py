"""Firmware for the tests: each image is built once a run, from the cache where it is up to date.

What is missing on a contributor's machine skips its tests, and the end of the run says so; with CI set it fails them.
"""

import os
import pathlib
import sys

import pytest

TOOLS = pathlib.Path(__file__).parent.parent.parent / "tools"
sys.path[:0] = [str(TOOLS / "firmware"), str(TOOLS / "bench")]

from needs import needed, not_run  # noqa: E402

from firmware_tools import build, sources  # noqa: E402


@pytest.fixture(scope="session")
def source():
    """MicroPython's pinned source."""
    with needed():
        return sources.pinned()


@pytest.fixture(scope="session")
def firmware():
    """A function that builds a board, with the freeze sets and application given, and returns its Firmware."""

    def built(name, **options):
        with needed():
            return build.build(name, **options)

    return built


@pytest.fixture(scope="session")
def unix(firmware):
    """The unix port's program with everything frozen."""
    return firmware("UNIX").image


@pytest.fixture(scope="session")
def pico_uf2(firmware):
    """The Raspberry Pi Pico's image with everything frozen."""
    return firmware("RPI_PICO").image


@pytest.fixture(scope="session")
def pico_ppp_uf2(firmware):
    """The image of the Raspberry Pi Pico with PPP, with everything frozen."""
    return firmware("RPI_PICO_PPP").image


@pytest.fixture(scope="session")
def pico_w_uf2(firmware):
    """The image of a Raspberry Pi Pico W with everything frozen, from the checkout that MICROPYTHON_CHECKOUT names."""
    folder = os.environ.get("MICROPYTHON_CHECKOUT")
    if not folder:
        not_run(
            "no image of a Pico W was emulated; with a full checkout of MicroPython in DIR:"
            " MICROPYTHON_CHECKOUT=DIR pytest tests/firmware/rp2040/test_rp2040_wifi.py"
        )
    return firmware("RPI_PICO_W", micropython=pathlib.Path(folder)).image
