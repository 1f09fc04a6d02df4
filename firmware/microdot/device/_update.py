"""A new version of the application, as it comes over the network.

The body of a request is a list of the files, with a line of size, SHA-256 in hexadecimal and name for each, followed by
their contents in the same order. The field `Update-List` is the size of the list in bytes. `Update-Signature` proves
that the sender has the board's secret: it is the HMAC-SHA256, in hexadecimal, of

    microdot update NONCE SHA-256-OF-THE-LIST

with the secret as its key. The board chooses the nonce, and accepts it once, so that nobody can record an update and
send it again. Before the signature has been checked, the board trusts nothing in the list and writes nothing. The list
contains the digests of the contents, so the signature covers them, too.
"""

import asyncio
import os
from binascii import hexlify
from hashlib import sha256

from .._digests import compare_digest, hmac_sha256, random_text
from ..errors import HTTPException
from ._versions import GOOD, make_folders, remove

#: Size in bytes of the longest list. The list is in memory while an update arrives.
MAX_LIST = 8 * 1024
_MAX_NAME = 100
_PIECE = 1024
_BLOCK = 4096  # bytes of flash; each file takes a whole number of blocks
_SPARE = 16 * 1024  # bytes of flash that stay free for settings and the like
_FORBIDDEN = '\\:*?"<>|\x7f'


