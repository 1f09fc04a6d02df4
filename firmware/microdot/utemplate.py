"""Templates of the package `utemplate`, which turns them into Python generators."""

import asyncio
import gc
import os

if -0:  # for type checkers: MicroPython's compiler leaves this out, and Pyright reads it, unlike "if False"
    from typing import Any, Iterator

_REPLACED = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#39;"))


def escape(value) -> str:
    """Return the text of *value* made safe for HTML, also inside an attribute's quotes."""
    text = str(value)
    for character, replacement in _REPLACED:
        text = text.replace(character, replacement)
    return text


class Template:
    """A template: `Template('page.html').render(name)`.

    `utemplate` escapes nothing: write `{{ escape(name) }}` for what is not HTML, after
    `{% set from microdot.utemplate import escape %}`.

    :param template: its file name, relative to the folder of `initialize()`.
    :raises OSError: if it cannot be read; the message names it.
    """

    _loader = None

    @classmethod
    def initialize(cls, template_dir: str = "templates", loader_class=None) -> None:
        """Tell where the templates are; without this they are in the folder `templates`.

        :param template_dir: the folder, relative to the current one and importable.
        :param loader_class: one of the loaders of `utemplate`: `utemplate.recompile.Loader` (if None) compiles what has
            changed, `utemplate.source.Loader` what has not been compiled yet, and `utemplate.compiled.Loader` nothing.
        """
        if loader_class is None:
            from utemplate.recompile import Loader as loader_class
        cls._loader = loader_class(None, template_dir)

    def __init__(self, template: str):
        if self._loader is None:
            self.initialize()
        self.name = template
        try:
            self.template = self._loader.load(template)
        except BaseException as error:
            self._discard(self._loader)
            if not isinstance(error, OSError):
                raise
            # MicroPython's error does not name the file.
            raise OSError(error.errno, "template " + template) from None

    def _discard(self, loader):
        """Remove what a failed compilation has written: the loader would take the part for the whole page."""
        gc.collect()  # closes the files
        try:
            loader.input_open(self.name).close()  # without its source it is all there is of the template
            os.remove(loader.pkg_path + loader.compiled_path(self.name))
        except (AttributeError, OSError):
            pass  # the loader never compiles, or there is nothing to remove

    def generate(self, *args: "Any", **kwargs: "Any") -> "Iterator[str]":
        """Return a generator of the rendered text, piece by piece; a handler may return it."""
        return self.template(*args, **kwargs)

    def render(self, *args, **kwargs) -> str:
        """Return the rendered text."""
        return "".join(self.generate(*args, **kwargs))

    def generate_async(self, *args, **kwargs) -> "_AsyncPieces":
        """Return an asynchronous iterator of the rendered text, piece by piece; a handler may return it."""
        return _AsyncPieces(self.generate(*args, **kwargs))

    async def render_async(self, *args, **kwargs) -> str:
        """Return the rendered text; other tasks run meanwhile."""
        pieces = []
        async for piece in self.generate_async(*args, **kwargs):
            pieces.append(piece)
        return "".join(pieces)


class _AsyncPieces:
    def __init__(self, pieces):
        self.pieces = pieces

    def __aiter__(self):
        return self

    async def __anext__(self):
        await asyncio.sleep(0)
        try:
            return next(self.pieces)
        except StopIteration:
            raise StopAsyncIteration from None

    async def aclose(self):
        self.pieces.close()
