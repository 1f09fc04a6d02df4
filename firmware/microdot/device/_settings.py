"""The settings of a board: one JSON file with a section for the board and one for the application.

    {"device": {"name": "greenhouse", "networks": [{"ssid": "home", "password": "..."}]}, "app": {"interval": 60}}

A power cut at any moment leaves the old or the new file: the text is written to another file, which then takes the name
of the first. FAT removes the first one before that; so if it is missing, the other one is read.

A board starts whatever the file holds. A value that cannot be used is replaced by its default, and the log names it. A
file that cannot be read at all is kept as `settings.json.bad`.
"""

import os

from .._compat import log_error
from ..checks import REQUIRED, CheckError, Field, Fields
from ..jsondata import dump_json, parse_json
from ._fields import MAX_NETWORKS, device_fields, network_name

#: A file larger than this, in bytes, is not read: it might take all memory.
MAX_SIZE = 16 * 1024


class Settings:
    """The settings in a file, which is read when a setting is first needed.

    `settings[name]` is a value of the application's section, for the fields that `declare()` was given.

    :param path: the path of the file.
    """

    def __init__(self, path: str = "settings.json"):
        self.path = path
        #: The fields of the application's section, in their order.
        self.fields = Fields([])
        self._data = None  # the file's content, undeclared fields included
        self._app = None
        self._device = None

    def declare(self, fields: "list[Field]") -> None:
        """Declare the application's fields; `app.py` calls this when it is imported.

        :raises ValueError: for a field without a default: a new board has no settings.
        """
        for field in fields:
            if field.default is REQUIRED:
                raise ValueError("the setting " + field.name + " needs a default")
        self.fields = Fields(fields)
        self._app = None

    @property
    def device(self) -> dict:
        """The values of the board's section; `save()` changes them."""
        if self._device is None:
            self._device = self._read_section("device", device_fields())
        return self._device

    def __getitem__(self, name: str):
        if self._app is None:
            self._app = self._read_section("app", self.fields)
        return self._app[name]

    def save(self, app: "dict | None" = None, device: "dict | None" = None) -> None:
        """Change values of the sections and write the file; other values stay.

        :raises CheckError: if a value is not as declared; nothing changes then.
        :raises OSError: if the file cannot be written, as when the flash is full, or would be larger than `MAX_SIZE`;
            nothing changes then.
        """
        data = dict(self._load())
        for name, fields, values in (("app", self.fields, app), ("device", device and device_fields(), device)):
            if values:
                checked = fields.check(values)
                section = dict(data[name]) if isinstance(data.get(name), dict) else {}
                section.update([(key, checked[key]) for key in values if key in checked])
                data[name] = section
        self._write(dump_json(data))
        self._data = data
        self._app = self._device = None

    def add_network(self, network: dict) -> None:
        """Save a network as the first one to join.

        It replaces a network of the same name. If there are too many, the last one is dropped.

        :raises CheckError, OSError: as `save()` does.
        """
        name = network_name(network)
        others = [known for known in self.device["networks"] if network_name(known) != name]
        self.save(device={"networks": [network] + others[: MAX_NETWORKS - 1]})

    def shown(self) -> dict:
        """Return both sections with their values; for a secret only whether it is set."""
        app = {field.name: self[field.name] for field in self.fields}
        return {"device": _shown(device_fields(), self.device), "app": _shown(self.fields, app)}

    # The file

    def _load(self):
        """Return the file's content, `{}` if there is none that can be used.

        :raises OSError, MemoryError: if the file cannot be read now.
        """
        if self._data is None:
            data = self._parse(self.path)
            if data is None:
                data = self._parse(self.path + ".new")  # the power went while FAT replaced the file
            self._data = {} if data is None else data
        return self._data

    def _parse(self, path):
        """Return the object in a file, or None; the log says why, unless the file does not exist."""
        try:
            if os.stat(path)[6] > MAX_SIZE:
                raise ValueError("larger than %d bytes" % MAX_SIZE)
            with open(path, "rb") as file:
                data = parse_json(file.read())
            if not isinstance(data, dict):
                raise ValueError("not an object")
            return data
        except OSError as error:
            if error.errno != 2:  # ENOENT
                raise
            return None
        except (ValueError, RuntimeError) as error:  # RuntimeError: nested too deep
            log_error("Cannot read the settings in " + path + ", which is now " + self.path + ".bad: " + repr(error))
            try:
                _replace(path, self.path + ".bad")
            except OSError:
                pass
            return None

    def _read_section(self, name, fields):
        """Return the values of a section; each one that is not as declared is replaced by its default."""
        try:
            section = self._load().get(name, {})
        except (OSError, MemoryError) as error:  # the board can start without settings, but not if this raised
            log_error("Cannot read " + self.path + ", all settings have their defaults: " + repr(error))
            section = {}
        errors = {}
        if not isinstance(section, dict):
            errors[name] = "must be an object"
            section = {}
        values = {}
        for field in fields:
            value = section.get(field.name)
            values[field.name] = field.default if value is None else _usable(field, value, errors)
        if errors:
            log_error("Settings in " + self.path + " that cannot be used: " + str(CheckError(errors)))
        return values

    def _write(self, text):
        new = self.path + ".new"
        try:
            with open(new, "w") as file:
                file.write(text)
            if os.stat(new)[6] > MAX_SIZE:  # the next start would not read it
                raise OSError(27, "the settings are larger than %d bytes" % MAX_SIZE)  # EFBIG
            _replace(new, self.path)
        except OSError:
            _remove(new)  # an incomplete file takes room, and is useless
            raise


def _usable(field, value, errors):
    """Return *value* if it is as declared, else the field's default; of a list the items that are as declared."""
    found = {}
    if isinstance(field.type, list) and isinstance(value, list):
        usable = []
        for item in value:
            wrong = {}
            checked = field.type[0].check(item, wrong, field.name)
            if not wrong:
                usable.append(checked)
            found.update(wrong)
    else:
        usable = field.check(value, found, field.name)
        if found:
            usable = field.default
    errors.update(found)
    return usable


def _shown(fields, values):
    shown = {}
    for field in fields:
        value = values[field.name]
        if field.secret:
            value = bool(value)
        elif isinstance(field.type, list) and isinstance(field.type[0].type, Fields):
            value = [_shown(field.type[0].type, item) for item in value]
        elif isinstance(field.type, Fields):
            value = _shown(field.type, value)
        shown[field.name] = value
    return shown


def _replace(source, target):
    """Give a file the name of another one, which it replaces."""
    try:
        os.rename(source, target)
    except OSError:  # Windows
        _remove(target)
        os.rename(source, target)


def _remove(path):
    try:
        os.remove(path)
    except OSError:
        pass
