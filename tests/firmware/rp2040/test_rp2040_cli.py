"""`microdot setup`, `deploy` and `logs` at the serial port of an emulated Pico with MicroPython's own firmware."""

import json
import os
import signal
import subprocess
import sys

import pytest
from emulated import PATIENCE, EmulatedPico
from needs import needed

from firmware_tools import manifests
from firmware_tools.console import MissingError, beside_python

# Stands in for the module that a Pico without Wi-Fi lacks.
NETWORK = """
STA_IF = 0
STAT_WRONG_PASSWORD = -3
STAT_NO_AP_FOUND = -2

def hostname(name):
    print("host name", name)

class WLAN:
    def __init__(self, interface):
        self._status = 0

    def active(self, on):
        pass

    def ipconfig(self, dhcp4):
        pass

    def disconnect(self):
        pass

    def scan(self):
        return [(b"caf\\xc3\\xa9", b"", 1, -70, 4, False), (b"open", b"", 1, -60, 0, False),
                (b"", b"", 1, -50, 4, True),
                (b"caf\\xc3\\xa9", b"", 6, -40, 4, False), (b"\\xff\\x00", b"", 6, -80, 4, False)]

    def connect(self, name, password=""):
        known = {b"caf\\xc3\\xa9": "right password", b"open": "", b"\\xff\\x00": "right password"}
        self._status = -2 if name not in known else 3 if known[name] == password else -3

    def isconnected(self):
        return self._status == 3

    def status(self):
        return self._status

    def ifconfig(self):
        return ("192.168.1.7", "", "", "")
"""
APP = """
from microdot import Microdot

app = Microdot()

@app.get("/")
async def index(request):
    return "Hello"
"""
MAIN = "from app import app\nprint('started with routes:', len(app.url_map.routes))\n"


@pytest.fixture(scope="module")
def stock(emulator, firmware):
    """A Pico without the framework; the tests of this file use it one after the other."""
    with needed():
        if beside_python("mpremote") is None:
            raise MissingError("mpremote is not installed: pip install mpremote")
    with EmulatedPico(firmware("RPI_PICO", sets="none").image) as board:
        yield board


def microdot(board, *arguments, typed=""):
    """Run a command on the board to its end; return the finished process."""
    command = [sys.executable, "-m", "microdot", *map(str, arguments), "--port", f"socket://127.0.0.1:{board.repl_port}"]
    return subprocess.run(command, input=typed, capture_output=True, text=True, timeout=PATIENCE)


def succeed(board, *arguments, typed=""):
    """Run a command on the board; return what it printed."""
    done = microdot(board, *arguments, typed=typed)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def fail(board, *arguments, typed=""):
    """Run a command that fails; return the line that says why."""
    done = microdot(board, *arguments, typed=typed)
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stderr.startswith("microdot: ") and done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def on_board(board, program):
    """Run a program on the board with mpremote; return what it prints."""
    address = f"socket://127.0.0.1:{board.repl_port}"
    command = [sys.executable, "-m", "mpremote", "connect", address, "exec", program]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True).stdout


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    for name, text in {
        "app.py": APP, "main.py": MAIN, "static/deep/page.html": "<p>", "tests/test_app.py": "", "README.md": "",
        ".hidden": "", "__pycache__/app.pyc": "", "settings.json": "{}",
    }.items():  # fmt: skip
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_an_application_needs_the_framework(stock, project):
    assert "run microdot setup first" in fail(stock, "deploy", project)


def test_setup_installs_the_framework_of_this_package(stock):
    printed = succeed(stock, "setup")
    count = len(manifests.modules("all"))
    assert printed.startswith("Raspberry Pi Pico with RP2040, MicroPython 1.")
    assert f"Installed the framework: {count} modules, {count} of them new" in printed
    assert "This board has no Wi-Fi" in printed
    use = "import microdot.sse, microdot; print(microdot.__file__, microdot.__version__)"
    assert on_board(stock, use).startswith("/lib/microdot/__init__.mpy ")


def test_setup_copies_what_has_changed_and_removes_what_is_no_part_of_it(stock):
    on_board(stock, "open('/lib/microdot/_app.py', 'w').write('x')\nopen('/lib/microdot/sse.mpy', 'w').write('x')")
    assert "1 of them new" in succeed(stock, "setup", "--no-wifi")
    assert on_board(stock, "import os; print('_app.py' in os.listdir('/lib/microdot'))") == "False\n"
    assert "0 of them new" in succeed(stock, "setup", "--no-wifi")


@pytest.fixture
def wifi(stock):
    """The board with Wi-Fi, and without settings."""
    on_board(stock, f"with open('/lib/network.py', 'w') as file:\n    file.write({NETWORK!r})")
    yield stock
    on_board(stock, "import os\nos.remove('/lib/network.py')\nif 'settings.json' in os.listdir('/'):\n"
                    "    os.remove('/settings.json')")


