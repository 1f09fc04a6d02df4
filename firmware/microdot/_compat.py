"""The one place that knows which Python it runs on; every other module imports what differs from here."""

import sys

if sys.implementation.name != "micropython":
    from ._cpython import *
else:
    from ._micropython import *
