"""A short soak; tools/robustness/soak.py is the long one."""

import sys

from runtimes import ROOT, micropython_binary

sys.path.append(str(ROOT / "tools" / "robustness"))

import soak  # noqa: E402


def test_short_soak():
    report = []
    wrong = soak.soak(micropython_binary(), 4000, 4, 128, seed=7, rounds=4, report=report.append)
    assert not wrong, "\n".join([*wrong[:20], *report])


def test_short_soak_under_pressure():
    report = []
    wrong = soak.soak(micropython_binary(), 2000, 4, 96, seed=7, rounds=4, report=report.append, pressure=True)
    assert not wrong, "\n".join([*wrong[:20], *report])
