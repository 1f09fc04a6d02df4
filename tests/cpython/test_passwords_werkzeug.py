"""Hashes of passwords against Werkzeug, both ways."""

import pytest
from werkzeug.security import check_password_hash, generate_password_hash

from microdot.passwords import hash_password, verify_password

PASSWORDS = ["", "pässwörd"]


@pytest.mark.parametrize("method", ["scrypt:1024:8:1", "scrypt", "pbkdf2:sha256:10"])
async def test_we_verify_werkzeugs_hashes(method):
    for password in PASSWORDS:
        stored = generate_password_hash(password, method)
        assert await verify_password(password, stored)
        assert not await verify_password(password + "x", stored)


@pytest.mark.parametrize("iterations", [None, 10, 10000])
async def test_werkzeug_verifies_our_hashes(iterations):
    for password in PASSWORDS:
        stored = await hash_password(password, iterations)
        assert check_password_hash(stored, password)
        assert not check_password_hash(stored, password + "x")
