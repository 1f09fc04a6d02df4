"""Updates of an application over the network, by `microdot deploy`, on boards that the computer pretends to be."""

import http.client
import socket
import urllib.request

import pytest

from microdot import cli
from microdot.cli import network
from microdot.device._update import MAX_LIST
from runtimes import micropython_binary
from server_process import wait_until
from wire.board import SECRET, Board, source

HOG = """
def take():
    while True:
        taken.append(bytearray(500))

taken = []
"""
# Leaves enough for an answer.
TAKE_MOST = """
@app.task
async def take_most():
    import gc
    gc.collect()
    while gc.mem_free() > 30000:
        taken.append(bytearray(500))
"""


@pytest.fixture
def board(runtime, tmp_path):
    folder = tmp_path / "board"
    folder.mkdir()
    with Board(runtime, folder) as board:
        yield board


@pytest.fixture
def small_board(tmp_path):
    """A board whose heap can be filled."""
    folder = tmp_path / "small"
    folder.mkdir()
    with Board(micropython_binary(), folder) as board:
        yield board


@pytest.fixture
def deploy(request, tmp_path, monkeypatch, capsys):
    """A function that deploys files to the test's board; it returns the status, what was printed, and the error."""
    board = request.getfixturevalue("small_board" if "small_board" in request.fixturenames else "board")
    monkeypatch.setattr(network, "INTERVAL", 0.1)
    monkeypatch.setenv(network.VARIABLE, SECRET)

    def deployed(address=board.address, **files):
        folder = tmp_path / "application"
        for file in folder.glob("*.py"):
            file.unlink()
        folder.mkdir(exist_ok=True)
        for name, text in files.items():
            (folder / f"{name}.py").write_text(text)
        status = cli.main(["deploy", address, str(folder)])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return deployed


def test_versions_follow_one_another(board, deploy):
    assert board.get() == "first"
    status, out, _ = deploy(
        app="from part import answer\n" + source("return answer"), part="answer = 'second'\n" * 2000
    )
    assert status == 0, board.log()
    assert "Sent 2 files" in out and "The board tries it" in out and out.endswith("The board has confirmed it\n")
    assert board.get() == "second" and board.starts == 2
    status, out, err = deploy(app="import nothing_of_that")
    assert status == 1 and "Sent 1 file, " in out
    assert "the new version failed, and the board runs the one before" in err and "nothing_of_that" in err
    assert board.get() == "second" and board.starts == 4
    status, out, err = deploy(app=source("raise ValueError('no sensor')"))
    assert status == 1 and "no sensor" in err
    assert board.get() == "second"
    status, out, err = deploy(app=source('return "third"'))
    assert status == 0 and board.get() == "third"


LATER = """
import asyncio

@app.task
async def fail_later():
    await asyncio.sleep(0.3)
    {what}
"""


@pytest.mark.parametrize("what", ["app.shutdown()", "app.before_request(lambda request: 1 / 0)"])
def test_an_application_that_fails_some_seconds_after_its_start(board, deploy, what):
    status, _, err = deploy(app=source('return "second"') + LATER.format(what=what))
    assert status == 1 and "the new version failed, and the board runs the one before" in err, err
    assert board.get() == "first"
    assert deploy(app=source('return "third"'))[0] == 0


def test_an_application_whose_hooks_fail_can_be_mended(board, deploy):
    (board.folder / "app.py").write_text(source('return "first"', hook="raise ValueError('broken')"))
    (board.folder / "failed-starts").unlink()
    board.start_again()
    assert wait_until(board.answers)
    with pytest.raises(OSError, match="500"):
        board.get()
    assert deploy(app=source('return "mended"'))[0] == 0
    assert board.get() == "mended"


def test_what_the_command_says(board, deploy, monkeypatch, tmp_path):
    status, _, err = deploy(main="", part="")
    assert status == 1 and "there is no app.py" in err
    monkeypatch.setenv(network.VARIABLE, "wrong words")
    status, _, err = deploy(app=source('return "second"'))
    assert status == 1 and "The signature is wrong: check the passphrase" in err
    monkeypatch.setenv(network.VARIABLE, SECRET)
    files = {f"module_{number}": "" for number in range(1000)}
    status, _, err = deploy(app=source('return "second"'), **files)
    assert status == 1 and "1001 files are too many: their list has" in err
    assert f"a board takes {MAX_LIST} bytes, about 90 files" in err
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    status, _, err = deploy(f"127.0.0.1:{port}", app="")
    assert status == 1 and "does not answer" in err
    assert deploy("http://a/b", app="")[0] == deploy("a:b", app="")[0] == deploy("https://a", app="")[0] == 1
    assert board.get() == "first" and board.starts == 1


