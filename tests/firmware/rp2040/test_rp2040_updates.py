"""The pages of a board and its updates on the emulated chip: real flash, real heap, real watchdog, lwIP over PPP."""

import http.client
import json
import time

import pytest
from emulated import EMULATOR, PATIENCE, EmulatedPico

from microdot import cli
from microdot.cli import network

SECRET = "on-the-label"
HOST = "attic.local"  # a name takes more memory than an address
MAIN = """
from microdot import device
device.run()
"""
APP = """
import gc
from microdot import Microdot

app = Microdot()
app.max_connections = 6

@app.get("/")
async def index(request):
    return {name!r}

@app.get("/heap")
async def heap(request):
    gc.collect()
    return {{"used": gc.mem_alloc(), "free": gc.mem_free()}}
"""
TAKE = """
taken = []
while True:
    taken.append(bytearray(100))
"""
# Takes the last byte, in pieces that need no large list.
TAKE_LATER = """
import asyncio

taken = None

async def take():
    global taken
    size = 4096
    while size >= 16:
        try:
            taken = [taken, bytearray(size)]
        except MemoryError:
            size //= 2
    await asyncio.sleep(1000)

@app.get("/take")
async def begin(request):
    request.background(take())
    return "begun"
"""
PREPARE = """
for name, text in {files!r}.items():
    with open(name, "w") as file:
        file.write(text)
print("READY")
import time
time.sleep(1000)
"""


@pytest.fixture(scope="module")
def board(emulator, pico_ppp_uf2, tmp_path_factory):
    """A Pico that starts its application at power on, and takes updates."""
    files = {
        "main.py": (EMULATOR / "board" / "link.py").read_text() + MAIN,
        "app.py": APP.format(name="first"),
        "settings.json": json.dumps({"device": {"name": "attic", "secret": SECRET}}),
    }
    script = tmp_path_factory.mktemp("updates") / "prepare.py"
    script.write_text(PREPARE.format(files=files))
    with EmulatedPico(pico_ppp_uf2, forwards=(80,), scripts=[script]) as board:
        board.pace(20)
        board.reset()
        yield board


@pytest.fixture
def deploy(board, tmp_path, monkeypatch, capsys):
    """A function that deploys an application; it returns the status, what was printed, and the error."""
    monkeypatch.setenv(network.VARIABLE, SECRET)
    monkeypatch.setattr(network, "PATIENCE", PATIENCE)
    monkeypatch.setattr(network, "TIMEOUT", PATIENCE)

    def deployed(text):
        folder = tmp_path / "application"
        folder.mkdir(exist_ok=True)
        (folder / "app.py").write_text(text)
        status = cli.main(["deploy", f"127.0.0.1:{board.port(80)}", str(folder)])
        return status, *capsys.readouterr()

    return deployed


def ask(board, path="/", body=None, cookie=""):
    """Return (status, header fields, body) of the answer to a request of its own connection."""
    connection = http.client.HTTPConnection("127.0.0.1", board.port(80), timeout=PATIENCE)
    fields = {"Cookie": cookie, "Content-Type": "application/json", "Connection": "close"}
    connection.request("GET" if body is None else "POST", path, body, {"Host": HOST, **fields})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, answer.headers, text


def wait_for(board, path="/"):
    """Return the body of a page when the board has one."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            status, _, body = ask(board, path)
        except (OSError, http.client.HTTPException):
            status = None
        if status == 200:
            return body.decode()
        time.sleep(0.5)
    raise AssertionError(f"the board does not answer: {board.log()}")


def used(board):
    """Return the bytes of the heap that are in use."""
    ask(board, "/heap")
    return json.loads(ask(board, "/heap")[2])["used"]


def started(board):
    """Return what differs from one start of the board to the next."""
    return json.loads(ask(board, "/_device/update")[2])["nonce"]


def test_heap_while_a_page_is_open(board, note):
    assert wait_for(board) == "first"
    before = used(board)
    status, fields, _ = ask(board, "/_device/login", json.dumps({"secret": SECRET}))
    assert status == 200
    cookie = fields["Set-Cookie"].partition(";")[0]
    for path in ("", "/style.css", "/page.js", "/status", "/settings", "/update"):
        assert ask(board, "/_device" + path, cookie=cookie)[0] == 200
    log = http.client.HTTPConnection("127.0.0.1", board.port(80), timeout=PATIENCE)
    log.request("GET", "/_device/log", headers={"Host": HOST, "Cookie": cookie})
    events = log.getresponse()
    assert events.status == 200
    assert events.readline() + events.readline() == b"id: 1\ndata: Starting the application on port 80\n"
    opened = used(board) - before
    log.close()
    note("heap of an open page of the board", f"{opened} bytes")
    assert opened <= 10 * 1024


def test_an_application_that_fills_the_heap(board, deploy):
    status, _, err = deploy(TAKE)
    assert status == 1 and "the board runs the one before: MemoryError" in err, err + board.log()
    assert wait_for(board) == "first"


def test_a_good_application_that_fills_the_heap_later(board, deploy):
    status, out, err = deploy(APP.format(name="second") + TAKE_LATER)
    assert status == 0 and out.endswith("The board has confirmed it\n"), err + board.log()
    assert wait_for(board) == "second"
    confirmed = started(board)
    ask(board, "/heap")  # collects what nothing refers to: the timer that feeds the watchdog of the trial must stay
    end = board.status()["simulatedMicroseconds"] + 10e6
    while board.status()["simulatedMicroseconds"] < end:
        time.sleep(0.1)
    assert started(board) == confirmed, board.log()
    assert ask(board, "/take")[2] == b"begun"
    end = time.monotonic() + PATIENCE
    while "The application has taken all memory, the board restarts" not in board.log():
        assert time.monotonic() < end, board.log()
        time.sleep(0.5)
    assert wait_for(board) == "second"
    assert started(board) != confirmed
