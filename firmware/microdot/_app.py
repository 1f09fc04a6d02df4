"""The application: routes, hooks, error handlers, and the way from a request to its response."""

import sys

from ._compat import (
    DEFAULT_MAX_CONNECTIONS,
    DEFAULT_MAX_HEAD,
    MAX_BUFFERED,
    MICROPYTHON,
    ServerCall,
    enable_access_log,
    invoke_handler,
    is_fault,
    log_access,
    log_error,
    mark_handler,
)
from ._response import Response, make_response
from .errors import HTTPException, abort, error_text, is_http_error

if -0:  # for type checkers: MicroPython's compiler leaves this out, and Pyright reads it, unlike "if False"
    from typing import Any, Callable, TypeVar

    F = TypeVar("F", bound=Callable[..., Any])

_GET = ("GET",)
# The stages of a request at which hooks are called; `receive` comes before the route is known.
_STAGES = ("receive", "before_request", "after_request", "after_error_request", "answer_options")


def mro(cls: type) -> "list[type]":
    """Return a class and its bases in the order in which Python looks attributes up.

    MicroPython's classes have no `__mro__`: there the order is depth first, a class after all that derive from it.
    """
    if hasattr(cls, "__mro__"):
        return list(cls.__mro__)
    classes = [cls]
    for base in cls.__bases__:
        classes += mro(base)
    return [c for i, c in enumerate(classes) if c not in classes[i + 1 :]]


def _vary(req, res):
    """Add the names given to `Request.vary()` to a response's Vary field; return the response."""
    if res is not Response.already_handled:
        for field in req._vary:
            res.vary(field)
    return res


def _as_text(reason, status_code, headers=None):
    """Return a response that says what was wrong.

    A text stays plain text, whatever the default type of responses is, because it may hold what the client has sent.
    """
    res = Response(reason, status_code, headers)
    if isinstance(reason, (str, bytes)):  # a dict is JSON
        res.default_content_type = "text/plain"
    return res


