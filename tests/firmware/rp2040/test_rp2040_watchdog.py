"""The watchdog of the emulated chip, and the timer that feeds it."""

import pytest
from emulated import run_script

START = """
import gc, time
from microdot.device import _hardware

dog = _hardware.watchdog()
"""
# A timer that has been collected stops, so this takes the places of what is not in use any more.
FEED = """
_hardware.keep_feeding(dog{seconds})
gc.collect()
filled = [bytearray(64) for _ in range(100)]
"""
WAIT = """
for second in range(1, 26):
    time.sleep(1)
    print(second)
"""


@pytest.mark.parametrize(("feed", "fed"), [
    ("", 8), (FEED.format(seconds=", 10"), 18), (FEED.format(seconds=", 60") + "_hardware.stop_feeding()\n", 8),
])  # fmt: skip
def test_a_watchdog_restarts_the_board(emulator, pico_ppp_uf2, tmp_path, feed, fed):
    script = tmp_path / "waits.py"
    script.write_text(START + feed + WAIT)
    done = run_script(pico_ppp_uf2, script)
    assert done.returncode == 2 and "the board has restarted" in done.stderr
    assert fed - 2 <= int(done.stdout.split()[-1]) <= fed  # seconds of the board, and not of this computer


@pytest.mark.parametrize("end", [FEED.format(seconds=""), "_hardware.release(dog)\n_hardware.stop_feeding()\n"])
def test_a_board_goes_on_without_its_watchdog(emulator, pico_ppp_uf2, tmp_path, end):
    """A timer feeds it, or it is stopped: a soft reset, such as mpremote makes, ends the timer."""
    script = tmp_path / "waits.py"
    script.write_text(START + end + WAIT)
    done = run_script(pico_ppp_uf2, script)
    assert (done.returncode, done.stdout.split()[-1:]) == (0, ["25"]), done.stdout + done.stderr
