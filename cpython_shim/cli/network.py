"""A board in the network, whose `device.run()` takes updates at `/_device/update`."""

import getpass
import hashlib
import http.client
import json
import os
import pathlib
import sys
import time
import urllib.parse
from collections.abc import Callable

from microdot.device._update import MAX_LIST, name_error, sign

from .console import CommandError

#: The environment's variable that may hold the board's secret.
VARIABLE = "MICRODOT_SECRET"
PATH = "/_device/update"
#: Seconds for an answer of a board, and for a new version to be started, tried and confirmed or given up.
TIMEOUT = 30
PATIENCE = 180
INTERVAL = 1
#: Characters of an update's digest that are the version's name.
NAME = 12
_PIECE = 4096
# What a board says of itself, and of a version that it has received.
_STATUS = {"nonce", "possible", "version", "state", "failed"}
_RECEIVED = {"version"}
# Characters of an error's text that are shown.
_SHOWN = 300


class NetworkBoard:
    """A board in the network.

    :param address: a name or an address, with a port or without, or the URL of the board.
    :param secret: the board's secret.
    :raises CommandError: if *address* is none of these, as in the other methods for what goes wrong.
    """

    def __init__(self, address: str, secret: str):
        self.address = address
        self._secret = secret
        url = urllib.parse.urlsplit(address if "://" in address else f"http://{address}")
        try:
            self._host, self._port = url.hostname, url.port or 80
        except ValueError:
            self._host = None
        if not self._host or url.scheme != "http" or url.path not in ("", "/"):
            raise CommandError(f"{address!r} is not the address of a board: write 192.168.1.7 or greenhouse.local")

    def describe(self, nonce: str = "") -> dict:
        """Return what the board says of itself: nonce, possible, version, state, failed.

        :param nonce: with the board's one there is also the reason why the last update failed, as error.
        """
        headers = {"Update-Signature": sign(self._secret, nonce, b"why")} if nonce else {}
        try:
            return self._ask("GET", headers)
        except OSError as error:
            raise CommandError(f"the board at {self.address} does not answer: {error}") from None

    def send(self, files: "dict[str, pathlib.Path]", nonce: str, progress: "Callable[[int, int], None]") -> str:
        """Send files as the new version of the application; return the version's name.

        :param files: {name on the board: file here}.
        :param nonce: the board's.
        :param progress: called with the number of bytes that are sent, and that of all.
        :raises CommandError: if the board refuses them, or the connection breaks before the board has all of them.
        """
        contents = [(name, file.read_bytes()) for name, file in files.items()]
        listed = make_list(contents)
        digest = hashlib.sha256(listed).hexdigest()
        body = b"".join([listed, *(content for _, content in contents)])
        sent = 0

        def count(done, total):
            nonlocal sent
            sent = done
            progress(done, total)

        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Length": str(len(body)),
            "Update-List": str(len(listed)),
            "Update-Signature": sign(self._secret, nonce, digest.encode()),
        }
        try:
            return self._ask("POST", headers, body, count)["version"]
        except OSError as error:
            name = digest[:NAME]
            if sent < len(body) or not self._has_taken(name, error):
                raise CommandError(
                    f"the connection to {self.address} broke: {error}; the board keeps its version"
                ) from None
            return name

    def wait(self, name: str, progress: "Callable[[str], None]") -> None:
        """Wait until the board has confirmed a version.

        :param progress: called with the state of the version when that changes.
        :raises CommandError: if the board gives it up, or does not come back.
        """
        state = ""
        for found in self._answers(PATIENCE):
            if found["failed"] == name:
                raise CommandError(
                    f"the new version failed, and the board runs the one before: {self._ask_why(found['nonce'])}"
                )
            if found["version"] != name:
                raise CommandError("the board runs another version: somebody else has sent one; send yours again")
            if found["state"] != state:
                state = found["state"]
                progress(state)
            if state == "good":
                return
        raise CommandError(f"the board at {self.address} has not confirmed the new version in {PATIENCE} seconds")

    def _answers(self, seconds):
        """Yield what the board says of itself, again and again until the time is over; it may restart meanwhile."""
        limit = time.monotonic() + seconds
        while time.monotonic() < limit:
            time.sleep(INTERVAL)
            try:
                found = self._ask("GET", {})
            except (OSError, CommandError):  # it restarts
                continue
            yield found

    def _has_taken(self, name, error):
        """Return whether the board has a version, after the connection broke behind its last byte.

        :raises CommandError: if the board does not answer.
        """
        without = 0
        for found in self._answers(TIMEOUT):
            if name in (found["version"], found["failed"]):
                return True
            without = 0 if found.get("progress") else without + 1
            if without == 3:  # at first it may not have read yet what it has received
                return False
        raise CommandError(
            f"the connection to {self.address} broke behind the last byte: {error}; the board does not answer any more."
            " It runs the new version, or keeps the one before: its page shows which"
        )

    def _ask_why(self, nonce):
        """Return why the last update failed, in one line."""
        try:
            return _last(self.describe(nonce).get("error") or "its log has more")
        except CommandError as error:  # such as too many wrong secrets, by whomever
            return f"its log says why ({error})"

    def _ask(self, method, headers, body=None, progress=None):
        """Return the JSON that the board answers with.

        :raises OSError: if the connection fails.
        """
        connection = http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT)
        try:
            connection.putrequest(method, PATH)
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.endheaders()
            if body:
                _send(connection, body, progress)
            response = connection.getresponse()
            return self._read(response.status, response.read(), _RECEIVED if method == "POST" else _STATUS)
        except http.client.HTTPException as error:
            raise OSError(repr(error)) from None
        finally:
            connection.close()

    def _read(self, status, text, fields):
        if status == 404:
            raise CommandError(f"{self.address} takes no updates: it must run device.run() of microdot.device")
        if status != 200:
            shown = " ".join(text.decode(errors="replace").split())[:_SHOWN]
            raise CommandError(f"the board at {self.address} answers with status {status}: {shown}")
        try:
            found = json.loads(text)
        except ValueError:
            found = None
        if not isinstance(found, dict) or not found.keys() >= fields:
            raise CommandError(f"{self.address} does not answer like a board: check the address")
        return found


