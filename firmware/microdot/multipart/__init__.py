"""Forms with files (`multipart/form-data`, RFC 7578), read as they arrive in a bounded amount of memory."""

import binascii
import gc
import os

from .._compat import MICROPYTHON, MIN_FILE_CHUNK, invoke_handler, log_error, wraps
from .._forms import MultiDict, too_many_fields
from .._request_body import AsyncBytesIO
from .._urls import decode
from ..errors import HTTPException
from ..uploads import save_stream
from .parser import MultipartParser, malformed, parse_options

if -0:  # for type checkers: MicroPython's compiler leaves this out, and Pyright reads it, unlike "if False"
    from typing import Any, Callable


class FormDataIter:
    """The fields and files of a form in their order: `async for name, value in FormDataIter(request)`.

    A field's value is a str. A file's is a `FileUpload`, which must be read or saved before the next step. A request
    without a body of type `multipart/form-data` has no fields and files.

    :raises HTTPException: 400 for a malformed form, 413 for one over the limits; while iterating, too.
    """

    #: Size in bytes of the pieces in which the body is read on a board. CPython reads larger ones.
    buffer_size = 256
    #: Limit of the number of files; that of fields and files together is `Request.max_fields`.
    max_files = 64
    #: Limit of the size in bytes of all fields together, without the files.
    max_fields_size = 16 * 1024

    def __init__(self, request) -> None:
        self._parser = None
        self._serial = 0
        self._size = max(self.buffer_size, MIN_FILE_CHUNK)
        content_type = request.content_type or ""
        if content_type[:19].lower() == "multipart/form-data":
            boundary = parse_options(content_type)[1].get("boundary", "").encode()
            if not 0 < len(boundary) <= 70 or b"\r" in boundary:
                raise malformed()
            self._parser = MultipartParser(boundary)
            self._stream = request.stream
            self._reserve = request.reserve
            self._max_parts = self._parts_left = request.max_fields
            self._files_left = self.max_files
            self._fields_left = self.max_fields_size

    def __aiter__(self) -> "FormDataIter":
        return self

    async def __anext__(self) -> "tuple[str, str | FileUpload]":
        parser = self._parser
        if not parser:
            raise StopAsyncIteration
        self._serial += 1  # the previous file can no longer be read, unless it was copied
        part = parser.next_part()
        while part is None:
            await self._fill()
            part = parser.next_part()
        if not part:
            while await self._stream.read(self._size):  # so that the connection can be used again
                pass
            self._parser = None
            raise StopAsyncIteration
        self._parts_left -= 1
        if self._parts_left < 0:
            raise too_many_fields(self._max_parts)
        name, filename, content_type = part
        if filename is None:
            return name, await self._read_field()
        self._files_left -= 1
        if self._files_left < 0:
            raise HTTPException(413, "Too many files: at most %d are allowed" % self.max_files)
        serial = self._serial

        async def read(n):
            if serial != self._serial:
                raise ValueError("copy() a file to read it later")
            return await self._read(n)

        return name, FileUpload(filename, content_type, read, self._reserve)

    async def _fill(self):
        self._parser.receive(await self._stream.read(self._size))

    async def _read(self, n):
        while True:
            data = self._parser.read_data(n)
            if data is not None:
                return data
            await self._fill()

    async def _read_field(self):
        value = bytearray()  # pieces may be small: a list of them would take many times their size
        while True:
            data = await self._read(self._size)
            if not data:
                return decode(value)
            self._fields_left -= len(data)
            if self._fields_left < 0:
                raise HTTPException(413, "Fields too large")
            self._reserve(len(data))
            value.extend(data)


