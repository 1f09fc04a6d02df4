"""A Pico W on its real driver, with emulated networks around it."""

import http.client
import json
import time

import pytest
from emulated import PATIENCE, EmulatedPico, EmulatorError, RawRepl

HOME, PASSWORD = "home", "correct horse"
DOWN, JOINING, NO_ADDRESS, UP, NO_NETWORK, WRONG_PASSWORD = 0, 1, 2, 3, -2, -3  # WLAN.status()

PROLOGUE = """
import network, time
w = network.WLAN(network.STA_IF)
w.active(True)
def wait(*states, seconds=30):
    end = time.ticks_add(time.ticks_ms(), seconds * 1000)
    while w.status() not in states and time.ticks_diff(end, time.ticks_ms()) > 0:
        time.sleep_ms(20)
    return w.status()
def join(ssid, password=None, seconds=30):
    w.connect(ssid, password)
    return wait(0, 3, -1, -2, -3, seconds=seconds)
"""
SERVE = """
import asyncio
from microdot import Microdot
app = Microdot()
@app.get("/")
async def index(request):
    return request.client_addr[0]
@app.post("/echo")
async def echo(request):
    return request.body
async def main():
    server = asyncio.create_task(app.start_server(port=80))
    await asyncio.sleep_ms(50)
    print("READY")
    await server
asyncio.run(main())
"""


@pytest.fixture(scope="module")
def pico(emulator, pico_w_uf2):
    """A Pico W at its prompt, with no network around it."""
    with EmulatedPico(pico_w_uf2, scenario={"networks": []}) as pico:
        pico.pace(10)
        yield pico


@pytest.fixture
def repl(pico):
    """The raw REPL of the Pico W after a power cycle, with `w` for the station, `wait()` and `join()`; one network."""
    pico.reset()
    pico.network(HOME, password=PASSWORD, channel=6, strength=-50, present=True, hidden=False, dhcp=True, goodbye=True)
    with RawRepl(pico) as repl:
        repl.run(PROLOGUE)
        yield repl


def status(repl, expression):
    return int(repl.run(f"print({expression})"))


def test_a_scan_finds_the_networks(pico, repl):
    pico.network("caf\u00e9", channel=11, strength=-80)
    found = eval(repl.run("print([(s, c, r, a) for s, b, c, r, a, n in w.scan()])"))
    pico.network("caf\u00e9", present=False)
    assert found == [(b"home", 6, -50, 5), ("caf\u00e9".encode(), 11, -80, 0)]


def test_the_right_password_brings_an_address(pico, repl):
    assert status(repl, f"join({HOME!r}, {PASSWORD!r})") == UP
    assert repl.run("print(w.ifconfig()[0], w.config('ssid'), w.config('channel'), w.status('rssi'))") == (
        "10.64.0.2 home 6 -50\n"
    )
    radio = pico.radio()
    assert (radio["joined"], radio["address"], radio["channel"]) == (HOME, "10.64.0.2", 6)
    assert repl.run("import socket\nprint(socket.getaddrinfo('localhost', 80)[0][-1])") == "('10.64.0.1', 80)\n"


def test_a_wrong_password_is_told_from_a_network_that_is_not_there(pico, repl):
    assert status(repl, f"join({HOME!r}, 'wrong horse')") == WRONG_PASSWORD
    assert status(repl, f"join('nowhere', {PASSWORD!r})") == NO_NETWORK
    assert pico.radio()["joined"] is None
    assert status(repl, f"join({HOME!r}, {PASSWORD!r})") == UP


def test_a_late_network_is_joined_by_a_later_attempt_only(pico, repl):
    pico.network(HOME, present=False)
    assert status(repl, f"join({HOME!r}, {PASSWORD!r})") == NO_NETWORK
    pico.network(HOME, present=True)
    assert status(repl, "wait(3, seconds=20)") == NO_NETWORK
    assert status(repl, f"join({HOME!r}, {PASSWORD!r})") == UP


def test_a_lost_network_is_joined_again_by_a_new_attempt_only(pico, repl):
    assert status(repl, f"join({HOME!r}, {PASSWORD!r})") == UP
    pico.network(HOME, present=False)
    assert status(repl, "wait(0)") == DOWN
    assert not pico.status()["linkUp"]
    pico.network(HOME, present=True)
    assert status(repl, "wait(3, seconds=20)") == DOWN
    assert status(repl, f"join({HOME!r}, {PASSWORD!r})") == UP


def test_a_silent_loss_shows_as_a_link_that_is_being_joined(pico, repl):
    pico.network(HOME, goodbye=False)
    assert status(repl, f"join({HOME!r}, {PASSWORD!r})") == UP
    pico.network(HOME, present=False)
    assert status(repl, "wait(0, 1, 2, -1, -2, -3)") == JOINING
    assert repl.run("print(w.isconnected())") == "False\n"


def test_a_router_without_dhcp_gives_no_address(pico, repl):
    pico.network(HOME, dhcp=False)
    assert status(repl, f"join({HOME!r}, {PASSWORD!r}, seconds=5)") == NO_ADDRESS


