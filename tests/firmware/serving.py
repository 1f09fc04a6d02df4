"""MicroPython programs that serve, and local servers for them, on ports of this machine that the system chooses."""

import contextlib
import functools
import http.server
import subprocess
import threading
import urllib.error
import urllib.request

from server_process import PATIENCE, listening_port, wait_until


def get(process, path="/"):
    """GET a page from a process, as soon as that listens; return (status, body)."""
    port = wait_until(lambda: listening_port(process.pid))
    assert port, "the program does not listen"
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


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
