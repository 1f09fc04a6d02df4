"""The portal of a board's own network on the emulated chip: real flash, real lwIP, a stand-in for the radio."""

import http.client
import json
import time

import pytest
from emulated import EMULATOR, PATIENCE, ROOT, EmulatedPico

PASSWORD = "correct horse"
# How the page shows one of the other networks, whose name has two spaces and a byte that is not UTF-8.
FAR_AWAY = r"network\x20\x200\x20\xff (very weak)"
#: Bytes of the heap. Nothing is left, but two readings of the same state differ by up to 600.
MOST_WHEN_CLOSED = 2048
# The board's own network is that of PPP, and the networks around are 60.
PROGRAM = f"""
import gc
import json
with open("settings.json", "w") as file:
    json.dump({{"device": {{"name": "attic", "secret": "on-the-label", "fallback_after": 0}}}}, file)

from microdot import Microdot
from microdot.device._access_point import AccessPoint
from microdot.device._log import Log
from microdot.device._settings import Settings
from microdot.device._station import Station

class Hardware(Radio):
    def open_access_point(self, wlan, name, password):
        from microdot.device import _portal  # the one that opens: a closed one is forgotten
        _portal.STAY = 2  # instead of a minute
        super().open_access_point(wlan, name, password)

around = [(b"network %2d \\xff" % i, b"", 1, -90, 3, 0) for i in range(59)] + [(b"home", b"", 1, -50, 3, 0)]
hardware = Hardware(around, {PASSWORD!r}, ppp.ifconfig)
settings = Settings()
app = Microdot()
log = Log()
log.limit = 0  # what it keeps is not the portal's
wifi = Station(settings, log, hardware)
wifi.fallback = AccessPoint(settings, log, wifi, hardware)
wifi.fallback.app = app
wifi.switch_on()
app.task(wifi.keep)

def used():
    gc.collect()
    gc.collect()
    return gc.mem_alloc()

@app.get("/")
async def index(request):
    connections = len(app.server.connections)
    return {{"used": used(), "connections": connections, "open": hardware.is_open, "state": wifi.state}}

@app.get("/settings")
async def show(request):
    with open("settings.json") as file:
        return json.load(file)

@app.post("/know")
async def know(request):
    settings.add_network({{"ssid": "home", "password": request.form["password"]}})
    wifi.retry()
    return ""

@app.post("/forget")
async def forget(request):
    settings.save(device={{"networks": []}})
    hardware.disconnect()
    return ""

@app.post("/open")
async def start(request):
    settings.save(device={{"fallback_after": int(request.form["after"])}})
    return (piece for piece in ("done", "\\n"))

@app.post("/near")
async def near(request):
    hardware.is_near = request.args["near"] == "yes"
    return ""

@app.on_startup
async def ready():
    print("READY")

app.run(port=80)
"""


@pytest.fixture(scope="module")
def board(emulator, pico_ppp_uf2, tmp_path_factory):
    """A Pico that has never had a network."""
    script = tmp_path_factory.mktemp("portal") / "portal.py"
    script.write_text(PROGRAM)
    scripts = [EMULATOR / "board" / "link.py", ROOT / "tests" / "live" / "radio.py", script]
    with EmulatedPico(pico_ppp_uf2, forwards=(80,), scripts=scripts) as board:
        board.pace(10)
        yield board


def ask(board, path="/", form=None, host=None):
    """Return (status, header fields, body) of the answer to a request of its own connection."""
    connection = http.client.HTTPConnection("127.0.0.1", board.port(80), timeout=PATIENCE)
    fields = {"Host": host} if host else {}
    if form is not None:
        fields["Content-Type"] = "application/x-www-form-urlencoded"
    connection.request("GET" if form is None else "POST", path, form, fields)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, answer.headers, body


def until(condition, pause=0.5):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(pause)
    raise AssertionError("this did not happen")


def state(board):
    return json.loads(ask(board)[2])


def used(board):
    """Return the bytes of the heap in use: the least of eight readings while no earlier connection is left.

    The collector takes whatever looks like a pointer for one, so it may need some requests to find what is free.
    """
    readings = []

    def read():
        answer = state(board)
        if answer["connections"] == 1:
            readings.append(answer["used"])
        return len(readings) == 8

    until(read, 0)
    return min(readings)


def test_from_the_first_start_to_the_network(board, note):
    assert ask(board, "/open", "after=0")[0] == 200  # what a server has without it: forms, pages in pieces
    # A board that gets to know the same network without the portal: what that takes is not the portal's.
    assert ask(board, "/know", "password=correct+horse")[0] == 200
    until(lambda: state(board)["state"] == "joined")
    knowing = used(board)
    assert ask(board, "/forget", "")[0] == 200
    until(lambda: state(board)["state"] == "no networks")
    before = used(board)
    assert not state(board)["open"]
    assert ask(board, "/open", "after=2")[0] == 200
    until(lambda: state(board)["open"])
    status, fields, _ = ask(board, "/generate_204", host="connectivitycheck.gstatic.com")
    assert status == 302 and fields["Location"].endswith("/_wifi")
    page = ask(board, "/_wifi")[2]
    assert page.count("<option") == 60 and page.index("home (strong)") < page.index(FAR_AWAY)
    opened = state(board)["used"] - before
    note("heap of the open portal, with 60 networks", f"{opened} bytes")
    assert opened <= 20 * 1024

    assert ask(board, "/_wifi", "network=686f6d65&password=wrong+horse")[0] == 303
    until(lambda: "The password is wrong." in ask(board, "/_wifi")[2])
    assert ask(board, "/_wifi", "network=686f6d65&password=correct+horse")[0] == 303
    until(lambda: "has joined <b>home</b>" in ask(board, "/_wifi")[2])
    networks = json.loads(ask(board, "/settings")[2])["device"]["networks"]
    assert [(network["ssid"], network["password"]) for network in networks] == [("home", PASSWORD)]
    until(lambda: not state(board)["open"])
    assert ask(board, "/_wifi")[0] == 404
    closed = used(board) - knowing
    note("heap of the closed portal", f"{closed} bytes")
    assert closed <= MOST_WHEN_CLOSED, closed

    # The network is lost: the portal opens a second time, and leaves no more behind.
    assert ask(board, "/near?near=no", "")[0] == 200
    until(lambda: state(board)["open"])
    assert "home (strong)" in ask(board, "/_wifi")[2]
    assert ask(board, "/near?near=yes", "")[0] == 200
    assert ask(board, "/_wifi", "network=686f6d65&password=correct+horse")[0] == 303
    until(lambda: not state(board)["open"])
    again = used(board) - knowing
    note("heap of the portal that has been closed twice", f"{again} bytes")
    assert again <= MOST_WHEN_CLOSED, again
