"""Cut the power of an emulated Pico in each flash operation of an update, of a start and of saving settings.

After each cut the board is started twice, and must run one whole version of its application, with its settings. The
flash and LittleFS are those of the image. The operation in which the power is cut is done by half.
"""

import argparse
import concurrent.futures
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "tools" / "firmware"))

from firmware_tools import build, emulation  # noqa: E402
from firmware_tools.console import FirmwareError, MissingError  # noqa: E402

BOARD = "RPI_PICO_PPP"
CUT = 3  # the emulator's exit status after a power cut
PATIENCE = 600
JOBS = 2

PRELUDE = """
import asyncio, os, sys
from binascii import hexlify
from hashlib import sha256
from microdot import Request
from microdot.device import _hardware, log, settings, wifi
from microdot.device._start import Runner, Starts
from microdot.device._update import Updates, sign
from microdot.device._versions import GOOD, Versions

SECRET = "abcdefghij"

def write(path, text):
    with open(path, "w") as file:
        file.write(text)

def files(version):
    # What belongs together is in three files, one of which takes several blocks of flash.
    text = "VERSION = %r\\n" % version
    return [("app.py", text), ("part.py", text), ("lib/large.py", text + "# %s\\n" % version * 1000)]

class Throttle:
    async def attempt(self, request, account):
        pass

    async def succeed(self, request):
        pass

def update(version):
    versions = Versions("/")
    versions.load()
    updates = Updates(versions, _hardware, log, lambda: SECRET, "nonce")
    contents = [(name, text.encode()) for name, text in files(version)]
    lines = ["%d %s %s\\n" % (len(data), hexlify(sha256(data).digest()).decode(), name) for name, data in contents]
    listed = "".join(lines).encode()
    digest = hexlify(sha256(listed).digest())
    headers = {"Update-List": str(len(listed)), "Update-Signature": sign(SECRET, updates.nonce, digest)}
    pieces = [listed] + [data for _, data in contents]

    class Stream:
        async def readexactly(self, n):
            return pieces.pop(0)

        async def read(self, n):
            while not pieces[0]:
                pieces.pop(0)
            data = pieces[0][:n]
            pieces[0] = pieces[0][n:]
            return data

    request = Request(None, None, "POST", "/", "1.1", headers, stream=Stream())
    asyncio.run(updates.receive(request, Throttle()))

def start():
    runner = Runner(log, wifi, _hardware, Starts("/failed-starts"), Versions("/"), None)
    runner.can_update = True
    runner._begin(None)
    return runner

def confirm(runner):
    if runner._on_trial:
        runner._mark(GOOD)
    runner._starts.clear()
"""
PREPARE = """
for name, text in files("old")[:2]:
    write("/" + name, text)
os.mkdir("/lib")
write("/lib/large.py", files("old")[2][1])
settings.save(device={"name": "cellar", "secret": SECRET})
"""
CHECK = """
runner = start()
import app, part, large
print("RUNS", app.VERSION, part.VERSION, large.VERSION, settings.device["name"])
confirm(runner)
"""
UPDATE = "update('new')\n"
# Each is: name, programs that lead to it, the program that is cut, the versions and names that may come after it.
SCENARIOS = (
    ("a first update", [PREPARE], UPDATE, ("old", "new"), ("cellar",)),
    ("a third update", [PREPARE, UPDATE, CHECK, "update('newer')\n", CHECK], UPDATE, ("newer", "new"), ("cellar",)),
    ("the trial of an update", [PREPARE, UPDATE], "confirm(start())\n", ("old", "new"), ("cellar",)),
    ("the way back", [PREPARE, UPDATE, "start()\n"], "confirm(start())\n", ("old",), ("cellar",)),
    ("saving settings", [PREPARE], "settings.save(device={'name': 'attic'})\n", ("old",), ("cellar", "attic")),
)


class Bench:
    """Runs programs on emulated boards.

    :param image: the firmware's UF2 file.
    :param folder: for the files of this run.
    """

    def __init__(self, image, folder):
        self.image = image
        self.folder = pathlib.Path(folder)

    def run(self, flash, program, *options):
        """Run a program on a board with the flash in a file; return (status, what was printed, errors)."""
        script = self.folder / f"{flash.stem}-{abs(hash(program))}.py"
        script.write_text(PRELUDE + program)
        line = ["node", emulation.EMULATOR / "run.mjs", self.image, script, "--flash", flash, *map(str, options)]
        done = subprocess.run(line, capture_output=True, text=True, timeout=PATIENCE)
        return done.returncode, done.stdout, done.stderr

    def prepare(self, number):
        """Return a file with the flash in which a scenario begins, and the number of its flash operations."""
        name, programs, cut, _, _ = SCENARIOS[number]
        flash = self.folder / f"scenario-{number}.bin"
        for program in programs:
            status, printed, errors = self.run(flash, program)
            if status:
                raise FirmwareError(f"{name} cannot be prepared: {printed}{errors}")
        trial = self.folder / f"scenario-{number}-count.bin"
        shutil.copy(flash, trial)
        status, printed, errors = self.run(trial, cut, "--cut", 0)
        trial.unlink()
        if status:
            raise FirmwareError(f"{name} fails without a power cut: {printed}{errors}")
        return flash, int(errors.split()[-3])

    def cut(self, number, flash, operation):
        """Cut the power in an operation of a scenario, and start the board twice; return what is wrong, or None."""
        name, _, program, versions, names = SCENARIOS[number]
        after = self.folder / f"scenario-{number}-{operation}.bin"
        shutil.copy(flash, after)
        try:
            status, printed, errors = self.run(after, program, "--cut", operation)
            if status != CUT:
                return f"{name}, operation {operation}: the power did not go: {printed}{errors}"
            for attempt in ("first", "second"):
                status, printed, errors = self.run(after, CHECK)
                last = printed.strip().split("\n")[-1].split()
                if (
                    status
                    or len(last) != 5
                    or len({*last[1:4]}) != 1
                    or last[1] not in versions
                    or last[4] not in names
                ):
                    return f"{name}, operation {operation}, {attempt} start after it: {printed}{errors}"
        finally:
            after.unlink()
        return None


def run(image, sample=None, seed=0):
    """Cut the power in all operations of all scenarios, or in *sample* of them; return (cuts, what went wrong)."""
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        bench = Bench(image, folder)
        prepared = list(pool.map(bench.prepare, range(len(SCENARIOS))))
        cuts = [(number, flash, n + 1) for number, (flash, count) in enumerate(prepared) for n in range(count)]
        for (name, *_), (_, count) in zip(SCENARIOS, prepared, strict=True):
            print(f"{name}: {count} flash operations", flush=True)
        if sample is not None:
            cuts = random.Random(seed).sample(cuts, min(sample, len(cuts)))
        failures = []
        for problem in pool.map(lambda cut: bench.cut(*cut), cuts):
            if problem:
                failures.append(problem)
                print(problem, flush=True)
    return len(cuts), failures


def main():
    """Run from the command line; return the status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, metavar="N", help="cut the power in N operations only, chosen at random")
    parser.add_argument("--seed", type=int, default=0, help="seed of the choice (default: 0)")
    options = parser.parse_args()
    try:
        emulation.prepare()
        image = build.build(BOARD).image
        cuts, failures = run(image, options.sample, options.seed)
    except (FirmwareError, MissingError) as error:
        print(f"power cuts: {error}", file=sys.stderr)
        return 2
    print(f"{cuts} power cuts, {len(failures)} after which the board was not as it must be")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
