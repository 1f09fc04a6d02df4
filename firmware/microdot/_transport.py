"""What a server offers to a request: the interface between servers, the core and the extensions.

This module is for type checkers, and for people who write a server. Nothing imports it at run time; no board has it.

The duties of a server
----------------------

A server makes a transport for each request, or one for a connection on which requests follow one another. It makes a
`Request` with this transport, and with the header fields as a mapping of lower-case bytes to bytes. Then it awaits
`app.serve_request(request)`, which does the following, in this order:

1. *Dispatch.* `app.dispatch_request(request)` receives the body with `receive_body()`, if the transport's `has_body`
   was true when the request was made, and calls each handler and hook with `invoke()`. An extension may take the
   connection over: see `Upgradable` and `MessageTransport`.
2. *Send.* The transport's `send_response()` sends the response, unless the handler has answered by itself
   (`Response.already_handled`) or the connection is `upgraded`.
3. *Log.* `app.log_access(request, response)` is called when the response has been sent. A connection that an extension
   takes over is logged at that moment, with status 101.
4. *Background work.* `request.start_background()` is called in any case, also after an error.

A WSGI server sends the body by itself, so WSGI does not use `serve_request()`; it keeps the same order.

Exceptions of the application become responses. `serve_request()` raises what the transport has raised, and MemoryError,
SystemExit, KeyboardInterrupt and the cancellation of the server's own task, which the server has to deal with.
Deadlines are the server's duty too: it cancels the task when a client is too slow, or when it shuts down.

To shut down, a server waits for the tasks in `app.background_tasks`, for `app.shutdown_timeout` seconds at most. It
sets `app.server` to an object with a method `close()` that stops it, for `app.shutdown()`.

After an upgrade the extension uses the transport's `read()`, `send()` and `watch` until the dispatch of its request
ends. Then the server ends the connection.
"""

from typing import Any, Awaitable, Callable, Protocol


class Transport(Protocol):
    """What every server offers to a request."""

    @property
    def has_body(self) -> bool:
        """Whether a body, or a part of it, is still to be received; the request asks when it is made."""

    @property
    def upgraded(self) -> bool:
        """Whether an extension has taken the connection over: no response follows."""

    def take_sock(self) -> Any:
        """Return what `Request.sock` is: the connection's socket, or its pair of streams; None if the server keeps it.

        From then on the caller may read from it.
        """

    @property
    def max_line(self) -> "int | None":
        """Size in bytes of the longest header field that the client may send, name included; None if unknown."""

    def invoke(self, handler: "Callable[..., Any]", *args: Any, **kwargs: Any) -> "Awaitable[Any]":
        """Call a handler or hook, a function or a coroutine function, and return its result; to be awaited.

        On CPython a function is called in another thread than that of the event loop, so that it may block.
        """

    def receive_body(self, n: int) -> "Awaitable[bytes]":
        """Return 1 to *n* bytes of the request's body as soon as there are some, `b''` at its end; to be awaited.

        :raises HTTPException: 400 for a body cut short or malformed, 408 for one that stops.
        """


class Budgeting(Transport, Protocol):
    """A transport whose server bounds the memory for what clients send.

    A request recognises such a transport by its attribute `reserve`.
    """

    def reserve(self, size: int) -> None:
        """Count *size* more bytes that the request keeps in memory, or fewer if it is negative.

        It is called before they are received, if their number is known then. All count until the request has ended.

        :raises HTTPException: 503 if they would be too many, together with those of other requests.
        """


class AsyncTransport(Transport, Protocol):
    """A transport of a server that awaits `Microdot.serve_request()`."""

    def send_response(self, request: Any, response: Any) -> "Awaitable[Any]":
        """Send a response, when awaited: `response.header_list()`, then the body if there is one.

        A body that is not bytes is read from `response.body_iter()`, whose `aclose()` is called in the end, whatever
        happens. For HEAD, and if `response.has_body` is False, it is closed without being read. If the client leaves
        while the body waits for something, the transport notices it, cancels the wait and closes the body.

        The head waits `app.first_piece_timeout` seconds for the first piece of the body. If the body fails before that,
        the response of `app.handle_error(request, error)` is sent instead and returned; otherwise the result is None.

        :raises OSError: if the client is gone.
        """


class Watcher(Protocol):
    """What a server calls with each tick, `TICKS_PER_SECOND` times a second."""

    def look(self) -> None:
        """Check deadlines, and do what is due. This must neither wait nor raise anything."""


