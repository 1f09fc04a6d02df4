from microdot import abort
from microdot.errors import HTTPException, error_text, reason_phrase
from support import raises


def test_abort_raises():
    with raises(HTTPException) as caught:
        abort(406, "Not here")
    assert caught.value.status_code == 406
    assert caught.value.reason == "Not here"
    assert isinstance(caught.value, Exception)


def test_reason_of_an_exception_without_one():
    assert HTTPException(406).reason == "406 error"


def test_repr_of_an_exception():
    assert repr(HTTPException(406, "x")) == "HTTPException: 406"
    assert str(HTTPException(406)) == "HTTPException: 406"


def test_reason_phrases():
    for status_code, phrase in (
        (100, "Continue"),
        (200, "OK"),
        (203, "Non-Authoritative Information"),
        (204, "No Content"),
        (205, "Reset Content"),
        (300, "Multiple Choices"),
        (304, "Not Modified"),
        (402, "Payment Required"),
        (404, "Not Found"),
        (407, "Proxy Authentication Required"),
        (413, "Content Too Large"),
        (418, "I'm a Teapot"),
        (421, "Misdirected Request"),
        (428, "Precondition Required"),
        (431, "Request Header Fields Too Large"),
        (451, "Unavailable For Legal Reasons"),
        (505, "HTTP Version Not Supported"),
        (511, "Network Authentication Required"),
    ):
        assert reason_phrase(status_code) == phrase


def test_reason_phrase_of_a_status_without_one():
    for status_code in (0, 1, 20, 99, 299, 499, 599, 999, 2000):
        assert reason_phrase(status_code) == ""


def test_error_text():
    assert error_text(404) == "Not found"
    assert error_text(405) == "Method not allowed"
    assert error_text(505).lower() == "http version not supported"
    assert error_text(499) == "Error"
