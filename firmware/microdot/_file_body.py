"""A file as the body of a response: validators, conditional requests and ranges (RFC 9110, sections 8.8, 13 and 14)."""

import os
import time

from ._compat import MICROPYTHON, MIN_FILE_CHUNK, fspath
from ._dates import format_date, parse_date
from .errors import HTTPException, error_text

_TYPE = 0xF000  # of a file's mode
_FILE = 0x8000
_NO_SUCH_FILE = 2  # errno.ENOENT


def stat(filename: str) -> "tuple[int, int, int]":
    """Return a regular file's size in bytes, and its time of modification in seconds and as exactly as it is known.

    :raises OSError: if there is no such file.
    """
    status = os.stat(filename)
    if status[0] & _TYPE != _FILE:  # opening a pipe would block everything else
        raise OSError(22, "Not a regular file")
    return status[6], status[8], getattr(status, "st_mtime_ns", status[8])


def open_gzip(filename: str):
    """Open a gzip file to read what is packed in it.

    MicroPython sets memory aside for the window of 32 KB that the format allows, unless it is told how much is packed.

    :raises ImportError: on a board without the module `deflate`.
    """
    if not MICROPYTHON:
        from gzip import open as open_packed

        return open_packed(filename, "rb")
    from deflate import GZIP, DeflateIO

    file = open(filename, "rb")  # noqa: SIM115 - DeflateIO closes it
    try:
        file.seek(-4, 2)
        size = int.from_bytes(file.read(4), "little")  # the last field, ISIZE (RFC 1952, section 2.3.1)
        file.seek(0)
        bits = 5
        while bits < 15 and size > 1 << bits:
            bits += 1
        return DeflateIO(file, GZIP, bits, True)
    except BaseException:
        file.close()
        raise


def media_type(filename: str, types: "dict[str, str]") -> str:
    """Return the media type for a file's name, `application/octet-stream` if its extension is unknown."""
    return types.get(filename.rsplit(".", 1)[-1].lower(), "application/octet-stream")


def respond_with_file(
    cls,
    filename,
    status_code: int = 200,
    content_type: "str | None" = None,
    stream=None,
    max_age: "int | None" = None,
    compressed: "bool | str" = False,
    file_extension: str = "",
    sibling: bool = True,
):
    """Return a response of the class *cls*; the other parameters are those of `Response.send_file()`.

    :param sibling: whether a sibling with `.gz` may be sent instead.
    """
    filename = fspath(filename)
    if not content_type:
        packed = compressed and filename.endswith(".gz")
        content_type = media_type(filename[:-3] if packed else filename, cls.types_map)
    headers = {"Content-Type": content_type}
    if max_age is None:
        max_age = cls.default_send_file_max_age
    if max_age is not None:
        headers["Cache-Control"] = "max-age=" + str(max_age)
    if compressed:
        headers["Content-Encoding"] = compressed if isinstance(compressed, str) else "gzip"
    response = cls(body=b"" if stream is None else stream, status_code=status_code, headers=headers)
    if stream is None:
        response.body = body = FileBody(filename + file_extension, sibling and not compressed)
        body.describe(response.headers)
    return response


def _matches(field, etag):
    """Return whether a list of entity tags holds *etag* by weak comparison (RFC 9110, section 13.1.2)."""
    return field.strip() == "*" or etag in [tag.strip().replace("W/", "", 1) for tag in field.split(",")]


def _accepts_gzip(field):
    """Return whether an Accept-Encoding field accepts gzip (RFC 9110, section 12.5.3); an empty one does not."""
    accepts = False
    for item in field.lower().split(","):
        coding, _, weight = item.partition(";")
        coding = coding.strip()
        if coding == "gzip" or coding == "*":
            accepts = weight.replace(" ", "").rstrip("0") not in ("q=", "q=0.")
            if coding == "gzip":
                break
    return accepts


