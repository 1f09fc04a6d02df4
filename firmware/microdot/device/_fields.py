"""The board's section of the settings: its fields, and what their values must be.

The fields are made anew whenever the section is read, checked or shown: they would take as much memory as all else of
the settings together.
"""

from ..checks import Field, Fields

#: The most networks that the settings hold.
MAX_NETWORKS = 8
#: The name of a board for which nobody has chosen one.
DEFAULT_NAME = "microdot"
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


def network_fields() -> Fields:
    """Return the fields of a network that the board may join."""
    return Fields([
        Field("ssid", default="", label="Name", maximum=32),
        Field("ssid_hex", default="", label="Name in hexadecimal", maximum=64),
        Field("password", default="", label="Password", maximum=64, secret=True),
        Field("address", default="", label="Fixed address", rule=_address_error),
        Field("gateway", default="", label="Gateway", rule=_address_error),
        Field("dns", default="", label="Name server", rule=_address_error),
    ])  # fmt: skip


def _network_field():
    return Field("network", network_fields(), rule=_network_error)


def device_fields() -> Fields:
    """Return the fields of the section `device`."""
    return Fields([
        Field("name", default=DEFAULT_NAME, label="Name", minimum=1, maximum=32, rule=_name_error),
        Field("country", default="", label="Country, two letters", rule=_country_error),
        Field("secret", default="", label="Passphrase of the board", maximum=63, secret=True, rule=_secret_error),
        Field("power_saving", bool, default=True, label="Save power in Wi-Fi"),
        Field("ntp", default="pool.ntp.org", label="Time server", maximum=63),
        Field("fallback_after", int, default=60, label="Seconds until the board opens its own network", minimum=0,
              maximum=86400),
        Field("networks", [_network_field()], default=(), label="Networks", maximum=MAX_NETWORKS),
    ])  # fmt: skip


def check_network(network: dict) -> dict:
    """Return a network with all of its fields.

    :raises CheckError: if the settings cannot hold it.
    """
    return Fields([_network_field()]).check({"network": network})["network"]