class Microdot:
    """A web application.

    Routes are added with the decorators `route()`, `get()`, `post()`, `put()`, `patch()`, `delete()` and `query()`,
    hooks with `before_request()`, `after_request()` and `after_error_request()`. `run()` serves the application by
    itself; on CPython it is also an ASGI and a WSGI application.

    The class attributes are the limits of the server that `run()` and `start_server()` start; set them on the
    application or on the class. Times are in seconds.
    """

    #: Connections open at once. One more takes the place of the longest idle one, or waits for a place.
    max_connections = DEFAULT_MAX_CONNECTIONS
    #: Limit in bytes of all bodies together that are in memory at one time; one more is answered with 503.
    max_buffered = MAX_BUFFERED
    #: Time for which a new connection waits for a place; after that it is answered with status 503.
    place_timeout: "float" = 5
    #: How many connections may be event streams and WebSockets; None: all but two.
    max_streams: "int | None" = None
    #: Function that returns whether an address is that of a proxy, which has many clients behind it; None: no proxy.
    is_proxy: "Callable[[str], bool] | None" = None
    #: Size in bytes of a request's head, above which it is answered with status 431.
    max_head_length = DEFAULT_MAX_HEAD
    #: Number of header fields of a request, above which it is answered with status 431.
    max_headers = 64
    #: Requests after which a connection is closed; 0: no limit.
    max_requests_per_connection = 0
    #: Time for a request's head to arrive, from its first byte on; on a new connection from its start, TLS included.
    head_timeout: "float" = 10
    #: Time that a request's body may take beyond the time for its size at `min_body_rate`.
    body_timeout: "float" = 10
    #: Bytes per second with which a request's body must arrive.
    min_body_rate = 1024
    #: Time for which a response waits for the first piece of its body, so that an error is answered like any other.
    #: After that the head is sent; 0: at once. Under WSGI the head and the first piece always go together.
    first_piece_timeout: "float" = 1
    #: Time for a client to take each piece of a response.
    write_timeout: "float" = 10
    #: Time for which a connection stays open without a request.
    idle_timeout: "float" = 15
    #: Time for running requests, and the work of `Request.background()`, to finish after `shutdown()`.
    shutdown_timeout: "float" = 5
    _announces = False  # run() shows where the application is served
    #: The `Lifespan`, which servers start and stop; None until something has to run beside them.
    lifespan: "Any" = None
    #: The extensions, in their order; added with `extend()`.
    extensions: "tuple" = ()
    #: Hooks of two stages that only extensions have; see `extend()`.
    receive_handlers: "list | tuple" = ()
    answer_options_handlers: "list | tuple" = ()

    def __init__(self) -> None:
        from ._routing import URLMap

        self.url_map = URLMap()
        self.before_request_handlers = []
        self.after_request_handlers = []
        self.after_error_request_handlers = []
        self.error_handlers = {}
        self.options_handler = self.default_options_handler
        self.ssl = False
        self.debug = False
        self.server = None  # the one that was started last
        self.servers = []  # all that listen
        #: The tasks of `Request.background()` that are not done.
        self.background_tasks: "list" = []
        #: Called as `access_log(request, response)` after each response; None: one line on the console if `debug`.
        self.access_log: "Callable[[Any, Response], object] | None" = None

    # Routes

    def route(
        self,
        url_pattern: str,
        methods: "list[str] | None" = None,
        name: "str | None" = None,
        max_content_length: "int | None" = -1,
    ) -> "Callable[[F], F]":
        """Return a decorator that makes a function the handler of a URL pattern.

        The handler is called as `handler(request, **variables of the pattern)`.

        :param methods: the methods to serve, `['GET']` unless given.
        :param name: the route's name for `microdot.reverse.url_for()`.
        :param max_content_length: the limit of the body's size in bytes, None for no limit; -1 for that of `Request`.
        :raises ValueError: if the pattern is malformed.
        :raises TypeError: if it is not a str, as when a decorator is used without parentheses.
        """
        if not isinstance(url_pattern, str):
            raise TypeError("a route needs a URL pattern, not " + repr(url_pattern)[:80] + ": write @app.get('/')")

        def decorator(f):
            self.add_route(url_pattern, f, methods, name, max_content_length)
            return f

        return decorator

    def add_route(
        self,
        url_pattern: str,
        handler,
        methods: "list[str] | None" = None,
        name: "str | None" = None,
        max_content_length: "int | None" = -1,
    ) -> None:
        """Make *handler* the handler of a URL pattern; the parameters are those of `route()`.

        :raises ValueError: if the pattern is malformed.
        :raises TypeError: if *handler* cannot be called, or *methods* is a str.
        """
        if not callable(handler) or isinstance(methods, str):
            raise TypeError("a route needs a function, and a list of methods")
        methods = tuple([method.upper() for method in methods]) if methods else _GET
        self.url_map.add(methods, url_pattern, handler, name=name, limit=max_content_length)
        mark_handler(handler)

    def get(self, url_pattern: str, **options: "Any") -> "Callable[[F], F]":
        """Return a decorator like `route()`, for GET and HEAD."""
        return self.route(url_pattern, **options)

    def post(self, url_pattern: str, **options: "Any") -> "Callable[[F], F]":
        """Return a decorator like `route()`, for POST."""
        return self.route(url_pattern, ["POST"], **options)

    def put(self, url_pattern: str, **options: "Any") -> "Callable[[F], F]":
        """Return a decorator like `route()`, for PUT."""
        return self.route(url_pattern, ["PUT"], **options)

    def patch(self, url_pattern: str, **options: "Any") -> "Callable[[F], F]":
        """Return a decorator like `route()`, for PATCH."""
        return self.route(url_pattern, ["PATCH"], **options)

    def delete(self, url_pattern: str, **options: "Any") -> "Callable[[F], F]":
        """Return a decorator like `route()`, for DELETE."""
        return self.route(url_pattern, ["DELETE"], **options)

    def query(self, url_pattern: str, **options: "Any") -> "Callable[[F], F]":
        """Return a decorator like `route()`, for QUERY."""
        return self.route(url_pattern, ["QUERY"], **options)

    def mount(self, subapp: "Microdot", url_prefix: str = "", local: bool = False) -> None:
        """Add the routes that *subapp* has now, under *url_prefix*.

        :param local: the hooks and error handlers of *subapp* apply to its own routes only, instead of to all.
        """
        self.url_map.mount(subapp.url_map, url_prefix, subapp, local)
        if not local:
            for stage in _STAGES[1:]:
                self._add_hooks(stage, getattr(subapp, stage + "_handlers"))
            self.error_handlers.update(subapp.error_handlers)
        if subapp.lifespan:
            self._own_lifespan().include(subapp.lifespan)

    # Hooks

    def before_request(self, f: "F") -> "F":
        """Call `f(request)` before the handler of each route; what it returns, unless None, is the response."""
        self.before_request_handlers.append(f)
        return f

    def after_request(self, f: "F") -> "F":
        """Call `f(request, response)` after each route's handler; what it returns, unless None, is the response."""
        self.after_request_handlers.append(f)
        return f

    def after_error_request(self, f: "F") -> "F":
        """Call `f(request, response)` after each error response; *request* is None if the client's was malformed."""
        self.after_error_request_handlers.append(f)
        return f

    def errorhandler(self, status_code_or_exception_class: "int | type[Exception]") -> "Callable[[F], F]":
        """Return a decorator for a function that makes the response to an error.

        It is called as `f(request)` for a status code, as `f(request, exception)` for a class of exceptions. If several
        classes match, the function of the most derived one is called.

        :raises TypeError: for anything else.
        """
        if not isinstance(status_code_or_exception_class, (int, type)):
            raise TypeError("an error handler needs a status code or a class")

        def decorator(f):
            self.error_handlers[status_code_or_exception_class] = f
            return f

        return decorator

    # Extensions

    def extend(self, extension: "Any", first: bool = False, **hooks: "Callable[..., Any]") -> None:
        """Add an extension: an object that takes part in the requests with the hooks that are given by name.

        The hooks of each request are called in this order:

        - `receive(request)`: a function that does not block, for every request before its route is looked up. It may
          change the request, or raise an HTTPException. The hooks of a mounted application are not called.
        - `before_request(request)`, `after_request(request, response)`, `after_error_request(request, response)`: as
          with the decorators of these names.
        - `answer_options(request, headers)`: a function that does not block, for the answer to OPTIONS if no route
          answers. It may add to *headers*, a dictionary.

        Within a stage hooks are called in the order in which they were added. An extension is never added twice.

        :param first: call these hooks before those that were added earlier.
        :raises TypeError: for a hook with another name.
        """
        for stage in hooks:
            if stage not in _STAGES:
                raise TypeError("no hook is called %r: use one of %s" % (stage, ", ".join(_STAGES)))
        if extension in self.extensions:
            return
        self.extensions += (extension,)
        for stage in hooks:
            self._add_hooks(stage, (hooks[stage],), first)

    def extension(self, cls: type) -> "Any":
        """Return the extension of the class *cls*, the last one added if there are several; None if there is none."""
        for extension in reversed(self.extensions):
            if isinstance(extension, cls):
                return extension
        return None

    def _add_hooks(self, stage, hooks, first=False):
        """Add hooks to a stage; some may be there already if they come from an application mounted several times."""
        name = stage + "_handlers"
        known = list(getattr(self, name))
        hooks = [hook for hook in hooks if hook not in known]
        setattr(self, name, hooks + known if first else known + hooks)

    # Beside the requests

    def _own_lifespan(self):
        if not self.lifespan:
            from ._lifespan import Lifespan

            self.lifespan = Lifespan(self)
        return self.lifespan

    def on_startup(self, f: "F") -> "F":
        """Call `f()`, a function or coroutine function, before the first request; an exception stops the server."""
        self._own_lifespan().startup.append(f)
        return f

    def on_shutdown(self, f: "F") -> "F":
        """Call `f()`, a function or coroutine function, after the last request and the end of the tasks."""
        self._own_lifespan().shutdown.append(f)
        return f

    def task(self, f: "F") -> "F":
        """Run the coroutine function `f()` in a task beside the server, from its start to its end.

        An exception is logged, and `f()` is called again. At its end the server cancels the task and waits for it.
        """
        self._own_lifespan().add(f)
        return f

    abort = staticmethod(abort)

    # From a request to its response

    async def serve_request(self, req) -> None:
        """Serve a request to its end; asynchronous servers call this.

        The order is the same on every server: dispatch the request, send the response, log it, start the background
        work. That starts too when there is nothing to send, or when sending fails.

        :param req: a request whose `transport` sends the response.
        :raises OSError: if the client is gone; or whatever else the transport's `send_response()` raises.
        :raises MemoryError: as `dispatch_request()` does.
        """
        try:
            res = await self.dispatch_request(req)
            transport = req.transport
            if res is not Response.already_handled and not transport.upgraded:
                res = await transport.send_response(req, res) or res
                if self.access_log or self.debug:
                    self.log_access(req, res)
        finally:
            if req._background:
                req.start_background()

    def find_route(self, req: "Any") -> "tuple[Any, str, Any]":
        """Find the route of a request and put its variables into `req.url_args`; a subclass may override this.

        :return: (handler, URL prefix, sub-application). In place of the handler it may be a dict, the header fields of
            the answer to OPTIONS, or an int, the status of an error.
        """
        route, values = self.url_map.find(req.method, req.path)
        if route:
            if values:
                req.url_args = values
            if route.apps:
                req.apps = route.apps
            if route.limit != -1:
                req.limit_body(route.limit)
            return route.handler, route.url_prefix, route.subapp
        other = values
        if req.method == "OPTIONS" and (other or req.path == "*"):
            headers = self._answer_options(req, other.apps if other else ())
            if headers is not None:
                return headers, "", None
        if not other:
            return 404, "", None
        req.apps = other.apps  # their error handlers apply
        return 405, other.url_prefix, other.subapp

    def default_options_handler(self, req) -> dict:
        """Return the header fields of the answer to an OPTIONS request for which there is no route."""
        methods = self.url_map.allowed(req.path) or ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
        return {"Allow": ", ".join(methods)}

    def _answer_options(self, req, apps):
        """Return the header fields of the answer to OPTIONS; None if neither the application nor an extension answers.

        :param apps: the local applications to which the path belongs.
        """
        hooks = [hook for app in (self,) + apps for hook in app.answer_options_handlers]
        answer = self.options_handler or hooks and self.default_options_handler
        if not answer:
            return None
        headers = answer(req)
        if hooks:
            headers = dict(headers)  # the application may return the same one for all requests
            for hook in hooks:
                hook(req, headers)
        return headers

    async def dispatch_request(self, req) -> Response:
        """Return the response to a request; every error becomes a response too.

        :param req: the request, or None if it was malformed.
        :raises MemoryError: the server has to free memory before anything else.
        :raises BaseException: anything that is not an error of the application: the server's cancellation,
            KeyboardInterrupt, and, on MicroPython and in a WSGI server's thread, SystemExit.
        """
        try:
            if not req:
                raise HTTPException(400, error_text(400))
            for receive in self.receive_handlers:
                receive(req)
            handler, prefix, subapp = self.find_route(req)
            if isinstance(handler, int):
                if req.max_content_length is not None:
                    req.limit_body(req.max_content_length)
                raise HTTPException(handler, error_text(handler))
            if isinstance(handler, dict):
                res = Response(b"", 200, handler)
            else:
                req.route = handler
                if prefix or subapp:
                    req.url_prefix = prefix
                    req.subapp = subapp
                if req._stream:
                    await req.load_body()
                transport = req.transport
                invoke = transport.invoke if transport else invoke_handler
                hooks = self.before_request_handlers or self.after_request_handlers or req.apps
                res = await self._run_before(invoke, req) if hooks else None
                if res is None:
                    values = req.url_args
                    res = await (invoke(handler, req, **values) if values else invoke(handler, req))
                res = make_response(res, handler)
                if hooks or req._after:
                    res = await self._run_after(invoke, req, res)
                res.prepare(req)
                if req._finish:
                    await invoke(req._finish, None)
        except BaseException as error:
            if req and req._finish:  # nobody waits for a response any more
                await self._invoke(req)(req._finish, error)
                return Response.already_handled
            if not is_fault(error, req and req.transport):
                raise
            return await self.handle_error(req, error)
        return _vary(req, res) if req._vary else res

    @staticmethod
    def _invoke(req):
        """Return the coroutine function that calls handlers as the request's transport wants it."""
        return req.transport.invoke if req and req.transport else invoke_handler

    async def _run_before(self, invoke, req):
        """Call the before-request hooks, this application's first; return the first result that is not None."""
        for app in (self,) + req.apps:
            for hook in app.before_request_handlers:
                result = await invoke(hook, req)
                if result is not None:
                    return result
        return None

    async def _run_after(self, invoke, req, res):
        """Call the after-request hooks, those of the innermost local application first, then the request's own."""
        handled = res is Response.already_handled
        if handled:  # this is one object for all requests, which hooks must not change
            res = Response()
        for app in reversed((self,) + req.apps):
            for hook in app.after_request_handlers:
                res = make_response(await invoke(hook, req, res), hook, res)
        for hook in req._after or ():
            res = make_response(await invoke(hook, req, res), hook, res)
        return Response.already_handled if handled else res

    # Errors

    async def handle_error(self, req, error: BaseException) -> Response:
        """Return the response to an exception, after the error handlers and after-error hooks."""
        try:
            res = await self._respond_to_error(req, error)
        except BaseException as second:  # raised by an error handler
            if not is_fault(second, req and req.transport):
                raise
            res = self._respond_to_second_error(second)
        invoke = self._invoke(req)
        for app in reversed((self,) + (req.apps if req else ())):
            for hook in app.after_error_request_handlers:
                try:
                    res = make_response(await invoke(hook, req, res), hook, res)
                except BaseException as second:
                    if not is_fault(second, req and req.transport):
                        raise
                    log_error("Exception in an after-error-request hook", second)
        try:
            res.check()
        except (TypeError, ValueError) as second:
            log_error("Exception in the response to an error", second)
            res = _as_text(error_text(500), 500)
        return _vary(req, res) if req and req._vary else res

    @staticmethod
    def _respond_to_second_error(error):
        if is_http_error(error):
            try:
                return _as_text(error.reason, error.status_code, error.headers)
            except (TypeError, ValueError) as third:  # its reason or headers cannot be sent
                error = third
        log_error("Exception in an error handler", error)
        return _as_text(error_text(500), 500)

    async def _respond_to_error(self, req, error):
        status_code, reason, headers = 500, error_text(500), None
        classes = mro(error.__class__)
        if is_http_error(error):
            status_code, reason, headers = error.status_code, error.reason, error.headers
            # A handler for the status comes first, then those for classes, such as ValueError for malformed JSON, and
            # then one for any HTTP error. A handler for Exception is not meant for abort().
            known = self._error_handler(req, (status_code,))
            classes = [] if known else classes[: classes.index(Exception)] + [HTTPException]
            handler = self._error_handler(req, classes)
        else:
            handler = self._error_handler(req, classes)
            self.report_exception(req, error, handler is not None)
        res = None
        if handler:
            try:
                res = await self._invoke(req)(handler, req, error)
                if res is not None:  # None is no success: the handler may only have logged the error
                    res = make_response(res, handler)
            except BaseException as second:
                if is_http_error(second) or not is_fault(second, req and req.transport):
                    raise
                log_error("Exception in an error handler", second)
                res, status_code, reason = None, 500, error_text(500)
        if res is None:
            res = make_response(await self.error_response(req, status_code, reason), self.error_response)
        for name in headers or ():
            res.headers.setdefault(name, headers[name])
        return res

    def report_exception(self, req, error: BaseException, handled: bool = False) -> None:
        """Log an exception of a handler or a hook, also of the handler of a WebSocket or an event stream.

        A subclass may report it elsewhere too. This is not called for errors that stand for a response, such as those
        that `abort()` raises.

        :param req: the request, or None if the client's was malformed.
        :param handled: whether the application has an error handler for this class of exceptions.
        """
        log_error("Exception while handling " + (repr(req) if req else "a request"), error)

    def _error_handler(self, req, keys):
        """Return the handler for the first of *keys* that has one, from the innermost application; None without any."""
        for key in keys:
            for app in reversed((self,) + (req.apps if req else ())):
                if key in app.error_handlers:
                    return app.error_handlers[key]
        return None

    async def error_response(self, req, status_code: int, reason: "str | None" = None) -> Response:
        """Return the response to an error with this status: that of its error handler, else *reason* as text."""
        handler = self._error_handler(req, (status_code,))
        res = await self._invoke(req)(handler, req) if handler else None
        if res is None:  # None is no success here either
            res = _as_text(reason or error_text(status_code), status_code)
        res = make_response(res, handler)
        if status_code == 405 and req and "Allow" not in res.headers:
            res.headers["Allow"] = ", ".join(self.url_map.allowed(req.path))
        return res

    # Serving

    def log_access(self, req, res) -> None:
        """Log a response; servers call this. Headers, which may hold secrets, are left out."""
        if self.access_log:
            try:
                self.access_log(req, res)
            except Exception as error:
                log_error("Exception in access_log()", error)
        elif self.debug:
            log_access((repr(req) if req else "-") + " " + str(res.status_code))

    async def handle_request(self, reader, writer) -> None:
        """Serve one connection to its end.

        :param reader: an `asyncio.StreamReader`, or an object with its `async read(n)`.
        :param writer: an `asyncio.StreamWriter`; on MicroPython an object with `write(data)`, `async drain()`,
            `close()`, `async wait_closed()` and `get_extra_info(name)` will do.
        """
        from .server import Server

        if not self.server:
            self.server = Server(self)
        await self.server.serve_connection(reader, writer)

    async def start_server(
        self, host: str = "0.0.0.0", port: int = 5000, debug: bool = False, ssl=None, start_serving: bool = True
    ) -> "Any":
        """Serve the application until `shutdown()` is called.

        :param host: the address to listen on; `''` and None mean `0.0.0.0`, all IPv4 interfaces, and `'::'` means all
            interfaces. A name such as `'localhost'` means all its addresses on CPython, its first one on MicroPython.
        :param port: the port; 0 for one that is free: see the `sockets` of `server`.
        :param debug: log each request.
        :param ssl: an `ssl.SSLContext` for a TLS server.
        :param start_serving: False (CPython): return the `Server` at once; its `start_serving()` or `serve_forever()`
            accept connections.
        :raises OSError: if the server cannot listen on the address; the message names it.
        :raises TypeError: if *ssl* is not a context: the server must not serve plain text by mistake.
        :raises ValueError: if *port* is out of range.
        """
        from .server import Server
        from .server.network import announce

        if ssl and not hasattr(ssl, "wrap_socket"):
            raise TypeError("ssl must be an SSLContext, not " + repr(ssl)[:80])
        port = int(port)  # it may come from the environment
        if not 0 <= port <= 65535:  # some systems would take the lower 16 bits
            raise ValueError("invalid port " + str(port) + ": use 0 to 65535")
        self.debug = debug
        self.ssl = ssl
        if debug and not self.access_log:
            enable_access_log()
        self.server = server = Server(self, ssl)  # another call may replace the attribute
        own = type(self).handle_request is _handle_request and "handle_request" not in self.__dict__
        server.overridden = not own
        server.listen(host, port)
        if not start_serving:
            return server
        async with server:
            await server.start_serving()
            if (self._announces or debug) and server.is_serving():  # a function for the start may stop it
                name = "[%s]" % host if ":" in host else host or "0.0.0.0"
                line = "Serving on %s://%s:%d" % ("https" if ssl else "http", name, server.port)
                if self._announces:
                    announce(line)
                else:
                    log_access(line)
            await server.serve_forever()
        return None

    def run(self, host: str = "0.0.0.0", port: int = 5000, debug: bool = False, ssl=None) -> None:
        """Serve the application until `shutdown()`, Ctrl-C or, on CPython, SIGTERM; see `start_server()`.

        The console shows the URL when the server accepts connections, after the application's functions for the start.

        :raises SystemExit: if the server cannot listen on the address; a line says why. A board raises OSError.
        """
        from .server.network import ListenError, run_until_stopped

        self._announces = True
        try:
            run_until_stopped(self.start_server(host, port, debug, ssl), self.shutdown)
        except ListenError as error:
            if MICROPYTHON and sys.platform not in ("linux", "darwin"):
                raise  # SystemExit restarts a board, which would then do the same again
            # MicroPython's text of an error is the name of its number; on CPython the message has the reason.
            reason = ": " + str(OSError(error.errno)).split("] ")[-1] if MICROPYTHON else ""
            print("microdot: " + error.args[1] + reason, file=sys.stderr)
            raise SystemExit(1) from None
        finally:
            self._announces = False

    def shutdown(self) -> None:
        """Stop the application's servers; may be called by a handler, whose request completes.

        The process of an ASGI or WSGI server gets SIGTERM; a server with several processes may start another one.
        """
        if self.server:
            self.server.close()
        for server in list(self.servers):
            server.close()

    if not MICROPYTHON:
        #: Serves one request of an ASGI server or a WSGI server.
        __call__ = property(ServerCall)


_handle_request = Microdot.handle_request
