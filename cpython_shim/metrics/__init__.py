"""Metrics for Prometheus, by the package `prometheus-client`: `pip install 'microdot-cpython[metrics]'`.

>>> from microdot.metrics import Metrics
>>> Metrics(app)
"""

import os
import time
from collections.abc import Callable
from typing import Any

from microdot.logs.requests import route_pattern

try:
    import prometheus_client
    from prometheus_client import multiprocess
except ModuleNotFoundError:
    message = "microdot.metrics needs prometheus-client: pip install 'microdot-cpython[metrics]'"
    raise ImportError(message, name="prometheus_client") from None

__all__ = ["Metrics"]

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY")
_FOLDER = "PROMETHEUS_MULTIPROC_DIR"


class Metrics:
    """Counts and times the requests of an application, and serves the figures.

    - `microdot_requests_total`: requests by `method`, `route` and `status`. A request that ended without a response,
      such as one cancelled by the server, has the status `none`.
    - `microdot_request_seconds`: the time from a request's head to its response, by `method` and `route`, without the
      time to send the response, and without WebSockets.
    - `microdot_requests_in_flight`: requests whose handlers are running, including WebSockets.
    - `microdot_exceptions_total`: exceptions of handlers and hooks by `route` and class.

    A route is its URL pattern, so that clients cannot make up new ones: `none` stands for all requests without a route,
    `other` for all methods that are not HTTP's usual ones.

    :param path: the path of the figures; None: they are not served, see `collect()`.
    :param allowed: `f(request)`, which returns whether a client may have them; others get status 404. None: all may.
    :param registry: a `CollectorRegistry`; None for the default one, which has figures of the process too.
    :param buckets: upper limits in seconds of the histogram.
    """

    def __init__(
        self,
        app: Any = None,
        path: "str | None" = "/metrics",
        allowed: "Callable[[Any], bool] | None" = None,
        registry: "prometheus_client.CollectorRegistry | None" = None,
        buckets: "tuple[float, ...]" = prometheus_client.Histogram.DEFAULT_BUCKETS,
    ):
        self.path = path
        self.allowed = allowed
        self.registry = registry or prometheus_client.REGISTRY
        route = ["method", "route"]
        self._requests = prometheus_client.Counter(
            "microdot_requests", "Requests", [*route, "status"], registry=self.registry
        )
        self._seconds = prometheus_client.Histogram(
            "microdot_request_seconds", "Time to the response", route, registry=self.registry, buckets=buckets
        )
        self._in_flight = prometheus_client.Gauge(
            "microdot_requests_in_flight", "Requests at work", registry=self.registry, multiprocess_mode="livesum"
        )
        self._exceptions = prometheus_client.Counter(
            "microdot_exceptions", "Exceptions", ["route", "exception"], registry=self.registry
        )
        if app is not None:
            self.initialize(app)

    def initialize(self, app: Any) -> None:
        """Count the requests of *app*, and serve the figures with it; an application is counted once only."""
        if self in app.extensions:
            return
        app.extend(self)
        # Hooks do not see all of it: a request may be cancelled, run out of memory, be malformed, or be answered
        # before a hook runs, and the gauge must come down in each case. So this replaces the two methods.
        dispatch, report = app.dispatch_request, app.report_exception

        async def dispatch_request(request):
            return await self._count(dispatch, request)

        def report_exception(request, error, handled=False):
            self._exceptions.labels(route_pattern(request) or "none", type(error).__name__).inc()
            report(request, error, handled)

        app.dispatch_request = dispatch_request
        app.report_exception = report_exception
        if self.path:
            app.get(self.path)(self._serve)

    async def _count(self, dispatch, request):
        """Dispatch a request, and count it whatever becomes of it."""
        begun = time.perf_counter()
        status = "none"
        self._in_flight.inc()
        try:
            response = await dispatch(request)
            status = "101" if _is_upgraded(request) else str(response.status_code)
            return response
        finally:
            self._in_flight.dec()
            method = "none" if request is None else request.method if request.method in _METHODS else "other"
            route = route_pattern(request) or "none"
            self._requests.labels(method, route, status).inc()
            if status != "101":
                self._seconds.labels(method, route).observe(time.perf_counter() - begun)

    def collect(self) -> bytes:
        """Return the figures in Prometheus' format: those of all processes if `PROMETHEUS_MULTIPROC_DIR` is set."""
        registry = self.registry
        if _FOLDER in os.environ:
            registry = prometheus_client.CollectorRegistry()
            multiprocess.MultiProcessCollector(registry)
        return prometheus_client.generate_latest(registry)

    def _serve(self, request):
        if self.allowed and not self.allowed(request):
            request.app.abort(404)
        return self.collect(), {"Content-Type": prometheus_client.CONTENT_TYPE_LATEST}


def _is_upgraded(request):
    return request is not None and request.transport is not None and request.transport.upgraded