class Updates:
    """Receives one update at a time.

    :param versions: the board's `Versions`.
    :param hardware: the module `_hardware`, or what has its functions.
    :param log: the `Log`.
    :param secret: function that returns the board's secret.
    :param nonce: the nonce of the first update.
    """

    #: The bytes of the contents that have arrived, and the bytes in all; None while no update arrives.
    progress: "tuple[int, int] | None" = None

    def __init__(self, versions, hardware, log, secret, nonce: str):
        self._versions = versions
        self._hardware = hardware
        self._log = log
        self._secret = secret
        self._busy = False
        #: What the signature of the next update must contain.
        self.nonce = nonce

    def is_signed(self, request, text: bytes) -> bool:
        """Return whether a request has the signature of a text, with the nonce that is valid now."""
        signature = request.headers.get("Update-Signature") or ""
        return bool(signature) and compare_digest(sign(self._secret(), self.nonce, text), signature)

    async def receive(self, request, throttle) -> str:
        """Receive an update, and let the next start try it; return its name.

        :param throttle: a `Throttle`, for wrong signatures.
        :raises HTTPException: if it is not valid or does not fit. The board keeps its version then.
        """
        try:
            self._check_free()
            listed = await _read_list(request)
            self._check_free()  # another one may have been quicker
            await throttle.attempt(request, "device")
            digest = hexlify(sha256(listed).digest())
            if not self.is_signed(request, digest):
                raise HTTPException(403, "The signature is wrong: check the passphrase, and send the update again")
            self.nonce = random_text()  # whoever has recorded this update cannot send it again
            self._busy = True  # not before: a stranger whose list comes slowly would keep the owner out
            try:
                await throttle.succeed(request)
                return await self._receive(request, listed, digest)
            finally:
                self._busy = False
                self.progress = None
        except EOFError:
            raise HTTPException(400, "Only a part of the update has arrived: send it again") from None

    def _check_free(self):
        if self._versions.state != GOOD:
            raise HTTPException(409, "The last update is still on trial: wait until the board has confirmed it")
        if self._busy:
            raise HTTPException(409, "Another update is under way: wait until it has ended")

    async def _receive(self, request, listed, digest):
        total, blocks = _check(listed)
        size = len(listed) + total
        if request.content_length and request.content_length != size:
            raise HTTPException(400, "The body has %d bytes, and its list says %d" % (request.content_length, size))
        folder = self._versions.path(self._versions.spare())
        received = False
        try:
            remove(folder)  # an older version, which is no longer in use
            free = self._hardware.flash_free()
            if blocks + _SPARE > free:
                text = "The update needs %d KB of flash, and only %d KB are free: nothing has changed"
                raise HTTPException(507, text % ((blocks + _SPARE + 1023) // 1024, free // 1024))
            await self._write(request.stream, listed, folder, total)
            name = digest[:12].decode()
            self._versions.switch(name)
            received = True
        except OSError as error:
            if error.errno == 28:  # ENOSPC
                raise HTTPException(507, "The flash is full: nothing has changed") from None
            raise HTTPException(500, "The update cannot be written: %r; nothing has changed" % error) from None
        finally:
            if not received:
                self._clean(folder)
        self._log.write("Update: %s has arrived" % name)
        return name

    async def _write(self, stream, listed, folder, total):
        """Write the contents, and check each file when it has arrived."""
        self._log.write("Update: receiving %d bytes" % total)
        make_folders(folder + "/", len(folder) - len("versions/a"))
        done = 0
        for size, digest, name in _lines(listed):
            path = folder + "/" + name
            make_folders(path, len(folder) + 1)
            if _exists(path):
                raise HTTPException(400, "The list names %s twice" % name)
            found = sha256()
            with open(path, "wb") as file:
                while size:
                    data = await stream.read(min(size, _PIECE))
                    if not data:
                        raise EOFError
                    file.write(data)
                    found.update(data)
                    size -= len(data)
                    done += len(data)
                    self.progress = done, total
            if hexlify(found.digest()).decode() != digest:
                raise HTTPException(400, "The content of %s is not what the list says: send the update again" % name)
            await asyncio.sleep(0)  # let other requests run, even if the whole body has arrived

    def _clean(self, folder):
        try:
            remove(folder)
        except OSError as error:  # the next update tries again
            self._log.write("Cannot remove %s: %r" % (folder, error))


def sign(secret: str, nonce: str, text: bytes) -> str:
    """Return the signature of a text."""
    message = b"microdot update " + nonce.encode() + b" " + text
    return hexlify(hmac_sha256(secret.encode(), message)).decode()


async def _read_list(request):
    """Return the list of an update, as bytes.

    :raises HTTPException: 400 if its size is missing or malformed, 413 if it is too long.
    """
    text = request.headers.get("Update-List", "")
    if not text or len(text) > 9 or text.strip("0123456789"):
        raise HTTPException(400, "Update-List must be the size of the list in bytes, not %s" % (text[:20] or "missing"))
    if int(text) > MAX_LIST:
        error = "The update has too many files: its list has %s bytes, and may have at most %d bytes, about 90 files"
        raise HTTPException(413, error % (text, MAX_LIST))
    return await request.stream.readexactly(int(text))


def _lines(listed):
    """Yield the lines of a list as (size, digest, name), one at a time, because all of them would take much memory."""
    start = 0
    while start < len(listed):
        end = listed.find(b"\n", start)
        if end < 0:
            raise ValueError("a line without its end")
        size, digest, name = listed[start:end].decode().split(" ", 2)
        if size.strip("0123456789") or len(size) > 9 or len(digest) != 64:
            raise ValueError(listed[start:end])
        yield int(size), digest, name
        start = end + 1


def _check(listed):
    """Return the size of all contents, and the bytes of flash that they take.

    :raises HTTPException: 400 for a list that is malformed or has a name that is not allowed.
    """
    total = blocks = 0
    has_app = False
    try:
        for size, _, name in _lines(listed):
            error = name_error(name)
            if error:
                raise HTTPException(400, "The name %s %s" % (name[:_MAX_NAME], error))
            total += size
            blocks += (size + _BLOCK - 1) // _BLOCK * _BLOCK
            has_app = has_app or name in ("app.py", "app.mpy", "app/__init__.py", "app/__init__.mpy")
    except ValueError:  # also of decode()
        raise HTTPException(400, "The list of files is malformed") from None
    if not has_app:
        raise HTTPException(400, "The update has no app.py, which the board starts")
    return total, blocks


def name_error(name: str) -> "str | None":
    """Return what is wrong with the name of a file in an update, None if it may be written."""
    if len(name.encode()) > _MAX_NAME:
        return "is longer than %d bytes" % _MAX_NAME
    for part in name.split("/"):
        if part in ("", ".", ".."):
            return "is not a path in the application's folder"
    for character in name:
        if character < " " or character in _FORBIDDEN:
            return "has a character that is not allowed"
    return None


def _exists(path):
    try:
        os.stat(path)
    except OSError:
        return False
    return True
