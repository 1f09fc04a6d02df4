"""The portal of a board that this computer stands in for: its own network is the loopback interface."""

import os

from radio import Radio

from microdot import Microdot
from microdot.device._access_point import AccessPoint
from microdot.device._log import Log
from microdot.device._settings import Settings
from microdot.device._station import Station

#: What is around: 60 networks, the strongest first, some with names that are no text, or look like something else.
NAMES = [
    b"home", b"<script>alert(1)</script>", b"\xff\xfe\x00\x01", b"caf\xc3\xa9", b"\xd7\x91\xd7\x99\xd7\xaa",
    b"\xe2\x80\xaeemoh", b"\" onfocus=\"alert(1)", b"W" * 32, b"\xf0\x9f\x8f\xa0" * 8, b"&lt;b&gt;",
]  # fmt: skip
NETWORKS = [(name, b"", 1, -40 - 2 * i, 0 if name == b"\xf0\x9f\x8f\xa0" * 8 else 3, 0) for i, name in enumerate(NAMES)]
NETWORKS += [(b"network %d" % i, b"", 1, -60 - i // 2, 3, 0) for i in range(50)]
PASSWORD = "correct horse"


class Hardware(Radio):
    """A radio whose portal uses another port for DNS, and stays for another time."""

    def open_access_point(self, wlan, name, password):
        from microdot.device import _portal  # the one that opens: a closed one is forgotten

        _portal.DNS_PORT = int(os.getenv("PORTAL_DNS_PORT"))
        _portal.STAY = int(os.getenv("PORTAL_STAY"))
        super().open_access_point(wlan, name, password)


hardware = Hardware(NETWORKS, PASSWORD, lambda: ("127.0.0.1", "255.0.0.0", "127.0.0.1", "127.0.0.1"))
app = Microdot()
settings = Settings(os.getenv("PORTAL_SETTINGS"))
log = Log()
wifi = Station(settings, log, hardware)
wifi.fallback = AccessPoint(settings, log, wifi, hardware)
wifi.fallback.app = app
wifi.switch_on()
wifi.fallback.announce()
app.task(wifi.keep)


@app.get("/")
async def index(request):
    return "the application, " + wifi.state


@app.post("/near")
async def near(request):
    """Let the network disappear, or come back."""
    hardware.is_near = request.args["near"] == "yes"
    return ""
