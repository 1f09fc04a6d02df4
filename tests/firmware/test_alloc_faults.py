"""Allocations of a server that fail one by one: the short form of tools/robustness/alloc_faults."""

import importlib.util

import pytest
from needs import needed

from firmware_tools.paths import ROOT


@pytest.fixture(scope="module")
def alloc_faults():
    """The tool as a module."""
    program = ROOT / "tools" / "robustness" / "alloc_faults" / "__main__.py"
    spec = importlib.util.spec_from_file_location("alloc_faults", program)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def binary(alloc_faults):
    """A MicroPython whose allocations can fail."""
    with needed():
        return alloc_faults.program()


@pytest.mark.parametrize("kind", ["hello", "keep-alive", "json", "parts", "file", "generated", "events", "websocket"])
def test_a_server_survives_each_failing_allocation(alloc_faults, binary, kind):
    report = []
    faults = alloc_faults.run(binary, [kind], [1], every=5, report=report.append)
    assert not faults, "\n".join([*faults, *report])


def test_a_server_survives_many_failing_allocations(alloc_faults, binary):
    report = []
    faults = alloc_faults.run(binary, ["hello", "upload"], [40], every=40, report=report.append)
    assert not faults, "\n".join([*faults, *report])
