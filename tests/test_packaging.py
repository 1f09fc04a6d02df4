"""The wheel and the source distribution, built from what git tracks, and the editable installation."""

import json
import os
import pathlib
import subprocess
import sys
import tarfile
import venv
import zipfile

import pytest

ROOT = pathlib.Path(__file__).parent.parent
SHIMS = sorted(path.parent.name for path in (ROOT / "cpython_shim").glob("*/__init__.py"))


def run(*command, **options):
    """Run a command to its end; return what it printed, or fail with it."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=300, **options)
    assert not done.returncode, done.stdout + done.stderr
    return done.stdout


def tracked(folder):
    """Return the files of a folder that belong to the repository, with those about to be added to it."""
    names = run("git", "ls-files", "--cached", "--others", "--exclude-standard", folder, cwd=ROOT).splitlines()
    return [name for name in names if (ROOT / name).exists()]


def python_in(folder):
    """Return the interpreter of a new virtual environment."""
    venv.create(folder, with_pip=True)
    return folder / ("Scripts" if os.name == "nt" else "bin") / "python"


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A clean copy of the source tree."""
    folder = tmp_path_factory.mktemp("source")
    for name in tracked("."):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())
    return folder


@pytest.fixture(scope="module")
def dist(source, tmp_path_factory):
    """The folder with the wheel and the source distribution."""
    folder = tmp_path_factory.mktemp("dist")
    python = python_in(tmp_path_factory.mktemp("build") / "venv")
    run(python, "-m", "pip", "install", "-q", "build")
    run(python, "-m", "build", "--outdir", folder, source)
    return folder


def expected_files(source):
    """Return {name in the installed package: name in the source tree}."""
    files = {}
    for folder in ("firmware/microdot", "cpython_shim"):
        for path in (source / folder).rglob("*"):
            target = "microdot/" + path.relative_to(source / folder).as_posix()
            if path.is_file() and "__pycache__" not in path.parts:
                assert target not in files, f"{path} and {files[target]} would be one file"
                files[target] = path.relative_to(source).as_posix()
    return files


def test_wheel_holds_core_and_shim_and_nothing_else(dist, source):
    (wheel,) = dist.glob("*.whl")
    expected = expected_files(source)
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        assert names == set(expected)
        for name in names:
            assert archive.read(name) == (source / expected[name]).read_bytes(), name
    assert "microdot/py.typed" in names
    assert {f"microdot/{shim}/__init__.py" for shim in SHIMS} <= names


def test_sdist_holds_the_package_and_no_test_tool_or_board_file(dist, source):
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert set(expected_files(source).values()) <= names
    assert {"README.md", "LICENSE", "CHANGELOG.md", "pyproject.toml"} <= names
    allowed = ("firmware/microdot", "cpython_shim", "microdot_cpython.egg-info")
    folders = {name for name in names if "/" in name and not name.startswith(allowed)}
    assert not folders, folders


@pytest.mark.parametrize("pattern", ["*.whl", "*.tar.gz"])
def test_installs_in_an_empty_environment(dist, tmp_path, pattern):
    (package,) = dist.glob(pattern)
    python = python_in(tmp_path / "venv")
    run(python, "-m", "pip", "install", "-q", package)
    installed = json.loads(run(python, "-m", "pip", "list", "--format", "json"))
    others = {entry["name"] for entry in installed} - {"pip", "setuptools", "wheel"}
    assert others == {"microdot-cpython"}  # no dependency
    code = (
        "import microdot, microdot.microdot, microdot.asgi, microdot.wsgi, importlib.metadata as metadata, pathlib\n"
        "assert metadata.version('microdot-cpython') == microdot.__version__\n"
        "assert pathlib.Path(microdot.__file__).with_name('py.typed').exists()\n"
        "assert microdot.asgi.Microdot is not microdot.wsgi.Microdot\n"
        "print(microdot.__file__)"
    )
    assert str(tmp_path) in run(python, "-c", code, cwd=tmp_path)


@pytest.fixture(scope="module")
def editable(source, tmp_path_factory):
    """The interpreter of an environment with an editable installation and the type checkers."""
    python = python_in(tmp_path_factory.mktemp("editable") / "venv")
    run(python, "-m", "pip", "install", "-q", "-e", source)
    return python


def test_editable_installation_imports_the_source_tree(editable, source, tmp_path):
    code = (
        "import os, microdot, microdot.asgi\n"
        "print(os.path.realpath(microdot.__file__), os.path.realpath(microdot.asgi.__file__))"
    )
    core, asgi = run(editable, "-c", code, cwd=tmp_path).split()
    assert pathlib.Path(core) == (source / "firmware/microdot/__init__.py").resolve()
    assert pathlib.Path(asgi) == (source / "cpython_shim/asgi/__init__.py").resolve()


@pytest.mark.parametrize(
    "checker", [["mypy", "--python-executable"], ["pyright", "--pythonpath"]], ids=["mypy", "pyright"]
)
def test_type_checkers_find_an_editable_installation(editable, tmp_path, checker):
    program = tmp_path / "program.py"
    program.write_text("import microdot\nimport microdot.asgi\n\napp = microdot.asgi.Microdot()\n"
                       "core: microdot.Microdot = app\nversion: str = microdot.__version__\n")
    run(sys.executable, "-m", *checker, editable, program, cwd=tmp_path)
    program.write_text("import microdot\n\nmicrodot.no_such_name\n")
    command = [sys.executable, "-m", *checker, editable, program]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert "no_such_name" in done.stdout
