"""The start of a board, whatever the application does."""

import asyncio
import os
import sys

from device_board import PATH, Board, Wifi, brief, hello
from microdot import Microdot
from microdot.device import _start, _status
from microdot.device._start import Runner, Starts
from microdot.test_client import TestClient
from support import folder, raises


def fresh():
    Starts(PATH).clear()


def write_app(text):
    """Make a module `app` of a text; the next import reads it."""
    sys.modules.pop("app", None)
    if folder() not in sys.path:
        sys.path.insert(0, folder())
    with open(folder() + "/app.py", "w") as file:
        file.write(text)


def remove_app():
    sys.modules.pop("app", None)
    os.remove(folder() + "/app.py")
    sys.path.remove(folder())


def test_a_good_start():
    fresh()
    app = brief(hello())
    seen = []

    @app.on_startup
    def look():
        seen.append(Starts(PATH).read())

    board = Board().start(app, watchdog=True)
    assert seen == [(1, "")] and Starts(PATH).read() == (0, "")
    assert board.runner.error is None
    assert board.hardware.events[0] == "watchdog" and board.hardware.events[1] == "feed"
    assert board.hardware.events[-1] == "release"


def test_a_start_has_not_failed_after_a_time():
    fresh()
    app = hello()
    counts = []

    @app.task
    async def look():
        for _ in range(3):
            await asyncio.sleep(0.01)
        counts.append(Starts(PATH).read()[0])
        app.shutdown()

    Board().start(app)
    assert counts == [0]
    app.lifespan.functions = [look]
    Board().start(app, enough=100)
    assert counts == [0, 1]


def test_starts_that_never_get_so_far():
    fresh()
    for number in range(3):
        Board().runner._begin(None)  # and then the power is off
        assert Starts(PATH).read() == (number + 1, "")
    app = brief(hello())
    board = Board().start(app)
    assert board.runner.app is not app and board.runner.error == "3 starts in a row have failed"
    assert "Starting without the application" in board.log.lines()[0][0]
    assert Starts(PATH).read() == (0, "")  # the next start tries it again
    board = Board().start(app)
    assert board.runner.app is app


def test_a_held_button():
    fresh()
    app = brief(hello())
    board = Board(pressed=True).start(app, button=14)
    assert board.runner.error == "the button is held" and board.runner.app is not app
    board = Board(pressed=True).start(app)
    assert board.runner.app is app


def test_a_wake_from_deep_sleep_counts_as_nothing():
    fresh()
    Starts(PATH).write(3, "an error")
    app = brief(hello())
    board = Board(awake=True).start(app)
    assert board.runner.app is app and Starts(PATH).read() == (3, "an error")


def test_an_application_that_cannot_be_imported():
    for text in ("app = (", "import nothing_of_that", "raise ValueError('at import')", "x = 1"):
        fresh()
        write_app(text)
        try:
            for number in range(1, 4):
                board = Board().start()
                assert "Cannot import the application:" in board.runner.error
                assert Starts(PATH).read()[0] == number
                assert "Cannot import the application" in "\n".join(board.log.lines()[0])
            assert board.hardware.events == []
            board = Board().start()  # does not try any more
            lines = board.log.lines()[0]
            assert lines[0] == "The last start failed:" and "Starting without the application" in "\n".join(lines)
            write_app("from microdot import Microdot\napp = Microdot()\n")
            brief(__import__("app").app)
            board = Board().start()
            assert board.runner.error is None and board.runner.app is sys.modules["app"].app
        finally:
            remove_app()


def test_an_application_that_serves_while_it_is_imported():
    start = "import asyncio\nfrom microdot import Microdot\napp = Microdot()\n"
    start_server = Microdot.start_server
    for line in ("app.run(port=0)", "asyncio.run(app.start_server(port=0))"):
        fresh()
        write_app(start + line)
        try:
            board = Board().start()
            assert "app.py serves while it is imported: leave that out" in board.runner.error
            assert Microdot.start_server is start_server
        finally:
            remove_app()


