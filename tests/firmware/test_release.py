"""What `make dist` makes: the same bytes in two folders, checksums, licences, an SBOM; one-app runs with each part."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from needs import needed
from serving import MOUNT, files_served, get, micropython, mip_install

from firmware_tools import release
from firmware_tools.console import FirmwareError
from firmware_tools.paths import ROOT

sys.path.insert(0, str(ROOT / "tools" / "release"))
try:
    import bill
    import distributions
    import inventory
finally:
    del sys.path[0]

LABEL = f"microdot-{release.version()}"
APP = ROOT / "examples" / "one_app"
NAMES = ["RPI_PICO", "RPI_PICO_PPP"]
#: On a board without a network: the application serves a client whose connection is in memory.
IN_MEMORY = """

class Client:
    request = b"GET /hello/board HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n"
    out_buf = b""
    answer = b""

    async def read(self, n):
        data, self.request = self.request, b""
        return data

    def write(self, data):
        self.answer += bytes(data)

    async def drain(self):
        pass

    def close(self):
        pass

    async def wait_closed(self):
        pass

    def get_extra_info(self, name):
        return ("192.0.2.1", 1234)


client = Client()
client.transport = client.s = client
asyncio.run(app.handle_request(client, client))
print(client.answer.split(b"\\r\\n")[0], client.answer.split(b"\\r\\n")[-1])
"""


def make(source, folder, *options, **settings):
    """Make a release from the checkout *source*."""
    environment = {**os.environ, **settings}
    command = [sys.executable, source / "tools" / "release", "-o", folder, *options]
    done = subprocess.run(command, cwd=folder.parent, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def files(folder):
    """Return {name: bytes} of all files in *folder*."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def made(tmp_path_factory, pico_uf2, pico_ppp_uf2):
    """The folder of a release with the boards that the tests build anyway."""
    return make(ROOT, tmp_path_factory.mktemp("release") / "dist", "--boards", *NAMES)


@pytest.fixture(scope="module")
def parts(firmware):
    """{UF2 file: its components}."""
    return {f"{LABEL}-{name}.uf2": inventory.components(firmware(name)) for name in NAMES}


def test_another_folder_clock_and_user_give_the_same_bytes(made, tmp_path):
    source = tmp_path / "a folder"
    distributions.copy_tracked(source)
    for words in (["init", "-q"], ["add", "-A"]):
        subprocess.run(["git", *words], cwd=source, check=True)
    os.utime(source / "README.md", (0, 0))
    (source / "firmware" / "microdot" / "_app.py").chmod(0o600)
    other = files(make(source, tmp_path / "dist", "--boards", TZ="Pacific/Auckland", PYTHONHASHSEED="7", USER="nobody"))
    here = files(made)
    differ = {name for name in other if here[name] != other[name]}
    assert differ == {"SHA256SUMS", f"{LABEL}-licences.txt", f"{LABEL}.cdx.json"}  # they tell of the firmware
    assert set(here) - set(other) == {f"{LABEL}-{name}.uf2" for name in NAMES}


def test_the_firmware_is_the_one_that_other_tests_boot(made, pico_uf2, pico_ppp_uf2):
    for name, path in zip(NAMES, (pico_uf2, pico_ppp_uf2), strict=True):
        data = (made / f"{LABEL}-{name}.uf2").read_bytes()
        assert data == path.read_bytes()
        assert str(ROOT).encode() not in data


def test_every_file_has_the_version_in_its_name_and_a_checksum(made):
    assert all(release.version() in path.name for path in made.iterdir() if path.name != "SHA256SUMS")
    done = subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=made, capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    listed = {line.split("  ")[1] for line in (made / "SHA256SUMS").read_text().splitlines()}
    assert listed == set(files(made)) - {"SHA256SUMS"}


def test_the_sbom_is_valid_and_tells_what_is_inside(made, parts):
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    text = (made / f"{LABEL}.cdx.json").read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    document = json.loads(text)
    found = {component["name"]: component for component in document["components"]}
    for path in made.iterdir():
        if path.name.startswith(LABEL + "-") and not path.name.endswith("licences.txt"):
            assert path.name in found
            if path.is_file():
                assert found[path.name]["hashes"] == [{"alg": "SHA-256", "content": bill.digest(path)}]
    inside = {entry["ref"]: entry.get("dependsOn", []) for entry in document["dependencies"]}
    assert {"MicroPython 1.25.0", "lwIP 2.2.1"} <= set(inside[f"{LABEL}-RPI_PICO_PPP.uf2"])
    assert "lwIP 2.2.1" not in inside[f"{LABEL}-RPI_PICO.uf2"]


def test_the_sbom_has_no_time_and_no_chance_in_it(made, parts):
    text = (made / f"{LABEL}.cdx.json").read_text()
    names = json.loads(text)["components"]
    others = {entry["name"]: [] for entry in names if entry["type"] in ("file", "firmware")}
    assert bill.text(made, {**others, **parts}) == text


