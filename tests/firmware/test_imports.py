"""What imports load on MicroPython, and under which name; each test runs programs of their own."""

import os
import shutil
import subprocess

import pytest

from firmware_tools import manifests
from runtimes import compiled_framework, micropython_binary


def run(path, code):
    """Run a program on MicroPython with the modules of a folder; return what it printed."""
    environment = dict(os.environ, MICROPYPATH=f".frozen:{path}")
    command = [micropython_binary(), "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def loaded(path, code):
    """Run a program; return the names of the framework's modules that it has loaded."""
    return set(run(path, code + "\nimport sys\nprint(*[name for name in sys.modules if 'microdot' in name])").split())


@pytest.fixture(scope="module")
def framework(tmp_path_factory):
    return compiled_framework(tmp_path_factory.mktemp("framework"))


def test_the_compatibility_path_loads_no_more_than_the_package(framework):
    for use in ("", "\napp = Microdot()"):
        package = loaded(framework, "from microdot import Microdot" + use)
        path = loaded(framework, "from microdot.microdot import Microdot" + use)
        assert path == package | {"microdot.microdot"}
    assert "microdot._request" not in path and "microdot._forms" not in path


@pytest.mark.parametrize(("name", "module"), [
    ("AsyncBytesIO", "_request_body"),
    ("MultiDict", "_forms"),
    ("NoCaseDict", "_datastructures"),
    ("Request", "_request"),
    ("URLPattern", "_routing"),
    ("urldecode", "_forms"),
    ("urlencode", "_forms"),
])
def test_a_name_of_the_compatibility_path_is_loaded_when_it_is_asked_for(framework, name, module):
    code = f"from microdot.microdot import {name}\nimport microdot.{module}\nassert {name} is microdot.{module}.{name}"
    assert f"microdot.{module}" in loaded(framework, code)


def test_a_package_in_a_folder_has_one_class_of_each_name(framework, tmp_path):
    shutil.copytree(framework / "microdot", tmp_path / "lib" / "microdot")
    modules = [manifests.import_name(name) for name in manifests.modules("all")]
    code = """
import sys
from lib.microdot import Microdot, Request, URLPattern
from lib.microdot.test_client import TestClient
import lib.microdot.microdot, lib.microdot._request

assert lib.microdot._request.Request is lib.microdot.microdot.Request is Request
assert lib.microdot.microdot.URLPattern is URLPattern
Request.max_content_length = 10
app = Microdot()


@app.post("/")
async def index(request):
    return [type(request) is Request, request.args["a"]]


async def main():
    client = TestClient(app)
    for size in (10, 11):
        res = await client.post("/?a=1", body=b"x" * size)
        print(res.status_code, res.text)


import asyncio
asyncio.run(main())
for name in NAMES:
    if name != "microdot.utemplate":  # which needs a package that is not there
        __import__("lib." + name)
print([name for name in sys.modules if name.startswith("microdot")])
""".replace("NAMES", repr(modules))
    assert run(tmp_path, code) == '200 [true, "1"]\n413 Payload too large\n[]\n'
