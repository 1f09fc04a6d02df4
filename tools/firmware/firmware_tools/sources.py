"""MicroPython's source: Debian's pinned tarballs joined into one tree, or a checkout that the user has."""

import os
import re
import shutil
import subprocess

from .console import FirmwareError, MissingError, capture, run, step
from .debian import SUITE, PrivateApt
from .paths import cache, locked

# Upstream versions that are known to build together without a patch; mbedtls gets fixes within its branch.
PINNED = {
    "micropython": "1.25.0",
    "mbedtls": "3.6.",
    "lwip": "2.2.1",
    "picotool": "2.1.1",
    "pico-sdk-source": "2.1.1",
    "tinyusb-source": "0.18.0",
}
# The oldest release that a checkout may be of.
OLDEST = (1, 24)
# What a port needs of the checkout's lib folder, which is empty there until the submodules are fetched.
SUBMODULES = {
    "rp2": ("micropython-lib", "pico-sdk", "tinyusb", "mbedtls"),
    "unix": ("micropython-lib", "mbedtls"),
    "esp32": ("micropython-lib",),
}
# What the tree and picotool are made of: upstream tarballs, and packages that hold sources.
TREE = ("micropython", "mbedtls", "lwip"), ("pico-sdk-source", "tinyusb-source")
PICOTOOL = ("picotool",), ("pico-sdk-source",)
# The environment variable in which cmake looks for an installed picotool.
PICOTOOL_FOLDER = "picotool_DIR"
JOBS = str(os.cpu_count() or 1)


class Source:
    """A MicroPython tree that ports are built from.

    `mp` is its root, `sdk` the Pico SDK or None for the tree's own, `lib` the micropython-lib to give to the build or
    None for the tree's own, `version` its release, `full` whether it is a complete checkout.
    """

    def __init__(self, mp, *, work, sdk=None, lib=None):
        self.mp = mp
        self.work = work
        self.sdk = sdk
        self.lib = lib
        self.full = lib is None
        self.version = version(mp)

    def port(self, name):
        """Return the folder of port *name*.

        :raises FirmwareError: if the tree has none.
        """
        folder = self.mp / "ports" / name
        if not folder.is_dir():
            raise FirmwareError(f"{self.mp} has no ports/{name}: is it a MicroPython checkout?")
        return folder

    def mpy_cross(self):
        """Return the tree's own mpy-cross, built on first use."""
        build = self.work / "mpy-cross"
        program = build / "mpy-cross"
        if not program.exists():
            with step("mpy-cross"):
                command = ["make", "-C", self.mp / "mpy-cross", f"-j{JOBS}", f"BUILD={build}"]
                run(command, log=self.work / "mpy-cross.log", env=self.env, what="building mpy-cross")
        return program

    def picotool(self):
        """Return the cmake folder of picotool, which turns an ELF file into UF2; built on first use.

        None when `picotool_DIR` names one, and for a full checkout on a machine that cannot get picotool's source: the
        checkout's Pico SDK then takes one that is installed, or fetches its own.
        """
        if os.environ.get(PICOTOOL_FOLDER):
            return None
        try:
            return picotool()
        except MissingError:
            if self.full:
                return None
            raise

    @property
    def env(self):
        """The environment of commands that build from the tree.

        Git must not look for the version of MicroPython in a repository around the tree, such as this one.
        """
        others = os.environ.get("GIT_CEILING_DIRECTORIES")
        return {"GIT_CEILING_DIRECTORIES": os.pathsep.join([str(self.mp.parent), *([others] if others else [])])}


def version(mp):
    """Return the release that the tree at *mp* says it is, such as `1.25.0`."""
    header = mp / "py" / "mpconfig.h"
    text = header.read_text() if header.exists() else ""
    numbers = re.findall(r"#define MICROPY_VERSION_(?:MAJOR|MINOR|MICRO) (\d+)", text)
    if len(numbers) != 3:
        raise FirmwareError(f"{mp} is not a MicroPython checkout (no py/mpconfig.h with a version)")
    return ".".join(numbers)


def checkout(folder, board):
    """Return the Source of a full checkout.

    :raises FirmwareError: if it is too old or lacks submodules that *board* needs.
    """
    folder = folder.resolve()
    release = version(folder)
    if tuple(int(number) for number in release.split(".")) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise FirmwareError(f"{folder} is MicroPython {release}; {oldest} or newer is needed")
    for name in (*SUBMODULES.get(board.port, ()), *board.submodules):
        if not any((folder / "lib" / name).glob("*")):
            command = f"make -C ports/{board.port} {board.folder_variable}={board.folder} submodules"
            raise FirmwareError(f"{folder} lacks its submodule lib/{name}: run `{command}` there")
    # The path, kept readable, tells the build folders of one checkout from those of another.
    work = cache() / "checkouts" / re.sub(r"[^A-Za-z0-9.]+", "-", str(folder)).strip("-")
    work.mkdir(parents=True, exist_ok=True)
    return Source(folder, work=work)


