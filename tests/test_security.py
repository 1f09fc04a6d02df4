"""The promises in docs/security.md: each names a test that is there."""

import ast
import re

import pytest

from runtimes import ROOT

TEXT = (ROOT / "docs" / "security.md").read_text()
PROMISES = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in re.search(r"## Promises\n(.*?)\n## ", TEXT, re.DOTALL).group(1).splitlines()
    if line.startswith("|") and not line.startswith(("| ---", "| Promise"))
]


def functions(path):
    """Return the names of the test functions of a file."""
    tree = ast.parse((ROOT / path).read_text())
    return {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}


def test_there_are_promises():
    assert len(PROMISES) >= 20


@pytest.mark.parametrize("promise", PROMISES, ids=[promise[0][:60] for promise in PROMISES])
def test_a_promise_names_its_tests(promise):
    _, tests = promise
    names = re.findall(r"`([^`]+)`", tests)
    assert names and re.sub(r"`[^`]+`", "", tests).strip(", ") == ""
    for name in names:
        path, function = name.split("::")
        assert function.startswith("test_") and function in functions(path), name


def test_how_to_report_a_problem():
    assert "SECURITY.md" in TEXT
    assert "docs/security.md" in (ROOT / "SECURITY.md").read_text()
