"""Microdot applications under WSGI servers (PEP 3333)."""

import microdot
from microdot import *  # noqa: F403

from .application import Microdot, serve

__all__ = [*microdot.__all__, "serve"]

assert Microdot is not microdot.Microdot