def test_the_licences_of_all_components_are_there(made, parts):
    text = (made / f"{LABEL}-licences.txt").read_text()
    components = {component for inside in parts.values() for component in inside}
    assert {"MicroPython", "Mbed TLS", "ooFatFs", "newlib", "libgcc"} <= {component.name for component in components}
    for component in components:
        assert len(component.text) > 100, component.name
        assert component.text.strip() in text
    for phrase in ("Damien P. George", "Apache License", "ChaN", "Swedish Institute", "Raspberry Pi", "Sun Micro"):
        assert phrase in text, phrase


def test_a_library_without_a_known_licence_ends_the_release(source):
    with pytest.raises(FirmwareError, match=r"no licence is known for lib/surprise: add it to tools/release/inventory"):
        inventory.component_of(source.mp / "lib" / "surprise" / "code.c", source)


def test_a_board_that_cannot_be_built_is_named(tmp_path):
    command = [sys.executable, ROOT / "tools" / "release", "-o", tmp_path / "dist", "--boards", "RPI_PICO_W"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    possible = " ".join(NAMES)
    assert done.stderr == f"release: RPI_PICO_W has no UF2 file that can be built here; possible: {possible}\n"
    assert not (tmp_path / "dist").exists()


@pytest.mark.parametrize("pattern", ["*.whl", "*.tar.gz"])
def test_one_app_runs_from_the_python_packages(made, tmp_path, pattern):
    (package,) = made.glob(pattern)
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-build-isolation", "--target", tmp_path]
    subprocess.run([*pip, package], check=True)
    shutil.copy(APP / "app.py", tmp_path)
    program = "import app, microdot\nprint(microdot.__file__, flush=True)\napp.app.run(host='127.0.0.1', port=0)\n"
    with started([sys.executable, "-c", program], tmp_path) as process:
        assert process.stdout.readline().startswith(str(tmp_path))
        assert get(process, "/hello/you") == (200, b"Hello, you!")


@contextlib.contextmanager
def started(command, folder):
    """Run a program in *folder* while the block runs; yield the process, whose stdout is a pipe."""
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_one_app_runs_with_the_package_from_the_index(made, unix, tmp_path):
    with files_served(made / f"{LABEL}-mip") as address:
        mip_install(tmp_path, "microdot", index=address, mpy=True)
    shutil.copy(APP / "app.py", tmp_path)
    program = (f"import sys\nsys.path[:] = [{str(tmp_path)!r}, '.frozen']\nimport app, microdot\n"
               "print(microdot.__file__)\napp.app.run(host='127.0.0.1', port=0)")
    with micropython(unix, program, tmp_path) as process:
        assert process.stdout.readline() == f"{tmp_path}/microdot/__init__.mpy\n"
        assert get(process, "/hello/you") == (200, b"Hello, you!")


@pytest.mark.parametrize(("kind", "name"), [("romfs", "romfs.img"), ("littlefs", "littlefs-2MiB.bin")])
def test_one_app_runs_with_the_filesystem_image(made, unix, kind, name, tmp_path):
    program = (f"import sys, vfs\nimage = open({str(made / f'{LABEL}-{name}')!r}, 'rb').read()\n{MOUNT[kind]}\n"
               f"sys.path[:] = ['/rom/lib', {str(APP)!r}, '.frozen']\nimport app, microdot\n"
               "print(microdot.__file__)\napp.app.run(host='127.0.0.1', port=0)")
    with micropython(unix, program, tmp_path) as process:
        assert process.stdout.readline() == "/rom/lib/microdot/__init__.mpy\n"
        assert get(process, "/hello/you") == (200, b"Hello, you!")


@pytest.mark.parametrize("name", NAMES)
def test_one_app_runs_on_the_firmware(made, tmp_path, name):
    from firmware_tools import emulation

    with needed():
        emulation.prepare()
    script = tmp_path / "script.py"
    script.write_text((APP / "app.py").read_text().partition("\nif __name__")[0] + IN_MEMORY)
    command = ["node", ROOT / "tools" / "emulator" / "run.mjs", made / f"{LABEL}-{name}.uf2", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert (done.returncode, done.stdout) == (0, "b'HTTP/1.1 200 OK' b'Hello, board!'\n"), done.stdout + done.stderr


def test_the_version_of_the_package_is_the_newest_release():
    (newest,) = re.findall(r"^## \[(\d[^]]*)\] - [\d-]+$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[:1]
    assert newest == release.version()
    assert json.loads((ROOT / "package.json").read_text())["version"] == newest
    numbers = [path for path in (ROOT / "pyproject.toml", ROOT / "mkdocs.yml", ROOT / "README.md")
               if re.search(rf"\b{re.escape(newest)}\b", path.read_text())]
    assert not numbers


def test_the_moment_of_a_release(monkeypatch):
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    assert release.epoch() % 86400 == 0
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert release.epoch() == 1700000000
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "today")
    with pytest.raises(FirmwareError, match="SOURCE_DATE_EPOCH is 'today', not a number of seconds"):
        release.epoch()
