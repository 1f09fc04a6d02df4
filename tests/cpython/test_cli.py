"""The command line: projects, tables of routes, and failures of one line."""

import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

import pytest

import microdot
from microdot import cli
from microdot.cli import application, console, create, deploying, listing
from runtimes import ROOT

ROUTES = """
import functools
from microdot import Microdot

app = Microdot()
inner = Microdot()

@app.get("/")
async def index(request):
    return "Hello"

@app.route("/things/<int:number>", methods=["PUT", "DELETE"], name="thing")
def change(request, number):
    return str(number)

def logged(f):
    @functools.wraps(f)
    def wrapper(request):
        return f(request)
    return wrapper

@inner.post("/logged")
@logged
def decorated(request):
    return ""

class Greeter:
    def __call__(self, request):
        return "Hello"

    def method(self, request):
        return "Hello"

inner.get("/object")(Greeter())
inner.get("/method")(Greeter().method)
inner.get("/partial")(functools.partial(change, number=3))
inner.get("/builtin")(len)
app.mount(inner, "/inner")
"""
TABLE = """\
METHODS     PATTERN               HANDLER                NAME     WHERE
GET         /                     shop.index             index    shop.py:8
PUT,DELETE  /things/<int:number>  shop.change            thing    shop.py:12
POST        /inner/logged         shop.decorated         decorated  shop.py:22
GET         /inner/object         shop.Greeter.__call__  -        shop.py:28
GET         /inner/method         shop.Greeter.method    method   shop.py:31
GET         /inner/partial        shop.change            -        shop.py:12
GET         /inner/builtin        builtins.len           len      -
"""


def microdot_command(*arguments, cwd, **environment):
    """Run the command in a process of its own; return the finished process."""
    command = [sys.executable, "-m", "microdot", *arguments]
    environment = {**os.environ, **environment}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=60)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder, new and empty; what is imported from it is forgotten in the end."""
    modules = dict(sys.modules)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    for name in set(sys.modules) - set(modules):
        del sys.modules[name]


def failure(capsys, *arguments):
    """Run a command that fails; return its status and the one line that it prints."""
    try:
        status = cli.main(arguments)
    except SystemExit as ended:  # argparse
        status = ended.code
    printed, line = capsys.readouterr()
    assert not printed
    assert line.count("\n") == 1 and line.endswith("\n"), line
    assert status
    return status, line.strip()


# Projects


def test_a_new_project_passes_its_tests_and_its_checks(folder):
    assert cli.main(["new", "green house"]) == 0
    project = folder / "green house"
    done = subprocess.run([sys.executable, "-m", "pytest", "-q"], cwd=project, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 passed" in done.stdout
    done = subprocess.run([sys.executable, "-m", "ruff", "check", "."], cwd=project, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "/api/light" in microdot_command("routes", cwd=project).stdout


def test_a_new_project_has_its_name_where_it_belongs(folder, capsys):
    assert cli.main(["new", "Green_House.2"]) == 0
    printed = capsys.readouterr().out
    project = folder / "Green_House.2"
    files = sorted(str(path.relative_to(folder)) for path in project.rglob("*") if path.is_file())
    assert files == sorted(line.strip() for line in printed.splitlines() if line.startswith("  "))
    assert project.joinpath(".gitignore").exists() and not project.joinpath("gitignore").exists()
    assert 'name = "green-house-2"' in project.joinpath("pyproject.toml").read_text()
    assert "<title>Green_House.2</title>" in project.joinpath("static/index.html").read_text()
    for path in project.rglob("*.*"):
        assert path.is_dir() or "$" not in path.read_text().replace("${", ""), path


def test_a_project_may_be_made_in_an_empty_folder(folder):
    (folder / "empty").mkdir()
    assert cli.main(["new", "empty"]) == 0
    assert (folder / "empty" / "app.py").exists()


@pytest.mark.parametrize("name", ["", ".", "..", "-x", "a;b", "a'b", "<b>", "x" * 65, "ä", "a/..", "a\nb"])
def test_names_that_no_project_can_have(folder, capsys, name):
    (folder / ".hidden").mkdir()
    os.chdir(folder / ".hidden")
    status, line = failure(capsys, "new", "--", name)
    assert status == 1
    assert "cannot be a project's name" in line
    assert not list(folder.glob(".hidden/*"))


def test_a_folder_with_something_in_it_is_left_alone(folder, capsys):
    (folder / "full").mkdir()
    (folder / "full" / "kept").write_text("kept")
    (folder / "file").write_text("kept")
    for name in ("full", "file"):
        line = f"microdot: {name} is there already: choose another name, or an empty folder"
        assert failure(capsys, "new", name) == (1, line)
    assert [path.name for path in (folder / "full").iterdir()] == ["kept"]


def test_a_project_that_cannot_be_written(folder, capsys):
    (folder / "file").write_text("")
    status, line = failure(capsys, "new", "file/project")
    assert status == 1
    assert line.startswith("microdot: cannot write file/project")


# The output


@pytest.fixture
def shop(folder):
    """The current folder, with an application whose route has another name than ASCII can write."""
    (folder / "app.py").write_text(
        "from microdot import Microdot\napp = Microdot()\n"
        "@app.get('/caf\\u00e9')\ndef index(request):\n    return ''\n"
        "@app.on_startup\ndef stop():\n    app.shutdown()\n"
    )
    return folder


def test_an_output_that_lacks_characters(shop):
    done = microdot_command("routes", cwd=shop, PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "") and "/caf\\xe9 " in done.stdout


@pytest.mark.parametrize(("arguments", "status"), [
    ("routes", 0), ("run --port 0", 0), ("routes nothing", 1), ("--version", 0), ("nothing", 2),
])
def test_without_an_output(shop, arguments, status):
    command = f"exec {shlex.quote(sys.executable)} -m microdot {arguments} >&- 2>&-"
    assert subprocess.run(command, shell=True, cwd=shop, timeout=60).returncode == status
    command = command.replace("2>&-", "2>errors")
    assert subprocess.run(command, shell=True, cwd=shop, timeout=60).returncode == status
    assert (shop / "errors").read_text().count("\n") == bool(status)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has such a file")
@pytest.mark.parametrize("arguments", ["routes", "run --port 0"])
def test_an_output_without_space(shop, arguments):
    text = (shop / "app.py").read_text().replace("app.shutdown()", "pass")  # else no line says that it serves
    (shop / "app.py").write_text(text)
    command = f"exec {shlex.quote(sys.executable)} -m microdot {arguments} > /dev/full"
    done = subprocess.run(command, shell=True, cwd=shop, timeout=60, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "microdot: No space left on device\n")


# What is no application


def test_a_file_that_is_no_text(folder, capsys):
    """PowerShell writes UTF-16, for example; Python 3.12 and later give such an error a line, earlier ones do not."""
    (folder / "shop.py").write_bytes(b"x\0=\0001\0")
    status, line = failure(capsys, "routes", "shop")
    assert status == application.FAILED_IMPORT
    assert line.startswith("microdot: cannot import shop: shop.py") and line.endswith("cannot contain null bytes")
    (folder / "mall").mkdir()
    (folder / "mall" / "__init__.py").write_bytes(b"\0")
    status, line = failure(capsys, "routes", "mall.shop")
    assert line.startswith("microdot: cannot import mall.shop: ") and line.endswith("cannot contain null bytes")


@pytest.mark.parametrize(("raised", "described"), [
    ("ValueError('no database')", "ValueError: no database"),
    ("OSError(2, 'No such file or directory', 'x')", "FileNotFoundError: [Errno 2] No such file or directory: 'x'"),
])
def test_a_start_that_fails_is_one_line(folder, raised, described):
    (folder / "app.py").write_text(
        "from microdot import Microdot\napp = Microdot()\n"
        f"@app.on_startup\nasync def connect():\n    raise {raised}\n"
    )
    done = microdot_command("run", "--port", "0", cwd=folder)
    line = f"microdot: cannot start app:app: app.py, line 5: {described}\n"
    assert (done.returncode, done.stderr) == (application.FAILED_IMPORT, line)


# Files that may not be read


@pytest.fixture
def stranger(monkeypatch):
    """The current folder, that of a user to whom permissions apply, and this process as that user."""
    modules = dict(sys.modules)
    monkeypatch.setattr(sys, "path", list(sys.path))
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name).resolve()
        monkeypatch.chdir(folder)
        is_root = os.geteuid() == 0
        if is_root:
            os.chown(folder, 65534, -1)
            os.setresuid(65534, 65534, 0)
        try:
            yield folder
        finally:
            if is_root:
                os.setresuid(0, 0, 0)
            monkeypatch.undo()
            for path in [folder, *folder.rglob("*")]:
                path.chmod(0o777)
    for added in set(sys.modules) - set(modules):
        del sys.modules[added]


def forbidden(path, text=None):
    """Make a file with this text, or a folder, that nobody may read."""
    if text is None:
        path.mkdir()
    else:
        path.write_text(text)
    path.chmod(0)


@pytest.mark.parametrize("command", ["routes", "run"])
def test_an_application_that_may_not_be_read(stranger, capsys, command):
    forbidden(stranger / "shop.py", "")
    line = "microdot: cannot import shop: cannot open shop.py: Permission denied"
    assert failure(capsys, command, "shop:app") == (application.FAILED_IMPORT, line)
    (stranger / "stall.py").write_text("\nimport shop\n")
    status, line = failure(capsys, command, "stall")
    assert status == application.FAILED_IMPORT
    assert line.startswith("microdot: cannot import stall: stall.py, line 2: PermissionError: ")
    assert line.endswith("shop.py'")


def test_folders_that_are_no_packages(stranger, capsys):
    forbidden(stranger / "closed")
    assert failure(capsys, "routes", "closed:app") == (1, "microdot: cannot read the folder closed: Permission denied")
    (stranger / "open").mkdir()
    line = "microdot: open is a folder without __init__.py: name a module in it, such as open.app"
    assert failure(capsys, "routes", "open:app") == (1, line)


def test_a_current_folder_that_may_not_be_read(stranger, capsys):
    (stranger / "shop.py").write_text("")
    stranger.chmod(0o300)
    line = f"microdot: cannot read the current folder, {stranger}: Permission denied"
    assert failure(capsys, "routes", "shop") == (1, line)
    assert failure(capsys, "deploy", ".") == (1, "microdot: cannot read .: Permission denied")


def test_a_part_of_an_application_that_may_not_be_read(stranger, capsys):
    """Nothing is copied then, so that no part is missing on the board."""
    project = stranger / "shop"
    project.mkdir()
    project.joinpath("app.py").write_text("")
    forbidden(project / ".env", "")  # these stay on the computer
    forbidden(project / "venv")
    assert list(deploying.application_files(project)) == ["/app.py"]
    forbidden(project / "static")
    line = f"microdot: cannot read {os.path.join('shop', 'static')}: Permission denied"
    assert failure(capsys, "deploy", "shop", "--port", "COM3") == (1, line)
    project.joinpath("static").chmod(0o700)
    forbidden(project / "static" / "a.css", "")
    line = f"microdot: cannot read {os.path.join('shop', 'static', 'a.css')}: Permission denied"
    assert failure(capsys, "deploy", "192.168.1.7", "shop") == (1, line)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
@pytest.mark.parametrize("arguments", [("deploy", ".", "--port", "COM3"), ("deploy", "192.168.1.7", ".")])
def test_names_that_are_no_text(folder, capsys, arguments):
    (folder / "app.py").write_text("")
    (folder / os.fsdecode(b"caf\xe9.txt")).write_text("")
    line = r"microdot: the name 'caf\udce9.txt' is not UTF-8, as it has to be on a board: rename it"
    assert failure(capsys, *arguments) == (1, line)


# Routes


def test_routes(folder, capsys):
    (folder / "shop.py").write_text(ROUTES)
    assert cli.main(["routes", "shop:app"]) == 0
    printed = capsys.readouterr().out
    assert [line.split() for line in printed.splitlines()] == [line.split() for line in TABLE.splitlines()]
    columns = [line.index("shop.py") for line in printed.splitlines() if "shop.py" in line]
    assert len(set(columns)) == 1


def test_the_application_is_app_unless_named(folder, capsys):
    (folder / "app.py").write_text(ROUTES)
    printed = []
    for arguments in ([], ["app"], ["app:app"]):
        assert cli.main(["routes", *arguments]) == 0
        printed.append(capsys.readouterr().out)
    assert "app.index" in printed[0] and len(set(printed)) == 1


def test_routes_of_the_framework_are_named_by_their_module(folder, capsys):
    (folder / "www").mkdir()
    (folder / "app.py").write_text(
        "from microdot import Microdot\nfrom microdot.static import mount_static\n"
        "class Holder:\n    app = Microdot()\nmount_static(Holder.app, '/', 'www')\n"
    )
    assert cli.main(["routes", "app:Holder.app"]) == 0
    file = re.escape(os.path.join("microdot", "static.py"))
    assert re.search(rf" {file}:\d+$", capsys.readouterr().out, re.MULTILINE)


def test_no_routes(folder, capsys):
    (folder / "app.py").write_text("from microdot import Microdot\napp = Microdot()\n")
    assert cli.main(["routes"]) == 0
    assert capsys.readouterr().out == "app:app has no routes\n"


def test_examples_have_routes():
    for example in ("one_app", "chat"):
        done = microdot_command("routes", cwd=ROOT / "examples" / example)
        assert done.returncode == 0, done.stderr
        assert "app.py:" in done.stdout


# Applications that cannot be had


@pytest.mark.parametrize("command", ["routes", "run"])
@pytest.mark.parametrize(("name", "message"), [
    ("nowhere", "there is no module 'nowhere' in {folder}, nor one that is installed"),
    ("app.nowhere:app", "there is no module 'app.nowhere' in {folder}, nor one that is installed"),
    ("app:nothing", "app:nothing: app has no 'nothing': write app:app or app:admin"),
    ("app:app.nothing.more", "app:app.nothing.more: app has no 'nothing': write app:app or app:admin"),
    ("app:create()", "app:create(): app has no 'create()': write app:app or app:admin"),
    ("app:create", "app:create is a function: write app = create() in a module, and use the name app"),
    ("empty", "empty: empty has no 'app': there is no object of Microdot in it"),
    ("app:number", "app:number is an object of int: an application is one of Microdot"),
    ("app:Microdot", "app:Microdot is a class: write app = Microdot() in a module, and use the name app"),
    ("app:", "'app:' is not the name of an application: write module:name, such as app:app"),
    ("app.py", "'app.py' is a file: write app:app, in the file's folder"),
    ("./src/app.py:web", "'./src/app.py' is a file: write app:web, in the file's folder"),
    ("./app", "'./app' is not the name of an application: write module:name, such as app:app"),
    ("", "'' is not the name of an application: write module:name, such as app:app"),
])
def test_names_of_no_application(folder, capsys, command, name, message):
    text = "from microdot import Microdot\napp = Microdot()\nadmin = Microdot()\nnumber = 3\ndef create():\n    pass\n"
    (folder / "app.py").write_text(text)
    (folder / "empty.py").write_text("")
    assert failure(capsys, command, name) == (1, "microdot: " + message.format(folder=folder))


@pytest.mark.parametrize("command", ["routes", "run"])
@pytest.mark.parametrize(("source", "message"), [
    ("x = 1\nimport nothing_there\n", "app.py, line 2: ModuleNotFoundError: No module named 'nothing_there'"),
    ("def f(:\n    pass\n", "app.py, line 1: SyntaxError: "),
    ("\n\nraise ValueError('two\\nlines')\n", "app.py, line 3: ValueError: two lines"),
    ("raise SystemExit(0)\n", "app.py, line 1: SystemExit: 0"),
    ("raise BaseException('\\x1b[31m red')\n", r"app.py, line 1: BaseException: \x1b[31m red"),
    ("import json\nimport other\n", os.path.join("other", "__init__.py") + ", line 3: json.decoder.JSONDecodeError: "),
])
def test_applications_that_fail(folder, capsys, command, source, message):
    (folder / "app.py").write_text(source)
    (folder / "other").mkdir()
    (folder / "other" / "__init__.py").write_text("import json\n\nvalue = json.loads('{')\n")
    status, line = failure(capsys, command, "app")
    assert status == application.FAILED_IMPORT
    assert line.startswith("microdot: cannot import app: " + message)


SERVING = """import asyncio
from microdot import Microdot
app = Microdot()
async def main():
    served = asyncio.create_task({call})
    await asyncio.sleep(3600)
