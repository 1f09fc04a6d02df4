"""The board's own network, which takes over where no known network can be joined.

What it consists of is imported when it opens: the portal, its page, and the answers to DNS queries. When it closes, the
board forgets these modules and has their memory back.
"""

import sys

from .._compat import log_error, log_to_console
from ._secret import secret


class AccessPoint:
    """The fallback of a `Station`: a network of the board's own, with a page on which its Wi-Fi can be set up.

    The network has the name of the board, with the end of the radio's address if nobody has chosen a name. Its
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
        self._modules = ()  # the names of those that are imported for an open network only

    def announce(self) -> None:
        """Show the passphrase on the console, and nowhere else; make it if this is the first start of a board."""
        if self._hardware.access_point():
            log_to_console("The passphrase of this board: " + secret(self._settings))

    def open(self) -> None:
        """Open the network; to be called in a running event loop. A board without Wi-Fi does nothing.

        If there is not enough memory this is logged; the station asks for the network again.
        """
        if self._portal:
            return self._portal.stay()
        wlan = self._hardware.access_point()
        if wlan and self.app:
            try:
                self._open(wlan)
            except MemoryError as error:
                log_error("Wi-Fi: there is not enough memory for the board's own network", error)
                self._closed()
        return None

    def _open(self, wlan):
        known = set(sys.modules)
        try:
            from ._portal import Portal
        finally:
            self._modules = set(sys.modules) - known
        self._portal = Portal(self.app, self._settings, self._log, self._wifi, self._hardware, wlan)
        self._portal.open(self._closed)

    def close(self) -> None:
        """Close the network; if somebody is on its page, in a minute, so that they see the result."""
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
        forget(self._modules)
        self._modules = ()


def forget(modules) -> None:
    """Let go of imported modules, so that the next import of each of them loads it again.

    Nothing but `sys.modules` and the package of a module keeps it in memory, once nobody uses what is in it. Whoever
    has imported something of it meanwhile goes on with what they have.

    :param modules: their full names.
    """
    for name in modules:
        module = sys.modules.pop(name, None)
        package, _, attribute = name.rpartition(".")
        parent = sys.modules.get(package)
        if module and getattr(parent, attribute, None) is module:
            delattr(parent, attribute)