def test_a_client_that_leaves(board, deploy):
    size = 50000
    with socket.create_connection(("127.0.0.1", board.port)) as sock:
        listed = network.make_list([("app.py", bytes(size))])
        nonce = network.NetworkBoard(board.address, SECRET).describe()["nonce"]
        digest = network.hashlib.sha256(listed).hexdigest().encode()
        head = (
            f"POST /_device/update HTTP/1.1\r\nHost: {board.address}\r\nContent-Length: {len(listed) + size}\r\n"
            f"Update-List: {len(listed)}\r\nUpdate-Signature: {network.sign(SECRET, nonce, digest)}\r\n\r\n"
        )
        sock.sendall(head.encode() + listed + bytes(20000))
        folder = board.folder / "versions" / "a"
        assert wait_until(folder.exists)
    assert wait_until(lambda: not folder.exists())
    assert board.get() == "first"
    assert deploy(app=source('return "second"'))[0] == 0
    assert board.get() == "second"


@pytest.mark.parametrize("taken", [True, False])
def test_a_connection_that_breaks_behind_the_last_byte(board, deploy, monkeypatch, taken):
    getresponse = http.client.HTTPConnection.getresponse

    def lose(connection):
        response = getresponse(connection)
        if connection._method == "POST":
            raise ConnectionResetError("the router has gone")
        return response

    monkeypatch.setattr(http.client.HTTPConnection, "getresponse", lose)
    if not taken:
        monkeypatch.setenv(network.VARIABLE, "wrong words")
    status, out, err = deploy(app=source('return "second"'))
    if taken:
        assert status == 0 and out.endswith("The board has confirmed it\n"), err
        assert board.get() == "second"
    else:
        assert status == 1 and err.endswith("broke: the router has gone; the board keeps its version\n")
        assert board.get() == "first" and board.starts == 1


def test_updates_that_take_all_memory(small_board, deploy):
    starts = 1
    for text, reason in (
        (HOG + "take()\n", "MemoryError"),
        (HOG + source("take()"), "does not answer: MemoryError"),
        (HOG + source("return 'small'") + "@app.task\nasync def fill():\n    take()\n", "emory"),
        (HOG + source("return 'small'") + TAKE_MOST, "too little memory for the pages"),
    ):
        status, _, err = deploy(app=text)
        assert status == 1 and "the board runs the one before" in err and reason in err, err + small_board.log()
        starts += 2
        assert small_board.get() == "first" and small_board.starts == starts


def test_an_application_that_takes_all_memory_later(small_board, deploy):
    text = HOG + source('return "second"') + '@app.get("/take")\nasync def fill(request):\n    take()\n'
    assert deploy(app=text)[0] == 0
    with pytest.raises(OSError):
        small_board.get("/take")
    assert wait_until(lambda: small_board.starts == 3)
    assert wait_until(small_board.answers)
    assert small_board.get() == "second"
    assert "The application has taken all memory, the board restarts" in small_board.log()


def test_a_board_whose_own_application_takes_all_memory(small_board, deploy):
    (small_board.folder / "app.py").write_text(HOG + "take()\n")
    (small_board.folder / "failed-starts").unlink(missing_ok=True)
    small_board.start_again()
    assert wait_until(small_board.answers)
    with pytest.raises(OSError, match="503"):
        small_board.get()
    assert "Starting without the application" in small_board.log()
    assert deploy(app=source('return "mended"'))[0] == 0
    assert small_board.get() == "mended"


def test_another_host_is_refused(board):
    request = urllib.request.Request(f"http://{board.address}/_device/update", headers={"Host": "evil.example"})
    with pytest.raises(OSError, match="400"):
        urllib.request.urlopen(request, timeout=60)
