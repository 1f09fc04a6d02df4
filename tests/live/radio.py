"""A stand-in for a board's radio; it also runs on emulated boards, to which its text is sent."""


class OwnNetwork:
    """The `WLAN` of a board's access point."""

    def __init__(self, ifconfig):
        self.ifconfig = ifconfig


class Radio:
    """The hardware of a board, and the `WLAN` of its station.

    :param networks: what a scan finds, in the order of `WLAN.scan()`; only the network `home` can be joined.
    :param password: its password.
    :param ifconfig: function that returns the addresses of the board in its own network.
    """

    IS_BOARD = False

    def __init__(self, networks, password, ifconfig):
        self.networks = networks
        self.password = password
        self._point = OwnNetwork(ifconfig)
        self.is_open = False
        self.is_near = True  # the network
        self.joined = None
        self.problem = None

    def station(self):
        return self

    def access_point(self):
        return self._point

    def set_up_wifi(self, wlan, name, country, power_saving):
        pass

    def address_end(self, wlan):
        return "a1b2"

    def open_access_point(self, wlan, name, password):
        print("OPEN", name, password)
        self.is_open = True

    def close_access_point(self, wlan):
        print("CLOSED")
        self.is_open = False

    def scan(self):
        return self.networks

    def join(self, wlan, name, password, addresses):
        if name != b"home" or not self.is_near:
            self.problem = "not found"
        else:
            self.problem = None if password == self.password else "wrong password"
        self.joined = None if self.problem else name

    def failure(self, wlan):
        return self.problem

    def ifconfig(self):
        return "192.0.2.7", "255.255.255.0", "192.0.2.1", "192.0.2.1"

    def isconnected(self):
        return self.is_near and self.joined is not None

    def disconnect(self):
        self.joined = None

    def status(self, param):
        return -50
