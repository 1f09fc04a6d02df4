"""A stand-in for a board's radio; it also runs on emulated boards, to which its text is sent."""


class Radio:
    """Station and access point in one: the hardware of a board, and its own `WLAN`.

    :param networks: what a scan finds, in the order of `WLAN.scan()`; only the network `home` can be joined.
    :param password: its password.
    :param ifconfig: function that returns the addresses of the board.
    """

    IS_BOARD = False

    def __init__(self, networks, password, ifconfig):
        self.networks = networks
        self.password = password
        self.ifconfig = ifconfig
        self.is_open = False
        self.is_near = True  # the network
        self.joined = None
        self.problem = None

    def station(self):
        return self

    access_point = station

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

    def isconnected(self):
        return self.is_near and self.joined is not None

    def disconnect(self):
        self.joined = None

    def status(self, param):
        return -50
