"""How costs grow: with the number of routes, and with the number of open connections."""

import contextlib
import resource
import socket
import subprocess
from statistics import median

from contestants import CONTESTANTS
from environment import CACHE, MICRODOT, OURS, program, variables
from load import measure
from processes import SERVER_CORE, Server
from report import table
from workloads import WORKLOADS

ROUTES = (10, 100, 1000)
CONNECTIONS = (10, 1000, 10000)
_FRAMEWORKS = (("this project", OURS), ("Microdot 2.7", MICRODOT))
_INTERPRETERS = (("CPython", program("python")), ("MicroPython", program("micropython")))


def _dispatch_times(interpreter, folder, routes):
    """Return the microseconds of a dispatch to the last route without and the last one with a variable."""
    command = ["taskset", "-c", SERVER_CORE, interpreter, "-m", "routes_cost", "--routes", str(routes)]
    if interpreter.endswith("micropython"):
        command[4:4] = ["-X", "heapsize=64m"]
    done = subprocess.run(command, env=variables(folder), capture_output=True, text=True, timeout=600)
    times = [float(line.split()[1]) for line in done.stdout.splitlines() if line.startswith("TIME ")]
    if len(times) != 2:
        raise RuntimeError(done.stdout + done.stderr)
    return times


def routes_table(rounds):
    """Return the table of a dispatch's cost by the number of routes."""
    rows = []
    for label, interpreter in _INTERPRETERS:
        for name, folder in _FRAMEWORKS:
            cells = []
            for routes in ROUTES:
                runs = [_dispatch_times(interpreter, folder, routes) for _ in range(rounds)]
                cells += [f"{min(run[i] for run in runs):.3g}" for i in (0, 1)]
            rows.append([f"{label}, {name}", *cells])
    headings = [f"{routes} routes, {kind}" for routes in ROUTES for kind in ("fixed", "variable")]
    return table(["µs a dispatch", *headings], rows)


def _open(port, count):
    """Open *count* connections that send nothing."""
    sockets = []
    for _ in range(count):
        sockets.append(socket.create_connection(("127.0.0.1", port), 30))
    return sockets


def connections_table(rounds, seconds):
    """Return the table of the server's cost with many idle connections, on CPython."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max(CONNECTIONS) + 200
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    hello = WORKLOADS[0]
    rows = []
    for contestant in CONTESTANTS:
        if contestant.family == "own":
            cells = []
            for count in CONNECTIONS:
                cells += _with_connections(contestant, count, hello, rounds, seconds)
            rows.append([contestant.name, *cells])
    headings = [f"{count} idle: {what}" for count in CONNECTIONS for what in ("CPU µs", "KB each")]
    return table(["", *headings], rows)


def _with_connections(contestant, count, workload, rounds, seconds):
    """Return the cost of a request while *count* connections are open, and the memory of each of them."""
    server = Server(contestant.command, variables(*contestant.paths), CACHE / "growth.log")
    with contextlib.ExitStack() as stack:
        stack.callback(server.stop)
        server.wait_until_ready()
        measure(server, workload, 16, 1)
        before = server.resident_kilobytes()
        for sock in _open(server.port, count):
            stack.callback(sock.close)
        samples = [measure(server, workload, 16, seconds) for _ in range(rounds)]
        each = (server.resident_kilobytes() - before) / count
        return [f"{median([sample.cpu for sample in samples]):.0f}", f"{each:.1f}"]
