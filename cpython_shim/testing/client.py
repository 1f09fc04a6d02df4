"""A client for tests that await nothing."""

from typing import Any
from urllib.parse import urljoin, urlsplit

from microdot.test_client import TestClient, TestResponse

from .loop import LoopThread
from .streams import SyncStreamedResponse
from .websockets import SyncWebSocket

_MAX_REDIRECTS = 20


def _without(headers, names):
    """Return header fields without those of some names, in lower case."""
    return {name: headers[name] for name in headers if name.lower() not in names}


class SyncTestClient:
    """A test client whose methods return responses, for functions that are not coroutines.

    `with TestClient(app) as client:` makes one. The application's functions for the start have been called then, its
    tasks run, and those for the end are called when the block ends.

    :param client: the asynchronous client, which has the application, the cookies, scheme and host.
    """

    __test__ = False  # for pytest

    #: Seconds for which a method waits for the application before it raises TimeoutError; None for no limit.
    timeout: "float | None" = 60

    def __init__(self, client: TestClient):
        #: The asynchronous client.
        self.client = client
        self._loop = LoopThread()
        try:
            self._run(client.__aenter__())
        except BaseException:
            self._loop.close()
            raise

    def close(self) -> None:
        """Stop the application."""
        try:
            self._run(self.client.__aexit__(None, None, None))
        finally:
            self._loop.close()

    @property
    def app(self) -> Any:
        """The application."""
        return self.client.app

    @property
    def cookies(self) -> "dict":
        """The cookies: those of `TestClient.cookies`, which a test may change."""
        return self.client.cookies

    def _run(self, coroutine):
        return self._loop.run(coroutine, self.timeout)

    def request(
        self,
        method: str,
        path: str,
        headers: "dict | None" = None,
        body: Any = None,
        form: "dict | None" = None,
        files: "dict | None" = None,
        follow_redirects: bool = False,
    ) -> TestResponse:
        """Send a request; the parameters are those of `TestClient.request()`.

        :param follow_redirects: send the request that a redirect leads to, also to another host or scheme, which the
            same application serves. The redirects are in the `history` of the response.
        :raises RuntimeError: after 20 redirects.
        """
        response = self._run(self.client.request(method, path, headers, body, form=form, files=files))
        return self._follow(response, method, path, headers, (body, form, files)) if follow_redirects else response

    def _follow(self, response, method, path, headers, content):
        """Follow the redirects that begin with a response; return the response at their end."""
        client, headers = self.client, dict(headers or {})
        history, scheme = [], client.scheme
        host = next((headers.pop(name) for name in list(headers) if name.lower() == "host"), client.host)
        try:
            while response.status_code in (301, 302, 303, 307, 308) and "Location" in response.headers:
                if len(history) == _MAX_REDIRECTS:
                    raise RuntimeError(f"more than {_MAX_REDIRECTS} redirects, the last one from {path}")
                history.append(response)
                target = urlsplit(urljoin(f"{client.scheme or 'http'}://{host}{path}", response.headers["Location"]))
                path = target._replace(scheme="", netloc="", fragment="").geturl() or "/"
                if target.netloc != host:  # another host must not get these fields
                    headers = _without(headers, ("authorization", "cookie"))
                client.scheme, host = target.scheme, target.netloc
                if response.status_code == 303 or response.status_code < 303 and method == "POST":
                    method, content = "HEAD" if method == "HEAD" else "GET", (None, None, None)
                    headers = _without(headers, ("content-type", "content-length"))
                body, form, files = content
                fields = {**headers, "Host": host}
                response = self._run(client.request(method, path, fields, body, form=form, files=files))
        finally:
            client.scheme = scheme
        response.history = tuple(history)
        return response

    def get(self, path: str, headers: "dict | None" = None, **kwargs: Any) -> TestResponse:
        """Send a GET request; the parameters are those of `request()`, as for the methods below."""
        return self.request("GET", path, headers, **kwargs)

    def head(self, path: str, headers: "dict | None" = None, **kwargs: Any) -> TestResponse:
        """Send a HEAD request."""
        return self.request("HEAD", path, headers, **kwargs)

    def options(self, path: str, headers: "dict | None" = None, **kwargs: Any) -> TestResponse:
        """Send an OPTIONS request."""
        return self.request("OPTIONS", path, headers, **kwargs)

    def post(self, path: str, headers: "dict | None" = None, body: Any = None, **kwargs: Any) -> TestResponse:
        """Send a POST request."""
        return self.request("POST", path, headers, body, **kwargs)

    def put(self, path: str, headers: "dict | None" = None, body: Any = None, **kwargs: Any) -> TestResponse:
        """Send a PUT request."""
        return self.request("PUT", path, headers, body, **kwargs)

    def patch(self, path: str, headers: "dict | None" = None, body: Any = None, **kwargs: Any) -> TestResponse:
        """Send a PATCH request."""
        return self.request("PATCH", path, headers, body, **kwargs)

    def delete(self, path: str, headers: "dict | None" = None, **kwargs: Any) -> TestResponse:
        """Send a DELETE request."""
        return self.request("DELETE", path, headers, **kwargs)

    def query(self, path: str, headers: "dict | None" = None, body: Any = None, **kwargs: Any) -> TestResponse:
        """Send a QUERY request."""
        return self.request("QUERY", path, headers, body, **kwargs)

    def stream(self, method: str, path: str, headers: "dict | None" = None, **kwargs: Any) -> SyncStreamedResponse:
        """Send a request and return the response before its body; the parameters are those of `TestClient.stream()`."""
        return SyncStreamedResponse(self._run(self.client.stream(method, path, headers, **kwargs)), self._run)

    def websocket(
        self, path: str, headers: "dict | None" = None, subprotocols: "list[str] | tuple[str, ...]" = ()
    ) -> SyncWebSocket:
        """Return a WebSocket, which `with` opens and closes.

        :param subprotocols: those that the client offers.
        """
        fields = dict(headers or {})
        if subprotocols:
            fields["Sec-WebSocket-Protocol"] = ", ".join(subprotocols)
        return SyncWebSocket(self.client, path, fields, self._run)
