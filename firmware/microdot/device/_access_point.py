"""The board's own network, which takes over where no known network can be joined.

What it consists of is imported when it opens for the first time: the portal, its page, and the answers to DNS queries.
"""

from .._compat import log_to_console
from ._secret import secret


class AccessPoint:
    """The fallback of a `Station`: a network of the board's own, with a page on which its Wi-Fi can be set up.

    The network is called as the board is; a board whose name nobody has chosen has the end of its address in it. Its
    passphrase is the board's.

    :param hardware: the module `_hardware`, or what has its functions.
    """

    #: The application that serves the page beside its own ones.
    app = None

    def __init__(self, settings, log, wifi, hardware):
        self._settings = settings
        self._log = log
        self._wifi = wifi
        self._hardware = hardware
        self._portal = None

    def announce(self) -> None:
        """Show the passphrase on the console, and nowhere else; make it if this is the first start of a board."""
        if self._hardware.access_point():
            log_to_console("The passphrase of this board: " + secret(self._settings))

    def open(self) -> None:
        """Open the network; to be called in a running event loop. A board without Wi-Fi has none."""
        if self._portal:
            return self._portal.stay()
        wlan = self._hardware.access_point()
        if wlan and self.app:
            from ._portal import Portal

            self._portal = Portal(self.app, self._settings, self._log, self._wifi, self._hardware, wlan)
            self._portal.open(self._closed)
        return None

    def close(self) -> None:
        """Close the network; if somebody is on its page, in a minute: its result has to be seen."""
        if self._portal:
            self._portal.leave()

    def end(self) -> None:
        """Close the network now."""
        if self._portal:
            self._portal.close()

    def is_busy(self) -> bool:
        """Return whether somebody uses the page, so that the radio should stay where it is."""
        return self._portal is not None and self._portal.is_busy()

    def _closed(self):
        self._portal = None
