"""A client that takes all it can get keeps nobody from an answer; tools/robustness/fairness.py measures how soon."""

import sys

import pytest

from runtimes import ROOT, micropython_binary
from wire.server import Server

sys.path.append(str(ROOT / "tools" / "robustness"))

import fairness  # noqa: E402

TRIES = 25


@pytest.fixture(scope="module", params=["cpython", "micropython"])
def server(request):
    runtime = micropython_binary() if request.param == "micropython" else request.param
    with Server(runtime, 4, app=fairness.APP, heap=fairness.HEAP) as server:
        yield server


@pytest.mark.parametrize("kind", ["pipelines", "uploads", "reads", "floods"])
def test_others_are_answered(server, kind):
    times = fairness.measure(server, kind, TRIES)
    assert None not in times, f"{times.count(None)} of {TRIES} without an answer"
