"""Images that are built here: they fit, they hold what was asked for, and a second build of the same is quick."""

import os
import shutil
import subprocess

import pytest

from firmware_tools import build, flashing, manifests
from firmware_tools.console import FirmwareError

APP = """
from microdot import Microdot

app = Microdot()


@app.get("/")
async def index(request):
    return "frozen"
"""


@pytest.mark.parametrize("name", ["RPI_PICO", "RPI_PICO_PPP"])
def test_the_image_stays_out_of_the_filesystem(firmware, name):
    built = firmware(name)
    flashing.check_image(built.board, built.image)
    assert flashing.image_chip(built.image) == "rp2040"
    # The last block's end, from the start of flash.
    data = built.image.read_bytes()
    end = int.from_bytes(data[-512 + 12 : -512 + 16], "little") + 256 - 0x10000000
    assert built.size <= end <= built.board.flash_budget


@pytest.fixture
def checkout(source):
    """The pinned sources laid out as a full checkout, where a later run finds its build; micropython-lib is empty."""
    folder = source.work / "checkout"
    if not folder.exists():
        shutil.copytree(source.mp, folder, symlinks=True, copy_function=os.link)
        (folder / "lib" / "tinyusb").unlink()
        for name, origin in (("pico-sdk", source.sdk), ("tinyusb", source.mp / "lib" / "tinyusb"),
                             ("micropython-lib", source.lib)):
            shutil.copytree(origin, folder / "lib" / name, copy_function=os.link, dirs_exist_ok=True)
    return folder


def test_a_full_checkout_is_built_with_what_it_holds(firmware, source, checkout, monkeypatch):
    monkeypatch.delenv("picotool_DIR", raising=False)
    built = firmware("RPI_PICO", micropython=checkout)
    assert built.source.full and built.source.mp == checkout
    flashing.check_image(built.board, built.image)
    configuration = (built.folder / "CMakeCache.txt").read_text()
    assert f"{checkout}/ports/rp2" in configuration
    assert f"{source.mp}/" not in configuration


def test_unix_has_every_module_frozen(unix):
    names = [manifests.import_name(module) for module in manifests.modules("all")]
    program = f"import sys\nsys.path[:] = ['.frozen']\nfor name in {names}:\n    __import__(name)\nprint('done')"
    done = subprocess.run([unix, "-X", "heapsize=256k", "-c", program], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("done\n", "")


def test_unix_with_an_application_and_the_core_only(firmware, tmp_path):
    (tmp_path / "frozen_app").mkdir()
    (tmp_path / "frozen_app" / "frozen_app.py").write_text(APP)
    (tmp_path / "frozen_app" / "old_module.py").write_text("")
    built = firmware("UNIX", sets="core", app=tmp_path / "frozen_app")
    program = (
        "import sys\nsys.path[:] = ['.frozen']\nimport frozen_app\nprint(frozen_app.app, frozen_app.__file__)\n"
        "try:\n    import microdot.websocket\nexcept ImportError:\n    print('core only')"
    )
    done = subprocess.run([built.image, "-c", program], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.startswith("<Microdot object"), done.stderr
    assert done.stdout.endswith("frozen_app.py\ncore only\n")

    # A module that is gone from the folder is gone from the next build.
    (tmp_path / "frozen_app" / "old_module.py").unlink()
    built = firmware("UNIX", sets="core", app=tmp_path / "frozen_app")
    program = "import sys\nsys.path[:] = ['.frozen']\nimport frozen_app\nimport old_module"
    done = subprocess.run([built.image, "-c", program], capture_output=True, text=True, cwd=tmp_path)
    assert "no module named 'old_module'" in done.stderr


def test_an_image_over_its_budget_is_an_error(firmware, monkeypatch):
    built = firmware("RPI_PICO")
    monkeypatch.setattr(built.board, "flash_budget", 300000)
    with pytest.raises(FirmwareError, match=r"RPI_PICO is \d+ bytes too large for its 300000 bytes of flash: choose a"):
        built.check()


def test_wrong_options_are_refused_before_anything_is_fetched(monkeypatch, tmp_path):
    monkeypatch.delattr(build, "sources")
    with pytest.raises(FirmwareError, match="has no .py file to freeze"):
        build.build("UNIX", app=tmp_path)
    with pytest.raises(FirmwareError, match="unknown freeze set bogus"):
        build.build("UNIX", sets="core bogus")


def test_esp32_is_not_built_without_esp_idf(monkeypatch, tmp_path):
    monkeypatch.delenv("IDF_PATH", raising=False)
    with pytest.raises(FirmwareError, match="linked with ESP-IDF: run its export.sh first"):
        build.build("ESP32_GENERIC", micropython=tmp_path)
