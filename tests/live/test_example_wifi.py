"""The example for boards with Wi-Fi, on a MicroPython whose Wi-Fi is pretended."""

import json

import httpx

from live.servers import EXAMPLES
from runtimes import micropython_binary
from server_process import wait_until
from wire.server import Server

APP = """
from microdot import Microdot

app = Microdot()


@app.get("/")
async def index(request):
    return "hello"
"""


def test_serves_and_joins_the_network(tmp_path):
    networks = [{"ssid": "Elsewhere", "password": "12345678"}, {"ssid": "Home", "password": "12345678"}]
    (tmp_path / "settings.json").write_text(json.dumps({"device": {"name": "attic", "networks": networks}}))
    (tmp_path / "app.py").write_text(APP)
    program = (EXAMPLES / "wifi" / "main.py").read_text()
    assert "device.run()" in program
    (tmp_path / "main.py").write_text(program.replace("device.run()", "device.run(port=0)"))  # 80 is not for everyone
    server = Server(micropython_binary(), app=tmp_path / "main.py")
    server.folder = tmp_path  # where the settings are
    with server:
        assert httpx.get(f"http://127.0.0.1:{server.port}/").text == "hello"
        assert wait_until(lambda: [line for line in server.log().splitlines() if line.startswith("Wi-Fi")] == [
            "Wi-Fi: cannot join 'Elsewhere': not found",
            "Wi-Fi: joined 'Home', http://127.0.0.1/ or http://attic.local/",
        ])  # fmt: skip
