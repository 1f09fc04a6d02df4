"""Bodies saved to files as they arrive, with memory for one piece only."""

import os

from ._compat import fspath

_parts: "list[str]" = []  # the files that are being written


async def save_body(request, path_or_file, buffer_size: int = 1024) -> int:
    """Save the request's body, of any size, to a file; return its size in bytes.

    The limit of the size is the route's `max_content_length`.

    :param path_or_file: see `save_stream()`.
    :raises HTTPException: 400, 408 or 413 for a body that ends early, stops or is too large.
    :raises OSError: if the file cannot be written.
    """
    return await save_stream(request.stream.read, path_or_file, buffer_size)


async def save_stream(read, path_or_file, buffer_size: int = 1024) -> int:
    """Write what `await read(buffer_size)` returns until that is `b''`; return the number of bytes.

    :param path_or_file: an open file; or a file's path, a str or `pathlib.Path`: that file appears, or is replaced,
        when everything has been written. Until then it stays as it was.
    :raises OSError: if the file cannot be written.
    """
    if hasattr(path_or_file, "write"):
        return await _copy(read, path_or_file, buffer_size)
    path = fspath(path_or_file)
    part = _part_name(path)
    _parts.append(part)
    try:
        with open(part, "wb") as file:
            size = await _copy(read, file, buffer_size)
        getattr(os, "replace", os.rename)(part, path)
    except BaseException:
        _remove(part)
        raise
    finally:
        _parts.remove(part)
    return size


def _part_name(path):
    """Return a name that nobody else writes to; after a power cut it is used again, so that no files pile up."""
    number = 0
    while True:
        part = "%s.%d.%d.part" % (path, getattr(os, "getpid", int)(), number)
        if part not in _parts:
            return part
        number += 1


async def _copy(read, file, buffer_size):
    size = 0
    while True:
        data = await read(buffer_size)
        if not data:
            return size
        file.write(data)
        size += len(data)


def _remove(path):
    try:
        os.remove(path)
    except OSError:
        pass  # it was never made
