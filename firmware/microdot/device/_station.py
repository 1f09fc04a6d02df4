"""The Wi-Fi station: joins a known network, and joins one again whenever it is lost.

States, in `Station.state`:

    off           the board has no Wi-Fi, or `switch_on()` has not been called
    no networks   no network is known
    joining       known networks are tried, in their order
    waiting       none could be joined; the next attempt comes after 1, 2, 4 ... 30 seconds
    joined        a network has been joined; this is checked once a second

The task of `keep()` moves between them. `try_network()` and `scan()` may use the radio meanwhile; each of them holds
`_radio` while it uses it. The driver does not join a lost network again by itself: on a Pico W `connect()` tries once.
"""

import asyncio

from ._fields import network_fields, network_name

#: Seconds between two checks of the radio while it joins a network, and seconds after which it gives up.
_STEP = 0.25
_PATIENCE = 20
_MAX_PAUSE = 30
_SECONDS_BETWEEN_SYNCS = 12 * 3600


class Station:
    """Keeps a board in one of the networks of its settings.

    :param hardware: the module `_hardware`, or an object with its functions.
    """

    #: What the station does: one of the states of the module.
    state = "off"
    #: The outcome of the last attempt: `"joined"`, `"wrong password"`, `"not found"` or `"failed"`; None before it.
    result: "str | None" = None
    #: The name of the network that is joined or tried, bytes.
    network: "bytes | None" = None
    #: What takes over when no known network can be joined: an `AccessPoint`, or None.
    fallback = None

    def __init__(self, settings, log, hardware):
        self._settings = settings
        self._log = log
        self._hardware = hardware
        self._wlan = None
        self._radio = asyncio.Lock()
        self._offline = 0  # seconds since a network was joined
        self._hurry = False  # `retry()` has been called
        self._until_sync = 0  # seconds until the clock is to be set

    @property
    def address(self) -> "str | None":
        """The board's IP address, None while it is in no network."""
        return self._wlan.ifconfig()[0] if self.state == "joined" else None

    @property
    def signal(self) -> "int | None":
        """The strength of the network's signal in dBm, None while the board is in no network."""
        return self._wlan.status("rssi") if self.state == "joined" else None

    def shares_network(self, addresses: "tuple[str, str]") -> bool:
        """Return whether an address and its mask are of the network that has been joined, or overlap with it."""
        if self.state != "joined":
            return False
        mine = self._wlan.ifconfig()
        mask = _number(mine[1]) & _number(addresses[1])
        return _number(mine[0]) & mask == _number(addresses[0]) & mask

    def switch_on(self) -> None:
        """Switch the radio on; sockets can be made from then on. A radio that fails is left off."""
        device = self._settings.device
        try:
            wlan = self._hardware.station()
            if wlan is None:
                return
            self._hardware.set_up_wifi(wlan, device["name"], device["country"], device["power_saving"])
        except (OSError, ValueError, RuntimeError) as error:
            self._log.write("Wi-Fi cannot be switched on: " + repr(error))
            return
        self._wlan = wlan
        self.state = "waiting"

    def retry(self) -> None:
        """Try the known networks now instead of after the pause, as when settings have changed."""
        self._hurry = True

    async def keep(self) -> None:
        """Keep the board in a network for as long as this runs."""
        if self._wlan is None:
            return
        try:
            await self._keep()
        finally:
            if self.fallback:
                self.fallback.end()

    async def _keep(self):
        pause = 1
        while True:
            if await self._join_known():
                pause = 1
                await self._stay()
                continue
            networks = self._settings.device["networks"]
            self.state = "waiting" if networks else "no networks"
            self._open_fallback(bool(networks))
            left = pause
            while left > 0 and not self._hurry:
                left -= 1
                await self._sleep(1)
            pause = 1 if self._hurry else min(2 * pause, _MAX_PAUSE)
            self._hurry = False

    async def scan(self) -> "list[tuple[bytes, int, bool]]":
        """Return the networks around: (name, signal in dBm, whether it wants a password), the strongest first.

        A hidden network is left out: its name is empty, or as many zero bytes as it has characters.
        Of several networks with one name an open one is left out if another has a password: it may be an impostor.
        On MicroPython nothing else runs meanwhile, for about two seconds.
        """
        async with self._radio:
            found = {}
            for entry in self._wlan.scan():
                name, signal, is_protected = entry[0], entry[3], entry[4] != 0
                known = found.get(name)
                if name.strip(b"\0") and (known is None or (known[2], known[1]) < (is_protected, signal)):
                    found[name] = (name, signal, is_protected)
        return sorted(found.values(), key=lambda network: -network[1])

    async def try_network(self, network: dict) -> str:
        """Try to join a network, whose fields are those of the settings; return the outcome, as in `result`.

        The board stays in the network that it has joined; nothing is saved.

        :raises CheckError: if the fields are not as declared.
        """
        network = network_fields().check(network)
        async with self._radio:
            return await self._join(network)

    async def _join_known(self):
        """Try the known networks; return whether the board is in one."""
        async with self._radio:
            if self._wlan.isconnected():  # as after `try_network()`
                return True
            for network in self._settings.device["networks"]:
                if self.fallback and self.fallback.is_busy():
                    return False
                self.state = "joining"
                if await self._join(network) == "joined":
                    return True
        return False

    async def _join(self, network):
        """Try to join one network; return the outcome, which becomes `result`."""
        wlan = self._wlan
        self.network = network_name(network)
        result = None
        try:
            if wlan.isconnected():
                wlan.disconnect()
            self._hardware.join(wlan, self.network, network["password"], _addresses(network))
            waited = 0
            while result is None and waited < _PATIENCE:
                await self._sleep(_STEP)
                waited += _STEP
                result = "joined" if wlan.isconnected() else self._hardware.failure(wlan)
        except OSError as error:  # of the driver
            self._log.write("Wi-Fi: " + repr(error))
        self.result = result or "failed"
        if self.result != "joined":
            self._log.write("Wi-Fi: cannot join %s: %s" % (_shown(self.network), self.result))
            try:
                wlan.disconnect()
            except OSError:
                pass
        return self.result

    async def _stay(self):
        """Wait until the network is lost; set the clock meanwhile."""
        self.state = "joined"
        self._offline = 0
        name = self._settings.device["name"]
        network = _shown(self.network)
        self._log.write("Wi-Fi: joined %s, http://%s/ or http://%s.local/" % (network, self.address, name))
        if self.fallback:
            self.fallback.close()
        while self._wlan.isconnected():
            await self._set_clock()
            await asyncio.sleep(1)
        self.state = "waiting"
        self._log.write("Wi-Fi: lost " + network)

    async def _set_clock(self):
        self._until_sync -= 1
        server = self._settings.device["ntp"]
        if self._until_sync > 0 or not server or not self._hardware.IS_BOARD:
            return
        self._until_sync = 60
        from ._ntp import ask_time

        try:
            self._hardware.set_clock(await ask_time(server))
            self._until_sync = _SECONDS_BETWEEN_SYNCS
        except (OSError, ValueError) as error:
            self._log.write("The clock is not set: %s does not answer: %r" % (server, error))

    def _open_fallback(self, has_networks):
        after = self._settings.device["fallback_after"]
        if self.fallback and after and (self._offline >= after or not has_networks):
            self.fallback.open()

    async def _sleep(self, seconds):
        await asyncio.sleep(seconds)
        self._offline += seconds


def _shown(name):
    """Return a network's name for the log, whatever bytes it is; one that was joined before a soft reset is unknown."""
    return "a network" if name is None else repr(name)[1:]


def _number(address):
    """Return the number that an IPv4 address is, or a mask."""
    number = 0
    for part in address.split("."):
        number = number << 8 | int(part)
    return number


def _addresses(network):
    """Return the fixed addresses of a network as `ifconfig()` takes them, None without."""
    address, _, prefix = network["address"].partition("/")
    if not address:
        return None
    bits = int(prefix or 24)
    mask = (0xFFFFFFFF << (32 - bits)) & 0xFFFFFFFF
    gateway = network["gateway"] or address.rsplit(".", 1)[0] + ".1"
    return address, ".".join([str(mask >> shift & 255) for shift in (24, 16, 8, 0)]), gateway, network["dns"] or gateway
