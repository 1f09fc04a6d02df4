"""The question to a time server, with a pretended network: the emulated boards of these tests have none."""

import sys

from microdot.device import _ntp
from support import raises

TIME = 1800000000


class Network:
    """Stands for the module `socket`; its socket answers each question with the next of some answers."""

    AF_INET = SOCK_DGRAM = 2

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []
        self.closed = False

    def getaddrinfo(self, *args):
        return [(2, 2, 0, "", args[:2])]

    def socket(self, *args):
        return self

    def setblocking(self, value):
        assert not value

    def sendto(self, data, address):
        assert len(data) == 48 and data[0] == 0x23  # version 4, from a client
        self.asked.append(address)
        self.mark = data[40:]

    def recv(self, size):
        answer = self.answers.pop(0) if self.answers else OSError(11, "EAGAIN")
        if isinstance(answer, OSError):
            raise answer
        return answer(self.mark)

    def close(self):
        self.closed = True


def good(mark):
    return bytes([0x24, 2]) + bytes(22) + mark + bytes(8) + (TIME + 2208988800).to_bytes(4, "big") + bytes(4)


def of_another(mark):
    return good(bytes(8))


def cut(mark):
    return good(mark)[:40]


def without_time(mark):
    return bytes([0xE4]) + good(mark)[1:]


async def no_sleep(seconds):
    pass


async def ask(*answers):
    """Return what `ask_time()` returns, and what was asked; the socket must be closed, whatever happens."""
    network = Network(*answers)
    real = sys.modules.get("socket")
    asyncio, _ntp.asyncio = _ntp.asyncio, NoTime
    sys.modules["socket"] = network
    try:
        return await _ntp.ask_time("time.example"), network.asked
    finally:
        _ntp.asyncio = asyncio
        if real:
            sys.modules["socket"] = real
        else:
            del sys.modules["socket"]
        assert network.closed


class NoTime:
    """Stands for asyncio: nothing has to wait for two seconds here."""

    sleep = staticmethod(no_sleep)


async def test_the_time_is_asked_once():
    assert await ask(good) == (TIME, [("time.example", 123)])
    assert await ask(OSError(11, "EAGAIN"), OSError(11, "EAGAIN"), good) == (TIME, [("time.example", 123)])


async def test_answers_to_other_questions_are_left_out():
    assert (await ask(of_another, cut, good))[0] == TIME


async def test_servers_that_do_not_tell_the_time():
    for answers, error in (([], OSError), ([OSError(113, "EHOSTUNREACH")], OSError), ([without_time], ValueError)):
        with raises(error) as caught:
            await ask(*answers)
        if answers and error is OSError:
            assert caught.value.errno == 113  # that of the network, not "no answer"
