"""Signed tokens: HMAC-SHA256 and JSON Web Tokens."""

import sys
from binascii import hexlify

import microdot
from clocks import EPOCHS, NOW, Clocks
from microdot import _digests, tokens
from microdot.tokens import compare_digest, decode_token, encode_token, hmac_sha256, is_within, keyed_hash, unix_time
from support import raises

KEY = "top secret, and long enough for everybody"
# RFC 4231, section 4: key, data, HMAC-SHA256
HMACS = (
    (b"\x0b" * 20, b"Hi There", b"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    (b"Jefe", b"what do ya want for nothing?", b"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
    (b"\xaa" * 20, b"\xdd" * 50, b"773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
    (
        b"\xaa" * 131,
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        b"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
    # Keys of one block, and of one byte more: made with Python's hmac
    (b"k" * 64, b"message", b"890f3a16e0ca0aaa3bf180f70fa8e3970b3fd6505e98fde157988dcc19d1685c"),
    (b"k" * 65, b"message", b"0c256505306af48015530c139bb7add5ad7a6a9291cd511278a067e765816fbd"),
)


def test_hmac_of_rfc_4231():
    for key, message, digest in HMACS:
        assert hexlify(hmac_sha256(key, message)) == digest


class FirstYear:
    """Takes the place of `time` on a board whose clock counts from a year on, and has counted five seconds."""

    def __init__(self, year):
        self.gmtime = lambda seconds: (year, 1, 1, 0, 0, 0, 0, 1, 0)
        self.time = lambda: 5


def test_clocks_count_from_1970_or_2000():
    clock = sys.modules.get("time")
    for year, seconds in ((1970, 5), (2000, 946684805)):
        del sys.modules["microdot.tokens"]
        sys.modules["time"] = FirstYear(year)
        try:
            from microdot.tokens import unix_time as counted

            assert counted() == seconds
        finally:
            if clock:
                sys.modules["time"] = clock
            else:  # MicroPython finds its own again
                del sys.modules["time"]
            sys.modules["microdot.tokens"] = microdot.tokens = tokens


def test_token_is_the_json_web_token_of_others():
    # made with PyJWT from {"a":1} and the key "top-secret!"
    known = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJhIjoxfQ.YH1rhdDvG_yd4HMtJhv0heVeMbPNm7PtwGVk9BkP3CE"
    assert encode_token({"a": 1}, "top-secret!") == known
    assert decode_token(known, ["top-secret!"]) == {"a": 1}
    assert decode_token(known.encode(), [b"top-secret!"]) == {"a": 1}


def test_round_trip_of_all_lengths():
    for n in range(70):
        payload = {"text": "é?>" * n, "n": [n, None, True, {"x": 1.5}]}
        token = encode_token(payload, KEY)
        assert "=" not in token and "+" not in token and "/" not in token
        assert decode_token(token, [KEY]) == payload


def test_every_changed_character_is_refused():
    token = encode_token({"user": 7}, KEY)
    for i in range(len(token)):
        for character in "A.-!":
            forged = token[:i] + character + token[i + 1 :]
            assert forged == token or decode_token(forged, [KEY]) is None, forged
    for i in range(len(token)):
        assert decode_token(token[:i], [KEY]) is None
        assert decode_token(token[i + 1 :], [KEY]) is None
    # base64 has several spellings of the same bytes: only one is a signature
    for end in "=", "==", "\n", " ", "A", ".":
        assert decode_token(token + end, [KEY]) is None


def test_what_is_no_token_is_refused():
    for text in "", ".", "..", "...", "a.b.c", "é.é.é", "\0", "x" * 5000, None, 7, {}, ["a"]:
        assert decode_token(text, [KEY]) is None


def sign(head, payload):
    message = _digests.base64url(head) + b"." + _digests.base64url(payload)
    return message + b"." + tokens._sign(message, KEY, "")


def test_other_algorithms_are_refused():
    assert decode_token(sign(b'{"typ":"JWT","alg":"HS256"}', b'{"a":1}'), [KEY]) == {"a": 1}
    for head in (b'{"alg":"none"}', b'{"alg":"HS512"}', b"{}", b"[]", b"7", b"", b"{", b'{"alg":"HS256","crit":["x"]}'):
        assert decode_token(sign(head, b'{"a":1}'), [KEY]) is None, head
    none = _digests.base64url(b'{"alg":"none"}') + b"." + _digests.base64url(b'{"a":1}') + b"."
    assert decode_token(none, [KEY]) is None


def test_signed_nonsense_is_refused():
    head = b'{"alg":"HS256","typ":"JWT"}'
    nonsense = b"", b"7", b"[]", b'"a"', b"null", b"{", b"\xff", b"[" * 1100, b'{"exp":[]}', b'{"exp":null}'
    for payload in nonsense + (b'{"a":1', b'{"a":{}', b'{"a":{"b":1', b'{"a":1]'):  # without its end, or with another
        assert decode_token(sign(head, payload), [KEY]) is None, payload


def test_an_expiry_too_far_away():
    """Such a token was made before the clock went back; five minutes are left for clocks that do not agree."""
    now = unix_time()
    for claims, valid in (
        ({"exp": now + 30}, True),
        ({"exp": now + 60}, True),
        ({"exp": now + 60 + 290}, True),
        ({"exp": now + 60 + 310}, False),
        ({"exp": now + 10**8}, False),
        ({"exp": now - 1}, False),
        ({}, False),
        ({"exp": "soon"}, False),
        ({"exp": None}, False),
    ):
        assert (decode_token(encode_token(claims, KEY), [KEY], "", 60) == claims) is valid, claims


def test_the_last_second_of_each_limit():
    with Clocks(NOW):
        assert is_within(NOW + 1, 60) and not is_within(NOW, 60)
        for claims, lifetime, valid in (
            ({"exp": NOW + 1}, 60, True),
            ({"exp": NOW}, 60, False),
            ({"exp": NOW}, None, False),
            ({"exp": NOW + 1}, None, True),
            ({"exp": NOW + 60 + 300}, 60, True),
            ({"exp": NOW + 60 + 301}, 60, False),
            ({"nbf": NOW}, None, True),
            ({"nbf": NOW + 1}, None, False),
        ):
            assert (decode_token(encode_token(claims, KEY), [KEY], "", lifetime) == claims) is valid, (claims, lifetime)


def test_a_clock_that_counts_from_another_year():
    epoch = tokens._EPOCH
    for tokens._EPOCH in EPOCHS:
        with Clocks(NOW):
            assert unix_time() == NOW
    tokens._EPOCH = epoch


def test_a_lifetime_of_nothing():
    assert decode_token(encode_token({"a": 1}, KEY), [KEY], "", 0) is None
    assert decode_token(encode_token({"exp": unix_time() + 400}, KEY), [KEY], "", 0) is None


def test_keyed_hash():
    known = keyed_hash("a password's hash", KEY, "version")
    assert len(known) == 22 and known == keyed_hash("a password's hash", KEY, "version")
    for other in (("x", KEY, "version"), ("a password's hash", "key", "version"), ("a password's hash", KEY, "other")):
        assert keyed_hash(*other) != known


def test_expiry():
    now = unix_time()
    for claims, valid in (
        ({"exp": now + 60}, True),
        ({"exp": 1e10}, True),  # single precision prints and parses this exactly
        ({"exp": now - 1}, False),
        ({"exp": 0}, False),
        ({"exp": "soon"}, False),
        ({"nbf": now - 60}, True),
        ({"nbf": now + 60}, False),
        ({"nbf": {}}, False),
    ):
        assert (decode_token(encode_token(claims, KEY), [KEY]) == claims) is valid, claims


def test_purposes_are_not_interchangeable():
    purposes = "", "session", "remember", "reset"
    for made_for in purposes:
        token = encode_token({"a": 1}, KEY, made_for)
        for used_for in purposes:
            assert (decode_token(token, [KEY], used_for) is not None) is (made_for == used_for)


def test_several_keys():
    token = encode_token({"a": 1}, "old")
    assert decode_token(token, ["new", "old"]) == {"a": 1}
    assert decode_token(token, ["new", "older"]) is None
    assert decode_token(token, []) is None


def test_compare_digest():
    assert compare_digest("secret", "secret") and compare_digest(b"secret", "secret")
    assert compare_digest("é", "é".encode())
    for other in "Secret", "secreT", "secre", "secrets", "", b"secre\0":
        assert not compare_digest("secret", other)


def test_comparison_does_not_depend_on_where_the_difference_is():
    """Nothing of the secrets themselves is compared: only hashes of all of them, with a part that nobody knows."""
    hashed = []
    sha256 = _digests.sha256

    def counting(data):
        hashed.append(data)
        return sha256(data)

    _digests.sha256 = counting
    try:
        for other in "Xecret", "secreX", "secret":
            del hashed[:]
            compare_digest("secret", other)
            assert hashed == [_digests._SALT + b"secret", _digests._SALT + other.encode()]
    finally:
        _digests.sha256 = sha256
    assert len(_digests._SALT) == 16


def test_signatures_are_compared_in_constant_time():
    compared = []
    original = tokens.compare_digest

    def recording(a, b):
        compared.append(b)
        return original(a, b)

    tokens.compare_digest = recording
    try:
        assert decode_token("head.payload.forged", [KEY]) is None
    finally:
        tokens.compare_digest = original
    assert compared == [b"forged"]


def test_a_token_holds_no_nan():
    for number in (float("nan"), float("inf")):
        with raises(ValueError) as caught:
            encode_token({"t": number}, KEY)
        assert str(number) in str(caught.value)
