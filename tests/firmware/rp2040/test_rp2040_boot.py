"""Both images boot, and every frozen module is imported there."""

import os
import subprocess

import pytest
from emulated import run_script

from firmware_tools import manifests

IMPORTS = """
import gc, sys
def heap():
    gc.collect()
    return gc.mem_alloc()
print("free", gc.mem_free())
start = heap()
from microdot import Microdot
import asyncio, json, re
print("import", heap() - start)
for name in {names}:
    before = heap()
    __import__(name)
    print("module", name, heap() - before)
print("machine", sys.implementation._machine)
"""


@pytest.fixture(params=["pico_uf2", "pico_ppp_uf2"])
def image(request, emulator):
    return request.getfixturevalue(request.param)


def test_every_frozen_module_is_imported(image, tmp_path, note):
    script = tmp_path / "imports.py"
    names = [manifests.import_name(module) for module in manifests.modules("all")]
    script.write_text(IMPORTS.format(names=names))
    done = run_script(image, script)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line.split(maxsplit=1) for line in done.stdout.splitlines()]
    found = dict(line for line in lines if line[0] != "module")
    assert "RP2040" in found["machine"]
    modules = dict(text.rsplit(maxsplit=1) for word, text in lines if word == "module")
    assert list(modules) == names
    machine = found["machine"].removesuffix(" with RP2040")
    note(f"{machine}: heap free at start", f"{found['free']} bytes")
    note(f"{machine}: heap of `from microdot import Microdot`", f"{found['import']} bytes")
    others = ", ".join(f"{name} {size}" for name, size in modules.items() if size != "0")
    note(f"{machine}: heap of the other modules", others)


def test_an_uncaught_exception_is_the_exit_status(pico_uf2, emulator, tmp_path):
    script = tmp_path / "fails.py"
    script.write_text("print('before')\nraise ValueError('on purpose')\n")
    done = run_script(pico_uf2, script)
    assert done.returncode == 1
    assert done.stdout == "before\n"
    assert done.stderr.rstrip().endswith("ValueError: on purpose")


def test_flash_is_kept_from_run_to_run(pico_uf2, emulator, tmp_path):
    flash = tmp_path / "flash.bin"
    write, read = tmp_path / "write.py", tmp_path / "read.py"
    write.write_text("with open('kept', 'w') as file:\n    file.write('x' * 5000)\n")
    read.write_text("print(len(open('kept').read()))\n")
    assert run_script(pico_uf2, write, "--flash", flash).returncode == 0
    assert run_script(pico_uf2, read, "--flash", flash).stdout == "5000\n"


def test_the_flash_of_a_running_board_is_refused(emulator, pico_uf2, tmp_path):
    flash, lock = tmp_path / "flash.bin", tmp_path / "flash.bin.lock"
    script = tmp_path / "runs.py"
    script.write_text("print('runs')")
    lock.write_text(f"{os.getpid()}\n")
    refused = run_script(pico_uf2, script, "--flash", flash)
    assert refused.returncode == 2 and refused.stdout == "" and not flash.exists()
    assert refused.stderr.startswith(f"emulator: {flash} is in use by process {os.getpid()}: end that emulator")
    assert refused.stderr.count("\n") == 1 and lock.exists()
    ended = subprocess.Popen(["true"])
    ended.wait()
    lock.write_text(f"{ended.pid}\n")  # of an emulator that was killed
    assert run_script(pico_uf2, script, "--flash", flash).stdout == "runs\n"
    assert flash.exists() and not lock.exists()
