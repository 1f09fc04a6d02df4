"""mpremote, as it is, against the emulated board: files, mip and ROMFS."""

import json
import subprocess

import pytest
from emulated import PATIENCE, EmulatedPico, RawRepl
from needs import needed
from serving import files_served

from firmware_tools.console import MissingError, beside_python

MODULE = b"def answer():\n    return 42\n"
USE = "import answers; print(answers.__file__, answers.answer())"
# Prints the size of a file and why the board started: 1 for power, 3 for its own reset.
STATE = "import machine\nprint(len(open('kept').read()), machine.reset_cause())"


@pytest.fixture(scope="module")
def mpremote(board):
    """A function that runs mpremote on the board and returns what it prints."""
    with needed():
        program = beside_python("mpremote")
        if program is None:
            raise MissingError("mpremote is not installed: pip install mpremote")

    def run(*arguments):
        line = [program, "connect", f"socket://127.0.0.1:{board.repl_port}", *map(str, arguments)]
        done = subprocess.run(line, capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_exec_and_eval(mpremote):
    assert mpremote("exec", "print(6 * 7)") == "42\n"
    assert "RP2040" in mpremote("eval", "__import__('sys').implementation._machine")


def test_run_ends_with_the_traceback(mpremote, board, tmp_path):
    script = tmp_path / "fails.py"
    script.write_text("raise ValueError('on purpose')\n")
    program = beside_python("mpremote")
    line = [program, "connect", f"socket://127.0.0.1:{board.repl_port}", "run", script]
    done = subprocess.run(line, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 1
    assert "ValueError: on purpose" in done.stdout + done.stderr


def test_files_go_to_the_board_and_come_back(mpremote, tmp_path):
    data = bytes(range(256)) * 20
    (tmp_path / "sent.bin").write_bytes(data)
    printed = mpremote(
        "fs", "mkdir", ":folder",
        "+", "fs", "cp", tmp_path / "sent.bin", ":folder/file.bin",
        "+", "fs", "ls", ":folder",
        "+", "fs", "cp", ":folder/file.bin", tmp_path / "back.bin",
        "+", "fs", "rm", "-r", ":folder",
    )
    assert "5120 file.bin" in printed
    assert (tmp_path / "back.bin").read_bytes() == data
    assert "folder" not in mpremote("fs", "ls", ":")


def test_a_package_is_installed_by_mip(mpremote, tmp_path):
    (tmp_path / "answers.py").write_bytes(MODULE)
    with files_served(tmp_path) as address:
        package = {"urls": [["answers/__init__.py", f"{address}/answers.py"]], "version": "1"}
        (tmp_path / "package.json").write_text(json.dumps(package))
        mpremote("mip", "install", "--no-mpy", f"{address}/package.json")
    assert mpremote("exec", USE) == "/lib/answers/__init__.py 42\n"
    mpremote("fs", "rm", "-r", ":lib")


def test_a_folder_becomes_the_romfs(mpremote, tmp_path):
    folder = tmp_path / "rom"
    folder.mkdir()
    (folder / "answers.py").write_bytes(MODULE)
    mpremote("romfs", "--no-mpy", "deploy", folder)
    assert mpremote("exec", USE) == "/rom/answers.py 42\n"


def test_a_reset_keeps_the_files(emulator, pico_uf2):
    with EmulatedPico(pico_uf2) as pico:
        with RawRepl(pico) as repl:
            repl.run("with open('kept', 'w') as file:\n    file.write('x' * 3000)")
        pico.reset()
        with RawRepl(pico) as repl:
            assert repl.run(STATE) == "3000 1\n"
            repl.send("machine.reset()\n\x04")
        with RawRepl(pico) as repl:
            assert repl.run(STATE) == "3000 3\n"
