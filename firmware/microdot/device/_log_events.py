"""The log of a board as Server-Sent Events.

A stream of `microdot.sse` has a queue and a task that fills it. Here the log itself is the queue, and is read once a
second, so that more of the board's heap is free for its application.
"""

import asyncio

from .. import Response

_NOTHING = b":\n\n"
_KEEP_ALIVE = 15  # after so many seconds without a line a comment is sent, to notice clients that have left


def respond_with_log(log, last: str) -> Response:
    """Return a response with the lines of a log, and each new one as it comes.

    :param last: the id of the last event that the client has received, or `''`.
    """
    number = int(last) if last and len(last) < 9 and not last.strip("0123456789") else 0
    if number > log.lines()[1]:  # the client has counted the lines of a log before a restart
        number = 0
    return Response(_Events(log, number), 200, {"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})


class _Events:
    """The body of the response: an event for each line, whose id is the number of the next one."""

    yields_bytes = True
    _has_begun = False

    def __init__(self, log, number):
        self._log = log
        self._number = number

    def __aiter__(self):
        return self

    async def __anext__(self):
        lines, end = self._log.lines(self._number)
        seconds = _KEEP_ALIVE if self._has_begun else 0
        self._has_begun = True
        while seconds and not lines:
            await asyncio.sleep(1)
            lines, end = self._log.lines(self._number)
            seconds -= 1
        if not lines:  # the head goes out with it, and the client knows that it is connected
            return _NOTHING
        self._number = end - len(lines) + 1
        return ("id: %d\ndata: %s\n\n" % (self._number, lines[0])).encode()  # the log has no CR, which would end it

    async def aclose(self):
        """Do nothing: there is nothing to close."""
