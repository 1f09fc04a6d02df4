"""What boards run calls only what each port has."""

import pathlib
import re
import subprocess
import sys

import pytest

from runtimes import ROOT

sys.path.append(str(ROOT / "tools" / "firmware"))

from check_ports import KNOWN, STUBS, check, install_stubs, modules  # noqa: E402

# What each line is an error for; None: both ports have it.
CALLS = {
    "import asyncio": None,
    "import machine": None,
    "import network": None,
    "import socket": None,
    "from time import thread_time": '"thread_time"',
    "machine.restart()": '"restart"',
    "network.WLAN(0).join('home')": '"join"',
    "network.WLAN(0).isconnected()": None,
    "machine.Pin(2, direction=1)": '"direction"',
    "socket.create_connection(('a', 1))": '"create_connection"',
    "asyncio.wait_for_ms": None,
    "machine.soft_reset()": None,
}


@pytest.mark.parametrize("port", STUBS)
def test_calls_are_those_of_the_port(port, tmp_path):
    wrong = tmp_path / "wrong.py"
    wrong.write_text("\n".join(CALLS) + "\n")
    found = {}
    for line in check(port, [*modules(), wrong], tmp_path):
        path, number, message = re.fullmatch(r"(.*?):(\d+):\d+ - error: (.*)", line).groups()
        assert path.endswith("wrong.py"), line
        found[int(number)] = message
    for number, (call, named) in enumerate(CALLS.items(), 1):
        assert (number in found) is bool(named) and (named or "") in found.get(number, ""), (call, found.get(number))


def test_all_that_boards_run_is_checked():
    names = [path.relative_to(ROOT).as_posix() for path in modules()]
    for name in "firmware/microdot/device/_board.py", "firmware/microdot/server/network.py", "examples/led/app.py":
        assert name in names
    assert len(names) > 60 and len(set(KNOWN)) == len(KNOWN)


@pytest.mark.parametrize("port", STUBS)
def test_an_editor_knows_the_board(port, tmp_path):
    tutorial = (ROOT / "docs/tutorial-board.md").read_text()
    assert STUBS[port] in tutorial
    (tmp_path / "typings").symlink_to(install_stubs(port))
    configuration = re.search(r"pyrightconfig\.json`:\n\n```json\n(.*?)```", tutorial, re.DOTALL)[1]
    (tmp_path / "pyrightconfig.json").write_text(configuration)
    (tmp_path / "app.py").write_text(
        "from machine import Pin\n"
        "from microdot import Microdot, Request\n"
        "led = Pin(2, Pin.OUT)\n"
        "led.blink()\n"
        "app = Microdot()\n"
        "@app.get('/')\n"
        "async def index(request: Request):\n"
        "    return request.jsn\n"
    )
    pyright = pathlib.Path(sys.executable).with_name("pyright")
    done = subprocess.run([pyright, "-p", tmp_path, "--pythonpath", sys.executable], capture_output=True, text=True)
    found = re.findall(r"app\.py:(\d+):\d+ - (?:error|warning): (.*)", done.stdout)
    assert [line for line, message in found] == ["4", "8"], done.stdout
    assert '"blink"' in found[0][1] and '"jsn"' in found[1][1]
