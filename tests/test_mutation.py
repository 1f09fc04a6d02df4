"""The tool that changes modules to see whether tests notice."""

import ast
import pathlib
import subprocess
import sys

import pytest

from runtimes import ROOT

TOOL = ROOT / "tools" / "robustness" / "mutation"
SOURCE = '''
"""A docstring."""

__all__ = ["limit"]
if -0:
    from typing import Any

LIMIT = 3


def limit(n: "Any", twice: bool = False) -> "int | None":
    """Another one."""
    if n < LIMIT and not twice:
        log_error("small")
        return None
    n += 1
    raise ValueError(n)
'''


@pytest.fixture
def tool(monkeypatch):
    """The tool's modules, importable as it imports them itself."""
    monkeypatch.syspath_prepend(str(TOOL))
    import mutants
    import sandbox

    yield mutants, sandbox
    for name in ("mutants", "sandbox"):
        del sys.modules[name]


def test_each_mutant_changes_one_place(tool):
    mutants = tool[0]
    found = [(mutant.before.splitlines()[0], mutant.after.splitlines()[0]) for mutant in mutants.mutants(SOURCE)]
    assert found == [
        ("3", "4"),
        ("False", "True"),
        ("if n < LIMIT and (not twice):", "if False:"),
        ("if n < LIMIT and (not twice):", "if True:"),
        ("n < LIMIT and (not twice)", "n < LIMIT or not twice"),
        ("n < LIMIT and (not twice)", "not twice"),
        ("n < LIMIT and (not twice)", "n < LIMIT"),
        ("n < LIMIT", "n <= LIMIT"),
        ("n < LIMIT", "n >= LIMIT"),
        ("not twice", "twice"),
        ("n += 1", "pass"),
        ("1", "2"),
        ("raise ValueError(n)", "pass"),
    ]
    original = ast.unparse(ast.parse(SOURCE))
    sources = [mutant.source for mutant in mutants.mutants(SOURCE)]
    assert len(set(sources)) == len(sources) and original not in sources
    for source in sources:
        compile(source, "mutant", "exec")


def test_related_tests(tool):
    sandbox = tool[1]
    assert sandbox.related_tests(pathlib.PurePosixPath("sse.py"))[0] == "test_sse"
    assert "test_permessage" not in sandbox.related_tests(pathlib.PurePosixPath("sse.py"))


def test_survivors_are_shown_and_the_tree_stays_as_it_is():
    module = ROOT / "firmware" / "microdot" / "_queues.py"
    before = module.read_text()
    line = next(at for at, text in enumerate(before.splitlines(), 1) if "self.dropped += 1" in text)
    command = [sys.executable, TOOL, "_queues.py", "--lines", str(line), "--tests", "queues"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "2 of 2 killed" in done.stdout.splitlines()[-1], done.stdout
    command[-1] = "utf8"  # which tests nothing of it
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert len([text for text in done.stdout.splitlines() if text.startswith(f"_queues.py:{line}: ")]) == 2, done.stdout
    assert module.read_text() == before
