"""The Wi-Fi station with a pretended radio."""

import asyncio

from microdot.checks import CheckError
from microdot.device import _ntp, _station
from microdot.device._station import Station
from support import raises

HOME = {"ssid": "home", "ssid_hex": "", "password": "12345678", "address": "", "gateway": "", "dns": ""}
OTHER = dict(HOME, ssid="other", password="87654321")


class Radio:
    """Wi-Fi hardware that joins as a Pico W does: once for each `join()`, and never again by itself."""

    IS_BOARD = False

    def __init__(self, air=None):
        self.air = air or {}  # name -> password of what is there
        self.joined = None
        self.tries = []
        self.addresses = []
        self.up = None
        self.problem = None
        self.clock = None
        self.broken = None

    def station(self):
        return self

    def set_up_wifi(self, wlan, name, country, power_saving):
        self.up = name, country, power_saving

    def join(self, wlan, name, password, addresses):
        if self.broken:
            raise self.broken
        self.tries.append(name)
        self.addresses.append(addresses)
        self.joined = None
        known = self.air.get(name)
        self.problem = "not found" if known is None else "wrong password" if known != password else None
        if self.problem is None:
            self.joined = name

    def failure(self, wlan):
        return self.problem

    def isconnected(self):
        return self.joined is not None and self.joined in self.air

    def disconnect(self):
        self.joined = None

    def ifconfig(self):
        return "192.0.2.7", "255.255.255.0", "192.0.2.1", "192.0.2.1"

    def status(self, param):
        return -50

    def scan(self):
        entries = ((b"b", -70, 3), (b"a", -60, 0), (b"b", -40, 3), (b"", -10, 0), (b"\0\0", -9, 3), (b"b", -20, 0))
        return [(name, b"", 1, signal, security, 0) for name, signal, security in entries]

    def set_clock(self, seconds):
        self.clock = seconds


class Settings:
    def __init__(self, networks, **device):
        self.device = {"name": "attic", "country": "DE", "power_saving": False, "ntp": "", "fallback_after": 60}
        self.device.update(device, networks=networks)


class Log:
    def __init__(self):
        self.lines = []

    def write(self, line):
        self.lines.append(line)


class Fallback:
    def __init__(self):
        self.events = []
        self.busy = False

    def open(self):
        if self.events[-1:] != ["open"]:  # it may be told again and again
            self.events.append("open")

    def close(self):
        self.events.append("close")

    def end(self):
        self.events.append("end")

    def is_busy(self):
        return self.busy


class Fast:
    """Time that passes at once, in the module under test: each second of it is one turn of the event loop."""

    def __init__(self, station):
        self.station = station
        self.slept = 0

    async def sleep(self, seconds):
        self.slept += seconds
        await asyncio.sleep(0)

    def __enter__(self):
        self.original = _station.asyncio
        _station.asyncio = self
        self.task = asyncio.create_task(self.station.keep())
        return self

    def __exit__(self, *exc_info):
        _station.asyncio = self.original
        self.task.cancel()

    async def until(self, condition):
        for _ in range(5000):
            if condition():
                return
            await asyncio.sleep(0)
        raise AssertionError("this did not happen; state " + self.station.state)


def make(radio, *networks, **device):
    station = Station(Settings(list(networks), **device), Log(), radio)
    station.switch_on()
    return station


async def test_joins_the_first_network_that_is_there():
    radio = Radio({b"other": "87654321"})
    station = make(radio, HOME, OTHER)
    assert radio.up == ("attic", "DE", False)
    assert station.state == "waiting" and station.address is None and station.signal is None
    with Fast(station) as time:
        await time.until(lambda: station.state == "joined")
        assert radio.tries == [b"home", b"other"]
        assert station.network == b"other" and station.address == "192.0.2.7" and station.signal == -50
        assert station.result == "joined"
    assert station._log.lines == [
        "Wi-Fi: cannot join 'home': not found",
        "Wi-Fi: joined 'other', http://192.0.2.7/ or http://attic.local/",
    ]


