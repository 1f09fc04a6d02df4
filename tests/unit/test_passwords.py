"""Hashes of passwords."""

import asyncio
import hashlib
from binascii import hexlify

from microdot import passwords
from microdot.passwords import hash_password, pbkdf2, verify_password
from support import raises

# password, salt, iterations, PBKDF2-HMAC-SHA256; the first is from RFC 7914, section 11, the others are from OpenSSL
KEYS = (
    ("passwd", "salt", 1, b"55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"),
    ("password", "salt", 2, b"ae4d0c95af6b46d32d0adff928f06dd02a303f8ef3c251dfd6e2d85a95474c43"),
    ("password", "salt", 300, b"bac6cf0eb54376c80163ca7bcd4a7549ede138b3257bec5ca11af90c9a11aa00"),
    ("p" * 100, "sält", 65, b"c1e1995da8d83e9bd391280aca78ba3ad194a0fbf1c7fc574a3d1bcfded8a0d9"),
)
# RFC 7914, section 12
SCRYPT = (
    "scrypt:1024:8:16$NaCl$fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
    "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"
)
PBKDF2 = "pbkdf2:sha256:2$salt$ae4d0c95af6b46d32d0adff928f06dd02a303f8ef3c251dfd6e2d85a95474c43"


async def test_pbkdf2():
    for password, salt, iterations, key in KEYS:
        assert hexlify(await pbkdf2(password, salt, iterations)) == key
        assert hexlify(await pbkdf2(password.encode(), salt.encode(), iterations)) == key


async def test_pbkdf2_without_hashlibs_own():
    """The same keys by the code for boards, on each runtime."""

    class Hashlib:
        sha256 = hashlib.sha256

    passwords.hashlib = Hashlib
    try:
        for password, salt, iterations, key in KEYS:
            assert hexlify(await pbkdf2(password, salt, iterations)) == key
        assert (await hash_password("x", 3)).startswith("pbkdf2:sha256:3$")
    finally:
        passwords.hashlib = hashlib


async def test_other_tasks_run_meanwhile():
    class Hashlib:
        sha256 = hashlib.sha256

    turns = []

    async def count():
        while True:
            turns.append(1)
            await asyncio.sleep(0)

    passwords.hashlib = Hashlib
    task = asyncio.create_task(count())
    try:
        await pbkdf2("password", "salt", 640)
    finally:
        passwords.hashlib = hashlib
        task.cancel()
    assert len(turns) >= 9


async def test_hash_and_verify():
    for password in "secret", "", "pässwörd \0", "x" * 300:
        stored = await hash_password(password, 10)
        method, salt, digest = stored.split("$")
        assert method == "pbkdf2:sha256:10" and len(salt) == 16 and len(digest) == 64
        assert await verify_password(password, stored)
        for other in password + "x", " " + password, password[:-1] + "?", "Secret":
            assert not await verify_password(other, stored)


async def test_same_password_has_different_hashes():
    assert await hash_password("secret", 2) != await hash_password("secret", 2)


async def test_default_method():
    stored = await hash_password("secret")
    if hasattr(hashlib, "scrypt"):
        assert stored.startswith("scrypt:32768:8:3$")
    else:
        assert stored.startswith("pbkdf2:sha256:10000$")
    assert await verify_password("secret", stored) and not await verify_password("Secret", stored)


async def test_hashes_made_elsewhere():
    assert await verify_password("password", PBKDF2) and not await verify_password("passwore", PBKDF2)
    if hasattr(hashlib, "scrypt"):
        assert await verify_password("password", SCRYPT) and not await verify_password("passwore", SCRYPT)
    else:
        with raises(ValueError):
            await verify_password("password", SCRYPT)


async def test_changed_hashes_are_refused():
    for i in range(PBKDF2.index("$"), len(PBKDF2)):
        changed = PBKDF2[:i] + "0" + PBKDF2[i + 1 :]
        assert changed == PBKDF2 or i == PBKDF2.index("$") or not await verify_password("password", changed)
    assert not await verify_password("password", PBKDF2[:-1])
    assert not await verify_password("password", PBKDF2 + "0")


async def test_malformed_hashes():
    malformed = "", "secret", "$", "md5$salt$00", "pbkdf2:sha256", "pbkdf2:sha256:x$a$b", "scrypt:1$a$b"
    for stored in malformed + ("pbkdf2:sha256:0$a$b",):
        with raises(ValueError):
            await verify_password("password", stored)


async def test_unknown_user_takes_the_same_work():
    done = []
    original = passwords._hash

    async def recording(password, method, salt):
        done.append(method)
        return method + "$" + salt + "$00"

    passwords._hash = recording
    try:
        stored = await hash_password("secret")
        assert await verify_password("secret", None) is False
        await verify_password("secret", stored)
    finally:
        passwords._hash = original
    assert len(done) == 3 and done[0] == done[1] == done[2]


async def test_hashes_are_compared_in_constant_time():
    compared = []
    original = passwords.compare_digest

    def recording(a, b):
        compared.append(b)
        return original(a, b)

    passwords.compare_digest = recording
    try:
        assert await verify_password("password", PBKDF2)
    finally:
        passwords.compare_digest = original
    assert compared == [PBKDF2]
