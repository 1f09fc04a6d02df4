"""The versions of an application that have come over the network, and which of them a board starts.

A new version is written into the folder `versions/a` or `versions/b`, whichever is not in use. The file
`versions/state` names the folder that the board starts, and how far that version is:

    new      it has arrived whole, and the next start tries it
    tried    it has been started and has not shown yet that it works
    good     it has shown that it works

To change it, the board writes another file, which then takes its name. So a power cut leaves the old or the new one,
and all versions that it names are whole. A start that finds `tried` knows that the version has failed, or that
the power went during its trial: it goes back to the version before.

The folder `.` is the board itself, whose application was copied by USB or is frozen into the firmware.
"""

import os
import sys

from .._compat import log_error

#: The application of the board itself.
BASE = "."
NEW, TRIED, GOOD = "new", "tried", "good"
_DIRECTORY = 0x4000


class Versions:
    """The versions on a board.

    :param root: path of the folder that the board starts in, with a slash at its end; `''` is the current one.
    """

    #: The folder of the version that is started: `BASE`, `'a'` or `'b'`.
    folder = BASE
    #: `NEW`, `TRIED` or `GOOD`.
    state = GOOD
    #: The name of the version; `'-'` for that of `BASE`.
    name = "-"
    #: The name of the last version that has failed, or `'-'`.
    failed = "-"
    _before = (BASE, "-")  # folder and name of the version before

    def __init__(self, root: str = ""):
        self._root = root
        self._path = root + "versions/state"

    def load(self) -> None:
        """Read which version is started: that of `BASE` if there is no file, or none that can be read."""
        for path in (self._path, self._path + ".new"):  # a power cut on FAT may leave only the second one
            try:
                with open(path) as file:
                    line = file.read(200)
                folder, state, name, before, name_before, failed = line.split()
                if line[-1] == "\n" and folder in (BASE, "a", "b") and state in (NEW, TRIED, GOOD):
                    self.folder, self.state, self.name, self.failed = folder, state, name, failed
                    self._before = before, name_before
                    return
                raise ValueError("not complete")
            except ValueError as error:
                log_error("Cannot read " + path + ": " + repr(error))
            except OSError:
                pass  # there is none

    def path(self, folder: str) -> str:
        """Return the path of a version's folder."""
        return (self._root or ".") if folder == BASE else self._root + "versions/" + folder

    def spare(self) -> str:
        """Return the folder that is not in use, whose contents may be deleted."""
        return "b" if self.folder == "a" else "a"

    def switch(self, name: str) -> None:
        """Let the next start try the version in the spare folder.

        :raises OSError: if that cannot be written; nothing changes then.
        """
        self._write(self.spare(), NEW, name, self.folder, self.name)

    def mark(self, state: str) -> None:
        """Write the state of the version.

        :raises OSError: if that cannot be written; nothing changes then.
        """
        self._write(self.folder, state, self.name, *self._before)

    def go_back(self) -> None:
        """Return to the version before; if that cannot be written, at this start only."""
        failed, before = self.name, self._before
        try:
            self._write(before[0], GOOD, before[1], BASE, "-", failed)
        except OSError as error:
            log_error("Cannot write " + self._path + ": " + repr(error))
            self.folder, self.name = before
            self.state, self.failed = GOOD, failed

    def enter(self) -> None:
        """Make the version's folder the current one, and the first in which Python looks for modules."""
        if self.folder == BASE:
            return
        path = self.path(self.folder)
        os.chdir(path)
        sys.path[:0] = [path, path + "/lib"]

    def _write(self, folder, state, name, before, name_before, failed="-"):
        new = self._path + ".new"
        with open(new, "w") as file:
            file.write(" ".join((folder, state, name, before, name_before, failed)) + "\n")
        replace(new, self._path)
        self.folder, self.state, self.name, self.failed = folder, state, name, failed
        self._before = before, name_before


def replace(source: str, target: str) -> None:
    """Rename a file; it replaces the one that has the new name."""
    try:
        os.rename(source, target)
    except OSError:  # Windows
        os.remove(target)
        os.rename(source, target)


def make_folders(path: str, start: int) -> None:
    """Make the folders of a file's path, except those that end before character *start*."""
    end = path.find("/", start)
    while end >= 0:
        try:
            os.mkdir(path[:end])
        except OSError as error:
            if error.errno != 17:  # EEXIST
                raise
        end = path.find("/", end + 1)


def remove(path: str) -> None:
    """Remove a file, or a folder with everything in it, if it exists.

    :raises OSError: if it cannot be removed.
    """
    try:
        is_folder = os.stat(path)[0] & _DIRECTORY
    except OSError:
        return
    if is_folder:
        for name in os.listdir(path):
            remove(path + "/" + name)
        os.rmdir(path)
    else:
        os.remove(path)
