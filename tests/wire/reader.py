"""A reader of responses that finds fault with everything RFC 9112 does not let a server send."""

import re
from email.utils import parsedate_to_datetime
from http import HTTPStatus

STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-5][0-9][0-9]) ([\t -~\x80-\xff]*)")
FIELD_LINE = re.compile(
    rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*((?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?)[ \t]*"
)
IMF_FIXDATE = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT")
CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,8}")
REPEATABLE = {"set-cookie", "vary", "www-authenticate", "link", "via", "warning", "cache-control", "allow"}


class Fault(AssertionError):
    """The server sent something it may not send."""


class EndOfStream(Exception):
    """The server closed the connection where a response could have begun."""


class Response:
    """One response: status (int), reason (str), headers ({lower-case name: value}), body (bytes), persistent (bool)."""

    def __init__(self, status, reason, fields):
        self.status = status
        self.reason = reason
        self.fields = fields
        self.headers = {}
        for name, value in fields:
            if name in self.headers and name not in REPEATABLE:
                raise Fault(f"two {name} fields")
            self.headers[name] = value
        self.body = b""
        self.persistent = False

    def __repr__(self):
        return f"<{self.status} {self.reason} {self.fields} {self.body[:80]!r}>"


class Reader:
    """Reads responses from a connected socket; `interim` counts the 1xx responses skipped."""

    def __init__(self, sock):
        self.sock = sock
        self.buffer = b""
        self.eof = False
        self.interim = 0

    def response(self, method="GET", version="1.1"):
        """Return the next final Response to a request of this method and HTTP version.

        Raises EndOfStream when the server closes instead, Fault for anything malformed, OSError from the socket.
        """
        while True:
            response = self._head()
            if response.status >= 200:
                break
            self.check_interim(response, version)
        check_framing_fields(response, method, version)
        response.persistent = persists(response, version)
        response.body = self._body(response, method, version)
        return response

    def interim_response(self):
        """Return the next response, which must be interim, such as 100 Continue."""
        response = self._head()
        if response.status >= 200:
            raise Fault(f"final response instead of an interim one: {response}")
        self.check_interim(response, "1.1")
        return response

    def check_interim(self, response, version):
        if version == "1.0":
            raise Fault(f"1xx sent to an HTTP/1.0 client: {response}")
        if "content-length" in response.headers or "transfer-encoding" in response.headers:
            raise Fault(f"framing fields in a 1xx response: {response}")
        self.interim += 1

    def end(self):
        """Return when the server has closed; Fault when it sends anything more."""
        if self.buffer or self._more():
            raise Fault(f"bytes after the last response: {self.buffer[:200]!r}")

    def _more(self):
        data = b"" if self.eof else self.sock.recv(65536)
        self.eof = not data
        self.buffer += data
        return bool(data)

    def _line(self):
        while (end := self.buffer.find(b"\n")) < 0:
            if len(self.buffer) > 65536:
                raise Fault("a line of more than 64 KB")
            if not self._more():
                raise Fault(f"connection closed inside a line: {self.buffer[:200]!r}")
        line, self.buffer = self.buffer[: end + 1], self.buffer[end + 1 :]
        if not line.endswith(b"\r\n") or b"\r" in line[:-2]:
            raise Fault(f"bare CR or LF: {line!r}")
        return line[:-2]

    def _exactly(self, size):
        while len(self.buffer) < size:
            if not self._more():
                raise Fault(f"connection closed {size - len(self.buffer)} bytes before the end of the body")
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def _head(self):
        if not self.buffer and not self._more():
            raise EndOfStream()
        match = STATUS_LINE.fullmatch(line := self._line())
        if not match:
            raise Fault(f"bad status line: {line!r}")
        status, reason = int(match.group(1)), match.group(2).decode("latin-1")
        if reason != standard_reason(status, reason):
            raise Fault(f"reason phrase of {status} is {reason!r}")
        fields = []
        while line := self._line():
            match = FIELD_LINE.fullmatch(line)
            if not match:
                raise Fault(f"bad field line: {line!r}")
            fields.append((match.group(1).decode().lower(), match.group(2).decode("latin-1")))
        return Response(status, reason, fields)

    def _body(self, response, method, version):
        if method == "HEAD" or response.status in (204, 304):
            return b""
        if "transfer-encoding" in response.headers:
            return self._chunks()
        if "content-length" in response.headers:
            return self._exactly(int(response.headers["content-length"]))
        if version != "1.0":
            raise Fault(f"no length known to an HTTP/1.1 client: {response}")
        while self._more():
            pass
        body, self.buffer = self.buffer, b""
        return body

    def _chunks(self):
        body = []
        while True:
            if not CHUNK_SIZE.fullmatch(line := self._line()):
                raise Fault(f"bad chunk size: {line!r}")
            size = int(line, 16)
            if size == 0:
                break
            body.append(self._exactly(size))
            if self._exactly(2) != b"\r\n":
                raise Fault("chunk data not followed by CRLF")
        if line := self._line():
            raise Fault(f"trailer field: {line!r}")
        return b"".join(body)


def standard_reason(status, otherwise):
    """The registered reason phrase, in its RFC 9110 or its earlier wording."""
    renamed = {
        413: ("Content Too Large", "Payload Too Large"),
        416: ("Range Not Satisfiable",),
        422: ("Unprocessable Content", "Unprocessable Entity"),
        414: ("URI Too Long",),
    }
    try:
        names = renamed.get(status) or (HTTPStatus(status).phrase,)
    except ValueError:
        return otherwise
    return otherwise if otherwise in names else names[0]


def check_framing_fields(response, method, version):
    """RFC 9112 section 6: one unambiguous length, none where there can be no body."""
    headers = response.headers
    length, coding = headers.get("content-length"), headers.get("transfer-encoding")
    if length is not None and not re.fullmatch("[0-9]{1,15}", length):
        raise Fault(f"Content-Length: {length}")
    if coding is not None and (coding != "chunked" or version == "1.0"):
        raise Fault(f"Transfer-Encoding: {coding} to an HTTP/{version} client")
    if length is not None and coding is not None:
        raise Fault("Content-Length and Transfer-Encoding together")
    if response.status == 204 and (length is not None or coding is not None):
        raise Fault("a length in a 204 response")
    if "date" in headers:
        if not IMF_FIXDATE.fullmatch(headers["date"]):
            raise Fault(f"Date: {headers['date']}")
        parsedate_to_datetime(headers["date"])


def persists(response, version):
    """Whether the response lets the connection live on, RFC 9112 section 9.3."""
    options = [option.strip().lower() for option in response.headers.get("connection", "").split(",")]
    if "close" in options:
        return False
    return version != "1.0" or "keep-alive" in options
