"""The example for boards with Wi-Fi, on a MicroPython whose network is this machine's."""

import httpx

from live.servers import EXAMPLES
from runtimes import micropython_binary
from server_process import wait_until
from wire.server import Server

NETWORK = """
STA_IF = 0

class WLAN:
    def __init__(self, interface):
        assert interface == STA_IF
        self.looks = 0

    def active(self, is_active):
        assert is_active

    def connect(self, ssid, key):
        self.key = key

    def isconnected(self):
        self.looks += 1
        return self.key == "its password" and self.looks > 1

    def status(self):
        return 1

    def ifconfig(self):
        return "192.0.2.7", "255.255.255.0", "192.0.2.1", "192.0.2.1"
"""


def test_serves_when_the_network_is_there(tmp_path):
    (tmp_path / "network.py").write_text(NETWORK)
    (tmp_path / "app.py").write_text((EXAMPLES / "one_app" / "app.py").read_text())
    program = (EXAMPLES / "wifi" / "main.py").read_text()
    assert "port=80" in program
    (tmp_path / "main.py").write_text(program.replace("port=80", "port=0"))  # 80 is not for everyone
    with Server(micropython_binary(), app=tmp_path / "main.py") as server:
        assert "Hello from Microdot!" in httpx.get(f"http://127.0.0.1:{server.port}/").text
        assert wait_until(lambda: server.log().splitlines() == [
            "waiting for the network, status 1",
            "serving http://192.0.2.7/",
        ])  # fmt: skip
