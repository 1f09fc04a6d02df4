"""The hardware that the other modules use: a board's, or a computer's in its place."""

import sys

from .._compat import MICROPYTHON

if MICROPYTHON and sys.platform not in ("linux", "darwin", "webassembly"):
    from ._board import *
else:
    from ._laptop import *
