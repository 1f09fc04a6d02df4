"""How often passwords can be tried."""

from microdot import Microdot, throttle
from microdot._request import G
from microdot.test_client import TestClient
from microdot.throttle import MemoryAttempts, Throttle, network
from support import raises


class Clock:
    """Context manager: the seconds that have passed, as the test likes."""

    def __init__(self, now=1000):
        self.now = now

    def __call__(self):
        return self.now

    def __enter__(self):
        self._saved = throttle.seconds
        throttle.seconds = self
        return self

    def __exit__(self, *exc_info):
        throttle.seconds = self._saved


class Attempt:
    """What a throttle sees of a request."""

    def __init__(self, address="192.0.2.1"):
        self.client_addr = address and (address, 1234)
        self.g = G()


async def refused(limits, account, address="192.0.2.1", succeeds=False):
    """Make an attempt; return the seconds to wait, 0 if it is admitted."""
    attempt = Attempt(address)
    try:
        await limits.attempt(attempt, account)
        if succeeds:
            await limits.succeed(attempt)
    except Exception as error:
        assert error.status_code == 429
        assert error.headers["Retry-After"] in error.reason
        return int(error.headers["Retry-After"])
    return 0


async def test_an_account():
    with Clock() as clock:
        limits = Throttle(account=(3, 60), address=(100, 1))
        for _ in range(3):
            assert not await refused(limits, "joe")
        for address in "192.0.2.1", "192.0.2.2", "2001:db8::1":  # wherever it comes from
            assert await refused(limits, "joe", address) == 60
        for name in "JOE", " joe ":  # the same to most applications
            assert await refused(limits, name) == 60
        assert not await refused(limits, "ann")
        clock.now += 59
        assert await refused(limits, "joe") == 1
        clock.now += 1
        assert not await refused(limits, "joe")  # one more
        assert await refused(limits, "joe") == 60
        clock.now += 180
        for _ in range(3):
            assert not await refused(limits, "joe")
        assert await refused(limits, "joe") == 60


async def test_an_address():
    with Clock() as clock:
        limits = Throttle(account=(1000, 1), address=(3, 30))
        for name in "abc":
            assert not await refused(limits, name)
        assert await refused(limits, "d") == 30
        assert not await refused(limits, "d", "192.0.2.2")
        clock.now += 30
        assert not await refused(limits, "d")
        assert await refused(limits, "d") == 30


async def test_what_succeeds_does_not_count():
    with Clock():
        limits = Throttle(account=(3, 60), address=(3, 60))
        for _ in range(100):
            assert not await refused(limits, "joe", succeeds=True)
        for _ in range(2):
            assert not await refused(limits, "joe")
        # A password that was right does not make good the wrong ones.
        for _ in range(10):
            assert not await refused(limits, "joe", succeeds=True)
        assert not await refused(limits, "joe")
        assert await refused(limits, "joe") == 60


async def test_an_attempt_that_takes_long():
    """While a password is looked at, its attempt leaks away; what is given back must not be another one's."""
    with Clock() as clock:
        limits = Throttle(account=(3, 60))
        attempts = [Attempt() for _ in range(3)]
        for attempt in attempts:
            await limits.attempt(attempt, "joe")
        clock.now += 180
        for _ in range(3):
            assert not await refused(limits, "joe")
        for attempt in attempts:
            await limits.succeed(attempt)
        assert await refused(limits, "joe") == 60
        # a wrong one at the same time still counts in full
        clock.now += 180
        limits = Throttle(account=(2, 60))
        await limits.attempt(attempts[0], "joe")
        await limits.attempt(attempts[1], "joe")
        clock.now += 20
        await limits.succeed(attempts[0])
        assert not await refused(limits, "joe") and await refused(limits, "joe") == 60
        # what has not leaked yet is given back
        limits = Throttle(account=(3, 60))
        clock.now += 180
        await limits.attempt(attempts[0], "joe")
        clock.now += 20
        await limits.succeed(attempts[0])
        for _ in range(3):
            assert not await refused(limits, "joe")
        assert await refused(limits, "joe") == 60


async def test_two_throttles_in_a_request():
    with Clock():
        one, other = Throttle(account=(1, 60)), Throttle(account=(1, 60))
        attempt = Attempt()
        await one.attempt(attempt, "joe")
        await other.attempt(attempt, "joe")
        await other.succeed(attempt)
        assert await refused(one, "joe") and not await refused(other, "joe")


async def test_what_is_refused_does_not_count():
    with Clock():
        limits = Throttle(account=(1, 60), address=(3, 60), store=MemoryAttempts(4096))
        assert not await refused(limits, "joe")
        for _ in range(50):
            assert await refused(limits, "joe") == 60
        # of the address's attempts one was used
        assert not await refused(limits, "ann") and not await refused(limits, "bob")
        for _ in range(50):
            assert await refused(limits, "sue") == 60
        assert not await refused(limits, "sue", "192.0.2.2")


