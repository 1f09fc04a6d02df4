"""Hashes of passwords: scrypt (RFC 7914) where hashlib has it, else PBKDF2 with HMAC-SHA256 (RFC 8018).

A hash is a text such as `scrypt:32768:8:3$salt$3b9a...` or `pbkdf2:sha256:10000$salt$77d1...`.
"""

import asyncio
import hashlib
from binascii import hexlify

from ._compat import MICROPYTHON, invoke_handler
from ._digests import compare_digest, hmac_pads, random_text, to_bytes

_SCRYPT = "scrypt:32768:8:3"
_PBKDF2 = "pbkdf2:sha256:"
#: Iterations of PBKDF2 in new hashes: as many as a board does in some seconds, or as are recommended for computers.
ITERATIONS = 10000 if MICROPYTHON else 600000


async def hash_password(password: str, iterations: "int | None" = None) -> str:
    """Return a hash of a password, with a random salt, to be kept instead of the password.

    :param iterations: use PBKDF2 with this number, for hashes that a board must verify; None: scrypt if hashlib has it.
    """
    scrypt = iterations is None and hasattr(hashlib, "scrypt")
    return await _hash(password, _SCRYPT if scrypt else _PBKDF2 + str(iterations or ITERATIONS), random_text(12))


async def verify_password(password: str, stored: "str | None", iterations: "int | None" = None) -> bool:
    """Return whether *password* is that of a hash made by `hash_password()`.

    :param stored: the hash; None for a user who does not exist, which takes as long as a wrong password.
    :param iterations: the value given to `hash_password()`, so that this takes as long for a user who does not exist.
    :raises ValueError: for a hash that is malformed, or of a kind that this Python's hashlib does not have.
    """
    if stored is None:
        await hash_password(password, iterations)
        return False
    method, _, rest = stored.partition("$")
    return compare_digest(await _hash(password, method, rest.partition("$")[0]), stored)


async def _hash(password, method, salt):
    name, _, parameters = method.partition(":")
    if name == "scrypt" and hasattr(hashlib, "scrypt"):
        n, r, p = [int(parameter) for parameter in parameters.split(":")]
        digest = await invoke_handler(_scrypt, password.encode(), salt.encode(), n, r, p)
    elif method.startswith(_PBKDF2):
        digest = await pbkdf2(password, salt, int(method[len(_PBKDF2) :]))
    else:
        raise ValueError("unknown kind of password hash: make it with hash_password()")
    return method + "$" + salt + "$" + hexlify(digest).decode()


def _scrypt(password, salt, n, r, p):
    return hashlib.scrypt(password, salt=salt, n=n, r=r, p=p, maxmem=(n + p + 2) * r * 128)


async def pbkdf2(password: "str | bytes", salt: "str | bytes", iterations: int) -> bytes:
    """Return PBKDF2-HMAC-SHA256 of a password, 32 bytes; other tasks run meanwhile.

    :raises ValueError: for fewer than one iteration.
    """
    password = to_bytes(password)
    salt = to_bytes(salt)
    if iterations < 1:
        raise ValueError("too few iterations: " + str(iterations) + "; use 1 or more")
    if hasattr(hashlib, "pbkdf2_hmac"):
        return await invoke_handler(hashlib.pbkdf2_hmac, "sha256", password, salt, iterations)
    sha256 = hashlib.sha256
    inner, outer = hmac_pads(password)
    block = salt + b"\0\0\0\1"
    result = 0
    for i in range(iterations):
        block = sha256(outer + sha256(inner + block).digest()).digest()
        result ^= int.from_bytes(block, "big")
        if not i & 15:
            await asyncio.sleep(0)
    return result.to_bytes(32, "big")
