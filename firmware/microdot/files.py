"""Responses with a file in their body: validators, conditional requests and ranges (RFC 9110, sections 8.8, 13, 14)."""

import os
import time

from ._compat import MIN_FILE_CHUNK
from .bodies import FileChunks
from .dates import format_date, parse_date
from .response import Response

_TYPE = 0xF000  # of a file's mode
_FILE = 0x8000


def stat(filename: str) -> "tuple[int, int, int]":
    """Return a regular file's size in bytes, its time of modification in seconds, and that as exactly as it is known.

    :raises OSError: if there is none.
    """
    status = os.stat(filename)
    if status[0] & _TYPE != _FILE:  # to open a pipe would stop everything else
        raise OSError(22, "Not a regular file")
    return status[6], status[8], getattr(status, "st_mtime_ns", status[8])


def media_type(filename: str) -> str:
    """Return the media type for a file's name, `application/octet-stream` if its extension is unknown."""
    return Response.types_map.get(filename.rsplit(".", 1)[-1].lower(), "application/octet-stream")


def _matches(field, etag):
    """Whether a list of entity tags holds *etag* by weak comparison (RFC 9110, section 13.1.2)."""
    return field.strip() == "*" or etag in [tag.strip().replace("W/", "", 1) for tag in field.split(",")]


class FileResponse(Response):
    """The response that `Response.send_file()` makes; its parameters are described there."""

    #: Whether the file's name with `.gz` may be sent instead, where it is there.
    compressed_sibling = True

    def __init__(self, filename, status_code, content_type, stream, max_age, compressed, file_extension):
        super().__init__(b"", status_code)
        headers = self.headers
        if compressed and not content_type and filename.endswith(".gz"):
            content_type = media_type(filename[:-3])
        headers["Content-Type"] = content_type or media_type(filename)
        if max_age is None:
            max_age = self.default_send_file_max_age
        if max_age is not None:
            headers["Cache-Control"] = "max-age=" + str(max_age)
        if compressed:
            headers["Content-Encoding"] = compressed if isinstance(compressed, str) else "gzip"
        self._remaining = None
        self._etag = None
        self._modified = None
        self._filename = None
        if stream is not None:
            self.body = stream
        else:
            self._open(filename + file_extension)
            if not compressed:
                self._filename = filename

    def _open(self, filename, suffix=""):
        size, self._mtime, version = stat(filename)
        self.body = open(filename, "rb")  # noqa: SIM115 - closed when the response has been sent
        self._remaining = size
        headers = self.headers
        headers["Content-Length"] = str(size)
        headers["Accept-Ranges"] = "bytes"
        if self._mtime > 0:  # boards whose filesystem keeps no times show none
            self._modified = headers["Last-Modified"] = format_date(time.gmtime(self._mtime))
            self._etag = headers["ETag"] = '"%x-%x%s"' % (version, size, suffix)

    def prepare(self, request) -> None:
        """Choose a compressed sibling, answer a conditional request with 304 or 412 and a range with 206 or 416."""
        if self.status_code == 200 and request.method in ("GET", "HEAD"):
            if self._filename and self.compressed_sibling:
                self._negotiate(request)
            if self._precondition_failed(request):
                self._drop_body(412)
            elif self._not_modified(request):
                self._drop_body(304)
            elif self._remaining is not None and request.method == "GET" and request._header(b"range"):
                self._select_range(request)
        if self._remaining is not None and request.method != "HEAD":
            self._load()

    def _load(self):
        """Read a small file: it goes out with the head."""
        size = self._remaining
        if size <= max(self.send_file_buffer_size, MIN_FILE_CHUNK) and not isinstance(self.body, bytes):
            file = self.body
            try:
                self.body = file.read(size)
            finally:
                file.close()
            if len(self.body) < size:  # it has become shorter
                self.headers["Content-Length"] = str(len(self.body))

    def _negotiate(self, request):
        name = self._filename + ".gz"
        try:
            if stat(name)[1] < self._mtime:
                return
        except OSError:
            return
        self.vary("Accept-Encoding")
        for coding in (request._header(b"accept-encoding") or "").lower().split(","):
            coding, _, weight = coding.partition(";")
            if coding.strip() == "gzip" and weight.replace(" ", "").rstrip("0") not in ("q=", "q=0."):
                self.body.close()
                self._open(name, "-gz")
                self.headers["Content-Encoding"] = "gzip"
                return

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

    def _drop_body(self, status_code):
        self.status_code = status_code
        self.body.close()
        self.body = b""
        for name in ("Content-Length", "Content-Type", "Content-Encoding"):
            self.headers.pop(name, None)

    def _select_range(self, request):
        size = self._remaining
        condition = request._header(b"if-range")
        if condition and condition not in (self._etag, self._modified):
            return
        unit, _, spec = request._header(b"range").partition("=")
        first, dash, last = spec.strip().partition("-")
        # What is not understood is ignored (RFC 9110, section 14.2), several ranges included.
        if unit.strip().lower() != "bytes" or not dash or (first + last).strip("0123456789"):
            return
        if not 0 < max(len(first), len(last)) < 16:
            return
        if not first:
            start, end = max(size - int(last), 0), size
        else:
            start, end = int(first), min(int(last) + 1, size) if last else size
            if last and int(last) < start:
                return
        if start >= end:
            self._drop_body(416)
            self.headers["Content-Range"] = "bytes */%d" % size
            return
        self.body.seek(start)
        self.status_code = 206
        self._remaining = end - start
        self.headers["Content-Length"] = str(end - start)
        self.headers["Content-Range"] = "bytes %d-%d/%d" % (start, end - 1, size)

    def body_iter(self):
        """Return the file's bytes, or those of the range, as an asynchronous iterator."""
        if isinstance(self.body, bytes):
            return super().body_iter()
        chunks = super().body_iter()
        if isinstance(chunks, FileChunks):
            chunks.remaining = self._remaining
        return chunks
