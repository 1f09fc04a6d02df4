"""Every way in which code of an application can end, on each kind of server: the table of docs/errors.md."""

import pathlib

import httpx
import pytest

from live.served import Served

PROGRAM = pathlib.Path(__file__).parent / "endings_app.py"
SERVERS = ["python", "micropython", "uvicorn", "gunicorn", "gthread"]
OWN = ["python", "micropython"]
PLACES = ["handler", "before", "after", "error_handler", "after_error", "first_piece", "next_piece", "end"]
FUNCTIONS = ["def", "async"]
ITERATORS = ["def", "async", "items", "async-items"]
FAULTS = ["ValueError", "StopIteration", "StopAsyncIteration", "CancelledError", "GeneratorExit"]
KINDS = [*FAULTS, "HTTPException", "MemoryError"]
#: For an iterator these are its end.
ENDS = {("items", "StopIteration"), ("async-items", "StopAsyncIteration")}
RESULTS = {
    "str": (200, b"x"), "bytes": (200, b"x"), "dict": (200, b'{"a": 1}'), "list": (200, b"[1]"), "true": (200, b"true"),
    "float": (200, b"3.5"), "none": (204, b""), "object": (500, b"Internal server error"),
}


def expected(server, place, kind, how):
    """Return the status of the answer for a cell, None if it is cut off."""
    if place in ("next_piece", "end"):
        return None
    if kind == "MemoryError":
        return 503 if server in OWN else 500
    if place == "after_error":
        return 418
    return 409 if kind == "HTTPException" else 500


def cells():
    for place in PLACES:
        for how in ITERATORS if place in ("first_piece", "next_piece", "end") else FUNCTIONS:
            for kind in KINDS:
                if (how, kind) not in ENDS:
                    yield place, kind, how


@pytest.fixture(scope="module", params=SERVERS)
def served(request):
    options = ["--graceful-timeout=1"] if request.param in ("gunicorn", "gthread") else []
    with Served(request.param, PROGRAM, *options) as server:
        yield server


def ask(server, path):
    """Return status and body of the answer; the status is None for an answer that is cut off."""
    with httpx.Client(base_url=server.url, timeout=20, trust_env=False) as client:
        try:
            response = client.get(path)
        except httpx.RemoteProtocolError:
            return None, b""
        return response.status_code, response.content


def test_what_is_raised(served):
    wrong = []
    for place, kind, how in cells():
        path = f"/{place}/{kind}/{how}"
        status, _ = ask(served, path)
        if status != expected(served.kind, place, kind, how):
            wrong.append((path, status, expected(served.kind, place, kind, how)))
    assert not wrong
    log = served.log()
    silent = []
    for place, kind, how in cells():
        path = f"/{place}/{kind}/{how}"
        if kind == "HTTPException":  # not an error, or its text is the status
            continue
        if path not in log and (served.kind, kind) != ("micropython", "StopIteration"):  # MicroPython changes it itself
            silent.append(path)
    assert not silent


def test_what_is_returned(served):
    for name, answer in RESULTS.items():
        assert ask(served, f"/return/{name}") == answer, name


@pytest.mark.parametrize("served", ["python", "uvicorn"], indirect=True)
def test_system_exit_is_an_error_like_others(served):
    wrong = []
    for place, kind, how in cells():
        if kind == "ValueError":
            path = f"/{place}/SystemExit/{how}"
            status, _ = ask(served, path)
            if status != expected(served.kind, place, kind, how) or path not in served.log():
                wrong.append((path, status))
    assert not wrong


@pytest.mark.parametrize("path", ["handler/{kind}/def", "handler/{kind}/async", "first_piece/{kind}/def"])
@pytest.mark.parametrize("kind", ["SystemExit", "KeyboardInterrupt"])
@pytest.mark.parametrize("server", SERVERS)
def test_what_ends_a_program(server, kind, path):
    with Served(server, PROGRAM) as served:
        status, _ = ask(served, "/" + path.format(kind=kind))  # in no case does the client wait for nothing
        if server in ("python", "uvicorn") and kind == "SystemExit":
            assert status == 500
            assert ask(served, "/return/str") == (200, b"x")
        elif server in OWN:
            assert status is None
            # SystemExit goes on when the server has stopped; its argument is a text here.
            assert served.process.wait(20) == (kind == "SystemExit")
