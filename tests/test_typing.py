"""The public API is typed: checkers find nothing wrong with a right program, and every line of a wrong one."""

import subprocess
import sys

import pytest

from runtimes import ROOT

PROGRAM = ROOT / "tests" / "typing" / "program.py"
TRANSPORTS = ROOT / "tests" / "typing" / "transports.py"
CHECKERS = [["mypy", "--strict"], ["pyright", "--pythonpath", sys.executable]]
WRONG = [
    "import microdot.asgi",
    "from microdot import Microdot, Request, Response",
    "Microdot().get(5)",
    "Response('x', '200')",
    "Request.max_content_length = 'large'",
    "microdot.asgi.Microdot(unknown=1)",
    "number: int = Request.content_type",
    "Microdot().no_such_method()",
]


def check(checker, program):
    """Return the exit status and the output of a type checker."""
    command = [sys.executable, "-m", *checker, str(program)]
    done = subprocess.run(command, cwd=program.parent, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("checker", CHECKERS, ids=["mypy", "pyright"])
def test_a_right_program(checker):
    status, output = check(checker, PROGRAM)
    assert not status, output


@pytest.mark.parametrize("checker", CHECKERS, ids=["mypy", "pyright"])
def test_a_wrong_program(tmp_path, checker):
    program = tmp_path / "wrong.py"
    program.write_text("\n".join(WRONG))
    status, output = check(checker, program)
    assert status == 1
    for number in range(3, len(WRONG) + 1):
        assert f"wrong.py:{number}:" in output, WRONG[number - 1] + "\n" + output


NOT_TRANSPORTS = """
from microdot._transport import AsyncTransport, Upgradable
from microdot.asgi.application import HTTPTransport
from microdot.wsgi.transport import WSGITransport

def a(transport: WSGITransport) -> AsyncTransport:
    return transport

def b(transport: HTTPTransport) -> Upgradable:
    return transport
"""


def test_transports(tmp_path):
    mypy = CHECKERS[0]
    status, output = check(mypy, TRANSPORTS)
    assert not status, output
    program = tmp_path / "wrong.py"
    program.write_text(NOT_TRANSPORTS)
    status, output = check(mypy, program)
    assert status == 1
    assert "wrong.py:7:" in output and "wrong.py:10:" in output, output


def test_nothing_imports_the_transports_types_at_run_time():
    """So that no board has them."""
    folders = "server.connection", "websocket.connection", "test_client.websocket", "sse", "asgi", "wsgi"
    modules = ", ".join(f"microdot.{name}" for name in folders)
    program = f"import sys, {modules}; print('microdot._transport' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("False\n", "")
