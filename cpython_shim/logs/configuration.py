"""The configuration of Python's `logging` for an application."""

import datetime
import json
import logging
from typing import Any, TextIO

from microdot._compat import escape_controls

from .access import ACCESS_FORMATS, AccessLog
from .requests import RequestID, current, route_pattern

_TEXT = "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s%(on_route)s"


def configure_logs(
    app: Any = None,
    access: "str | None" = "combined",
    level: "str | int" = "INFO",
    stream: "TextIO | None" = None,
    trusted: "list[str] | tuple[str, ...]" = ("127.0.0.1", "::1", "unix"),
) -> None:
    """Write all logs of the process to one stream, each line with the request that it belongs to.

    With `access='json'` every line is a JSON object. Call this once, where the process starts; a second call replaces
    the first one's stream and level.

    :param app: the application that gets an `AccessLog` and a `RequestID`; None configures `logging` alone.
    :param access: the access log's format, `'common'`, `'combined'` or `'json'`; None for no access log.
    :param level: the level of all other logs, such as `'DEBUG'`.
    :param stream: where to write; None for the console's error stream.
    :param trusted: the proxies whose request identifiers are taken.
    :raises ValueError: for a format or level that does not exist.
    """
    if access is not None and access not in ACCESS_FORMATS:
        AccessLog(None, access)  # says which there are
    formatter = _JSONFormatter() if access == "json" else _TextFormatter(_TEXT)
    root, access_log = logging.getLogger(), logging.getLogger("microdot.access")
    root.setLevel(level)
    _replace_handler(root, stream, formatter)
    _replace_handler(access_log, stream, _JSONFormatter() if access == "json" else logging.Formatter("%(message)s"))
    access_log.propagate = False
    access_log.setLevel(logging.INFO if access else logging.CRITICAL)
    if app is not None:
        if app.extension(RequestID) is None:
            RequestID(app, trusted=trusted)
        if access and app.extension(AccessLog) is None:
            AccessLog(app, access)


class _Handler(logging.StreamHandler):
    """A handler that this module has added."""


def _replace_handler(logger, stream, formatter):
    for handler in [handler for handler in logger.handlers if isinstance(handler, _Handler)]:
        logger.removeHandler(handler)
    handler = _Handler(stream)
    handler.setFormatter(formatter)
    handler.addFilter(_add_request)
    logger.addHandler(handler)


def _add_request(record):
    """Add to a record the request that is being served; `logging` calls this as a filter."""
    call = current.get()
    record.request_id = call.identifier if call and call.identifier else "-"
    record.route = route_pattern(call.request) if call else None
    record.on_route = f" (route {record.route})" if record.route else ""
    return True


class _TextFormatter(logging.Formatter):
    """Indents lines but the first and escapes control characters, so that no text can look like another record."""

    def format(self, record):
        return "\n    ".join(map(escape_controls, super().format(record).split("\n")))


class _JSONFormatter(logging.Formatter):
    """Makes a line of JSON of each record."""

    def format(self, record):
        at = datetime.datetime.fromtimestamp(record.created, datetime.timezone.utc)
        line = {"time": at.isoformat(timespec="milliseconds"), "level": record.levelname, "logger": record.name}
        fields = getattr(record, "fields", None)
        if fields is not None:
            line.update(fields)
        else:
            line.update(message=record.getMessage(), request_id=record.request_id, route=record.route)
            if record.exc_info and record.exc_info[0]:
                line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)
