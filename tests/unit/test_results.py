from microdot import Response
from microdot._response import make_response
from support import raises


def handler():
    """The handler that results are said to come from."""


def test_body():
    for body in ("x", b"x"):
        response = make_response(body, handler)
        assert response.status_code == 200
        assert response.body == b"x"
    assert make_response({"a": 1}, handler).body == b'{"a": 1}'
    assert make_response([1], handler).body == b"[1]"
    assert make_response("", handler).status_code == 200
    assert make_response({}, handler).body == b"{}"


def test_none():
    assert make_response(None, handler).status_code == 204
    assert make_response((None, 200), handler).status_code == 204
    assert make_response((None, 201), handler).status_code == 201
    assert make_response((None, {"X": "1"}), handler).headers["X"] == "1"


def test_body_and_status():
    response = make_response(("x", 404), handler)
    assert response.status_code == 404
    assert response.body == b"x"


def test_body_and_headers():
    response = make_response(("x", {"X-One": "1"}), handler)
    assert response.status_code == 200
    assert response.headers["X-One"] == "1"


def test_body_status_and_headers():
    response = make_response(("x", 201, {"X-One": "1"}), handler)
    assert response.body == b"x"
    assert response.status_code == 201
    assert response.headers["X-One"] == "1"


def test_json_body_status_and_headers():
    response = make_response(({"a": 1}, 201, {"X-One": "1"}), handler)
    assert response.body == b'{"a": 1}'
    assert response.headers["X-One"] == "1"
    assert make_response(([1], 202), handler).status_code == 202


def test_no_headers():
    for result in (("x", None), ("x", 200, None), (b"x", 200, None)):
        response = make_response(result, handler)
        assert (response.status_code, response.body) == (200, b"x")
    assert make_response((404, None), handler).status_code == 404


def test_headers_as_pairs():
    assert make_response(("x", 200, [("X-One", "1")]), handler).headers["x-one"] == "1"


def test_status_alone():
    response = make_response(404, handler)
    assert response.status_code == 404
    assert response.body == b""
    assert make_response(200, handler).status_code == 200


def test_status_and_headers():
    response = make_response((302, {"Location": "/x"}), handler)
    assert response.status_code == 302
    assert response.headers["Location"] == "/x"
    assert response.body == b""


def test_body_in_a_tuple():
    assert make_response(("x",), handler).body == b"x"


def test_response():
    response = Response("x")
    assert make_response(response, handler) is response


def test_numbers_that_are_no_status_are_json():
    numbers = ((0, b"0"), (-5, b"-5"), (99, b"99"), (1000, b"1000"), (2.5, b"2.5"))
    for body, text in ((True, b"true"), (False, b"false")) + numbers:
        for result, status_code in ((body, 200), ((body,), 200), ((body, {"X": "1"}), 200), ((body, 201), 201)):
            response = make_response(result, handler)
            assert (response.status_code, response.body) == (status_code, text), result
            assert response.content_type == "application/json; charset=UTF-8"
        assert make_response((body, 201, {"X": "1"}), handler).headers["X"] == "1"


def test_a_number_before_a_status_is_a_body():
    for number in (100, 200, 404, 999):
        response = make_response((number, 202), handler)
        assert (response.status_code, response.body) == (202, str(number).encode())
        assert make_response((number, 202, {"X": "1"}), handler).headers["X"] == "1"


def test_a_number_in_the_range_of_status_codes_is_one():
    for status_code in (200, 404, 599):
        for result in (status_code, (status_code,), (status_code, {"X": "1"}), (status_code, None)):
            response = make_response(result, handler)
            assert (response.status_code, response.body) == (status_code, b""), result
    for status_code in (100, 101, 199, 600, 999):
        with raises(ValueError):
            make_response(status_code, handler)


def test_default():
    default = Response("default")
    assert make_response(None, handler, default) is default
    assert make_response("x", handler, default).body == b"x"
    response = Response("x")
    assert make_response(response, handler, default) is response


def test_what_is_no_response():
    for result in (
        object(),
        (),
        ("x", "y"),
        ("x", 200, {}, 1),
        ("x", {}, 200),
        ("x", None, 200),
        ("x", 200, "headers"),
        ("x", 200, [1]),
        ("x", True),
        (5, True),
        (200, 200, 200),
        (Response("x"), 200),
        {1, 2},
    ):
        with raises(TypeError) as caught:
            make_response(result, handler)
        assert "handler handler returned" in str(caught.value), result


def test_a_handler_without_a_name_is_named_all_the_same():
    class Callable:
        def __call__(self):
            return None

    with raises(TypeError) as caught:
        make_response(object(), Callable())
    assert "Callable" in str(caught.value)


def test_a_long_result_is_cut():
    with raises(TypeError) as caught:
        make_response(("x" * 1000, "y"), handler)
    assert len(str(caught.value)) < 200


def test_a_bad_header_is_a_value_error():
    with raises(ValueError):
        make_response(("x", {"X": "a\r\nb"}), handler)
