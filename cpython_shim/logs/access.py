"""The access log: one line for each response."""

import datetime
import json
import logging
import time
from typing import Any

from .requests import begin, current, route_pattern

_log = logging.getLogger("microdot.access")
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


class AccessLog:
    """Logs each response to `microdot.access` when it has been sent.

    :param format: one of `ACCESS_FORMATS`: `'common'` or `'combined'`, as of Apache and nginx, or `'json'`.
    :raises ValueError: for another format.
    """

    def __init__(self, app: Any = None, format: str = "combined"):
        if format not in ACCESS_FORMATS:
            raise ValueError(f"unknown format of an access log {format!r}: use one of {', '.join(ACCESS_FORMATS)}")
        self.format = format
        if app is not None:
            self.initialize(app)

    def initialize(self, app: Any) -> None:
        """Log the responses of *app*, besides what its `access_log` does already."""
        previous = app.access_log

        def log(request, response):
            if previous:
                previous(request, response)
            self.log(request, response)

        app.extend(self, first=True, receive=begin)
        app.access_log = log

    def log(self, request: Any, response: Any) -> None:
        """Log one response; *request* is None if the client sent no valid one."""
        fields = describe(request, response)
        _log.info(ACCESS_FORMATS[self.format](fields), extra={"fields": fields})


def describe(request: Any, response: Any) -> "dict[str, Any]":
    """Return what an access log says of a response."""
    call = current.get()
    fields = {
        "client": request.client_addr[0] if request is not None and request.client_addr else None,
        "method": None, "path": None, "protocol": None, "route": route_pattern(request),
        "status": response.status_code, "bytes": _size(request, response),
        "seconds": None, "request_id": None, "referer": None, "user_agent": None,
    }
    if request is not None:
        fields["method"] = request.method
        fields["path"] = request.url.partition("?")[0]
        fields["protocol"] = "HTTP/" + request.http_version
        fields["user_agent"] = request.headers.get("User-Agent")
        referer = request.headers.get("Referer")
        fields["referer"] = referer.partition("?")[0].partition("#")[0] if referer else None
        if call and call.request is request:
            fields["seconds"] = round(call.seconds, 6)
            fields["request_id"] = call.identifier
    return fields


def _size(request, response):
    """Return the size of a response's body in bytes, None for a stream."""
    if request is not None and request.method == "HEAD" or not response.has_body:
        return 0
    if isinstance(response.body, bytes):
        return len(response.body)
    length = response.fields.get("Content-Length") if response.fields else None
    return int(length) if length else None


def _common(fields):
    now = time.time()
    at = datetime.datetime.fromtimestamp(now).astimezone()
    when = f"{at.day:02}/{_MONTHS[at.month - 1]}/{at.year}:{at:%H:%M:%S %z}"
    method = fields["method"]
    line = " ".join(_word(fields[name]) for name in ("method", "path", "protocol")) if method else "-"
    size = "-" if fields["bytes"] is None else fields["bytes"]
    return f'{_word(fields["client"])} - - [{when}] "{line}" {fields["status"]} {size}'


def _combined(fields):
    return f'{_common(fields)} "{_quoted(fields["referer"])}" "{_quoted(fields["user_agent"])}"'


def _quoted(text):
    """Return a text as it can stand in quotes of one line; what a client sends must not look like other fields."""
    if not text:
        return "-"
    return "".join(
        character if " " <= character <= "~" and character not in '"\\' else
        "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))
        for character in text
    )


def _word(text):
    """Return the same without blanks, which separate the fields of a line."""
    return _quoted(text).replace(" ", "\\x20")


#: The formats by name: functions that make a line.
ACCESS_FORMATS = {"common": _common, "combined": _combined, "json": json.dumps}
