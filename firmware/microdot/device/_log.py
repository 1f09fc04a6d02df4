"""The log of a board: its last lines, in memory, with the tracebacks of what went wrong."""

from .._compat import add_log, escape_controls, log_to_console


class Log:
    """Keeps the last lines that were logged, up to a size; the oldest ones go first.

    Lines have numbers, which do not change when older lines go: a reader asks for the lines from its next number on.
    """

    #: Size in characters of the lines that are kept.
    limit = 4096

    def __init__(self):
        self._lines = []
        self._size = 0
        self._next = 0

    def install(self) -> None:
        """Keep what the framework logs too: exceptions of handlers and tasks, with their tracebacks."""
        add_log(self.keep)

    def write(self, text: str) -> None:
        """Write a line, or several, on the console and into the log."""
        text = "\n".join([escape_controls(line) for line in text.split("\n")])
        log_to_console(text)
        self.keep(text)

    def keep(self, text: str) -> None:
        """Add lines to the log alone."""
        for line in text.rstrip().split("\n"):
            line = escape_controls(line.rstrip())[: self.limit]
            self._lines.append(line)
            self._size += len(line) + 1
            self._next += 1
        while self._size > self.limit and len(self._lines) > 1:
            self._size -= len(self._lines.pop(0)) + 1

    def lines(self, since: int = 0) -> "tuple[list[str], int]":
        """Return the lines from number *since* on, as far as they are still there, and the number after them."""
        first = self._next - len(self._lines)
        return self._lines[max(since - first, 0) :], self._next
