"""HTTP/1.1 (RFC 9112) without any I/O: bytes in, a request's head and body out; a response's head to bytes.

The parser is strict wherever two programs could read a message differently (request smuggling): it refuses with
`HTTPException` what RFC 9112 allows a server to refuse, and repairs nothing.
"""

from .._compat import const
from ..errors import HTTPException, reason_phrase

_TOKEN = const(b"etaoinsrhldcumfpgwybvkxjqz-ACEHUORTDLSXIFKWBGJMNPQVYZ_0123456789!#$%&'*+.^`|~")
_HOST = const(b"0123456789.etaoinsrhldcumfpgwybvkxjqz-ACEHUORTDLSXIFKWBGJMNPQVYZ_~%!$&'()*+,;=")
_DIGITS = const(b"0123456789")
_HEX_DIGITS = const(b"0123456789abcdefABCDEF")
_BLANKS = const(b" \t")
# A client that sends more empty lines than this before a request does not speak HTTP.
_MAX_EMPTY_LINES = const(4)
# A chunk's extension is read and ignored. A longer line is an attack, and so is a chunk of 16**8 bytes or more.
_MAX_CHUNK_LINE = const(256)
_MAX_CHUNK_DIGITS = const(8)

# The states of a chunked body.
_SIZE = const(0)
_DATA = const(1)
_DATA_END = const(2)
_TRAILER = const(3)


def _has_control(line):
    """Return whether a line, not empty, holds a control character other than a tab."""
    return min(line) < 32 and min(line.replace(b"\t", b" ")) < 32 or b"\x7f" in line


def _invalid_host(host):
    """Return whether a Host field's value is not `host[:port]` (RFC 9110, section 7.2)."""
    if host[:1] == b"[":  # an IP literal
        name, bracket, port = host[1:].partition(b"]")
        return name.strip(_HOST + b":") or not bracket or port[:1] not in (b"", b":") or port[1:].strip(_DIGITS)
    name, _, port = host.partition(b":")
    return name.strip(_HOST) or port.strip(_DIGITS)


def _percent_encode(target):
    """Return a request target whose bytes from 0x80 on, in path and query, are percent-encoded.

    RFC 3986 does not allow such bytes, but some clients send UTF-8 without encoding it.

    :raises HTTPException: 400 if the authority of an absolute form contains one.
    """
    if target[:1] != b"/":
        authority, slash, _ = target.partition(b"?")[0].partition(b"://")[2].partition(b"/")
        if not authority or max(authority) > 126:
            raise HTTPException(400, "Malformed request target")
    for byte in set(target):
        if byte > 126:
            target = target.replace(bytes((byte,)), b"%%%02X" % byte)
    return target


def _quoted_string_size(text):
    """Return the size in bytes of the quoted string (RFC 9110, section 5.6.4) that *text* begins with, 0 for none."""
    i = 1
    while i < len(text):
        if text[i] == 34:  # the closing quote
            return i + 1
        i += 2 if text[i] == 92 else 1  # a backslash quotes what follows
    return 0


def _invalid_extensions(text):
    """Return whether *text* is not `*( BWS ";" BWS name [ BWS "=" BWS value ] )` (RFC 9112, section 7.1.1)."""
    while text:
        text = text.lstrip(_BLANKS)
        name = text[1:].lstrip(_BLANKS)
        rest = name.lstrip(_TOKEN)
        if text[:1] != b";" or len(rest) == len(name):
            return True
        text = rest
        rest = rest.lstrip(_BLANKS)
        if rest[:1] == b"=":
            value = rest[1:].lstrip(_BLANKS)
            text = value[_quoted_string_size(value) :] if value[:1] == b'"' else value.lstrip(_TOKEN)
            if len(text) == len(value):
                return True
    return False


def _check_coding(coding):
    """Refuse a Transfer-Encoding other than chunked (RFC 9112, section 6.1).

    :raises HTTPException: 501 for other codings before a final chunked, 400 otherwise: the length would be unknown.
    """
    if coding != b"chunked":
        codings = [name.strip() for name in coding.split(b",")]
        final = codings.pop() == b"chunked" and b"chunked" not in codings
        raise HTTPException(501 if final else 400, "Unsupported Transfer-Encoding")


