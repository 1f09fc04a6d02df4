"""Templates of Jinja."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

try:
    from jinja2 import Environment, FileSystemLoader, select_autoescape
except ModuleNotFoundError:
    message = "microdot.jinja needs Jinja: pip install 'microdot-cpython[jinja]'"
    raise ImportError(message, name="jinja2") from None

__all__ = ["Template"]


class Template:
    """A template: `Template('page.html').render(name='Susan')`.

    Values are escaped in templates whose names end in `.html`, `.htm` or `.xml`.

    :param template: its file name, relative to the folder of `initialize()`.
    :param kwargs: options of Jinja's `Environment.get_template()`.
    :raises jinja2.TemplateNotFound: if there is no such file.
    """

    #: The Jinja environment, for filters, globals and tests of the application; made by `initialize()`.
    jinja_env: "Environment | None" = None

    @classmethod
    def initialize(cls, template_dir: str = "templates", enable_async: bool = False, **kwargs: Any) -> None:
        """Set the folder of the templates, which is `templates` without this call.

        :param enable_async: compile templates for `render_async()` and `generate_async()`; they can call coroutine
            functions and loop over asynchronous iterators then.
        :param kwargs: other options of Jinja's `Environment`.
        """
        kwargs.setdefault("loader", FileSystemLoader(template_dir))
        kwargs.setdefault("autoescape", select_autoescape())
        cls.jinja_env = Environment(enable_async=enable_async, **kwargs)

    def __init__(self, template: str, **kwargs: Any):
        if self.jinja_env is None:
            self.initialize()
        self.name = template
        assert self.jinja_env is not None
        self.template = self.jinja_env.get_template(template, **kwargs)

    def generate(self, *args: Any, **kwargs: Any) -> Iterator[str]:
        """Return a generator of the rendered text, piece by piece; a handler may return it."""
        return self.template.generate(*args, **kwargs)

    def render(self, *args: Any, **kwargs: Any) -> str:
        """Return the rendered text."""
        return self.template.render(*args, **kwargs)

    def generate_async(self, *args: Any, **kwargs: Any) -> AsyncIterator[str]:
        """Return an asynchronous generator of the rendered text, piece by piece; a handler may return it.

        :raises RuntimeError: when it is iterated, without `enable_async` of `initialize()`.
        """
        return self.template.generate_async(*args, **kwargs)

    async def render_async(self, *args: Any, **kwargs: Any) -> str:
        """Return the rendered text; other tasks run where the template awaits.

        :raises RuntimeError: without `enable_async` of `initialize()`.
        """
        return await self.template.render_async(*args, **kwargs)
