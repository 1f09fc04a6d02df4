"""Four workers as one application: what they share, what fails while Redis is away, and their reload under load."""

import concurrent.futures
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading

import httpx
import pytest

from live.nginx import documented, replaced
from live.served import Served
from redis_server import RedisServer
from server_process import ServerProcess, children, wait_until

APP = pathlib.Path(__file__).parent / "workers_app.py"
OPTIONS = {"gunicorn": ["--workers=4", "--threads=8"], "uvicorn": ["--workers=4"]}


@pytest.fixture
def redis():
    with RedisServer() as redis:
        yield redis


def start(kind, redis, sessions="redis"):
    return Served(kind, APP, *OPTIONS[kind], REDIS_URL=redis.url, SESSIONS=sessions)


@pytest.mark.parametrize("sessions", ["redis", "cookie"])
@pytest.mark.parametrize("kind", OPTIONS)
def test_a_session_is_that_of_all_workers(kind, sessions, redis):
    with start(kind, redis, sessions) as served:
        cookies, processes = httpx.Cookies(), set()
        for number in range(1, 1000):
            with served.client(cookies=cookies) as client:  # a connection each, which any worker may take
                answer = client.post("/count").json()
                cookies = client.cookies
            assert answer["count"] == number
            processes.add(answer["process"])
            if len(processes) > 1:
                break
        assert len(processes) > 1


@pytest.mark.parametrize("kind", OPTIONS)
def test_while_redis_is_away_only_what_needs_it_fails(kind, redis):
    with start(kind, redis) as served, served.client() as client:
        assert client.post("/count").json()["count"] == 1
        for _ in range(2):
            redis.stop()
            for path in ("/count", "/publish", "/login/joe"):
                response = client.post(path)
                assert (response.status_code, response.text) == (503, "Service unavailable"), path
            assert client.get("/").status_code == 200
            assert client.post("/missing").status_code == 404
            redis.start()
            for path, status in (("/publish", 200), ("/count", 200), ("/login/joe", 401)):
                assert client.post(path).status_code == status, path
        assert "Traceback" not in served.log()
        assert "Redis cannot be reached: " in served.log() and "Redis can be reached again" in served.log()


def test_a_reload_under_load_loses_no_request(redis):
    """SIGHUP, as the systemd unit sends it: new workers replace the old ones while clients go on."""
    with start("gunicorn", redis) as served:
        assert wait_until(lambda: len(workers(served)) == 4)
        before = workers(served)
        done = threading.Event()

        def load():
            answers = []
            while not done.is_set() or len(answers) < 2:
                with served.client(headers={"Connection": "close"}) as client:
                    answers.append(client.get("/slow").status_code)
            return answers

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            clients = [pool.submit(load) for _ in range(8)]
            try:
                os.kill(served.process.pid, signal.SIGHUP)
                renewed = wait_until(lambda: len(before - workers(served)) == 4)
            finally:
                done.set()
            answers = [status for client in clients for status in client.result()]
        assert renewed, served.log()
        assert set(answers) == {200}


def workers(served):
    """Return the processes that the server has started."""
    return set(children(served.process.pid))


def test_the_systemd_unit(tmp_path):
    """The unit of the documentation, with a program that is there."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("no systemd here")
    changes = {
        "/srv/shop/.venv/bin/gunicorn": shutil.which("true"),
        "User=www-data\n": "",
        "/srv/shop\n": f"{tmp_path}\n",
    }
    text = documented("ini", "[Service]")
    assert "ExecReload=/bin/kill -HUP $MAINPID" in text  # which the test of the reload does
    unit = tmp_path / "shop.service"
    unit.write_text(replaced(text, changes))
    done = subprocess.run([analyze, "verify", unit], capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_gunicorn_where_the_user_may_not_write_to_the_home_folder(tmp_path):
    """The socket of gunicorn's own command is in the folder that the unit of the documentation makes."""
    text = documented("ini", "[Service]")
    name = re.search("^RuntimeDirectory=(.+)$", text, re.MULTILINE)[1]
    assert f"\nEnvironment=XDG_RUNTIME_DIR=/run/{name}\n" in text
    (tmp_path / "app.py").write_text("from microdot import Microdot\n\napp = Microdot()\n")
    command = [sys.executable, "-B", "-m", "gunicorn", "--bind=127.0.0.1:0", "app:app"]
    environment = {**os.environ, "HOME": "/dev/null/home", "XDG_RUNTIME_DIR": str(tmp_path)}
    with ServerProcess(command, tmp_path, environment) as served:
        assert wait_until((tmp_path / "gunicorn.ctl").exists), served.log()
        served.stop()
        assert "ERROR" not in served.log()
