"""Build, emulate, measure and flash firmware that contains the framework. `COMMAND --help` explains a command."""

import argparse
import pathlib
import shlex
import shutil
import sys

from . import boards, build, debian, emulation, esp32, flashing, images, manifests, packages, sizes, sources
from .console import FirmwareError
from .paths import ROOT, cache

SETS_HELP = "freeze sets in one argument, such as 'realtime forms'; 'core' and 'all' are sets too"


def list_boards(args):
    """Print each board with its chip and what it can be built from."""
    meaning = {"debian": "Debian's sources", "checkout": "a full checkout"}
    for name in boards.names():
        board = boards.load(name)
        where = " or ".join(meaning[source] for source in board.sources)
        print(f"{name:<18} {board.mcu:<10} {board.product:<32} built from {where}")


def install_dependencies(args):
    """Install the Debian packages that every build here needs."""
    wanted = sorted({name for names in build.PACKAGES.values() for name in names} | set(esp32.XTENSA + esp32.RISCV)
                    | {machine[2] for machine in emulation.MACHINES.values()})
    if not shutil.which("apt-get"):
        raise FirmwareError(f"there is no apt-get here; these are Debian's names of what is needed: {' '.join(wanted)}")
    if args.dry_run:
        print(" ".join(debian.missing(wanted)) or "nothing is missing")
        return
    debian.install(wanted, cache() / "install.log")


def build_board(args):
    """Build a board's firmware and say where it is."""
    firmware = build.build(args.board, args.micropython, args.set, args.app)
    if not firmware.source.full:
        print("note: Debian's source has no micropython-lib; drivers such as dht and neopixel, and mip, are left out")
    print(f"{firmware.image}: {firmware.size} of {firmware.board.flash_budget} bytes of flash")


def check_board(args):
    """Check an ESP32 board without ESP-IDF."""
    board = boards.load(args.board)
    if board.port != "esp32":
        raise FirmwareError(f"check is for ESP32 boards; use `build {args.board}` for this one")
    manifests.check(args.set, args.app)
    source = sources.checkout(args.micropython, board) if args.micropython else sources.pinned()
    found = esp32.check(board, source, args.set, args.app)
    print(f"{board.name}: frozen code compiles for the {board.mcu}, {found.frozen} bytes, {found.framework} new")
    print(f"{found.room} of the app partition's {found.partition} bytes stay free")
    print("not verified here: linking with ESP-IDF, flashing, running")


def emulate_board(args):
    """Run a board's firmware here until Ctrl-C."""
    board = boards.load(args.board)
    emulation.check(board, args.scenario, args.flash)
    if args.image:
        firmware = emulation.GivenFirmware(board, args.image)
    else:
        firmware = build.build(args.board, args.micropython, args.set, args.app)
    ports = {"repl_port": args.repl_port, "http_port": args.http_port}
    return emulation.run(firmware, scenario=args.scenario, flash=args.flash, **ports)


def show_sizes(args):
    """Print the sizes beside the committed ones; with --update commit them to the table."""
    measured = sizes.measure(firmware=args.firmware)
    print("\n".join(sizes.report(measured)))
    if args.update:
        sizes.update(measured)
        print(f"updated {sizes.TABLE.relative_to(ROOT)}")
    else:
        sizes.check_growth(measured)


def make_image(args):
    """Write a filesystem image."""
    if args.kind == "romfs":
        images.romfs(args.output, args.set, args.app, bytecode=not args.source)
    else:
        images.littlefs(args.output, args.set, args.app, size=args.size, bytecode=not args.source)
    print(f"{args.output}: {args.output.stat().st_size} bytes")


def make_packages(args):
    """Write a mip index, or bring package.json up to date."""
    if args.output is None:
        (ROOT / "package.json").write_text(packages.checkout_package())
        print("updated package.json")
        return
    packages.write_index(args.output)
    print(f"{args.output}: serve this folder and give its address to mip as the index")


def flash_board(args):
    """Put something on a board."""
    board = boards.load(args.board)
    where = {"port": args.port, "dry_run": args.dry_run}
    for image in (args.romfs, args.littlefs):
        if image and not image.is_file():
            raise FirmwareError(f"{image}: no such file")
    if args.romfs:
        flashing.check_romfs(board, args.romfs)
        plan = flashing.mpremote_plan(["romfs", "deploy", str(args.romfs)], **where)
    elif args.littlefs:
        plan = flashing.filesystem_plan(board, args.littlefs, **where)
    elif args.copy:
        contents = [str(path) for path in sorted(args.copy.glob("*"))]
        if not contents:
            raise FirmwareError(f"{args.copy} is empty, or not a folder")
        plan = flashing.mpremote_plan(["fs", "cp", "-r", *contents, ":"], **where)
    elif args.mip:
        index = ["--index", args.index] if args.index else []
        plan = flashing.mpremote_plan(["mip", "install", *index, args.mip], **where)
    elif args.bootloader:
        plan = flashing.mpremote_plan(["bootloader"], **where)
    else:
        flashing.check_target(board, args.erase)
        image = args.image
        if not image and args.dry_run:
            print(shlex.join(["python", "tools/firmware", *build_words(args)]))
        elif not image:
            image = build.build(args.board, args.micropython, args.set, args.app).image
        plan = flashing.firmware_plan(board, image, drive=args.drive, erase=args.erase, **where)
    flashing.carry_out(plan, args.dry_run)


