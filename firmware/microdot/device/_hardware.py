"""The hardware that the other modules use: that of a board, or of a computer in its place."""

import sys

from .._compat import MICROPYTHON

if MICROPYTHON and sys.platform not in ("linux", "darwin", "webassembly"):
    from ._board import *
else:
    from ._laptop import *
