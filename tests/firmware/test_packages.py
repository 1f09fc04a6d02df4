"""Packages for mip, installed from a local index by a real MicroPython."""

import json

import pytest
from needs import needed
from serving import files_served, get, micropython, mip_install

from firmware_tools import manifests, packages, release
from firmware_tools.paths import ROOT

APP = """
import sys
sys.path[:] = [{target!r}, '.frozen']
from microdot import Microdot
import microdot
print(microdot.__file__)
app = Microdot()
app.get('/')(lambda request: 'installed')
app.run(host='127.0.0.1', port=0)
"""


@pytest.fixture(scope="session")
def index(tmp_path_factory):
    """The address of a local index."""
    folder = tmp_path_factory.mktemp("index")
    with needed():
        packages.write_index(folder)
    with files_served(folder) as address:
        yield address


@pytest.mark.parametrize("mpy", [True, False], ids=["mpy", "py"])
def test_the_core_is_installed_and_serves(unix, index, tmp_path, mpy):
    suffix = "mpy" if mpy else "py"
    found = mip_install(tmp_path, "microdot", index=index, mpy=mpy)
    assert found == sorted(f"{name}.{suffix}" for name in manifests.modules("core"))
    with micropython(unix, APP.format(target=str(tmp_path)), tmp_path) as process:
        assert process.stdout.readline() == f"{tmp_path}/microdot/__init__.{suffix}\n"
        assert get(process) == (200, b"installed")


@pytest.mark.parametrize("name", ["realtime", "sessions", "all"])
def test_a_set_brings_the_core_with_it(index, tmp_path, name):
    found = mip_install(tmp_path, f"microdot-{name}", index=index)
    assert found == sorted(f"{module}.mpy" for module in manifests.modules(name))


def test_a_version_can_be_asked_for(index, tmp_path):
    assert mip_install(tmp_path, "microdot", index=index, version=release.version())


def test_package_json_of_the_checkout_installs_everything_as_source(tmp_path):
    with files_served(ROOT) as address:
        found = mip_install(tmp_path, f"{address}/package.json")
    assert found == sorted(f"{module}.py" for module in manifests.modules("all"))


def test_package_json_is_up_to_date():
    text = (ROOT / "package.json").read_text()
    assert text == packages.checkout_package(), "run `python tools/firmware package` and commit package.json"
    assert json.loads(text)["version"] == release.version()
