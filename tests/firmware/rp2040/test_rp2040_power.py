"""Power cuts while an emulated Pico writes an update, its state or its settings; `make power-cuts` has all of them."""

import sys

from emulated import ROOT

sys.path.insert(0, str(ROOT / "tools" / "robustness"))

import power_cuts  # noqa: E402


def test_a_board_starts_with_a_whole_version_after_power_cuts(emulator, pico_ppp_uf2):
    cuts, failures = power_cuts.run(pico_ppp_uf2, sample=6, seed=17)
    assert cuts == 6 and not failures, "\n".join(failures)


def test_a_cut_that_tears_a_version_is_seen(emulator, pico_ppp_uf2, tmp_path):
    bench = power_cuts.Bench(pico_ppp_uf2, tmp_path)
    flash, _ = bench.prepare(4)
    assert bench.run(flash, "write('/part.py', 'VERSION = \"torn\"\\n')\n")[0] == 0
    assert "torn" in bench.cut(4, flash, 1)
