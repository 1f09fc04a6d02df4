"""What a handler may return, made into a response."""

from .response import Response


def make_response(result, origin, default: "Response | None" = None) -> Response:
    """Return the response that a handler's result stands for.

    :param origin: the handler, named if its result is wrong.
    :param default: the response if the result is None.
    :raises TypeError: if *result* is none of what a handler may return.
    """
    if isinstance(result, str):
        return Response(result)
    if isinstance(result, Response):
        return result
    if result is None and default:
        return default
    body, status_code, headers = result, 200, None
    if isinstance(result, int):
        result = (result,)
    if isinstance(result, tuple):
        rest = list(result)
        body = "" if rest and isinstance(rest[0], int) else rest.pop(0) if rest else None
        if rest and isinstance(rest[0], int):
            status_code = rest.pop(0)
        if rest and isinstance(rest[0], dict):
            headers = rest.pop(0)
        if rest or not result or status_code is True or status_code is False:
            raise _wrong(result, origin)
    try:
        return Response(body, status_code, headers)
    except TypeError:
        raise _wrong(result, origin) from None


def _wrong(result, origin):
    name = getattr(origin, "__qualname__", None) or getattr(origin, "__name__", None) or repr(origin)
    return TypeError("handler " + name + " returned " + repr(result)[:80] + ", which is no response")