def test_events_of_a_scenario_happen_at_their_time(emulator, pico_w_uf2):
    scenario = {
        "networks": [{"ssid": HOME, "password": PASSWORD, "present": False}],
        "events": [{"at": 15, "ssid": HOME, "present": True}, {"at": 40, "ssid": HOME, "present": False}],
    }
    with EmulatedPico(pico_w_uf2, scenario=scenario) as pico, RawRepl(pico) as repl:
        pico.pace(10)
        repl.run(PROLOGUE)
        repl.run(f"while join({HOME!r}, {PASSWORD!r}) != 3:\n    pass")
        joined = pico.status()["simulatedMicroseconds"] / 1e6
        assert 15 < joined < 40
        assert status(repl, "wait(0, seconds=60)") == DOWN
        assert pico.status()["simulatedMicroseconds"] / 1e6 > 40


def test_the_led_is_seen(pico, repl):
    repl.run("from machine import Pin\nled = Pin('LED', Pin.OUT)\nled.on()")
    assert pico.radio()["led"] is True
    assert repl.run("led.off()\nprint(led.value())") == "0\n"
    assert pico.radio()["led"] is False


def test_programs_of_this_machine_reach_the_board(emulator, pico_w_uf2, tmp_path):
    script = tmp_path / "serve.py"
    script.write_text(f"{PROLOGUE}assert join({HOME!r}, {PASSWORD!r}) == 3\n{SERVE}")
    scenario = {"networks": [{"ssid": HOME, "password": PASSWORD}]}
    with EmulatedPico(pico_w_uf2, forwards=(80,), scripts=[script], scenario=scenario) as board:
        body = bytes(range(256)) * 20
        for _ in range(10):
            connection = http.client.HTTPConnection("127.0.0.1", board.port(80), timeout=PATIENCE)
            connection.request("GET", "/")
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (200, b"10.64.0.1")
            connection.request("POST", "/echo", body)
            assert connection.getresponse().read() == body
            connection.close()


OWN, SECRET = "board", "ten letters"
ACCESS_POINT = f"""
import network, socket
ap = network.WLAN(network.AP_IF)
ap.config(ssid={OWN!r}, password={SECRET!r}, channel=3)
ap.active(True)
"""
# Every name is the board's own.
NAMES = """
import socket
async def names():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("0.0.0.0", 53))
    s.setblocking(False)
    while True:
        try:
            data, sender = s.recvfrom(512)
        except OSError:
            await asyncio.sleep_ms(20)
            continue
        record = bytes((0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 168, 4, 1))
        s.sendto(data[:2] + bytes((0x81, 0x80)) + data[4:6] * 2 + bytes(4) + data[12:] + record, sender)
"""


@pytest.fixture(scope="module")
def own_network(emulator, pico_w_uf2, tmp_path_factory):
    """A Pico W whose own network leads to an application on its port 80, and a network `home` on another channel."""
    script = tmp_path_factory.mktemp("own_network") / "serve.py"
    joins = """
@app.post("/join")
async def join_home(request):
    w.connect("home", request.body.decode())
    while w.status() == 1:
        await asyncio.sleep_ms(20)
    return str(w.status())
@app.get("/stations")
async def stations(request):
    return str(len(ap.status("stations")))
"""
    serve = SERVE.replace("async def main():", f"{NAMES}{joins}async def main():\n    asyncio.create_task(names())")
    script.write_text(PROLOGUE + ACCESS_POINT + serve)
    scenario = {"networks": [{"ssid": HOME, "password": PASSWORD, "channel": 11}]}
    with EmulatedPico(pico_w_uf2, forwards=(80,), scripts=[script], scenario=scenario) as pico:
        yield pico


def test_a_phone_gets_an_address_and_opens_pages(own_network):
    phone = own_network.phone()
    joined = phone.join(OWN, SECRET)
    assert (joined["address"], joined["router"], joined["dns"]) == ("192.168.4.16", "192.168.4.1", "192.168.4.1")
    assert phone.look_up("connectivitycheck.example") == ["192.168.4.1"]
    status, headers, body = phone.open("http://connectivitycheck.example/")
    assert (status, body) == (200, b"192.168.4.16")
    assert headers["content-type"] == "text/plain; charset=UTF-8"
    assert phone.open("http://192.168.4.1/stations")[2] == b"1"
    assert phone.exchange(b"hello", 4000) is None


def test_a_browser_of_this_machine_goes_by_the_phone(own_network):
    phone = own_network.phone()
    phone.join(OWN, SECRET)
    connection = http.client.HTTPConnection("127.0.0.1", phone.port(80), timeout=PATIENCE)
    body = bytes(range(256)) * 20
    connection.request("POST", "/echo", body)
    assert connection.getresponse().read() == body
    connection.close()
    phone.leave()
    connection = http.client.HTTPConnection("127.0.0.1", phone.port(80), timeout=PATIENCE)
    with pytest.raises(OSError):
        connection.request("GET", "/")
        connection.getresponse()
    connection.close()


