"""A Redis server of the tests' own, which they may stop and start again."""

import shutil
import socket
import subprocess
import tempfile

from server_process import wait_until

PROGRAM = shutil.which("redis-server")
assert PROGRAM, "these tests need a redis-server: apt-get install redis-server"


class RedisServer:
    """A Redis server on a Unix socket that keeps nothing; use as a context manager, or start and stop it."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="redis-")
        self.path = self.folder.name + "/socket"
        self.url = "unix://" + self.path
        self.process = None

    def start(self):
        """Start the server and wait until it answers."""
        command = [PROGRAM, "--port", "0", "--unixsocket", self.path, "--dir", self.folder.name]
        command += ["--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        assert wait_until(self._answers), "redis-server did not start"

    def _answers(self):
        with socket.socket(socket.AF_UNIX) as client:
            return client.connect_ex(self.path) == 0

    def stop(self):
        """End the server at once."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exc_info):
        self.stop()
        self.folder.cleanup()
