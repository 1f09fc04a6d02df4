"""`microdot run`: what it serves and shows, how it ends, and how it starts again after changes."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest
from playwright.async_api import expect

from live.browser import PHONE, chromium, new_page, overflow, violations
from live.served import ROOT
from server_process import PATIENCE, ServerProcess, children, wait_until

APP = """
import asyncio
from microdot import Microdot

app = Microdot()
started = asyncio.Event()

@app.get("/")
async def index(request):
    return "first"

@app.get("/slow")
async def slow(request):
    print("begun", flush=True)
    await asyncio.sleep(0.5)
    return "whole"

@app.get("/stop")
async def stop(request):
    app.shutdown()
    return "stopping"
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "app.py").write_text(APP)
    return tmp_path


class Run(ServerProcess):
    """`microdot run` in a folder, on a free port."""

    def __init__(self, folder, *options, program=("-m", "microdot")):
        command = [sys.executable, *program, "run", "--port", "0", *options]
        super().__init__(command, folder, dict(os.environ))

    def get(self, path):
        """Return the text at a path of whatever listens now."""
        assert wait_until(self.listens), self.log()
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=PATIENCE) as answer:
            return answer.read().decode()

    def begin_slow(self):
        """Return a socket to which the answer of a slow request will come that has begun."""
        client = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        client.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert wait_until(lambda: "begun" in self.log())
        return client


def answer(client):
    """Return all that comes from a socket."""
    with client, client.makefile("rb") as file:
        return file.read()


def has_ended(pid):
    """Return whether a process has ended, or is about to be forgotten by the system."""
    try:
        return "State:\tZ" in pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return True


def write_later(folder, name, text):
    """Replace a file so that its time or size tells it from the one before."""
    (folder / "new").write_text(text)
    os.replace(folder / "new", folder / name)


def test_the_url_and_the_requests_are_shown(folder):
    with Run(folder) as server:
        assert server.get("/") == "first"
        assert wait_until(lambda: "GET / 200" in server.log())
        assert server.log().startswith(f"Serving on http://127.0.0.1:{server.port}\n")
        assert server.stop() == 0


def test_requests_are_not_shown_if_not_wanted(folder):
    with Run(folder, "--quiet") as server:
        assert server.get("/") == "first"
        assert server.stop() == 0
        assert server.log() == f"Serving on http://127.0.0.1:{server.port}\n"


