"""The emulated board as a client: TCP, UDP and DNS through the emulator's end of its PPP line."""

import socket
import threading

import pytest
from emulated import EMULATOR, PATIENCE, RawRepl

HOST = "10.64.0.1"  # this machine, as the board sees it


@pytest.fixture(scope="module")
def repl(board):
    """The raw REPL of a board whose PPP link is up."""
    with RawRepl(board) as repl:
        repl.run((EMULATOR / "board" / "link.py").read_text() + "import socket\n")
        assert board.status()["linkUp"]
        yield repl


def test_the_board_connects_to_the_host(repl):
    data = bytes(i % 251 for i in range(9000))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)
        received = []

        def echo():
            connection, _ = listener.accept()
            with connection, connection.makefile("rb") as stream:
                connection.settimeout(PATIENCE)
                received.append(stream.read(len(data)))
                connection.sendall(received[0])

        thread = threading.Thread(target=echo)
        thread.start()
        printed = repl.run(
            f"s = socket.socket()\ns.connect(({HOST!r}, {listener.getsockname()[1]}))\n"
            f"sent = bytes(i % 251 for i in range({len(data)}))\n"
            "s.write(sent)\nback = b''\n"
            "while len(back) < len(sent):\n    back += s.read(min(1024, len(sent) - len(back)))\n"
            "print(back == sent, s.read(1))\ns.close()\n"
        )
        thread.join(PATIENCE)
    assert received == [data]
    assert printed == "True b''\n"


def test_a_closed_port_refuses_the_board(repl):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = repl.execute(f"s = socket.socket()\ns.connect(({HOST!r}, {port}))\n")[1]
    assert "ECONNRESET" in error or "ECONNABORTED" in error or "ECONNREFUSED" in error, error


def test_datagrams_go_both_ways(repl):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        peer.settimeout(PATIENCE)
        port = peer.getsockname()[1]
        repl.run(f"u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\nu.sendto(b'question', ({HOST!r}, {port}))\n")
        data, address = peer.recvfrom(100)
        assert data == b"question"
        peer.sendto(b"answer", address)
        assert repl.run("u.settimeout(20)\nprint(u.recvfrom(100))\nu.close()\n") == f"(b'answer', ('{HOST}', {port}))\n"


def test_names_are_resolved_by_the_host(repl):
    assert repl.run("print(socket.getaddrinfo('localhost', 80)[0][-1])") == f"('{HOST}', 80)\n"
    assert "OSError" in repl.execute("socket.getaddrinfo('no-such-name.invalid', 80)")[1]
