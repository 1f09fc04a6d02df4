import microdot
import microdot.helpers
import microdot.microdot
from microdot._datastructures import NoCaseDict
from microdot._forms import MultiDict
from support import raises


def test_the_package():
    for name in (
        "AsyncBytesIO", "Microdot", "Request", "Response", "URLPattern",
        "abort", "iscoroutine", "redirect", "send_file",
    ):
        assert hasattr(microdot, name), name
    assert len(microdot.__version__.split(".")) == 3


def test_the_compatibility_path():
    for name in microdot.__all__:
        assert getattr(microdot.microdot, name) == getattr(microdot, name), name
    for name in (
        "HTTPException", "MUTED_SOCKET_ERRORS", "invoke_handler", "mro", "print_exception", "urldecode", "urlencode",
    ):
        assert hasattr(microdot.microdot, name), name
    assert microdot.microdot.MultiDict is MultiDict
    assert microdot.microdot.NoCaseDict is NoCaseDict


async def test_invoke_handler():
    async def coroutine(a, b=0):
        return a + b

    assert await microdot.microdot.invoke_handler(lambda a, b=0: a + b, 1, b=2) == 3
    assert await microdot.microdot.invoke_handler(coroutine, 1, b=2) == 3


def test_iscoroutine():
    async def coroutine():
        return None

    created = coroutine()
    assert microdot.iscoroutine(created)
    created.close()
    for value in (None, 1, "x", [], iter([]), coroutine):
        assert not microdot.iscoroutine(value)


def test_wraps():
    def wrapped():
        return 1

    @microdot.helpers.wraps(wrapped)
    def wrapper():
        return wrapped() + 1

    assert wrapper() == 2


def test_print_exception():
    try:
        raise ValueError("printed by a test")
    except ValueError as error:
        microdot.microdot.print_exception(error)


def test_a_module_that_is_not_there():
    with raises(ImportError):
        from microdot import nothing  # noqa: F401
