"""The public API is typed: checkers find nothing wrong with a right program, and every line of a wrong one."""

import importlib
import inspect
import re
import subprocess
import sys

import pytest

from runtimes import ROOT

sys.path.insert(0, str(ROOT / "tools" / "site"))
try:
    import names
finally:
    del sys.path[0]

PROGRAMS = [ROOT / "tests" / "typing" / name for name in ("program.py", "public_names.py")]
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


def check(checker, *programs):
    """Return the exit status and the output of a type checker."""
    command = [sys.executable, "-m", *checker, *map(str, programs)]
    done = subprocess.run(command, cwd=programs[0].parent, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("checker", CHECKERS, ids=["mypy", "pyright"])
def test_right_programs(checker):
    status, output = check(checker, *PROGRAMS)
    assert not status, output


def test_the_right_programs_use_every_public_name():
    words = set(re.findall(r"\w+", "".join(program.read_text() for program in PROGRAMS)))
    for module, path in names.modules().items():
        if module != "microdot.__main__":
            assert set(names.names(path)) <= words, module


REVEALED = """
from microdot import Microdot, Request, abort

@Microdot().get("/")
def handler(request: Request) -> str:
    return ""

reveal_type(abort)
reveal_type(handler)
"""


def test_editors_know_the_types(tmp_path):
    """Pyright, which editors use, reads nothing below `if False`: every type imported there would be unknown to it."""
    program = tmp_path / "revealed.py"
    program.write_text(REVEALED)
    output = check(CHECKERS[1], program)[1]
    assert re.findall(r'Type of ".+" is "(.+)"', output) == [
        "(status_code: int, reason: str | None = None) -> NoReturn",
        "(request: Request) -> str",
    ], output


def test_examples():
    """They have no annotations; checkers look at what they call. Those of a board's modules are left out."""
    programs = [app for app in (ROOT / "examples").glob("*/app.py") if app.parent.name not in ("led", "weather")]
    status, output = check(CHECKERS[1], *programs)
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


#: Methods with two underscores that programs call, in operators and statements.
OPERATORS = {"__init__", "__call__", "__getitem__", "__setitem__", "__iter__", "__contains__", "__enter__", "__exit__"}
OPERATORS |= {"__aenter__", "__aexit__", "__aiter__", "__anext__", "__or__", "__ior__"}


def functions(module):
    """Yield (name, function) for all that a program can call of a module of the package."""
    for name in names.names(names.modules()[module]):
        value = getattr(importlib.import_module(module), name)
        if inspect.isfunction(value) and value.__module__.startswith("microdot"):
            yield f"{module}.{name}", value
        for owner in value.__mro__ if isinstance(value, type) else ():
            for attribute, member in vars(owner).items() if owner.__module__.startswith("microdot") else ():
                member = getattr(member, "fget", None) or getattr(member, "__func__", member)
                if inspect.isfunction(member) and (not attribute.startswith("_") or attribute in OPERATORS):
                    yield f"{owner.__module__}.{owner.__qualname__}.{attribute}", member


@pytest.mark.parametrize("module", names.modules())
def test_what_programs_call_is_typed(module):
    """A strict checker refuses calls of functions without any annotation."""
    assert [name for name, function in functions(module) if not function.__annotations__] == []
