"""Limits to how often passwords can be tried: for each account, and from each address.

The limits are buckets that leak. An attempt puts one interval into the account's bucket and one into the address's,
and both leak as time passes. An attempt that would overflow one of them is refused. For each bucket one number is kept,
the second in which it will be empty (GCRA, the generic cell rate algorithm).

There is a fixed number of buckets, and a hash decides which one an account uses. Accounts that share a bucket are
locked together. Attempts with other names, however many, cannot unlock an account, because no bucket is ever replaced.
"""

from array import array
from hashlib import sha256

from ._clock import seconds
from ._compat import MICROPYTHON
from .errors import HTTPException


class Throttle:
    """Refuses attempts to log in with 429 when there are too many.

    Both limits are pairs (attempts, seconds): that many attempts at once, and one more each time so many seconds have
    passed. An attempt that succeeds or is refused does not count.

    :param account: the limit for one account, from wherever the attempts come.
    :param address: the limit for one client's address, whatever the account; for IPv6 that of its network (/64).
    :param store: where attempts are counted: a `MemoryAttempts`, which is the default, or, for several processes, a
        `microdot.redis.RedisAttempts`.
    """

    def __init__(self, account: "tuple[int, int]" = (10, 120), address: "tuple[int, int]" = (20, 30), store=None):
        self.account = account
        self.address = address
        self.store = store or MemoryAttempts()

    async def attempt(self, request, account: "str | None") -> None:
        """Count an attempt; call this before the password is checked, so that parallel attempts count too.

        :param account: the name that the client gave, whether there is such an account or not.
        :raises HTTPException: 429 with `Retry-After`, if it is one too many.
        """
        taken = []
        for kind, number, (attempts, interval) in self._buckets(request, account):
            wait = await self.store.take(kind, number, attempts, interval)
            if wait:
                for bucket in taken:
                    await self.store.give_back(*bucket)
                text = "Too many attempts: try again in %d seconds" % wait
                raise HTTPException(429, text, {"Retry-After": str(wait)})
            taken.append((kind, number, interval))
        if not hasattr(request.g, "_attempts"):
            request.g._attempts = {}
        request.g._attempts[self] = seconds(), taken

    async def succeed(self, request) -> None:
        """Take back the request's attempt, because it has succeeded; earlier ones that failed still count."""
        since, taken = request.g._attempts.pop(self, (0, ()))
        passed = seconds() - since
        for kind, number, interval in taken:
            if passed < interval:  # what has leaked since then may have been another attempt's
                await self.store.give_back(kind, number, interval - passed)

    def _buckets(self, request, account):
        """Return (kind, number, limit) of the buckets of an attempt."""
        buckets = []
        if request.client_addr and request.client_addr[0]:  # there is none behind a Unix socket
            buckets.append(("address", _number(network(request.client_addr[0])), self.address))
        buckets.append(("account", _number((account or "").strip().lower()), self.account))
        return buckets


def _number(text):
    """Return a number of 20 bits for a text."""
    return int.from_bytes(sha256(text.encode()).digest()[:3], "big") >> 4


def network(address: str) -> str:
    """Return the first half of an IPv6 address, which one client has all of; an IPv4 address as it is."""
    if ":" not in address:
        return address
    if "." in address:  # an IPv4 address in the form of IPv6
        return address[address.rfind(":") + 1 :]
    head, gap, tail = address.lower().partition("::")
    groups = head.split(":") if head else []
    if gap:
        tail = tail.split(":") if tail else []
        groups += ["0"] * (8 - len(groups) - len(tail)) + tail
    return ":".join([group.lstrip("0") for group in groups[:4]])


class MemoryAttempts:
    """Attempts counted in memory, by one process, until it ends.

    :param size: number of buckets of each kind, 4 bytes each; 128 on a board, else 16384.
    """

    def __init__(self, size: int = 128 if MICROPYTHON else 16384):
        self._buckets = {kind: array("I", bytes(4 * size)) for kind in ("account", "address")}
        self._size = size

    async def take(self, kind: str, number: int, attempts: int, interval: int) -> int:
        """Put *interval* seconds into a bucket that holds *attempts* times as many; return 0.

        If it is too full, put nothing in, and return the seconds after which there is room.
        """
        buckets = self._buckets[kind]
        number %= self._size
        now = seconds()
        empty = max(buckets[number], now)
        wait = empty - now - (attempts - 1) * interval
        if wait > 0:
            return wait
        buckets[number] = empty + interval
        return 0

    async def give_back(self, kind: str, number: int, interval: int) -> None:
        """Take *interval* seconds out of a bucket again."""
        buckets = self._buckets[kind]
        number %= self._size
        buckets[number] = max(buckets[number] - interval, 0)