async def test_no_flood_frees_an_account():
    """Nor does it make the table larger: it has as many buckets as at the beginning."""
    with Clock():
        store = MemoryAttempts(size=32)
        limits = Throttle(account=(2, 60), address=(10, 60), store=store)
        for _ in range(2):
            assert not await refused(limits, "joe")
        for n in range(300):
            address = "10.0.%d.%d" % (n // 250, n % 250)
            # an attacker may have accounts, and log in with them
            await refused(limits, "name %d" % n, address, succeeds=n % 3)
            assert await refused(limits, "joe", "192.0.2.9"), n
        assert [len(buckets) for buckets in store._buckets.values()] == [32, 32]


async def test_one_address_cannot_lock_many_accounts():
    with Clock():
        limits = Throttle(account=(5, 60), address=(20, 60), store=MemoryAttempts(4096))
        admitted = locked = 0
        for n in range(1000):
            admitted += not await refused(limits, "name %d" % n)
        assert admitted == 20
        for n in range(200):
            locked += bool(await refused(limits, "other %d" % n, "10.0.0.%d" % n))
        assert not locked


async def test_buckets_are_shared():
    """Two accounts in one bucket are locked together, which is what a small table costs."""
    with Clock():
        limits = Throttle(account=(2, 60), store=MemoryAttempts(size=1))
        assert not await refused(limits, "joe") and not await refused(limits, "ann")
        assert await refused(limits, "joe") == await refused(limits, "ann") == 60


async def test_an_attempt_takes_a_fixed_number_of_steps():
    class Counted:
        steps = 0

        async def take(self, *bucket):
            self.steps += 1
            return await store.take(*bucket)

        async def give_back(self, *bucket):
            self.steps += 1
            await store.give_back(*bucket)

    with Clock():
        store = MemoryAttempts()
        counted = Counted()
        limits = Throttle(store=counted)
        for n in range(500):
            counted.steps = 0
            await refused(limits, "joe" if n % 2 else str(n), "10.0.0.%d" % (n % 200))
            assert 0 < counted.steps <= 3


async def test_for_thirty_days():
    with Clock(0) as clock:
        limits = Throttle(account=(3, 3600), address=(100, 1))
        admitted = 0
        for _ in range(30 * 24):
            for _ in range(5):
                admitted += not await refused(limits, "joe")
            clock.now += 3600
        assert admitted == 30 * 24 + 2


async def test_clients_without_an_address():
    with Clock():
        limits = Throttle(account=(2, 60), address=(1, 60))
        for address in None, "":
            for _ in range(2):
                assert not await refused(limits, "joe" + repr(address), address)
            assert await refused(limits, "joe" + repr(address), address) == 60


async def test_no_name():
    with Clock():
        limits = Throttle(account=(2, 60))
        assert not await refused(limits, None) and not await refused(limits, "")
        assert await refused(limits, "  ") == 60


def test_networks():
    for address, same in (
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:0:1::1", "2001:0DB8::1:a:b:c:d"),
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:ffff"),
        ("2001:db8:0:1::", "2001:db8:0:1::5"),
        ("fe80::1%eth0", "fe80::2"),
        ("fe80::1", "fe80:0:0:0:1:2:3:4"),
        ("::1", "0:0:0:0:0:0:0:2"),
        ("::", "::5"),
    ):
        assert network(address) == network(same), address
    for address, other in (
        ("192.0.2.1", "192.0.2.2"),
        ("2001:db8:0:1::1", "2001:db8:0:2::1"),
        ("2001:db8::1", "2001:db8:1::1"),
        ("::1", "1::"),
        ("fe80::1", "fe81::1"),
    ):
        assert network(address) != network(other), address


def make_app(limits):
    app = Microdot()
    hashed = []

    @app.post("/login/<name>/<password>")
    async def log_in(request, name, password):
        await limits.attempt(request, name)
        hashed.append(name)
        if password != "good":
            return "wrong", 403
        await limits.succeed(request)
        await limits.succeed(request)  # which has no effect any more
        return "welcome"

    return TestClient(app), hashed


async def test_in_an_application():
    """A password is not even looked at when there were too many: that would cost the board seconds."""
    with Clock():
        client, hashed = make_app(Throttle(account=(3, 60)))
        for _ in range(5):
            assert (await client.post("/login/joe/good")).text == "welcome"
        for _ in range(3):
            assert (await client.post("/login/joe/bad")).status_code == 403
        assert len(hashed) == 8
        for password in "bad", "good":
            response = await client.post("/login/joe/" + password)
            assert response.status_code == 429 and response.headers["Retry-After"] == "60"
            assert response.text == "Too many attempts: try again in 60 seconds"
        assert len(hashed) == 8
        assert (await client.post("/login/ann/good")).text == "welcome"


async def test_errors_of_the_store_admit_nobody():
    class Broken:
        async def take(self, *bucket):
            raise OSError

    client, hashed = make_app(Throttle(store=Broken()))
    assert (await client.post("/login/joe/good")).status_code == 500 and not hashed
    with raises(OSError):
        await Throttle(store=Broken()).attempt(Attempt(), "joe")
