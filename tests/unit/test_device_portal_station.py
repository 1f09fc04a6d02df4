"""The page and the station together: forms that are sent while the board joins a network that it knows."""

from device_portal import Hardware, until
from microdot.device import _station
from microdot.device._portal import PRESENCE, STAY
from microdot.device._settings import Settings
from microdot.device._station import Station
from opened_portal import FILE, Fast, Opened

KNOWN = """{"device": {"name": "attic", "secret": "on-the-label", "ntp": "", "fallback_after": 1,
"networks": [{"ssid": "home", "password": "12345678"}]}}"""
OFFICE = "other=office&password="


class Radio(Hardware):
    """The hardware of a board near two networks, of which one comes late; its answers can be held back."""

    IS_BOARD = False

    def __init__(self):
        super().__init__()
        self.air = {b"office": "87654321"}
        self.tries = []
        self.held = False
        self.joined = None
        self.wlan = StationOf(self)

    def station(self):
        return self.wlan

    def set_up_wifi(self, wlan, name, country, power_saving):
        pass

    def join(self, wlan, name, password, addresses):
        self.tries.append((name, password))

    def failure(self, wlan):
        if self.held:
            return None
        name, password = self.tries[-1]
        if name in self.air and self.air[name] == password:
            self.joined = name
            return None
        return "wrong password" if name in self.air else "not found"


class StationOf:
    """The station of a `Radio`."""

    def __init__(self, radio):
        self.radio = radio

    def isconnected(self):
        return self.radio.joined is not None

    def disconnect(self):
        self.radio.joined = None

    def ifconfig(self):
        return "192.0.2.7", "255.255.255.0", "192.0.2.1", "192.0.2.1"

    def scan(self):
        return [(name, b"", 1, -50, 3, 0) for name in self.radio.air]


class Board(Opened):
    """A board whose own network is open because the network that it knows is away; its station goes on looking."""

    def __init__(self):
        super().__init__(KNOWN)
        self.hardware = self.point._hardware = Radio()
        self.wifi = self.point._wifi = Station(self.settings, self.log, self.hardware)
        self.wifi.fallback = self.point
        self.wifi.switch_on()
        self.app.task(self.wifi.keep)

    async def __aenter__(self):
        self.original = _station.asyncio
        _station.asyncio = Fast()
        await super().__aenter__()
        self.task = Fast().create_task(self.wifi.keep())
        await until(lambda: self.wifi.state == "waiting" and self.hardware.tries)
        return self

    async def __aexit__(self, *exc_info):
        self.task.cancel()
        await super().__aexit__(*exc_info)
        _station.asyncio = self.original

    async def return_of_home(self):
        """Let the network that the board knows come back; return while it is being joined."""
        self.hardware.held = True
        self.hardware.air[b"home"] = "12345678"
        tries = len(self.hardware.tries)
        await until(lambda: len(self.hardware.tries) > tries)
        assert self.wifi.state == "joining"

    def known(self):
        return [network["ssid"] for network in Settings(FILE).device["networks"]]


async def test_a_form_that_comes_while_a_known_network_is_joined():
    async with Board() as board:
        await board.return_of_home()
        assert "<form" in await board.page()
        assert (await board.ask(form=OFFICE + "87654321"))[0] == 303
        assert "Trying <b>office</b>" in await board.page()
        board.hardware.held = False
        await until(lambda: not board.point._portal.is_trying() and board.wifi.state == "joined")
        assert "has joined <b>office</b>" in await board.page()
        assert board.hardware.joined == b"office" and board.known() == ["office", "home"]
        await board.seconds(STAY - 2)
        assert board.hardware.open
        await board.seconds(2)
        assert board.hardware.open is None


async def test_a_form_that_fails_while_a_known_network_is_joined():
    async with Board() as board:
        await board.return_of_home()
        await board.ask(form=OFFICE + "wrong one")
        board.hardware.held = False
        await until(lambda: not board.point._portal.is_trying() and board.wifi.state == "waiting")
        for _ in range(2):  # somebody reads this, and does not leave in a minute
            await board.seconds(PRESENCE - 2)
            text = await board.page()
            assert "cannot join <b>office</b>. The password is wrong." in text and "<form" in text
        assert board.hardware.tries[-1][0] == b"office" and board.known() == ["home"]
        await board.seconds(PRESENCE)
        await until(lambda: board.wifi.state == "joined")
        assert board.hardware.joined == b"home"
        await until(lambda: board.hardware.open is None)


async def test_a_form_that_comes_when_a_known_network_has_just_been_joined():
    async with Board() as board:
        await board.return_of_home()
        await board.page()
        board.hardware.held = False
        await until(lambda: board.wifi.state == "joined")
        text = await board.page()
        assert "has joined <b>home</b>" in text and "http://192.0.2.7/" in text and "<form" not in text
        assert (await board.ask(form=OFFICE + "87654321"))[0] == 303  # the page was there before
        await until(lambda: not board.point._portal.is_trying() and board.wifi.state == "joined")
        assert "has joined <b>office</b>" in await board.page() and board.known() == ["office", "home"]
        assert (await board.ask(form="other=home&password=12345678"))[0] == 303  # another phone's
        assert not board.point._portal.is_trying() and "has joined <b>office</b>" in await board.page()
