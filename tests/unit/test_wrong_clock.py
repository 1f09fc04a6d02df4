"""What holds on a board whose clock is not set, is set late, goes back to its epoch, or forward by years."""

import time

import microdot._file_body
import microdot.server
from clocks import EPOCHS, NOW, YEAR, Clocks
from login_app import KEY, User
from memory_stream import MemoryStream
from microdot import Microdot, send_file
from microdot.login import Login
from microdot.server import Server
from microdot.session import MemoryStore, Session, with_session
from microdot.test_client import TestClient
from microdot.test_client.cookiejar import CookieJar
from support import folder

DAY = 86400
HOUR = 3600


def make_app(**options):
    app = Microdot()
    extension = Session(app, KEY, **options)
    login = Login()
    login.user_loader(lambda user_id: User(user_id))

    @app.post("/login")
    async def log_in(request):
        return await login.login_user(request, User("joe"), remember=5)

    @app.get("/who")
    async def who(request):
        user = await login.get_current_user(request)
        return user.id if user else "nobody"

    @app.get("/set")
    @with_session
    async def set_value(request, session):
        session["a"] = 1
        session.save()
        return "saved"

    @app.get("/get")
    @with_session
    async def get_value(request, session):
        return str(session.get("a"))

    return app, extension


async def kept(before, after, waits, **options):
    """Return whether a session saved at one date is there when the clock, after some seconds, shows another one."""
    app, _ = make_app(**options)
    with Clocks(before) as clocks:
        client = TestClient(app)
        await client.get("/set")
        cookies = dict(client.cookies)
        clocks.wait(waits)
        clocks.now = after + waits
        client = TestClient(app, cookies=cookies)
        return (await client.get("/get")).text == "1"


# (before, after): not set for a while, then set; back to the epoch; forward by years
SET_LATE = [(epoch + 5, NOW) for epoch in EPOCHS]
GONE_BACK = [(NOW, epoch + 5) for epoch in EPOCHS]
FORWARD = [(NOW, NOW + 20 * YEAR)]


async def test_sessions_in_a_cookie_without_lifetime_last():
    for before, after in SET_LATE + GONE_BACK + FORWARD:
        assert await kept(before, after, 10), (before, after)


async def test_sessions_in_a_cookie_with_lifetime_are_of_their_time():
    for before, after in SET_LATE + GONE_BACK + FORWARD:
        assert not await kept(before, after, 10, lifetime=HOUR), (before, after)
    for epoch in EPOCHS:  # while the clock is not set it still goes
        assert await kept(epoch + 5, epoch + 5, HOUR - 1, lifetime=HOUR)
        assert not await kept(epoch + 5, epoch + 5, HOUR + 1, lifetime=HOUR)
    for correction in -299, -10, 10:  # a clock that is corrected a little
        assert await kept(NOW, NOW + correction, 10, lifetime=HOUR)


async def test_sessions_in_memory_end_when_their_time_has_passed():
    for before, after in [(NOW, NOW)] + SET_LATE + GONE_BACK + FORWARD:
        for lifetime in None, HOUR:
            end = lifetime or 14 * DAY
            assert await kept(before, after, end - 1, lifetime=lifetime, store=MemoryStore()), (before, after)
            assert not await kept(before, after, end, lifetime=lifetime, store=MemoryStore()), (before, after)


async def test_tokens_are_of_their_time():
    _, extension = make_app()
    with Clocks() as clocks:
        for before, after in SET_LATE + GONE_BACK + FORWARD:
            clocks.now = before
            token = extension.encode({"a": 1}, purpose="reset", lifetime=HOUR)
            assert extension.decode(token, purpose="reset", lifetime=HOUR)
            clocks.now = after
            assert extension.decode(token, purpose="reset", lifetime=HOUR) == {}, (before, after)
            if after < before:  # without the limit the clock alone decides
                assert extension.decode(token, purpose="reset")
            clocks.now = before + HOUR - 1
            assert extension.decode(token, purpose="reset", lifetime=HOUR)
            clocks.now = before + HOUR
            assert extension.decode(token, purpose="reset") == {}


async def remember(clocks, before):
    app, _ = make_app()
    clocks.now = before
    client = TestClient(app)
    await client.post("/login")
    return app, client.cookies["_remember"], client.cookies["session"]


