"""The size table: what is committed, what is measured now, and how much it may grow unnoticed.

Its sections: `mpy` (bytes of each compiled module), `rp2040_flash` (bytes that freeze sets add to an image),
`rv32_heap` (bytes of heap taken on the emulated RV32 board), `rp2040_heap` (the same on the emulated RP2040, measured
by the tests that run there), `rp2040_installed` (there too, with the framework as .mpy files on the filesystem).
"""

import json
import re

from . import build, emulation, manifests
from .compiler import module_sizes
from .console import FirmwareError, capture
from .paths import ROOT, locked

TABLE = ROOT / "tests" / "firmware" / "sizes.json"
PROBE = ROOT / "tools" / "firmware" / "firmware_tools" / "board" / "heap.py"
TOLERANCE = 0.02
# Two per cent of a small module is less than one more name in it.
SLACK = 16


def committed():
    """Return the table: {section: {name: bytes}}."""
    return json.loads(TABLE.read_text()) if TABLE.exists() else {}


def flash_sizes(firmware):
    """Return {set: bytes of flash} that the core, and everything, add to the RP2040 build *firmware*."""
    totals = {sets: frozen_size(firmware, sets) for sets in ("none", "core", "all")}
    return {sets: totals[sets] - totals["none"] for sets in ("core", "all")}


def frozen_size(firmware, sets):
    """Return the bytes of the build's frozen code if it had the freeze sets *sets*, made with its own commands."""
    folder = firmware.folder
    scratch = folder / "sizes"
    manifest = manifests.derive(scratch / f"{sets}.py", firmware.board, sets)
    content, program = scratch / f"{sets}.c", scratch / f"{sets}.o"
    freeze, compiled = [
        capture(["ninja", "-t", "commands", "-s", target], cwd=folder).strip()
        for target in ("frozen_content.c", "CMakeFiles/firmware.dir/frozen_content.c.o")
    ]
    freeze = freeze.replace(f"-o {folder / 'frozen_content.c'}", f"-o {content}")
    freeze = freeze.replace(str(build.manifest_path(folder)), str(manifest))
    compiled = re.sub(r" -MD -MT .*", f" -o {program} -c {content}", compiled)
    with locked(f"build-{folder.name}"):
        env = {"MICROPY_MPYCROSS": str(firmware.source.mpy_cross())}
        for command in (freeze, compiled):
            capture(["sh", "-c", command], cwd=folder, env=env, what=f"measuring {firmware.board.name}")
    return build.flash_size(firmware.board, program)


def heap_sizes(firmware):
    """Return {state: bytes of heap taken} that the QEMU board *firmware* reports, and `start_free`."""
    with emulation.QemuBoard(firmware) as board:
        printed, error = board.execute(PROBE.read_text())
    if error:
        raise FirmwareError(f"measuring heap on {firmware.board.name} failed: {error.splitlines()[-1]}")
    return {name: int(size) for name, size in (line.split() for line in printed.splitlines())}


def measure(firmware=False):
    """Return what can be measured on this machine; *firmware* adds what needs a firmware build."""
    sizes = {"mpy": module_sizes()}
    sizes["mpy"]["total"] = sum(sizes["mpy"].values())
    if firmware:
        sizes["rp2040_flash"] = flash_sizes(build.build("RPI_PICO"))
        sizes["rv32_heap"] = heap_sizes(build.build("QEMU_RV32"))
        for name in ("start_free", "two_hundred_requests"):
            del sizes["rv32_heap"][name]
    return sizes


def grown(measured):
    """Return {section and name: text} for each size in *measured* that is new or over the table's tolerance."""
    table = committed()
    found = {}
    for section, entries in measured.items():
        for name, size in entries.items():
            known = table.get(section, {}).get(name)
            if known is None:
                found[f"{section} {name}"] = f"{size} bytes, not in the table"
            elif size > known * (1 + TOLERANCE) + SLACK:
                found[f"{section} {name}"] = f"{size} bytes, {size - known} more than the table's {known}"
    return found


def update(measured):
    """Replace the sections of the table that *measured* has; the others stay as they are."""
    table = committed()
    table.update(measured)
    TABLE.write_text(json.dumps(table, indent=4, sort_keys=True) + "\n")


def report(measured):
    """Return the lines of a table of *measured* beside the committed sizes."""
    table = committed()
    lines = []
    for section, entries in measured.items():
        lines.append(section)
        for name, size in entries.items():
            known = table.get(section, {}).get(name)
            change = "new" if known is None else f"{size - known:+d}"
            lines.append(f"  {name:<20} {size:>8} {change:>8}")
    return lines


def check_growth(measured):
    """Raise FirmwareError when something grew over the tolerance; the table may keep the old size of what shrank."""
    found = grown(measured)
    if found:
        sections = {name.split()[0] for name in found}
        if "rp2040_heap" in sections:
            command = "python tools/bench/chip.py --alone --update"
        elif "rp2040_installed" in sections:
            command = "python tools/bench/chip.py --installed mpy --alone --update"
        else:
            option = "" if sections == {"mpy"} else " --firmware"
            command = f"python tools/firmware size{option} --update"
        raise FirmwareError(
            f"grown: {', '.join(f'{name} {text}' for name, text in found.items())}; if that is on purpose, run"
            f" `{command}` and commit the table"
        )
