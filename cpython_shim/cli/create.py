"""`microdot new`: a project that runs on a board and on a server."""

import importlib.resources
import pathlib
import re
import string

from .console import BOLD, GREEN, CommandError, paint

#: The characters of a name, which becomes that of a package and part of a page.
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._ -]{0,62}[A-Za-z0-9])?")
#: Files whose names begin with a dot in a project: without it they are not hidden here.
_DOTTED = {"gitignore": ".gitignore"}


def add_command(commands) -> None:
    """Add the command to the parser's commands."""
    parser = commands.add_parser(
        "new",
        help="make a project that runs on a board and on a server",
        description="Make a folder with an application, its page, a test, and what boards and servers need to run it.",
    )
    parser.add_argument("folder", metavar="NAME", help="name of the project, and of its new folder")
    parser.set_defaults(command=create)


def create(options) -> int:
    """Make a project's folder; return the status for the shell."""
    folder = pathlib.Path(options.folder)
    name = folder.absolute().name if options.folder else ""
    if not _NAME.fullmatch(name):
        raise CommandError(
            f"{name!r} cannot be a project's name: use up to 64 letters, digits, dots, spaces, hyphens and"
            " underscores, the first and the last one a letter or a digit"
        )
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise CommandError(f"{folder} is there already: choose another name, or an empty folder")
        values = {"name": name, "distribution": re.sub("[^a-z0-9]+", "-", name.lower())}
        for path in write_project(folder, values):
            print("  " + paint(str(path), GREEN))
    except OSError as error:
        raise CommandError(f"cannot write {error.filename or folder}: {error.strerror}") from None
    print(f"\nNext: {paint(f'cd {quoted(folder)}', BOLD)} and {paint('microdot run --reload', BOLD)}")
    return 0


def quoted(folder: pathlib.Path) -> str:
    """Return a folder's path as a shell takes it; its last part holds no character but a space that has a meaning."""
    return f'"{folder}"' if " " in str(folder) else str(folder)


def write_project(folder: pathlib.Path, values: "dict[str, str]") -> "list[pathlib.Path]":
    """Write the files of a new project and return their paths.

    :param values: what stands for `$name` and the like in the files.
    :raises OSError: if that is not possible.
    """
    written = []
    for source, parts in template_files(importlib.resources.files(__package__) / "_project"):
        path = folder.joinpath(*parts[:-1], _DOTTED.get(parts[-1], parts[-1]))
        path.parent.mkdir(parents=True, exist_ok=True)
        text = source.read_text("utf-8")
        path.write_text(string.Template(text).safe_substitute(values), "utf-8")
        written.append(path)
    return written


def template_files(folder, parts: "tuple[str, ...]" = ()) -> "list[tuple]":
    """Return the files of a resource's folder and of those below, in order: [(resource, its path's parts)]."""
    found = []
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.name == "__pycache__":
            continue
        if entry.is_dir():
            found += template_files(entry, (*parts, entry.name))
        else:
            found.append((entry, (*parts, entry.name)))
    return found
