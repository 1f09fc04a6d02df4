"""The command line: every failure is one clear line, and nothing fails with a traceback."""

import os
import re
import subprocess
import sys

import pytest

from firmware_tools import boards, command_line, console, debian, emulation, sources
from firmware_tools.console import FirmwareError, MissingError
from firmware_tools.paths import ROOT

TOOL = ROOT / "tools" / "firmware"


def run(*arguments, **environment):
    """Run the tool in a process of its own."""
    return subprocess.run(
        [sys.executable, TOOL, *map(str, arguments)], capture_output=True, text=True, env={**os.environ, **environment}
    )


def test_the_boards_are_listed_with_what_can_build_them():
    done = run("boards")
    assert done.returncode == 0
    lines = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert lines["RPI_PICO"].endswith("built from Debian's sources or a full checkout")
    assert lines["RPI_PICO_W"].endswith("built from a full checkout")
    assert lines["QEMU_RV32"].endswith("built from Debian's sources")


@pytest.mark.parametrize("arguments, message", [
    (["build", "NOPE"], "no board NOPE in boards/; there are ESP32_GENERIC,"),
    (["build", "RPI_PICO2_W"], "RPI_PICO2_W needs drivers that Debian's source lacks: pass --micropython DIR"),
    (["build", "RPI_PICO", "--micropython", "/nowhere"], "/nowhere is not a MicroPython checkout (no py/"),
    (["build", "QEMU_RV32", "--micropython", "/nowhere"], "is built from Debian's sources only"),
    (["check", "RPI_PICO"], "check is for ESP32 boards; use `build RPI_PICO`"),
    (["emulate", "ESP32_GENERIC"], "there is no emulator for ESP32_GENERIC here; `check ESP32_GENERIC`"),
    (["emulate", "RPI_PICO2_W"], "there is no emulator for RPI_PICO2_W here"),
    (["emulate", "RPI_PICO", "--scenario", "x"], "is for a board with emulated Wi-Fi, RPI_PICO_W, not for RPI_PICO"),
    (["emulate", "UNIX", "--flash", "x"], "only the emulated RP2040 keeps its flash in a file, not UNIX"),
    (["emulate", "RPI_PICO_W", "--image", "/nowhere/x.uf2"], "/nowhere/x.uf2: no such file"),
    (["image", "littlefs", "-o", "/nowhere/x", "--size", "5"], "must be a multiple of 4096 bytes"),
    (["image", "romfs", "-o", "x", "--set", "everything"], "unknown freeze set everything; choose from core"),
    (["image", "romfs", "-o", "/nowhere/x"], "building the ROMFS image failed"),
    (["image", "littlefs", "-o", "/nowhere/x"], "/nowhere/x: No such file or directory"),
])
def test_failures_are_one_line(arguments, message):
    done = run(*arguments, IDF_PATH="")
    assert done.returncode == 1
    assert done.stderr.startswith("firmware: ") and done.stderr.count("\n") == 1
    assert message in done.stderr


@pytest.mark.parametrize("arguments, message", [
    (["build"], "the following arguments are required: BOARD"),
    (["emulate", "UNIX", "--http-port", "65536"], "argument --http-port: invalid port_number value: '65536'"),
    (["image", "romfs"], "the following arguments are required: -o/--output"),
    (["flash", "RPI_PICO", "--image", "x", "--romfs", "y"], "argument --romfs: not allowed with argument --image"),
])
def test_wrong_arguments_are_explained(arguments, message):
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stderr.endswith(f"error: {message}\n")


@pytest.mark.parametrize("arguments", [
    ["build", "RPI_PICO"], ["build", "UNIX"], ["emulate", "QEMU_RV32"], ["check", "ESP32_GENERIC"], ["deps"],
    ["flash", "RPI_PICO"],
])
def test_without_any_program_one_line_says_what_is_missing(arguments, tmp_path):
    done = run(*arguments, PATH=str(tmp_path), MICRODOT_CACHE=str(tmp_path))
    assert done.returncode == 1
    assert re.search(r"^firmware: .*(is not installed|no apt-get here).*\n\Z", done.stderr, re.MULTILINE), done.stderr
    assert "Traceback" not in done.stderr


def test_missing_packages_are_named(monkeypatch):
    monkeypatch.setattr(debian, "missing", lambda packages: ["cmake", "ninja-build"])
    with pytest.raises(MissingError, match="^building X needs Debian packages: apt-get install cmake ninja-build$"):
        debian.require(["cmake", "ninja-build", "make"], "building X")


def test_packages_are_looked_up():
    if not console.beside_python("dpkg-query"):
        assert debian.missing(["coreutils"]) == []
        return
    assert debian.missing(["coreutils", "no-such-package-anywhere"]) == ["no-such-package-anywhere"]