async def test_a_network_that_was_joined_before_a_soft_reset():
    radio = Radio({b"home": "12345678"})
    radio.joined = b"home"
    station = make(radio, HOME)
    with Fast(station) as time:
        await time.until(lambda: station.state == "joined")
        await time.until(lambda: time.slept > 2)
        assert radio.tries == []
    assert any("Wi-Fi: joined a network, http://192.0.2.7/" in line for line in station._log.lines)


async def test_a_network_that_comes_late():
    radio = Radio()
    station = make(radio, HOME)
    with Fast(station) as time:
        await time.until(lambda: len(radio.tries) == 8)
        assert 60 < time.slept < 200  # 1, 2, 4, 8, 16, 30, 30 seconds between them
        radio.air[b"home"] = "12345678"
        await time.until(lambda: station.state == "joined")


async def test_a_network_that_goes_and_comes_back():
    radio = Radio({b"home": "12345678"})
    station = make(radio, HOME)
    with Fast(station) as time:
        for _ in range(3):
            await time.until(lambda: station.state == "joined")
            del radio.air[b"home"]
            await time.until(lambda: station.state == "waiting")
            assert station.address is None
            radio.air[b"home"] = "12345678"
        await time.until(lambda: station.state == "joined")
    assert "Wi-Fi: lost 'home'" in station._log.lines


async def test_a_wrong_password():
    radio = Radio({b"home": "another one"})
    station = make(radio, HOME)
    with Fast(station) as time:
        await time.until(lambda: len(radio.tries) == 2)
        assert station.result == "wrong password"
        station._settings.device["networks"] = [dict(HOME, password="another one")]
        slept = time.slept
        station.retry()
        await time.until(lambda: station.state == "joined")
        assert time.slept - slept < 5
    assert station._log.lines[0] == "Wi-Fi: cannot join 'home': wrong password"


async def test_a_driver_that_raises():
    radio = Radio({b"home": "12345678"})
    radio.broken = OSError(16)
    station = make(radio, HOME)
    with Fast(station) as time:
        await time.until(lambda: station.result == "failed")
        radio.broken = None
        await time.until(lambda: station.state == "joined")


async def test_no_answer_from_the_network():
    radio = Radio({b"home": "12345678"})
    radio.isconnected = lambda: False
    station = make(radio, HOME)
    with Fast(station) as time:
        await time.until(lambda: station.result == "failed")
        assert 20 <= time.slept < 30


async def test_names_of_anything_and_fixed_addresses():
    radio = Radio({b"\xff\x00\n": ""})
    fixed = dict(HOME, ssid="", ssid_hex="ff000a", password="", address="10.1.2.3/20")
    station = make(radio, fixed, name="attic")
    with Fast(station) as time:
        await time.until(lambda: station.state == "joined")
    assert radio.addresses == [("10.1.2.3", "255.255.240.0", "10.1.2.1", "10.1.2.1")]
    assert "\n" not in station._log.lines[0]
    assert _station._addresses(HOME) is None
    full = dict(HOME, address="10.1.2.3", gateway="10.1.2.9", dns="1.1.1.1")
    assert _station._addresses(full) == ("10.1.2.3", "255.255.255.0", "10.1.2.9", "1.1.1.1")


async def test_the_fallback():
    radio = Radio()
    station = make(radio, HOME)
    fallback = station.fallback = Fallback()
    with Fast(station) as time:
        await time.until(lambda: fallback.events == ["open"])
        assert time.slept >= 60
        tries = len(radio.tries)
        fallback.busy = True
        slept = time.slept
        await time.until(lambda: time.slept > slept + 100)
        assert len(radio.tries) <= tries + 1 and fallback.events == ["open"]
        fallback.busy = False
        radio.air[b"home"] = "12345678"
        await time.until(lambda: station.state == "joined")
        assert fallback.events == ["open", "close"]


