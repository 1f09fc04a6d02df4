"""Time and memory on an emulated RP2040, side by side: this framework, Microdot 2.7 and a bare asyncio program.

Simulated time and heap bytes do not depend on the machine that this runs on. The peer is fetched from PyPI, compiled
with mpy-cross and put on the board's filesystem: its code lies in RAM, so its import and free heap are not comparable.
"""

import argparse
import concurrent.futures
import json
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "firmware"))

from firmware_tools import build, compiler, sizes  # noqa: E402
from firmware_tools.console import FirmwareError, capture  # noqa: E402
from firmware_tools.paths import ROOT  # noqa: E402

EMULATOR = ROOT / "tools" / "emulator"
PEER = "microdot==2.7.0"
PEER_FOLDER = ROOT / ".cache" / "emulator" / "peer"

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


def peer_module():
    """Return the peer's compiled module, fetched and compiled once."""
    target = PEER_FOLDER / "microdot.mpy"
    if not target.exists():
        pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", PEER_FOLDER, PEER]
        capture(pip, what=f"fetching {PEER}")
        compiler.compile_file(PEER_FOLDER / "microdot" / "microdot.py", target, "microdot.py")
    return target


def measure(firmware, *options):
    """Return what measure.mjs finds out on a board with the UF2 file *firmware*."""
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
    contestants = {"this framework": ()}
    if not arguments.alone:
        contestants["Microdot 2.7"] = ("--module", peer_module())
        contestants["bare asyncio"] = ("--bare",)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        jobs = {name: pool.submit(measure, firmware, *options) for name, options in contestants.items()}
        results = {name: job.result() for name, job in jobs.items()}
    if arguments.update:
        sizes.update({"rp2040_heap": heap_section(results["this framework"])})
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
    parser.add_argument("--update", action="store_true", help="put the heap figures into the committed size table")
    try:
        run(parser.parse_args())
    except FirmwareError as error:
        sys.exit(f"chip: {error}")


if __name__ == "__main__":
    main()
