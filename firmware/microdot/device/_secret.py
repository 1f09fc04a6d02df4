"""The passphrase of a board: it opens the board's own network and its pages."""

import os

from .._compat import log_error

#: Size of a passphrase that is made here, and what it consists of: 32 characters that are hard to confuse.
SIZE = 10
ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


def make_secret() -> str:
    """Return a new passphrase: random, never made from anything that others can see, such as the radio's address."""
    return "".join([ALPHABET[byte & 31] for byte in os.urandom(SIZE)])


def secret(settings) -> str:
    """Return the passphrase of the board: the one in its settings, else a random one, which is made once and saved.

    :param settings: the `Settings`. Settings that come with an image may hold a passphrase, for a label on the board.
    """
    text = settings.device["secret"]
    if not text:
        text = make_secret()
        try:
            settings.save(device={"secret": text})
        except OSError as error:
            log_error("Cannot save the passphrase, so it will change at the next start: " + repr(error))
            settings.device["secret"] = text
    return text