async def test_the_fallback_ends_with_the_server():
    station = make(Radio())
    fallback = station.fallback = Fallback()
    with Fast(station) as time:
        await time.until(lambda: fallback.events == ["open"])
        time.task.cancel()
        await time.until(lambda: fallback.events == ["open", "end"])


async def test_the_fallback_at_once_without_a_network():
    station = make(Radio())
    fallback = station.fallback = Fallback()
    with Fast(station) as time:
        await time.until(lambda: fallback.events == ["open"])
        assert time.slept < 5 and station.state == "no networks"
    station = make(Radio(), fallback_after=0)
    fallback = station.fallback = Fallback()
    with Fast(station) as time:
        await time.until(lambda: time.slept > 300)
        assert fallback.events == []


async def test_trying_a_network():
    radio = Radio({b"home": "12345678", b"other": "87654321"})
    station = make(radio, HOME)
    with Fast(station) as time:
        await time.until(lambda: station.state == "joined")
        assert await station.try_network({"ssid": "other", "password": "wrong one"}) == "wrong password"
        await time.until(lambda: station.network == b"home" and station.state == "joined")
        assert await station.try_network({"ssid": "other", "password": "87654321"}) == "joined"
        for _ in range(50):
            await asyncio.sleep(0)
        assert station.state == "joined" and station.network == b"other" and radio.joined == b"other"
        with raises(CheckError):
            await station.try_network({"ssid": 5})


async def test_networks_that_overlap():
    radio = Radio({b"home": "12345678"})
    station = make(radio, HOME)
    assert not station.shares_network(("192.0.2.1", "255.255.255.0"))
    with Fast(station) as time:
        await time.until(lambda: station.state == "joined")
        for addresses in (
            ("192.0.2.1", "255.255.255.0"),
            ("192.0.2.200", "255.255.255.248"),  # within it
            ("192.0.99.1", "255.255.0.0"),  # around it
        ):
            assert station.shares_network(addresses), addresses
        for address in ("192.0.3.7", "192.1.2.7", "193.0.2.7", "0.0.0.0"):
            assert not station.shares_network((address, "255.255.255.0")), address


async def test_scanning():
    station = make(Radio())
    assert await station.scan() == [(b"b", -40, True), (b"a", -60, False)]


async def test_a_board_without_a_radio():
    radio = Radio()
    radio.station = lambda: None
    station = make(radio, HOME)
    await station.keep()
    assert station.state == "off" and station.address is None


async def test_a_radio_that_cannot_be_switched_on():
    for error in (OSError(19), ValueError("country"), RuntimeError("memory")):
        radio = Radio()

        def fail(wlan, name, country, power_saving, error=error):
            raise error

        radio.set_up_wifi = fail
        station = make(radio, HOME)
        assert station.state == "off" and "cannot be switched on" in station._log.lines[0]
        await station.keep()


async def test_the_clock_is_set():
    radio = Radio({b"home": "12345678"})
    radio.IS_BOARD = True
    station = make(radio, HOME, ntp="time.example")
    answers = [OSError(110), ValueError("no time"), 1800000000]
    asked = []

    async def ask_time(server):
        asked.append(server)
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    original = _ntp.ask_time
    _ntp.ask_time = ask_time
    try:
        with Fast(station) as time:
            await time.until(lambda: radio.clock == 1800000000)
            slept = time.slept
            await time.until(lambda: time.slept > slept + 300)
    finally:
        _ntp.ask_time = original
    assert asked == ["time.example"] * 3


def test_answers_of_time_servers():
    def answer(first=0x24, stratum=2, seconds=3900000000):
        return bytes([first, stratum]) + bytes(38) + seconds.to_bytes(4, "big") + bytes(4)

    assert _ntp.read_time(answer()) == 3900000000 - 2208988800
    assert _ntp.read_time(answer(seconds=5)) == 5 + 4294967296 - 2208988800  # from 2036 on
    for wrong in (answer(first=0x23), answer(first=0xE4), answer(stratum=0), answer(stratum=16)):
        with raises(ValueError):
            _ntp.read_time(wrong)
