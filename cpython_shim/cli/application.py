"""The application that a command is about: an import by its name, such as `app:app`."""

import contextlib
import importlib
import importlib.util
import os
import pathlib
import sys
import threading
import traceback
import types

import microdot

from .console import CommandError

#: Status of the program if the application raises an exception when it is imported or started.
FAILED_IMPORT = 3


class ServingModule(SystemExit):
    """A module begins to serve while it is imported; like every SystemExit this ends an event loop at once."""

    def __str__(self) -> str:
        """Return what is wrong, and what to do."""
        return 'this serves the application, so the import would not end: put it below if __name__ == "__main__":'


def add_argument(parser) -> None:
    """Let a command take the application's name."""
    parser.add_argument(
        "application",
        nargs="?",
        default="app:app",
        metavar="MODULE:NAME",
        help="module, and the application's name in it (default: app:app); of MODULE alone, the name is app",
    )


def load(name: str) -> microdot.Microdot:
    """Import an application, from the current folder first.

    :param name: such as `app:app`, or `package.module:app.attribute`.
    :raises CommandError: if there is no such application, or its import fails.
    """
    module_name, colon, attributes = name.partition(":")
    file = pathlib.PurePath(module_name)
    if file.suffix == ".py" and file.stem.isidentifier():
        raise CommandError(f"{module_name!r} is a file: write {file.stem}:{attributes or 'app'}, in the file's folder")
    if colon and not attributes or not all(part.isidentifier() for part in module_name.split(".")):
        raise CommandError(f"{name!r} is not the name of an application: write module:name, such as app:app")
    module = found = _import(module_name)
    for attribute in (attributes or "app").split("."):
        try:
            found = getattr(found, attribute)
        except AttributeError:
            _check_package(module)
            raise CommandError(f"{name}: {module_name} has no {attribute!r}{_applications(module)}") from None
    if isinstance(found, types.FunctionType):
        raise CommandError(f"{name} is a function: write app = {found.__name__}() in a module, and use the name app")
    if isinstance(found, type) and issubclass(found, microdot.Microdot):
        raise CommandError(f"{name} is a class: write app = {found.__name__}() in a module, and use the name app")
    if not isinstance(found, microdot.Microdot):
        raise CommandError(f"{name} is an object of {type(found).__name__}: an application is one of Microdot")
    return found


def _check_package(module):
    """Check that a module is no folder of which Python has read nothing: it takes that for a package without a file.

    :raises CommandError: if it is one.
    """
    if getattr(module, "__file__", None) is None and hasattr(module, "__path__"):
        (folder, *_) = module.__path__
        if not os.access(folder, os.R_OK | os.X_OK):
            raise CommandError(f"cannot read the folder {shorten(folder)}: Permission denied")
        inner = f"name a module in it, such as {module.__name__}.app"
        raise CommandError(f"{shorten(folder)} is a folder without __init__.py: {inner}")


def _applications(module):
    """Return what an error says of the applications that a module has."""
    names = [name for name, value in vars(module).items() if isinstance(value, microdot.Microdot)]
    if names:
        return ": write " + " or ".join(f"{module.__name__}:{name}" for name in names)
    return ": there is no object of Microdot in it"


def shorten(path: str) -> str:
    """Return a path relative to the current folder, or else to the folder from which Python imports it."""
    file = pathlib.Path(path)
    for folder in (os.getcwd(), *sorted(sys.path, key=len, reverse=True)):
        if folder and file.is_relative_to(folder):
            return str(file.relative_to(folder))
    return path


def _import(name):
    sys.path.insert(0, os.getcwd())
    try:
        with _without_servers():
            return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name + ".").startswith(error.name + "."):
            if not os.access(os.curdir, os.R_OK | os.X_OK):  # Python takes such a folder for an empty one
                raise CommandError(f"cannot read the current folder, {os.getcwd()}: Permission denied") from None
            where = f"in {os.getcwd()}, nor one that is installed"
            raise CommandError(f"there is no module {error.name!r} {where}") from None
        raise _failed(name, error) from None
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise _failed(name, error) from None


@contextlib.contextmanager
def _without_servers():
    """Let `Microdot.start_server()`, and so `run()`, raise ServingModule in this thread; in others it may serve."""
    thread = threading.current_thread()
    start_server = microdot.Microdot.start_server

    async def refuse(*args, **kwargs):
        if threading.current_thread() is thread:
            raise ServingModule
        return await start_server(*args, **kwargs)

    microdot.Microdot.start_server = refuse
    try:
        yield
    finally:
        microdot.Microdot.start_server = start_server


def failed_to_start(name: str, error: Exception) -> "CommandError | None":
    """Return the CommandError for an exception of a function for the application's start; None for one of others."""
    frames = traceback.extract_tb(error.__traceback__)
    return _error(f"start {name}", error, frames) if any(_is_own(frame.filename) for frame in frames) else None


def _failed(name, error):
    """Return the CommandError for an exception of the application's module, with the line that raised it."""
    what = f"import {name}"
    if isinstance(error, SyntaxError) and error.filename:
        description = f"{shorten(error.filename)}, line {error.lineno}: {type(error).__name__}: {error.msg}"
        return CommandError(f"cannot {what}: {description}", FAILED_IMPORT)
    frames = traceback.extract_tb(error.__traceback__)
    if frames[-1].filename.startswith("<frozen importlib") and not any(_is_own(frame.filename) for frame in frames):
        # The module's own file cannot be read, or not as text: no line of it has run.
        if isinstance(error, OSError) and error.filename:
            description = f"cannot open {shorten(error.filename)}: {error.strerror}"
        else:
            description = _describe(error)
            with contextlib.suppress(Exception):  # the package of the module may be what cannot be read
                description = f"{shorten(importlib.util.find_spec(name).origin)}: {description}"
        return CommandError(f"cannot {what}: {description}", FAILED_IMPORT)
    if isinstance(error, ServingModule):  # the line of the module is what has to move, not that of a coroutine
        frames = [frame for frame in frames if frame.name == "<module>"]
    return _error(what, error, frames)


def _error(what, error, frames):
    """Return the CommandError for an exception, with the last line of the application that led to it."""
    frame = ([frame for frame in frames if _is_own(frame.filename)] or frames)[-1]
    place = f"{shorten(frame.filename)}, line {frame.lineno}"
    return CommandError(f"cannot {what}: {place}: {_describe(error)}", FAILED_IMPORT)


def _describe(error):
    if isinstance(error, ServingModule):
        return str(error)
    return "".join(traceback.format_exception_only(type(error), error))


def _is_own(file):
    """Return whether a file is a part of the application rather than of what it uses."""
    return file.startswith(os.getcwd() + os.sep) and "site-packages" not in file