def pinned():
    """Return the Source made of Debian's pinned packages, fetched and unpacked on first use."""
    work = cache() / f"{SUITE}-{PINNED['micropython']}"
    with locked("sources"):
        if not (work / "complete").exists():
            fetch(work, *TREE)
            unpack(work)
            (work / "complete").touch()
        stand_in(work / "micropython-lib")
    sdk, lib = work / "root" / "usr" / "src" / "pico-sdk", work / "micropython-lib"
    return Source(work / "micropython", work=work, sdk=sdk, lib=lib)


def picotool():
    """Return the cmake folder of Debian's pinned picotool, fetched and built on first use.

    It serves the pinned source and checkouts whose Pico SDK asks for this release of picotool or an older one.

    :raises MissingError: if there is no apt.
    """
    work = cache() / f"picotool-{PINNED['picotool']}"
    tools = work / "tools"
    with locked("picotool"):
        if not (tools / "bin" / "picotool").exists():
            fetch(work, *PICOTOOL)
            untar(downloaded(work, "picotool"), work / "source")
            unpack_package(work, "pico-sdk-source")
            build_picotool(work, tools)
    return tools / "lib" / "cmake" / "picotool"


def build_picotool(work, tools):
    """Build picotool in *work* and install it in *tools*, without USB, which turning files into UF2 does not need."""
    log, folder, sdk = work / "build.log", work / "build", work / "root" / "usr" / "src" / "pico-sdk"
    with step("picotool"):
        run(["cmake", "-GNinja", "-S", work / "source", "-B", folder, "-DPICOTOOL_NO_LIBUSB=1",
             "-DCMAKE_BUILD_TYPE=MinSizeRel", f"-DCMAKE_INSTALL_PREFIX={tools}"],
            log=log, env={"PICO_SDK_PATH": str(sdk)}, what="configuring picotool")
        run(["ninja", f"-j{JOBS}", "-C", folder, "install"], log=log, what="building picotool")


def fetch(work, tarballs, packages):
    """Download the pinned *tarballs* and *packages* into *work*/downloads."""
    downloads = work / "downloads"
    apt = PrivateApt(cache() / "apt")
    with locked("apt"):
        with step(f"package index of Debian {SUITE}"):
            apt.update()
        with step(f"sources: {', '.join((*tarballs, *packages))}"):
            apt.download(downloads, tarballs, packages)
    for name in (*tarballs, *packages):
        downloaded(work, name)


def downloaded(work, name):
    """Return the downloaded file of *name*.

    :raises FirmwareError: if the archive gave another version than the pinned one.
    """
    files = sorted((work / "downloads").glob(f"{name}_*"))
    wanted = [path for path in files if path.name.startswith(f"{name}_{PINNED[name]}")]
    if not wanted:
        given = ", ".join(path.name for path in files) or "nothing"
        raise FirmwareError(f"Debian {SUITE} gave {given}, not {name} {PINNED[name]}: pass --micropython DIR")
    return wanted[-1]


def unpack(work):
    """Join the downloads into one MicroPython tree and a Pico SDK."""
    mp, root = work / "micropython", work / "root"
    for folder in (mp, root):
        shutil.rmtree(folder, ignore_errors=True)
    with step("unpacking"):
        untar(downloaded(work, "micropython"), mp)
        untar(downloaded(work, "mbedtls"), mp / "lib" / "mbedtls")
        untar(downloaded(work, "lwip"), mp / "lib" / "lwip")
        for name in TREE[1]:
            unpack_package(work, name)
        (mp / "lib" / "tinyusb").rmdir()
        (mp / "lib" / "tinyusb").symlink_to(root / "usr" / "src" / "tinyusb")


def unpack_package(work, name):
    """Unpack the downloaded package *name* into *work*/root."""
    capture(["dpkg-deb", "-x", downloaded(work, name), work / "root"], what=f"unpacking {name}")


def untar(archive, folder):
    """Unpack *archive* into *folder* without its first path component."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["tar", "xf", archive, "-C", folder, "--strip-components=1"], check=True, stdin=subprocess.DEVNULL)


# What the ports' own manifests require() from micropython-lib; Debian's source package does not contain it.
LIBRARIES = (
    "aioble", "aioespnow", "argparse", "bundle-networking", "dht", "ds18x20", "mip-cmdline", "neopixel", "onewire",
    "ssl", "umqtt.robust", "umqtt.simple", "upysh",
)


def stand_in(lib):
    """Make a micropython-lib of empty packages in *lib*, where the ports' manifests find each one that they require."""
    for name in LIBRARIES:
        folder = lib / "micropython" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "manifest.py").write_text('metadata(version="0.0")\n')
    for name in ("python-stdlib", "python-ecosys", "unix-ffi"):
        (lib / name).mkdir(exist_ok=True)
    (lib / "README.md").write_text("Empty stand-ins for micropython-lib, which Debian's source package leaves out.\n")
