"""The public API is typed: checkers find nothing wrong with a program that uses it, and something with one that does not."""

import subprocess
import sys

import pytest

from runtimes import ROOT

PROGRAM = ROOT / "tests" / "typing" / "program.py"
CHECKERS = [["mypy", "--strict"], ["pyright", "--pythonpath", sys.executable]]


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
@pytest.mark.parametrize("wrong", [
    'app.get(5)',
    'Response("x", "200")',
    'Request.max_content_length = "large"',
    'microdot.asgi.Microdot(unknown=1)',
    'number: str = request_body(Request)',
])
def test_a_wrong_program(tmp_path, checker, wrong):
    program = tmp_path / "program.py"
    program.write_text(
        "import microdot.asgi\nfrom microdot import Microdot, Request, Response\n\napp = Microdot()\n\n\n"
        "def request_body(request: type[Request]) -> bytes:\n    return b''\n\n\n" + wrong + "\n"
    )
    status, output = check(checker, program)
    assert status == 1, output
