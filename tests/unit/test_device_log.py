"""The log of a board."""

import asyncio

from microdot import _compat
from microdot._compat import log_error
from microdot.device._log import Log
from microdot.device._log_events import respond_with_log


def test_keeps_lines():
    log = Log()
    assert log.lines() == ([], 0)
    log.keep("a\nb\n")
    log.keep("c")
    assert log.lines() == (["a", "b", "c"], 3)
    assert log.lines(1) == (["b", "c"], 3)
    assert log.lines(3) == ([], 3) and log.lines(9) == ([], 3)


def test_the_oldest_lines_go():
    log = Log()
    log.limit = 30
    for number in range(10):
        log.keep("line %d..." % number)
    assert log.lines() == (["line 7...", "line 8...", "line 9..."], 10)
    assert log.lines(0) == log.lines(7) and log.lines(8)[0] == ["line 8...", "line 9..."]
    log.keep("x" * 100)
    assert log.lines() == (["x" * 30], 11)


def test_keeps_tracebacks_of_the_framework():
    log = Log()
    log.install()
    log.install()
    try:
        raise ValueError("of a test")
    except ValueError as error:
        log_error("Exception while testing", error)
    lines = log.lines()[0]
    assert lines[0] == "Exception while testing"
    assert "Traceback" in lines[1] and "ValueError: of a test" in lines[-1]
    assert lines.count("Exception while testing") == 1


def test_control_characters_of_clients_are_escaped():
    log = Log()
    log.install()
    forged = "a\n\r\x1b[2J\x7f\x9b\u2028\u202e\u2066FAKE"
    try:
        raise ValueError(forged)
    except ValueError as error:
        log_error("Refused " + forged, error)
    log.write("Joined\n" + forged.replace("\n", ""))
    log.keep("Lost\r")
    for line in log.lines()[0]:
        assert line == _compat.escape_controls(line) and not line.startswith("FAKE")
    assert log.lines()[0][0].startswith("Refused a\\n\\r\\x1b[2J")
    assert sum(["FAKE" in line for line in log.lines()[0]]) == 3


def test_other_characters_are_not_escaped():
    for text in ("", "caf\xe9 \u2013 \u201cone\u201d\u2026 \u20ac \U0001f600", "a\tb"):
        assert _compat.escape_controls(text) == text


def test_each_control_character_is_escaped():
    for first, last in ((0, 8), (10, 31), (127, 159), (0x200B, 0x200F), (0x2028, 0x202F), (0x2060, 0x206F)):
        for number in range(first, last + 1):
            assert _compat.escape_controls("a" + chr(number)) == repr("a" + chr(number))[1:-1], number


def test_the_log_may_fail():
    def fail(text):
        raise MemoryError

    if _compat.MICROPYTHON:  # where it is the heap's
        _compat.add_log(fail)
        try:
            log_error("logged by a test")
        finally:
            _compat._logs.remove(fail)


async def test_a_browser_follows():
    log = Log()
    events = respond_with_log(log, "").body
    assert await events.__anext__() == b":\n\n"  # the head goes out, though there is no line
    waiting = asyncio.create_task(events.__anext__())
    await asyncio.sleep(0)
    log.keep("a\nb\rc")
    assert await waiting == b"id: 1\ndata: a\n\n"
    assert await events.__anext__() == b"id: 2\ndata: b\\rc\n\n"


async def test_a_browser_comes_back():
    log = Log()
    log.keep("a\nb")
    for last, event in (("1", b"id: 2\ndata: b\n\n"), ("2", b":\n\n")):
        assert await respond_with_log(log, last).body.__anext__() == event
    for last in ("", "3", "-1", "x", "1" * 9):  # those of the log before a restart, and nonsense
        assert await respond_with_log(log, last).body.__anext__() == b"id: 1\ndata: a\n\n"
