"""The settings of a board, whatever happens to their file."""

import json
import os

from microdot.checks import CheckError, Field
from microdot.device import _settings
from microdot.device._fields import name_fields, network_name
from microdot.device._settings import Settings
from support import folder, raises

PATH = folder() + "/device-settings.json"
FIELDS = [Field("interval", int, default=60, minimum=1), Field("key", default="", secret=True)]


def make(text=None):
    """Return settings whose file has *text*, or is not there."""
    for ending in ("", ".new", ".bad"):
        try:
            os.remove(PATH + ending)
        except OSError:
            pass
    if text is not None:
        write(PATH, text)
    return read()


def read():
    """Return settings as a board has them after a restart."""
    settings = Settings(PATH)
    settings.declare(FIELDS)
    return settings


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def content(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return None


class Logged:
    """Takes the lines that the module logs."""

    def __enter__(self):
        self.lines = []
        self.original = _settings.log_error
        _settings.log_error = lambda line, error=None: self.lines.append(line)
        return self.lines

    def __exit__(self, *exc_info):
        _settings.log_error = self.original


def test_defaults_without_a_file():
    with Logged() as lines:
        settings = make()
        assert settings["interval"] == 60
        assert settings.device["name"] == "microdot" and settings.device["networks"] == ()
    assert lines == []
    assert content(PATH) is None
    with raises(KeyError):
        settings["other"]


def test_saves_and_reads():
    settings = make()
    settings.save(app={"interval": 5}, device={"name": "attic"})
    assert settings["interval"] == 5 and settings.device["name"] == "attic"
    settings.save(app={"key": "k"})
    settings = read()
    assert settings["interval"] == 5 and settings["key"] == "k" and settings.device["name"] == "attic"
    assert json.loads(content(PATH)) == {"app": {"interval": 5, "key": "k"}, "device": {"name": "attic"}}
    assert content(PATH + ".new") is None


def test_a_wrong_value_changes_nothing():
    settings = make('{"app": {"interval": 7}}')
    for app, device in (
        ({"interval": 0}, None),
        (None, {"name": "a b"}),
        (None, {"country": "de"}),
        (None, {"country": "D"}),
        ({"interval": 8}, {"name": "-"}),
    ):
        with raises(CheckError):
            settings.save(app=app, device=device)
        assert settings["interval"] == 7
        assert json.loads(content(PATH)) == {"app": {"interval": 7}}


def test_keeps_what_nobody_declared():
    settings = make('{"app": {"old": 1}, "device": {"later": [2]}, "more": 3}')
    settings.save(app={"interval": 5}, device={"name": "a"})
    assert json.loads(content(PATH)) == {
        "app": {"old": 1, "interval": 5}, "device": {"later": [2], "name": "a"}, "more": 3,
    }  # fmt: skip


def test_a_setting_needs_a_default():
    with raises(ValueError):
        make().declare([Field("interval", int)])


def test_files_that_are_none():
    for text in (
        "", "{", "[1]", "null", '"a"', "{'a': 1}", "\x00" * 50, '{"device": ' + "[" * 300, "5",
        '{"app": {"interval": 7}',
    ):  # fmt: skip
        with Logged() as lines:
            settings = make(text)
            assert settings["interval"] == 60, text
            assert settings.device["name"] == "microdot"
        assert len(lines) == 1 and PATH + ".bad" in lines[0], text
        assert content(PATH + ".bad") == text and content(PATH) is None
        settings.save(app={"interval": 5})
        assert read()["interval"] == 5


def test_a_huge_file_is_not_read():
    with Logged() as lines:
        settings = make('{"app": {"interval": 7}, "more": "' + "x" * _settings.MAX_SIZE + '"}')
        assert settings["interval"] == 60
    assert "larger than 16384 bytes" in lines[0]


def test_what_could_not_be_read_again_is_not_saved():
    settings = make('{"app": {"interval": 7}, "more": "' + "x" * (_settings.MAX_SIZE - 100) + '"}')
    settings.save(app={"interval": 8})
    with raises(OSError) as caught:
        settings.save(device={"ntp": "x" * 60, "secret": "y" * 60})
    assert "larger than 16384 bytes" in repr(caught.value)
    assert content(PATH + ".new") is None
    assert settings["interval"] == 8 and read()["interval"] == 8


def test_wrong_values_in_the_file_are_defaults():
    with Logged() as lines:
        settings = make('{"app": {"interval": 0, "key": "k"}, "device": {"name": 5, "country": "DE"}}')
        assert settings["interval"] == 60 and settings["key"] == "k"
        assert settings.device["name"] == "microdot" and settings.device["country"] == "DE"
    assert len(lines) == 2
    assert "interval must be at least 1" in lines[0] and "name must be text" in lines[1]
    with Logged() as lines:
        settings = make('{"app": 5, "device": []}')
        assert settings["interval"] == 60 and settings.device["name"] == "microdot"
    assert len(lines) == 2


def test_one_wrong_network_leaves_the_others():
    with Logged() as lines:
        networks = '[{"ssid": "a"}, {"ssid": "b", "password": "short"}, 5, {"ssid": "c"}]'
        settings = make('{"device": {"networks": ' + networks + "}}")
        assert [network["ssid"] for network in settings.device["networks"]] == ["a", "c"]
    assert len(lines) == 1


class Power:
    """The filesystem of a board whose power goes at its operation number *cut*; on FAT renaming has two steps."""

    def __init__(self, cut, fat):
        self.cut = cut
        self.fat = fat
        self.count = 0

    def step(self):
        self.count += 1
        if self.count == self.cut:
            raise MemoryError("the power is off")  # which the module does not catch

    def stat(self, path):
        return os.stat(path)

    def remove(self, path):
        self.step()
        os.remove(path)

    def rename(self, source, target):
        self.step()
        if self.fat:
            os.remove(target)
            self.step()
        os.rename(source, target)

    def open(self, path, mode="r"):
        if mode == "rb":
            return open(path, mode)
        self.step()
        return PoweredFile(self, path)


class PoweredFile:
    def __init__(self, power, path):
        self.power = power
        self.file = open(path, "w")  # noqa: SIM115

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.file.close()

    def write(self, text):
        half = len(text) // 2
        self.file.write(text[:half])
        self.power.step()
        self.file.write(text[half:])


def test_a_power_cut_at_any_operation_leaves_the_old_or_the_new():
    for fat in (False, True):
        seen = []
        for cut in range(1, 20):
            make('{"app": {"interval": 7}}')
            settings = read()
            power = Power(cut, fat)
            _settings.os = power
            _settings.open = power.open
            ended = False
            try:
                settings.save(app={"interval": 8})
                ended = True
            except MemoryError:
                pass
            finally:
                _settings.os = os
                del _settings.open
            with Logged() as lines:
                assert read()["interval"] in ((8,) if ended else (7, 8)), (fat, cut)
            assert lines == []
            seen.append(read()["interval"])
            read().save(app={"interval": 9})
            assert read()["interval"] == 9
            if ended:
                break
        assert ended and seen[0] == 7 and seen[-1] == 8
        assert cut > (4 if fat else 3)


def test_a_full_flash_changes_nothing():
    settings = make('{"app": {"interval": 7}}')
    assert settings["interval"] == 7

    def fail(path, mode="r"):
        raise OSError(28)

    _settings.open = fail
    try:
        with raises(OSError):
            settings.save(app={"interval": 8})
    finally:
        del _settings.open
    assert settings["interval"] == 7 and read()["interval"] == 7


def test_a_file_that_cannot_be_read_now_stays():
    for error in (OSError(5), MemoryError()):
        make('{"app": {"interval": 7}}')

        def fail(path, mode="r", error=error):
            raise error

        _settings.open = fail
        try:
            with Logged() as lines:
                settings = read()
                assert settings["interval"] == 60 and settings.device["name"] == "microdot"
            assert len(lines) == 2
            with raises(type(error)):
                settings.save(app={"interval": 5})
        finally:
            del _settings.open
        assert read()["interval"] == 7 and content(PATH + ".bad") is None


def test_networks():
    settings = make()
    settings.add_network({"ssid": "a", "password": "12345678"})
    settings.add_network({"ssid": "b"})
    settings.add_network({"ssid": "a", "password": "87654321"})
    networks = read().device["networks"]
    assert [network["ssid"] for network in networks] == ["a", "b"]
    assert networks[0]["password"] == "87654321" and networks[1]["password"] == ""
    for number in range(10):
        settings.add_network({"ssid": str(number)})
    assert [network["ssid"] for network in read().device["networks"]] == ["9", "8", "7", "6", "5", "4", "3", "2"]


def test_names_of_anything():
    for name in (b"home", "Küche".encode(), b"\xff\x00\xfe", b"'\"<&>\n", b"x" * 32, b"\xf0\x9f" * 16, b" "):
        settings = make()
        settings.add_network(name_fields(name))
        assert network_name(read().device["networks"][0]) == name


def test_wrong_networks():
    settings = make()
    good = {"ssid": "a", "password": "x" * 63}
    settings.add_network(good)
    settings.add_network({"ssid": "a", "password": "0f" * 32})
    for wrong in (
        {"ssid": ""}, {"ssid": "x" * 33}, {"ssid": "ä" * 17}, {"ssid_hex": "ff" * 33}, {"ssid_hex": "fff"},
        {"ssid_hex": "zz"}, {"password": "x" * 7}, {"password": "x" * 64}, {"password": "x" * 65},
        {"address": "1.2.3"}, {"address": "1.2.3.256/24"}, {"address": "1.2.3.4/33"}, {"gateway": "a.b.c.d"},
        {"dns": "1.2.3.4.5"}, {"address": "1.2.3.4/"}, {"address": "1..3.4"}, {"ssid": 5},
    ):  # fmt: skip
        with raises(CheckError):
            settings.save(device={"networks": [dict(good, **wrong)]})
    assert len(read().device["networks"]) == 1


def test_secrets_are_not_shown():
    settings = make()
    assert settings.shown()["device"]["secret"] is False
    settings.save(app={"key": "hidden-1"}, device={"secret": "hidden-2"})
    settings.add_network({"ssid": "a", "password": "hidden-33"})
    shown = settings.shown()
    assert "hidden" not in json.dumps(shown)
    assert shown["app"] == {"interval": 60, "key": True} and shown["device"]["secret"] is True
    assert shown["device"]["networks"][0]["password"] is True and shown["device"]["networks"][0]["ssid"] == "a"
