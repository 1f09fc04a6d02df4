"""Logs in one line: `configure_logs(app)`. Each line says of which request it is.

>>> from microdot.logs import configure_logs
>>> configure_logs(app, access='json')

`microdot.access` logs the responses, `microdot.error` the errors. Neither contains a query string, a cookie or any
other header field than User-Agent and the address in Referer, as all of those may hold secrets.
"""

from .access import ACCESS_FORMATS, AccessLog
from .configuration import configure_logs
from .requests import RequestID, request_id

__all__ = ["ACCESS_FORMATS", "AccessLog", "RequestID", "configure_logs", "request_id"]
