"""`make run`: one command from a clone to both servers."""

import re
import signal
import subprocess
import sys

import httpx
import pytest

from runtimes import ROOT
from server_process import PATIENCE


@pytest.fixture
def run(tmp_path):
    """A function that starts the program in a session of its own, as a terminal does; returns the process."""
    processes = []

    def run(*options):
        places = ["--environment", str(tmp_path / "venv"), "--ports", "0", "0"]
        command = [sys.executable, "tools/run.py", *places, *options]
        processes.append(subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
        ))
        return processes[0]

    yield run
    for process in processes:
        process.kill()
        process.wait()


def urls_of(process):
    """Return the two URLs that the program prints when both servers answer."""
    lines = []
    while not lines or "Ctrl-C" not in lines[-1]:
        lines.append(process.stdout.readline())
        assert lines[-1], lines
    urls = re.findall(r"^(?:uvicorn|MicroPython): +(http://127\.0\.0\.1:\d+)$", "".join(lines), re.MULTILINE)
    assert len(urls) == 2
    return urls


def assert_gone(urls):
    for url in urls:
        with pytest.raises(httpx.ConnectError):
            httpx.get(url)


def test_run_serves_the_dashboard_and_ctrl_c_stops_both(run):
    process = run()
    urls = urls_of(process)
    with httpx.Client(timeout=PATIENCE) as client:
        for url in urls:
            assert "<title>Dashboard</title>" in client.get(url).text
            assert client.get(url + "/style.css").headers["Content-Encoding"] == "gzip"
            assert client.put(url + "/file?name=a", content=b"a").status_code == 204
            assert client.get(url + "/state").json()["settings"]["file"] == {"name": "a", "size": 1}
        with client.stream("GET", urls[0] + "/events") as events:
            next(events.iter_lines())
            for _ in range(2):  # in a hurry, and with a viewer
                process.send_signal(signal.SIGINT)
            assert process.wait(PATIENCE) == 0
    assert process.stdout.read() == "\nStopped.\n"
    assert_gone(urls)
    assert not list((ROOT / "examples" / "dashboard").glob("dashboard.*"))


def test_run_serves_another_example_until_its_terminal_is_closed(run):
    process = run("--example", "one_app")
    urls = urls_of(process)
    for url in urls:
        assert "Hello from Microdot!" in httpx.get(url, timeout=PATIENCE).text
        assert httpx.post(url + "/echo", json={"a": [1]}, timeout=PATIENCE).json() == {"you sent": {"a": [1]}}
    process.stdout.close()
    process.send_signal(signal.SIGHUP)
    assert process.wait(PATIENCE) is not None
    assert_gone(urls)


def test_run_can_be_stopped_while_it_installs(run):
    process = run()
    assert "Creating" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == 0
    assert process.stdout.read() == "\nStopped.\n"
