"""A board that the computer pretends to be, for tests of updates and of a board's pages."""

import os
import socket
import subprocess
import sys
import threading
import urllib.request

from runtimes import ROOT
from server_process import wait_until

SECRET = "abcdefghij"
APP = """
from microdot import Microdot
app = Microdot()

@app.before_request
async def check(request):
    {hook}

@app.get("/")
async def index(request):
    {body}
"""
RESTART = 3


def source(body, hook="pass"):
    return APP.format(body=body, hook=hook)


class Board:
    """A pretended board: a process that is started again whenever it asks for that; a context manager."""

    def __init__(self, runtime, folder):
        self.folder = folder
        (folder / "settings.json").write_text('{"device": {"secret": "%s"}}' % SECRET)
        (folder / "app.py").write_text(source('return "first"'))
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]
        paths = [str(ROOT / "firmware"), str(ROOT / "tests" / "wire")]
        if runtime == "cpython":
            self.command, self.environment = [sys.executable, "-B"], dict(os.environ, PYTHONPATH=os.pathsep.join(paths))
        else:
            path = ":".join([".frozen", *paths])
            self.command, self.environment = [runtime, "-X", "heapsize=1024k"], dict(os.environ, MICROPYPATH=path)
        self.command += [str(ROOT / "tests" / "wire" / "board_app.py"), str(self.port), str(folder)]
        self.address = f"127.0.0.1:{self.port}"
        self.starts = 0
        self.stopping = False

    def __enter__(self):
        self.output = (self.folder / "log").open("w")
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        if not wait_until(self.answers):
            self.__exit__()
            raise AssertionError(self.log())
        return self

    def __exit__(self, *exc_info):
        self.stopping = True
        self.process.kill()
        self.thread.join()
        self.output.close()

    def start_again(self):
        """Take the power away for a moment."""
        self.process.kill()
        self.thread.join()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.stopping:
            self.starts += 1
            self.process = subprocess.Popen(
                self.command, env=self.environment, stdout=self.output, stderr=subprocess.STDOUT
            )
            if self.process.wait() != RESTART:
                return

    def log(self):
        return (self.folder / "log").read_text()

    def get(self, path="/"):
        with urllib.request.urlopen(f"http://{self.address}{path}", timeout=20) as response:
            return response.read().decode()

    def answers(self):
        try:
            return self.get("/_device/update")
        except OSError:
            return None