def _send(connection, body, progress):
    """Send a body; the board may answer before it has all of it."""
    try:
        for start in range(0, len(body), _PIECE):
            piece = body[start : start + _PIECE]
            connection.send(piece)
            progress(start + len(piece), len(body))
    except (BrokenPipeError, ConnectionResetError):
        pass


def make_list(contents: "list[tuple[str, bytes]]") -> bytes:
    """Return the list of an update.

    :raises CommandError: for a name that boards refuse, or too many files.
    """
    lines = []
    for name, content in contents:
        error = name_error(name)
        if error:
            raise CommandError(f"a board cannot take the file {name}: its name {error}")
        lines.append(f"{len(content)} {hashlib.sha256(content).hexdigest()} {name}\n")
    listed = "".join(lines).encode()
    if len(listed) > MAX_LIST:
        raise CommandError(
            f"{len(contents)} files are too many: their list has {len(listed)} bytes,"
            f" and a board takes {MAX_LIST} bytes, about 90 files"
        )
    return listed


def ask_secret() -> str:
    """Return the board's secret: from the environment, typed without being shown, or a line of the standard input."""
    secret = os.environ.get(VARIABLE)
    if secret:
        return secret
    if sys.stdin.isatty():
        return getpass.getpass("Passphrase of the board: ")
    return sys.stdin.readline().rstrip("\r\n")


def _last(reason):
    """Return the last line of a reason that is not empty, such as the last one of a traceback."""
    return ([line for line in reason.splitlines() if line.strip()] or [reason])[-1]
