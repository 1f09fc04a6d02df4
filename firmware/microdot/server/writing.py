"""The delivery of a response to its client: head and body, framed as RFC 9112, sections 6 and 7 say."""

from .._compat import MICROPYTHON, is_fault, iscoroutine, log_error
from .._response import Response, close_body
from ..errors import error_text
from .http11 import LAST_CHUNK, format_chunk, format_head

if -0:  # for type checkers: MicroPython's compiler leaves this out, and Pyright reads it, unlike "if False"
    from typing import Awaitable

# A small body goes out with the head, in one TCP segment.
_ONE_WRITE = 1024


def send_response(connection, response, request) -> "Awaitable[None]":
    """Send a response, when awaited; `connection.keep_alive` becomes False if the connection has to end after it.

    The result is the response that was sent instead if the body began with an error, else None.

    :param request: None if it could not be parsed, and for a response that reports the error of another one.
    """
    fields = response.fields
    parser = connection.parser
    is_head = parser.method == "HEAD"
    has_body = response.status_code == 200 or response.has_body  # the usual status costs no call
    head = response.header_list(is_head)
    body = response.body
    old = parser.version == "1.0"
    is_bytes = isinstance(body, bytes)
    chunked = not is_bytes and has_body and not (fields and "Content-Length" in fields)
    if chunked:
        if old:
            chunked = connection.keep_alive = False
            connection.ends_body = True
        else:
            head.append(("Transfer-Encoding", "chunked"))
    if fields and "close" in str(fields.get("Connection", "")).lower():
        connection.keep_alive = False
    elif not connection.keep_alive:
        head.append(("Connection", "close"))
    elif old:
        head.append(("Connection", "keep-alive"))
    date = connection.server.date()
    if date and not (fields and "Date" in fields):
        head.append(("Date", date))
    head = format_head(response.status_code, response.reason, head)
    if is_head or not has_body:
        return _send_head(connection, response, head)
    if not is_bytes:
        # The head is in a list so that it can be freed once it is sent: a stream may stay open for long.
        return _send_stream(connection, response, request, [head], chunked)
    if len(head) + len(body) <= _ONE_WRITE:
        return connection.send(head + body)
    return _send_both(connection, head, body)


async def _send_head(connection, response, head):
    """Send a head, and close the body that is not sent."""
    await connection.send(head)
    if not isinstance(response.body, bytes):
        await close_body(response.body_iter(), connection)


async def _send_both(connection, head, body):
    """Send a head and a body of bytes in two pieces: joining them would copy the body."""
    await connection.send(head)
    await connection.send(body)


async def _send_stream(connection, response, request, head, chunked):
    """Send a head and a body of unknown or announced length."""
    left = None if chunked or not response.fields else response.fields.get("Content-Length")
    chunks = response.body_iter()
    # An asynchronous body may wait for ever. So may a generator on MicroPython; one that does not is not seen waiting.
    waits = hasattr(response.body, "__anext__") or hasattr(response.body, "__aiter__")
    waits = waits or MICROPYTHON and iscoroutine(response.body)
    own = True  # an error now is the application's
    try:
        if left is not None:
            left = int(left)
        if connection.server.app.first_piece_timeout:
            connection.hold_head(head)
        else:
            own = False
            await connection.send(head.pop())
            own = True
        if chunked:
            connection.body = response.body
        connection.waiting = waits
        while True:
            chunk = await chunks.__anext__()
            connection.waiting = False
            if left is not None:
                left -= len(chunk)
                if left < 0:
                    raise ValueError("the body is longer than its Content-Length")
            if chunked:
                chunk = format_chunk(chunk)
            if head:
                connection.drop_head()
                chunk = head.pop() + chunk
            own = False
            await connection.send(chunk)
            own = True
            chunk = None  # free it: a stream may wait for long
            connection.waiting = waits
    except StopAsyncIteration:
        pass
    except BaseException as error:
        connection.waiting = False
        connection.drop_head()
        connection.keep_alive = False
        if not own or not is_fault(error, connection):
            raise
        if head and request:  # nothing has been sent: the client can still be told
            response = await connection.server.app.handle_error(request, error)
            await send_response(connection, response, None)
            return response
        log_error("Exception in the body of a response", error)
        if head:  # this was the response that should have reported an error
            return await send_response(connection, Response(error_text(500), 500), None)
        connection.ends_body = True
        return None
    finally:
        connection.waiting = False
        connection.body = None
        await close_body(chunks, connection)
    connection.drop_head()
    if head or chunked:
        await connection.send((head.pop() if head else b"") + (LAST_CHUNK if chunked else b""))
    if left:  # the client waits for the rest
        connection.keep_alive = False
    return None
