"""Updates of an application over the network, by `microdot deploy`, on boards that the computer pretends to be."""

import socket
import threading
import urllib.request

import pytest

from microdot import cli
from microdot.cli import network
from microdot.device._update import MAX_LIST
from server_process import wait_until
from wire.board import SECRET, Board, source


@pytest.fixture
def board(runtime, tmp_path):
    folder = tmp_path / "board"
    folder.mkdir()
    with Board(runtime, folder) as board:
        yield board


@pytest.fixture
def deploy(board, tmp_path, monkeypatch, capsys):
    """A function that deploys files to the board; it returns the status, what was printed, and the error."""
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
    assert status == 1
    assert "the new version failed, and the board runs the one before" in err and "nothing_of_that" in err
    assert board.get() == "second" and board.starts == 4
    status, out, err = deploy(app=source("raise ValueError('no sensor')"))
    assert status == 1 and "no sensor" in err
    assert board.get() == "second"
    status, out, err = deploy(app=source('return "third"'))
    assert status == 0 and board.get() == "third"


def test_an_application_whose_hooks_fail_can_be_mended(board, deploy):
    (board.folder / "app.py").write_text(source('return "first"', hook="raise ValueError('broken')"))
    (board.folder / "failed-starts").unlink()
    board.process.kill()
    board.thread.join()
    board.thread = threading.Thread(target=board.run)
    board.thread.start()
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
    assert status == 1 and "The signature is wrong: check the secret" in err
    monkeypatch.setenv(network.VARIABLE, SECRET)
    files = {f"module_{number}": "" for number in range(1000)}
    status, _, err = deploy(app=source('return "second"'), **files)
    assert status == 1 and "1001 files are too many: their list takes" in err and f"of {MAX_LIST}" in err
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


def test_another_host_is_refused(board):
    request = urllib.request.Request(f"http://{board.address}/_device/update", headers={"Host": "evil.example"})
    with pytest.raises(OSError, match="400"):
        urllib.request.urlopen(request, timeout=60)
