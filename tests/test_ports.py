"""The hardware calls of `microdot.device` are those that each port has."""

import sys

import pytest

from runtimes import ROOT

sys.path.append(str(ROOT / "tools" / "firmware"))

from check_ports import MODULES, STUBS, check  # noqa: E402


@pytest.mark.parametrize("port", STUBS)
def test_the_calls_are_those_of_the_port(port, tmp_path):
    assert check(port, MODULES, tmp_path) == []


@pytest.mark.parametrize("port", STUBS)
def test_a_call_that_a_port_does_not_have_is_found(port, tmp_path):
    module = tmp_path / "wrong.py"
    module.write_text("import machine\nimport network\n\nmachine.restart()\nnetwork.WLAN(0).join('home')\n")
    errors = check(port, [module], tmp_path)
    assert len(errors) == 2 and '"restart"' in errors[0] and '"join"' in errors[1]
