"""The hardware of RP2 and ESP32 boards. `_laptop` has the same functions for computers; `_hardware` chooses."""

import gc
import os
import time

import machine

#: Whether this is a board, which has to help itself.
IS_BOARD = True
#: The beginning of the names of the board's own files.
ROOT = "/"
_CAUSES = ("PWRON_RESET", "HARD_RESET", "WDT_RESET", "DEEPSLEEP_RESET", "SOFT_RESET")
_NAMES = ("power on", "reset", "watchdog", "deep sleep", "soft reset")
_RESULTS = (
    ("STAT_WRONG_PASSWORD", "wrong password"),
    ("STAT_HANDSHAKE_TIMEOUT", "wrong password"),
    ("STAT_NO_AP_FOUND", "not found"),
    ("STAT_CONNECT_FAIL", "failed"),
)


def station():
    """Return the Wi-Fi station, None on a board without."""
    try:
        from network import STA_IF, WLAN
    except ImportError:
        return None
    return WLAN(STA_IF)


def access_point():
    """Return the Wi-Fi access point, None on a board without."""
    try:
        from network import AP_IF, WLAN
    except ImportError:
        return None
    return WLAN(AP_IF)


def open_access_point(wlan, name: str, password: str) -> None:
    """Open the board's own network, with WPA2."""
    import network

    if hasattr(network, "STAT_BEACON_TIMEOUT"):  # ESP32, whose driver refuses to configure a network that is off
        wlan.active(True)
        wlan.config(ssid=name, password=password, security=3)
    else:
        wlan.config(ssid=name, password=password, security=0x00400004)  # its AUTH_WPA2_AES_PSK
        wlan.active(True)


def close_access_point(wlan) -> None:
    """Close the board's own network."""
    wlan.active(False)


def address_end(wlan) -> str:
    """Return the last four digits of the radio's address, which tell boards apart."""
    return "%02x%02x" % tuple(wlan.config("mac")[-2:])


def set_up_wifi(wlan, name: str, country: str, power_saving: bool) -> None:
    """Switch a station on.

    :param name: the host name, also in mDNS.
    :param country: two letters, or `''`.
    """
    import network  # a board without Wi-Fi has no such module

    network.hostname(name)
    if country:
        network.country(country)
    wlan.active(True)
    if not power_saving:
        wlan.config(pm=wlan.PM_NONE)
    if hasattr(network, "STAT_BEACON_TIMEOUT"):  # ESP32: its driver would try this network for ever, and no other one
        wlan.config(reconnects=0)


def join(wlan, name: bytes, password: str, addresses: "tuple[str, str, str, str] | None") -> None:
    """Begin to join a network.

    :param addresses: (address, mask, gateway, name server), None for DHCP.
    """
    if addresses:
        wlan.ifconfig(addresses)
    else:
        wlan.ipconfig(dhcp4=True)
    if password:
        wlan.connect(name, password)
    else:
        wlan.connect(name)


def failure(wlan) -> "str | None":
    """Return why a network was not joined, None while it is still tried."""
    import network

    status = wlan.status()
    for constant, text in _RESULTS:
        if status == getattr(network, constant, None):
            return text
    return None


def restart() -> None:
    """Reset the board."""
    machine.reset()


def reset_cause() -> str:
    """Return why the board has started."""
    cause = machine.reset_cause()
    for constant, text in zip(_CAUSES, _NAMES):  # noqa: B905 - MicroPython's zip() has no strict
        if cause == getattr(machine, constant, None):
            return text
    return "unknown"


def woke() -> bool:
    """Return whether the board wakes from deep sleep."""
    return reset_cause() == "deep sleep"


def is_pressed(pin: int) -> bool:
    """Return whether the button between a pin and ground is held."""
    return machine.Pin(pin, machine.Pin.IN, machine.Pin.PULL_UP).value() == 0


def flash_free() -> int:
    """Return the free bytes of the filesystem."""
    stat = os.statvfs("/")
    return stat[0] * stat[3]


def heap() -> "tuple[int, int]":
    """Return the free bytes of the heap, and the size of the largest free piece, found by trying."""
    gc.collect()
    free = gc.mem_free()
    low, high = 0, free
    while high - low > 256:
        size = (low + high) // 2
        try:
            bytearray(size)
            low = size
        except MemoryError:
            high = size
    return free, low


def watchdog():
    """Start the watchdog, which resets the board 8 seconds after its last `feed()`."""
    return machine.WDT(timeout=8000)


_timer = None  # that of `keep_feeding()`: the garbage collector stops a timer of an RP2 that nothing refers to


def release(dog) -> None:
    """Do without a watchdog from now on.

    MicroPython cannot stop one, but an RP2 can. Elsewhere a timer feeds it, until a soft reset ends the timer.
    """
    if os.uname()[0] == "rp2":
        base = 0x400D8000 if "RP2350" in os.uname()[4] else 0x40058000
        machine.mem32[base + 0x3000] = 1 << 30  # clear ENABLE in its register CTRL
    else:
        keep_feeding(dog)


def keep_feeding(dog, seconds: int = 0) -> None:
    """Feed a watchdog by a timer from now on, for *seconds* or, if that is 0, for ever."""
    global _timer
    _timer = timer = machine.Timer(-1 if os.uname()[0] == "rp2" else 0)
    left = seconds // 2

    def feed(_):
        nonlocal left
        dog.feed()
        left -= 1
        if left == 0:
            timer.deinit()

    timer.init(period=2000, callback=feed)


def stop_feeding() -> None:
    """End what `keep_feeding()` does; the watchdog has to be fed in another way from now on."""
    global _timer
    if _timer:
        _timer.deinit()
        _timer = None


def set_clock(seconds: int) -> None:
    """Set the clock to a number of seconds since 1970, in UTC."""
    epoch = 946684800 if time.gmtime(0)[0] == 2000 else 0
    year, month, day, hour, minute, second, weekday, _ = time.gmtime(seconds - epoch)
    machine.RTC().datetime((year, month, day, weekday, hour, minute, second, 0))


def ticks() -> int:
    """Return milliseconds that wrap around."""
    return time.ticks_ms()


def passed(begin: int, end: int) -> int:
    """Return the milliseconds between two values of `ticks()`."""
    return time.ticks_diff(end, begin)
