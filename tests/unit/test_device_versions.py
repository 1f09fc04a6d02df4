"""Versions of an application: which one a board starts, their trial, and the way back."""

import asyncio
import os
import sys

from device_board import PATH, Board, brief
from microdot.device import _start
from microdot.device._start import Starts
from microdot.device._versions import BASE, GOOD, NEW, TRIED, Versions, make_folders, remove
from support import folder, raises

ROOT = folder() + "/"
HELLO = """
from microdot import Microdot
app = Microdot()

@app.get("/")
async def index(request):
    return NAME
"""


class Versioned:
    """Context manager: a board with a version `old` in its own folder; everything is as before at the end."""

    def __enter__(self):
        self.here, self.path = os.getcwd(), sys.path[:]
        remove(ROOT + "versions")
        Starts(PATH).clear()
        make_folders(ROOT + "base/", len(ROOT))
        write(ROOT + "base/app.py", "NAME = 'old'\n" + HELLO)
        return self

    def __exit__(self, *exc_info):
        self.leave()
        sys.modules.pop("app", None)
        remove(ROOT + "versions")
        remove(ROOT + "base")
        Starts(PATH).clear()

    def leave(self):
        os.chdir(self.here)
        sys.path[:] = self.path

    def update(self, text, name="0123456789ab"):
        """Put a version into the spare folder and switch to it, as an update does."""
        versions = Versions(ROOT)
        versions.load()
        path = versions.path(versions.spare())
        remove(path)
        make_folders(path + "/", len(ROOT))
        write(path + "/app.py", text)
        versions.switch(name)

    def start(self, enough=0, **hardware):
        """Start the board; return it when its program has ended. Its folder is the one that the version gave it."""
        self.leave()
        sys.modules.pop("app", None)
        sys.path.insert(0, ROOT + "base")
        board = Board(**hardware)
        imported = board.runner._import

        def import_briefly():
            app = imported()
            if app is not None and board.runner.error is None:
                brief(app)
            return app

        board.runner._import = import_briefly
        return board.start(enough=enough)


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def name_of(board):
    return sys.modules["app"].NAME if board.runner.error is None else None


def state():
    versions = Versions(ROOT)
    versions.load()
    return versions.folder, versions.state, versions.name, versions.failed


def test_a_board_without_versions():
    with Versioned() as versioned:
        board = versioned.start()
        assert name_of(board) == "old" and state() == (BASE, GOOD, "-", "-")
        assert board.hardware.events == []


def test_a_good_update():
    with Versioned() as versioned:
        versioned.update("import part\nNAME = part.NAME\n" + HELLO)
        make_folders(ROOT + "versions/a/lib/", len(ROOT))
        write(ROOT + "versions/a/lib/part.py", "NAME = 'new'\n")
        assert state() == ("a", NEW, "0123456789ab", "-")
        seen = []
        original = _start.Runner._ask

        async def ask(runner):
            seen.append((state()[1], os.getcwd()))
            return await original(runner)

        _start.Runner._ask = ask
        try:
            board = versioned.start()
        finally:
            _start.Runner._ask = original
        sys.modules.pop("part")
        assert name_of(board) == "new" and state() == ("a", GOOD, "0123456789ab", "-")
        assert seen[0][0] == TRIED and seen[0][1].endswith("versions/a")
        assert board.hardware.events == ["watchdog", "timer for 30 seconds", "no timer", "feed", "release"]
        assert "The update 0123456789ab works" in board.log.lines()[0]
        board = versioned.start()
        assert name_of(board) == "new" and board.hardware.events == []
        versioned.update("NAME = 'newer'\n" + HELLO, "second")
        assert state() == ("b", NEW, "second", "-")
        board = versioned.start()
        assert name_of(board) == "newer" and state() == ("b", GOOD, "second", "-")
        versioned.update("NAME = 'newest'\n" + HELLO, "third")
        assert state()[0] == "a"


