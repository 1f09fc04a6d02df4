"""The load: what wrk, or for WebSocket a small client, measures of one server under one workload."""

import contextlib
import http.client
import pathlib
import subprocess
import sys
from dataclasses import dataclass

import websocket_load
from processes import CLIENT_CORE

_HERE = pathlib.Path(__file__).resolve().parent


@dataclass(frozen=True)
class Sample:
    """One measurement: counts, rates per second and times in microseconds."""

    rate: float
    errors: int
    p50: int
    p90: int
    p99: int
    worst: int
    cpu: float  # the server's processor time for a request


def check(port, workload):
    """Request each path once and compare the answers; return what is wrong, or None."""
    if workload.websocket:
        return _check_websocket(port, workload.paths[0])
    body = "x" * workload.body if isinstance(workload.body, int) else workload.body
    headers = {"Content-Type": "application/json" if isinstance(workload.body, str) else "application/octet-stream"}
    for path in workload.paths:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request(workload.method, path, body or None, headers if body else {})
            response = connection.getresponse()
            got = response.read()
        except (OSError, http.client.HTTPException) as error:
            return f"{path}: {error!r}"
        finally:
            connection.close()
        expected = workload.expected
        if isinstance(expected, int):
            got = len(got)
        if response.status != 200 or expected is not None and got != expected:
            return f"{path}: {response.status} {str(got)[:200]}"
    return None


def _check_websocket(port, path):
    try:
        with contextlib.closing(websocket_load.connect(port, path)) as sock:
            return None if websocket_load.echo(sock) else "no echo"
    except OSError as error:
        return repr(error)


def _command(port, workload, connections, seconds):
    if workload.websocket:
        client = str(_HERE / "websocket_load.py")
        return [sys.executable, client, str(port), workload.paths[0], str(connections), str(seconds)]
    return [
        "wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "--timeout", "10s",
        "-s", str(_HERE / "load.lua"), f"http://127.0.0.1:{port}/", "--",
        workload.method, "close" if workload.close else "keep-alive", str(workload.body), *workload.paths,
    ]  # fmt: skip


def measure(server, workload, connections, seconds):
    """Return a `Sample` of *seconds* of load.

    :raises RuntimeError: if the load fails or not one request succeeds.
    """
    command = ["taskset", "-c", CLIENT_CORE, *_command(server.port, workload, connections, seconds)]
    before = server.cpu_seconds()
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60)
    cpu = server.cpu_seconds() - before
    line = next((line for line in done.stdout.splitlines() if line.startswith("RESULT ")), None)
    if line is None:
        raise RuntimeError(done.stdout + done.stderr)
    requests, duration, _, *errors, p50, p90, p99, worst = map(int, line.split()[1:])
    if not requests:
        raise RuntimeError("no request was answered")
    rate = requests / duration * 1e6 / workload.per
    return Sample(rate, sum(errors), p50, p90, p99, worst, cpu * 1e6 / requests * workload.per)