async def watch():
    await asyncio.gather(asyncio.sleep(3600), {call})
class Own(Microdot):
    async def start_server(self, *args, **kwargs):
        await super().start_server(*args, **kwargs)
"""


@pytest.mark.parametrize("command", ["routes", "run"])
@pytest.mark.parametrize("line", [
    "app.run(port=0)", "asyncio.run({call})", "asyncio.run(main())", "asyncio.run(watch())", "Own().run(port=0)",
    "asyncio.new_event_loop().run_until_complete({call})",
    "from microdot import device; device.run(app, port=0)",
])
def test_modules_that_serve_while_they_are_imported(folder, capsys, command, line):
    """Also if they catch every Exception, as programs for boards do."""
    source = SERVING + "try:\n    " + line + "\nexcept Exception:\n    pass\n"
    (folder / "served.py").write_text(source.replace("{call}", "app.start_server('127.0.0.1', 0)"))
    (folder / "app.py").write_text("\nfrom served import app\n")
    start_server = microdot.Microdot.start_server
    status, printed = failure(capsys, command, "app")
    assert status == application.FAILED_IMPORT
    assert printed.startswith("microdot: cannot import app: served.py, line 13: this serves the application")
    assert printed.endswith('put it below if __name__ == "__main__":')
    assert microdot.Microdot.start_server is start_server


def test_a_module_that_serves_in_a_thread(folder, capsys):
    (folder / "app.py").write_text(
        "import threading\nfrom microdot import Microdot\napp = Microdot()\nadmin = Microdot()\n"
        "started = threading.Event()\nadmin.on_startup(started.set)\n"
        "threading.Thread(target=admin.run, args=('127.0.0.1', 0)).start()\n"
        "assert started.wait(60)\nadmin.shutdown()\n"
    )
    assert cli.main(["routes"]) == 0


# Arguments and output


@pytest.mark.parametrize(("arguments", "message"), [
    ([], "microdot: the following arguments are required: COMMAND; see microdot --help"),
    (["walk"], "microdot: argument COMMAND: invalid choice: 'walk'"),
    (["run", "--port", "x"], "microdot run: argument --port: 'x' is not a port: write a number from 0 to 65535"),
    (["run", "--port", "65536"], "microdot run: argument --port: '65536' is not a port"),
    (["run", "--port", "-1"], "microdot run: argument --port: "),
    (["routes", "app:app", "--all"], "microdot: unrecognized arguments: --all"),
    (["new"], "microdot new: the following arguments are required: NAME"),
])
def test_arguments_that_are_wrong(folder, capsys, arguments, message):
    status, line = failure(capsys, *arguments)
    assert status == 2
    assert line.startswith(message)
    assert re.search(r"; see microdot( \w+)? --help$", line)


@pytest.mark.parametrize("arguments", [["run"], ["routes"], ["new", "garden"]])
def test_a_current_folder_that_is_gone(folder, capsys, arguments):
    (folder / "gone").mkdir()
    os.chdir(folder / "gone")
    (folder / "gone").rmdir()
    status, line = failure(capsys, *arguments)
    assert status == 1 and line.startswith("microdot: the current folder has been deleted: change to another one")


def test_version_and_help(tmp_path):
    assert microdot_command("--version", cwd=tmp_path).stdout == microdot.__version__ + "\n"
    printed = microdot_command("--help", cwd=tmp_path).stdout
    for command in ("new", "run", "routes"):
        assert re.search(rf"^ +{command} ", printed, re.MULTILINE)
        assert microdot_command(command, "--help", cwd=tmp_path).stdout.startswith(f"usage: microdot {command}")


def test_the_program_is_installed(tmp_path):
    program = pathlib.Path(sys.executable).with_name("microdot")
    done = subprocess.run([program, "--version"], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == microdot.__version__ + "\n"


def test_a_reader_that_has_seen_enough(folder):
    (folder / "app.py").write_text(
        "from microdot import Microdot\napp = Microdot()\n"
        "for i in range(5000):\n    app.get('/%d' % i)(lambda request: '')\n"
    )
    command = [sys.executable, "-m", "microdot", "routes"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline().startswith(b"METHODS")
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


class Terminal:
    def __init__(self, is_terminal):
        self.isatty = lambda: is_terminal


@pytest.mark.parametrize(("terminal", "environment", "colour"), [
    (True, {}, True),
    (False, {}, False),
    (True, {"NO_COLOR": "1"}, False),
    (True, {"NO_COLOR": ""}, True),
    (True, {"TERM": "dumb"}, False),
])
def test_colour_is_for_terminals(monkeypatch, terminal, environment, colour):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    painted = console.paint("text", console.BOLD, console.GREEN, stream=Terminal(terminal))
    assert painted == ("\x1b[1;32mtext\x1b[0m" if colour else "text")


def test_colours_take_no_room_in_tables(monkeypatch):
    rows = [("a", "bbb", "c"), ("aaaa", "b", "c")]
    plain = console.table(("1", "2", "3"), rows, (console.GREEN, "", console.DIM))
    monkeypatch.setattr(console, "has_colour", lambda stream: True)
    coloured = console.table(("1", "2", "3"), rows, (console.GREEN, "", console.DIM))
    assert "\x1b[32ma\x1b[0m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain == "1     2    3\na     bbb  c\naaaa  b    c"
    assert create.quoted(pathlib.Path("a b")) == '"a b"' and listing.where(len) == "-"