def build_words(args):
    """Return the words of the command that builds the firmware that *args* want flashed."""
    options = {"--micropython": args.micropython, "--set": args.set, "--app": args.app}
    return ["build", args.board, *[str(word) for pair in options.items() if pair[1] for word in pair]]


def port_number(text):
    """Return a TCP port's number."""
    number = int(text)
    if not 0 < number < 65536:
        raise ValueError(text)
    return number


def size_in_bytes(text):
    """Return a size, which may be hexadecimal."""
    return int(text, 0)


def add_build_options(parser):
    parser.add_argument("board", metavar="BOARD", help="a folder of boards/; `boards` lists them")
    parser.add_argument("--micropython", metavar="DIR", type=pathlib.Path,
                        help="a full MicroPython checkout; else Debian's source of the pinned release is fetched")
    parser.add_argument("--set", metavar="SETS", help=SETS_HELP)
    parser.add_argument("--app", metavar="DIR", type=pathlib.Path, help="freeze this application too")


def make_parser():
    """Return the command line's parser."""
    parser = argparse.ArgumentParser("python tools/firmware", description=__doc__)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def command(name, function):
        added = commands.add_parser(name, help=function.__doc__.splitlines()[0], description=function.__doc__)
        added.set_defaults(function=function)
        return added

    command("boards", list_boards)
    command("deps", install_dependencies).add_argument("--dry-run", action="store_true", help="print what is missing")
    add_build_options(command("build", build_board))
    add_build_options(command("check", check_board))

    emulate = command("emulate", emulate_board)
    add_build_options(emulate)
    emulate.add_argument("--repl-port", metavar="N", type=port_number, help="serve the serial port on 127.0.0.1:N")
    emulate.add_argument("--http-port", metavar="N", type=port_number,
                         help="forward 127.0.0.1:N to the board's port 80")
    emulate.add_argument("--scenario", metavar="FILE", type=pathlib.Path,
                         help="the networks around an RPI_PICO_W, and what happens to them; see docs/emulator.md")
    emulate.add_argument("--image", metavar="FILE", type=pathlib.Path,
                         help="this firmware instead of a build, such as MicroPython's own")
    emulate.add_argument("--flash", metavar="FILE", type=pathlib.Path,
                         help="keep an RP2040's flash in this file from run to run")

    size = command("size", show_sizes)
    size.add_argument("--firmware", action="store_true", help="measure flash too, which builds firmware")
    size.add_argument("--update", action="store_true", help="rewrite the committed table")

    image = command("image", make_image)
    image.add_argument("kind", choices=("romfs", "littlefs"))
    image.add_argument("-o", "--output", metavar="FILE", type=pathlib.Path, required=True)
    image.add_argument("--set", metavar="SETS", default="all", help=SETS_HELP)
    image.add_argument("--app", metavar="DIR", type=pathlib.Path, help="put this application in")
    image.add_argument("--size", metavar="BYTES", type=size_in_bytes, default=0x200000,
                       help="of a LittleFS image; it must be the partition's (default 2 MiB)")
    image.add_argument("--source", action="store_true", help="put in .py instead of .mpy files")

    package = command("package", make_packages)
    package.add_argument("-o", "--output", metavar="DIR", type=pathlib.Path,
                         help="write an index for mip here; without it package.json is rewritten")

    flash = command("flash", flash_board)
    add_build_options(flash)
    flash.add_argument("--port", help="the serial port; else the only one with a board")
    flash.add_argument("--drive", metavar="DIR", help="the UF2 drive; else it is looked for")
    flash.add_argument("--erase", action="store_true", help="erase an ESP32's whole flash first")
    flash.add_argument("--dry-run", action="store_true", help="print the commands only")
    flash.add_argument("--index", metavar="URL", help="mip's index")
    what = flash.add_mutually_exclusive_group()
    what.add_argument("--image", metavar="FILE", type=pathlib.Path, help="this firmware instead of a build")
    what.add_argument("--romfs", metavar="FILE", type=pathlib.Path, help="a ROMFS image")
    what.add_argument("--littlefs", metavar="FILE", type=pathlib.Path, help="a LittleFS image, for an ESP32")
    what.add_argument("--copy", metavar="DIR", type=pathlib.Path, help="a folder's files, to the board's filesystem")
    what.add_argument("--mip", metavar="PACKAGE", help="a package, by mip")
    what.add_argument("--bootloader", action="store_true", help="restart the board in its boot loader")
    return parser


def main(arguments=None):
    """Run the command line; return the exit status."""
    args = make_parser().parse_args(arguments)
    try:
        return args.function(args) or 0
    except FirmwareError as error:
        print(f"firmware: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"firmware: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
