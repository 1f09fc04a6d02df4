"""Logs and metrics of an application with several workers, under real servers."""

import json
import signal

import pytest

from live.served import Served
from server_process import wait_until

PROGRAM = """
import os

from microdot import Microdot
from microdot.logs import configure_logs
from microdot.metrics import Metrics

app = Microdot()
configure_logs(app, access="json")
Metrics(app)


@app.get("/users/<int:id>")
async def user(request, id):
    return str(os.getpid())


@app.get("/items")
def items(request):
    yield "x"


@app.get("/error")
def error(request):
    raise ValueError("mine")
"""
OPTIONS = {"uvicorn": ["--workers=2", "--no-access-log"], "gunicorn": ["--workers=2"], "gthread": ["--workers=2"]}


@pytest.mark.parametrize("kind", OPTIONS)
def test_workers(kind, tmp_path):
    folder = tmp_path / "metrics"
    folder.mkdir()
    with Served(kind, PROGRAM, *OPTIONS[kind], PROMETHEUS_MULTIPROC_DIR=str(folder)) as served:
        workers, count, last = set(), 0, None
        while len(workers) < 2 and count < 500:
            with served.client(headers={"Connection": "close"}) as client:  # which any worker may take
                last = client.get(f"/users/{count}?token=s3cret", headers={"X-Request-ID": f"call-{count}"})
            workers.add(last.text)
            count += 1
        with served.client() as client:
            assert client.get("/items").text == "x"
            assert client.get("/error").status_code == 500
            figures = client.get("/metrics").text
        assert f'microdot_requests_total{{method="GET",route="/users/<int:id>",status="200"}} {count}.0' in figures
        assert 'microdot_exceptions_total{exception="ValueError",route="/error"} 1.0' in figures
        assert last.headers["X-Request-ID"] == f"call-{count - 1}"

        def logged():
            lines = [json.loads(line) for line in served.log().splitlines() if line.startswith('{"time"')]
            return lines if len([line for line in lines if "status" in line]) == count + 3 else None

        lines = wait_until(logged)
        assert lines, served.log()
        access = [line for line in lines if line["logger"] == "microdot.access"]
        assert [line["request_id"] for line in access if line["path"] == f"/users/{count - 1}"] == [f"call-{count - 1}"]
        assert [line["status"] for line in access if line["path"] == "/items"] == [200]
        errors = [line for line in lines if "exception" in line]
        assert [(line["logger"], line["route"]) for line in errors] == [("microdot.error", "/error")]
        assert served.log().count("ValueError: mine") == 1
        assert "s3cret" not in served.log() + figures


def test_a_log_file_that_is_renamed(tmp_path):
    log = tmp_path / "shop.log"
    with Served("gunicorn", PROGRAM, "--capture-output", f"--error-logfile={log}",
                PROMETHEUS_MULTIPROC_DIR=str(tmp_path)) as served, served.client() as client:  # fmt: skip
        assert client.get("/users/1").status_code == 200
        assert wait_until(lambda: '"path": "/users/1"' in log.read_text())
        renamed = log.rename(tmp_path / "shop.log.1")
        assert client.get("/users/2").status_code == 200
        assert wait_until(lambda: '"path": "/users/2"' in renamed.read_text())
        served.process.send_signal(signal.SIGUSR1)

        def written():
            assert client.get("/users/3").status_code == 200
            return log.exists() and '"path": "/users/3"' in log.read_text()

        assert wait_until(written)
        assert client.get("/error").status_code == 500
        assert wait_until(lambda: "ValueError: mine" in log.read_text())
        assert "ValueError: mine" not in renamed.read_text()