class FileBody:
    """An open file as the body of a response: it is read, to the end of what is to be sent, and closed like any file.

    The same content may exist as a sibling, a file whose name has `.gz` in addition. It is sent to clients that accept
    gzip, unless it is older. If there is only the sibling, other clients get it unpacked.

    :param filename: the file's name.
    :param sibling: whether to look for a sibling.
    :raises OSError: if there is no such file.
    """

    _modified: "str | None" = None  # boards whose filesystem keeps no times show none
    _etag: "str | None" = None

    def __init__(self, filename: str, sibling: bool):
        self._name = filename if sibling else None
        self._packed_only = False
        try:
            self._open(filename)
        except OSError as error:
            if not sibling or error.errno != _NO_SUCH_FILE:
                raise
            try:
                self._open_packed_only()
            except OSError as packed_error:
                raise (error if packed_error.errno == _NO_SUCH_FILE else packed_error) from None

    def _open_packed_only(self):
        self._packed_only = True
        try:
            self._open(self._name + ".gz", unpack=True)
        except ImportError:
            self._open(self._name + ".gz", "gzip")

    def _open(self, filename, coding=None, unpack=False):
        size, mtime, version = stat(filename)
        self._file = open_gzip(filename) if unpack else open(filename, "rb")  # noqa: SIM115 - close() closes it
        self._mtime = mtime
        self._left = None if unpack else size  # bytes to read; None: to the file's end
        self._coding = coding
        if mtime > 0:
            self._modified = format_date(time.gmtime(mtime))
            self._etag = '"%x-%x%s"' % (version, size, "-gz" if coding else "-unpacked" if unpack else "")

    def describe(self, headers) -> None:
        """Set the header fields that tell what is in the body."""
        if self._left is None:
            headers.pop("Content-Length", None)
            headers.pop("Accept-Ranges", None)
        else:
            headers["Content-Length"] = str(self._left)
            headers["Accept-Ranges"] = "bytes"
        if self._modified:
            headers["Last-Modified"] = self._modified
            headers["ETag"] = self._etag
        if self._coding:
            headers["Content-Encoding"] = self._coding

    # The methods of a file

    def read(self, n: int = -1) -> bytes:
        """Return up to *n* bytes, the rest if *n* is negative; `b''` at the end."""
        if self._left is None:
            return self._file.read(n)
        data = self._file.read(self._left if n < 0 else min(n, self._left))
        self._left -= len(data)
        return data

    def readinto(self, buffer) -> int:
        """Read into a buffer; return the number of bytes, 0 at the end."""
        if self._left is None:
            return self._file.readinto(buffer)
        n = self._file.readinto(memoryview(buffer)[: min(self._left, len(buffer))])
        self._left -= n
        return n

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    # The response to a request

    def adapt(self, response, request) -> None:
        """Choose the sibling, answer a conditional request with 304 or 412, and a range with 206 or 416.

        :raises HTTPException: 406 if the client does not accept gzip, and there is only gzip to send.
        """
        if response.status_code == 200 and request.method in ("GET", "HEAD"):
            if self._name:
                self._negotiate(response, request)
            if self._precondition_failed(request):
                self._drop(response, 412)
                return
            if self._not_modified(request):
                self._drop(response, 304)
                return
            range_field = request._header(b"range") if request.method == "GET" and self._left is not None else None
            if range_field and not self._select_range(response, request, range_field):
                return
        small = self._left is not None and self._left <= max(response.send_file_buffer_size, MIN_FILE_CHUNK)
        if small and request.method != "HEAD":  # it goes out with the head
            try:
                response.body = self.read()
            finally:
                self.close()

    def _negotiate(self, response, request):
        if not self._packed_only:
            try:
                if stat(self._name + ".gz")[1] < self._mtime:
                    return
            except OSError:
                return
        response.vary("Accept-Encoding")
        if _accepts_gzip(request._header(b"accept-encoding") or ""):
            if not self._coding:
                plain = self._file
                try:
                    self._open(self._name + ".gz", "gzip")
                except OSError:  # it may not be read, or is a folder
                    return
                plain.close()
                self.describe(response.headers)
        elif self._coding:
            self.close()
            raise HTTPException(406, error_text(406), {"Vary": "Accept-Encoding"})

    def _precondition_failed(self, request):
        field = request._header(b"if-match")
        if field is not None:
            return field.strip() != "*" and self._etag not in [tag.strip() for tag in field.split(",")]
        field = request._header(b"if-unmodified-since")
        limit = parse_date(field) if field and self._modified else None
        return limit is not None and limit < parse_date(self._modified)

    def _not_modified(self, request):
        field = request._header(b"if-none-match")
        if field is not None:
            return self._etag is not None and _matches(field, self._etag)
        field = request._header(b"if-modified-since")
        since = parse_date(field) if field and self._modified else None
        return since is not None and since >= parse_date(self._modified)

    def _drop(self, response, status_code):
        self.close()
        response.status_code = status_code
        response.body = b""
        for name in ("Content-Length", "Content-Type", "Content-Encoding"):
            response.headers.pop(name, None)

    def _select_range(self, response, request, field):
        """Leave only the range that *field* asks for; return whether there is still a body to send.

        A field that is not understood is ignored (RFC 9110, section 14.2), and so is one with several ranges.
        """
        size = self._left
        condition = request._header(b"if-range")
        if condition and condition not in (self._etag, self._modified):
            return True
        unit, _, spec = field.partition("=")
        first, dash, last = spec.strip().partition("-")
        if unit.strip().lower() != "bytes" or not dash or (first + last).strip("0123456789"):
            return True
        if not 0 < max(len(first), len(last)) < 16:
            return True
        if not first:
            start, end = max(size - int(last), 0), size
        else:
            start, end = int(first), min(int(last) + 1, size) if last else size
            if last and int(last) < start:
                return True
        if start >= end:
            self._drop(response, 416)
            response.headers["Content-Range"] = "bytes */%d" % size
            return False
        self._file.seek(start)
        self._left = end - start
        response.status_code = 206
        response.headers["Content-Length"] = str(end - start)
        response.headers["Content-Range"] = "bytes %d-%d/%d" % (start, end - 1, size)
        return True
