"""The committed size table: nothing grows unnoticed."""

import json

import pytest
from needs import needed

from firmware_tools import manifests, sizes
from firmware_tools.console import FirmwareError


def test_modules_have_not_grown():
    with needed():
        sizes.check_growth(sizes.measure())


def test_firmware_has_not_grown(source):
    with needed():
        sizes.check_growth(sizes.measure(firmware=True))


def test_the_table_names_the_modules_that_there_are():
    assert set(sizes.committed()["mpy"]) == {*manifests.modules("all"), "total"}


@pytest.fixture
def table(monkeypatch, tmp_path):
    """A table of its own for one test."""
    path = tmp_path / "sizes.json"
    path.write_text(json.dumps({"mpy": {"app": 4000, "urls": 100}, "rp2040_heap": {"import": 5000}}))
    monkeypatch.setattr(sizes, "TABLE", path)
    return path


def test_two_per_cent_are_allowed(table):
    sizes.check_growth({"mpy": {"app": 4096, "urls": 118}})


def test_less_is_never_an_error(table):
    sizes.check_growth({"mpy": {"app": 1}, "rp2040_heap": {"import": 0}})


@pytest.mark.parametrize("measured, message", [
    ({"mpy": {"app": 9000}}, "; if that is on purpose, run `python tools/firmware size --update` and commit"),
    ({"mpy": {"app": 9000}, "rp2040_flash": {"core": 1}}, "run `python tools/firmware size --firmware --update` and"),
    ({"rp2040_heap": {"import": 9000}}, "run `python tools/bench/chip.py --alone --update` and commit the table$"),
    ({"rp2040_installed": {"get": 9000}}, "run `python tools/bench/chip.py --installed mpy --alone --update` and"),
    ({"mpy": {"app": 4097, "urls": 100}}, "mpy app 4097 bytes, 97 more than the table's 4000;"),
    ({"mpy": {"app": 4000, "urls": 119, "new": 5}}, "mpy urls 119 bytes, 19 more .*, mpy new 5 bytes, not in"),
])
def test_more_fails_until_the_table_is_updated(table, measured, message):
    with pytest.raises(FirmwareError, match=message):
        sizes.check_growth(measured)
    sizes.update(measured)
    sizes.check_growth(measured)


def test_an_update_keeps_what_was_not_measured(table):
    sizes.update({"mpy": {"app": 1}})
    assert json.loads(table.read_text()) == {"mpy": {"app": 1}, "rp2040_heap": {"import": 5000}}