def test_an_update_that_fails_at_import():
    for text in ("app = (", "import nothing_of_that", "raise ValueError('no sensor')", "x = 1", "raise MemoryError"):
        with Versioned() as versioned:
            versioned.update(text)
            board = versioned.start()
            assert board.hardware.events == ["watchdog", "timer for 30 seconds", "restart"]
            assert state()[:2] == ("a", TRIED)
            board = versioned.start()
            assert name_of(board) == "old" and state() == (BASE, GOOD, "-", "0123456789ab")
            assert "Cannot import the application" in board.runner.update_error
            assert "The update 0123456789ab has failed" in "\n".join(board.log.lines()[0])
            board = versioned.start()
            assert name_of(board) == "old" and board.runner.update_error is None


def test_an_update_whose_server_ends():
    with Versioned() as versioned:
        versioned.update(
            "NAME = 'new'\n" + HELLO + "\n@app.on_startup\ndef fail():\n    raise ValueError('no sensor')\n"
        )
        board = versioned.start()
        assert board.hardware.events[-1] == "restart"
        board = versioned.start()
        assert name_of(board) == "old" and "no sensor" in board.runner.update_error


def test_an_update_that_fails_when_it_is_asked():
    for body, wanted in (
        ("raise ValueError('no sensor')", "no sensor"),
        ("raise MemoryError", "MemoryError"),
        ("return 'sorry', 503", "status 503"),
    ):
        with Versioned() as versioned:
            versioned.update("NAME = 'new'\n" + HELLO.replace("return NAME", body))
            board = versioned.start()
            assert "restart" in board.hardware.events and state()[:2] == ("a", TRIED)
            board = versioned.start()
            assert name_of(board) == "old" and wanted in board.runner.update_error, board.runner.update_error


def test_an_update_that_leaves_no_memory_for_the_pages():
    with Versioned() as versioned:
        versioned.update("NAME = 'new'\n" + HELLO)
        original = _start.Runner._load_pages
        _start.Runner._load_pages = take_all
        try:
            versioned.start()
        finally:
            _start.Runner._load_pages = original
        board = versioned.start()
        assert name_of(board) == "old" and board.runner.update_error.endswith("memory for the pages of the board")


def take_all(*arguments):
    raise MemoryError


def test_an_update_that_does_not_answer():
    with Versioned() as versioned:
        versioned.update(
            "import asyncio\nNAME = 'new'\n" + HELLO.replace("return NAME", "await asyncio.Event().wait()")
        )
        original, _start._TIME_TO_ANSWER = _start._TIME_TO_ANSWER, 0.01
        try:
            versioned.start()
        finally:
            _start._TIME_TO_ANSWER = original
        board = versioned.start()
        assert name_of(board) == "old" and "does not answer" in board.runner.update_error


def test_answers_that_are_no_failure():
    for body in ("return 'log in', 401", "return None, 302, {'Location': '/login'}", "return open('app.py', 'rb')"):
        with Versioned() as versioned:
            versioned.update("NAME = 'new'\n" + HELLO.replace("return NAME", body))
            assert name_of(versioned.start()) == "new" and state()[1] == GOOD


def test_power_cuts_during_a_trial():
    with Versioned() as versioned:
        versioned.update("NAME = 'new'\n" + HELLO)
        board = Board()
        board.runner.can_update = True
        board.runner._begin(None)  # and then the power is off
        assert state()[1] == TRIED and Starts(PATH).read() == (1, "")
        board = versioned.start()
        assert name_of(board) == "old" and "before the end of its trial" in board.runner.update_error


def test_a_trial_that_is_cut_short_ends_the_update():
    """By whatever: an application that ends its own server must not be tried again at each start."""
    with Versioned() as versioned:
        versioned.update("NAME = 'new'\n" + HELLO)
        board = versioned.start(enough=100)
        assert sys.modules["app"].NAME == "new" and board.hardware.events[-1] == "restart"
        board = versioned.start()
        assert name_of(board) == "old" and "before the end of its trial" in board.runner.update_error


