"""The commands of README and the documentation, run as they stand there, in a copy of what git tracks.

A block of commands is an indented one, or one between fences without a language. The blocks of a page run in one shell,
in their order. What a page says to save ("Save this as `name`") is saved there. What cannot run says why in a comment
above it: `<!-- not run: needs a board -->`.
"""

import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import textwrap
import venv

import pytest

from runtimes import ROOT, micropython_binary

PAGES = ["README.md", "CONTRIBUTING.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
#: What a page takes for granted.
BEFORE = {
    "docs/cli.md": ["pip install -q ."],
    "docs/deployment.md": ["pip install -q .", "export MICROPYPATH=.frozen:$PWD/firmware"],
    "docs/firmware.md": ["cp -r examples/one_app my_app"],
    "docs/static.md": ["mkdir www", "touch www/app.js www/style.css www/index.html"],
}
#: Commands that serve until they are stopped -> their port.
SERVERS = {
    r"(uvicorn|gunicorn)\b(?!.*--(version|help))": 8000,
    r"(python|micropython) app\.py$": 5000,
    r"microdot run\b": 5000,
}
MARK = re.compile(r"<!-- not run: (\S.*?) -->\s*$")
SAVE = re.compile(r"[Ss]ave this as\s+`([^`]+)`[^\n]*:\s*$")
WAIT = """
import socket, sys, time
for _ in range(600):
    try:
        connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10)
    except OSError:
        time.sleep(0.1)
        continue
    connection.sendall(b"GET / HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n")
    answer = connection.recv(15)
    sys.exit(answer != b"HTTP/1.1 200 OK" and f"answer {answer}")
sys.exit("nothing listens")
"""


def blocks(text):
    """Yield (what comes before it, language or None, code) for each block; an indented one has no language."""
    end = 0
    pattern = r"^(?P<fence>```)(?P<language>\w*)\n(?P<fenced>.*?)^```$|(?<=\n\n)(?P<indented>(?:(?: {4,}\S[^\n]*)?\n)+)"
    for block in re.finditer(pattern, text, re.MULTILINE | re.DOTALL):
        if block["fence"]:
            yield text[end : block.start()], block["language"] or None, block["fenced"]
        elif block["indented"].strip():
            code = textwrap.dedent(block["indented"]).strip() + "\n"
            if re.match(r"[*-] |\d+\. ", code):  # a list within a list
                continue
            yield text[end : block.start()], None, code
        else:
            continue
        end = block.end()


def commands(name):
    """Return the script of a page, "" if it has no commands to run."""
    script = []
    ran = False
    for before, language, code in blocks((ROOT / name).read_text()):
        save = SAVE.search(before.rstrip())
        if language and save:
            script.append(f"cat > {save[1]} <<'END-OF-FILE'\n{code}END-OF-FILE")
        if language or MARK.search(before):
            continue
        ran = True
        for line in code.replace("\\\n", "").splitlines():
            line = re.sub(r"\s+#\s.*$", "", line)
            script += serve(line) if line.strip() else []
    return "\n".join([*BEFORE.get(name, []), *script]) + "\n" if ran else ""


def serve(line):
    """Return the lines of the script for a command: a server is stopped when it has answered."""
    for pattern, port in SERVERS.items():
        if re.match(pattern, line):
            return [f"{line} &", f'"$PYTHON" "$WAIT" {port}', "kill $!", "wait $! || true"]
    return [line]


def test_blocks_are_found():
    text = "One:\n\n    a\n    b\n\n* Two:\n\n        c\n\n```\nd\n```\n\n```python\ne\n```\n"
    assert [block[1:] for block in blocks(text)] == [(None, "a\nb\n"), (None, "c\n"), (None, "d\n"), ("python", "e\n")]


def test_a_mark_is_that_of_the_next_block_only():
    found = [bool(MARK.search(block[0])) for block in blocks("<!-- not run: why -->\n\n    a\n\nText.\n\n    b\n")]
    assert found == [True, False]


def test_servers_are_recognised():
    assert serve("uvicorn app:app")[0] == "uvicorn app:app &"
    assert serve("pip install uvicorn") == ["pip install uvicorn"]


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A function that makes a copy of what git tracks, and of what is about to be added."""
    def copy(folder):
        command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
        for name in subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines():
            if (ROOT / name).is_file():
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, target)
        return folder

    return copy


@pytest.mark.parametrize("name", [name for name in PAGES if commands(name)])
def test_commands_run(name, clone, tmp_path):
    for port in set(SERVERS.values()):
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(("127.0.0.1", port))  # the commands of the pages need it
    folder = clone(tmp_path / "clone")
    venv.create(tmp_path / "venv", with_pip=True)
    programs = tmp_path / "venv" / "bin"
    if micropython_binary():
        (programs / "micropython").symlink_to(micropython_binary())
    script = tmp_path / "script"
    script.write_text(commands(name))
    wait = tmp_path / "wait.py"
    wait.write_text(WAIT)
    own = pathlib.Path(sys.executable).parent
    paths = [part for part in os.environ["PATH"].split(":") if pathlib.Path(part) != own]
    environment = {
        **os.environ, "PATH": ":".join([str(programs), *paths]), "PYTHON": sys.executable, "WAIT": str(wait)
    }
    for variable in ("VIRTUAL_ENV", "PYTHONPATH", "MICROPYPATH"):
        environment.pop(variable, None)
    output = tmp_path / "output"
    with output.open("w") as file:
        done = subprocess.run(
            ["bash", "-eux", script], cwd=folder, env=environment, stdout=file, stderr=file, stdin=subprocess.DEVNULL,
            timeout=540,
        )
    assert done.returncode == 0, output.read_text()[-4000:]
