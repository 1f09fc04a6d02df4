"""Time and memory on an emulated RP2040, side by side: this framework, Microdot 2.7 and a bare asyncio program.

Simulated time and heap bytes do not depend on the machine that this runs on. The peer is fetched from PyPI, compiled
with mpy-cross and put on the board's filesystem, so its code is in RAM. Its import and free heap are therefore not
comparable with those of this framework, which is in the firmware.

With --installed the firmware holds neither, and both are on the filesystem, as .mpy files or as sources. It measures
the heap that code and first answers take, and the time from reset to the first answer. With --fan-out it measures how a
message gets to four WebSockets and four event streams: by publish and subscribe, and by a loop on Microdot 2.7.
"""

import argparse
import concurrent.futures
import json
import pathlib
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "firmware"))

from firmware_tools import build, compiler, images, sizes  # noqa: E402
from firmware_tools.console import FirmwareError, capture  # noqa: E402
from firmware_tools.paths import ROOT  # noqa: E402

EMULATOR = ROOT / "tools" / "emulator"
PEER = "microdot==2.7.0"
PEER_FOLDER = ROOT / ".cache" / "emulator" / "peer"
PEER_PACKAGE = PEER_FOLDER / "microdot"
# What applications of the measurement need of it.
PEER_MODULES = ("__init__", "helpers", "microdot", "sse", "websocket")
PEER_NAME = "Microdot 2.7"
OWN = "this framework"
STORAGE = 896 * 1024  # bytes of the filesystem of RPI_PICO_PPP
PAGE = "<p>hello</p>\n" * 40

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

INSTALLED_ROWS = (
    ("heap after import and application, bytes", "get.importBytes"),
    ("after the first answer to a GET", "get.answerBytes"),
    ("... to a POST of JSON", "json.answerBytes"),
    ("... to a POST of a form", "form.answerBytes"),
    ("... with a file", "file.answerBytes"),
    ("... to a WebSocket message", "websocket.answerBytes"),
    ("... that sets a session", "session.answerBytes"),
    ("free after import and application, bytes", "get.freeBytes"),
    ("largest free piece then, bytes", "get.largestFreeBytes"),
    ("free after the first answer to a GET, bytes", "get.answeredFreeBytes"),
    ("from reset to the first answer, ms", "start.firstAnswerMilliseconds"),
    ("first answer, ms of chip time", "start.firstMilliseconds"),
    ("second answer, ms of chip time", "start.secondMilliseconds"),
)

FAN_OUT_ROWS = (
    ("a message to a client, ms of chip time", "milliseconds"),
    ("bytes allocated for it", "allocatedBytes"),
    ("of seven others, reached while a client reads nothing", "others"),
)


def peer_package():
    """Return the folder of the peer's package, fetched once."""
    if not PEER_PACKAGE.exists():
        pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", PEER_FOLDER, PEER]
        capture(pip, what=f"fetching {PEER}")
    return PEER_PACKAGE


def peer_filesystem(image):
    """Write the image of a filesystem on which the peer's main module hides the frozen framework; return its path."""
    with tempfile.TemporaryDirectory() as folder:
        compiler.put(peer_package() / "microdot.py", pathlib.Path(folder), "microdot.py", True)
        images.pack_littlefs(image, folder, STORAGE)
    return image


