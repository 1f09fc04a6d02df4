"""Run the Autobahn WebSocket test suite against the framework's server.

    python tools/robustness/websocket_conformance.py [--micropython PATH | --under uvicorn|gunicorn]
                                                     [--cases '9.*' ...] WSTEST

WSTEST is the suite's program: `pip install autobahntestsuite` in an environment of Python 2.7 puts it there. The
framework's own server runs on this Python unless another one is asked for; under another server the installed framework
is tested. The report is written below build/conformance. Ends with status 1 if a case is not OK (informational ones
aside).
"""

import argparse
import collections
import json
import pathlib
import shutil
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).parent.parent.parent
APP = pathlib.Path(__file__).with_name("conformance_app.py")


def free_port():
    """Return a TCP port that nothing listens on now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def command_line(options, port):
    """Return the command that serves the echo, and its environment."""
    firmware = str(ROOT / "firmware")
    if options.micropython:
        command = [options.micropython, "-X", "heapsize=8m", APP, str(port)]
        return command, {"MICROPYPATH": f".frozen:{firmware}"}
    if options.under == "uvicorn":
        arguments = ["--app-dir", APP.parent, "--port", str(port), "--ws-max-size", str(32 << 20)]
    elif options.under == "gunicorn":
        arguments = ["--chdir", APP.parent, "-b", f"127.0.0.1:{port}", "--threads", "4"]
        arguments += ["--graceful-timeout", "1", "--no-control-socket"]
    else:
        return [sys.executable, APP, str(port)], {"PYTHONPATH": firmware}
    return [sys.executable, "-m", options.under, *arguments, "conformance_app:app"], {}


def start(options, port, folder):
    """Start the echo and return its process when it listens."""
    command, environment = command_line(options, port)
    log = (folder / "server.log").open("w")
    process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
    log.close()
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return process
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                sys.exit("the server does not start")
            time.sleep(0.05)


def run(wstest, port, cases, folder):
    """Run the suite; return {case: result}."""
    servers = [{"agent": "microdot", "url": f"ws://127.0.0.1:{port}"}]
    spec = {"outdir": str(folder), "servers": servers, "cases": cases, "exclude-cases": [], "exclude-agent-cases": {}}
    (folder / "spec.json").write_text(json.dumps(spec))
    with (folder / "wstest.log").open("w") as log:
        command = [wstest, "-m", "fuzzingclient", "-s", folder / "spec.json"]
        subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, check=True)
    return json.loads((folder / "index.json").read_text())["microdot"]


def main():
    """Run the suite and print what did not pass; return the number of those cases."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wstest")
    parser.add_argument("--micropython", help="run the server on this MicroPython")
    parser.add_argument("--under", choices=["uvicorn", "gunicorn"], help="run the application under this server")
    parser.add_argument("--cases", nargs="+", default=["*"])
    args = parser.parse_args()
    for program in (args.wstest, args.micropython):
        if program and not shutil.which(program):
            parser.error(f"{program} is not a program")
    port = free_port()
    folder = ROOT / "build" / "conformance" / ("micropython" if args.micropython else args.under or "cpython")
    folder.mkdir(parents=True, exist_ok=True)
    server = start(args, port, folder)
    try:
        results = run(args.wstest, port, args.cases, folder)
    finally:
        server.terminate()
        server.wait()
    good = ("OK", "INFORMATIONAL")
    bad = [case for case, result in results.items() if not {result["behavior"], result["behaviorClose"]} <= {*good}]
    for case in sorted(bad):
        print(case, results[case]["behavior"], results[case]["behaviorClose"], folder / results[case]["reportfile"])
    counts = collections.Counter(result["behavior"] for result in results.values())
    print(f"{len(results)} cases:", ", ".join(f"{count} {name}" for name, count in counts.items()))
    return len(bad)


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