class FileUpload:
    """A file in a form.

    `filename` is the client's name for the file: never open it as a path. `content_type` is the type that the client
    gives it, or None.
    """

    #: Size in bytes from which `copy()` uses a temporary file.
    max_memory_size = 1024
    #: Folder for temporary files on a board; `''` for the current one. CPython uses the system's.
    temporary_folder = ""

    def __init__(self, filename: str, content_type: "str | None" = None, read=None, reserve=None):
        self.filename = filename
        self.content_type = content_type
        self._read = read
        self._reserve = reserve
        self._file = None
        self._path = None

    @property
    def safe_filename(self) -> str:
        """The file name without folders and without characters that are special to a filesystem; never empty."""
        name = self.filename.replace("\\", "/").split("/")[-1]
        name = "".join([c for c in name if c >= " " and c not in '<>:"|?*\x7f'])
        return name[-60:].strip(" .") or "upload"

    async def read(self, n: int = -1) -> bytes:
        """Return the next *n* bytes, fewer only at the end; the whole rest if *n* is negative.

        :raises ValueError: if the iteration has gone on, or the file has been closed.
        """
        parts = []
        while n:
            data = await self._piece(n if n > 0 else 1024)
            if not data:
                break
            parts.append(data)
            if n > 0:
                n -= len(data)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def _piece(self, n):
        if not self._read:
            raise ValueError("the file is closed")
        return await self._read(n)

    async def save(self, path_or_file) -> int:
        """Write the file to the filesystem; return its size in bytes.

        :param path_or_file: an open file; or a path, at which the file appears when it is complete.
        :raises OSError: if it cannot be written.
        """
        return await save_stream(self._piece, path_or_file, max(FormDataIter.buffer_size, MIN_FILE_CHUNK))

    async def copy(self, max_memory_size: "int | None" = None) -> "FileUpload":
        """Keep the file, so that the iteration may go on; call `close()` when you are done with it.

        :param max_memory_size: size in bytes from which it is kept in a temporary file instead of memory.
        :raises OSError: if the temporary file cannot be written.
        """
        limit = max_memory_size or self.max_memory_size
        data = await self.read(limit)
        if len(data) < limit:
            if self._reserve:
                self._reserve(len(data))
            self._read = AsyncBytesIO(data).read
            return self
        try:
            file = self._file = self._open_temporary()
            file.write(data)
            await self.save(file)
            file.seek(0)
        except BaseException:
            self._discard()
            raise

        async def read(n):
            return file.read(n)

        self._read = read
        return self

    def _open_temporary(self):
        if not MICROPYTHON:
            from tempfile import TemporaryFile

            return TemporaryFile()
        folder = self.temporary_folder
        path = (folder + "/" if folder else "") + "upload-" + binascii.hexlify(os.urandom(6)).decode() + ".tmp"
        self._path = path  # set before the file exists, so that it is removed whatever fails
        return open(path, "w+b")

    async def close(self) -> None:
        """Free what `copy()` holds, memory or temporary file; `with_form_data` does this when the handler has ended."""
        self._discard()

    def _discard(self):
        self._read = None
        if self._file:
            self._file.close()
            self._file = None
        if self._path:
            try:
                self._remove()
            except MemoryError:
                gc.collect()
                self._remove()

    def _remove(self):
        try:
            os.remove(self._path)
        except OSError as error:
            if error.errno != 2:  # ENOENT: opening it failed
                raise
        self._path = None


class FormDict(dict):
    """Fields or files of a form: a plain dictionary of the first value of each key, and `getlist()` for all of them."""

    def __init__(self) -> None:
        super().__init__()
        self._all = MultiDict()

    def __setitem__(self, key: str, value: "Any") -> None:
        if key not in self:
            super().__setitem__(key, value)
        self._all[key] = value

    def __getitem__(self, key: str) -> "Any":
        return self._all[key]

    def get(self, key: str, default: "Any" = None, type: "Callable[[Any], Any] | None" = None) -> "Any":
        """Return the first value under *key*; the parameters are those of `MultiDict.get()`."""
        return self._all.get(key, default, type)

    def getlist(self, key, type=None) -> list:
        """Return all values under *key* in their order, converted by *type* if given; an empty list for none."""
        return self._all.getlist(key, type)


def with_form_data(f: "Callable[..., Any]") -> "Callable[..., Any]":
    """Decorate a route's handler so that `request.form` and `request.files` hold the fields and files of a form.

    The files are kept in memory or in temporary files until the handler has ended.
    """

    @wraps(f)
    async def wrapper(request, *args, **kwargs):
        uploads = []
        try:
            iterator = FormDataIter(request)
            if iterator._parser:
                form = FormDict()
                files = FormDict()
                async for name, value in iterator:
                    if isinstance(value, FileUpload):
                        uploads.append(value)
                        files[name] = await value.copy()
                    else:
                        form[name] = value
                request.set_form(form, files)
            return await invoke_handler(f, request, *args, **kwargs)
        finally:
            for upload in uploads:
                try:
                    upload._discard()
                except OSError as error:  # go on and close the others
                    log_error("Cannot remove an upload", error)

    return wrapper
