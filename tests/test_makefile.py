"""`make help` lists every target, and the targets start every tool."""

import re
import subprocess

from runtimes import ROOT

# What other tools start, and the emulator, whose commands have a page of their own.
OTHERS = ("bench/apps/", "bench/websocket_load.py", "emulator/", "robustness/conformance_app.py", "site/")


def test_help_lists_every_target():
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M)
    shown = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    listed = re.findall(r"^make ([a-z-]+) ", shown, re.M)
    assert len(targets) > 10 and sorted(listed) == sorted(set(targets) - {"help"})


def test_every_tool_has_a_target():
    """A tool is a program in `tools`, or in a folder of its own there or in a folder for its purpose."""
    text = (ROOT / "Makefile").read_text()
    started = {ROOT / path for path in re.findall(r"python\)?3? (tools/[\w/.]+)", text.replace("$(PYTHON)", "python"))}
    programs = [path for path in (ROOT / "tools").rglob("*.py") if '__name__ == "__main__"' in path.read_text()]
    programs = {path.parent if path.name == "__main__.py" else path for path in programs}
    programs = {path for path in programs if not path.relative_to(ROOT / "tools").as_posix().startswith(OTHERS)}
    assert len(programs) > 5 and not programs - started, programs - started
