"""MicroPython programs that serve, and local servers for them, on free ports of this machine."""

import contextlib
import functools
import http.server
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request

PATIENCE = 120  # seconds: the machine may be busy


def free_port():
    """Return a TCP port that nothing listens on now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def get(port, path="/"):
    """GET a page from 127.0.0.1, as soon as something listens there; return (status, body)."""
    limit = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except urllib.error.URLError:
            if time.monotonic() > limit:
                raise
            time.sleep(0.02)


@contextlib.contextmanager
def micropython(binary, program, cwd):
    """Run *program* on the MicroPython *binary* while the block runs; yield the process, whose stdout is a pipe."""
    command = [binary, "-X", "heapsize=4m", "-c", program]
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@contextlib.contextmanager
def files_served(folder):
    """Serve a folder's files while the block runs; yield the address."""
    handler = functools.partial(QuietHandler, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass
