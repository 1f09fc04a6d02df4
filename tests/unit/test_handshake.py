from microdot.errors import HTTPException
from microdot.websocket.handshake import (
    accept_key,
    check_origin,
    check_request,
    make_key,
    request_headers,
    response_headers,
    select_subprotocol,
    tokens,
)
from support import raises

KEY = "dGhlIHNhbXBsZSBub25jZQ=="


def fields(headers):
    """Return the function that gives the value of a field."""
    lower = {name.lower().encode(): headers[name] for name in headers}
    return lower.get


def request(**changes):
    headers = request_headers(KEY)
    for name, value in changes.items():
        name = name.replace("_", "-")
        if value is None:
            headers.pop(name)
        else:
            headers[name] = value
    return fields(headers)


def test_example_of_the_rfc():
    """RFC 6455, 1.3."""
    assert accept_key(KEY) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert response_headers(KEY) == {
        "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
    }
    headers = response_headers(KEY, "chat", "permessage-deflate")
    assert headers["Sec-WebSocket-Protocol"] == "chat"
    assert headers["Sec-WebSocket-Extensions"] == "permessage-deflate"


def test_own_request_is_accepted():
    key = make_key()
    assert key != make_key()
    headers = request_headers(key, ["a", "b"], "permessage-deflate")
    assert check_request("GET", "1.1", fields(headers)) == key
    assert headers["Sec-WebSocket-Protocol"] == "a, b"
    assert headers["Sec-WebSocket-Extensions"] == "permessage-deflate"


def test_lists_of_tokens_without_case():
    assert check_request("GET", "1.1", request(Connection="keep-alive, UPGRADE", Upgrade="WebSocket")) == KEY
    assert check_request("GET", "1.1", request(Upgrade="h2c , websocket")) == KEY
    assert tokens(" a ,, b,") == ["a", "b"]
    assert tokens(None) == tokens("") == []


def test_malformed_requests():
    for changes in (
        {"Upgrade": None}, {"Upgrade": "websockets"}, {"Connection": None}, {"Connection": "close"},
        {"Sec_WebSocket_Key": None}, {"Sec_WebSocket_Key": ""}, {"Sec_WebSocket_Key": KEY + ", " + KEY},
        {"Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ"}, {"Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25j!Q=="},
        {"Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZTE="}, {"Sec_WebSocket_Key": "\u00fcGhlIHNhbXBsZSBub25jZQ=="},
    ):
        with raises(HTTPException) as caught:
            check_request("GET", "1.1", request(**changes))
        assert caught.value.status_code == 400, changes
    for method, version in (("POST", "1.1"), ("GET", "1.0")):
        with raises(HTTPException) as caught:
            check_request(method, version, request())
        assert caught.value.status_code == 400


def test_other_versions_are_told_the_supported_one():
    for version in (None, "", "8", "13, 8", "14"):
        with raises(HTTPException) as caught:
            check_request("GET", "1.1", request(Sec_WebSocket_Version=version))
        assert caught.value.status_code == 426
        assert caught.value.headers == {"Sec-WebSocket-Version": "13"}


def test_subprotocol_is_the_clients_first_choice():
    assert select_subprotocol(["x", "b", "a"], ["a", "b"]) == "b"
    assert select_subprotocol(["x"], ["a", "b"]) is None
    assert select_subprotocol([], ["a"]) is None


def test_one_subprotocol_as_a_str():
    assert select_subprotocol(["c", "chat"], "chat") == "chat"
    assert select_subprotocol(["c"], "chat") is None


def test_origin():
    check_origin("https://anywhere.example", None)
    check_origin(None, ["*"])
    check_origin("https://A.example", ["https://a.example"])
    check_origin(None, ["https://a.example", None])
    for origin in (None, "https://b.example", "http://a.example", "https://a.example:444", "null", ""):
        with raises(HTTPException) as caught:
            check_origin(origin, ["https://a.example"])
        assert caught.value.status_code == 403


def test_one_origin_as_a_str():
    check_origin("https://a.example", "https://a.example")
    for allowed in ("https://a.example", "https://*.example"):
        with raises(HTTPException):
            check_origin("https://evil.example", allowed)
