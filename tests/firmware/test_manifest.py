"""What the manifest freezes, in every way it is used."""

import os
import re
import subprocess
import sys

import pytest
from needs import needed

from firmware_tools import manifests
from firmware_tools.console import FirmwareError
from firmware_tools.paths import MANIFEST, ROOT
from microdot.cli import framework

NEVER = set(framework.FOR_COMPUTERS)
LISTS = manifests.lists()
SETS = LISTS["SETS"]


def frozen_modules(files):
    """Return the names of the framework's modules in a result of manifests.frozen_files()."""
    return sorted(path.removeprefix("microdot/")[:-3] for path in files if path.startswith("microdot/"))


def test_every_module_is_in_a_set_or_never_frozen():
    in_sets = {module for modules in SETS.values() for module in modules}
    assert not in_sets & set(LISTS["CORE"])
    assert in_sets | set(LISTS["CORE"]) == set(manifests.source_modules()) - NEVER
    for modules in [LISTS["CORE"], *SETS.values(), manifests.modules("all")]:
        assert len(modules) == len(set(modules))


def test_the_command_line_installs_every_module_that_can_be_frozen():
    assert sorted(framework.modules()) == sorted(manifests.modules("all"))
    shims = [path.parent.name for path in (ROOT / "cpython_shim").glob("*/__init__.py")]
    assert sorted(framework.SHIMS) == sorted(shims)


@pytest.mark.parametrize("name", SETS)
def test_a_set_imports_only_the_core_and_itself(name):
    chosen = set(manifests.modules(name))
    for module in chosen:
        assert manifests.imports(module) - NEVER <= chosen, module


def test_sets_add_up():
    assert manifests.modules("core") == list(LISTS["CORE"])
    both = set(manifests.modules("realtime")) | set(manifests.modules("forms"))
    assert set(manifests.modules("forms realtime")) == both
    assert set(manifests.modules("all")) == {*LISTS["CORE"], *(name for names in SETS.values() for name in names)}


def test_an_unknown_set_is_named(source, tmp_path):
    with pytest.raises(FirmwareError, match="unknown freeze set sockets; choose from core realtime"):
        manifests.modules("sockets")
    manifest = tmp_path / "manifest.py"
    manifest.write_text(f'include("{MANIFEST}", sets="sockets", port=False)\n')
    with pytest.raises(FirmwareError, match="unknown freeze set sockets"):
        manifests.frozen_files(manifest, source, "rp2")


@pytest.mark.parametrize("port, own", [
    ("rp2", {"_boot.py", "rp2.py"}), ("esp32", {"_boot.py", "inisetup.py"}), ("unix", set()), ("qemu", set()),
])
def test_the_manifest_as_it_is_freezes_core_asyncio_and_the_port(source, port, own):
    frozen = manifests.frozen_files(MANIFEST, source, port)
    assert frozen_modules(frozen) == sorted(LISTS["CORE"])
    assert "asyncio/core.py" in frozen
    assert own <= set(frozen)


def test_a_manifest_that_includes_the_ports_freezes_nothing_twice(source, tmp_path):
    manifest = tmp_path / "manifest.py"
    for lines in (
        f'include("$(PORT_DIR)/boards/manifest.py")\ninclude("{MANIFEST}", sets="realtime")\n',
        f'include("{MANIFEST}", sets="realtime")\ninclude("$(PORT_DIR)/boards/manifest.py")\n',
        f'freeze("$(PORT_DIR)/modules")\ninclude("{MANIFEST}", sets="realtime", port=False)\n',
    ):
        manifest.write_text(lines)
        listing = manifests.frozen_files(manifest, source, "rp2")
        assert len(listing) == len(set(listing))
        assert frozen_modules(listing) == sorted(manifests.modules("realtime"))


@pytest.mark.parametrize("sets", [*SETS, "all"])
def test_makemanifest_freezes_a_set(source, tmp_path, sets):
    manifest, output = tmp_path / "manifest.py", tmp_path / "frozen_content.c"
    manifest.write_text(f'include("{MANIFEST}", sets="{sets}", port=False)\n')
    (tmp_path / "genhdr").mkdir()
    with needed():
        cross = source.mpy_cross()
    # The qstrs that a firmware has anyway; here none, only their configuration.
    qstrs = "QCFG(BYTES_IN_LEN, (1))\nQCFG(BYTES_IN_HASH, (1))\n"
    (tmp_path / "genhdr" / "qstrdefs.preprocessed.h").write_text(qstrs)
    variables = {"MPY_DIR": source.mp, "PORT_DIR": source.port("rp2"), "MPY_LIB_DIR": source.lib}
    done = subprocess.run(
        [sys.executable, source.mp / "tools" / "makemanifest.py", "-o", output, "-b", tmp_path, "--mpy-tool-flags=",
         *(word for name, value in variables.items() for word in ("-v", f"{name}={value}")), manifest],
        env={**os.environ, "MICROPY_MPYCROSS": str(cross)}, capture_output=True, text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    names = set(re.findall(r'"microdot/([\w/]+)\.py\\0"', output.read_text()))
    assert names == set(manifests.modules(sets))
    assert not names & NEVER


def test_the_documentation_lists_the_sets():
    rows = re.findall(r"^\| `(\w+)` \| ", (ROOT / "docs" / "firmware.md").read_text(), re.MULTILINE)
    assert rows == [*SETS, "all"]
