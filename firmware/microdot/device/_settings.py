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

#: A file larger than this, in bytes, is not read: it might take all memory.
MAX_SIZE = 16 * 1024
_MAX_NETWORKS = 8
_NAME = "abcdefghijklmnopqrstuvwxyz0123456789-"


def network_name(network: dict) -> bytes:
    """Return the name of a network of the settings as the bytes that it is on the air.

    :raises ValueError: if `ssid_hex` does not consist of whole bytes in hexadecimal.
    """
    if network.get("ssid_hex"):
        return _unhex(network["ssid_hex"])
    return (network.get("ssid") or "").encode()


def name_fields(name: bytes) -> dict:
    """Return the field that holds a network's name: `ssid`, or `ssid_hex` for one that is not UTF-8."""
    try:
        text = name.decode()
        if text.encode() == name:
            return {"ssid": text}
    except UnicodeError:
        pass
    return {"ssid_hex": "".join(["%02x" % byte for byte in name])}


def _unhex(text):
    if len(text) % 2 or text.strip("0123456789abcdefABCDEF"):
        raise ValueError("not hexadecimal: " + text)
    return bytes([int(text[i : i + 2], 16) for i in range(0, len(text), 2)])


def _network_error(network):
    try:
        size = len(network_name(network))
    except ValueError:
        return "has an ssid_hex that is not hexadecimal"
    if not 1 <= size <= 32:
        return "needs a name of 1 to 32 bytes, in ssid or ssid_hex"
    password = network["password"]
    size = len(password.encode())
    if password and not 8 <= size <= 63 and not (size == 64 and not password.strip("0123456789abcdefABCDEF")):
        return "needs a password of 8 to 63 characters, or none"
    return None


def _name_error(name):
    if name.strip(_NAME) or name[0] == "-" or name[-1] == "-":
        return "must consist of the letters a to z, digits, and hyphens between them"
    return None


def _country_error(text):
    if text and (len(text) != 2 or text.strip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")):
        return "must be two capital letters, such as DE"
    return None


def _secret_error(text):
    """Return what is wrong with a passphrase: WPA2 takes 8 to 63 characters of ASCII."""
    if text and (len(text) < 8 or [1 for character in text if not " " <= character <= "~"]):
        return "must have 8 to 63 characters: letters without accents, digits, punctuation and spaces"
    return None


def _address_error(text):
    """Return what is wrong with an IPv4 address, which may have the length of a prefix, or be empty."""
    if not text:
        return None
    address, _, prefix = text.partition("/")
    parts = address.split(".")
    if "/" in text:
        parts.append(prefix)
    for part in parts:
        if not part or part.strip("0123456789") or int(part[:4]) > 255:
            return "must be an address such as 192.168.1.7/24"
    if address.count(".") != 3 or prefix and int(prefix) > 32:
        return "must be an address such as 192.168.1.7/24"
    return None


#: A network that the board may join.
NETWORK = Fields([
    Field("ssid", default="", label="Name", maximum=32),
    Field("ssid_hex", default="", label="Name in hexadecimal", maximum=64),
    Field("password", default="", label="Password", maximum=64, secret=True),
    Field("address", default="", label="Fixed address", rule=_address_error),
    Field("gateway", default="", label="Gateway", rule=_address_error),
    Field("dns", default="", label="Name server", rule=_address_error),
])  # fmt: skip

_ITEM = Field("network", NETWORK, rule=_network_error)

#: The name of a board for which nobody has chosen one.
DEFAULT_NAME = "microdot"

#: The section `device`.
DEVICE = Fields([
    Field("name", default=DEFAULT_NAME, label="Name", minimum=1, maximum=32, rule=_name_error),
    Field("country", default="", label="Country, two letters", rule=_country_error),
    Field("secret", default="", label="Passphrase of the board", maximum=63, secret=True, rule=_secret_error),
    Field("power_saving", bool, default=True, label="Save power in Wi-Fi"),
    Field("ntp", default="pool.ntp.org", label="Time server", maximum=63),
    Field("fallback_after", int, default=60, label="Seconds until the board opens its own network", minimum=0,
          maximum=86400),
    Field("networks", [_ITEM], default=(), label="Networks", maximum=_MAX_NETWORKS),
])  # fmt: skip


def check_network(network: dict) -> dict:
    """Return a network with all of its fields.

    :raises CheckError: if the settings cannot hold it.
    """
    return Fields([_ITEM]).check({"network": network})["network"]


class Settings:
    """The settings in a file, which is read when a setting is first needed.

    `settings[name]` is a value of the application's section, for the fields that `declare()` was given.

    :param path: the path of the file.
    """

    def __init__(self, path: str = "settings.json"):
        self.path = path
        #: The fields of the application's section, in their order.
        self.fields = Fields([])
        #: The fields of the board's section.
        self.device_fields = DEVICE
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
            self._device = self._read_section("device", DEVICE)
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
        for name, fields, values in (("app", self.fields, app), ("device", DEVICE, device)):
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
        self.save(device={"networks": [network] + others[: _MAX_NETWORKS - 1]})

    def shown(self) -> dict:
        """Return both sections with their values; for a secret only whether it is set."""
        app = {field.name: self[field.name] for field in self.fields}
        return {"device": _shown(DEVICE, self.device), "app": _shown(self.fields, app)}

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
