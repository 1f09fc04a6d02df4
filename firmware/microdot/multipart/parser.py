"""The parts of a `multipart/form-data` body (RFC 7578) without any I/O: bytes in, names and data out."""

from .._urls import decode, unquote
from ..errors import HTTPException

_PREAMBLE = 0
_HEADER = 1
_DATA = 2
_END = 3

_MAX_PADDING = 64  # bytes of white space after a boundary


def malformed() -> HTTPException:
    """Return the error for a form that cannot be read."""
    return HTTPException(400, "Malformed form")


def parse_options(field: str) -> "tuple[str, dict[str, str]]":
    """Return the lower-case value of a header field such as Content-Type, and its parameters with lower-case names.

    :raises HTTPException: 400 if it is malformed or repeats a parameter.
    """
    value, _, rest = field.partition(";")
    options: "dict[str, str]" = {}
    while rest:
        name, equals, rest = rest.partition("=")
        name = name.strip().lower()
        if not equals:
            if name.strip("; "):
                raise malformed()
            break
        text, rest = _parse_value(rest.lstrip())
        name = name.lstrip("; ")
        if not name or name in options:
            raise malformed()
        options[name] = text
    return value.strip().lower(), options


def _parse_value(rest):
    """Return a parameter's value, a token or a quoted string, and what follows the parameter."""
    if rest[:1] != '"':
        value, _, rest = rest.partition(";")
        return value.strip(), rest
    end = rest.find('"', 1)
    while end > 0 and (end - len(rest[:end].rstrip("\\"))) % 2:  # the quotation mark is escaped
        end = rest.find('"', end + 1)
    value = rest[1:end]
    rest = rest[end + 1 :].lstrip()
    if end < 0 or rest[:1] not in ("", ";"):
        raise malformed()
    # Browsers leave a backslash, as in C:\name, as it is; other clients escape with it.
    value = value.replace("\\\\", "\0").replace('\\"', '"').replace("\0", "\\")
    return value, rest[1:]


class MultipartParser:
    """The parts of a body, without any I/O.

    Give it what arrives with `receive()`. Call `next_part()`, then `read_data()` until it returns `b''`, then
    `next_part()` again. Both return None when they need more data. The parser holds at most what one `receive()` gave
    it and a part's header.

    :param boundary: the boundary as the Content-Type field names it.
    :param max_header: limit of the size of a part's header in bytes.
    """

    def __init__(self, boundary: bytes, max_header: int = 2048):
        self._delimiter = b"\r\n--" + boundary
        self._max_header = max_header
        self._buffer = b"\r\n"  # every other delimiter follows a line end
        self._state = _PREAMBLE
        self._at_end = False

    def receive(self, data: bytes) -> None:
        """Take a piece of the body; `b''` for its end."""
        if data:
            self._buffer += data
        else:
            self._at_end = True

    def next_part(self) -> "tuple | None":
        """Return the next part as (name, file name or None, type or None), () after the last one, None for more data.

        What is left of the previous part is skipped.

        :raises HTTPException: 400 for a malformed or incomplete body, 413 for a part's header over the limit.
        """
        while self._state == _PREAMBLE or self._state == _DATA:
            if self.read_data(1 << 29) is None:
                return None
        if self._state == _END:
            self._buffer = b""  # what follows the last part has no meaning
            return ()
        buffer = self._buffer
        end = buffer.find(b"\r\n\r\n")
        if (len(buffer) - 3 if end < 0 else end) > self._max_header:
            raise HTTPException(413, "Header too large")
        if end < 0:
            self._check_end()
            return None
        self._buffer = buffer[end + 4 :]
        self._state = _DATA
        return _parse_header(buffer[:end])

    def _check_end(self):
        if self._at_end:
            raise HTTPException(400, "Incomplete form")

    def read_data(self, limit: int) -> "bytes | None":
        """Return 1 to *limit* bytes of the part's data, `b''` at its end, None for more data.

        :raises HTTPException: 400 for an incomplete body.
        """
        if self._state == _HEADER or self._state == _END:
            return b""
        buffer = self._buffer
        delimiter = self._delimiter
        start = rest = 0
        end = buffer.find(delimiter, 0, limit + len(delimiter))  # a later one is for the next call
        while end >= 0:
            start = end + len(delimiter)
            rest = self._measure_line(start)
            if rest:
                break
            end = buffer.find(delimiter, start, limit + len(delimiter))
        if end < 0:
            end = len(buffer)
            last = buffer.rfind(b"\r", max(end - len(delimiter) + 1, start))
            if last >= 0 and delimiter.startswith(buffer[last:]):  # a delimiter may begin here
                end = last
        if end:
            end = min(end, limit)
            self._buffer = buffer[end:]
            return buffer[:end]
        if rest <= 0:
            self._check_end()
            return None
        self._state = _END if buffer[start : start + 2] == b"--" else _HEADER
        self._buffer = buffer[start + rest :]
        return b""

    def _measure_line(self, start):
        """Return the size of what follows a delimiter in its line, 0 if it is not one, -1 if more data is needed."""
        rest = self._buffer[start : start + _MAX_PADDING]
        if rest[:2] == b"--":
            return 2
        line = rest.lstrip(b" \t")
        if line[:2] == b"\r\n":
            return len(rest) - len(line) + 2
        return -1 if len(rest) < _MAX_PADDING and (not line or line == b"\r" or rest == b"-") else 0


def _parse_header(block):
    """Return name, file name and type of a part."""
    options = content_type = None
    for line in block.split(b"\r\n"):
        name, colon, value = line.partition(b":")
        name = name.lower()
        value = decode(value.strip())
        if not colon or name != name.strip() or min(line.replace(b"\t", b" ")) < 32:
            raise malformed()
        if name == b"content-disposition":
            kind, options = parse_options(value)
            if kind != "form-data":
                raise malformed()
        elif name == b"content-type":
            content_type = value
        elif name == b"content-transfer-encoding" and value.lower() not in ("7bit", "8bit", "binary"):
            raise malformed()  # RFC 7578, section 4.7: deprecated, and never used by browsers
    if not options or "name" not in options:
        raise malformed()
    filename = options.get("filename")
    if "filename*" in options:
        filename = unquote(options["filename*"].split("'")[-1])
    return options["name"], filename, content_type
