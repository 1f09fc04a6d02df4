"""One wire vector: what to send, what must come back, and what becomes of the connection."""

OPEN = "open"  # the last reply keeps the connection, and the connection serves another request
CLOSED = "closed"  # the last reply announces the close (unless HTTP/1.0 implies it), and the server closes cleanly
CUT = "cut"  # closed; the client sends on behind its last request, so a reset after the reply is its own fault
EITHER = "either"  # the server may choose, but what it announces it does

CONTINUE = object()  # a segment that stands for: wait for `100 Continue`, then go on sending


class Reply:
    """What must come back for one request.

    status: an int, or a tuple of the statuses that the RFC leaves to the server
    to: the method of the request, for a reply to HEAD has no body
    version: the HTTP version of the request, for a 1.0 client must never see chunks
    body: the exact body (bytes), or None for any
    headers: {name in lower case: exact value, or None for "must be absent"}
    """

    def __init__(self, status, *, to="GET", version="1.1", body=None, headers=None):
        self.statuses = (status,) if isinstance(status, int) else tuple(status)
        self.to = to
        self.version = version
        self.body = body
        self.headers = headers or {}


class Vector:
    """name: unique; rfc: the section that decides; sent: bytes, or a list of bytes and CONTINUE; replies: in order."""

    def __init__(self, name, rfc, sent, replies, then):
        self.name = name
        self.rfc = rfc
        self.segments = [sent] if isinstance(sent, bytes) else list(sent)
        self.replies = [reply if isinstance(reply, Reply) else Reply(reply) for reply in replies]
        self.then = then

    @property
    def data(self):
        """All the bytes sent, as one."""
        return b"".join(segment for segment in self.segments if segment is not CONTINUE)

    @property
    def refused(self):
        """True when the first request must be answered with a client or server error of the protocol layer."""
        return min(self.replies[0].statuses) in (400, 413, 414, 417, 431, 501, 505)

    def __repr__(self):
        return self.name


def request(line=b"GET /echo HTTP/1.1", *fields, host=b"Host: a", body=b""):
    """Build a request: the request line, a Host field (None for none), more field lines, and the body."""
    lines = [line, *([] if host is None else [host]), *fields]
    return b"".join(item + b"\r\n" for item in lines) + b"\r\n" + body


def echoed(body=b"", method=b"POST", url=b"/echo"):
    """The body that the test application's /echo answers with."""
    return b"%s %s %d\n%s" % (method, url, len(body), body)