def settings(board):
    return json.loads(on_board(board, "print(open('/settings.json').read())"))


def test_setup_joins_a_network_and_keeps_it(wifi):
    on_board(wifi, """open('/settings.json', 'w').write('{"app": {"kept": 1}, "device": {"name": "house", "networks":'
                      ' [{"ssid": "old", "password": "12345678"}]}}')""")
    printed = succeed(wifi, "setup", "--network", "café", typed="right password\n")
    assert "Joined café: the board is 192.168.1.7, and house.local" in printed
    old, new = {"ssid": "old", "password": "12345678"}, {"ssid": "café", "password": "right password"}
    saved = settings(wifi)
    assert f"Passphrase of the board: {saved['device'].pop('secret')}," in printed
    assert saved == {"app": {"kept": 1}, "device": {"name": "house", "networks": [new, old]}}
    succeed(wifi, "setup", "--network", "open")
    assert settings(wifi)["device"]["networks"] == [{"ssid": "open", "password": ""}, new, old]


def test_networks_that_cannot_be_joined_are_not_kept(wifi):
    assert fail(wifi, "setup", "--network", "café", typed="wrong password\n").endswith("'café': wrong password\n")
    assert fail(wifi, "setup", "--network", "nowhere", typed="right password\n").endswith("'nowhere': not found\n")
    assert "a Wi-Fi password has 8 to 63 characters" in fail(wifi, "setup", "--network", "café", typed="short\n")
    assert "name the Wi-Fi network with --network" in fail(wifi, "setup")
    assert on_board(wifi, "import os; print('settings.json' in os.listdir('/'))") == "False\n"


class Shown:
    """A command that shows what the board prints, until the end of the block, which sends it Ctrl-C."""

    def __init__(self, board, *arguments):
        command = [sys.executable, "-u", "-m", "microdot", *map(str, arguments)]
        command += ["--port", f"socket://127.0.0.1:{board.repl_port}"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.process.send_signal(signal.SIGINT)
        _, errors = self.process.communicate(timeout=PATIENCE)
        assert (self.process.returncode, errors) == (0, "")

    def until(self, text):
        """Return what is shown up to the line that holds *text*."""
        lines = []
        while not lines or text not in lines[-1]:
            lines.append(self.process.stdout.readline())
            assert lines[-1], lines
        return "".join(lines)


def files(board):
    program = "import os\ndef walk(f):\n    for e in os.ilistdir(f):\n        p = f + e[0]\n" \
              "        walk(p + '/') if e[1] == 0x4000 else print(p)\nwalk('/')"
    return {line for line in on_board(board, program).splitlines() if not line.startswith("/lib/")}


def test_deploy_copies_starts_and_shows(stock, project):
    with Shown(stock, "deploy", project) as shown:
        printed = shown.until("started with routes: 1")
    assert "3 of 3 files copied" in printed
    assert files(stock) == {"/app.py", "/main.py", "/static/deep/page.html"}
    (project / "app.py").write_text(APP + "app.get('/more')(index)\n")
    with Shown(stock, "deploy", project) as shown:
        printed = shown.until("started with routes: 2")
    assert "copied /app.py" in printed and "1 of 3 files copied" in printed
    with Shown(stock, "logs", "--restart") as shown:
        shown.until("started with routes: 2")


def test_deploy_shows_why_an_application_does_not_start(stock, project):
    (project / "app.py").write_text("import nothing_there\n")
    with Shown(stock, "deploy", project) as shown:
        assert "Traceback" in shown.until("no module named 'nothing_there'")


def test_deploy_deletes_on_request_what_the_folder_does_not_have(stock, project):
    on_board(stock, "open('/settings.json', 'w').write('{}')\nopen('/old.py', 'w').write('')")
    (project / "static" / "deep" / "page.html").unlink()
    assert "deleted" not in succeed(stock, "deploy", project, "--no-logs")
    printed = succeed(stock, "deploy", project, "--no-logs", "--delete")
    assert "deleted /old.py" in printed and "deleted /static/deep/page.html" in printed
    assert files(stock) == {"/app.py", "/main.py", "/settings.json"}
    assert "'static'" not in on_board(stock, "import os; print(os.listdir('/'))")
    assert "1" in on_board(stock, "import microdot; print(1)")


def test_a_firmware_with_the_framework_keeps_its_own(board):
    printed = succeed(board, "setup", "--no-wifi")
    assert "is part of the board's firmware" in printed
    assert on_board(board, "import os; print('lib' in os.listdir('/'))") == "False\n"


def test_no_board_is_there():
    command = [sys.executable, "-m", "microdot", "setup", "--port", os.path.join(os.sep, "dev", "nothing")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("microdot: cannot open ") and done.stderr.count("\n") == 1
