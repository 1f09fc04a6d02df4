"""Tokens and session cookies against PyJWT, both ways."""

import json

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microdot import Microdot
from microdot.session import Session, with_session
from microdot.test_client import TestClient
from microdot.tokens import decode_token, encode_token, unix_time

KEY = "a secret key of the tests, 32 bytes or more"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
# claims that PyJWT checks and tokens here do not
CHECKED = {"aud", "iss", "sub", "iat", "jti", "exp", "nbf"}
PAYLOADS = st.dictionaries(st.text().filter(lambda name: name not in CHECKED), JSON, max_size=5)


@pytest.fixture
def extension():
    return Session(secret_key=KEY)


@given(PAYLOADS, st.binary(min_size=32, max_size=200))
def test_pyjwt_reads_our_tokens(payload, key):
    assert jwt.decode(encode_token(payload, key), key, algorithms=["HS256"]) == json.loads(json.dumps(payload))


@given(PAYLOADS, st.binary(min_size=32, max_size=200))
def test_we_read_pyjwts_tokens(payload, key):
    assert decode_token(jwt.encode(payload, key), [key]) == json.loads(json.dumps(payload))


@given(PAYLOADS)
def test_the_same_token_byte_by_byte(payload):
    assert encode_token(payload, KEY) == jwt.encode(payload, KEY, algorithm="HS256")


@pytest.mark.parametrize("algorithm", ["HS384", "HS512", "none"])
def test_other_algorithms_are_refused(algorithm):
    token = jwt.encode({"a": 1}, None if algorithm == "none" else KEY * 2, algorithm=algorithm)
    assert decode_token(token, [KEY * 2]) is None


@pytest.mark.parametrize(
    ("claims", "valid"),
    [
        ({"exp": 60}, True),
        ({"exp": -1}, False),
        ({"nbf": -60}, True),
        ({"nbf": 60}, False),
        ({"exp": 60, "nbf": -60}, True),
        ({"exp": 60.5}, True),
        ({"exp": -0.5}, False),
    ],
)
def test_times_as_in_pyjwt(claims, valid):
    now = unix_time()
    payload = {claim: now + offset for claim, offset in claims.items()}
    token = jwt.encode(payload, KEY)
    assert (decode_token(token, [KEY]) == payload) is valid
    if valid:
        assert jwt.decode(encode_token(payload, KEY), KEY, algorithms=["HS256"]) == payload
    else:
        with pytest.raises(jwt.InvalidTokenError):
            jwt.decode(encode_token(payload, KEY), KEY, algorithms=["HS256"])


def test_headers_of_pyjwt():
    for headers in {"kid": "1"}, {"typ": "at+jwt"}, {"typ": None}:
        assert decode_token(jwt.encode({"a": 1}, KEY, headers=headers), [KEY]) == {"a": 1}
    assert decode_token(jwt.encode({"a": 1}, KEY, headers={"crit": ["b64"]}), [KEY]) is None


def test_encode_and_decode_of_the_extension(extension):
    assert extension.decode(jwt.encode({"a": 1}, KEY)) == {"a": 1}
    assert jwt.decode(extension.encode({"a": 1}), KEY, algorithms=["HS256"]) == {"a": 1}
    assert extension.decode(jwt.encode({"a": 1}, KEY[::-1]), secret_key=KEY[::-1]) == {"a": 1}


def test_pyjwt_cannot_read_tokens_with_a_purpose(extension):
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(extension.encode({"a": 1}, purpose="remember"), KEY, algorithms=["HS256"])


async def test_cookies():
    app = Microdot()
    Session(app, KEY)

    @app.get("/")
    @with_session
    async def index(request, session):
        session["count"] = session.get("count", 0) + 1
        session.save()
        return "x"

    response = await TestClient(app, cookies={"session": jwt.encode({"count": 5}, KEY)}).get("/")
    token = response.headers["Set-Cookie"][0].partition(";")[0].partition("=")[2]
    assert jwt.decode(token, KEY, algorithms=["HS256"]) == {"count": 6}