@pytest.mark.parametrize("options", [[], ["--reload"]], ids=["once", "reload"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_lets_requests_finish(folder, number, options):
    with Run(folder, *options) as server:
        client = server.begin_slow()
        server.process.send_signal(number)
        assert answer(client).endswith(b"\r\n\r\nwhole")
        assert server.process.wait(PATIENCE) == 0
        assert "Traceback" not in server.log()


def test_ctrl_c_in_a_terminal_reaches_both_processes_and_lets_requests_finish(folder):
    with Run(folder, "--reload") as server:
        client = server.begin_slow()
        os.killpg(server.process.pid, signal.SIGINT)
        assert answer(client).endswith(b"\r\n\r\nwhole")
        assert server.process.wait(PATIENCE) == 0
        assert "Traceback" not in server.log()


def test_a_signal_that_is_ignored_stays_ignored(folder):
    code = (
        "import signal, sys; from microdot.cli import main;"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN); sys.exit(main())"
    )
    with Run(folder, program=("-c", code)) as server:
        client = server.begin_slow()
        server.process.send_signal(signal.SIGHUP)
        assert answer(client).endswith(b"\r\n\r\nwhole")
        assert server.get("/") == "first"
        assert server.stop() == 0


def test_signals_end_in_order_where_the_event_loop_handles_none(folder):
    """As on Windows."""
    code = (
        "import asyncio, sys; from microdot.cli import main\n"
        "def add_signal_handler(*args): raise NotImplementedError\n"
        "asyncio.SelectorEventLoop.add_signal_handler = add_signal_handler\n"
        "sys.exit(main())"
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        with Run(folder, program=("-c", code)) as server:
            client = server.begin_slow()
            server.process.send_signal(number)
            assert answer(client).endswith(b"\r\n\r\nwhole")
            assert server.process.wait(PATIENCE) == 0
            assert "Traceback" not in server.log()


@pytest.mark.parametrize("options", [[], ["--reload"]], ids=["once", "reload"])
def test_a_busy_port_is_one_line(folder, options):
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        command = [sys.executable, "-m", "microdot", "run", "--port", str(busy.getsockname()[1]), *options]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "cannot listen on 127.0.0.1" in done.stderr


@pytest.mark.parametrize("name", ["nowhere", "app:nothing"])
def test_reloading_does_not_wait_for_an_application_that_is_not_there(folder, name):
    command = [sys.executable, "-m", "microdot", "run", "--reload", name]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1


def test_a_change_is_served_and_a_mistake_waits_for_the_next_one(folder):
    with Run(folder, "--reload") as server:
        assert server.get("/") == "first"
        write_later(folder, "app.py", APP.replace("first", "the second"))
        assert wait_until(lambda: "app.py has changed: starting again" in server.log())
        assert server.get("/") == "the second"
        write_later(folder, "app.py", APP.replace("first", "the third") + "oops(\n")
        assert wait_until(lambda: "waiting for a change" in server.log())
        assert "cannot import app: app.py, line" in server.log()
        assert server.process.poll() is None and not server.listens()
        write_later(folder, "app.py", APP.replace("first", "the fourth"))
        assert server.get("/") == "the fourth"
        (folder / "page.html").write_text("new")
        assert wait_until(lambda: "page.html has changed: starting again" in server.log())
        assert server.get("/") == "the fourth"
        assert server.stop() == 0


def test_a_change_lets_requests_finish(folder):
    with Run(folder, "--reload") as server:
        client = server.begin_slow()
        write_later(folder, "app.py", APP.replace("first", "the second"))
        assert answer(client).endswith(b"\r\n\r\nwhole")
        assert wait_until(lambda: "starting again" in server.log())
        assert server.get("/") == "the second"


def test_reloading_begins_with_a_mistake(folder):
    (folder / "app.py").write_text("oops(\n")
    command = [sys.executable, "-m", "microdot", "run", "--port", "0", "--reload"]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with process:
        assert "SyntaxError" in process.stderr.readline()
        assert process.stdout.readline() == "waiting for a change\n"
        write_later(folder, "app.py", APP)
        assert process.stdout.readline() == "app.py has changed: starting again\n"
        assert process.stdout.readline().startswith("Serving on http://127.0.0.1:")
        process.terminate()
        assert process.wait(PATIENCE) == 0


def test_reloading_ends_with_its_application(folder):
    with Run(folder, "--reload") as server:
        assert server.get("/stop") == "stopping"
        assert server.process.wait(PATIENCE) == 0


def test_the_application_ends_however_its_watcher_ends(folder):
    with Run(folder, "--reload") as server:
        (child,) = children(server.process.pid)
        server.process.kill()
        server.process.wait()
        assert wait_until(lambda: has_ended(child))


def test_files_that_are_not_the_applications_are_not_watched(folder):
    with Run(folder, "--reload") as server:
        for name in (".venv/new.py", "__pycache__/new.py", "node_modules/new.py", ".hidden.py", "data.json"):
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(json.dumps(name))
        write_later(folder, "app.py", APP.replace("first", "the second"))
        assert wait_until(lambda: "starting again" in server.log())
        assert server.log().count("has changed") == server.log().count("app.py has changed") == 1


@pytest.mark.parametrize("options", [{"size": PHONE}, {"color_scheme": "dark"}], ids=["phone", "dark"])
async def test_the_page_of_a_new_project(tmp_path, options):
    subprocess.run([sys.executable, "-m", "microdot", "new", "a-name-that-is-" + "long" * 12], cwd=tmp_path, check=True)
    (project,) = tmp_path.iterdir()
    async with chromium() as browser:
        page, errors = await new_page(browser, **options)
        with Run(project) as server:
            await page.goto(f"http://127.0.0.1:{server.port}/")
            await expect(page.get_by_role("heading")).to_have_text(project.name)
            assert await violations(page) == [] and await overflow(page) == 0
            for before, after in (("on", "off"), ("off", "on")):
                await page.get_by_role("button", name=f"Switch {before}").press("Enter")
                await expect(page.get_by_role("button")).to_have_text(f"Switch {after}")
                await expect(page.get_by_role("img", name=f"The light is {before}")).to_be_visible()
                assert json.loads(server.get("/api/light")) == {"on": before == "on"}
                assert await violations(page) == []
            assert errors == []
        await page.get_by_role("button").click()
        await expect(page.get_by_role("status")).to_contain_text("No answer")
        await expect(page.get_by_role("button")).to_be_disabled()


def test_the_main_program_of_a_new_project_serves_it(tmp_path):
    """As a board starts it; but for the port, which needs rights on a computer."""
    subprocess.run([sys.executable, "-m", "microdot", "new", "house"], cwd=tmp_path, check=True)
    code = (
        "import functools, runpy; from microdot import device;"
        "device.run = functools.partial(device.run, host='127.0.0.1', port=0);"
        "runpy.run_path('main.py', run_name='__main__')"
    )
    with Run(tmp_path / "house", program=("-c", code)) as server:
        assert json.loads(server.get("/api/light")) == {"on": False}
        assert server.stop() == 0


@pytest.mark.parametrize("example", ["one_app"])
def test_examples_run(example):
    with Run(ROOT / "examples" / example) as server:
        assert "<h1>Hello from Microdot!</h1>" in server.get("/")
        assert server.stop() == 0
