"""Make what a release consists of: packages for pip and mip, filesystem images, firmware, checksums, licences, an SBOM.

    python tools/release [-o DIR] [--micropython DIR] [--boards NAME ...]

Two runs at the same commit, with the same versions of the build tools, write the same bytes.
"""

import argparse
import os
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "firmware"))

import bill
import distributions
import inventory
from firmware_tools import boards, build, images, manifests, packages
from firmware_tools.console import FirmwareError, step
from firmware_tools.paths import ROOT
from firmware_tools.release import epoch, version

LITTLEFS_SIZE = 0x200000  # the partition of MicroPython's own image for an ESP32 with 4 MiB
SUMS = "SHA256SUMS"


def images_to_build(micropython):
    """Return the names of the boards with UF2 files that the sources at hand can build."""
    found = [boards.load(name) for name in boards.names()]
    source = "checkout" if micropython else "debian"
    return [board.name for board in found if board.port == "rp2" and source in board.sources]


def make(folder, micropython, names):
    """Fill *folder*, which is emptied first."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    label = f"microdot-{version()}"
    parts = {}  # file or folder of the release -> the components in it
    with step("wheel and source distribution"):
        for path in distributions.make(folder):
            parts[path.name] = []
    with step("package index for mip"):
        packages.write_index(folder / f"{label}-mip")
        parts[f"{label}-mip"] = []
    with step("filesystem images"):
        images.romfs(folder / f"{label}-romfs.img", "all")
        images.littlefs(folder / f"{label}-littlefs-2MiB.bin", "all", size=LITTLEFS_SIZE)
        parts |= {f"{label}-romfs.img": [], f"{label}-littlefs-2MiB.bin": []}
    for name in names:
        firmware = build.build(name, micropython)
        target = folder / f"{label}-{name}.uf2"
        shutil.copyfile(firmware.image, target)
        parts[target.name] = inventory.components(firmware)
    (folder / f"{label}-licences.txt").write_text(inventory.licences(parts))
    (folder / f"{label}.cdx.json").write_text(bill.text(folder, parts))
    (folder / SUMS).write_text(sums(folder))


def sums(folder):
    """Return a line for each file in *folder*, as sha256sum writes and checks them."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != SUMS)
    return "".join(f"{bill.digest(path)}  {path.relative_to(folder).as_posix()}\n" for path in files)


def main():
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", metavar="DIR", type=pathlib.Path, default=ROOT / "dist",
                        help="the folder to write, which is emptied first (default: dist)")
    parser.add_argument("--micropython", metavar="DIR", type=pathlib.Path,
                        help="a full MicroPython checkout: the Wi-Fi boards are built too, all from it")
    parser.add_argument("--boards", metavar="NAME", nargs="*",
                        help="build UF2 files for these boards only; without a name for none")
    args = parser.parse_args()
    os.umask(0o022)  # the modes of files are part of the packages
    os.environ["SOURCE_DATE_EPOCH"] = str(epoch())
    try:
        possible = images_to_build(args.micropython)
        names = possible if args.boards is None else args.boards
        for name in names:
            if name not in possible:
                raise FirmwareError(f"{name} has no UF2 file that can be built here; possible: {' '.join(possible)}")
        manifests.check("all")
        if distributions.changed():
            print("note: the files differ from the commit; a release is made from a clean checkout", file=sys.stderr)
        make(args.output.resolve(), args.micropython, names)
    except FirmwareError as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    for path in sorted(args.output.iterdir()):
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
