"""Helpers for writers of decorators."""

from ._compat import wraps

__all__ = ["wraps"]