async def test_logins_that_are_remembered():
    with Clocks() as clocks:
        for before, after in SET_LATE + GONE_BACK + FORWARD:
            app, cookie, session = await remember(clocks, before)
            clocks.now = after
            client = TestClient(app, cookies={"_remember": cookie})
            assert (await client.get("/who")).text == "nobody", (before, after)
            # What has expired is forgotten; where the clock has gone back the cookie is good again when it is set.
            assert ("_remember" in client.cookies) is (after < before)
            # A session of the password has no end of its own.
            assert (await TestClient(app, cookies={"session": session}).get("/who")).text == "joe"
            clocks.now = before + DAY
            remembered = TestClient(app, cookies={"_remember": cookie})
            assert (await remembered.get("/who")).text == "joe"
            # The session of one who was remembered is of its time too.
            clocks.now = after
            session = remembered.cookies["session"]
            assert (await TestClient(app, cookies={"session": session}).get("/who")).text == "nobody"


def test_cookies_of_the_test_client():
    for before, after in SET_LATE + GONE_BACK + FORWARD:
        cookies = {}
        jar = CookieJar()
        jar.store(cookies, "a=1; Max-Age=3600", "host", "/", before)
        jar.store(cookies, "b=2", "host", "/", before)
        assert jar.field(cookies, "host", "/", before + HOUR - 1) == "a=1; b=2"
        assert jar.field(cookies, "host", "/", after) == ("a=1; b=2" if after < before else "b=2")


class Calendar:
    """What `microdot.server` sees of `time`."""

    def gmtime(self, *seconds):
        assert not seconds
        epoch = 946684800 if time.gmtime(0)[0] == 2000 else 0
        return time.gmtime(self.now - epoch)


def test_date_is_there_when_the_clock_is_set():
    calendar = Calendar()
    saved = microdot.server.time
    microdot.server.time = calendar
    try:
        server = Server(Microdot())
        for now, date in (
            (EPOCHS[0] + 5, None),
            (EPOCHS[1] + 5, None),
            (EPOCHS[2] + 5, None),
            (NOW, "Fri, 15 Jan 2027 08:00:00 GMT"),
            (EPOCHS[1] + 5, None),
            (NOW + 10 * YEAR, "Mon, 12 Jan 2037 08:00:00 GMT"),
            (NOW, "Fri, 15 Jan 2027 08:00:00 GMT"),
        ):
            server.clock += 1
            calendar.now = now
            assert server.date() == date, now
    finally:
        microdot.server.time = saved


class NoClock:
    """What `microdot._file_body` sees of `time`: it may convert a file's time, and not ask what time it is."""

    @staticmethod
    def gmtime(seconds):
        return time.gmtime(seconds)


async def test_validators_of_files_need_no_clock():
    name = folder() + "/wrong_clock.txt"
    with open(name, "w") as file:
        file.write("a file")
    app = Microdot()
    app.get("/")(lambda request: send_file(name))
    client = TestClient(app)
    saved = microdot._file_body.time
    microdot._file_body.time = NoClock
    try:
        response = await client.get("/")
        assert response.status_code == 200 and response.headers["ETag"]
        for headers in (
            {"If-None-Match": response.headers["ETag"]},
            {"If-Modified-Since": response.headers["Last-Modified"]},
        ):
            assert (await client.get("/", headers)).status_code == 304
    finally:
        microdot._file_body.time = saved


async def test_deadlines_where_numbers_get_large():
    """The server counts its own ticks: nothing of its deadlines starts again at zero."""
    saved = microdot.server.TICK_MS
    microdot.server.TICK_MS = 10
    try:
        for clock in (1 << 30) - 2, (1 << 31) - 2, (1 << 32) - 2:
            app = Microdot()
            app.head_timeout = app.idle_timeout = 1
            app.get("/")(lambda request: "hello")
            app.server = Server(app)
            app.server.clock = clock
            stream = MemoryStream(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"GET / HT", end=False)
            await app.handle_request(stream, stream)
            assert stream.sent.startswith(b"HTTP/1.1 200 ") and b"HTTP/1.1 408 " in stream.sent
            assert app.server.clock > clock and not app.server.connections
    finally:
        microdot.server.TICK_MS = saved
