"""`microdot.device` on a computer: settings are a file, the Wi-Fi is simulated, and the process restarts."""

import json
import os
import sys

import httpx
import pytest

from runtimes import micropython_binary
from server_process import ServerProcess, wait_until
from wire.server import ROOT

PROGRAM = """
from microdot import Microdot, device

app = Microdot()


@app.get("/status")
async def status(request):
    return device.status()


@app.get("/own")
async def own(request):
    return {"secret": device.secret(), "clock": device.clock_is_set(), "error": device.start_error()}


@app.post("/restart")
async def restart(request):
    return device.restart(after="restarting")


device.run(app, "127.0.0.1", 0)
"""


class Program(ServerProcess):
    """The program in a folder with the settings of a board."""

    def __init__(self, runtime, folder, **settings):
        (folder / "main.py").write_text(PROGRAM)
        (folder / "settings.json").write_text(json.dumps(settings))
        paths = {"PYTHONPATH": str(ROOT / "firmware"), "MICROPYPATH": f".frozen:{ROOT / 'firmware'}"}
        super().__init__([runtime, "main.py"], folder, dict(os.environ, **paths))

    def get(self, path):
        """Return the JSON that the program answers with."""
        return httpx.get(f"http://127.0.0.1:{self.port}{path}").raise_for_status().json()


def networks(*names):
    return {"name": "attic", "networks": [{"ssid": name, "password": "12345678"} for name in names]}


@pytest.mark.parametrize("runtime", [sys.executable, micropython_binary()], ids=["cpython", "micropython"])
def test_an_application_of_a_board_runs_on_a_computer(runtime, tmp_path):
    with Program(runtime, tmp_path, device=networks("Nowhere", "Home")) as program:
        joined = {"state": "joined", "signal": -48, "address": "127.0.0.1", "ssid": "Home"}
        assert wait_until(lambda: program.get("/status")["wifi"].items() >= joined.items()), program.log()
        status = program.get("/status")
        assert status["name"] == "attic" and status["reset_cause"] == "power on" and status["has_application"]
        assert status["flash_free"] > 0 and status["heap_free"] == 0  # the system knows the memory better
        own = program.get("/own")
        assert own["clock"] is True and own["error"] is None
        saved = json.loads((tmp_path / "settings.json").read_text())["device"]
        assert saved["secret"] == own["secret"] and saved["name"] == "attic"


def test_a_restart_on_cpython(tmp_path):
    with Program(sys.executable, tmp_path, device=networks("Home")) as program:
        assert httpx.post(f"http://127.0.0.1:{program.port}/restart").text == "restarting"
        assert wait_until(lambda: program.log().count("Serving on") == 2 and program.listens()), program.log()
        assert program.get("/own")["error"] is None
        assert program.process.poll() is None  # in the same process, where its supervisor looks for it


def test_a_restart_on_the_unix_port_ends_the_program(tmp_path):
    with Program(micropython_binary(), tmp_path, device=networks("Home")) as program:
        assert httpx.post(f"http://127.0.0.1:{program.port}/restart").text == "restarting"
        assert wait_until(lambda: program.process.poll() is not None), program.log()
        assert program.process.returncode == 0
