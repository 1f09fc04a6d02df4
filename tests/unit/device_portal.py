"""What the portal of a board's own network is opened with in unit tests: stand-ins for the radio, and a log."""

import asyncio

from microdot.device._fields import network_name

ADDRESS = "127.0.0.1"
NETWORKS = [(b"home", -50, True), (b"caf\xc3\xa9", -65, False), (b"\xff\x00<", -75, True)]


class Hardware:
    """The access point of a board; it is its own `WLAN`."""

    def __init__(self):
        self.open = None
        self.closed = 0
        self.broken = None
        self.missing = False

    def access_point(self):
        return None if self.missing else self

    def address_end(self, wlan):
        return "a1b2"

    def open_access_point(self, wlan, name, password):
        if self.broken:
            raise self.broken
        self.open = name, password

    def close_access_point(self, wlan):
        self.open = None
        self.closed += 1

    def ifconfig(self):
        return ADDRESS, "255.255.255.0", ADDRESS, ADDRESS


class Wifi:
    """A station that is told what becomes of an attempt."""

    state = "no networks"
    address = network = None
    shares = False

    def __init__(self):
        self.outcome = "wrong password"
        self.tries = []
        self.retries = 0
        self.gate = None
        self.broken = None

    async def scan(self):
        if self.broken:
            raise self.broken
        return list(NETWORKS)

    async def try_network(self, network):
        self.tries.append(network)
        self.network = network_name(network)
        if self.gate:
            await self.gate.wait()
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    def retry(self):
        self.retries += 1
        if self.outcome == "joined":
            self.state = "joined"

    def shares_network(self, addresses):
        assert addresses == (ADDRESS, "255.255.255.0")
        return self.shares


class Log:
    def __init__(self):
        self.lines = []

    def write(self, line):
        self.lines.append(line)


async def until(condition):
    """Let the event loop run until a condition holds."""
    for _ in range(200000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("this did not happen")
