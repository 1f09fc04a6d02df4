"""What the commands print: colours where there is a terminal, tables, and errors of one line."""

import contextlib
import io
import os
import sys

from microdot._compat import escape_controls

BOLD, DIM, GREEN, CYAN = "1", "2", "32", "36"


class CommandError(Exception):
    """A command has failed; the message is one line.

    :param status: that of the program.
    """

    def __init__(self, message: str, status: int = 1):
        super().__init__(escape_controls(" ".join(message.split())))
        self.status = status


def check_folder() -> None:
    """Check that the current folder exists.

    :raises CommandError: if it has been deleted since the shell changed to it.
    """
    try:
        os.getcwd()
    except FileNotFoundError:
        raise CommandError("the current folder has been deleted: change to another one, such as with cd") from None


def prepare_output() -> None:
    """Let every text be printed: to nowhere without an output, and what the output's encoding lacks as a code."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever has started the program
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - it is open to the end
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def discard_output() -> None:
    """Give up what has not been written yet, so that Python does not try again at the end."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def has_colour(stream) -> bool:
    """Return whether colours may be written to *stream*: a terminal that knows them, and NO_COLOR is not set."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not stream.isatty():
        return False
    return os.name != "nt" or "WT_SESSION" in os.environ  # Windows' older console would show the codes


def paint(text: str, *codes: str, stream=None) -> str:
    """Return *text* in a colour or style for *stream* (None: the standard output), unchanged where that has none."""
    if not has_colour(stream or sys.stdout):
        return text
    return f"\x1b[{';'.join(codes)}m{text}\x1b[0m"


def table(heading: "tuple[str, ...]", rows: "list[tuple[str, ...]]", styles: "tuple[str, ...]") -> str:
    """Return lines of text with the columns below each other, each column in its style ("" for none)."""
    widths = [max(len(row[column]) for row in [heading, *rows]) for column in range(len(heading))]
    lines = []
    for row, codes in [(heading, (BOLD,) * len(heading)), *((row, styles) for row in rows)]:
        cells = [
            (paint(cell, code) if code else cell) + " " * (width - len(cell))
            for cell, code, width in zip(row, codes, widths, strict=True)
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