def test_an_update_for_a_board_that_had_left_its_application_out():
    with Versioned() as versioned:
        Starts(PATH).write(3, "an error")
        versioned.update("NAME = 'new'\n" + HELLO)
        assert name_of(versioned.start()) == "new" and state()[1] == GOOD


def test_a_held_button_leaves_the_update_for_later():
    with Versioned() as versioned:
        versioned.update("NAME = 'new'\n" + HELLO)
        Board(pressed=True).start(button=14)
        assert state()[1] == NEW
        assert name_of(versioned.start()) == "new"


def test_an_update_that_sends_the_board_to_sleep():
    with Versioned() as versioned:
        versioned.update("NAME = 'new'\n" + HELLO)
        versions = Versions(ROOT)
        versions.load()
        versions.mark(TRIED)
        assert name_of(versioned.start(awake=True)) == "new" and state()[1] == GOOD


def test_a_state_that_cannot_be_written():
    with Versioned() as versioned:
        versioned.update("NAME = 'new'\n" + HELLO)
        mark = Versions.mark
        Versions.mark = refuse
        try:
            board = versioned.start()
        finally:
            Versions.mark = mark
        assert name_of(board) == "old" and "could not be recorded" in board.runner.update_error


def refuse(*arguments):
    raise OSError(28)


def test_a_way_back_that_cannot_be_written():
    with Versioned() as versioned:
        versioned.update("raise ValueError")
        versioned.start()
        write_state = Versions._write
        Versions._write = refuse
        try:
            board = versioned.start()
        finally:
            Versions._write = write_state
        assert name_of(board) == "old" and state()[1] == TRIED
        assert name_of(versioned.start()) == "old" and state()[1] == GOOD


def test_a_version_that_is_not_there():
    with Versioned() as versioned:
        versioned.update("NAME = 'new'\n" + HELLO)
        remove(ROOT + "versions/a")
        board = versioned.start()
        assert name_of(board) == "old"
        assert "is missing" in "\n".join(board.log.lines()[0])


def test_an_application_that_main_passes_has_no_versions():
    with Versioned() as versioned:
        versioned.update("NAME = 'new'\n" + HELLO)
        app = brief(_start.Runner._replacement())
        board = Board().start(app)
        assert board.runner.app is app and not board.runner.can_update and state()[1] == NEW


def test_state_files_that_cannot_be_read():
    with Versioned():
        make_folders(ROOT + "versions/", len(ROOT))
        for text in (
            "",
            "x",
            "a good\n",
            "a good n . - -",
            "c good n . - -\n",
            "a fine n . - -\n",
            "a good n . - - -\n",
        ):
            write(ROOT + "versions/state", text)
            assert state() == (BASE, GOOD, "-", "-"), text
        os.remove(ROOT + "versions/state")
        write(ROOT + "versions/state.new", "a good n . - -\n")  # FAT, after a power cut
        assert state() == ("a", GOOD, "n", "-")


def test_a_full_flash_leaves_the_state():
    with Versioned() as versioned:
        versioned.update("NAME = 'new'\n" + HELLO)
        versions = Versions(ROOT)
        versions.load()
        versions._path = ROOT + "no such folder/state"
        with raises(OSError):
            versions.mark(GOOD)
        assert versions.state == NEW


async def test_the_trial_goes_on_until_it_can_be_written_down():
    with Versioned() as versioned:
        versioned.update("NAME = 'new'\n" + HELLO)
        board = Board()
        board.runner.app = board.runner._replacement()
        board.runner.versions.load()
        board.runner._on_trial = True
        board.runner._dog = board.hardware

        async def ask():
            await asyncio.sleep(0)

        board.runner._ask = ask
        board.runner.versions.mark = refuse
        await board.runner._end_trial()
        assert board.runner._on_trial
        del board.runner.versions.mark
        await board.runner._end_trial()
        assert not board.runner._on_trial and state()[1] == GOOD