def test_two_phones_have_two_addresses(own_network):
    one, two = own_network.phone("one"), own_network.phone("two")
    addresses = {phone.join(OWN, SECRET)["address"] for phone in (one, two)}
    assert len(addresses) == 2
    assert {phone.open("http://192.168.4.1/")[2].decode() for phone in (one, two)} == addresses
    assert one.open("http://192.168.4.1/stations")[2] == b"2"
    one.leave()
    assert two.open("http://192.168.4.1/stations")[2] == b"1"
    two.leave()


def test_a_phone_with_a_wrong_password_stays_outside(own_network):
    with pytest.raises(EmulatorError, match="wrong password"):
        own_network.phone().join(OWN, "ten numbers")
    with pytest.raises(EmulatorError, match='no network is called "bored"'):
        own_network.phone().join("bored", SECRET)


def test_testing_a_password_moves_the_board_and_loses_the_phone(own_network):
    phone = own_network.phone()
    phone.join(OWN, SECRET)
    with pytest.raises(EmulatorError, match="socket hang up|ECONNRESET"):
        phone.open("http://192.168.4.1/join", "POST", body=b"wrong horse")
    with pytest.raises(EmulatorError, match="the phone is in no network"):
        phone.look_up("example.com")
    radio = own_network.radio()
    assert (radio["channel"], radio["phones"]["phone"]["drops"], radio["joined"]) == (11, 1, None)
    assert phone.join(OWN, SECRET)["address"] == "192.168.4.16"
    assert phone.open("http://192.168.4.1/join", "POST", body=b"wrong horse")[2] == str(WRONG_PASSWORD).encode()
    assert phone.open("http://192.168.4.1/join", "POST", body=PASSWORD.encode())[2].decode() in ("2", "3")
    assert phone.open("http://192.168.4.1/")[2] == b"192.168.4.16"
    connection = http.client.HTTPConnection("127.0.0.1", own_network.port(80), timeout=PATIENCE)
    connection.request("GET", "/")
    assert connection.getresponse().read() == b"10.64.0.1"
    connection.close()


# A board that is switched on for the first time, but for the passphrase, which is on its label, and a name.
FIRST_BOOT = f"""
import json
with open("settings.json", "w") as file:
    json.dump({{"device": {{"name": {OWN!r}, "secret": {SECRET!r}, "ntp": ""}}}}, file)
from microdot import Microdot, device
app = Microdot()
@app.get("/")
async def index(request):
    return request.client_addr[0]
@app.get("/settings")
async def settings(request):
    with open("settings.json") as file:
        return json.load(file)
@app.on_startup
async def ready():
    print("READY")
device.run(app)
"""
PAGE = "http://192.168.4.1/_wifi"


def until(condition):
    """Ask the board again and again until a condition holds; return its value."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            value = condition()
        except (EmulatorError, OSError, http.client.HTTPException):
            value = None  # the network is not there yet, or has moved
        if value:
            return value
        time.sleep(0.2)
    raise AssertionError("this did not happen")


def test_the_first_start_without_a_computer(emulator, pico_w_uf2, tmp_path):
    script = tmp_path / "serve.py"
    script.write_text(FIRST_BOOT)
    scenario = {"networks": [{"ssid": HOME, "password": PASSWORD, "channel": 11}]}
    with EmulatedPico(pico_w_uf2, forwards=(80,), scripts=[script], scenario=scenario) as board:
        board.pace(10)
        phone = board.phone()

        def join():
            return phone.join(OWN, SECRET)

        def page():
            try:
                status, _, body = phone.open(PAGE)
            except EmulatorError:
                join()
                raise
            return body.decode() if status == 200 else ""

        def send(password):
            fields = {"Content-Type": "application/x-www-form-urlencoded", "Origin": "http://192.168.4.1"}
            body = f"network={HOME.encode().hex()}&password={password.replace(' ', '+')}"
            assert phone.open(PAGE, "POST", fields, body.encode())[0] == 303

        until(join)
        for url in (
            "http://connectivitycheck.gstatic.com/generate_204",
            "http://captive.apple.com/hotspot-detect.html",
            "http://www.msftconnecttest.com/connecttest.txt",
            "http://detectportal.firefox.com/canonical.html",
        ):
            status, headers, _ = phone.open(url)
            assert (status, headers["location"]) == (302, PAGE), url
        assert phone.exchange(b"junk", 53) is None
        assert "home (strong)" in until(page)
        assert phone.open("http://192.168.4.1/")[2] == b"192.168.4.16"

        send("wrong horse")
        until(lambda: board.radio()["phones"]["phone"]["drops"] == 1)
        until(join)
        assert until(lambda: "The password is wrong." in page())

        send(PASSWORD)
        assert until(lambda: "http://10.64.0.2/" in page())
        connection = http.client.HTTPConnection("127.0.0.1", board.port(80), timeout=PATIENCE)
        connection.request("GET", "/settings")
        networks = json.loads(connection.getresponse().read())["device"]["networks"]
        assert [(network["ssid"], network["password"]) for network in networks] == [(HOME, PASSWORD)]
        connection.request("GET", "/_wifi")
        assert connection.getresponse().status == 404
        connection.close()
        until(lambda: not board.radio()["accessPoint"])  # a minute later