class RequestParser:
    """The requests of one connection, in their order.

    Give it what the client sends with `receive()`. When `parse_head()` returns True the next request's head is in
    `method`, `target`, `version` and `fields`; then `read_body()` returns the body piece by piece. Do not use a parser
    any more after it has raised: it does not know where the next request begins.

    :param max_head: limit of the head's size in bytes; above it the status is 431.
    :param max_line: limit of a line's size in bytes; 414 for the request line, 431 for a header field.
    :param max_fields: limit of the number of header fields; 431.
    """

    # The initial values are here once instead of in each instance, which saves memory on a board. There are no
    # properties, because they would make MicroPython take three times as long to set an attribute.
    method = target = version = ""
    fields: "dict[bytes, bytes] | None" = None  # until a head has been read
    content_length: "int | None" = None  # None: no such field
    chunked = False
    keep_alive = False
    expects_continue = False
    body_complete = True
    at_end = False
    max_head = 4096
    max_line = 2048
    max_fields = 64
    buffer = b""  # what was received and not yet used
    _remaining = 0  # bytes of the body, or of the chunk, to come
    _state = _SIZE
    _empty_lines = 0  # before the request

    def __init__(self, max_head: int = 4096, max_line: int = 2048, max_fields: int = 64):
        if max_head != self.max_head:
            self.max_head = max_head
        if max_line != self.max_line:
            self.max_line = max_line
        if max_fields != self.max_fields:
            self.max_fields = max_fields

    def receive(self, data: bytes) -> None:
        """Take bytes that the client sent; `b''` for the end of the connection."""
        if not data:
            self.at_end = True
        elif self.buffer:
            self.buffer += data
        else:
            self.buffer = data

    def take_buffer(self) -> bytes:
        """Return what was received and not yet used, and forget it: the connection changes to another protocol."""
        data = self.buffer
        self.buffer = b""
        return data

    # The head

    def parse_head(self) -> bool:
        """Read the head of the next request; return False if it is incomplete: give more with `receive()` then.

        :raises HTTPException: 400, 414, 417, 431, 501 or 505; send it and close the connection.
        """
        self.method = ""
        data = self.buffer
        if data.startswith(b"\r\n"):
            data = self._skip_empty_lines(data)
        end = data.find(b"\r\n\r\n", 0, self.max_head)
        if end < 0:
            self.buffer = data
            self._check_incomplete(data)
            return False
        self.buffer = data[end + 4 :]
        if self._empty_lines:
            self._empty_lines = 0
        head = data[:end]
        lines = head.split(b"\r\n")
        # Apart from the line ends the only control characters allowed are tabs; a bare CR or LF is a control character.
        text = b"".join(lines)
        if b"\x7f" in head or min(text) < 32 and (
            min(text.replace(b"\t", b" ")) < 32 or b"\t" in head[: head.find(b"\r")]  # no tab in the request line
        ):
            raise HTTPException(400, "Control character in the head")
        if end > self.max_line:
            self._check_lengths(lines)
        self._parse_request_line(lines.pop(0))
        if len(lines) > self.max_fields:
            raise HTTPException(431)
        self._parse_framing(self._parse_fields(lines))
        return True

    def _skip_empty_lines(self, data):
        """Return *data* without the empty lines that it begins with (RFC 9112, section 2.2)."""
        start = 0
        while data[start : start + 2] == b"\r\n":
            start += 2
            self._empty_lines += 1
            if self._empty_lines > _MAX_EMPTY_LINES:
                raise HTTPException(400, "Too many empty lines before a request")
        return data[start:]

    def _check_incomplete(self, data):
        """Refuse at once what can never become a head, before it takes more time and memory."""
        line_end = data.find(b"\r\n")
        if (len(data) if line_end < 0 else line_end) > self.max_line:
            self._refuse_line(data)
        if len(data) >= self.max_head:
            raise HTTPException(431)
        if b"\n\n" in data or b"\n\r\n" in data or self.at_end and data:
            raise HTTPException(400, "Malformed head")

    def _check_lengths(self, lines):
        if len(lines[0]) > self.max_line:
            self._refuse_line(lines[0])
        if max([len(line) for line in lines]) > self.max_line:
            raise HTTPException(431)

    def _refuse_line(self, line):
        """Refuse a request line over the limit: with 501 if the method alone is too long (RFC 9112, section 3)."""
        raise HTTPException(414 if b" " in line[: self.max_line + 1] else 501)

    def _parse_request_line(self, line):
        parts = line.split(b" ")
        if len(parts) != 3:
            raise HTTPException(400, "Malformed request line")
        method, target, version = parts
        usual = method == b"GET"  # saves most requests a search and a copy
        malformed = not usual and (not method or method.strip(_TOKEN))
        if malformed or not target or b"#" in target:
            raise HTTPException(400, "Malformed request line")
        if max(target) > 126:
            target = _percent_encode(target)
        self.method = "GET" if usual else method.decode()
        self.target = target.decode()
        if version == b"HTTP/1.1":
            self.version = "1.1"
        elif version == b"HTTP/1.0":
            self.version = "1.0"
        else:
            self._parse_version(version)

    def _parse_version(self, version):
        """RFC 9110, section 2.5: a later minor version is served as the highest that is known."""
        digits = version[5:].replace(b".", b"", 1)
        if version[:5] != b"HTTP/" or version[6:7] != b"." or len(digits) != 2 or digits.strip(_DIGITS):
            raise HTTPException(400, "Malformed HTTP version")
        if digits[:1] != b"1":
            raise HTTPException(505)
        self.version = "1.1"

    def _parse_fields(self, lines):
        fields = self.fields = {}
        for line in lines:
            colon = line.find(b":")
            name = line[:colon].lower()
            # An obsolete line folding (RFC 9112, section 5.2) and a space before the colon fail here, as no token.
            if colon < 1 or name.strip(_TOKEN):
                raise HTTPException(400, "Malformed header field")
            value = line[colon + 1 :].strip()
            if name in fields:
                # RFC 9110, section 5.3: repeated fields are one list; fields that are not lists must not be repeated.
                if name in (b"host", b"content-length", b"transfer-encoding"):
                    raise HTTPException(400, "Repeated header field")
                if name == b"content-type":
                    if value == fields[name]:
                        continue
                    raise HTTPException(400, "Two different Content-Types")
                value = fields[name] + (b"; " if name == b"cookie" else b", ") + value
            fields[name] = value
        return fields

    def _parse_framing(self, fields):
        """Find out how the body is delimited (RFC 9112, section 6.3) and whether the connection stays open."""
        get = fields.get
        self.keep_alive = new = self.version == "1.1"
        host = get(b"host")
        if host is None:
            if new:
                raise HTTPException(400, "No Host")
            host = b""
        if self.target[0] != "/":
            host = self._parse_target(host)
        if host.strip(_HOST) and _invalid_host(host):
            raise HTTPException(400, "Malformed Host")
        if self.content_length is not None or self.chunked:  # of the request before
            self.content_length = None
            self.chunked = self.expects_continue = False
        length = get(b"content-length")
        coding = get(b"transfer-encoding")
        if coding is not None:
            if length is not None or not new:
                raise HTTPException(400, "Ambiguous body length")
            _check_coding(coding.lower())
            self.chunked = True
            self._state = _SIZE
            self.body_complete = False
        elif length is not None:
            if not length or length.strip(_DIGITS) or len(length) > 15:
                raise HTTPException(400, "Malformed Content-Length")
            self.content_length = self._remaining = int(length)
            self.body_complete = not self._remaining
        connection = get(b"connection")
        if connection is not None:
            options = [option.strip() for option in connection.lower().split(b",")]
            self.keep_alive = b"close" not in options and (new or b"keep-alive" in options)
        expect = get(b"expect")
        if expect is not None and new:
            if expect.lower() != b"100-continue":
                raise HTTPException(417)
            self.expects_continue = not self.body_complete

    def _parse_target(self, host):
        """Turn the absolute form into the origin form; its authority replaces Host (RFC 9112, section 3.2)."""
        target = self.target
        if self.method == "CONNECT":  # only for proxies, as is the authority form
            raise HTTPException(501)
        if target == "*" and self.method == "OPTIONS":
            return host
        scheme, separator, rest = target.partition("://")
        path = rest.find("/")
        query = rest.find("?")
        end = min([i for i in (path, query, len(rest)) if i >= 0])
        if not separator or scheme.lower() not in ("http", "https") or not end:
            raise HTTPException(400, "Malformed request target")
        self.fields[b"host"] = host = rest[:end].encode()
        self.target = rest[end:] if end == path else "/" + rest[end:]
        return host

    # The body

    def read_body(self, limit: int) -> "bytes | None":
        """Return up to *limit* bytes of the body, `b''` at its end, `None` if `receive()` must be given more first.

        Never reads past the body: what follows it stays for the next request.

        :raises HTTPException: 400 for a malformed chunk, or if the connection ended before the body.
        """
        while not self.body_complete:
            if not self.chunked or self._state == _DATA:
                data = self._take(min(limit, self._remaining))
                if data:
                    self._remaining -= len(data)
                    if not self._remaining:
                        self._state = _DATA_END
                        self.body_complete = not self.chunked
                    return data
            elif self._parse_chunk_line():
                continue
            if self.at_end:
                raise HTTPException(400, "Incomplete body")
            return None
        return b""

    def _take(self, n):
        data = self.buffer
        if len(data) <= n:
            self.buffer = b""
            return data
        self.buffer = data[n:]
        return data[:n]

    def _parse_chunk_line(self):
        """Read one line between the chunks' data; return whether there was a whole one."""
        data = self.buffer
        end = data.find(b"\r\n")
        size = end if end >= 0 else len(data) - data.endswith(b"\r")  # its LF may follow
        line = data[:size]
        state = self._state
        if (
            size > _MAX_CHUNK_LINE
            or b"\n" in line
            or (line.strip(b"\r") if end < 0 else line) and (state == _DATA_END or end >= 0 and _has_control(line))
        ):
            raise HTTPException(400, "Malformed chunk")
        if end < 0:
            return False
        self.buffer = data[end + 2 :]
        if state == _DATA_END:
            self._state = _SIZE
        elif state == _SIZE:
            extensions = line.lstrip(_HEX_DIGITS)
            digits = len(line) - len(extensions)
            if not 0 < digits <= _MAX_CHUNK_DIGITS or extensions and _invalid_extensions(extensions):
                raise HTTPException(400, "Malformed chunk size")
            self._remaining = int(line[:digits], 16)
            self._state = _DATA if self._remaining else _TRAILER
            self._trailers = self.max_fields
        elif not line:
            self.body_complete = True
        else:
            # A trailer field is checked and dropped: nothing may depend on it (RFC 9110, section 6.5.1).
            self._trailers -= 1
            colon = line.find(b":")
            if colon < 1 or line[:colon].strip(_TOKEN) or not self._trailers:
                raise HTTPException(400, "Malformed trailer field")
        return True


def format_chunk(data: bytes) -> bytes:
    """Return *data*, not empty, as one chunk (RFC 9112, section 7.1)."""
    if not isinstance(data, bytes):  # MicroPython joins nothing else
        data = bytes(data)
    return b"".join((b"%x\r\n" % len(data), data, b"\r\n"))


LAST_CHUNK = b"0\r\n\r\n"


def format_head(status_code: int, reason: "str | None", fields: "list[tuple[str, str]]") -> bytes:
    """Return the head of a response: status line, fields and empty line.

    :param reason: the reason phrase; `None` for the standard one.
    :param fields: the header fields as (name, value).
    :raises ValueError: if one of them contains a line end, which would begin another field or response.
    """
    if reason is None and status_code == 200:
        lines = ["HTTP/1.1 200 OK"]
    else:
        lines = ["HTTP/1.1 %d %s" % (status_code, reason_phrase(status_code) if reason is None else reason)]
    lines.extend(map(": ".join, fields))
    lines.append("\r\n")
    head = "\r\n".join(lines)
    if head.count("\n") != len(lines):
        raise ValueError("line end inside the head of a response: " + repr(head)[:200])
    return head.encode()
