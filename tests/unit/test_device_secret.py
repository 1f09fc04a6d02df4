"""The passphrase of a board, and the names under which it answers."""

import os

from microdot.checks import CheckError
from microdot.device._hosts import own_hosts
from microdot.device._secret import ALPHABET, SIZE, secret
from microdot.device._settings import Settings
from support import folder, raises

PATH = folder() + "/device-secret.json"


def make(text=None):
    """Return settings whose file has *text*, or is not there."""
    try:
        os.remove(PATH)
    except OSError:
        pass
    if text is not None:
        with open(PATH, "w") as file:
            file.write(text)
    return Settings(PATH)


def test_the_secret_is_made_once():
    settings = make()
    text = secret(settings)
    assert len(text) == SIZE == 10 and not text.strip(ALPHABET)
    assert secret(settings) == text and secret(Settings(PATH)) == text
    assert secret(make()) != text
    assert len(ALPHABET) == len(set(ALPHABET)) == 32


def test_a_secret_that_comes_with_the_image_stays():
    assert secret(make('{"device": {"secret": "on-the-label"}}')) == "on-the-label"


def test_a_secret_that_cannot_be_saved_stays_until_the_restart():
    settings = Settings(folder() + "/no-such-folder/settings.json")
    text = secret(settings)
    assert len(text) == SIZE and secret(settings) == text


def test_a_secret_that_no_network_takes_is_replaced():
    for wrong in ("seven77", "x" * 64, "gr\u00fcner Tee", "tab\there!"):
        settings = make()
        with raises(CheckError):
            settings.save(device={"secret": wrong})
        with open(PATH, "w") as file:
            file.write('{"device": {"secret": "%s"}}' % wrong.replace("\t", "\\t"))
        assert len(secret(Settings(PATH))) == SIZE
    for right in ("eight888", "with spaces and ~!", "x" * 63):
        settings = make()
        settings.save(device={"secret": right})
        assert secret(Settings(PATH)) == right


def test_own_hosts():
    hosts = own_hosts(make('{"device": {"name": "attic"}}'), "192.168.4.1", None)
    for host in ("attic", "attic.local", "ATTIC.local:80", "192.168.4.1", "192.168.4.1:80", "localhost:80", "[::1]:80"):
        assert hosts.is_allowed(host), host
    for host in ("", "None", "evil.example", "attic.local.evil.example", "xattic.local", "192.168.4.10", "a.localhost"):
        assert not hosts.is_allowed(host), host
