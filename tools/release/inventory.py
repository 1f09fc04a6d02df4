"""What a firmware image is made of, taken from the files that its build read, and the licences of these parts."""

import os
import pathlib
import re
from typing import NamedTuple

from firmware_tools.console import FirmwareError, capture
from firmware_tools.paths import ROOT
from firmware_tools.sources import PINNED

#: Names of the licence at the top of a component's folder.
LICENCE_FILES = ("LICENSE*", "LICENCE*", "COPYING*")
DEBIAN = pathlib.Path("/usr/share/doc")


class Component(NamedTuple):
    """A part of an image that has a licence of its own. *version* is None if its files do not tell."""

    name: str
    licence: str  # an SPDX expression
    version: "str | None"
    text: str


#: Folder of MicroPython's lib/ -> name, licence.
LIBRARIES = {
    "btstack": ("BTstack", "LicenseRef-BTstack"),
    "crypto-algorithms": ("crypto-algorithms", "LicenseRef-public-domain"),
    "cyw43-driver": ("cyw43-driver", "LicenseRef-cyw43-driver"),
    "libm": ("libm", "SunPro AND MIT"),
    "littlefs": ("littlefs", "BSD-3-Clause"),
    "lwip": ("lwIP", "BSD-3-Clause"),
    "mbedtls": ("Mbed TLS", "Apache-2.0 OR GPL-2.0-or-later"),
    "mbedtls_errors": ("Mbed TLS", "Apache-2.0 OR GPL-2.0-or-later"),
    "micropython-lib": ("micropython-lib", "MIT"),
    "oofatfs": ("ooFatFs", "LicenseRef-FatFs"),
    "pico-sdk": ("Raspberry Pi Pico SDK", "BSD-3-Clause"),
    "re1.5": ("re1.5", "BSD-3-Clause"),
    "tinyusb": ("TinyUSB", "MIT"),
    "uzlib": ("uzlib", "Zlib"),
}
#: The same name -> its key in the pinned versions.
VERSIONS = {"Raspberry Pi Pico SDK": "pico-sdk-source", "TinyUSB": "tinyusb-source", "lwIP": "lwip"}
#: What the compiler adds -> licence and Debian package.
TOOLCHAIN = {
    "newlib": ("LicenseRef-newlib", "libnewlib-arm-none-eabi"),
    "libgcc": ("GPL-3.0-or-later WITH GCC-exception-3.1", "gcc-arm-none-eabi"),
}


def components(firmware):
    """Return the components of a finished rp2 build, sorted by name.

    :raises FirmwareError: if the build read a file of a library that is not known here.
    """
    source = firmware.source
    used = {}  # name -> (licence, the files that were read)
    for path in files_read(firmware):
        name, licence = component_of(path, source)
        if name:
            used.setdefault(name, (licence, []))[1].append(path)
    if source.full:  # its modules are frozen, which the compiler does not see
        used["micropython-lib"] = (LIBRARIES["micropython-lib"][1], [source.mp / "lib/micropython-lib/LICENSE"])
    found = [
        Component(name, licence, component_version(name, source), text(name, files, source))
        for name, (licence, files) in used.items()
    ]
    found += [
        Component(name, licence, debian_version(package), debian_text(package))
        for name, (licence, package) in TOOLCHAIN.items()
    ]
    return sorted(found)


def files_read(firmware):
    """Return the paths of all sources and headers that the compiler read, as ninja remembers them."""
    output = capture(["ninja", "-C", firmware.folder, "-t", "deps"], what="reading the build's dependencies")
    names = {line.strip() for line in output.splitlines() if line.startswith(" ")}
    return [pathlib.Path(os.path.normpath(firmware.folder / name)) for name in sorted(names)]


def component_of(path, source):
    """Return (name, licence) of the component that a file belongs to, (None, None) for what is ours or generated."""
    if source.sdk and path.is_relative_to(source.sdk):
        return LIBRARIES["pico-sdk"]
    if not path.is_relative_to(source.mp):
        return None, None
    inner = path.relative_to(source.mp).parts
    if inner[0] != "lib":
        return "MicroPython", "MIT"
    if inner[1] not in LIBRARIES:
        raise FirmwareError(f"no licence is known for lib/{inner[1]}: add it to tools/release/inventory.py")
    return LIBRARIES[inner[1]]


def component_version(name, source):
    """Return the version of a component, None where it is only known by the tree it is in."""
    if name == "MicroPython":
        return source.version
    return None if source.full else PINNED.get(VERSIONS.get(name))


def text(name, files, source):
    """Return a component's licence: the file at the top of its folder, Debian's, or the comments above its code."""
    if name == "MicroPython":
        return (source.mp / "LICENSE").read_text(errors="replace")
    top = next(path for path in files[0].parents if path == source.sdk or path.parent == source.mp / "lib")
    found = sorted({path for pattern in LICENCE_FILES for path in top.glob(pattern) if path.is_file()})
    packaged = source.work / "root/usr/share/doc" / (VERSIONS.get(name) or name) / "copyright"
    if not found and packaged.is_file():
        found = [packaged]
    if found:
        return "\n\n".join(path.read_text(errors="replace").strip() for path in found)
    return "\n\n".join(dict.fromkeys(filter(None, map(heading, files))))


def heading(path):
    """Return the comments that a C file begins with."""
    comments = re.match(r"(\s*(/\*.*?\*/|//[^\n]*\n?))*", path.read_text(errors="replace"), re.DOTALL)
    return comments.group().strip()


def debian_version(package):
    """Return the installed version of a Debian package, None on other systems."""
    try:
        return capture(["dpkg-query", "-W", "-f", "${Version}", package])
    except FirmwareError:
        return None


def debian_text(package):
    """Return what a Debian package says about its licences."""
    path = DEBIAN / package / "copyright"
    return path.read_text(errors="replace") if path.is_file() else f"See the documentation of {package}."


def licences(parts):
    """Return the text with the licence of the framework and of each component; *parts* is that of `bill.text()`."""
    sections = ["microdot-cpython (MIT), in every file\n\n" + (ROOT / "LICENSE").read_text().strip()]
    places = {}
    for part, inside in parts.items():
        for component in inside:
            places.setdefault(component, []).append(part)
    for component in sorted(places):
        title = " ".join(filter(None, (component.name, component.version)))
        names = ", ".join(places[component])
        sections.append(f"{title} ({component.licence}), in {names}\n\n{component.text.strip()}")
    return f"\n\n{'=' * 100}\n\n".join(sections) + "\n"
