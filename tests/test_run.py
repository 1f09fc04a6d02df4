"""`make run`: one command from a clone to both servers."""

import re
import signal
import subprocess
import sys

import httpx
import pytest

from runtimes import ROOT
from server_process import PATIENCE

PAGES = [
    ("GET", "/", {}, 200, "Hello from Microdot!"),
    ("GET", "/hello/susan", {}, 200, "Hello, susan!"),
    ("POST", "/echo", {"json": {"a": [1]}}, 200, {"you sent": {"a": [1]}}),
    ("GET", "/visits", {"headers": {"Cookie": "visits=4"}}, 200, "Visit 5"),
    ("GET", "/nowhere", {}, 404, "Not found"),
    ("GET", "/old", {}, 302, ""),
    ("GET", "/count", {}, 200, "1\n2\n3\n4\n5\n"),
]


@pytest.fixture
def running(tmp_path):
    command = [sys.executable, "tools/run.py", "--environment", str(tmp_path / "venv"), "--ports", "0", "0"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    yield process
    process.kill()
    process.wait()


def test_run_serves_both_and_ctrl_c_stops_both(running):
    lines = []
    while not lines or "Ctrl-C" not in lines[-1]:
        lines.append(running.stdout.readline())
        assert lines[-1], lines
    urls = re.findall(r"^(?:uvicorn|MicroPython): +(http://127\.0\.0\.1:\d+)$", "".join(lines), re.MULTILINE)
    assert len(urls) == 2
    for url in urls:
        for method, path, options, status, body in PAGES:
            response = httpx.request(method, url + path, timeout=PATIENCE, **options)
            assert response.status_code == status, (url, path)
            assert (response.json() if isinstance(body, dict) else response.text) == body
    running.send_signal(signal.SIGINT)
    assert running.wait(PATIENCE) == 0
    for url in urls:
        with pytest.raises(httpx.ConnectError):
            httpx.get(url)