def installed_filesystem(image, *, own, bytecode):
    """Write the image of a filesystem with this framework or the peer in /lib, and a page; return its path."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        if own:
            compiler.stage(folder, "all", bytecode=bytecode)
        else:
            for module in PEER_MODULES:
                file = f"microdot/{module}.py"
                compiler.put(PEER_FOLDER / file, folder / "lib" / "microdot", file, bytecode)
        (folder / "page.html").write_text(PAGE)
        images.pack_littlefs(image, folder, STORAGE)
    return image


def measure(firmware, *options):
    """Return what measure.mjs measures on a board with the UF2 file *firmware*."""
    return json.loads(capture(["node", EMULATOR / "measure.mjs", firmware, *options], what="the measurement"))


def measure_installed(firmware, *options):
    """Return what installed.mjs finds out on a board with the UF2 file *firmware*, which holds no framework."""
    return json.loads(capture(["node", EMULATOR / "installed.mjs", firmware, *options], what="the measurement"))


def heap_section(result):
    """Return the entries of the committed size table that *result* gives; less is better in all of them."""
    memory = result["memory"]
    return {
        "import": result["importBytes"],
        "serving_33_routes": memory["usedBytes"],
        "silent_connection": memory["silentConnectionBytes"],
        "kept_connection": memory["keptConnectionBytes"],
    }


def installed_section(result):
    """Return the entries of the committed size table that the *result* of measure_installed() gives."""
    return {"import": result["get"]["importBytes"], "get": result["get"]["answerBytes"]}


def cell(result, path):
    """Return the entry of *result* at a dotted path as text, a dash where there is none."""
    for name in path.split("."):
        result = result.get(name) if result else None
    return "-" if result is None else f"{result:.6g}"


def table(results, rows):
    """Return the lines of a Markdown table of {contestant: result} with *rows* of titles and dotted paths."""
    rows = [["", *results], *([title, *(cell(result, path) for result in results.values())] for title, path in rows)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    padded = [[text.ljust(width) for text, width in zip(row, widths, strict=True)] for row in rows]
    lines = ["| " + " | ".join(row) + " |" for row in padded]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return lines


def run_frozen(arguments, folder):
    """Measure the frozen framework, beside the others unless it shall be alone; return {contestant: result}."""
    firmware = arguments.firmware or build.build("RPI_PICO_PPP").image
    contestants = {OWN: ()}
    if not arguments.alone:
        contestants[PEER_NAME] = ("--filesystem", peer_filesystem(folder / "peer.bin"), "--other")
        contestants["bare asyncio"] = ("--bare",)
    return run_all(measure, firmware, contestants)


def run_installed(arguments, folder):
    """Measure the framework as files, beside the peer unless it shall be alone; return {contestant: result}."""
    firmware = arguments.firmware or build.build("RPI_PICO_PPP", sets="none").image
    bytecode = arguments.installed == "mpy"
    contestants = {OWN: (installed_filesystem(folder / "own.bin", own=True, bytecode=bytecode), "--session")}
    if not arguments.alone:
        peer_package()
        contestants[PEER_NAME] = (installed_filesystem(folder / "peer.bin", own=False, bytecode=bytecode),)
    return run_all(measure_installed, firmware, contestants)


def run_fan_out(arguments, folder):
    """Measure a message to eight clients, both frameworks as .mpy files; return {contestant: result}."""
    firmware = arguments.firmware or build.build("RPI_PICO_PPP", sets="none").image
    own = installed_filesystem(folder / "own.bin", own=True, bytecode=True)
    contestants = {OWN: (own, "--fan-out", "fan_out_app")}
    if not arguments.alone:
        peer_package()
        peer = installed_filesystem(folder / "peer.bin", own=False, bytecode=True)
        contestants[PEER_NAME] = (peer, "--fan-out", "fan_out_loop")
    return run_all(measure_installed, firmware, contestants)


def run_all(measured, firmware, contestants):
    """Call *measured* for each of {contestant: options}, two at a time; return {contestant: result}."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        jobs = {name: pool.submit(measured, firmware, *options) for name, options in contestants.items()}
        return {name: job.result() for name, job in jobs.items()}


def run(arguments):
    """Measure, and print the table or the figures."""
    capture([sys.executable, EMULATOR / "setup.py"], what="preparing the emulator")
    with tempfile.TemporaryDirectory() as folder:
        measured = run_fan_out if arguments.fan_out else run_installed if arguments.installed else run_frozen
        results = measured(arguments, pathlib.Path(folder))
    if arguments.update:
        if arguments.installed:
            sizes.update({"rp2040_installed": installed_section(results[OWN])})
        else:
            sizes.update({"rp2040_heap": heap_section(results[OWN])})
    if arguments.json:
        print(json.dumps(results, indent=4))
    else:
        rows = FAN_OUT_ROWS if arguments.fan_out else INSTALLED_ROWS if arguments.installed else ROWS
        print("\n".join(table(results, rows)))


def main():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("firmware", nargs="?", type=pathlib.Path, help="a UF2 of RPI_PICO_PPP; built if not given")
    parser.add_argument("--alone", action="store_true", help="measure this framework only")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--installed", choices=("mpy", "py"), help="measure code on the board's filesystem")
    what.add_argument("--fan-out", action="store_true", help="measure a message to eight clients")
    parser.add_argument("--update", action="store_true", help="put the heap figures into the committed size table")
    arguments = parser.parse_args()
    if arguments.update and arguments.installed == "py":
        parser.error("the size table has the figures of .mpy files: pass --installed mpy")
    if arguments.update and arguments.fan_out:
        parser.error("the size table has no figures of --fan-out")
    try:
        run(arguments)
    except FirmwareError as error:
        sys.exit(f"chip: {error}")


if __name__ == "__main__":
    main()
