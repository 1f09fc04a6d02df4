"""A Redis server of the tests' own."""

import contextlib
import shutil
import socket
import subprocess

from wire.server import wait_until


@contextlib.contextmanager
def redis_server(folder):
    """Run a Redis server that listens on a Unix socket in *folder* and keeps nothing; the value is its URL."""
    program = shutil.which("redis-server")
    assert program, "no redis-server: it is in the Debian package redis-server"
    path = folder / "socket"
    command = [program, "--port", "0", "--unixsocket", str(path), "--dir", str(folder), "--save", ""]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        assert wait_until(lambda: _answers(path)), "redis-server did not start"
        yield f"unix://{path}"
    finally:
        process.kill()
        process.wait()


def _answers(path):
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(str(path)) == 0
