"""The public API is typed: checkers find nothing wrong with a right program, and every line of a wrong one."""

import subprocess
import sys

import pytest

from runtimes import ROOT

PROGRAM = ROOT / "tests" / "typing" / "program.py"
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