def test_the_emulator_without_node_or_npm(monkeypatch, tmp_path):
    (tmp_path / "setup.py").write_text((emulation.EMULATOR / "setup.py").read_text())
    monkeypatch.setattr(emulation, "EMULATOR", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    for program in ("node", "npm"):
        with pytest.raises(MissingError, match=f"^{program} is not installed: the RP2040 emulator needs Node.js 20"):
            emulation.prepare()
        (tmp_path / program).write_text("#!/bin/sh\n")
        (tmp_path / program).chmod(0o755)


def test_an_image_from_elsewhere_is_emulated_without_a_build(monkeypatch, tmp_path):
    image = tmp_path / "stock.uf2"
    image.write_bytes(b"")
    lines = []
    monkeypatch.setattr(emulation, "prepare", lambda: None)
    monkeypatch.setattr(emulation.subprocess, "call", lambda line: lines.append(line[2:]))
    arguments = ["emulate", "RPI_PICO_W", "--image", str(image), "--flash", "board.flash", "--http-port", "8080"]
    assert command_line.main(arguments) == 0
    assert lines == [[str(image), "--http-port", "8080", "--flash", "board.flash", "--wifi"]]


def test_without_apt_a_checkout_is_asked_for(monkeypatch):
    monkeypatch.setattr(debian.shutil, "which", lambda name: None)
    with pytest.raises(MissingError, match="no apt-get here to fetch MicroPython with: pass --micropython DIR"):
        debian.mirror()


def test_a_checkout_without_submodules_says_what_to_run(tmp_path, source):
    board = boards.load("RPI_PICO_PPP")
    (tmp_path / "py").mkdir()
    (tmp_path / "py" / "mpconfig.h").write_text((source.mp / "py" / "mpconfig.h").read_text())
    names = ("micropython-lib", "pico-sdk", "tinyusb", "mbedtls", "lwip")
    for name in names:
        (tmp_path / "lib" / name).mkdir(parents=True)  # as a clone without submodules has it
    for name in names:
        with pytest.raises(FirmwareError) as caught:
            sources.checkout(tmp_path, board)
        command = f"make -C ports/rp2 BOARD_DIR={board.folder} submodules"
        assert str(caught.value) == f"{tmp_path} lacks its submodule lib/{name}: run `{command}` there"
        (tmp_path / "lib" / name / "README.md").write_text("")
    assert sources.checkout(tmp_path, board).version == source.version


@pytest.mark.parametrize("header, message", [
    (["MAJOR 1", "MINOR 23", "MICRO 0"], "is MicroPython 1.23.0; 1.24 or newer is needed"),
    (["MINOR 23"], "is not a MicroPython checkout"),
])
def test_what_is_no_checkout_or_too_old_is_refused(tmp_path, header, message):
    (tmp_path / "py").mkdir()
    (tmp_path / "py" / "mpconfig.h").write_text("".join(f"#define MICROPY_VERSION_{line}\n" for line in header))
    with pytest.raises(FirmwareError, match=message):
        sources.checkout(tmp_path, boards.load("UNIX"))


def test_the_version_of_a_repository_around_the_tree_is_not_micropythons(tmp_path):
    def git(folder, *words, **environment):
        identity = ["-c", "user.name=x", "-c", "user.email=x@localhost"]
        return subprocess.run(["git", *identity, *words], cwd=folder, capture_output=True, text=True,
                              env={**os.environ, **environment})

    tree = tmp_path / "cache" / "micropython"
    (tree / "py").mkdir(parents=True)
    header = "".join(f"#define MICROPY_VERSION_{part}\n" for part in ("MAJOR 1", "MINOR 28", "MICRO 0"))
    (tree / "py" / "mpconfig.h").write_text(header)
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "outer"], ["tag", "v9.9.9"]):
        assert git(tmp_path, *words).returncode == 0
    assert git(tree, "describe", "--tags").stdout == "v9.9.9\n"
    assert git(tree, "describe", "--tags", **sources.Source(tree, work=tmp_path).env).returncode != 0


def test_a_machine_without_apt_builds_a_checkout_without_our_picotool(monkeypatch, tmp_path, source):
    def nowhere():
        raise MissingError("no apt-get here")

    monkeypatch.delenv("picotool_DIR", raising=False)
    monkeypatch.setattr(sources, "picotool", nowhere)
    assert sources.Source(source.mp, work=tmp_path).picotool() is None
    with pytest.raises(MissingError):
        source.picotool()
    monkeypatch.setenv("picotool_DIR", str(tmp_path))
    assert source.picotool() is None


def test_a_failed_command_names_its_first_error_and_its_log(tmp_path):
    script = (
        "echo compiling; echo mkdir lib/mbedtls_errors; echo cc -Wno-error=all lib/error.c;"
        " echo 'x.c:3: error: no such thing'; echo more; exit 1"
    )
    with pytest.raises(FirmwareError) as caught:
        console.run(["sh", "-c", script], log=tmp_path / "build.log", what="building X")
    assert str(caught.value) == (
        f"building X failed: x.c:3: error: no such thing (whole output: {tmp_path / 'build.log'})"
    )
    with pytest.raises(MissingError, match="^no-such-program is not installed$"):
        console.run(["no-such-program"], log=tmp_path / "build.log")


def test_the_archive_must_give_the_pinned_release(tmp_path):
    (tmp_path / "downloads").mkdir()
    (tmp_path / "downloads" / "micropython_1.99.0.orig.tar.xz").write_text("")
    with pytest.raises(FirmwareError, match="gave micropython_1.99.0.orig.tar.xz, not micropython 1.25.0: pass"):
        sources.downloaded(tmp_path, "micropython")


def test_no_file_of_the_tool_names_a_package_host():
    for path in [*TOOL.rglob("*.py"), ROOT / "manifest.py"]:
        assert "://" not in path.read_text().replace("socket://127.0.0.1", ""), path
