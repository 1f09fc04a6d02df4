"""What must hold for the HTTP parser, whatever bytes it is given.

- It raises nothing but HTTPException, with one of the statuses of its documentation.
- It finds the same requests, and refuses at the same one, however the bytes are split (of two faults in one head,
  either may be named first).
- Every byte belongs to one message: a request ends where the next begins.
- It accepts no request that h11 refuses, and where both accept they agree on the method, the target, the fields, the
  body and the place where the request ends. There are five exceptions:
  - Empty lines before a request: RFC 9112, section 2.2, asks servers to ignore them. They are kept from h11 here.
  - White space between a chunk's size and its extension: RFC 9112, section 7.1.1, allows it and RFC 9110, section
    5.6.3, asks recipients to remove it (BAD_WHITE_SPACE).
  - Framing fields in a trailer: RFC 9110, section 6.5.1, forbids to use them, so their values do not matter. This
    parser leaves all trailer fields out, h11 reads these (IN_TRAILER).
  - Bytes from 0x80 on in a target count as percent-encoded. h11 refuses them, and is given them encoded here.
  - A Content-Type that is sent again, the same each time, is one field, not a list.
"""

import re

import h11

from microdot.errors import HTTPException
from microdot.server.http11 import RequestParser

STATUSES = {400, 414, 417, 431, 501, 505}
BAD_WHITE_SPACE = re.compile(r"illegal chunk header: bytearray\(b['\"][0-9A-Fa-f]+( |\\t)+;.*\\r\\n['\"]\)")
IN_TRAILER = re.compile(
    "Only Transfer-Encoding: chunked|multiple Transfer-Encoding|bad Content-Length|conflicting Content-Length"
)
MAX_HEAD, MAX_LINE, MAX_FIELDS = 2048, 512, 32


class Violation(AssertionError):
    """The parser broke one of the rules."""


class Message:
    """A request as the parser understood it; start and end are its place in all the bytes, where that is known."""

    def __init__(self, parser):
        self.method = parser.method
        self.target = parser.target
        self.version = parser.version
        self.fields = dict(parser.fields)
        self.body = b""
        self.start = self.end = None

    @property
    def meaning(self):
        """What an application sees of it."""
        return self.method, self.target, self.version, self.fields, self.body


def parse(pieces, limit=65536):
    """Feed a new parser with the pieces and the end of the connection; return (messages, status of a refusal or None).

    limit: how many bytes of a body to ask for at once
    """
    parser = RequestParser(MAX_HEAD, MAX_LINE, MAX_FIELDS)
    messages, received, message = [], 0, None
    try:
        for piece in [*(piece for piece in pieces if piece), b""]:
            parser.receive(piece)
            received += len(piece)
            while True:
                if message is None:
                    start = received - len(parser.buffer)
                    if not parser.parse_head():
                        break
                    message = Message(parser)
                    message.start = start
                while data := parser.read_body(limit):
                    if len(data) > limit:
                        raise Violation(f"{len(data)} bytes of body where {limit} were asked for")
                    message.body += data
                if data is None:
                    break
                message.end = received - len(parser.buffer)
                messages.append(message)
                message = None
    except HTTPException as error:
        if error.status_code not in STATUSES:
            raise Violation(f"refused with {error.status_code}") from error
        return messages, error.status_code
    return messages, None


def check(data, splits=()):
    """Check all the rules for one input, also split at each of the positions of `splits` and at all of them at once.

    Raises Violation, or whatever the parser raised that it must not raise.
    """
    whole = messages, status = parse([data])
    positions = sorted({position for position in splits if 0 < position < len(data)})
    for cuts in [[position] for position in positions] + ([positions] if len(positions) > 1 else []):
        pieces = [data[start:end] for start, end in zip([0, *cuts], [*cuts, None], strict=True)]
        same(whole, parse(pieces), cuts)
    same(whole, parse([data], limit=3), "small reads")
    previous = 0
    for message in messages:
        if message.start != previous:
            raise Violation(f"request begins at {message.start}, the one before it ends at {previous}")
        previous = message.end
        compare(message, data)
    return messages, status


def same(expected, found, cuts):
    """The same messages and the same refusal must come of differently split input."""
    (messages, status), (others, other_status) = expected, found
    if (status is None) != (other_status is None):
        raise Violation(f"status {status} in one piece, {other_status} split at {cuts}")
    if [message.meaning for message in messages] != [message.meaning for message in others]:
        raise Violation(f"other requests when split at {cuts}")


def compare(message, data):
    """Compare one accepted message with what h11 makes of the same bytes."""
    rest = data[message.start :]
    while rest.startswith(b"\r\n"):
        rest = rest[2:]
    line, end, rest = rest.partition(b"\r\n")
    rest = b"".join(b"%c" % byte if byte < 0x80 else b"%%%02X" % byte for byte in line) + end + rest
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(rest)
    connection.receive_data(b"")
    request, body = None, b""
    try:
        request = connection.next_event()
        while isinstance(event := connection.next_event(), h11.Data):
            body += event.data
    except h11.RemoteProtocolError as error:
        if BAD_WHITE_SPACE.fullmatch(str(error)) or request and IN_TRAILER.match(str(error)):
            return
        raise Violation(f"h11 refuses this: {error}") from error
    if not isinstance(request, h11.Request) or not isinstance(event, h11.EndOfMessage):
        raise Violation(f"h11 finds no whole request here: {request} {event}")
    if message.method.encode() != request.method or message.body != body:
        raise Violation(f"h11 understands {request.method} with body {body!r}")
    if len(data) - len(connection.trailing_data[0]) != message.end:
        raise Violation(f"h11 leaves {len(connection.trailing_data[0])} bytes, this parser {len(data) - message.end}")
    compare_heads(message, request)


def compare_heads(message, request):
    """Fields must be equal once h11's are combined; an absolute target stands for a path and a Host."""
    fields = {}
    for name, value in request.headers:
        fields.setdefault(name, []).append(value)
    if b"content-type" in fields:
        fields[b"content-type"] = sorted(set(fields[b"content-type"]))
    fields = {name: (b"; " if name == b"cookie" else b", ").join(values) for name, values in fields.items()}
    mine = dict(message.fields)
    if request.target[:1] in b"/*":
        if message.target.encode() != request.target:
            raise Violation(f"h11 understands target {request.target}")
    else:
        if not request.target.lower().startswith((b"http://", b"https://")):
            raise Violation(f"accepted the target {request.target}")
        fields[b"host"] = mine[b"host"]
    if b"transfer-encoding" in mine:
        mine[b"transfer-encoding"] = mine[b"transfer-encoding"].lower()
    if mine != fields:
        raise Violation(f"h11 understands fields {fields}, this parser {mine}")
