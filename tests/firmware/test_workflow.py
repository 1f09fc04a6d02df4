"""The sample workflow for a public CI: its syntax, what it names, and its ESP32 job with a stand-in for ESP-IDF."""

import os
import re
import subprocess
import sys

import pytest
import yaml

from firmware_tools import boards, release
from firmware_tools.paths import ROOT

WORKFLOW = ROOT / ".github" / "workflows" / "release.yml"
TEXT = WORKFLOW.read_text()
JOBS = yaml.safe_load(TEXT)["jobs"]
RUN = [(job, step["name"], step["run"]) for job in JOBS for step in JOBS[job]["steps"] if "run" in step]
#: What the port's Makefile needs of ESP-IDF: programs that write files of the right names instead of compiling.
IDF = {
    "export.sh": 'export PATH="$IDF_PATH:$PATH"\n',
    "idf.py": f"""#!{sys.executable}
import pathlib, sys
folder = pathlib.Path(sys.argv[sys.argv.index("-B") + 1])
for name in ("sdkconfig", "bootloader/bootloader.bin", "partition_table/partition-table.bin", "micropython.bin"):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"")
""",
    "components/partition_table/gen_esp32part.py": """
import collections
APP_TYPE = 0
Part = collections.namedtuple("Part", "name type offset size")
class PartitionTable:
    def from_binary(data):
        return [Part("nvs", 1, 0x9000, 0x6000), Part("factory", APP_TYPE, 0x10000, 0x1f0000)]
""",
}


def test_the_syntax_is_that_of_github():
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", WORKFLOW]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("job, name, script", RUN, ids=[f"{job}: {name}" for job, name, _ in RUN])
def test_the_shell_can_read_each_step(job, name, script):
    shell = JOBS[job].get("defaults", {}).get("run", {}).get("shell", "sh")
    done = subprocess.run([shell, "-n"], input=script, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_boards_targets_and_programs_exist():
    named = set(re.findall(r"\b(?:RPI|ESP32)_\w+", TEXT))
    assert {"RPI_PICO_W", "RPI_PICO2_W", "ESP32_GENERIC"} <= named <= set(boards.names())
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M)
    wanted = re.findall(r"^ *(?:run: )?make ([a-z]\S*)", TEXT, re.M)
    assert {"environment", "dist"} <= set(wanted) <= set(targets)
    programs = re.findall(r"python (tools/\S+)", TEXT)
    assert programs and all((ROOT / program).exists() for program in programs)


def test_the_container_has_the_esp_idf_that_the_documentation_asks_for():
    version = JOBS["esp32"]["container"].rpartition(":v")[2]
    micropython = yaml.safe_load(TEXT)["env"]["MICROPYTHON"].rpartition(".")[0].lstrip("v")
    assert f"{version} for MicroPython {micropython}" in (ROOT / "docs" / "firmware.md").read_text()


def test_the_esp32_job_builds_and_keeps_an_image(source, tmp_path):
    """On a machine with no more packages than the job installs, but with a stand-in for ESP-IDF."""
    steps = {step["name"]: step["run"] for step in JOBS["esp32"]["steps"] if "run" in step}
    for name, text in IDF.items():
        program(tmp_path / "idf" / name, text)
    (install,) = re.findall(r"apt-get install .*", "\n".join(steps.values()))
    installed = [f"echo '{word} installed'\n" for word in install.split()[2:] if not word.startswith("-")]
    program(tmp_path / "bin" / "dpkg-query", "#!/bin/sh\n" + "".join(installed))
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    linked(tmp_path / "clone", ROOT)
    tree = tmp_path / "micropython"
    linked(tree, source.mp, but=["lib"])
    linked(tree / "lib", source.mp / "lib", but=["micropython-lib"])
    (tree / "lib" / "micropython-lib").symlink_to(source.lib)
    build = steps["Build"].replace("${{ matrix.board }}", "ESP32_GENERIC")
    environment = {**os.environ, "IDF_PATH": str(tmp_path / "idf"), "MICRODOT_CACHE": str(tmp_path / "cache"),
                   "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", build]  # as GitHub starts it
    done = subprocess.run(
        command, cwd=tmp_path / "clone", env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    dist = tmp_path / "clone" / "dist"
    image = f"microdot-{release.version()}-ESP32_GENERIC.bin"
    assert {path.name for path in dist.iterdir()} == {image, "SHA256SUMS-ESP32_GENERIC"}
    assert (dist / image).stat().st_size == 0x10000 - 0x1000
    assert subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS-ESP32_GENERIC"], cwd=dist).returncode == 0


def program(path, text):
    """Write a program."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def linked(folder, original, but=("dist", "built")):
    """Make a folder with links to what is in the original one."""
    folder.mkdir()
    for path in original.iterdir():
        if path.name not in but:
            (folder / path.name).symlink_to(path)
