"""Folders of files served safely: no path that a client makes up leads out of the folder."""

import os

from ._compat import MICROPYTHON, fspath, log_error, log_refusals, opens_files
from ._file_body import respond_with_file
from ._response import Response
from ._urls import quote
from .errors import HTTPException

if not MICROPYTHON:
    from os.path import realpath

if -0:  # for type checkers: MicroPython's compiler leaves this out, and Pyright reads it, unlike "if False"
    from os import PathLike

_TYPE = 0xF000  # of a file's mode
_FILE = 0x8000
_DIRECTORY = 0x4000
_NOTHING = 0
_FAILURES = (5, 12, 23, 24)  # errno.EIO, ENOMEM, ENFILE and EMFILE: the machine's errors, which say nothing of the path


def mount_static(
    app,
    url_prefix: str,
    folder: "str | PathLike[str]",
    index: "str | None" = "index.html",
    max_age: "int | None" = None,
    cache_control: "str | None" = None,
) -> None:
    """Serve the files in a folder, and those in the folders below, under *url_prefix*.

    The other parameters are those of `send_from()`. Routes that were added before come first. If the folder does not
    exist, the log says so; it may be created later.

    :raises TypeError: if *folder* is not a str or `pathlib.Path`.
    """
    folder = fspath(folder)  # refuses None, which would be the current folder, with the program's source
    if folder and _kind(folder) != _DIRECTORY:
        log_error(
            "mount_static(): there is no folder %r to serve at %r. A relative path starts in the current folder, "
            "here %r; give the whole path if it is elsewhere." % (folder, url_prefix, os.getcwd())
        )
    prefix = url_prefix.rstrip("/")

    @opens_files
    def serve(request, path=""):
        return send_from(folder, path, index, max_age, cache_control)

    app.get(prefix + "/")(serve)
    app.get(prefix + "/<path:path>")(serve)
    if prefix:
        app.get(prefix)(lambda request: _redirect_to_folder(prefix))


@log_refusals
def send_from(
    folder: "str | PathLike[str]",
    path: str,
    index: "str | None" = "index.html",
    max_age: "int | None" = None,
    cache_control: "str | None" = None,
) -> Response:
    """Return a response with the file at *path*, which may come from a client, in *folder*.

    Files that are there only with `.gz` after their names are served as `Response.send_file()` does it.

    :param folder: a str or `pathlib.Path`.
    :param path: percent-decoded, with slashes; that of a folder stands for its file *index*.
    :param index: the name of the file to send for a folder; None: folders are not found.
    :param max_age: seconds for which clients may keep the file without asking again.
    :param cache_control: the value of Cache-Control, instead of *max_age*. Without both, clients ask each time.
    :raises HTTPException: 404 if there is no such file, it is outside of the folder, or a part of the path begins with
        a dot.
    :raises OSError: if the system cannot open or read any file now, for lack of memory or open files, or for a fault of
        the disk.
    """
    try:
        return _send(fspath(folder), path, index, max_age, cache_control)
    except (OSError, ValueError) as error:
        if getattr(error, "errno", None) in _FAILURES:
            raise
        raise HTTPException(404, "Not found") from None


def _send(folder, path, index, max_age, cache_control):
    at_folder = path[-1:] in ("", "/")
    filename = _join(folder, path[:-1] if at_folder else path)
    kind = _kind(filename)
    if kind == _DIRECTORY and index:
        if not at_folder:
            return _redirect_to_folder(path)
        filename = _join(filename, index)
        kind = _kind(filename)
    elif at_folder:
        raise ValueError
    if kind not in (_FILE, _NOTHING) or not MICROPYTHON and not _is_inside(folder, filename):
        raise ValueError
    sibling = MICROPYTHON or _is_inside(folder, filename + ".gz")
    res = respond_with_file(Response, filename, max_age=max_age, sibling=sibling)
    if cache_control or "Cache-Control" not in res.headers:
        res.headers["Cache-Control"] = cache_control or "no-cache"
    return res


def _kind(filename):
    """Return the bits of a file's mode that tell its type, or `_NOTHING` if there is no such file."""
    try:
        return os.stat(filename)[0] & _TYPE
    except OSError:
        return _NOTHING


def _is_inside(folder, filename):
    """Return whether no symbolic link leads from *filename* out of *folder*."""
    return realpath(filename).startswith(os.path.join(realpath(folder or "."), ""))


def _join(folder, path):
    """Return the name of the file at *path* in *folder*.

    :raises ValueError: for a path with anything that some filesystem treats as more than a name.
    """
    folder = folder or "."
    if not path:
        return folder
    for part in path.split("/"):
        if not part or part[0] == "." or part[-1] in ". ":
            raise ValueError
        for character in part:
            if character < " " or character in '\\:*?"<>|\x7f':
                raise ValueError
    return (folder if folder[-1] == "/" else folder + "/") + path


def _redirect_to_folder(path):
    """Send the client to the same path with a slash, so that the relative links of an index work."""
    return Response.redirect("./" + quote(path.rsplit("/", 1)[-1]) + "/", 301)
