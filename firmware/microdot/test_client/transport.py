"""The transport of the test client's requests: it takes the response as a server does, and keeps it."""

import asyncio

from .._compat import invoke_handler, is_fault, log_error, uncancel
from .._response import Response, close_body
from ..errors import error_text

if -0:  # for type checkers: MicroPython's compiler leaves this out, and Pyright reads it, unlike "if False"
    from typing import Any

_PIECE = 256  # bodies reach the application in pieces of this many bytes, as from a network


class TestTransport:
    """The transport of a request that does not come from a server.

    :param body: the request's body, bytes.
    :param streams: the client takes the pieces of the response's body one by one with `next_piece()`, until it leaves.
    """

    __test__ = False  # for pytest

    invoke = staticmethod(invoke_handler)
    upgraded = False
    #: Whether the server has ended the request; on CPython the request's task tells that.
    cancelled = False
    max_line = None
    left = False  # the client has gone before the end of the response
    response = None  # what the application answered
    response_body = None  # bytes; None for HEAD
    _task = None  # the task that makes the pieces
    _timer = None  # the task that answers when the first piece takes long
    _piece = None  # the piece that has been made; None at the end
    _error = None  # the exception that ended the body
    _told = False  # the client has got that exception

    def __init__(self, body: bytes = b"", streams: bool = False):
        self._body = body
        self._start = 0
        self._streams = streams
        self.has_body = bool(body)
        self.answered = asyncio.Event()
        self.gone = asyncio.Event()
        self._asked = asyncio.Event()  # for the next piece
        self._made = asyncio.Event()

    def take_sock(self):
        """Return None: the server keeps the connection."""

    async def receive_body(self, n: int) -> bytes:
        """Return up to *n* bytes of the request's body, `b''` at its end."""
        data = self._body[self._start : self._start + min(n, _PIECE)]
        self._start += len(data)
        return data

    async def disconnected(self) -> None:
        """Return when the client has stopped reading the response."""
        await self.gone.wait()

    async def send_response(self, request: "Any", response: Response) -> "Response | None":
        """Make the body of a response, at once or as the client takes it.

        Return the response that is kept instead if the body began with an error, else None.

        :raises OSError: if the client leaves before the end.
        """
        if self._streams:
            return await self._stream(request, response)
        kept, piece, pieces = await self._begin(request, response)
        parts = []
        try:
            while piece is not None:
                parts.append(bytes(piece))
                piece = await _next(pieces)
        finally:
            if pieces:
                await close_body(pieces, self)
        if request.method != "HEAD":
            self.response_body = b"".join(parts)
        self._answer(request, kept)
        return None if kept is response else kept

    def _answer(self, request, response):
        if not self.answered.is_set():
            self.response = response
            response.complete(request.method == "HEAD")
            self.answered.set()

    async def _answer_late(self, request, response):
        """Answer without a piece of the body if the first one takes long, as servers do."""
        await asyncio.sleep(request.app.first_piece_timeout)
        self._answer(request, response)

    def _hold(self):
        """Stop the task that answers when the first piece takes long."""
        if self._timer:
            self._timer.cancel()

    async def _begin(self, request, response, is_first=True):
        """Return a response, the first piece of its body, and an iterator of the others; None for what does not exist.

        If the body begins with an error, the response is the one that reports the error.
        """
        bodiless = request.method == "HEAD" or not response.has_body
        if isinstance(response.body, bytes):
            return response, None if bodiless else response.body, None
        pieces = response.body_iter()
        if bodiless:
            return response, None, pieces
        try:
            return response, await _next(pieces), pieces
        except BaseException as error:
            await close_body(pieces, self)
            if self.answered.is_set() or not is_fault(error, self):
                raise
            self._hold()
            if is_first:
                response = await request.app.handle_error(request, error)
            else:
                log_error("Exception in the body of a response", error)
                response = Response(error_text(500), 500)
        return await self._begin(request, response, False)

    async def _stream(self, request, response):
        """Make a body piece by piece, the first one before the client asks for it."""
        self._task = asyncio.current_task()
        pieces = None
        if request.app.first_piece_timeout:
            self._timer = asyncio.create_task(self._answer_late(request, response))
        else:
            self._answer(request, response)
        try:
            kept, piece, pieces = await self._begin(request, response)
            self._answer(request, kept)
            await self._asked.wait()
            while piece is not None:
                self._hand(bytes(piece))
                await self._asked.wait()
                piece = await _next(pieces)
            self._hand(None)
        except BaseException as error:
            if self.left:
                uncancel(self._task)
            elif is_fault(error, self):
                self._error = error
                self.left = True
                self._hand(None)
            else:
                raise
            raise OSError(104, "Connection reset") from None
        finally:
            self._task = None
            self._hold()
            if pieces:
                await close_body(pieces, self)
        return None if kept is response else kept

    def _hand(self, piece):
        self._asked.clear()
        self._piece = piece
        self._made.set()

    async def next_piece(self) -> "bytes | None":
        """Return the next piece of the response's body, None at the end.

        :raises BaseException: what the body raised.
        """
        if not self._made.is_set():
            self._asked.set()
            await self._made.wait()
        if self._piece is not None:
            self._made.clear()
        if self._error is not None:
            self._told = True
            raise self._error
        return self._piece

    def leave(self) -> None:
        """Stop reading.

        :raises BaseException: what the body raised, if `next_piece()` has not raised it.
        """
        self.gone.set()
        if self._task:
            self.left = self.cancelled = True
            self._task.cancel()
        if self._error is not None and not self._told:
            raise self._error


async def _next(pieces):
    """Return the next piece of a body, None at its end."""
    try:
        return await pieces.__anext__() if pieces else None
    except StopAsyncIteration:
        return None
