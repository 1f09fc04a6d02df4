"""The model of the Pico W's Wi-Fi chip, by the transactions of a driver: no firmware, no emulated processor."""

import pathlib
import shutil
import subprocess

import pytest
from needs import needed

from firmware_tools.console import MissingError

FOLDER = pathlib.Path(__file__).parent / "wifi"
FILES = sorted(path.name for path in FOLDER.glob("*.test.mjs"))


@pytest.mark.parametrize("name", FILES)
def test_transactions(name):
    with needed():
        if not shutil.which("node"):
            raise MissingError("node is not installed: the tests of the Wi-Fi chip's model need Node.js 20 or newer")
    done = subprocess.run(["node", "--test", FOLDER / name], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# fail 0" in done.stdout and "# pass 0" not in done.stdout, done.stdout