class Ticking(Transport, Protocol):
    """A transport that has a clock. An extension recognises it by its attribute `watch`."""

    watch: "Watcher | None"  # its `look()` is called with each tick, until this is None again


class Upgradable(Ticking, Protocol):
    """A transport whose connection an extension may take over as a stream of bytes.

    An extension recognises it by its attribute `upgrade`. A transport that ticks only after the upgrade has no `watch`
    before it.
    """

    def upgrade(self, request: Any, headers: "dict[str, str]") -> "Awaitable[bytes]":
        """Answer 101 with *headers*, when awaited; return what the client has already sent beyond its request.

        From then on `upgraded` is True, and the server reads and sends nothing by itself.
        """

    def read(self) -> "Awaitable[bytes]":
        """Return bytes from the client as soon as there are some, `b''` at the end; to be awaited.

        May be cancelled: nothing that the client sends is lost.

        :raises OSError: if the connection breaks.
        """

    def send(self, data: bytes) -> "Awaitable[None]":
        """Send bytes, when awaited; returns when the client, or the operating system for it, has taken them.

        :raises OSError: if the client is gone, or has taken nothing for `write_timeout` seconds.
        """


class Writing(Upgradable, AsyncTransport, Protocol):
    """A transport that can also send without waiting. An extension recognises its two methods by their names."""

    def write(self, data: bytes) -> bool:
        """Send bytes after an upgrade; return whether all of them are sent. If not, `send(b"")` waits for the rest.

        It must not be called while a `send()` waits.

        :raises OSError: if the client is gone.
        """

    def write_piece(self, body: Any, forms: "dict[str, bytes]") -> "bool | None":
        """Send the piece `forms["event"]` of *body*, the response's body, for which the transport waits.

        Return None if it does not wait for a piece of this body: then nothing is sent. Otherwise return whether all of
        the piece is sent. If not, the body has to give another piece, with which the transport waits for the rest.

        :param forms: gets the chunk of the piece, which other connections can use.
        :raises OSError: if the client is gone.
        """


class MessageTransport(Ticking, Protocol):
    """A transport whose server speaks WebSocket by itself, as ASGI servers do.

    An extension recognises it by its attribute `accept_websocket`.
    """

    @property
    def subprotocols(self) -> "list[str]":
        """The subprotocols that the client speaks, in its order."""

    def accept_websocket(self, subprotocol: "str | None", max_message_length: int) -> "Awaitable[Endpoint]":
        """Accept the request, when awaited; return the endpoint, which takes what `read()` returns and makes messages.

        :param max_message_length: in bytes; 0: no limit.
        """

    def read(self) -> "Awaitable[Any]":
        """Return the server's next message, for the endpoint's `feed()`; to be awaited."""

    def send(self, message: Any) -> "Awaitable[None]":
        """Send a message that the endpoint has made, nothing if it is None; to be awaited.

        :raises OSError: if the client is gone.
        """


class Endpoint(Protocol):
    """One end of a WebSocket without input and output: it is fed what was received, and what it returns is sent.

    `frames.Connection` is one for the bytes of RFC 6455. Where the server speaks the protocol by itself, its messages
    take the place of the bytes.
    """

    @property
    def reply(self) -> Any:
        """What must be sent after `next_event()`, None for nothing."""

    @property
    def close_code(self) -> "int | None":
        """The code with which the connection was closed (RFC 6455, section 7.4), None while it is open."""

    @property
    def close_reason(self) -> str:
        """The text that came with `close_code`."""

    @property
    def error(self) -> "Exception | None":
        """What the peer has done wrong, if that has closed the connection."""

    @property
    def pending(self) -> int:
        """The size in bytes, as far as it is known, of the message that has been received in part; else 0."""

    @property
    def linger(self) -> int:
        """How many bytes to read from the peer after an error, so that it reads why the connection was closed."""

    def feed(self, data: Any) -> None:
        """Take what was received; an empty value means that the peer is gone."""

    def next_event(self) -> "tuple[int, Any] | None":
        """Return the next event, as (opcode, payload) with a message whole; None if more has to be fed."""

    def message(self, data: Any, opcode: int) -> Any:
        """Return what has to be sent for a message of type TEXT or BINARY."""

    def control(self, opcode: int, payload: bytes = b"") -> Any:
        """Return what has to be sent for a ping or pong; None if the server does that by itself."""

    def close(self, code: int, reason: str) -> Any:
        """Return what has to be sent to close the connection.

        :raises ValueError: for a code that no endpoint may send.
        """

    def fail(self, error: Any) -> "tuple[int, Any]":
        """Give the connection up because of *error*; return the event, and set `reply`."""
