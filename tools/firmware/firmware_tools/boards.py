"""The boards of this checkout, as their board.json describes them."""

import json

from .console import FirmwareError
from .paths import BOARDS, ROOT


class Board:
    """One folder of boards/.

    `port` is MicroPython's port, `mcu` the chip, `sources` what it can be built from ("debian", "checkout"),
    `submodules` what it needs of a checkout's lib folder in addition to its port, `folder_variable` the name that the
    port's Makefile has for its folder, `flash_budget` the bytes that the image may take, `stock_image` those of
    MicroPython's own image for it (None if unknown), `romfs_size` those of its ROMFS partition (None if the firmware
    on the board decides), `flash_offset` where esptool writes the image (None for other ports).
    """

    def __init__(self, folder):
        self.folder = folder
        self.name = folder.name
        described = json.loads((folder / "board.json").read_text())
        own = described["microdot"]
        self.product = described["product"]
        self.mcu = described["mcu"]
        self.port = own["port"]
        self.sources = own["sources"]
        self.submodules = own.get("submodules", [])
        self.folder_variable = "VARIANT_DIR" if self.port == "unix" else "BOARD_DIR"
        self.flash_budget = own["flash_budget"]
        self.romfs_size = own.get("romfs_size")
        self.stock_image = own.get("stock_image")
        offset = described.get("deploy_options", {}).get("flash_offset")
        self.flash_offset = None if offset is None else int(offset, 0)
        self.manifest = folder / "manifest.py"

    @property
    def has_wifi(self):
        """Whether the board has the Wi-Fi chip of a Pico W."""
        return "cyw43-driver" in self.submodules

    def check_source(self, full):
        """Raise FirmwareError when the board cannot be built from a full checkout, or from Debian's source if not."""
        if ("checkout" if full else "debian") in self.sources:
            return
        if full:
            raise FirmwareError(f"{self.name} is built from Debian's sources only: leave --micropython out")
        raise FirmwareError(
            f"{self.name} needs drivers that Debian's source lacks: pass --micropython DIR, a full checkout"
        )


def names():
    """Return the names of all boards, sorted."""
    return sorted(path.parent.name for path in BOARDS.glob("*/board.json"))


def load(name):
    """Return the Board called *name*.

    :raises FirmwareError: if there is none.
    """
    if name not in names():
        raise FirmwareError(f"no board {name} in {BOARDS.relative_to(ROOT)}/; there are {', '.join(names())}")
    return Board(BOARDS / name)
