"""Filesystem images: a real MicroPython mounts them and serves the application in them."""

import pytest
from needs import needed
from serving import MOUNT, get, micropython

from firmware_tools import images
from firmware_tools.console import FirmwareError
from firmware_tools.paths import ROOT

APP = ROOT / "examples" / "one_app"

SERVE = """
import sys, vfs
image = open({path!r}, 'rb').read()
{mount}
sys.path[:] = ['/rom', '/rom/lib', '.frozen']
import app
print(app.__file__)
print(sys.modules['microdot'].__file__)
app.app.run(host='127.0.0.1', port=0)
"""


def make(kind, path, **options):
    """Write an image with the one-app example to *path*."""
    with needed():
        if kind == "littlefs":
            return images.littlefs(path, "all", APP, size=1024 * 1024, **options)
        return images.romfs(path, "all", APP, **options)


@pytest.mark.parametrize("bytecode", [True, False], ids=["mpy", "py"])
@pytest.mark.parametrize("kind", MOUNT)
def test_the_application_in_the_image_serves(unix, tmp_path, kind, bytecode):
    path = make(kind, tmp_path / "image.bin", bytecode=bytecode)
    suffix = "mpy" if bytecode else "py"
    with micropython(unix, SERVE.format(path=str(path), mount=MOUNT[kind]), tmp_path) as process:
        assert process.stdout.readline() == f"/rom/app.{suffix}\n"
        assert process.stdout.readline() == f"/rom/lib/microdot/__init__.{suffix}\n"
        status, body = get(process)
        assert status == 200 and b"Hello from Microdot!" in body
        assert get(process, "/hello/board") == (200, b"Hello, board!")
        assert get(process, "/none")[0] == 404


def test_a_littlefs_image_has_the_size_of_its_partition(tmp_path):
    assert make("littlefs", tmp_path / "image.bin").stat().st_size == 1024 * 1024


def test_scripts_that_the_board_starts_stay_source(tmp_path):
    app = tmp_path / "app"
    (app / "pages").mkdir(parents=True)
    for name in ("main.py", "boot.py", "pages/index.html", "pages/main.py"):
        (app / name).write_text("# text\n")
    with needed():
        images.stage(tmp_path / "out", "core", app)
    laid_out = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*") if path.is_file()}
    own = {name for name in laid_out if not name.startswith("lib/")}
    assert own == {"main.py", "boot.py", "pages/index.html", "pages/main.mpy"}
    assert "lib/microdot/_app.mpy" in laid_out


def test_files_that_do_not_fit_are_an_error(tmp_path):
    with needed(), pytest.raises(FirmwareError, match="do not fit into 16384 bytes: pass a larger --size"):
        images.littlefs(tmp_path / "image.bin", "all", APP, size=16384)
    with needed(), pytest.raises(FirmwareError, match="must be a multiple of 4096 bytes"):
        images.littlefs(tmp_path / "image.bin", "all", APP, size=100000)
    with needed(), pytest.raises(FirmwareError, match="nowhere is not a folder"):
        images.romfs(tmp_path / "image.bin", "all", tmp_path / "nowhere")
