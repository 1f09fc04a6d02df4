from microdot import Microdot, Request
from support import raises


def make(url="/", headers=None, method="GET", body=None, **options):
    return Request(Microdot(), ("127.0.0.1", 5), method, url, "1.1", headers or {}, body, **options)


def test_url():
    request = make("/a/b?x=1&y=2")
    assert request.url == "/a/b?x=1&y=2"
    assert request.path == "/a/b"
    assert request.query_string == "x=1&y=2"
    assert request.args["x"] == "1"
    assert request.args.getlist("y") == ["2"]


def test_blanks_around_the_values_of_fields():
    """Some servers leave them there."""
    fields = {b"content-length": b"2 ", b"content-type": b"\tapplication/json \t", b"x": b" \xc2\xa0 "}
    request = make(headers=fields, method="POST", body=b"55")
    assert (request.content_length, request.content_type, request.json) == (2, "application/json", 55)
    assert request.headers["X"] == "\xa0"
    assert make(headers={"Content-Type": "application/json\xa0"}, method="POST", body=b"55").json is None


def test_query_string_absent_and_empty():
    request = make("/a")
    assert request.query_string is None
    assert len(request.args) == 0
    assert request.args.get("x") is None
    assert request.args.getlist("x") == []
    request = make("/a?")
    assert request.query_string == ""
    assert len(request.args) == 0
    assert make("/a?b?c").query_string == "b?c"


def test_the_path_is_decoded_and_the_url_is_not():
    request = make("/caf%C3%A9/%41%2Fb?q=%C3%A9+1")
    assert request.url == "/caf%C3%A9/%41%2Fb?q=%C3%A9+1"
    assert request.path == "/café/A/b"
    assert request.query_string == "q=%C3%A9+1"
    assert request.args["q"] == "é 1"
    assert make("/a+b").path == "/a+b"
    assert make("/%3Fx").path == "/?x"
    assert make("/%3Fx").query_string is None


def test_what_is_given():
    app = Microdot()
    request = Request(
        app, ("1.2.3.4", 5), "POST", "/", "1.0", {}, b"body", None, "sock", "/prefix", "subapp", "https", "route"
    )
    assert request.app is app
    assert request.client_addr == ("1.2.3.4", 5)
    assert request.method == "POST"
    assert request.http_version == "1.0"
    assert request.body == b"body"
    assert request.sock == "sock"
    assert request.url_prefix == "/prefix"
    assert request.subapp == "subapp"
    assert request.scheme == "https"
    assert request.route == "route"


def test_defaults():
    request = make()
    assert request.scheme == "http"
    assert request.body == b""
    assert request.url_prefix == ""
    assert request.subapp is None
    assert request.content_length == 0
    assert request.content_type is None
    assert request.json is None
    assert request.form is None
    assert request.files is None
    assert request.cookies == {}
    assert request.url_args == {}
    assert not request.body_used


def test_headers_of_text():
    request = make(headers={"Content-Type": "text/html; charset=x", "Content-Length": "5", "X-One": "1"})
    assert request.headers["x-one"] == "1"
    assert request.headers["X-ONE"] == "1"
    assert request.content_type == "text/html; charset=x"
    assert request.content_length == 5


def test_headers_of_bytes():
    headers = {b"content-type": b"text/html", b"content-length": b"5", b"x-one": "ż".encode(), b"x-two": b"\xff"}
    request = make(headers=headers)
    assert request.content_type == "text/html"
    assert request.content_length == 5
    assert request.headers["X-One"] == "ż"
    assert request.headers["X-Two"] == "\xff"
    assert request.headers.get("X-Three") is None
    assert len(request.headers) == 4


def test_content_length_that_no_server_would_let_through():
    for value in ("", "x", "-1", "+1", "1_0", " 1"):
        assert make(headers={"Content-Length": value}).content_length == 0


def test_cookies():
    assert make(headers={"Cookie": "a=1; b=2"}).cookies == {"a": "1", "b": "2"}
    assert make(headers={b"cookie": b"a=1; b=2"}).cookies == {"a": "1", "b": "2"}
    assert make(headers={"COOKIE": "a=1"}).cookies == {"a": "1"}
    cookies = "; ".join(["c%d=" % i for i in range(Request.max_fields + 1)])
    assert len(make(headers={"Cookie": cookies}).cookies) == Request.max_fields


def test_g():
    one, other = make(), make()
    one.g.user = "susan"
    assert one.g.user == "susan"
    assert one.g is one.g
    assert not hasattr(other.g, "user")


def test_json():
    for content_type in ("application/json", "application/json; charset=utf-8", "Application/JSON ;x"):
        request = make(headers={"Content-Type": content_type}, body='{"a": ["ż", 1, null]}'.encode())
        assert request.json == {"a": ["ż", 1, None]}
        assert request.json is request.json
    assert make(headers={"Content-Type": "application/json"}, body=b"null").json is None


def test_json_of_another_type():
    for content_type in ("", "text/plain", "application/jsonp", "x-application/json"):
        assert make(headers={"Content-Type": content_type}, body=b"{}").json is None
    assert make(body=b"{}").json is None


def test_bad_json_is_the_clients_fault():
    for body in (b"", b"{", b"x", b"{'a': 1}", b"\xff", b'"\xff"', b"[" * 500):
        request = make(headers={"Content-Type": "application/json"}, body=body)
        for _ in range(2):
            with raises(Exception) as caught:
                request.json  # noqa: B018
            assert caught.value.status_code == 400, body


def test_form():
    for content_type in ("application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=UTF-8"):
        request = make(headers={"Content-Type": content_type}, body=b"a=1&b=x+y&a=%C5%BC")
        assert request.form["a"] == "1"
        assert request.form.getlist("a") == ["1", "ż"]
        assert request.form["b"] == "x y"
        assert request.form is request.form


def test_form_of_another_type():
    assert make(headers={"Content-Type": "text/plain"}, body=b"a=1").form is None
    assert make(headers={"Content-Type": "multipart/form-data; boundary=x"}, body=b"a=1").form is None
    form = make(headers={"Content-Type": "application/x-www-form-urlencoded"}).form
    assert form is not None
    assert len(form) == 0


def test_after_request_hooks_belong_to_one_request():
    one, other = make(), make()

    @one.after_request
    def hook(request, response):
        return response

    assert callable(hook)
    assert one._after == [hook]
    assert not other._after


def test_vary():
    request = make()
    request.vary("Origin")
    request.vary("Cookie")
    request.vary("Origin")
    assert request._vary == ["Origin", "Cookie"]
    assert make()._vary is None