def test_what_an_application_has_imported_before_it_fails():
    fresh()
    write_app("import part_of_app\nraise ValueError('at import')")
    with open(folder() + "/part_of_app.py", "w") as file:
        file.write("taken = bytearray(1000)\n")
    try:
        board = Board().start()
        assert "at import" in board.runner.error
        assert "part_of_app" not in sys.modules
    finally:
        os.remove(folder() + "/part_of_app.py")
        remove_app()


def test_the_log_begins_with_what_is_served():
    fresh()
    assert Board().start(brief(hello())).log.lines()[0] == ["Starting the application on port 0"]
    assert Board(pressed=True).start(brief(hello()), button=14).log.lines()[0][-1].startswith("Starting without")


def test_an_application_that_takes_all_memory_when_it_is_imported():
    fresh()
    write_app("raise MemoryError('no room')")
    try:
        for number in range(1, 4):  # a restart frees what was taken
            board = Board().start()
            assert board.hardware.events == ["restart"]
            count, text = Starts(PATH).read()
            assert count == number and "no room" in text
        board = Board().start()
        assert board.hardware.events == [] and "no room" in board.runner.error
    finally:
        remove_app()


def test_memory_that_ends_before_a_failure_is_written_down():
    fresh()
    write_app("x = 1")
    original = Runner._keep
    Runner._keep = take_all
    try:
        board = Board().start()
    finally:
        Runner._keep = original
        remove_app()
    assert board.hardware.events == ["restart"] and Starts(PATH).read()[0] == 1


def take_all(*arguments):
    raise MemoryError


def test_memory_that_ends_while_the_application_serves():
    for enough, number in ((100, 1), (0, 0)):  # it has failed, or had shown that it works
        fresh()
        app = brief(hello())
        board = Board()

        async def full(watch=board.runner._watch):
            watching = asyncio.create_task(watch())
            await asyncio.sleep(0.01)
            watching.cancel()
            raise MemoryError("all is taken")

        board.runner._watch = full
        board.runner._keep = keep = Kept(board.runner._keep)
        board.start(app, enough=enough)
        assert "restart" in board.hardware.events
        assert keep.count == number and "all is taken" in keep.text


class FullPages:
    """The pages of a board that has no memory for them."""

    path = "/_device/update"

    def __init__(self):
        self.app = self

    async def serve_request(self, request):
        raise MemoryError("no room for a page")


def test_memory_that_ends_for_the_pages_of_the_board():
    for size, restarts in ((50000, True), (10000, False)):  # a restart helps if there has been room at the start
        fresh()
        app = hello()
        board = Board()
        board.runner._make_pages = FullPages
        room = Room(size)

        @app.task
        async def ask(app=app, board=board, room=room):
            await asyncio.sleep(0.05)
            room.size = 5000
            try:
                await app.serve_request(FullPages())
            except MemoryError:
                room.refused = 0
            while not room.refused and "restart" not in board.hardware.events and room.asked < 4:
                await asyncio.sleep(0.05)
            app.shutdown()

        _start.bytearray, patience = room, _start._TIME_WITHOUT_ROOM
        _start._TIME_WITHOUT_ROOM = 0
        try:
            board.start(app)
        finally:
            _start._TIME_WITHOUT_ROOM = patience
            del _start.bytearray
        assert ("restart" in board.hardware.events) == restarts and bool(room.refused) == restarts


class Room:
    """A `bytearray` with a limit."""

    refused = asked = 0

    def __init__(self, size):
        self.size = size

    def __call__(self, size):
        self.asked += 1
        if size > self.size:
            self.refused += 1
            raise MemoryError("no room")
        return bytearray(size)


def test_the_board_watches_before_the_tasks_of_the_application_begin():
    fresh()
    app = hello()
    board = Board()
    begun = []

    @app.task
    async def take():
        begun.append(board.hardware.now)
        app.shutdown()

    before = board.hardware.ticks()
    board.start(app)
    assert begun[0] > before  # so something has looked at the clock


class Kept:
    """What a start has kept for the next one, when that was written: a good end of this one removes it."""

    def __init__(self, keep):
        self.keep = keep

    def __call__(self, text):
        self.keep(text)
        self.count, self.text = Starts(PATH).read()


