"""Time and memory on an emulated RP2040, side by side: this framework, Microdot 2.7 and a bare asyncio program.

Simulated time and heap bytes do not depend on the machine that this runs on. The peer is fetched from PyPI, compiled
with mpy-cross and put on the board's filesystem, so its code is in RAM. Import and free heap can therefore be compared
only with --installed, which puts this framework there too; `--installed py` does this with the sources of both.
"""

import argparse
import concurrent.futures
import json
import pathlib
import shutil
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "firmware"))

from firmware_tools import build, compiler, sizes  # noqa: E402
from firmware_tools.console import FirmwareError, capture  # noqa: E402
from firmware_tools.paths import ROOT  # noqa: E402

EMULATOR = ROOT / "tools" / "emulator"
PEER = "microdot==2.7.0"
PEER_FOLDER = ROOT / ".cache" / "emulator" / "peer"
PEER_SOURCE = PEER_FOLDER / "microdot" / "microdot.py"
OWN = "this framework"

ROWS = (
    ("heap after import, bytes", "importBytes"),
    ("GET /, ms", "dispatch.get.milliseconds"),
    ("dynamic route, ms", "dispatch.dynamic.milliseconds"),
    ("POST JSON, ms", "dispatch.post.milliseconds"),
    ("GET /, bytes allocated", "dispatch.get.allocatedBytes"),
    ("dynamic route, bytes allocated", "dispatch.dynamic.allocatedBytes"),
    ("POST JSON, bytes allocated", "dispatch.post.allocatedBytes"),
    ("GET over PPP, kept connection, ms of chip time", "keptAlive.chipMilliseconds"),
    ("GET over PPP, new connection, ms of chip time", "closedEachTime.chipMilliseconds"),
    ("TCP segments of a small answer", "closedEachTime.dataSegments"),
    ("silent connection, bytes", "memory.silentConnectionBytes"),
    ("kept connection, bytes", "memory.keptConnectionBytes"),
    ("free with 33 routes and PPP, bytes", "memory.freeBytes"),
    ("least free heap that answers a GET, bytes", "memory.leastFreeBytes"),
)


def peer_source():
    """Return the peer's module, fetched once."""
    if not PEER_SOURCE.exists():
        pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", PEER_FOLDER, PEER]
        capture(pip, what=f"fetching {PEER}")
    return PEER_SOURCE


def stage_peer(folder, *, bytecode):
    """Lay out in *folder* what a board's filesystem holds with the peer; return the options to measure it."""
    if bytecode:
        compiler.compile_file(peer_source(), folder / "microdot.mpy", "microdot.py")
    else:
        shutil.copy(peer_source(), folder)
    return "--files", folder, "--other"


def stage_framework(folder, *, bytecode):
    """Lay out in *folder* what a board's filesystem holds with this framework; return the options to measure it."""
    compiler.stage(folder, "core", bytecode=bytecode, library=".")
    return "--files", folder


def measure(firmware, *options):
    """Return what measure.mjs measures on a board with the UF2 file *firmware*."""
    return json.loads(capture(["node", EMULATOR / "measure.mjs", firmware, *options], what="the measurement"))


def heap_section(result):
    """Return the entries of the committed size table that *result* gives; less is better in all of them."""
    memory = result["memory"]
    return {
        "import": result["importBytes"],
        "serving_33_routes": memory["usedBytes"],
        "silent_connection": memory["silentConnectionBytes"],
        "kept_connection": memory["keptConnectionBytes"],
    }


def cell(result, path):
    """Return the entry of *result* at a dotted path as text, a dash where there is none."""
    for name in path.split("."):
        result = result.get(name) if result else None
    return "-" if result is None else f"{result:g}"


def table(results):
    """Return the lines of a Markdown table of {contestant: result}."""
    rows = [["", *results], *([title, *(cell(result, path) for result in results.values())] for title, path in ROWS)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    padded = [[text.ljust(width) for text, width in zip(row, widths, strict=True)] for row in rows]
    lines = ["| " + " | ".join(row) + " |" for row in padded]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return lines


def run(arguments):
    """Measure the contestants, two at a time, and print the table or the figures."""
    capture([sys.executable, EMULATOR / "setup.py"], what="preparing the emulator")
    firmware = arguments.firmware or build.build("RPI_PICO_PPP").image
    bytecode = arguments.installed != "py"
    with tempfile.TemporaryDirectory() as own, tempfile.TemporaryDirectory() as peer:
        contestants = {OWN: ()}
        if arguments.installed:
            contestants[OWN] = stage_framework(pathlib.Path(own), bytecode=bytecode)
        if not arguments.alone:
            contestants["Microdot 2.7"] = stage_peer(pathlib.Path(peer), bytecode=bytecode)
            contestants["bare asyncio"] = ("--bare",)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            jobs = {name: pool.submit(measure, firmware, *options) for name, options in contestants.items()}
            results = {name: job.result() for name, job in jobs.items()}
    if arguments.update:
        sizes.update({"rp2040_heap": heap_section(results[OWN])})
    if arguments.json:
        print(json.dumps(results, indent=4))
    else:
        print("\n".join(table(results)))


def main():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("firmware", nargs="?", type=pathlib.Path, help="a UF2 of RPI_PICO_PPP; built if not given")
    parser.add_argument("--alone", action="store_true", help="measure this framework only")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--installed", choices=("mpy", "py"), help="put this framework on the board's filesystem too")
    parser.add_argument("--update", action="store_true", help="put the heap figures into the committed size table")
    arguments = parser.parse_args()
    if arguments.update and arguments.installed:
        parser.error("the size table is for the frozen framework: leave out --installed or --update")
    try:
        run(arguments)
    except FirmwareError as error:
        sys.exit(f"chip: {error}")


if __name__ == "__main__":
    main()
