"""Filesystem images with the compiled framework and an application, for boards whose firmware stays as it is."""

import pathlib
import tempfile

from .compiler import stage
from .console import FirmwareError, MissingError, beside_python, capture

BLOCK = 4096


def romfs(output, sets, app=None, *, bytecode=True):
    """Write a ROMFS image to *output*: it is read-only, and its modules run in place, without a copy in RAM."""
    with tempfile.TemporaryDirectory() as folder:
        stage(pathlib.Path(folder), sets, app, bytecode=bytecode)
        pack_romfs(output, folder)
    return output


def pack_romfs(output, folder):
    """Write a ROMFS image of the files in *folder*, as they are, to *output*."""
    mpremote = beside_python("mpremote")
    if mpremote is None:
        raise MissingError("mpremote is not installed: pip install mpremote")
    capture([mpremote, "romfs", "--no-mpy", "-o", output, "build", folder], what="building the ROMFS image")


def littlefs(output, sets, app=None, *, size, bytecode=True):
    """Write a LittleFS image of *size* bytes to *output*, as MicroPython formats its own partition."""
    with tempfile.TemporaryDirectory() as folder:
        stage(pathlib.Path(folder), sets, app, bytecode=bytecode)
        pack_littlefs(output, folder, size)
    return output


def pack_littlefs(output, folder, size):
    """Write a LittleFS image of *size* bytes with the files in *folder*, as they are, to *output*."""
    try:
        from littlefs import LittleFS
        from littlefs.errors import LittleFSError
    except ImportError:
        raise MissingError("littlefs-python is not installed: pip install littlefs-python") from None
    if size < 4 * BLOCK or size % BLOCK:
        raise FirmwareError(f"the image's size must be a multiple of {BLOCK} bytes, and at least {4 * BLOCK}")
    image = LittleFS(
        block_size=BLOCK, block_count=size // BLOCK, read_size=32, prog_size=32, cache_size=128, lookahead_size=32,
        disk_version=0x00020000,
    )
    folder = pathlib.Path(folder)
    try:
        for path in sorted(folder.rglob("*")):
            inner = "/" + path.relative_to(folder).as_posix()
            if path.is_dir():
                image.makedirs(inner, exist_ok=True)
            else:
                with image.open(inner, "wb") as handle:
                    handle.write(path.read_bytes())
    except LittleFSError as error:
        if error.code != LittleFSError.Error.LFS_ERR_NOSPC:
            raise
        raise FirmwareError(f"the files do not fit into {size} bytes: pass a larger --size") from None
    pathlib.Path(output).write_bytes(image.context.buffer)