def test_why_a_board_that_works_has_restarted():
    fresh()
    Starts(PATH).write(0, "no memory")
    board = Board().start(brief(hello()))
    assert board.log.lines()[0][:2] == ["The board has restarted:", "no memory"]
    assert board.runner.error is None


def test_a_server_that_ends_with_an_exception():
    fresh()
    app = hello()

    @app.on_startup
    def fail():
        raise ValueError("no sensor")

    for number in range(1, 4):
        board = Board().start(app)
        assert board.hardware.events == ["restart"]
        count, text = Starts(PATH).read()
        assert count == number and "no sensor" in text
    board = Board().start(app)
    assert board.hardware.events == [] and "no sensor" in board.runner.error


def test_a_replacement_that_fails_too_ends():
    fresh()
    Starts(PATH).write(3)
    board = Board()

    def broken():
        app = Microdot()

        @app.on_startup
        def fail():
            raise OSError(98)

        return app

    board.runner._replacement = broken
    with raises(OSError):
        board.runner.run(None, "127.0.0.1", 0, None, False)
    assert board.hardware.events == []


async def test_what_the_replacement_answers():
    client = TestClient(Runner._replacement())
    for path in ("/", "/any/path"):
        response = await client.get(path)
        assert response.status_code == 503 and "without its application" in response.text


def test_a_computer_raises():
    fresh()
    app = hello()

    @app.on_startup
    def fail():
        raise ValueError("no sensor")

    with raises(ValueError):
        Board(IS_BOARD=False).start(app)
    write_app("raise ValueError('at import')")
    try:
        with raises(ValueError):
            Board(IS_BOARD=False).start()
    finally:
        remove_app()
    assert Starts(PATH).read() == (0, "")


def test_restarting():
    fresh()
    app = hello()
    board = Board()
    with raises(RuntimeError):
        board.runner.restart()
    seen = []

    @app.on_shutdown
    def end():
        seen.extend(board.hardware.events + ["end"])

    @app.task
    async def restart():
        seen.append(board.runner.restart(after="the response"))

    board.start(app)
    assert seen == ["the response", "end"] and board.hardware.events == ["restart"]
    assert Starts(PATH).read() == (0, "")


def test_tasks_that_nobody_waits_for():
    fresh()
    app = hello()

    async def fail():
        raise ValueError("in a task of its own")

    @app.task
    async def work():
        task = asyncio.create_task(fail())
        await asyncio.sleep(0.01)
        del task
        for _ in range(3):
            await asyncio.sleep(0.01)
        app.shutdown()

    board = Board().start(app)
    assert "in a task of its own" in "\n".join(board.log.lines()[0])


def test_a_file_that_is_none():
    for text in ("", "x", "\x00\x00", "5", "1\nan error"):
        with open(PATH, "w") as file:
            file.write(text)
        assert Starts(PATH).read() == {"5": (5, ""), "1\nan error": (1, "an error")}.get(text, (0, ""))
    starts = Starts(folder() + "/no such folder/file")
    starts.write(1)
    assert starts.read() == (0, "")
    starts.clear()


def test_status():
    class Settings:
        device = {"name": "attic"}

    board = Board()
    status = _status.make_status(Settings, Wifi(), board.hardware, board.runner)
    assert status["name"] == "attic" and status["uptime"] == 1 and status["heap_largest"] == 4000
    assert status["connections"] == 0 and status["wifi"] == {"state": "off", "signal": None, "address": None}
    assert status["clock_is_set"] is True and status["has_application"] is True
    assert status["python"].startswith(sys.implementation.name)
    for name, field in ((b"home", {"ssid": "home"}), (b"\xff", {"ssid_hex": "ff"}), (None, {})):
        Wifi.state, Wifi.network = "joined", name  # None: the network was joined before a soft reset
        try:
            status = _status.make_status(Settings, Wifi(), board.hardware, board.runner)
        finally:
            Wifi.state = "off"
        assert status["wifi"] == dict(field, state="joined", signal=None, address=None)
